"""A service that is a module and a line of the registry has its command."""

from collections.abc import Callable

import pytest
from support.command import coord
from support.project import Project
from support.toy import LINE

from coordinator.services.registry import SERVICES

Make = Callable[..., Project]


@pytest.fixture
def made(make: Make, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setitem(SERVICES, LINE.name, LINE)
    return make({1: (), 2: (1,)})


def test_a_registered_service_is_a_verb_with_its_options(made: Project) -> None:
    steering = coord("--help", at=made.layout.root).out.partition("Steer:")[2].partition("Record:")[0]
    assert "rename" in steering
    assert "Rename a prompt." in steering
    shown = coord("rename", "--help", at=made.layout.root).out
    assert "Give a prompt another title; its file keeps its name." in shown
    assert "Its new title.  [required]" in shown
    for option in ("--title TEXT", "--reason TEXT", "--dry-run", "--json", "--yes", "NUMBER"):
        assert option in shown


def test_a_registered_service_is_planned_applied_and_refused_like_the_others(made: Project) -> None:
    shown = coord("rename", "2", "--title", "Better", "--dry-run", "--json", at=made.layout.root)
    assert (shown.json["service"], shown.json["summary"]) == ("rename", "rename 02 to Better")
    assert coord("rename", "2", "--title", "Better", "--yes", at=made.layout.root).code == 0
    assert made.snapshot().prompts[2].title == "Better"
    assert coord("undo", "--yes", at=made.layout.root).code == 0
    assert coord("rename", "9", "--title", "x", "--yes", at=made.layout.root).code == 3
    missing = coord("rename", "2", at=made.layout.root)
    assert (missing.code, missing.err.splitlines()[0]) == (2, "coord: Missing option '--title'")


def test_a_registered_service_has_a_schema(made: Project) -> None:
    assert LINE.schema == {
        "description": "Give a prompt another title; its file keeps its name.",
        "type": "object",
        "properties": {
            "number": {"type": "integer", "minimum": 1, "description": "The prompt to rename."},
            "title": {"type": "string", "description": "Its new title."},
            "reason": {"type": "string", "description": "Why; goes to the log."},
        },
        "required": ["number", "title"],
        "additionalProperties": False,
    }
