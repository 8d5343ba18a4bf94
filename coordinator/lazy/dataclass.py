"""Slotted values as `dataclasses` makes them, for a twentieth of the time at import.

The standard library writes and compiles six methods for each class, and imports `inspect` to do so. Here all methods
but `__init__` are shared, and `__init__` is compiled with the first value. To a type checker they are the standard
library's. Not here, because no value needs it: `InitVar`, `ClassVar`, `kw_only`, classes without slots.
"""

import operator
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Missing:
    """That there is no default."""


_MISSING = _Missing()


class _Field:
    """One field of a value."""

    __slots__ = ("compare", "default", "default_factory", "hash", "init", "metadata", "name", "repr", "type")

    def __init__(
        self,
        default: "Any" = _MISSING,
        default_factory: "Any" = _MISSING,
        init: bool = True,
        repr: bool = True,
        hash: bool | None = None,
        compare: bool = True,
        metadata: "Any" = None,
    ) -> None:
        self.name = ""
        self.type: Any = None
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.hash = compare if hash is None else hash
        self.compare = compare
        self.metadata = {} if metadata is None else metadata

    def __class_getitem__(cls, kind: object) -> type:
        return cls


_FEW = 4
"""Values of a class that are made without an `__init__` of its own: to compile one takes as long as fifty of them."""


class _Init:
    """Stands for a class's `__init__` until there is more than a few values of it, or somebody looks at it."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made = 0

    def __get__(self, value: object, kind: type) -> "Any":
        self._made += 1
        if value is None or self._made > _FEW:
            made = _compiled(kind)
            return made if value is None else made.__get__(value, kind)

        def one_of_few(*given: object, **named: object) -> None:
            if not _fill(value, given, named):
                _compiled(kind)(value, *given, **named)

        return one_of_few


def _compiled(kind: "Any") -> "Any":
    kind.__init__ = made = _init(kind)
    return made


def _dataclass(*, frozen: bool = False, slots: bool, order: bool = False) -> Callable[[type], type]:
    assert slots
    return lambda kind: _made(kind, frozen, order)


def _made(kind: type, frozen: bool, order: bool) -> type:
    """The class anew, with slots: a class can't be given some afterwards."""
    own = dict(kind.__dict__)
    found: dict[str, _Field] = {}
    for base in reversed(kind.__mro__[1:]):
        found |= base.__dict__.get("__dataclass_fields__", {})
    inherited = set(found)
    for name, type_ in own.get("__annotations__", {}).items():
        found[name] = _named(name, type_, own.pop(name, _MISSING))
    own.pop("__dict__", None)
    own.pop("__weakref__", None)
    fields = found.values()
    state = _getter(list(found))
    own |= {
        "__slots__": tuple(name for name in found if name not in inherited),
        "__match_args__": tuple(field.name for field in fields if field.init),
        "__dataclass_fields__": found,
        "__init__": _Init(),
        "__repr__": _repr,
        "__getstate__": lambda self: state(self),
        "__setstate__": _set_state,
    }
    compared = _getter([field.name for field in fields if field.compare])
    if "__eq__" not in own:
        own["__eq__"] = _comparison(operator.eq, compared)
    if order:
        own |= {f"__{name}__": _comparison(getattr(operator, name), compared) for name in ("lt", "le", "gt", "ge")}
    if frozen:
        own |= {"__setattr__": _refuse, "__delattr__": _refuse}
        own["__hash__"] = own.get("__hash__") or _hash(_getter([field.name for field in fields if field.hash]))
    else:
        own.setdefault("__hash__", None)
    made = type(kind)(kind.__name__, kind.__bases__, own)
    made.__qualname__ = kind.__qualname__
    return made


def _named(name: str, kind: object, default: object) -> _Field:
    found = default if isinstance(default, _Field) else _Field(default)
    found.name, found.type = name, kind
    return found


def _getter(names: list[str]) -> "Callable[[Any], Any]":
    """What gives these attributes of a value, as a tuple where they are several."""
    return operator.attrgetter(*names) if names else lambda value: ()


def _comparison(compare: "Callable[[Any, Any], Any]", compared: "Callable[[Any], Any]") -> "Callable[[Any, Any], Any]":
    def method(self: "Any", other: "Any") -> "Any":
        if other.__class__ is self.__class__:
            return compare(compared(self), compared(other))
        return NotImplemented

    return method


def _hash(hashed: "Callable[[Any], Any]") -> "Callable[[Any], int]":
    return lambda self: hash(hashed(self))


def _repr(self: "Any") -> str:
    shown = [field.name for field in _fields(self) if field.repr]
    return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


def _refuse(self: "Any", name: str, value: object = None) -> None:
    raise AttributeError(f"`{name}` can't be changed: {type(self).__name__} is frozen")


def _set_state(self: "Any", state: "Any") -> None:
    names = list(self.__dataclass_fields__)
    for name, value in zip(names, [state] if len(names) == 1 else state, strict=True):
        object.__setattr__(self, name, value)


def _fill(value: "Any", given: tuple[object, ...], named: dict[str, object]) -> bool:
    """Set the fields of a new value; False for arguments that `__init__` has an error for."""
    places, left, found = iter(given), dict(named), []
    for name, field in value.__dataclass_fields__.items():
        chosen = next(places, _MISSING) if field.init else _MISSING
        if chosen is _MISSING and field.init:
            chosen = left.pop(name, _MISSING)
        if chosen is _MISSING and field.default_factory is not _MISSING:
            chosen = field.default_factory()
        if chosen is _MISSING:
            chosen = field.default
        if chosen is not _MISSING:
            found.append((name, chosen))
        elif field.init:
            return False
    if left or next(places, _MISSING) is not _MISSING:
        return False
    for name, chosen in found:
        object.__setattr__(value, name, chosen)
    if hasattr(value, "__post_init__"):
        value.__post_init__()
    return True


def _init(kind: "Any") -> "Any":
    """Compile the `__init__` of a class: its fields as arguments, each set through its slot."""
    known: dict[str, object] = {"_given": _MISSING}
    heads, body = ["self"], []
    for name, field in kind.__dataclass_fields__.items():
        known[f"_set_{name}"] = getattr(kind, name).__set__
        made = field.default_factory is not _MISSING
        if made:
            known[f"_make_{name}"] = field.default_factory
        elif field.default is not _MISSING:
            known[f"_default_{name}"] = field.default
        if field.init:
            optional = made or field.default is not _MISSING
            heads.append(name + (f"={'_given' if made else f'_default_{name}'}" if optional else ""))
            value = f"_make_{name}() if {name} is _given else {name}" if made else name
            body.append(f"_set_{name}(self, {value})")
        elif made or field.default is not _MISSING:
            body.append(f"_set_{name}(self, {f'_make_{name}()' if made else f'_default_{name}'})")
    if hasattr(kind, "__post_init__"):
        body.append("self.__post_init__()")
    exec(f"def __init__({', '.join(heads)}):\n " + "\n ".join(body or ["pass"]), known)
    made_init: Any = known["__init__"]
    made_init.__qualname__ = f"{kind.__qualname__}.__init__"
    made_init.__module__ = kind.__module__
    made_init.__annotations__ = {name: field.type for name, field in kind.__dataclass_fields__.items() if field.init}
    return made_init


def _fields(kind: "Any") -> tuple[_Field, ...]:
    return tuple(kind.__dataclass_fields__.values())


def _replace(value: "Any", /, **changes: object) -> "Any":
    for field in _fields(value):
        if field.init and field.name not in changes:
            changes[field.name] = getattr(value, field.name)
    return value.__class__(**changes)


def _asdict(value: "Any") -> "Any":
    return {field.name: _plain(getattr(value, field.name)) for field in _fields(value)}


def _plain(value: "Any") -> "Any":
    if hasattr(value, "__dataclass_fields__"):
        return _asdict(value)
    if isinstance(value, list | tuple):
        return type(value)(_plain(inner) for inner in value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


if TYPE_CHECKING:
    from dataclasses import MISSING as MISSING
    from dataclasses import Field as Field
    from dataclasses import asdict as asdict
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import fields as fields
    from dataclasses import replace as replace
else:
    MISSING, Field = _MISSING, _Field
    dataclass, field, fields, replace, asdict = _dataclass, _Field, _fields, _replace, _asdict
