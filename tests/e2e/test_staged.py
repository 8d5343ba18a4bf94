"""`staged` in the sample project: `coord pipeline` takes a task through all stages, with agents that really do it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.building import with_sample
from support.project import Project

from coordinator.storage.pipeline_state import load_state

Make = Callable[..., Project]
SCRIPT = Path(__file__).parents[1] / "support" / "staged_sample.sh"
TASK = "Tell a refused caller how long to wait, and refuse numbers that make no sense"
TURNS = [
    *("PLAN/1.1", "PLAN/1.2", "PLAN/1.3", "IMPLEMENT/2.1/T1", "IMPLEMENT/2.1/T2", "IMPLEMENT/2.1/T3"),
    *("IMPLEMENT/2.2", "IMPLEMENT/2.3", "IMPLEMENT/2.3/fix", "IMPLEMENT/2.3.2"),
    *("TEST/3.1", "TEST/3.2", "TEST/3.3", "TEST/3.2.2", "TEST/3.3.2"),
    *("FINAL/4.0", "FINAL/4.1", "FINAL/4.2", "FINAL/4.3"),
]


@pytest.mark.timeout(240)
def test_a_task_goes_through_all_stages_to_merged_and_every_border_can_be_read_afterwards(make: Make) -> None:
    made = make({})
    with_sample(made).unlink()
    (made.layout.scripts / "default.sh").write_text(SCRIPT.read_text())
    done = made.coord("pipeline", TASK, "--yes", "--until-idle", check=False)
    assert (done.returncode, made.states()) == (0, {1: "merged"}), f"{done.stdout[-3000:]}{done.stderr}"

    show = made.repository.git
    assert "retry_after" in show("show", "main:tokenbucket/bucket.py")
    assert 'float("inf")' in show("show", "main:tokenbucket/bucket.py")
    assert "test_a_rate_of_zero_is_refused" in show("show", "main:tests/test_waiting.py")
    (attempt,) = made.layout.runs.glob("run-*/prompts/01/attempt-1")
    state = load_state(attempt)
    assert state is not None
    assert [turn.path for turn in state.turns if turn.state == "done"] == TURNS

    (event,) = made.events("ownership.violated")
    assert event.data["files"] == ["tokenbucket/__init__.py"]
    suspects = {event.subject, *(f"stage:1/{path}" for path in event.data.get("beside", ()))}  # type: ignore[attr-defined]
    assert "stage:1/IMPLEMENT/2.1/T2" in suspects
    assert "not mine" not in show("show", "main:tokenbucket/__init__.py")

    told = json.loads((attempt / "pipeline-state.json").read_text())
    assert (told["task"], told["currentStage"]) == (TASK, None)
    assert {stage: one["status"] for stage, one in told["stages"].items()} == dict.fromkeys(told["stages"], "completed")
    assert "2.3" in told["stages"]["IMPLEMENT"]["phases"]
    plan = (attempt.parents[2] / "staged" / "01-1" / "plan.md").read_text()
    assert "T3" in plan
    found = json.loads(made.coord("artifacts", "--json").stdout)["artifacts"]
    assert [(one["name"], one["station"]) for one in found] == [("plan.md", "PLAN/1.2")]
    handed = made.events("handoff.given")[-1].data
    assert str(handed["summary"]).startswith("A refused caller is told how long to wait")
