"""Painting lines: exact widths whatever the text, and nothing of it reaches the terminal but printable characters."""

import re

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from coordinator.views.spans import Span
from tui.paint.ink import clip, columns, fit, mark, pad, paint, safe, wrap
from tui.paint.pager import wrapped

texts = st.text(max_size=40) | st.text("設定 ab\x1b[31m\u202e👩\u200d💻é", max_size=30)
spans = st.lists(st.builds(Span, texts), max_size=6)
widths = st.integers(0, 60)


def joined(line: list[Span]) -> str:
    return "".join(span.text for span in line)


@given(spans, widths)
def test_fit_never_exceeds_the_width(line: list[Span], width: int) -> None:
    assert columns(fit(line, width)) <= width


@given(spans, widths)
def test_fit_changes_nothing_that_fits(line: list[Span], width: int) -> None:
    if columns(line) <= width:
        assert columns(fit(line, width)) == columns(line)


def test_fit_ends_what_it_cuts_with_an_ellipsis() -> None:
    assert joined(fit([Span("abc"), Span("def")], 5)) == "abcd…"
    assert joined(fit([Span("abc"), Span("def")], 3)) == "ab…"
    assert joined(fit([Span("設定"), Span("x")], 4)) == "設…"


@given(texts, st.integers(0, 30))
def test_a_cell_of_a_table_is_exactly_as_wide_as_its_column(text: str, width: int) -> None:
    assert cell_len(pad(text, width)) == width
    assert cell_len(clip(text, width)) <= width


@given(spans, st.integers(1, 60))
def test_painted_lines_are_exactly_as_wide_as_asked_and_safe(line: list[Span], width: int) -> None:
    strip = paint(line, width, lambda _: Style())
    assert strip.cell_length == width
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", strip.text)


def test_what_is_clicked_on_is_in_the_painted_text() -> None:
    strip = paint([Span("plain "), Span("pill", "need", "question")], 20, lambda _: Style())
    acts = {segment.text: segment.style.meta.get("act") for segment in strip if segment.style is not None}
    assert acts["pill"] == "question"
    assert acts["plain "] is None


@given(texts, st.integers(1, 30))
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(text: str, width: int) -> None:
    lines = wrap([Span(text)], width)
    whole = safe(text)
    if all(cell_len(char) <= width for char in whole):
        assert all(cell_len(joined(line).rstrip(" ")) <= width for line in lines)
        assert "".join(map(joined, lines)).replace(" ", "") == whole.replace(" ", "")


def test_words_stay_whole_where_they_fit() -> None:
    assert [joined(line).rstrip() for line in wrap([Span("one two three")], 8)] == ["one two", "three"]


def test_a_page_wraps_texts_beside_their_cells_and_below_their_indent() -> None:
    key = [Span("  a   "), Span("attach    "), Span("go into the agent's own window")]
    assert [joined(line).rstrip() for line in wrapped(key, 40)] == [
        "  a   attach    go into the agent's own",
        "                window",
    ]
    assert [joined(line).rstrip() for line in wrapped([Span("    an indented text of some words")], 20)] == [
        "    an indented",
        "    text of some",
        "    words",
    ]
    assert [joined(line).rstrip() for line in wrapped(key, 24)][1].startswith("  ")


@given(spans, st.integers(2, 60))
@example([Span(" "), Span("0")], 2)
@example([Span(" 0 1")], 3)
def test_a_page_never_exceeds_its_width(line: list[Span], width: int) -> None:
    if all(cell_len(char) <= 1 for span in line for char in safe(span.text)):
        assert all(
            columns(piece[:-1]) + cell_len(piece[-1].text.rstrip(" ")) < width
            for piece in wrapped(line, width)
            if piece
        )


def test_marks_every_occurrence_whatever_the_case() -> None:
    found = mark([Span("WAL and wal"), Span("no")], "wal")
    assert [(span.text, span.ink) for span in found] == [
        ("WAL", "found"),
        (" and ", "text"),
        ("wal", "found"),
        ("no", "text"),
    ]


@given(spans, st.text(max_size=3))
def test_marking_keeps_the_text(line: list[Span], needle: str) -> None:
    assert columns(mark(line, needle)) == columns(line)
