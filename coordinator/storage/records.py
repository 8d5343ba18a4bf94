"""JSON records on disk: written whole, read forgivingly. A record that can't be read is a problem, never a crash."""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

from coordinator.lazy.dataclass import MISSING, Field, fields
from coordinator.lazy.typing import Any, TypeVar, cast
from coordinator.model.problem import Problem
from coordinator.model.text import clip, plain
from coordinator.storage.files import NotAFile, TooLarge, read_regular, write_atomic

LIMIT = 4 * 1024 * 1024
"""Bytes of a record."""
_REMEDY = "correct it, or move it away"

Record = TypeVar("Record")


class BadRecord(Exception):
    """The text is no record of its kind."""


def read_json(path: str, limit: int = LIMIT) -> dict[str, Any] | None:
    """The JSON object in a file; None when there is no file. Raises BadRecord."""
    try:
        data, _ = read_regular(path, limit)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (TooLarge, NotAFile) as error:
        raise BadRecord(error.message) from None
    except OSError as error:
        raise BadRecord((error.strerror or "it can't be read").lower()) from None
    try:
        value = json.loads(data)
    except RecursionError:
        raise BadRecord("it is nested too deep") from None
    except ValueError as error:
        raise BadRecord(f"it is not JSON: {clip(plain(str(error)), 80)}") from None
    if not isinstance(value, dict):
        raise BadRecord("it is not a JSON object")
    return value


def decode(kind: type[Record], values: Mapping[str, Any], **known: Any) -> Record:
    """Make a frozen dataclass from JSON values; other keys are ignored, `known` fields not looked up.

    Raises BadRecord.
    """
    converters, required = _plan(cast(Any, kind))
    made: dict[str, Any] = known
    for name, value in values.items():
        convert = converters.get(name)
        if convert is None or value is None or name in known:
            continue
        try:
            made[name] = convert(value)
        except (ValueError, TypeError):
            raise BadRecord(f"`{name}` can't be `{clip(plain(str(value)), 40)}`") from None
    for name in required:
        if name not in made:
            raise BadRecord(f"`{name}` is missing")
    return kind(**made)


def encode(record: Any, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a dataclass as JSON values; those with their default are left out."""
    values: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name not in skip and (_required(field) or value != field.default):
            values[field.name] = list(value) if isinstance(value, tuple) else value
    return values


def write_json(path: Path, values: Mapping[str, Any], *, new: bool = False) -> None:
    """Write a record atomically; with `new`, StalePlan when there is one already."""
    data = json.dumps(values, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"
    if new:
        write_atomic(path, data, expect=None)
    else:
        write_atomic(path, data)


def record_problem(path: str, error: BadRecord, numbers: tuple[int, ...] = ()) -> Problem:
    return Problem(plain(path), 0, "bad-record", str(error), _REMEDY, numbers)


@cache
def _plan(kind: type[Any]) -> tuple[dict[str, Callable[[Any], Any]], tuple[str, ...]]:
    """How each field is converted, and which ones must be there."""
    own = fields(kind)
    converters = {field.name: _converter(field.type) for field in own}
    return converters, tuple(field.name for field in own if _required(field))


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _converter(kind: Any) -> Callable[[Any], Any]:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind
    return _CONVERTERS.get(str(kind), _CONVERTERS.get(getattr(kind, "__name__", ""), _refuse))


def _exactly(kind: type) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError
        return value

    return convert


def _texts(value: Any) -> tuple[str, ...]:
    if type(value) is not list or not all(type(item) is str for item in value):
        raise ValueError
    return tuple(value)


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise ValueError
    return float(value)


def _refuse(value: Any) -> Any:
    raise ValueError


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "str": _exactly(str),
    "int": _exactly(int),
    "bool": _exactly(bool),
    "float": _number,
    "float | None": _number,
    "int | None": _exactly(int),
    "str | None": _exactly(str),
    "tuple[str, ...]": _texts,
}
