"""The names of `typing` that this program writes, without loading it: that takes a third of a Python that does nothing.

At run time nobody looks at an annotation but for what a choice may be (`Literal`), so the others stand for nothing. A
named tuple is one as `typing` makes it; what `typing` compiles with the class is compiled with the first value. To a
type checker all of them are the standard library's. Not here, because nothing needs it: `Generic`, `runtime_checkable`.
"""

from _collections import _tuplegetter  # type: ignore[import-not-found]

TYPE_CHECKING = False
_Alias: type = type(list[int])


class _Name:
    """A name that is only written in annotations, or as a base class."""

    __slots__ = ()

    def __class_getitem__(cls, kind: object) -> type:
        return cls


class _Literal:
    """`Literal["a", "b"]` has the choices as its `__args__`."""

    def __class_getitem__(cls, choices: object) -> object:
        return _Alias(cls, choices)


def _type_var(name: str, *bounds: object, **settings: object) -> type:
    return _Name


def _cast(kind: object, value: object) -> object:
    return value


class _New:
    """Stands for a named tuple's `__new__` until somebody asks for it."""

    def __get__(self, value: object, kind: type) -> object:
        made = _new(kind)
        kind.__new__ = made  # type: ignore[assignment, method-assign]
        return made


class _Named(type):
    """Makes a tuple of a class whose annotations are its places."""

    def __new__(meta, name: str, bases: tuple[type, ...], own: dict[str, object]) -> type:
        if not bases:
            return super().__new__(meta, name, bases, own)
        kinds: dict[str, object] = own.get("__annotations__", {})  # type: ignore[assignment]
        own |= {
            "__slots__": (),
            "_fields": tuple(kinds),
            "__match_args__": tuple(kinds),
            "_field_defaults": {field: own[field] for field in kinds if field in own},
            "__new__": _New(),
            "__repr__": _repr,
            "__getnewargs__": lambda self: (*self,),
            "_replace": _replace,
        }
        own |= {field: _tuplegetter(place, None) for place, field in enumerate(kinds)}
        return type(name, (tuple,), own)


class _NamedTuple(metaclass=_Named):
    """What named tuples are written as children of."""


def _new(kind: "type") -> object:
    """Compile the `__new__` of a named tuple: its places as arguments."""
    fields: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
    defaults: dict[str, object] = kind._field_defaults  # type: ignore[attr-defined]
    heads = ", ".join(f"{field}=_defaults[{field!r}]" if field in defaults else field for field in fields)
    places = "".join(f"{field}, " for field in fields)
    known = {"_made": tuple.__new__, "_defaults": defaults}
    made = eval(f"lambda _kind, {heads}: _made(_kind, ({places}))", known)
    made.__name__, made.__qualname__, made.__module__ = "__new__", f"{kind.__qualname__}.__new__", kind.__module__
    return made


def _repr(self: tuple[object, ...]) -> str:
    shown = zip(self._fields, self, strict=True)  # type: ignore[attr-defined]
    return f"{type(self).__name__}({', '.join(f'{field}={value!r}' for field, value in shown)})"


def _replace(self: tuple[object, ...], /, **changes: object) -> object:
    fields: tuple[str, ...] = self._fields  # type: ignore[attr-defined]
    made = tuple.__new__(type(self), map(changes.pop, fields, self))
    if changes:
        raise ValueError(f"there is no field {list(changes)!r}")
    return made


if TYPE_CHECKING:
    from typing import IO as IO
    from typing import Any as Any
    from typing import BinaryIO as BinaryIO
    from typing import ClassVar as ClassVar
    from typing import Final as Final
    from typing import Literal as Literal
    from typing import NamedTuple as NamedTuple
    from typing import NoReturn as NoReturn
    from typing import Protocol as Protocol
    from typing import TypeAlias as TypeAlias
    from typing import TypeVar as TypeVar
    from typing import cast as cast
else:
    IO = Any = BinaryIO = ClassVar = Final = NoReturn = Protocol = TypeAlias = _Name
    Literal, NamedTuple, TypeVar, cast = _Literal, _NamedTuple, _type_var, _cast
