"""Runs of other tools, read where they lie: each kind, in both shapes, with what is wrong with them, and no traps."""

import json
import os
import time
from pathlib import Path

import pytest
from support.foreign_runs import PLANNED, PLOT, STATE, SWARM, everything, planning, plot, subagents, swarm, write

from coordinator.model.foreign_run import ForeignRun
from coordinator.observe import foreign_runs
from coordinator.observe.foreign_runs import read_foreign


def run_of(root: Path, name: str) -> ForeignRun:
    return next(run for run in read_foreign(root).runs if run.id == name)


def test_every_kind_is_found_the_newest_first(tmp_path: Path) -> None:
    found = read_foreign(everything(tmp_path))
    assert [(run.tool, run.id) for run in found.runs] == [
        ("all-hands", PLANNED),
        ("plot", PLOT),
        ("subagents", "Users can log in"),
        ("swarm", SWARM),
        ("swarm", "old"),
    ]
    assert found.problems == ()
    assert read_foreign(tmp_path / "empty").runs == ()


def test_a_run_of_a_swarm_is_as_far_as_its_last_receipt(tmp_path: Path) -> None:
    run = run_of(swarm(tmp_path), SWARM)
    assert (run.title, run.status, run.at, run.iterations) == ("Rate limits", "UNVERIFIED", "gate", 2)
    assert [(step.name, step.status) for step in run.steps] == [
        ("signal", ""),
        ("plan", ""),
        ("build", "VERIFIED"),
        ("review", ""),
        ("gate", "UNVERIFIED"),
    ]
    assert (run.left, run.pending, len(run.files)) == (2, 1, 7)
    assert run.steps[-1].summary == "a test fails"
    assert "issue #12" in run.notes


def test_two_files_of_a_run_that_differ_are_both_told(tmp_path: Path) -> None:
    told = "\n".join(run_of(swarm(tmp_path), SWARM).mismatches)
    assert "index.json says VERIFIED, .runs/gh-12/gate/gate_receipt.json says UNVERIFIED" in told
    assert "build_receipt.json is VERIFIED, and counts 1 failed test" in told
    assert "review_worklist.json says pending 0, its entries are 1" in told
    assert run_of(tmp_path, "old").mismatches == ()


def test_both_shapes_of_a_ledger_are_read(tmp_path: Path) -> None:
    swarm(tmp_path)
    for name, states in ((SWARM, ["passed", "open"]), ("old", ["passed"])):
        ledger = run_of(tmp_path, name).ledger
        assert ledger is not None
        assert [entry.state.value for entry in ledger.entries] == states


def test_staged_subagents_are_where_their_state_says(tmp_path: Path) -> None:
    (run,) = read_foreign(subagents(tmp_path)).runs
    assert (run.tool, run.status, run.at, run.left) == ("subagents", "stopped", "IMPLEMENT 2.1", 1)
    assert [step.name for step in run.steps] == ["PLAN", "IMPLEMENT", "IMPLEMENT 2.1"]
    (tmp_path / "docs/plans/login-plan.md").unlink()
    (run,) = read_foreign(tmp_path).runs
    assert run.mismatches == ("the state names the plan docs/plans/login-plan.md, which is not there",)


def test_a_state_of_another_plugin_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {".agents/tmp/state.json": {"plugin": "ants", "stages": {}}, STATE: {"version": 3, "phase9": 1}})
    assert read_foreign(tmp_path) == foreign_runs.ForeignRuns()


def test_a_plot_says_what_it_is_for_and_what_happened(tmp_path: Path) -> None:
    run = run_of(plot(tmp_path), PLOT)
    assert (run.title, run.status, run.mismatches) == ("Phones", "ready", ())
    assert {"goal: Phones are first-class", "met when: all pages fit 360 px", "step seeds_issue x-1"} <= set(run.notes)
    assert [step.name for step in run.steps] == ["plot created", "status changed"]


def test_an_object_that_lags_behind_its_events_is_told(tmp_path: Path) -> None:
    path = plot(tmp_path) / f".plot/{PLOT}.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "status": "drafting", "intent": {**document["intent"], "goal": "x"}}))
    assert run_of(tmp_path, PLOT).mismatches == (
        f".plot/{PLOT}.json says drafting, its events end with ready",
        f".plot/{PLOT}.json has another goal than .plot/{PLOT}.events.jsonl set last",
    )
    path.unlink()
    run = run_of(tmp_path, PLOT)
    assert (run.title, run.status, run.place) == ("Phones", "ready", f".plot/{PLOT}.events.jsonl")


def test_a_planning_folder_counts_its_prompts_and_knows_its_branch(tmp_path: Path) -> None:
    run = run_of(planning(tmp_path), PLANNED)
    assert (run.status, run.iterations, run.left) == ("executing", 7, 2)
    counted = {step.status: step.summary for step in run.steps}
    assert counted == {"pending": "1", "done": "1", "blocked": "1", "cancelled": "1"}
    assert {"branch release/1.2", "core consolidation: pending"} <= set(run.notes)
    assert run.mismatches == ()
    (tmp_path / ".planning" / PLANNED).rename(tmp_path / ".planning/other")
    assert run_of(tmp_path, "other").mismatches == (
        ".planning/other is the folder of other, and says that it is of the branch release/1.2",
    )


def test_links_pipes_and_torn_files_are_named_and_hide_nothing_else(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    write(secret, {"run_meta.json": {"task_title": "SECRET"}})
    root = everything(tmp_path / "project")
    (root / ".runs/linked").symlink_to(secret)
    (root / f".runs/{SWARM}/plan/subtasks.yaml").unlink()
    (root / f".runs/{SWARM}/plan/subtasks.yaml").symlink_to(secret / "run_meta.json")
    (root / f".runs/{SWARM}/run_meta.json").write_text("{")
    os.mkfifo(root / f".runs/{SWARM}/wait_receipt.json")
    (root / f".plot/{PLOT}.json").write_bytes(b"\xff")
    (root / ".planning/torn").mkdir()
    (root / ".planning/torn/status.yaml").write_text("a: [")
    found = read_foreign(root)
    assert "SECRET" not in repr(found)
    told = {problem.path for problem in found.problems} | {p.path for run in found.runs for p in run.problems}
    assert told >= {
        ".runs/linked",
        f".runs/{SWARM}/plan/subtasks.yaml",
        f".runs/{SWARM}/run_meta.json",
        f".plot/{PLOT}.json",
        ".planning/torn/status.yaml",
    }
    assert {SWARM, "old", PLANNED} <= {run.id for run in found.runs}


@pytest.mark.parametrize("name", [".runs", ".plot", ".planning", ".agents"])
def test_a_folder_that_is_a_link_is_not_followed(tmp_path: Path, name: str) -> None:
    there = everything(tmp_path / "there")
    root = everything(tmp_path / "here")
    (root / name).rename(tmp_path / "moved")
    (root / name).symlink_to(there / name)
    found = read_foreign(root)
    assert any(problem.path.startswith(name) for problem in found.problems)
    assert not any(run.place.startswith(name) for run in found.runs)


def test_more_than_is_bounded_is_told_and_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_runs, "MOST_RUNS", 3)
    monkeypatch.setattr(foreign_runs, "MOST_FILES", 4)
    monkeypatch.setattr(foreign_runs, "FILE_LIMIT", 100)
    deep = "/".join("abcdefgh")
    write(tmp_path, {f".runs/r{n}/run_meta.json": {"task_title": "x" * (200 if n == 1 else 1)} for n in range(5)})
    write(tmp_path, {f".runs/r0/{deep}/x": "x"} | {f".runs/r2/{n}.md": "x" for n in range(9)})
    found = read_foreign(tmp_path)
    codes = {problem.code for problem in found.problems} | {p.code for run in found.runs for p in run.problems}
    assert len(found.runs) == 3
    assert codes == {"too-much", "unreadable"}
    monkeypatch.setattr(foreign_runs, "MOST_FILES", 100)
    assert "too-deep" in {p.code for run in read_foreign(tmp_path).runs for p in run.problems}
    assert next(run for run in found.runs if run.id == "r1").title == ""


def test_two_hundred_runs_are_read_in_a_moment(tmp_path: Path) -> None:
    swarm(tmp_path)
    source = {path.relative_to(tmp_path / ".runs" / SWARM): path for path in (tmp_path / f".runs/{SWARM}").rglob("*.*")}
    for number in range(200):
        for name, path in source.items():
            target = tmp_path / f".runs/r{number}" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    begun = time.process_time()
    assert len(read_foreign(tmp_path).runs) == 202
    assert time.process_time() - begun < 4
