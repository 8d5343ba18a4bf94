"""Work that other tools began goes on here, by a real loop; then their own files are told, and nothing else changes."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command import coord
from support.foreign_runs import PLOT, STATE, SWARM, everything, plot, write
from support.project import Project

from coordinator.apply import export
from coordinator.client.look import look
from coordinator.client.opening import Project as Opened
from coordinator.client.running import gather, origin, read_specification
from coordinator.client.steering import Steering
from coordinator.services.specification import RunSpec, plan_run
from coordinator.storage.files import write_atomic

Make = Callable[..., Project]
WORK = 'echo x >"f$COORD_PROMPT"; git add "f$COORD_PROMPT"; git commit -qm x; coord agent done --summary x\n'
PLACES = (".runs", ".plot", ".planning", ".agents", ".claude", "docs")


def contents(root: Path) -> dict[str, bytes]:
    """Every file of other tools below a root."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for place in PLACES
        for path in sorted((root / place).rglob("*"))
        if path.is_file()
    }


def continued(make: Make) -> Project:
    """A project with runs of other tools, of which what is left was imported."""
    made = make({})
    root = everything(made.layout.root)
    for number in (1, 2, 3):
        (made.layout.scripts / f"{number:02d}.sh").write_text(WORK)
    assert coord("import", str(root / ".runs" / SWARM), "--yes", at=root).code == 0
    assert coord("import", str(root), "--format", "subagents", "--yes", at=root).code == 0
    return made


def test_what_was_left_is_done_here_and_told_there(make: Make) -> None:
    made = continued(make)
    root = made.layout.root
    before = contents(root)
    made.run_loop()
    assert set(made.states().values()) == {"merged"}
    assert contents(root) == before
    shown = coord("export", "--dry-run", at=root)
    assert (shown.code, f"01 swarm:{SWARM}/ST-002: TODO → done" in shown.out) == (0, True)
    assert contents(root) == before
    done = coord("export", "--yes", "--json", at=root).json
    subtasks, points = f".runs/{SWARM}/plan/subtasks.yaml", f".runs/{SWARM}/review/review_worklist.json"
    assert (done["files"], done["applied"]) == ([subtasks, points], True)
    after = contents(root)
    assert {path for path in before if before[path] != after[path]} == {subtasks, points}
    assert after[subtasks].decode() == before[subtasks].decode().replace("TODO", "DONE")
    worklist = json.loads(after[points])
    assert worklist["summary"] == {"total": 2, "pending": 0, "resolved": 2, "skipped": 0}
    assert [item["status"] for item in worklist["items"]] == ["RESOLVED", "RESOLVED"]
    assert "nothing is new to them" in coord("export", "--yes", at=root).out
    assert contents(root) == after


def test_a_copy_has_every_byte_and_what_is_new(make: Make, tmp_path: Path) -> None:
    made = continued(make)
    root = made.layout.root
    (root / "docs/other.md").write_text("of no tool")
    write(root, {".claude/subagents-config.json": {"stages": {"TEST": {"coverageThreshold": 70}}, "unknown": [1]}})
    before = contents(root)
    copied = coord("export", "--to", str(tmp_path / "same"), "--json", at=root).json
    read = {path: data for path, data in before.items() if path != "docs/other.md"}
    assert contents(tmp_path / "same") == read
    assert {".claude/subagents-config.json", "docs/plans/login-plan.md"} < read.keys()
    assert (copied["files"], copied["problems"]) == ([], [])
    made.run_loop()
    assert coord("export", "--to", str(tmp_path / "new"), at=root).code == 0
    assert contents(root) == before
    new = contents(tmp_path / "new")
    assert {path for path in new if new[path] != before[path]} == {
        f".runs/{SWARM}/plan/subtasks.yaml",
        f".runs/{SWARM}/review/review_worklist.json",
    }


@pytest.mark.parametrize("target", [".", ".runs/new", ".coord/x", "full"])
def test_a_copy_goes_to_no_folder_that_has_files_or_is_copied(make: Make, target: str) -> None:
    made = make({})
    root = everything(made.layout.root)
    (root / "full").mkdir()
    (root / "full/x").write_text("mine")
    refused = coord("export", "--to", str(root / target), at=root)
    assert refused.code in (2, 3)
    assert (root / "full/x").read_text() == "mine"


def test_links_are_not_copied_and_a_link_is_never_written_through(make: Make, tmp_path: Path) -> None:
    made = continued(make)
    root = made.layout.root
    outside = tmp_path / "outside.yaml"
    subtasks = root / f".runs/{SWARM}/plan/subtasks.yaml"
    outside.write_bytes(subtasks.read_bytes())
    made.run_loop()
    subtasks.unlink()
    subtasks.symlink_to(outside)
    before = outside.read_bytes()
    done = coord("export", "--yes", "--json", at=root).json
    assert f".runs/{SWARM}/plan/subtasks.yaml" not in done["files"]
    assert outside.read_bytes() == before
    copied = coord("export", "--to", str(tmp_path / "copy"), "--json", at=root).json
    assert not os.path.lexists(tmp_path / "copy" / f".runs/{SWARM}/plan/subtasks.yaml")
    assert any(problem["path"].endswith("subtasks.yaml") for problem in copied["problems"])


def begin(made: Project, name: str) -> None:
    project = Opened(made.layout)
    snapshot = look(project)
    request = RunSpec(read_specification(project, name), origin=origin(project, name))
    Steering(project).apply(plan_run(snapshot, gather(project, snapshot, request)))


def test_a_plot_becomes_the_milestone_and_is_told_what_happened(make: Make) -> None:
    made = make({})
    root = plot(made.layout.root)
    path, log = root / f".plot/{PLOT}.json", root / f".plot/{PLOT}.events.jsonl"
    before, events = path.read_bytes(), log.read_bytes()
    begin(made, str(path))
    shown = coord("milestone", "--json", at=root).json
    assert (shown["title"], shown["intent"]["goal"]) == ("Phones", "Phones are first-class")
    assert coord("decide", "wide tables scroll", at=root).code == 0
    assert coord("intent", "set", "--goal", "Phones come first", at=root).code == 0
    assert coord("milestone", "close", at=root).code == 0
    done = coord("export", "--yes", at=root)
    assert (done.code, f".plot/{PLOT}.json: 3 events, done" in done.out) == (0, True), done.out + done.err
    now = log.read_bytes()
    assert now.startswith(events)
    told = [json.loads(line) for line in now[len(events) :].splitlines()]
    assert [(one["type"], one["data"]) for one in told] == [
        ("decision_made", {"summary": "wide tables scroll"}),
        ("intent_edited", {"field": "goal", "value": "Phones come first"}),
        ("status_changed", {"from": "ready", "to": "done"}),
    ]
    document, was = json.loads(path.read_text()), json.loads(before)
    assert (document["status"], document["intent"]["goal"]) == ("done", "Phones come first")
    assert document == {
        **was,
        "status": "done",
        "intent": {**was["intent"], "goal": "Phones come first"},
        "updated_at": told[-1]["at"],
    }
    assert "nothing is new to them" in coord("export", "--yes", at=root).out
    assert log.read_bytes() == now
    assert coord("runs", PLOT, "--json", at=root).json["mismatches"] == []


def test_events_that_another_tool_adds_meanwhile_are_kept(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make({})
    root = plot(made.layout.root)
    log = root / f".plot/{PLOT}.events.jsonl"
    begin(made, str(root / f".plot/{PLOT}.json"))
    assert coord("decide", "wide tables scroll", at=root).code == 0
    theirs = '{"type":"note","actor":"user:bob","at":"2027-01-01T00:00:00Z","data":{"text":"mine"}}\n'
    left = [1]

    def beside(path: Path | str, data: bytes, **more: Any) -> None:
        if left.pop() if left else 0:
            log.write_text(log.read_text() + theirs)
        write_atomic(path, data, **more)

    monkeypatch.setattr(export, "write_atomic", beside)
    assert coord("export", "--yes", at=root).code == 0
    told = [json.loads(line)["type"] for line in log.read_text().splitlines()]
    assert told[-2:] == ["note", "decision_made"]


def test_an_agent_may_not_export(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make({})
    root = everything(made.layout.root)
    monkeypatch.setenv("COORD_AGENT", "executor-01-1")
    monkeypatch.setenv("COORD_ROLE", "executor")
    for words in (("export", "--yes"), ("export", "--to", str(root / "x"))):
        refused = coord(*words, at=root)
        assert (refused.code, "only a human may" in refused.err) == (3, True)
    assert json.loads((root / STATE).read_text())["status"] == "stopped"
