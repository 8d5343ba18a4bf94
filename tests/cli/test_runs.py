"""The runs of a project: how each ended, what it took, and what was worked on in it."""

from pathlib import Path

import pytest
from support import build
from support.command import coord

from coordinator.client.chat_files import ChatFiles
from coordinator.client.observing import Observing
from coordinator.client.opening import project_at
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.model.event import SYSTEM, Draft
from coordinator.model.run import Run, RunReport
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.model.usage import NOTHING, Spent
from coordinator.storage.paths import Layout
from coordinator.storage.runs import new_run, write_run, write_step


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A project with a run that ended, and one that nobody took up again."""
    assert coord("init", "--title", "Rate limiting", at=tmp_path).code == 0
    made = Layout(tmp_path)
    first = new_run(made, "Rate limiting", started="2027-01-15T08:00:00Z", base_branch="main")
    ended = Run(
        first,
        "Rate limiting",
        base_branch="main",
        iteration=2,
        state="ended",
        outcome="done",
        started="2027-01-15T08:00:00Z",
        ended="2027-01-15T09:04:00Z",
    )
    write_run(made, ended)
    with EventLog.open(made.events_db) as log:
        used = {"reason": "all merged", "tokens": 18_200, "cost_usd": 0.12, "seconds": 300.5}
        log.append([Draft("run.finished", f"run:{first}", used)], SYSTEM, first)
    done = build.attempt(1, StepState.MERGED, run=first, title="Buckets", started="2027-01-15T08:00:00Z")
    failed = build.attempt(
        2, StepState.FAILED, run=first, title="予算", reason="no tests", started="2027-01-15T08:10:00Z"
    )
    for attempt in (done, failed):
        write_step(made, attempt)
    new_run(made, "Later", started="2027-01-16T08:00:00Z")
    return made


def test_runs_are_listed_with_what_they_took_the_newest_first(layout: Layout) -> None:
    later, first = coord("runs", "--json", at=layout.root).json["runs"]
    assert (first["id"], first["milestone"], first["state"], first["outcome"]) == (
        "run-1",
        "Rate limiting",
        "ended",
        "done",
    )
    assert (first["iterations"], first["seconds"], first["worked_s"]) == (2, 3840.0, 300.5)
    assert (first["tokens"], first["cost_usd"]) == (18_200, 0.12)
    assert (first["started"], first["ended"]) == ("2027-01-15T08:00:00Z", "2027-01-15T09:04:00Z")
    assert (later["id"], later["state"], later["outcome"], later["tokens"]) == ("run-2", "waiting", None, None)
    shown = coord("runs", at=layout.root).out.splitlines()
    assert shown[0].startswith("run-2  waiting")
    assert shown[1].startswith("run-1  done")
    assert shown[1].endswith("Rate limiting  1h04, 2 iterations, 18,200 tokens, $0.12")


def test_what_the_coordinator_used_is_told_beside_what_agents_did_and_never_with_it(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project = project_at(str(layout.root))
    files = ChatFiles(project)
    files.use("Rate limiting", 1500, 0.03, "run-1")
    files.use("Rate limiting", 500, None, "run-1")
    files.use("Rate limiting", 700, None)  # before any run
    later, first = coord("runs", "--json", at=layout.root).json["runs"]
    assert (first["tokens"], first["cost_usd"]) == (18_200, 0.12)
    assert first["coordinator"] == {"tokens": 2000, "cost_usd": 0.03}
    assert later["coordinator"] == {"tokens": None, "cost_usd": None}
    assert coord("runs", at=layout.root).out.splitlines()[1].endswith("$0.12, coordinator 2,000 tokens, $0.03")
    assert files.used("Rate limiting").tokens == 2700
    files.use("Later", 9, 0.01, "run-2")
    observing = Observing(project)
    try:
        seen = next(observing.snapshots())
    finally:
        observing.close()
    assert isinstance(seen, Snapshot)
    assert (seen.run, seen.talked, seen.spent) == ("run-2", Spent(9, 0.01), {})


@pytest.mark.parametrize(
    "content", ["", "[1]", '{"run-1": 7}', '{"run-1": {"tokens": -1, "cost_usd": "x"}}', "[" * 9000]
)
def test_usage_that_can_not_be_read_is_none(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    ChatFiles(project_at(str(layout.root))).use("m", 1, 1.0, "run-1")
    next((tmp_path / "state").rglob("runs.json")).write_text(content)
    assert coord("runs", "--json", at=layout.root).json["runs"][1]["coordinator"] == {"tokens": None, "cost_usd": None}


@pytest.mark.parametrize("name", ["1", "run-1"])
def test_a_run_tells_what_was_worked_on_in_it(layout: Layout, name: str) -> None:
    page = coord("runs", name, "--json", at=layout.root).json
    assert [(a["prompt"], a["title"], a["state"], a["reason"]) for a in page["attempts"]] == [
        (1, "Buckets", "merged", None),
        (2, "予算", "failed", "no tests"),
    ]
    shown = coord("runs", name, at=layout.root).out
    assert " ✓ 01  Buckets  executor-01-1" in shown
    assert " ✗ 02  予算     executor-02-1" in shown
    assert "failed: no tests" in shown


def test_a_run_that_there_is_none_of_is_refused(layout: Layout) -> None:
    refused = coord("runs", "7", at=layout.root)
    assert (refused.code, "no run 7" in refused.err, "coord runs" in refused.err) == (3, True, True)


def test_a_run_whose_record_can_not_be_read_is_listed_as_unknown(layout: Layout) -> None:
    (layout.run("run-1") / "run.json").write_text("{")
    found = coord("runs", "--json", at=layout.root).json["runs"]
    assert [(run["id"], run["state"]) for run in found] == [("run-2", "waiting"), ("run-1", "unknown")]


def test_without_a_run_it_says_how_to_start_one(tmp_path: Path) -> None:
    coord("init", at=tmp_path)
    assert "coord loop" in coord("runs", at=tmp_path).out
    assert coord("runs", "--json", at=tmp_path).json == {"runs": [], "foreign": []}


def test_a_run_that_goes_on_takes_time_until_now() -> None:
    run = Run("run-1", started=build.AT)
    assert RunReport(run, NOTHING).seconds(build.NOW + 5) == 5
    assert RunReport(replace(run, state="unknown"), NOTHING).seconds(build.NOW) is None
