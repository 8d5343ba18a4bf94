"""What a milestone taught, by the command: a report without anybody's help, and a plan that can be taken back."""

from pathlib import Path

import pytest
from support.command import coord
from support.project import prompt_text

from coordinator.eventlog.store import EventLog
from coordinator.model.event import SYSTEM, Actor, ActorKind, Draft
from coordinator.storage.paths import Layout

EXECUTOR = Actor(ActorKind.AGENT, "executor-02-1", "executor")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """02 corrects 01, which a suite had passed, and shows by a command that it does; 03 failed."""
    assert coord("init", "--title", "Rate limiting", at=tmp_path).code == 0
    layout = Layout(tmp_path)
    layout.suites.mkdir(exist_ok=True)
    (layout.suites / "unit.md").write_text("---\ncommand: make unit\n---\n")
    values = {
        1: {"status": "done", "validation_suites": "[unit]"},
        2: {"status": "done", "type": "user-patch", "patches_prompts": "[1]"},
        3: {"status": "failed"},
    }
    for number, more in values.items():
        path = layout.prompts / f"{number:02d}-planned-x.prompt.md"
        path.write_text(prompt_text(number, **more) + "\n## Engineer Feedback\n\nRound \x1b[31mdown\n")
    given = {"attempt": 1, "outcome": "done", "summary": "did it", "checks": ["make rounding"]}
    with EventLog.open(layout.events_db, create=True) as log:
        log.append([Draft("handoff.given", "prompt:2", given)], EXECUTOR)
        log.append([Draft("step.failed", "prompt:3", {"attempt": 1, "reason": "it hung\nfor ever"})], SYSTEM)
    return tmp_path


def test_the_report_names_what_slipped_through_and_what_let_it_through(root: Path) -> None:
    said = coord("compound", at=root)
    assert said.code == 0, said.err
    assert "1 user-patch, 1 failure" in said.out
    assert "Round ·[31mdown" in said.out
    assert "\x1b" not in said.out
    assert "it passed on that work" in said.out
    assert "make rounding" in said.out
    found = coord("compound", "--json", at=root).json
    assert [(slip["kind"], slip["prompt"], slip["fixed_by"]) for slip in found["slips"]] == [
        ("user-patch", 1, 2),
        ("failure", 3, None),
    ]
    assert [(one["part"], one["path"]) for one in found["proposals"]] == [
        ("suite", ".coord/suites/unit.md"),
        ("learning", ".coord/learnings.md"),
    ]


def test_what_is_taken_is_a_plan_it_is_not_proposed_again_and_can_be_taken_back(root: Path) -> None:
    before = {path: path.read_bytes() for path in root.rglob(".coord/*.md")}
    shown = coord("compound", "--all", "--dry-run", "--json", at=root).json
    assert (shown["service"], shown["applied"]) == ("compound", False)
    assert {path: path.read_bytes() for path in before} == before
    assert coord("compound", "--all", "--reason", "never again", "--yes", at=root).code == 0
    assert (root / ".coord/suites/unit.md").read_text() == "---\ncommand: make unit && make rounding\n---\n"
    assert "- Round ·[31mdown" in (root / ".coord/learnings.md").read_text()
    assert "never again" in (root / ".coord/alignment.md").read_text()
    assert not coord("compound", "--json", at=root).json["proposals"]
    kept = coord("learnings", "--json", at=root).json["learnings"]
    assert [one["text"] for one in kept] == ["Round ·[31mdown"]
    assert coord("undo", "--yes", at=root).code == 0
    assert (root / ".coord/suites/unit.md").read_text() == "---\ncommand: make unit\n---\n"
    assert not (root / ".coord/learnings.md").exists()


def test_what_is_not_proposed_can_not_be_taken_and_nobody_takes_it_unasked(root: Path) -> None:
    refused = coord("compound", "--take", "sffff0", "--yes", at=root)
    assert (refused.code, "nothing that is proposed is called" in refused.err) == (3, True)
    assert coord("compound", "--all", at=root).code == 2


def test_a_milestone_in_which_nothing_slipped_through_says_so(tmp_path: Path) -> None:
    assert coord("init", "--title", "Rate limiting", at=tmp_path).code == 0
    assert "Nothing slipped through so far" in coord("compound", at=tmp_path).out
