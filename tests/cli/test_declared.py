"""What is run without click is what click would have run."""

import importlib
from typing import Any

import click
import pytest

from coordinator.cli import declared

LINES = (
    ("views", "why", "3"),
    ("views", "why", "3 --json"),
    ("views", "graph", ""),
    ("views", "graph", "--dot"),
    ("views", "graph", "--json --mermaid"),
    ("views", "agents", "--json"),
    ("log", "log", ""),
    ("log", "log", "-n 5 --json"),
    ("log", "log", "--last 5 --kind step. --kind loop. --actor me -f --prompt 4"),
    ("questions", "ask", "really? --option yes --option no --default yes --only-dependents"),
    ("questions", "ask", "--wait really?"),
    ("questions", "answer", "4 yes"),
    ("questions", "questions", "--all"),
    ("questions", "decide", "something --json"),
)
DOUBTFUL = (
    ("views", "why", ""),
    ("views", "why", "three"),
    ("views", "why", "-1"),
    ("views", "why", "3 4"),
    ("views", "why", "--help"),
    ("views", "graph", "--js"),
    ("log", "log", "-n"),
    ("log", "log", "-n5"),
    ("log", "log", "--last=5"),
    ("log", "log", "--actor --json"),
    ("log", "log", "nothing"),
    ("questions", "decide", "-- something"),
)


def command(module: str, verb: str) -> Any:
    return getattr(importlib.import_module(f"coordinator.cli.{module}"), verb)


@pytest.mark.parametrize(("module", "verb", "line"), LINES)
def test_the_values_are_those_of_click(module: str, verb: str, line: str) -> None:
    found = command(module, verb)
    made: click.Command = found.with_click()
    assert found._values(line.split()) == made.make_context(verb, line.split()).params


@pytest.mark.parametrize(("module", "verb", "line"), DOUBTFUL)
def test_what_is_in_doubt_is_left_to_click(module: str, verb: str, line: str) -> None:
    assert command(module, verb).run(".", line.split()) is None


def test_the_commands_of_a_group_are_found_without_click() -> None:
    agent = command("agent", "agent")
    values = agent._commands["fail"]._values(["--reason", "no", "--left", "a", "--left", "b"])
    assert values == {"verdict": "no", "left": ("a", "b"), "learnings": (), "request": "", "source": ""}
    assert agent._commands["fail"]._values(["--json", "-"])["source"] == "-"
    assert agent._commands["fail"]._values(["--left"]) is None
    assert agent.run(".", []) is None
    assert sorted(agent.with_click().commands) == ["blocked", "done", "fail"]


def test_click_is_given_the_verbs_it_has_to_run() -> None:
    assert isinstance(declared.for_click(command("views", "why")), click.Command)
    assert declared.run_plain(".", ["nothing"]) is None
