"""JSON that agents hand in → checked values, and the JSON schema that tells what is taken. Pure."""

import json
from collections.abc import Mapping, Sequence

from coordinator.errors import UsageError
from coordinator.lazy.typing import Any
from coordinator.model.agent_verbs import FORMS, MOST, VERBS, Key, Verb
from coordinator.model.text import plain

LIMIT = 1 << 20
"""Characters of all that is handed in at once."""
_TYPES = {
    "text": "string",
    "choice": "string",
    "flag": "boolean",
    "number": "integer",
    "values": "object",
    "records": "object",
    **dict.fromkeys(("texts", "items", "numbers", "names"), "array"),
}
_HIGHEST = 999_999_999
_NUMBER = {"type": "integer", "minimum": 1, "maximum": _HIGHEST}
_MOST_VALUES = 50
"""Keys of an object that has keys of its own choice."""


def read(verb: str, text: str) -> dict[str, Any]:
    """The values in a JSON object. UsageError for what is none, or not what the verb takes."""
    if len(text) > LIMIT:
        raise UsageError(f"{verb}: {len(text):,} characters are too much", "put it into a file, and name the file")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{verb}: what was handed in is no JSON: {error}", _sample(VERBS[verb])) from None
    return checked(verb, given)


def checked(verb: str, given: object) -> dict[str, Any]:
    """The values by key; those that were not given are left out. UsageError that names what is wrong, and the key."""
    known = VERBS[verb]
    if not isinstance(given, Mapping):
        raise UsageError(f"{verb}: what was handed in is no JSON object", _sample(known))
    values = _object(verb, known.keys, given)
    size = len(json.dumps(values, ensure_ascii=False))
    if size > LIMIT:
        raise UsageError(f"{verb}: {size:,} characters are too much", "put it into a file, and name the file")
    return values


def schema(verb: Verb) -> dict[str, Any]:
    """The JSON schema of a verb's values."""
    return _schema(verb.keys)


def _schema(keys: Sequence[Key]) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": {key.name: _property(key) for key in keys}}
    required = [key.name for key in keys if key.required]
    return made | ({"required": required} if required else {}) | {"additionalProperties": False}


def _property(key: Key) -> dict[str, Any]:
    made: dict[str, Any] = {"type": _TYPES[key.kind], "description": key.help}
    if key.kind == "text":
        made["maxLength"] = key.longest
    elif key.kind == "choice":
        made["enum"] = list(key.choices)
    elif key.kind == "texts":
        made |= {"items": {"type": "string", "maxLength": key.longest}, "maxItems": MOST}
    elif key.kind == "items":
        made |= {"items": _schema(key.of), "maxItems": MOST}
    elif key.kind == "number":
        made |= _NUMBER
    elif key.kind == "numbers":
        made |= {"items": _NUMBER, "maxItems": MOST}
    elif key.kind == "names":
        made |= {"items": {"type": ["integer", "string"], "maxLength": key.longest}, "maxItems": MOST}
    elif key.kind == "values":
        made |= {"additionalProperties": {"type": ["string", "integer", "array"]}, "maxProperties": _MOST_VALUES}
    elif key.kind == "records":
        inner = {"type": ["string", "number", "boolean", "array", "null"]}
        record = {"type": "object", "additionalProperties": inner, "maxProperties": _MOST_VALUES}
        made |= {"additionalProperties": record, "maxProperties": _MOST_VALUES}
    return made


def _object(place: str, keys: Sequence[Key], given: Mapping[Any, Any]) -> dict[str, Any]:
    known = {key.name: key for key in keys}
    for name in given:
        if name not in known:
            raise UsageError(f"{place}: there is no `{plain(str(name))[:80]}`", _nearest(str(name), known))
    values = {
        name: _value(f"{place}.{name}" if "." in place else f"{place}: {name}", known[name], value)
        for name, value in given.items()
        if value is not None
    }
    for key in keys:
        if key.required and not values.get(key.name):
            raise UsageError(f"{place}: `{key.name}` is missing", key.help)
    return values


def _nearest(name: str, known: Mapping[str, Key]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name[:80], known, 1, 0.5)
    return f"did you mean `{close[0]}`?" if close else f"there is {', '.join(known)}"


def _value(place: str, key: Key, value: Any) -> Any:
    if key.kind == "text":
        return _text(place, key, value)
    if key.kind == "flag" and isinstance(value, bool):
        return value
    if key.kind == "choice" and value in key.choices:
        return value
    if key.kind == "number" and _is_number(value):
        return value
    if key.kind == "values" and isinstance(value, Mapping):
        return _values(place, key, value)
    if key.kind == "records" and isinstance(value, Mapping):
        return _records(place, key, value)
    if key.kind in _OF_LIST and isinstance(value, list | tuple):
        if len(value) > MOST:
            raise UsageError(f"{place} has {len(value):,} items", f"{MOST} are the most: put them into a file")
        return [_OF_LIST[key.kind](place, key, item) for item in value]
    wanted = f"one of {', '.join(key.choices)}" if key.kind == "choice" else FORMS[key.kind]
    raise UsageError(f"{place} is {_shown(value)}", f"give {wanted}")


def _text(place: str, key: Key, value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{place} is {_shown(value)}", f"give {FORMS['text']}")
    if len(value) > key.longest:
        raise UsageError(f"{place} has {len(value):,} characters", f"{key.longest:,} are the most: put it into a file")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _HIGHEST


def _number(place: str, key: Key, value: Any) -> int:
    if not _is_number(value):
        raise UsageError(f"{place} holds {_shown(value)}", f"give {FORMS['numbers']}")
    return int(value)


def _name(place: str, key: Key, value: Any) -> int | str:
    """A number, also one that is written as a text; or a text."""
    if _is_number(value):
        return int(value)
    text = _text(place, key, value).strip()
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) else text


def _values(place: str, key: Key, value: Mapping[Any, Any]) -> dict[str, Any]:
    """Texts, numbers, or lists of them, by key."""
    if len(value) > _MOST_VALUES:
        raise UsageError(f"{place} has {len(value):,} keys", f"{_MOST_VALUES} are the most")
    made: dict[str, Any] = {}
    for name, one in value.items():
        where = f"{place}.{plain(str(name))[:80]}"
        if isinstance(one, list | tuple) and len(one) <= MOST:
            made[str(name)[:200]] = [_name(where, key, item) for item in one]
        else:
            made[str(name)[:200]] = one if _is_number(one) else _text(where, key, one)
    return made


def _records(place: str, key: Key, value: Mapping[Any, Any]) -> dict[str, Any]:
    """Objects by key, whose values are texts, numbers, flags, or lists of texts."""
    if len(value) > _MOST_VALUES:
        raise UsageError(f"{place} has {len(value):,} keys", f"{_MOST_VALUES} are the most")
    made: dict[str, Any] = {}
    for name, record in value.items():
        where = f"{place}.{plain(str(name))[:80]}"
        if not isinstance(record, Mapping) or len(record) > _MOST_VALUES:
            raise UsageError(f"{where} is {_shown(record)}", "give an object")
        made[str(name)[:200]] = {
            str(inner)[:200]: _of_record(f"{where}.{plain(str(inner))[:80]}", key, one)
            for inner, one in record.items()
            if one is not None
        }
    return made


def _of_record(place: str, key: Key, value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, int | float) and abs(value) <= _HIGHEST):
        return value
    if isinstance(value, list | tuple) and len(value) <= MOST:
        return [_text(place, key, item) for item in value]
    return _text(place, key, value)


def _item(place: str, key: Key, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        value = {key.of[-1].name: value}
    if not isinstance(value, Mapping):
        raise UsageError(f"{place} holds {_shown(value)}", f"give objects with {', '.join(k.name for k in key.of)}")
    return _object(place, key.of, value)


_OF_LIST = {"texts": _text, "items": _item, "numbers": _number, "names": _name}


def _shown(value: object) -> str:
    text = plain(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= 40 else f"{text[:40]}…"


def _sample(verb: Verb) -> str:
    required = [key.name for key in verb.keys if key.required] or [verb.keys[0].name]
    return "give an object such as {" + ", ".join(f'"{name}": "…"' for name in required) + "}"
