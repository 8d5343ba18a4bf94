import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.imports.text import difference, lines, offset, patched, priority_of, status_of
from coordinator.model.imported import TaskStatus
from coordinator.model.prompt import Priority

texts = st.text(alphabet="ab\r\n\0é\u2028 ")


@given(texts)
def test_lines_stand_where_they_say(text: str) -> None:
    found = list(lines(text))
    assert [line.number for line in found] == list(range(1, len(found) + 1))
    assert [line.text for line in found] == re.split(r"\r\n|\r|\n", text)
    for line in found:
        assert text[line.start : line.start + len(line.text)] == line.text
        assert line.at == offset(text, line.start)
        assert text.encode()[line.at : line.at + len(line.text.encode())] == line.text.encode()


@given(st.binary(), st.binary(), st.binary(), st.binary())
def test_a_difference_touches_only_what_differs(head: bytes, old: bytes, new: bytes, tail: bytes) -> None:
    before, after = head + old + tail, head + new + tail
    patches = difference("x", before, after)
    assert patched(before, patches) == after
    assert sum(one.end - one.start for one in patches) <= len(old)
    assert bool(patches) == (before != after)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("To Do", TaskStatus.TODO),
        ("in-progress", TaskStatus.IN_PROGRESS),
        ("IN_PROGRESS", TaskStatus.IN_PROGRESS),
        ("✅ Done", TaskStatus.DONE),
        ("won't do", TaskStatus.CANCELLED),
        ("deferred", TaskStatus.BLOCKED),
        ("Frobnicated", None),
    ],
)
def test_knows_a_status_by_any_tools_word(word: str, status: TaskStatus | None) -> None:
    assert status_of(word) is status


def test_knows_a_priority_by_word_and_number() -> None:
    assert [priority_of(word) for word in ("P0", "Critical", "2", "low", "?")] == [
        Priority.HIGH,
        Priority.HIGH,
        Priority.MEDIUM,
        Priority.LOW,
        None,
    ]
