"""Commands and references that are typed to the coordinator."""

import pytest
from support.build import agent, prompt, snapshot

from coordinator.model.snapshot import AgentState
from coordinator.services.registry import SERVICES
from coordinator.services.slash import command_of, commands, first_number, refs_of, replaced, ways_on


def no_files(_: str) -> tuple[str, ...]:
    return ()


def test_every_service_is_a_command() -> None:
    assert set(SERVICES) < set(commands())
    for name in SERVICES:
        assert command_of(f"/{name} 7 some words") == (name, "7 some words")


def test_words_are_no_command() -> None:
    for text in ("patch 7", "/nothing", "/", "what about /patch?", ""):
        assert command_of(text) is None


def test_the_prompt_of_a_command_is_its_first_word() -> None:
    assert [first_number(text) for text in ("7", "07 x", "@7 x", "x 7", "", "٣", "-1")] == [
        7,
        7,
        7,
        None,
        None,
        None,
        None,
    ]


def test_references_are_found_in_words_and_are_not_addresses() -> None:
    said = "see @7, @executor-07-1 and (@src/app.py). Write to ada@example.org @7"
    assert refs_of(said) == ("7", "executor-07-1", "src/app.py")


@pytest.mark.parametrize(
    ("before", "way", "after"),
    [
        ("/pa", "/patch ", "/patch "),
        ("look at @", "@1 ", "look at @1 "),
        ("look at @2", "@2 ", "look at @2 "),
        ("look at @second", "@2 ", "look at @2 "),
        ("look at @exec", "@executor-02-1 ", "look at @executor-02-1 "),
        ("look at @src/a", "@src/app.py ", "look at @src/app.py "),
    ],
)
def test_how_what_was_typed_goes_on(before: str, way: str, after: str) -> None:
    project = snapshot([prompt(1), prompt(2, title="The second")], agents=(agent(2, AgentState.WORKING),))
    ways = ways_on(before, project, lambda start: [p for p in ("src/app.py",) if p.startswith(start)])
    assert way in [one.text for one in ways]
    assert replaced(before, next(one for one in ways if one.text == way)) == after


def test_nothing_goes_on_where_nothing_begins() -> None:
    project = snapshot([prompt(1)])
    for before in ("", "words", "ada@example", "see @1 ", "a /pa", "/patch 7"):
        assert ways_on(before, project, no_files) == ()
