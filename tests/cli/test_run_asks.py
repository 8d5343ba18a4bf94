"""`coord run` before a human: what the text does not say is asked for once, and nothing starts without a yes."""

from collections.abc import Callable, Iterator

import pytest
from support.project import Project
from support.terminal import Terminal

from coordinator.formats.intent_text import intent_of
from coordinator.model.intent import Intent

Make = Callable[..., Project]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(rows=60)
    yield made
    made.close()


def enter(terminal: Terminal, *lines: str) -> None:
    for line in lines:
        if line:
            terminal.press("-l", line)
        terminal.press("Enter")


def open_on(made: Project, terminal: Terminal, text: str) -> None:
    (made.layout.root / "spec.md").write_text(text)
    (made.layout.scripts / "planner.sh").write_text("while :; do sleep 0.1; done\n")
    terminal.open(made, "run", str(made.layout.root / "spec.md"))


def test_goal_criteria_and_budget_are_asked_for_and_become_the_milestone(make: Make, terminal: Terminal) -> None:
    made = make({})
    open_on(made, terminal, "# Primes\n\n## Notes\n\nWhatever.\n")
    terminal.wait_for("What is to be true when it is done? [Primes]:")
    enter(terminal, "Print primes.")
    terminal.wait_for("How can one tell that it is done?")
    enter(terminal, "2 is printed", "4 is not", "")
    terminal.wait_for("What is not wanted")
    enter(terminal, "speed", "")
    terminal.wait_for("What has to hold")
    enter(terminal, "")
    terminal.wait_for("What may a run cost, in US dollars? Or none [none]:")
    enter(terminal, "2.50")
    terminal.wait_for("Start? [Y/n]:")
    enter(terminal, "")
    terminal.wait_for("the loop runs in tmux window")
    assert intent_of(made.layout.milestone.read_bytes()) == Intent(
        "Print primes.", ("speed",), (), ("2 is printed", "4 is not")
    )
    assert b"\nbudget: 2.5\n" in made.layout.milestone.read_bytes()
    made.coord("stop")
    assert "specification" not in made.coord("run", str(made.layout.root / "spec.md"), "--dry-run").stdout
    terminal.open(made, "run", str(made.layout.root / "spec.md"))  # nothing is asked for a second time
    terminal.wait_for("M1 Primes goes on")


def test_nothing_is_written_or_started_without_a_yes(make: Make, terminal: Terminal) -> None:
    made = make({})
    before = made.layout.milestone.read_bytes()
    open_on(
        made,
        terminal,
        "# Primes\n\nPrint.\n\n## Done when\n\n- 2 is printed\n\n## Out of scope\n\n- speed\n\n## Rules\n\n- x\n",
    )
    terminal.wait_for("What may a run cost")
    enter(terminal, "none")
    terminal.wait_for("Start? [Y/n]:", "+- 2 is printed")
    enter(terminal, "n")
    terminal.wait_for("nothing was changed, and nothing started")
    assert made.layout.milestone.read_bytes() == before
    assert not made.snapshot().loop.alive
    assert not made.events()
