"""Several at once from the command line: named or chosen by a filter, shown, applied as one plan, taken back as one."""

from collections.abc import Callable

import pytest
from support.command import coord
from support.project import Project

Make = Callable[..., Project]


@pytest.fixture
def made(make: Make) -> Project:
    return make({1: (), 2: (1,), 3: (1,), 4: (2,)})


def test_prompts_are_chosen_by_number_and_by_filter_and_taken_back_as_one(made: Project) -> None:
    at = made.layout.root
    shown = coord("many", "cancel", "--on", "3", "--where", "after:2", "--dry-run", "--json", at=at)
    assert (shown.json["service"], shown.json["do"], shown.json["summary"]) == ("many", "cancel", "cancel 03, 04")
    assert coord("many", "cancel", "--where", "number:3-4", "--text", "not now", "--yes", at=at).code == 0
    assert {n: p.status.value for n, p in made.snapshot().prompts.items() if n > 2} == {3: "cancelled", 4: "cancelled"}
    assert sorted(e.subject for e in made.events("prompt.cancelled")) == ["prompt:3", "prompt:4"]
    assert coord("undo", "--yes", at=at).code == 0
    assert {p.status.value for p in made.snapshot().prompts.values()} == {"pending"}


def test_a_priority_goes_to_all_that_wait(made: Project) -> None:
    done = coord("many", "priority", "--where", "status:waiting", "--priority", "low", "--yes", at=made.layout.root)
    assert done.code == 0
    assert {p.priority.value for p in made.snapshot().prompts.values()} == {"low"}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("many", "cancel", "--yes"), 2, "nothing is chosen"),
        (("many", "cancel", "--where", "colour:red", "--yes"), 2, "no filter is called `colour:`"),
        (("many", "kill", "--on", "1,2", "--yes"), 3, "it can be done for none of them"),
        (("many", "paint", "--on", "1", "--yes"), 2, "paint"),
        (("permit", "1", "--allow", "--all-like"), 2, "`1` asks for no permission"),
    ],
)
def test_what_can_not_be_done_is_said(made: Project, words: tuple[str, ...], code: int, says: str) -> None:
    found = coord(*words, at=made.layout.root)
    assert (found.code, says in found.err) == (code, True), found.err
