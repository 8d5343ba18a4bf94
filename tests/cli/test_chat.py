"""`coord chat` in a real terminal, with a process in the place of the voice."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.project import Project
from support.stand_in import StandIn, Turn
from support.terminal import Terminal
from support.wait import wait_until

from coordinator.eventlog.store import EventLog
from coordinator.model.conversation import Ask, Option, Proposal, ProposedStep, Ready, Text, Tool, Trouble, TurnEnd
from coordinator.model.event import Event

Make = Callable[..., Project]
END = TurnEnd()
CANCEL = Proposal("p1", "Leave 2 out", "nobody wants it", (ProposedStep("cancel", {"number": 2, "reason": "late"}),))
TWO = Proposal(
    "p2",
    "Two things",
    steps=(
        ProposedStep("edit", {"number": 1, "values": {"priority": "high"}}),
        ProposedStep("cancel", {"number": 2, "reason": "late"}),
    ),
)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(120, 50)
    yield made
    made.close()


class Chat:
    """`coord chat` in a terminal, and what its voice heard."""

    def __init__(self, made: Project, terminal: Terminal, voice: StandIn, *arguments: str) -> None:
        self.project, self.terminal, self.voice = made, terminal, voice
        terminal.open(made, "chat", *arguments, program=("-c", program_of(voice)))

    def type(self, text: str) -> None:
        self.terminal.press("-l", text)
        self.terminal.press("Enter")

    def sees(self, *texts: str) -> str:
        return self.terminal.wait_for(*texts)

    def applied(self) -> list[Event]:
        with EventLog(self.project.layout.events_db) as log:
            return [event for event in log.since(0, 10_000) if event.kind == "plan.applied"]

    def wait_decided(self) -> dict[str, Any]:
        wait_until(lambda: bool(self.voice.heard("decided")))
        return self.voice.heard("decided")[0]


def program_of(voice: StandIn) -> str:
    """A program of Python that is `coord`, with that voice."""
    return (
        "from coordinator.client import chatting; "
        f"chatting.voice_command = lambda root: {voice.command!r}; "
        "from coordinator.cli.main import program; program()"
    )


def chat(make: Make, terminal: Terminal, folder: Path, *turns: Turn, **more: Any) -> Chat:
    made = make({1: (), 2: (1,)})
    return Chat(made, terminal, StandIn(folder / "voice", *turns, **more))


def test_an_answer_comes_word_by_word_and_a_question_is_answered_by_a_digit(
    make: Make, terminal: Terminal, tmp_path: Path
) -> None:
    go_on = tmp_path / "go on"
    asked = Ask("a1", "Which first?", (Option("The bucket", "quick, but blind"), Option("The clock", "slow, but sure")))
    first = [
        Tool("log", "the log of 2"),
        Text("It \x1b]0;owned\x07beg"),
        {"file": str(go_on)},
        Text("ins."),
        asked,
        END,
    ]
    talk = chat(make, terminal, tmp_path, first, [Text("Good."), END])
    talk.sees("the API, claude-opus-5", "›")
    talk.type("how is @2?")
    screen = talk.sees("· the log of 2", "It ·]0;owned·beg")
    assert "begins." not in screen
    go_on.touch()
    talk.sees("begins.", "? Which first?", "  2 The clock", "slow, but sure")
    talk.type("2")
    talk.sees("Good.")
    assert [(one["text"], one["refs"]) for one in talk.voice.heard("say")] == [("how is @2?", ["2"]), ("2", [])]
    terminal.press("C-d")
    wait_until(terminal.has_ended)


def test_a_proposal_is_shown_as_a_plan_and_applied_after_a_yes(make: Make, terminal: Terminal, tmp_path: Path) -> None:
    talk = chat(make, terminal, tmp_path, [CANCEL, END], [Text("Good."), END])
    talk.sees("›")
    talk.type("what now?")
    talk.sees("◆ Proposed: Leave 2 out", "nobody wants it", "-status: pending", "! Prompt 02 is not going to be run.")
    assert talk.applied() == []
    talk.sees("y applies it, e edits, n rejects, l leaves it:")
    talk.type("y")
    talk.sees("✓ applied", "Good.")
    (event,) = talk.applied()
    assert (event.data["proposer"], event.actor_kind) == ("coordinator (claude-opus-5)", "human")
    assert talk.wait_decided()["outcome"] == "applied"


@pytest.mark.slow
def test_one_step_is_taken_out_one_is_edited_and_what_is_rejected_changes_nothing(
    make: Make, terminal: Terminal, tmp_path: Path
) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/high/low/ "$1"\n')
    editor.chmod(0o755)
    made = make({1: (), 2: (1,)})
    made.own_environment["EDITOR"] = str(editor)
    talk = Chat(made, terminal, StandIn(tmp_path / "voice", [TWO, END], [CANCEL, END], [END]))
    talk.sees("›")
    talk.type("what now?")
    talk.sees("x N takes a step out")
    talk.type("x 2")
    terminal.wait_for("1 edit:", "+priority: high")
    talk.type("e 1")
    talk.sees("+priority: low")
    talk.type("y")
    talk.sees("✓ applied", "Leave 2 out")
    assert talk.wait_decided()["outcome"] == "edited"
    talk.sees("n rejects, l leaves it: ")
    talk.type("n")
    talk.sees("Rejected: nothing was changed.")
    wait_until(lambda: len(talk.voice.heard("decided")) == 2)
    assert talk.voice.heard("decided")[1]["outcome"] == "rejected"
    assert len(talk.applied()) == 1


@pytest.mark.slow
def test_a_stale_plan_is_made_again(make: Make, terminal: Terminal, tmp_path: Path) -> None:
    talk = chat(make, terminal, tmp_path, [CANCEL, END], [END])
    talk.sees("›")
    talk.type("what now?")
    talk.sees("l leaves it:")
    file = next(talk.project.layout.prompts.glob("*02*"))
    file.write_text(file.read_text() + "\nwritten meanwhile\n")
    talk.type("y")
    talk.sees("this is the plan for how things are now")
    assert talk.applied() == []
    talk.type("y")
    talk.sees("✓ applied")
    assert "written meanwhile" in file.read_text()


@pytest.mark.slow
def test_ctrl_c_ends_the_answer_and_a_trouble_is_tried_again(make: Make, terminal: Terminal, tmp_path: Path) -> None:
    slow = [Text("It begins"), {"until": "cancel"}, TurnEnd("cancelled")]
    trouble = [Trouble("overloaded", "the API has too much to do"), TurnEnd("error")]
    talk = chat(make, terminal, tmp_path, slow, trouble, [Text("Now."), END])
    talk.sees("›")
    talk.type("tell me")
    talk.sees("It begins")
    terminal.press("C-c")
    talk.sees("ends…")
    wait_until(lambda: bool(talk.voice.heard("cancel")))
    talk.type("again")
    talk.sees("! the API has too much to do", "/retry tries again")
    talk.type("/retry")
    talk.sees("Now.")


@pytest.mark.slow
def test_without_a_voice_the_services_are_there(make: Make, terminal: Terminal, tmp_path: Path) -> None:
    talk = chat(make, terminal, tmp_path, ready=[Ready("none", missing="no API key: set ANTHROPIC_API_KEY")])
    talk.sees("! no API key: set ANTHROPIC_API_KEY", "/help lists them", "›")
    talk.type("/help")
    talk.sees("/patch", "A quick patch for a specific issue.")
    talk.type("/cancel @2 --reason late")
    talk.sees("Apply? [Y/n]")
    talk.type("y")
    talk.sees("✓ applied")
    talk.type("/quit")
    wait_until(terminal.has_ended)


def test_a_single_text_is_answered_and_nothing_is_confirmed_without_a_terminal(make: Make, tmp_path: Path) -> None:
    made = make({1: (), 2: (1,)})
    voice = StandIn(tmp_path / "voice", [Text("Two of **two** wait."), CANCEL, END])
    words = [sys.executable, "-c", program_of(voice), "-C", str(made.layout.root), "chat", "how is it?"]
    done = subprocess.run(words, env=made.environment(), input="", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Two of **two** wait." in done.stdout
    assert "not applied: nobody is there to confirm it" in done.stdout
    assert "status: cancelled" not in next(made.layout.prompts.glob("*02*")).read_text()
    assert json.dumps(voice.heard("decided")) == "[]"
