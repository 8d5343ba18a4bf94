"""Diffs for people."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.model.textdiff import unified_diff


@given(st.text(alphabet="a\n\r\x0b é", max_size=20))
def test_a_new_file_reads_as_any_tool_would_show_it(text: str) -> None:
    lines = text.splitlines(keepends=True)
    told = difflib.unified_diff([], lines, "a/x", "b/x")
    expected = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in told)
    assert unified_diff("x", b"", text.encode()) == expected


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (b"a\nb\n", b"a\nc\n", "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"),
        (b"a", b"", "--- a/x\n+++ b/x\n@@ -1 +0,0 @@\n-a\n\\ No newline at end of file\n"),
        (b"\xff\n", b"\xff\n", ""),
    ],
)
def test_a_changed_file_shows_what_went_and_what_came(before: bytes, after: bytes, shown: str) -> None:
    assert unified_diff("x", before, after) == shown
