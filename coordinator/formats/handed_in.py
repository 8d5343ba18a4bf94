"""JSON that agents hand in → checked values, and the JSON schema that tells what is taken. Pure."""

import json
from collections.abc import Mapping, Sequence

from coordinator.errors import UsageError
from coordinator.lazy.typing import Any
from coordinator.model.agent_verbs import MOST, VERBS, Key, Verb
from coordinator.model.text import plain

LIMIT = 1 << 20
"""Characters of all that is handed in at once."""
_TYPES = {"text": "string", "choice": "string", "flag": "boolean", "texts": "array", "items": "array"}
_NAMES = {"text": "a text", "flag": "true or false", "texts": "a list of texts", "items": "a list"}


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
    return _object(verb, known.keys, given)


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
    if key.kind in ("texts", "items") and isinstance(value, list | tuple):
        if len(value) > MOST:
            raise UsageError(f"{place} has {len(value):,} items", f"{MOST} are the most: put them into a file")
        if key.kind == "texts":
            return [_text(place, key, item) for item in value]
        return [_item(place, key, item) for item in value]
    wanted = f"one of {', '.join(key.choices)}" if key.kind == "choice" else _NAMES[key.kind]
    raise UsageError(f"{place} is {_shown(value)}", f"give {wanted}")


def _text(place: str, key: Key, value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{place} is {_shown(value)}", f"give {_NAMES['text']}")
    if len(value) > key.longest:
        raise UsageError(f"{place} has {len(value):,} characters", f"{key.longest:,} are the most: put it into a file")
    return value


def _item(place: str, key: Key, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        value = {key.of[-1].name: value}
    if not isinstance(value, Mapping):
        raise UsageError(f"{place} holds {_shown(value)}", f"give objects with {', '.join(k.name for k in key.of)}")
    return _object(place, key.of, value)


def _shown(value: object) -> str:
    text = plain(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= 40 else f"{text[:40]}…"


def _sample(verb: Verb) -> str:
    required = [key.name for key in verb.keys if key.required] or [verb.keys[0].name]
    return "give an object such as {" + ", ".join(f'"{name}": "…"' for name in required) + "}"
