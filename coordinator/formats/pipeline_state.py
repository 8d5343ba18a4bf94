"""`pipeline-state.json`: where a pipeline stands, as text. Pure, and strict: what it says is done."""

import json
from collections.abc import Callable, Mapping

from coordinator.lazy.dataclass import MISSING, fields
from coordinator.lazy.typing import Any
from coordinator.model.pipeline import Artifact, Asked, Position, Published, Said, Station, Taken, Turn
from coordinator.model.work import turn_work

_ENDS = ("", "done", "failed")
_STATES = ("due", "done", "failed", "blocked", "interrupted", "skipped")
_ANSWERS = ("", "retry", "skip", "abort")
_SAID = ("flow.routed", "stage.skipped", "run.asked", "stage.noted")


class BadState(ValueError):
    """The text is no position; its words say why, for people."""


def state_text(position: Position) -> str:
    """The position as JSON. BadState for one that `read_state` would not read as the very same."""
    values = _encoded(position)
    more = values.pop("more", {})
    text = json.dumps(values | more, ensure_ascii=True, indent=1) + "\n"
    if read_state(text) != position:
        raise BadState("what is to be written can't be read again")
    return text


def read_state(text: str) -> Position:
    """The position that a text tells. BadState for anything else."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise BadState("it is no JSON") from None
    if not isinstance(values, dict):
        raise BadState("it is no object")
    own = {field.name for field in fields(Position)} - {"more", "broken"}
    more = {name: value for name, value in values.items() if name not in own}
    position: Position = _decoded(
        Position, {name: value for name, value in values.items() if name in own} | {"more": more}, ""
    )
    paths = [turn.path for turn in position.turns]
    if len(set(paths)) < len(paths):
        raise BadState("two turns have the same path")
    for path in paths:
        try:
            turn_work(1, path)
        except ValueError:
            raise BadState(f"no turn has the path {json.dumps(path)[:80]}") from None
    return position


def taken_values(taken: Taken) -> dict[str, Any]:
    """What was found when a turn had ended, as JSON values."""
    return _encoded(taken)


def read_taken(values: Mapping[str, Any]) -> Taken:
    """The same from JSON values. BadState for anything else."""
    taken: Taken = _decoded(Taken, dict(values), "")
    return taken


def _encoded(record: Any) -> dict[str, Any]:
    """The fields of a value, those with their default left out."""
    told: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if field.compare and (field.default is MISSING or value != field.default):
            told[field.name] = _plain(value)
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return dict(value)
    return value if value is None or isinstance(value, str | int | float | bool) else _encoded(value)


def _decoded(kind: type[Any], values: object, where: str) -> Any:
    if not isinstance(values, dict):
        raise BadState(f"`{where}` must be an object")
    made = {}
    known = {field.name: field for field in fields(kind)}
    for name, value in values.items():
        label = f"{where}.{name}" if where else name
        if name not in known:
            raise BadState(f"`{label[:80]}` is no key of it")
        shape = _SHAPES.get((kind, name)) or _TYPES[_type_name(known[name].type)]
        made[name] = shape(value, label)
    for name, field in known.items():
        if field.default is MISSING and field.default_factory is MISSING and name not in made:
            raise BadState(f"`{where}.{name}` is missing" if where else f"`{name}` is missing")
    return kind(**made)


def _type_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)


Shape = Callable[[Any, str], Any]


def _exactly(*kinds: type) -> Shape:
    def read(value: Any, label: str) -> Any:
        if type(value) not in kinds:
            raise BadState(f"`{label}` can't be {json.dumps(value)[:40]}")
        return value

    return read


def _one_of(options: tuple[str, ...]) -> Shape:
    def read(value: Any, label: str) -> Any:
        if value not in options or not isinstance(value, str):
            raise BadState(f"`{label}` must be one of {', '.join(filter(None, options))}")
        return value

    return read


def _many(one: Shape) -> Shape:
    def read(value: Any, label: str) -> Any:
        if type(value) is not list:
            raise BadState(f"`{label}` must be a list")
        return tuple(one(item, f"{label}[{place}]") for place, item in enumerate(value))

    return read


def _of(kind: type[Any]) -> Shape:
    return lambda value, label: _decoded(kind, value, label)


def _maybe(one: Shape) -> Shape:
    return lambda value, label: None if value is None else one(value, label)


_NUMBER = _exactly(int, float)
_TYPES: Mapping[str, Shape] = {
    "str": _exactly(str),
    "int": _exactly(int),
    "bool": _exactly(bool),
    "float | None": _maybe(_NUMBER),
    "int | None": _maybe(_exactly(int)),
    "tuple[str, ...]": _many(_exactly(str)),
}
_SHAPES: Mapping[tuple[type, str], Shape] = {
    (Station, "reads"): _many(_of(Artifact)),
    (Station, "outputs"): _many(_of(Artifact)),
    (Turn, "state"): _one_of(_STATES),
    (Turn, "report"): _exactly(dict),
    (Taken, "published"): _many(_of(Published)),
    (Taken, "report"): _exactly(dict),
    (Asked, "answer"): _one_of(_ANSWERS),
    (Said, "kind"): _one_of(_SAID),
    (Said, "data"): _exactly(dict),
    (Position, "stations"): _many(_of(Station)),
    (Position, "turns"): _many(_of(Turn)),
    (Position, "published"): _many(_of(Published)),
    (Position, "asked"): _maybe(_of(Asked)),
    (Position, "said"): _many(_of(Said)),
    (Position, "ended"): _one_of(_ENDS),
    (Position, "more"): _exactly(dict),
}
