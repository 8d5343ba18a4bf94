"""The loop killed without warning: whatever it was doing, the next one finds one attempt or none, and goes on."""

import os
import signal
from collections.abc import Callable

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.failpoint import POINTS
from coordinator.model.work import prompt_work
from coordinator.storage.runs import current_run

Make = Callable[..., Project]
COUNTED = 'echo "$COORD_ATTEMPT" >>"$COORD_ROOT/../ran-$COORD_PROMPT"\n' + WRITE
AHEAD = """\
mark=$COORD_ROOT/.coord/worktrees/.02-1.warm
n=0; until grep -q '"ready": true' "$mark" || [ $((n += 1)) = 150 ]; do sleep 0.02; done
"""
"""Waits until the next worktree is ready, or its loop is gone for long."""
ELSEWHERE = (
    *("kill-ended", "pause-stopped", "go-on-done", "handoff-given", "takeover-branched", "takeover-switched"),
    *("phase-recorded", "route-decided", "route-written", "route-told", "turn-taken", "pipeline-handed-off"),
    *("task-committed", "changes-found", "changes-committed", "changes-taken-back", "artifact-published"),
    *("ledger-noted", "seal-told"),
)
"""Points that only later attempts, ended and paused agents, iterations and pipelines pass, and agents' own:
`test_apply`, `test_pausing`, `test_handoff`, `test_interrupted`, `test_iterating_whole` and those of pipelines do."""


def killed(made: Project, point: str) -> None:
    """Run a loop until it kills itself at this point."""
    loop = made.start_loop("--until-idle", failpoint=point)
    assert loop.wait(90) == -signal.SIGKILL, made.said()


def runs_of(made: Project, number: int) -> list[str]:
    """Attempts in which the agent's script really ran."""
    return (made.repository.root.parent / f"ran-{number}").read_text().split()


@pytest.mark.slow
@pytest.mark.parametrize("point", [p for p in POINTS if p not in ELSEWHERE])
def test_a_loop_killed_at_any_point_leaves_one_attempt_and_the_next_completes_it(make: Make, point: str) -> None:
    made = make({1: [], 2: [1]}, {1: AHEAD + COUNTED if point.startswith("warm-") else COUNTED, 2: COUNTED})
    killed(made, point)
    assert len(made.attempts(1)) <= 1
    assert made.run_loop() == 0
    assert made.states() == {1: "merged", 2: "merged"}
    assert [len(made.attempts(n)) for n in (1, 2)] == [1, 1]
    assert runs_of(made, 1) == runs_of(made, 2) == ["1"]
    assert made.repository.git("show", "main:file-1.txt") == "by attempt 1"
    for kind in ("step.dispatched", "step.running", "step.change_open", "step.merged"):
        assert [event.prompt for event in made.events(kind)] == [1, 2], kind
    assert [path.name for path in made.layout.worktrees.iterdir() if path.name[0] in ".0"] == []
    assert made.repository.git("branch", "--list", "coord/*") == ""
    assert [p.status.value for p in made.snapshot().prompts.values()] == ["done", "done"]
    assert made.snapshot().milestone.status == "done"
    assert [run.state for run in [current_run(made.layout)] if run] == ["ended"]


def test_a_loop_killed_before_it_wrote_down_the_window_leaves_no_worktree_behind(make: Make) -> None:
    made = make({1: []})
    killed(made, "dispatch-window")
    (attempt,) = made.attempts(1)
    wait_until(
        lambda: (made.layout.attempt("run-1", prompt_work(1), 1) / "exit.json").exists(), message="its agent to end"
    )
    assert not attempt.get("window")
    assert made.run_loop() == 0
    assert list(made.layout.worktrees.glob("0*")) == []
    assert made.repository.git("branch", "--list", "coord/*") == ""


def test_work_that_landed_is_not_restarted_where_the_loop_died_before_that_was_recorded(make: Make) -> None:
    made = make({1: []}, {1: COUNTED})
    killed(made, "merge-landed")
    refused = made.coord("restart", "1", "--yes", check=False)
    assert (refused.returncode, "is merged by now" in refused.stderr) == (3, True), refused.stderr
    assert made.run_loop() == 0
    assert (made.states(), runs_of(made, 1)) == ({1: "merged"}, ["1"])


@pytest.mark.parametrize("point", ["dispatch-window", "dispatch-running"])
def test_an_agent_that_runs_on_is_taken_over(make: Make, point: str) -> None:
    made = make({1: []})
    (made.layout.scripts / "01.sh").write_text(made.until() + COUNTED)
    killed(made, point)
    wait_until(lambda: made.agents(1), message="the agent to run")
    before = made.agents(1)[0]
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "running")
    assert made.agents(1)[0] == before
    assert made.snapshot().steps[1].attempt.window == "@1"  # type: ignore[union-attr]
    made.release()
    assert loop.wait(90) == 0
    assert runs_of(made, 1) == ["1"]


def test_agents_of_a_killed_loop_are_settled_by_the_next_one(make: Make) -> None:
    made = make({1: [], 2: []}, max_parallel=2)
    (made.layout.scripts / "01.sh").write_text(made.until("one") + COUNTED)
    (made.layout.scripts / "02.sh").write_text(made.until("two") + COUNTED)
    loop = made.start_loop("--until-idle")
    for number in (1, 2):
        made.wait_for(number, "running")
    loop.kill()
    loop.wait()
    made.release("one")  # ends while no loop is there to see it
    exit_file = made.layout.attempt("run-1", prompt_work(1), 1) / "exit.json"
    wait_until(exit_file.exists, message="the first agent's end")
    second = made.start_loop("--until-idle")
    made.wait_for(1, "merged")
    assert [e.subject for e in made.events("agent.status")] == ["agent:executor-02-1"]
    made.release("two")
    assert second.wait(90) == 0
    assert runs_of(made, 1) == runs_of(made, 2) == ["1"]


def test_a_window_closed_by_hand_is_noticed_while_the_loop_runs(make: Make) -> None:
    made = make({1: []}, {1: "trap '' HUP TERM; sleep 600\n"})
    made.start_loop()
    made.wait_for(1, "running")
    window = next(w for w in made.terminals.windows() if w.name == "01-1")
    wait_until(lambda: len(made.agents(1)) >= 2, message="the script to run")
    for pid in made.agents(1):
        os.kill(pid, signal.SIGKILL)
    made.terminals.kill_window(window.id)
    made.wait_for(1, "failed")
    assert "gone without a word" in made.snapshot().steps[1].reason


def test_what_a_killed_agent_was_writing_is_cleared_away_when_its_attempt_ends(make: Make) -> None:
    half = '"$COORD_ROOT/.coord/runs/$COORD_RUN/prompts/01/attempt-1/.coord-tmp-999999999-1-0"'
    made = make({1: [], 2: []}, {1: f"echo half >{half}\nkill -9 $$\n"}, max_parallel=2)
    (made.layout.scripts / "02.sh").write_text(made.until() + WRITE)
    made.start_loop()
    made.wait_for(1, "failed")
    folder = made.layout.attempt("run-1", prompt_work(1), 1)
    wait_until(lambda: not list(folder.glob(".coord-tmp-*")), message="the unfinished file to go while the loop runs")
    made.release()


def test_every_point_is_somewhere_in_the_code() -> None:
    from pathlib import Path

    import coordinator

    code = "".join(path.read_text() for path in Path(coordinator.__file__).parent.rglob("*.py"))
    assert [p for p in POINTS if f'failpoint("{p}")' not in code] == []
