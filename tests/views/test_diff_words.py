"""Changed words of a line: marked where the line is the same but for them, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.views.diff_words import changed_words

texts = st.text("ab c(.=", max_size=20)


@pytest.mark.parametrize(
    ("old", "new", "gone", "come"),
    [
        ("NOW = time.time()", "NOW = time.monotonic()", ["time"], ["monotonic"]),
        ("return a", "return a + b", [], [" + b"]),
        ("if not bucket.take(1):", "response.headers.update(x)", [], []),
        ("same", "same", [], []),
    ],
)
def test_the_words_that_changed_are_marked(old: str, new: str, gone: list[str], come: list[str]) -> None:
    first, second = changed_words(old, new)
    assert [old[low:high] for low, high in first] == gone
    assert [new[low:high] for low, high in second] == come


@given(texts, texts)
def test_what_is_not_marked_is_the_same_on_both_sides(old: str, new: str) -> None:
    first, second = changed_words(old, new)
    if first or second:
        assert _without(old, first) == _without(new, second)


def _without(text: str, ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(char for at, char in enumerate(text) if not any(low <= at < high for low, high in ranges))
