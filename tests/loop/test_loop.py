"""The loop as a process, on real git, tmux and SQLite, with scripted agents."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import NOTHING, WRITE, Project
from support.wait import wait_until

from coordinator.loop.control import set_loop, start_loop
from coordinator.model.event import Actor, ActorKind
from coordinator.model.work import prompt_work
from coordinator.storage.attempts import run_ids
from coordinator.storage.runs import loop_is_alive, read_loop

ADA = Actor(ActorKind.HUMAN, "ada")
Make = Callable[..., Project]


def merges(made: Project) -> list[int | None]:
    return [event.prompt for event in made.events("step.merged")]


@pytest.mark.slow
def test_prompts_run_in_order_of_their_dependencies_and_land_on_the_base_branch(make: Make) -> None:
    made = make({1: [], 2: [1], 3: [2]})
    assert made.run_loop() == 0
    assert merges(made) == [1, 2, 3]
    assert set(made.repository.git("ls-tree", "--name-only", "main").split()) >= {f"file-{n}.txt" for n in (1, 2, 3)}
    snapshot = made.snapshot()
    for prompt in snapshot.prompts.values():
        assert (prompt.status, prompt.attempts, len(prompt.commits)) == ("done", 1, 1)
    assert snapshot.milestone.status == "done"


def test_every_transition_is_an_event_in_order(make: Make) -> None:
    made = make({1: []})
    made.run_loop()
    kinds = [event.kind for event in made.events() if event.subject in ("prompt:1", "agent:executor-01-1")]
    assert kinds == [
        "step.dispatched",
        "agent.started",
        "step.running",
        "handoff.given",
        "agent.exited",
        "step.change_open",
        "step.merged",
    ]
    assert [e.kind for e in made.events("run.started", "run.finished", "milestone.status")] == [
        "run.started",
        "milestone.status",
        "run.finished",
    ]


def test_a_merge_leaves_its_screen_and_neither_window_nor_worktree(make: Make) -> None:
    made = make({1: [], 2: [1]}, {1: "printf '\\033[31mred\\033[0m\\n'\n" + WRITE, 2: "exit 1\n"})
    assert made.run_loop() == 1
    directory = made.layout.attempt("run-1", prompt_work(1), 1)
    assert "\x1b[31mred" in (directory / "screen.txt").read_text()
    assert [window.name for window in made.terminals.windows()] == ["home", "02-1"]
    assert not made.layout.worktree(prompt_work(1), 1).exists()
    assert made.repository.head("coord/01-1") == ""
    assert "wrote file 1" in (directory / "handoff.md").read_text()
    assert "wrote file 1" in made.layout.alignment.read_text()


def test_independent_prompts_run_side_by_side_up_to_the_limit(make: Make, tmp_path: Path) -> None:
    made = make({1: [], 2: [], 3: []}, max_parallel=2)
    for number in (1, 2, 3):
        (made.layout.scripts / f"{number:02d}.sh").write_text(made.until() + WRITE)
    loop = made.start_loop("--until-idle")
    made.wait_for(2, "running")
    assert made.states() == {1: "running", 2: "running", 3: "pending"}
    made.release()
    assert loop.wait(90) == 0
    assert sorted(merges(made), key=str) == [1, 2, 3]


def test_a_prompt_added_while_the_loop_runs_is_picked_up(make: Make) -> None:
    made = make({1: []})
    made.start_loop()
    wait_until(lambda: made.events("run.finished"), message="the end of the first run")
    made.add(2, 1)
    made.wait_for(2, "merged")
    assert made.snapshot().run == "run-2"
    wait_until(lambda: len(made.events("run.finished")) == 2, message="the end of the second run")
    assert made.snapshot().milestone.status == "done"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 0\n", "ended with exit status 0 without handing off"),
        ("exit 3\n", "ended with exit status 3 without handing off"),
        ("no-such-program\n", "ended with exit status 127 (its command was not found) without handing off"),
        ("coord agent fail --reason 'tests are red'; exit 1\n", "tests are red"),
        (
            "coord agent done --no-change --summary x; echo late >late.txt\n",
            "uncommitted work in its worktree: late.txt",
        ),
        ("kill -KILL $$\n", "ended with exit status 137 (killed) without handing off"),
        ("kill -KILL $PPID; sleep 600\n", "gone without a word"),
    ],
)
def test_an_attempt_that_ends_badly_fails_and_halts_the_plan(make: Make, script: str, reason: str) -> None:
    made = make({1: [], 2: []}, {1: script}, max_parallel=1)
    assert made.run_loop() == 1
    assert made.states() == {1: "failed", 2: "pending"}
    assert reason in made.snapshot().steps[1].reason
    assert made.snapshot().prompts[1].status == "failed"
    assert "halted" in made.said()
    assert made.layout.worktree(prompt_work(1), 1).is_dir()


def test_a_prompt_without_a_script_fails_with_the_way_on(make: Make) -> None:
    made = make({1: []})
    (made.layout.scripts / "01.sh").unlink()
    assert made.run_loop() == 1
    assert "has no script" in made.snapshot().steps[1].reason
    assert made.attempts(1)[0]["state"] == "failed"


def test_done_with_uncommitted_work_is_refused_while_the_agent_can_still_commit(make: Make) -> None:
    script = (
        "echo one >one.txt; coord agent done --summary early 2>refused.log && exit 9\n"
        "cat refused.log >&2; rm refused.log; git add -A; git commit -qm One; coord agent done --summary late\n"
    )
    made = make({1: []}, {1: script})
    assert made.run_loop() == 0
    screen = (made.layout.attempt("run-1", prompt_work(1), 1) / "screen.txt").read_text()
    assert "not done yet" in screen
    assert "one.txt" in screen


def test_a_blocked_agent_blocks_its_own_dependents_only(make: Make) -> None:
    made = make({1: [], 2: [1], 3: []}, {1: "coord agent blocked --reason 'needs a key'\n"})
    assert made.run_loop() == 1
    assert made.states() == {1: "blocked", 2: "pending", 3: "merged"}
    assert made.snapshot().steps[1].reason == "needs a key"
    assert "stuck" in made.said()


def test_a_failed_prompt_is_tried_again_after_its_back_off(make: Make) -> None:
    script = 'if [ "$COORD_ATTEMPT" = 1 ]; then coord agent fail --reason "first time"; exit 1; fi\n' + WRITE
    made = make({1: []}, {1: script}, max_attempts=2, retry_backoff=0.2)
    assert made.run_loop() == 0
    first, second = made.attempts(1)
    assert (first["state"], second["state"]) == ("failed", "merged")
    assert made.snapshot().prompts[1].attempts == 2
    prompt = (made.layout.attempt("run-1", prompt_work(1), 2) / "prompt.txt").read_text()
    assert "## Attempt 1 came to nothing" in prompt
    assert "> first time\n" in prompt


@pytest.mark.slow
def test_a_conflict_comes_back_to_an_agent_on_the_same_commits(make: Make) -> None:
    clash = 'echo "mine" >shared.txt; git add -A; git commit -qm Mine; coord agent done --summary mine\n'
    made = make({1: [], 2: []}, max_parallel=2)
    (made.layout.scripts / "01.sh").write_text("echo theirs >shared.txt; git add -A; git commit -qm Theirs\n" + NOTHING)
    (made.layout.scripts / "02.sh").write_text(
        'if [ "$COORD_ATTEMPT" = 1 ]; then\n' + made.until() + clash + "exit; fi\n"
        "git merge -q main -m Merge || { git checkout --ours shared.txt; git add -A; git commit -qm Resolved; }\n"
        "coord agent done --summary resolved\n"
    )
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "merged")
    made.release()
    assert loop.wait(90) == 0
    assert [a["state"] for a in made.attempts(2)] == ["pending", "merged"]
    assert made.repository.git("show", "main:shared.txt") == "mine"
    assert made.events("conflict.detected")[0].data["files"] == ["shared.txt"]
    prompt = (made.layout.attempt("run-1", prompt_work(2), 2) / "prompt.txt").read_text()
    assert "Your work came back" in prompt
    assert "shared.txt" in prompt


def test_a_red_suite_never_lands_and_halts_after_three_attempts(make: Make) -> None:
    made = make({})
    made.repository.suite("unit", "echo the-test-is-red; exit 1")
    made.add(
        1,
        script="[ -e file-1.txt ] && { coord agent done --summary again; exit; }\n" + WRITE,
        validation_suites="[unit]",
    )
    before = made.repository.head()
    assert made.run_loop() == 1
    assert made.repository.head() == before
    assert [a["state"] for a in made.attempts(1)] == ["pending", "pending", "failed"]
    assert "the-test-is-red" in made.snapshot().steps[1].reason
    assert made.repository.head("coord/01-3")


def test_an_approved_change_lands_and_a_rejected_one_comes_back(make: Make) -> None:
    from coordinator.eventlog.store import EventLog
    from coordinator.model.event import Draft

    made = make(
        {1: []},
        {1: 'echo "$COORD_ATTEMPT" >>f; git add f; git commit -qm "Try $COORD_ATTEMPT"\n' + NOTHING},
        gate="review",
    )

    def review(kind: str, attempt: int) -> None:
        commit = made.repository.head(f"coord/01-{attempt}")
        with EventLog(made.layout.events_db) as log:
            log.append([Draft(kind, "prompt:1", {"attempt": attempt, "commit": commit, "note": "shorter"})], ADA)

    loop = made.start_loop("--until-idle")
    made.wait_for(1, "change-open")
    assert made.repository.head("main^{tree}") == made.repository.git("rev-parse", "main~0^{tree}")
    review("change.rejected", 1)
    wait_until(lambda: len(made.attempts(1)) == 2, message="the second attempt")
    made.wait_for(1, "change-open")
    assert "shorter" in (made.layout.attempt("run-1", prompt_work(1), 2) / "prompt.txt").read_text()
    review("change.approved", 2)
    assert loop.wait(90) == 0
    assert made.repository.git("show", "main:f") == "1\n2"


def test_an_approval_does_not_cover_what_came_after_it(make: Make) -> None:
    from coordinator.eventlog.store import EventLog
    from coordinator.model.event import Draft

    made = make({1: []}, gate="review")
    made.start_loop()
    made.wait_for(1, "change-open")
    with EventLog(made.layout.events_db) as log:
        log.append([Draft("change.approved", "prompt:1", {"attempt": 1, "commit": made.repository.head()})], ADA)
    made.sees(lambda snapshot: "moved since" in snapshot.steps[1].reason, message="the refusal")
    assert made.states() == {1: "change-open"}


def test_an_attempt_over_its_time_is_ended_with_all_that_it_started(make: Make) -> None:
    made = make({})
    made.add(1, script="setsid sleep 600 &\nsleep 600\n", timeout=1)
    assert made.run_loop() == 1
    assert "took longer than the 1 s" in made.snapshot().steps[1].reason
    assert made.agents(1) == []


@pytest.mark.slow
def test_a_question_pauses_the_work_until_it_is_answered(make: Make) -> None:
    script = 'answer=$(coord ask "Which?" --option a --option b --wait)\necho "$answer" >answer.txt\n' + WRITE
    made = make({1: [], 2: []}, {1: script}, max_parallel=1)
    loop = made.start_loop("--until-idle")
    wait_until(lambda: made.events("question.asked"), message="the question")
    assert made.states() == {1: "running", 2: "pending"}
    made.coord("answer", str(made.events("question.asked")[0].seq), "b")
    assert loop.wait(90) == 0
    assert made.repository.git("show", "main:answer.txt") == "b"


@pytest.mark.slow
def test_a_paused_loop_finishes_what_runs_and_starts_nothing(make: Make) -> None:
    made = make({1: [], 2: []}, max_parallel=1)
    (made.layout.scripts / "01.sh").write_text(made.until() + WRITE)
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "running")
    made.coord("pause")
    made.release()
    made.wait_for(1, "merged")
    wait_until(lambda: made.events("run.paused"), message="the pause to be told")
    assert made.states() == {1: "merged", 2: "pending"}
    made.coord("resume")
    assert loop.wait(90) == 0
    assert made.states() == {1: "merged", 2: "merged"}


def test_there_is_one_loop_per_project(make: Make) -> None:
    made = make({1: []}, gate="review")
    made.start_loop()
    made.wait_for(1, "change-open")
    second = made.coord("loop", "--until-idle", check=False)
    assert second.returncode == 3
    assert "runs already" in second.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_loop_leaves_its_agents_to_the_next_one(make: Make, number: signal.Signals) -> None:
    made = make({1: [], 2: [1]})
    (made.layout.scripts / "01.sh").write_text(made.until() + WRITE)
    loop = made.start_loop()
    made.wait_for(1, "running")
    loop.send_signal(number)
    assert loop.wait(90) == 0
    assert f"stopped by {number.name}: 1 agent left running" in made.said()
    assert made.agents(1)
    assert made.states()[1] == "running"
    made.release()
    assert made.run_loop() == 0
    assert merges(made) == [1, 2]
    assert len(made.attempts(1)) == 1


def test_the_limit_given_at_the_start_is_remembered(make: Make) -> None:
    made = make({1: []})
    assert made.run_loop("--max-parallel", "1") == 0
    assert read_loop(made.layout)[0].max_parallel == 1


def test_a_stuck_plan_is_not_a_finished_one(make: Make) -> None:
    made = make({1: [2], 2: [1], 3: []})
    assert made.run_loop() == 1
    assert made.states() == {1: "pending", 2: "pending", 3: "merged"}
    assert made.snapshot().milestone.status == "open"
    assert "stuck" in made.said()


@pytest.mark.slow
def test_settings_that_break_while_the_loop_runs_do_not_end_it(make: Make) -> None:
    made = make({1: []}, gate="auto")
    made.start_loop()
    made.wait_for(1, "merged")
    good = made.layout.config.read_text()
    made.layout.config.write_text("no_such_setting: 1\n")
    wait_until(lambda: made.events("problem.found"), message="the problem to be told")
    assert run_ids(made.layout) == ["run-1"]
    made.layout.config.write_text(good)
    made.add(2)
    made.wait_for(2, "merged")


@pytest.mark.slow
def test_the_settings_of_before_are_in_force_while_they_can_not_be_read(make: Make) -> None:
    made = make({1: [], 2: [1]}, gate="auto")
    good = made.layout.config.read_text()
    (made.layout.scripts / "01.sh").write_text(WRITE + made.until())
    (made.layout.scripts / "02.sh").write_text(
        'until grep -q ^gate "$COORD_ROOT"/.coord/coord.yaml; do :; done\n' + WRITE
    )
    made.start_loop()
    wait_until(lambda: made.events("handoff.given"), message="the hand-off")
    made.layout.config.write_text("no_such_setting: 1\n")
    (problem,) = wait_until(lambda: made.events("problem.found"), message="the problem to be told")
    assert "no_such_setting" in problem.data["reason"]
    made.release()
    wait_until(lambda: len(made.events("step.running")) == 2, message="the next to be at work")
    made.layout.config.write_text(good)
    made.wait_for(2, "merged")
    assert len(made.events("problem.found")) == 1


def test_titles_and_paths_never_become_commands(make: Make, tmp_path: Path) -> None:
    made = make({})
    evil = "#(touch pwned) $(touch pwned) `touch pwned` ;kill-server; '\"%"
    made.add(1, title=json.dumps(evil))
    assert made.run_loop() == 0
    assert not list(tmp_path.rglob("pwned"))
    assert not os.path.exists("pwned")


@pytest.mark.slow
def test_a_loop_started_in_its_own_window_runs_until_it_is_asked_to_stop(make: Make) -> None:
    made = make({1: []})
    (made.layout.scripts / "01.sh").write_text(made.until() + WRITE)
    made.coord("loop", "--detach", "--max-parallel", "2")
    made.wait_for(1, "running")
    window = next(w for w in made.terminals.windows() if w.name == "loop")
    assert made.snapshot().loop.max_parallel == 2
    assert made.coord("loop", "--detach", check=False).returncode == 3
    set_loop(made.layout, "stopped", ADA)
    wait_until(lambda: not loop_is_alive(made.layout), message="the loop's end")
    assert made.states()[1] == "running"
    assert "asked to stop" in made.events("run.stopped")[0].data["reason"]
    made.release()
    assert start_loop(made.layout) != window.id
    made.wait_for(1, "merged")
    set_loop(made.layout, "stopped", ADA)
    wait_until(lambda: not loop_is_alive(made.layout), message="the loop's end")


@pytest.mark.slow
def test_a_suite_that_takes_long_keeps_a_stopped_loop_only_for_a_moment(make: Make) -> None:
    made = make({})
    made.repository.suite("unit", "touch $COORD_ROOT/../suite-runs; sleep 600")
    made.add(1, validation_suites="[unit]")
    loop = made.start_loop()
    wait_until((made.repository.root.parent / "suite-runs").exists, message="the suite to run")
    loop.terminate()
    assert loop.wait(90) == 0
    made.repository.suite("unit", "true")
    assert made.run_loop() == 0


@pytest.mark.slow
def test_the_loop_answers_while_a_suite_runs(make: Make) -> None:
    made = make({}, max_parallel=2)
    made.repository.suite("unit", made.until().strip())
    made.add(1, validation_suites="[unit]")
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "change-open")
    made.add(2, script=NOTHING)
    made.wait_for(2, "merged")
    assert made.states()[1] == "change-open"
    made.release()
    assert loop.wait(90) == 0


@pytest.mark.slow
def test_a_prompt_file_deleted_under_a_running_agent_does_not_free_its_place(make: Make) -> None:
    made = make({1: [], 2: []}, max_parallel=1)
    (made.layout.scripts / "01.sh").write_text(made.until() + WRITE)
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "running")
    path = made.layout.root / made.snapshot().prompts[1].path
    text = path.read_text()
    path.unlink()
    made.sees(lambda snapshot: snapshot.prompts[1].lost, message="the file to be gone")
    assert made.agents(1)
    assert made.states() == {1: "running", 2: "pending"}
    path.write_text(text)
    made.release()
    assert loop.wait(90) == 0
    assert made.states() == {1: "merged", 2: "merged"}


def test_the_engineers_own_changes_make_a_merge_wait_and_say_so(make: Make) -> None:
    made = make({1: []}, {1: "echo agent >>README.md; git commit -qam Agent\n" + NOTHING})
    (made.repository.root / "README.md").write_text("engineer\n")
    made.start_loop("--until-idle")
    made.sees(lambda snapshot: "README.md" in snapshot.steps[1].reason, message="the reason")
    assert made.states() == {1: "change-open"}
    assert (made.repository.root / "README.md").read_text() == "engineer\n"
    made.repository.git("checkout", "--", "README.md")
    made.wait_for(1, "merged")
    assert (made.repository.root / "README.md").read_text() == "A project.\nagent\n"
