"""A moment of a project whose prompts are worked on by pipelines: stations, a critic, stages with a wave of tasks."""

import json
import tempfile
from pathlib import Path

from support import build
from support.foreign_runs import everything
from support.scenes import NOW, agent, iso, prompt, snapshot, step

from coordinator.lazy.dataclass import replace
from coordinator.model.foreign_run import ForeignRuns
from coordinator.model.pipeline import Asked, Position, Published, Station, Turn
from coordinator.model.snapshot import Agent, AgentState, Loop, LoopState, Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import WorkId, turn_work
from coordinator.observe.foreign_runs import read_foreign

STATIONS = tuple(
    Station(name, name, loop=loop)
    for name, loop in (
        ("requirements-author", ""),
        ("test-author", ""),
        ("test-critic", "test-author"),
        ("implementer", ""),
        ("code-critic", "implementer"),
        ("cleanup", ""),
    )
)


def turn_attempt(number: int, path: str, state: StepState, ago: float, **more: object) -> tuple[WorkId, Attempt]:
    work = turn_work(number, path)
    own = {"work": work, "agent": f"{number:02d}-1-{path.replace('/', '+')}", "started": iso(ago), "since": iso(ago)}
    return work, replace(build.attempt(number, state, run="run-3"), **{**own, **more})  # type: ignore[arg-type]


def turn_agent(number: int, path: str, state: AgentState, began: float, **more: object) -> Agent:
    own = {"id": f"{number:02d}-1-{path.replace('/', '+')}", "role": "stage", "stage": path}
    return agent(number, state, began, **{**own, "window": f"@{began:g}", "pane": f"%{began:g}", **more})


CONTENTS: dict[str, bytes | str] = {
    "requirements.md": b"# Requirements\n\n- REQ-1: a key has a bucket of its own\n- REQ-2: the wait is told\n",
    "ac_status.json": json.dumps(
        {
            "acs": {
                "AC-1": {"description": "two keys never share", "tests_written": "3", "impl_status": "done"},
                "AC-2": {"description": "the wait is told", "tests_written": "2", "verify_status": "failed"},
            }
        }
    ).encode(),
    "code_worklist.json": json.dumps(
        {
            "items": [
                {
                    "id": "RW-001",
                    "severity": "MAJOR",
                    "location": {"file": "src/bucket.py", "line": 40},
                    "summary": "The wait is rounded down",
                    "route_to": "implementer",
                    "status": "PENDING",
                },
                {"id": "RW-002", "severity": "MINOR", "summary": "Name the unit", "status": "RESOLVED"},
            ]
        }
    ).encode(),
}
"""What the artifacts of prompt 2 hold."""


def foreign() -> ForeignRuns:
    """What other tools have begun there."""
    with tempfile.TemporaryDirectory() as folder:
        return read_foreign(everything(Path(folder)))


def piped() -> Snapshot:
    """Two prompts of `build`, one of which asks, one of `staged` in its wave, and two without a pipeline."""
    prompts = [
        prompt(1, "Parse limits from TOML", status="done"),
        prompt(2, "Token bucket core", 1, pipeline="build"),
        prompt(3, "HTTP middleware headers", 1, pipeline="build"),
        prompt(4, "Persist buckets to SQLite", 1, pipeline="staged"),
        prompt(5, "Publish metrics", 3),
    ]
    steps = [
        step(1, StepState.MERGED, 9000, 242),
        step(2, StepState.RUNNING, 1900, pipeline="build"),
        step(3, StepState.RUNNING, 900, pipeline="build"),
        step(4, StepState.RUNNING, 700, pipeline="staged"),
    ]
    build_turns = (
        Turn("requirements-author", "requirements-author", state="done", summary="four requirements", at=iso(1700)),
        Turn("test-author", "test-author", state="done", summary="nine tests", at=iso(1400)),
        Turn("test-critic", "test-critic", state="done", pending=0, at=iso(1300)),
        Turn("implementer", "implementer", state="done", summary="the core", at=iso(800)),
        Turn("code-critic", "code-critic", state="done", pending=2, at=iso(600)),
        Turn("implementer.2", "implementer", 2, why="2 points of code-critic are open", at=iso(590)),
    )
    published = (
        Published("requirements.md", "requirements-author", "a" * 64, 2140, iso(1700)),
        Published("ac_status.json", "test-author", "b" * 64, 611, iso(1400)),
        Published("code_worklist.json", "code-critic", "c" * 64, 902, iso(600)),
    )
    failed = (
        Turn("requirements-author", "requirements-author", state="done", at=iso(800)),
        Turn("test-author", "test-author", state="failed", why="no tests were written", at=iso(500)),
        Turn("test-author.2", "test-author", state="failed", why="it handed off without: tests", at=iso(300)),
    )
    asked = Asked("q1", "test-author.2", "test-author", "test-author failed twice: what now?")
    staged = (
        Turn("PLAN/1.1", "PLAN/1.1", state="done", at=iso(650)),
        Turn("PLAN/1.2", "PLAN/1.2", state="done", at=iso(500)),
        Turn("PLAN/1.3", "PLAN/1.3", state="done", at=iso(400)),
        Turn("IMPLEMENT/2.1/T1", "IMPLEMENT/2.1", state="done", at=iso(200)),
        Turn("IMPLEMENT/2.1/T2", "IMPLEMENT/2.1", at=iso(150)),
        Turn("IMPLEMENT/2.1/T3", "IMPLEMENT/2.1", at=iso(150)),
    )
    return snapshot(
        prompts,
        steps,
        pipelines={
            2: Position("build", stations=STATIONS, turns=build_turns, published=published),
            3: Position("build", stations=STATIONS, turns=failed, asked=asked),
            4: Position("staged", "staged", turns=staged),
        },
        stages=dict(
            (
                turn_attempt(2, "implementer.2", StepState.RUNNING, 590),
                turn_attempt(4, "IMPLEMENT/2.1/T2", StepState.RUNNING, 150),
                turn_attempt(4, "IMPLEMENT/2.1/T3", StepState.RUNNING, 150),
            )
        ),
        agents=(
            turn_agent(2, "implementer.2", AgentState.WORKING, 590, tokens=18_200, cost_usd=0.12),
            turn_agent(2, "code-critic", AgentState.FINISHED, 700, tokens=9_100, observed_at=NOW - 600),
            turn_agent(4, "IMPLEMENT/2.1/T2", AgentState.WORKING, 150, tokens=4_000),
            turn_agent(4, "IMPLEMENT/2.1/T3", AgentState.PERMISSION, 151),
        ),
        loop=Loop(LoopState.RUNNING, "02, 03, 04 running", 3, alive=True),
    )
