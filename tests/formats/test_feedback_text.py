"""The file of a finding: what is written reads back, and what can't be read is a problem with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.feedback_text import file_name, number_of, read, render
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.problem import Problem
from coordinator.model.prompt import Priority

LINES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cf"]), max_size=30).map(
    lambda text: " ".join(text.split())
)
TEXTS = st.lists(LINES | st.sampled_from(["# x", "## Impact", "---", "\\# y", "> quoted"]), max_size=4).map(
    lambda lines: "\n".join(lines).strip()
)


@given(
    st.builds(
        Feedback,
        st.integers(1, 5000),
        LINES.filter(bool),
        st.sampled_from(Priority),
        LINES,
        st.sampled_from(FeedbackStatus),
        LINES,
        LINES,
        TEXTS,
        TEXTS,
        TEXTS,
        st.lists(st.integers(1, 999), max_size=3).map(tuple),
        LINES,
        st.integers(0, 9),
    )
)
def test_what_is_written_reads_back(item: Feedback) -> None:
    assert read(render(item), "x.md", item.number) == item


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("---\npriority: high\n---\n", "no-title", 1),
        ("---\ntitle: x\npriority: urgent\n---\n", "bad-priority", 3),
        ("---\ntitle: x\n\nstatus: gone\n---\n", "bad-status", 4),
        ("no frontmatter", "no-frontmatter", 1),
        ("", "empty", 0),
    ],
)
def test_what_can_not_be_read_is_a_problem(text: str, code: str, line: int) -> None:
    found = read(text.encode(), "x.md", 1)
    assert isinstance(found, Problem)
    assert (found.code, found.line) == (code, line)


def test_a_file_by_hand_needs_no_more_than_a_title() -> None:
    found = read(b"---\r\ntitle: 'It is slow'\r\n---\r\nWords.\r\n\r\n## Issue ##\r\nvery\r\n", "x.md", 3)
    assert found == Feedback(3, "It is slow", issue="very")


@pytest.mark.parametrize(
    ("number", "title", "name"),
    [(7, "Refuse Negative costs!", "007-refuse-negative-costs.md"), (1234, "予算", "1234-finding.md")],
)
def test_a_file_is_called_by_number_and_title(number: int, title: str, name: str) -> None:
    assert file_name(number, title) == name
    assert number_of(name) == number


@pytest.mark.parametrize("name", ["7-x.md", "007.md", "007-x.txt", "README.md", "007-../x.md", "007-X.md"])
def test_other_files_are_no_findings(name: str) -> None:
    assert number_of(name) == 0
