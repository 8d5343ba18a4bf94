"""A status that is printed again without looking is always the one that a look would give."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import coord

from coordinator.client import status_cache
from coordinator.formats.prompt_names import render_new
from coordinator.model.run import LoopAsk
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import prompt_work
from coordinator.storage.files import Lock
from coordinator.storage.paths import Layout
from coordinator.storage.runs import new_run, write_loop, write_step

AT = "2026-03-01T10:00:00Z"


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(status_cache, "_SETTLED", 0)
    coord("init", at=tmp_path)
    layout = Layout(tmp_path)
    (layout.prompts / "01-planned-a.prompt.md").write_bytes(render_new(number=1, title="A", body="x"))
    new_run(layout, "M", started=AT)
    return layout


def remembered_after_a_look(layout: Layout) -> str | None:
    coord("status", "--json", at=layout.root)
    return status_cache.remembered(str(layout.root))


def test_an_unchanged_project_is_answered_from_memory(layout: Layout) -> None:
    text = remembered_after_a_look(layout)
    assert text is not None
    assert json.loads(text) == coord("status", "--json", "--json", at=layout.root).json


def _attempt(layout: Layout) -> None:
    write_step(layout, Attempt(prompt_work(1), 1, "run-1", 1, StepState.FAILED, AT, AT, "executor-01-1"), new=True)


CHANGES: dict[str, Callable[[Layout], object]] = {
    "a prompt is edited": lambda p: (p.prompts / "01-planned-a.prompt.md").write_bytes(
        render_new(number=1, title="B", body="x")
    ),
    "a prompt is new": lambda p: (p.prompts / "02-planned-b.prompt.md").write_bytes(
        render_new(number=2, title="B", body="x")
    ),
    "a prompt is gone": lambda p: (p.prompts / "01-planned-a.prompt.md").unlink(),
    "a setting": lambda p: p.config.write_text("max_parallel: 7\n"),
    "the milestone": lambda p: p.milestone.write_text("---\ntitle: Other\n---\n"),
    "the loop is asked": lambda p: write_loop(p, LoopAsk("paused", 5)),
    "an attempt": _attempt,
    "a run": lambda p: new_run(p, "M", started=AT),
    "an event": lambda p: coord("ask", "Which?", at=p.root),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_any_change_is_looked_at(layout: Layout, change: Callable[[Layout], object]) -> None:
    before = remembered_after_a_look(layout)
    assert before is not None
    change(layout)
    assert status_cache.remembered(str(layout.root)) is None
    assert coord("status", "--json", at=layout.root).out != before


def test_the_start_and_the_end_of_a_loop_are_looked_at(layout: Layout) -> None:
    with Lock(layout.loop_lock):
        assert remembered_after_a_look(layout) is not None
    assert status_cache.remembered(str(layout.root)) is None


def test_an_agent_that_died_is_looked_at(layout: Layout) -> None:
    agent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    directory = layout.attempt("run-1", prompt_work(1), 1)
    (directory / "started").mkdir(parents=True)
    (directory / "started" / "pid").write_text(str(agent.pid))
    write_step(layout, Attempt(prompt_work(1), 1, "run-1", 1, StepState.RUNNING, AT, AT, "executor-01-1"), new=True)
    before = remembered_after_a_look(layout)
    agent.communicate(b"\n")
    assert before is not None
    assert json.loads(before)["agents"][0]["state"] == "working"
    assert status_cache.remembered(str(layout.root)) is None
    assert coord("status", "--json", at=layout.root).json["agents"][0]["state"] == "lost"


def test_a_young_file_is_not_trusted(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_cache, "_SETTLED", 10**12)
    assert remembered_after_a_look(layout) is None


def test_a_damaged_memory_is_looked_past(layout: Layout) -> None:
    remembered_after_a_look(layout)
    (layout.coord / ".coord-status.json").write_bytes(b"\xff\x1e\x1e")
    assert coord("status", "--json", at=layout.root).json["counts"]["total"] == 1
