"""The terminal's title says what waits, in plain words."""

from support import scenes

from coordinator.lazy.dataclass import replace
from tui.terminal_title import sequence, title_of


def test_it_says_who_asks_what_and_how_much_more_waits() -> None:
    assert title_of(scenes.bucket()) == "! 06 asks: Which Redis versions must be supported? (+2) · tokenbucket"


def test_with_nothing_to_do_it_is_the_project() -> None:
    assert title_of(scenes.stopped()) == "coord · tokenbucket"


def test_no_word_of_an_agent_ends_the_sequence_or_begins_another_line() -> None:
    question = replace(scenes.bucket().open_questions[0], text="a\x07\x1b]52;c;eA==\x07\nb" + "x" * 500)
    title = title_of(replace(scenes.bucket(), questions=(question,)))
    assert sequence(title).count("\x07") == 1
    assert "\x1b" not in title
    assert "\n" not in title
    assert len(title) < 100
