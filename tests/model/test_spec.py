"""Whether a specification is one that is known, and what a changed one does to the intent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.model.intent import Intent
from coordinator.model.spec import Likeness, Spec, likeness, taken_over

KNOWN = Spec("Rate limiting", "# Rate limiting\n\na\nb\nc\nd\n")


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Rate limiting", KNOWN.text, Likeness.IDENTICAL),
        ("Rate limiting", "\n# Rate limiting\n  a\nb\nc\n\n\nd", Likeness.IDENTICAL),
        ("rate  LIMITING", "all new", Likeness.SIMILAR),
        ("Renamed", "# Renamed\na\nb\nc\nd\n", Likeness.SIMILAR),
        ("Renamed", "# Renamed\na\nb\nx\n", Likeness.OTHER),  # a half is not more than a half
        ("Renamed", "# Renamed\na\nb\n", Likeness.SIMILAR),
        ("Renamed", "a\na\na\nx\n", Likeness.OTHER),  # a line that is there once counts once
        ("Other", "x\ny\n", Likeness.OTHER),
    ],
)
def test_title_and_lines_tell_what_a_specification_is_to_a_known_one(title: str, text: str, expected: Likeness) -> None:
    assert likeness(Spec(title, text), KNOWN) is expected


@given(st.text(), st.text())
def test_a_specification_is_identical_to_itself_whatever_it_is_called(text: str, title: str) -> None:
    assert likeness(Spec(title, text), Spec("T", text)) is Likeness.IDENTICAL


def test_a_changed_specification_is_the_truth_of_what_it_says_and_the_rest_stays() -> None:
    before = Intent("goal", constraints=("one",), non_goals=("no",))
    present = Intent("goal", constraints=("one", "by hand"), non_goals=("no",), criteria=("as answered",))
    found = Intent("another goal", constraints=("one",))
    after = taken_over(found, before, present)
    assert after == Intent("another goal", constraints=("one", "by hand"), criteria=("as answered",))
