"""Values made lazily are like those of the standard library in all that the project uses."""

import dataclasses
import inspect
import pickle
from collections.abc import Mapping
from typing import Any

import pytest

from coordinator.lazy import dataclass as lazy

STANDARD: Any = dataclasses
LAZY: Any = lazy


def made(kind: Any) -> Any:
    @kind.dataclass(frozen=True, slots=True, order=True)
    class Inner:
        number: int
        name: str = "x"

    @kind.dataclass(frozen=True, slots=True)
    class Value:
        """A value."""

        first: int
        inner: Inner | None = None
        words: Mapping[str, str] = kind.field(default_factory=dict, hash=False)
        seen: float = kind.field(default=1.5, compare=False, metadata={"help": "when"})
        hidden: str = kind.field(default="", repr=False)
        double: int = kind.field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "double", 2 * self.first)

    @kind.dataclass(frozen=True, slots=True)
    class Nothing:
        pass

    @kind.dataclass(slots=True)
    class Changing:
        items: list[int] = kind.field(default_factory=list)

    @kind.dataclass(frozen=True, slots=True)
    class Heir(Inner):
        more: int = 3

    return Inner, Value, Nothing, Changing, Heir


def facts(kind: Any) -> list[object]:
    inner, value, nothing, changing, heir = made(kind)
    one, again = value(1, inner(2)), value(first=1, inner=inner(2), seen=9.0)
    changed, other = changing(), changing()
    changed.items.append(1)
    return [
        *(repr(one).split(".")[-1], repr(nothing()).split(".")[-1], value.__doc__, value.__match_args__),
        *(one == again, hash(one) == hash(again), one == value(2), one == inner(2), one != again),
        *(nothing() == nothing(), len({nothing(), nothing()}), hash(inner(1)) == hash(inner(1, "x"))),
        *(
            min(inner(2), inner(1, "b"), inner(1, "a")).name,
            max(inner(1), inner(2)).number,
            inner(1) <= inner(1),
            inner(2) > inner(1),
        ),
        *(changed.items, other.items, changed == changing([1]), changing.__hash__),
        *(kind.replace(one, first=4).double, kind.replace(one, first=4).inner == inner(2)),
        *(kind.asdict(one), [f.name for f in kind.fields(one)], [f.init for f in kind.fields(value)]),
        [dict(f.metadata) for f in kind.fields(value)],
        *([f.default == 1.5 for f in kind.fields(value)], list(inspect.signature(value).parameters)),
        *(
            repr(heir(1, more=2)).split(".")[-1],
            heir(1) == heir(1),
            heir(1) == inner(1),
            heir.__slots__,
            hash(heir(1)) == 0,
        ),
        *(hasattr(one, "__dict__"), value.__slots__, value.__qualname__),
    ]


def test_values_are_like_those_of_the_standard_library() -> None:
    for ours, standard in zip(facts(LAZY), facts(STANDARD), strict=True):
        assert ours == standard


@pytest.mark.parametrize("arguments", [(), (1, 2, 3, 4, 5, 6)])
def test_a_call_with_other_arguments_is_refused(arguments: tuple[int, ...]) -> None:
    value = made(LAZY)[1]
    with pytest.raises(TypeError, match="argument"):
        value(*arguments)
    with pytest.raises(TypeError, match="unexpected keyword"):
        value(1, unknown=2)


def test_a_frozen_value_can_not_be_changed() -> None:
    value = made(LAZY)[1](1)
    with pytest.raises(AttributeError, match="`first` can't be changed: Value is frozen"):
        value.first = 2
    with pytest.raises(AttributeError, match="frozen"):
        del value.first


@lazy.dataclass(frozen=True, slots=True)
class Sent:
    number: int
    words: tuple[str, ...] = ()


@lazy.dataclass(frozen=True, slots=True)
class Alone:
    words: tuple[str, ...] = ()


@pytest.mark.parametrize("value", [Sent(1, ("a",)), Alone(("a", "b")), Alone()])
def test_a_value_can_be_sent_to_another_process(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == value


def test_the_first_values_of_a_class_are_made_as_all_others_are() -> None:
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((1,), {}),
        ((1, None, {"a": "b"}), {"seen": 2.0, "hidden": "x"}),
        ((), {"first": 2, "words": {}}),
        ((), {}),
        ((1,), {"first": 1}),
        ((1, 2, 3, 4, 5, 6), {}),
        ((1,), {"double": 2}),
        ((1,), {"none": 2}),
    ]
    for given, named in calls:
        first, standard = (made(kind)[1] for kind in (LAZY, STANDARD))
        outcomes = [_outcome(first, given, named) for _ in range(2 * lazy._FEW)]
        assert outcomes == [_outcome(standard, given, named)] * len(outcomes)


def _outcome(kind: Any, given: tuple[Any, ...], named: dict[str, Any]) -> object:
    try:
        value = kind(*given, **named)
    except TypeError:
        return TypeError
    return [getattr(value, name) for name in ("first", "inner", "words", "seen", "hidden", "double")]
