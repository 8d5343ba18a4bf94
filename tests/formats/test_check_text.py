"""Which command an agent's words about a check name."""

import pytest

from coordinator.formats.check_text import command_of
from coordinator.formats.prompt_body import CRITERIA, listed

PROGRAMS = ("make", "grep", "uv", "./run.sh")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("make test", "make test"),
        ("make test: 12 passed", "make test"),
        ("  make test : 12: passed ", "make test"),
        ("AC-07-2: make bench: 3 ms", "AC-07-2: make bench"),
        ("AC-2: make bench", "AC-2: make bench"),
        ("grep -q 'a: b' f: found", "grep -q 'a: b' f"),
        ("CI=1 uv run pytest -q: ok", "CI=1 uv run pytest -q"),
        ("cd sub && make: ok", "cd sub && make"),
        ("(make a; make b): ok", "(make a; make b)"),
        ("./run.sh", "./run.sh"),
        ("all tests pass", ""),
        ("AC-2: read it twice", ""),
        ("grep: 'it is", "grep"),
        ("CI=1", ""),
        ("", ""),
        ("AC-2: ", ""),
    ],
)
def test_a_command_stands_before_its_result_and_words_are_none(text: str, command: str) -> None:
    assert command_of(text, PROGRAMS.__contains__) == command


def test_criteria_are_the_items_of_their_section_each_in_one_line() -> None:
    body = "## Tasks\n\n- no\n\n## Acceptance criteria\n\nAll of it:\n\n- [x] it\n  counts\n* 2. quick\n\nand so on\n\n"
    body += "## Attempt 1\n- no\n"
    assert listed(body, CRITERIA) == ("it counts", "2. quick")
    assert listed("## Tasks\n\n- no\n", CRITERIA) == ()
