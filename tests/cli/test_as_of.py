"""The status of a time is told from the log alone, also where no loop ever ran."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.command import coord
from support.project import Project

Make = Callable[..., Project]
STEPS: dict[str, tuple[str, ...]] = {
    "interject": ("interject", "--title", "Between", "--after", "2", "--before", "3"),
    "patch": ("patch", "--title", "Fix", "--fixes", "1", "--went-wrong", "slow", "--before-dependents"),
    "another title": ("edit", "2", "--set", "title=Another"),
    "no dependency": ("edit", "3", "--set", "dependencies=[]"),
    "mark": ("edit", "2", "--mark-user-patch", "1", "--went-wrong", "slow"),
    "surgery": ("surgery", "--eliminate", "4", "--rationale", "not worth it"),
    "cancel": ("cancel", "2", "--reason", "not needed"),
}


@pytest.fixture
def four(make: Make) -> Project:
    """1 → 2 → 3, and 4, which is emergent; the engineer has written them, and no loop has seen them."""
    made: Project = make({1: (), 2: (1,), 3: (2,)})
    made.add(4, 1, type="emergent", hypothesis="faster")
    return made


def shown(document: dict[str, Any]) -> list[tuple[object, ...]]:
    keys = ("number", "title", "type", "step", "dependencies", "ready", "blocked_by")
    return [tuple(json.dumps(prompt[key]) for key in keys) for prompt in document["prompts"]]


def as_of(made: Project, seq: int) -> list[tuple[object, ...]]:
    return shown(coord("log", "--as-of", str(seq), "--json", at=made.layout.root).json)


@pytest.mark.parametrize("arguments", STEPS.values(), ids=STEPS.keys())
def test_every_service_can_be_replayed_and_so_can_its_undo(four: Project, arguments: tuple[str, ...]) -> None:
    root = four.layout.root
    coord("decide", "begin", at=root)
    looks = {1: shown(coord("status", "--json", at=root).json)}
    for command in (arguments, ("undo",), arguments):
        done = coord(*command, "--yes", "--json", at=root)
        assert done.code == 0, done.err
        looks[four.events()[-1].seq] = shown(coord("status", "--json", at=root).json)
        assert {seq: as_of(four, seq) for seq in looks} == looks
    assert len(set(map(str, looks.values()))) >= 2, "the undo shows"
