"""What can't be had of values that are made late is said when the class is made."""

import pytest

from coordinator.lazy.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Base:
    number: int


def test_a_class_that_would_inherit_fields_is_refused() -> None:
    with pytest.raises(AssertionError, match="inherited"):

        @dataclass(frozen=True, slots=True)
        class Derived(Base):
            more: int
