"""Learnings as they stand in `learnings.md`."""

from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.learnings import read_learnings
from coordinator.model.learning import Learning

TEXT = """\
# Learnings

A paragraph
of two lines.

## Tests

- Use the fake clock. [paths: src/clock.py, `tests/**`] [tags: Time]
* Rotate tokens #auth
  on each use (path: src/auth)
1. [ ] Number one

-
<!-- nobody -->
"""


def test_items_and_paragraphs_are_learnings_with_what_they_are_about() -> None:
    assert read_learnings(TEXT) == (
        Learning("A paragraph of two lines."),
        Learning("Use the fake clock.", ("src/clock.py", "tests/**"), ("Time",)),
        Learning("Rotate tokens #auth on each use", ("src/auth",), ("auth",)),
        Learning("Number one"),
    )


@given(st.text("-* #[]()pathstags:,\n `x", max_size=200))
def test_any_text_can_be_read_and_nothing_is_empty_or_on_two_lines(text: str) -> None:
    for learning in read_learnings(text):
        assert learning.text == learning.text.strip() != ""
        assert "\n" not in learning.text


def test_long_ones_are_shortened() -> None:
    (learning,) = read_learnings("- " + "x" * 5000)
    assert (len(learning.text), learning.text[-1]) == (1000, "…")
