"""Captures become rows of styled text, whatever the program sent."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.wait import wait_until

from coordinator.model import text as safe
from coordinator.model.pane_screen import DEFAULT, Row, Run, Screen, Style
from coordinator.terminals import screen
from coordinator.terminals.screen import parse
from coordinator.terminals.server import Terminals

SCREENS = Path(__file__).parent / "screens"
SEQUENCES = st.sampled_from(
    [
        *(
            "\x1b[1m",
            "\x1b[0m",
            "\x1b[38;5;200m",
            "\x1b[48;2;1;2;3m",
            "\x1b[4:3m",
            "\x1b[38;5",
            "\x1b[999;-1m",
            "\x1b[m",
        ),
        *(
            "\x1b]0;title\x07",
            "\x1b]8;;http://x\x1b\\",
            "\x1b]52;c;AAAA\x1b\\",
            "\x1bP1$q\x1b\\",
            "\x1b_x\x1b\\",
            "\x1b]",
        ),
        *("\x1b[2J", "\x1b[?1049h", "\x1b[10;10H", "\x1b(0", "\x1bc", "\x9b31m", "\x9d0;t\x9c", "\x90", "\x85", "\x1b"),
        *("\x0e", "\x0f", "\t", "\r", "\n", "\b", "\x00", "\x7f", "\u202e", "\u2066", "\ufeff", "\u2028", "\ud800"),
        *("日本", "─", "e\u0301", "👩‍👩‍👧", "\U000e0041", "qx", "a" * 50, " "),
    ]
)


def only_row(line: str, width: int = 80) -> Row:
    return parse(line, width, 1).rows[0]


def columns(row: Row) -> int:
    return sum(safe.width(run.text) for run in row)


def check_screen(shown: Screen, width: int, height: int) -> None:
    assert len(shown.rows) == height
    for row in shown.rows:
        assert columns(row) <= width
        for run in row:
            assert run.text
            assert safe.plain(run.text) == run.text
            assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in run.text)


@given(st.one_of(st.text(), st.lists(st.one_of(SEQUENCES, st.text(max_size=5))).map("".join)), st.integers(1, 90))
@settings(max_examples=400, deadline=None)
def test_any_text_gives_a_screen_of_printable_text_within_its_bounds(capture: str, width: int) -> None:
    check_screen(parse(capture, width, 7), width, 7)


@given(st.binary())
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_a_screen(capture: bytes) -> None:
    check_screen(parse(capture, 40, 5), 40, 5)


@given(st.lists(st.lists(SEQUENCES.filter(lambda s: s != "\n"), max_size=8).map("".join), max_size=6))
@settings(max_examples=200, deadline=None)
def test_the_line_cache_changes_nothing(lines: list[str]) -> None:
    capture = "\n".join(lines)
    warm = [parse(capture, 60, 6) for _ in range(2)][1]
    screen._parse_line.cache_clear()
    screen._sgr.cache_clear()
    assert parse(capture, 60, 6) == warm


@pytest.mark.parametrize(
    ("params", "style"),
    [
        ("1", Style(bold=True)),
        ("1;2;3;4;7;9;53", Style(None, None, True, True, True, True, True, True, True)),
        ("1;2;3;4;7;9;53;22;23;24;27;29;55", DEFAULT),
        ("31", Style(fg=1)),
        ("97;104", Style(fg=15, bg=12)),
        ("38;5;208", Style(fg=208)),
        ("48;2;1;2;3", Style(bg=(1, 2, 3))),
        ("38:2::10:20:30", Style(fg=(10, 20, 30))),
        ("38:2:10:20:30;1", Style(fg=(10, 20, 30), bold=True)),
        ("38:5:9", Style(fg=9)),
        ("4:3;58;5;9;1", Style(underline=True, bold=True)),
        ("4:0", DEFAULT),
        ("58:2::1:2:3;31", Style(fg=1)),
        ("31;0", DEFAULT),
        ("31;", DEFAULT),
        ("", DEFAULT),
        ("5;8;1", Style(bold=True)),
        ("38;5;256", DEFAULT),
        ("38;2;300;0;0;1", Style(bold=True)),
        ("38", DEFAULT),
        ("38;5", DEFAULT),
        ("38;7;1", DEFAULT),
        ("99999999999999999999", DEFAULT),
    ],
)
def test_colours_and_attributes(params: str, style: Style) -> None:
    assert only_row(f"\x1b[{params}mx") == (Run("x", style),)


def test_colours_carry_over_lines_until_they_end() -> None:
    shown = parse("\x1b[31mone\ntwo\x1b[0m three\nfour", 20, 4)
    red = Style(fg=1)
    assert shown.rows == (
        (Run("one", red),),
        (Run("two", red), Run(" three", DEFAULT)),
        (Run("four", DEFAULT),),
        (),
    )


def test_line_drawing_is_decoded_also_over_lines_and_styles() -> None:
    assert parse("\x0elqqk\nx  x\nx\x1b[1mx\x0fx", 20, 3).plain() == "┌──┐\n│  │\n││x"


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b]0;a title\x07",
        "\x1b]8;;http://evil\x1b\\",
        "\x1b]52;c;cm0gLXJm\x1b\\",
        "\x9d52;c;cm0=\x9c",
        "\x1bP+q544e\x1b\\",
        "\x1b^pm\x1b\\",
        "\x1b[2J",
        "\x1b[?2004h",
        "\x1b[>4;2m",
        "\x9b2J",
        "\x1b(0",
        "\x1bc",
        "\x1b7",
        "\x07",
        "\x08",
        "\x9c",
        "\u202e",
        "\u2066",
        "\ufeff",
    ],
)
def test_every_other_sequence_is_dropped_and_the_text_around_it_stays(sequence: str) -> None:
    assert only_row(f"be{sequence}fore") == (Run("before", DEFAULT),)


def test_an_unfinished_sequence_does_not_eat_the_next_line() -> None:
    assert parse("a\x1b]0;never ended\nb\x1b[12\nc", 20, 3).plain() == "a\nb\nc"


@pytest.mark.parametrize(("width", "shown"), [(4, "日本"), (3, "日"), (2, "日"), (1, ""), (5, "日本a")])
def test_a_wide_character_that_does_not_fit_is_left_out_whole(width: int, shown: str) -> None:
    assert parse("日本a", width, 1).plain() == shown


def test_marks_stay_with_their_character_at_the_edge() -> None:
    assert parse("abe\u0301d", 3, 1).plain() == "abe\u0301"


def test_tabs_go_to_the_next_stop() -> None:
    assert parse("a\tb\n日本語漢字\tc", 40, 2).plain() == "a       b\n日本語漢字      c"


def test_blank_cells_at_the_end_stay_only_where_they_show() -> None:
    assert only_row("a   ") == (Run("a", DEFAULT),)
    assert only_row("   ") == ()
    assert only_row("a\x1b[41m  ") == (Run("a", DEFAULT), Run("  ", Style(bg=1)))


def test_equal_lines_are_the_same_object() -> None:
    before, after = parse("same\nold", 20, 2), parse("same\nnew", 20, 2)
    assert before.rows[0] is after.rows[0]
    assert before.rows[1] is not after.rows[1]


def test_huge_input_is_bounded() -> None:
    shown = parse("\x1b[1m" + "x" * 5_000_000 + "\n" * 1000, 80, 50)
    assert columns(shown.rows[0]) == 80
    assert len(shown.rows) == 50


@pytest.mark.parametrize("name", sorted(path.name for path in SCREENS.glob("*.ansi.txt")))
def test_real_agent_screens_read_as_tmux_prints_them_plain(name: str) -> None:
    shown = parse((SCREENS / name).read_bytes(), 120, 40)
    expected = (SCREENS / name.replace(".ansi", "")).read_text().split("\n")[:40]
    assert shown.plain().split("\n") == [line.rstrip() for line in expected] + [""] * (40 - len(expected))
    assert {run.style for row in shown.rows for run in row} - {DEFAULT}


def test_a_real_pane_is_read_with_its_styles(terminals: Terminals) -> None:
    script = (
        "printf '\\033[31mred\\033[0m \\033[1;38;5;208mbold\\033[22m not\\033[0m \\033[48;2;1;2;3mback\\033[0m\\n'; "
        "printf '\\033(0lqk\\033(B 日本 \\033]8;;http://x\\033\\\\link\\033]8;;\\033\\\\\\n'; "
        "printf '\\033[7mreverse\\nnext\\033[0m\\033]2;#(touch pwned)\\007 end\\n'; exec sleep 1000"
    )
    window = terminals.open_window(["sh", "-c", script], cwd="/", name="01-1", env={}, mark={})
    capture = wait_until(lambda: "end" in (text := terminals.capture(window.pane)) and text, message="the output")
    assert parse(capture, 200, 50).rows[:4] == (
        (
            Run("red", Style(fg=1)),
            Run(" ", DEFAULT),
            Run("bold", Style(fg=208, bold=True)),
            Run(" not", Style(fg=208)),
            Run(" ", DEFAULT),
            Run("back", Style(bg=(1, 2, 3))),
        ),
        (Run("┌─┐ 日本 link", DEFAULT),),
        (Run("reverse", Style(reverse=True)),),
        (Run("next", Style(reverse=True)), Run(" end", DEFAULT)),
    )
