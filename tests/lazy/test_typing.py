"""Named tuples of coordinator.lazy behave as those of the standard library."""

import pickle
import typing
from types import NoneType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.lazy.typing import Any, Literal, NamedTuple, TypeVar


class Ours(NamedTuple):
    """A value."""

    name: str
    count: int = 3
    """How many."""
    rest: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        return 2 * self.count

    def named(self, name: str) -> "Ours":
        return self._replace(name=name)


class Theirs(typing.NamedTuple):
    """A value."""

    name: str
    count: int = 3
    rest: tuple[int, ...] = ()


NAMES = st.dictionaries(st.sampled_from(["name", "count", "rest", "other"]), st.integers(), max_size=4)


@given(st.lists(st.integers(), max_size=4), NAMES)
def test_it_is_made_of_the_same_arguments(places: list[int], names: dict[str, int]) -> None:
    ours, theirs = _outcome(Ours, places, names), _outcome(Theirs, places, names)
    assert ours == theirs


def _outcome(kind: Any, places: list[int], names: dict[str, int]) -> object:
    try:
        made = kind(*places, **names)
    except TypeError:
        return TypeError
    return [*made], made.name, made.count, made.rest, repr(made).partition("(")[2], hash(made)


@given(NAMES)
def test_it_is_replaced_in_the_same_places(names: dict[str, int]) -> None:
    def outcome(kind: Any) -> object:
        try:
            return (*kind("a", 1)._replace(**names),)
        except ValueError:
            return ValueError

    assert outcome(Ours) == outcome(Theirs)


def test_it_is_a_tuple_with_what_the_class_has_besides() -> None:
    made = Ours("a", 2)
    assert made == ("a", 2, ())
    assert isinstance(made, tuple)
    assert Ours.__mro__ == (Ours, tuple, object)
    assert made.twice == 4
    assert made.named("b") == Ours("b", 2)
    assert Ours.__doc__ == "A value."
    assert Ours.__module__ == __name__
    match made:
        case Ours(name, count=2):
            assert name == "a"
        case _:
            pytest.fail("no match")
    with pytest.raises(AttributeError):
        made.name = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        made.other = "b"  # type: ignore[attr-defined]


def test_it_can_be_kept_in_a_file() -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(Ours("a", 2, (1,)), protocol))
        assert again == Ours("a", 2, (1,))
        assert type(again) is Ours


def test_choices_can_be_read_off_an_annotation() -> None:
    hint: Any = Literal["a", "b"] | None
    choices, nothing = hint.__args__
    assert choices.__args__ == ("a", "b")
    assert choices.__origin__ is Literal
    assert nothing is NoneType


def test_names_stand_in_annotations_as_those_of_the_standard_library() -> None:
    kind: Any = TypeVar("kind", bound=int)
    for hint in (Any | None, kind | None):
        assert NoneType in hint.__args__
    assert dict[str, Any] == dict[str, Any]
