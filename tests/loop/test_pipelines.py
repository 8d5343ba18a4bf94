"""Prompts with a pipeline as work of the loop: stations one after the other in one worktree, behind one gate."""

import json

import pytest
from support.piped import DONE, WORK, Make, asked, piped, position, routes, turns
from support.project import Project
from support.wait import wait_until

from coordinator.apply.steps import advance
from coordinator.eventlog.store import EventLog
from coordinator.model.snapshot import LoopState, Question
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import stage_work


def turn(made: Project, path: str = "author", *, running: bool = True) -> Attempt:
    """A turn once its agent is at work."""

    def found() -> Attempt | None:
        attempt = made.snapshot().stages.get(stage_work(1, path))
        there = attempt is not None and ((attempt.state is StepState.RUNNING and attempt.pid > 0) or not running)
        return attempt if there else None

    return wait_until(found, message=f"{path} to work; {made.said()[-2000:]}")


def question(made: Project) -> Question:
    return made.sees(asked, message=f"a question; {turns(made)} {made.said()[-2000:]}")


def test_stations_work_one_after_the_other_and_their_branch_is_merged_once(make: Make) -> None:
    made = make({})
    piped(made, "author\nreader")
    assert made.run_loop() == 0
    step = made.snapshot().steps[1]
    assert step.state is StepState.MERGED, made.said()[-3000:]
    assert routes(made) == [">author", "author>reader", "reader>"]
    assert made.repository.git("show", "main:work.txt").strip() == "author"
    kinds = [event.kind for event in made.events() if event.subject == "stage:1/author"]
    assert kinds == ["stage.prepared", "stage.started", "handoff.given", "stage.ended"]
    kinds = [event.kind for event in made.events() if event.subject == "prompt:1"]
    assert kinds == [
        *("step.dispatched", "step.running", "flow.routed", "flow.routed", "flow.routed"),
        *("handoff.given", "step.change_open", "step.merged"),
    ]
    assert step.attempt is not None
    assert step.attempt.receipt is not None
    assert step.attempt.receipt.summary == "reader is done\n\n- author: author is done"
    assert turns(made) == ["author done", "reader done"]
    assert made.snapshot().stages == {}
    assert "Merged by duo in 2 turns: author, reader." in made.coord("why", "1").stdout
    assert "01 author" in made.coord("log").stdout
    assert [path.name for path in made.layout.worktrees.iterdir() if path.name[0] != "."] == []


def test_what_a_station_recommends_is_next_and_a_disabled_one_is_passed(make: Make) -> None:
    made = make({})
    again = 'case $COORD_TURN in reader) coord agent done --next author --summary "once more"; exit ;; esac\n'
    piped(made, "author\ncritic enabled=no\nreader", WORK + again + DONE)
    assert made.run_loop() == 0
    assert routes(made) == [">author", "author>reader", "reader>author.2", "author.2>reader.2", "reader.2>"]
    assert made.repository.git("show", "main:work.txt").split() == ["author", "author.2"]
    assert [event.subject for event in made.events("stage.skipped")] == ["stage:1/critic"]


@pytest.mark.parametrize(("answer", "states"), [
    ("retry", ["author failed", "author.2 done", "reader done"]),
    ("skip", ["author failed", "reader done"]),
    ("abort", ["author failed"]),
])  # fmt: skip
def test_a_human_says_what_becomes_of_a_turn_that_came_to_nothing(make: Make, answer: str, states: list[str]) -> None:
    made = make({})
    fails = 'case $COORD_TURN in author) coord agent fail --verdict "it is dark"; exit ;; esac\n'
    piped(made, "author retries=0\nreader", fails + WORK + DONE)
    loop = made.start_loop("--until-idle")
    there = question(made)
    assert "author came to nothing: it is dark" in there.text
    assert "Duo waits for your answer: author came to nothing: it is dark" in made.coord("why", "1").stdout
    assert (there.options, there.subject) == (("retry", "skip", "abort"), "prompt:1")
    now = made.snapshot().loop
    assert (now.state, now.reason) == (LoopState.WAITING, f"waits for an answer to: {there.text}")
    made.coord("answer", str(there.seq), answer)
    code = loop.wait(90)
    assert turns(made) == states
    assert made.states() == {1: "failed" if answer == "abort" else "merged"}
    assert code == (1 if answer == "abort" else 0)
    assert asked(made.snapshot()) is None


def test_what_fails_is_tried_again_by_itself_as_often_as_its_station_says(make: Make) -> None:
    made = make({})
    fails = "case $COORD_TURN in author|author.2) exit 3 ;; esac\n"
    piped(made, "author retries=2", fails + WORK + DONE)
    assert made.run_loop() == 0
    assert turns(made) == ["author failed", "author.2 failed", "author.3 done"]


def test_a_turn_that_never_ends_is_ended_when_its_time_is_over(make: Make) -> None:
    made = make({})
    piped(made, "author timeout=1s retries=0", "exec sleep 1000\n")
    loop = made.start_loop("--until-idle")
    there = question(made)
    assert "took longer than the 1 s it was given" in there.text
    made.coord("answer", str(there.seq), "abort")
    assert loop.wait(90) == 1
    assert made.agents() == []


@pytest.mark.parametrize(("way", "states"), [
    ("--requeue", ["author interrupted", "author.2 done"]),
    ("--hold", ["author blocked", "author.2 done"]),
    ("--fail", ["author blocked", "author.2 done"]),
    ("restart", ["author interrupted", "author.2 done"]),
])  # fmt: skip
def test_a_turn_is_killed_or_started_again_by_the_name_of_its_agent(make: Make, way: str, states: list[str]) -> None:
    made = make({})
    piped(made, "author", "case $COORD_TURN in author) exec sleep 1000 ;; esac\n" + WORK + DONE)
    loop = made.start_loop("--until-idle")
    assert turn(made).agent == "01-1-author"
    words = ["restart", "01-1-author"] if way == "restart" else ["kill", "01-1-author", way]
    made.coord(*words, "--yes", "--json")
    if way in ("--hold", "--fail"):
        made.coord("answer", str(question(made).seq), "retry")
    assert loop.wait(90) == 0
    assert turns(made) == states
    assert made.states() == {1: "merged"}


def test_killing_the_prompt_ends_its_turns_and_restarting_it_begins_anew(make: Make) -> None:
    made = make({})
    piped(made, "author", "[ $COORD_ATTEMPT = 2 ] || exec sleep 1000\n" + WORK + DONE)
    made.start_loop()
    turn(made)
    made.coord("kill", "1", "--yes", "--json")
    made.wait_for(1, "blocked")
    assert made.agents() == []
    made.coord("restart", "1", "--yes", "--json")
    made.wait_for(1, "merged")
    assert [(step["attempt"], step["state"]) for step in made.attempts(1)] == [(1, "blocked"), (2, "merged")]
    assert turns(made) == ["author done"]


def test_a_turn_is_an_agent_that_commands_know(make: Make) -> None:
    made = make({})
    piped(made, "author", "case $COORD_TURN in author) exec sleep 1000 ;; esac\n" + WORK + DONE)
    made.start_loop()
    turn(made)
    (agent,) = json.loads(made.coord("agents", "--json").stdout)["agents"]
    assert (agent["id"], agent["role"], agent["prompt"], agent["stage"]) == ("01-1-author", "stage", 1, "author")
    assert made.coord("tell", "1", "something", check=False).returncode == 3  # scripts take no messages
    refused = made.coord("tell", "01-1-author", "something", check=False)
    assert "01-1-author can't be told anything while it runs" in refused.stderr
    (prompt,) = json.loads(made.coord("status", "--json").stdout)["prompts"]
    assert (prompt["pipeline"], prompt["agent"]) == ("duo", "01-1-author")
    assert prompt["turns"] == [{"path": "author", "station": "author", "round": 1, "state": "due"}]
    assert position(made) is not None
    assert "duo, at author" in made.coord("why", "1").stdout
    made.coord("kill", "1", "--yes", "--json")


def test_an_edit_of_the_pipelines_file_moves_none_that_runs(make: Make) -> None:
    made = make({})
    piped(made, "author\nreader", f"case $COORD_TURN in author) {made.until()} ;; esac\n" + WORK + DONE)
    loop = made.start_loop("--until-idle")
    turn(made)
    (made.layout.pipelines / "duo.md").write_text("---\nstations:\n  - author\n---\n# Shorter\n")
    made.release()
    assert loop.wait(90) == 0
    assert turns(made) == ["author done", "reader done"]


def test_a_position_that_cant_be_read_holds_its_prompt_until_a_human_has_looked(make: Make) -> None:
    made = make({})
    piped(made, "author", "[ $COORD_ATTEMPT = 2 ] || exec sleep 1000\n" + WORK + DONE)
    loop = made.start_loop()
    attempt = turn(made)
    parent = made.snapshot().steps[1].attempt
    assert parent is not None
    loop.kill()
    loop.wait(20)
    state = made.layout.root / parent.directory / "pipeline-state.json"
    state.write_text("{")
    state.with_name("pipeline-state.told.json").write_text("{")
    made.start_loop()
    found = [p for p in made.snapshot().problems if p.path.endswith("pipeline-state.json")]
    (problem,) = [p for p in found if "changed past coord" not in p.message]
    assert "it is no JSON" in problem.message
    assert "coord restart 1" in problem.remedy
    made.coord("restart", "1", "--yes", "--json")
    made.wait_for(1, "merged")
    assert state.read_text() == "{"
    assert made.agents() == []
    assert attempt.agent == "01-1-author"


def test_what_turns_use_counts_for_the_budget_of_their_prompt(make: Make) -> None:
    made = make({}, budget_tokens=8000)
    place = '"$COORD_ROOT/.coord/runs/$COORD_RUN/prompts/01/attempt-$COORD_ATTEMPT/stages/$COORD_TURN/usage.json"'
    use = f'echo \'{{"tokens": 5000, "cost_usd": 1.5}}\' >{place}\n'
    piped(made, "author\nreader", f"{use}case $COORD_TURN in reader) {made.until()} ;; esac\n" + WORK + DONE)
    made.start_loop()
    wait_until(lambda: made.events("run.asked"), message="the question about the budget")
    (there,) = made.snapshot().open_questions
    assert "Prompt 01 has used 10,000 tokens" in there.text
    assert made.snapshot().used[1].tokens == 10_000
    made.coord("answer", str(there.seq), "2")
    made.wait_for(1, "blocked")
    assert "budget is used up" in made.snapshot().steps[1].reason
    assert made.agents() == []
    assert made.snapshot().used[1].tokens == 10_000


@pytest.mark.parametrize(("words", "ended"), [("stop that", "failed"), ("use the other key", "")])
def test_a_human_answers_in_words_of_their_own(make: Make, words: str, ended: str) -> None:
    made = make({})
    piped(made, "author retries=0", f"case $COORD_TURN in author) exit 3 ;; *) {made.until()} ;; esac\n" + WORK + DONE)
    made.start_loop()
    made.coord("answer", str(question(made).seq), words)
    there = made.sees(
        lambda s: s.steps[1].state is StepState.FAILED or (1 in s.pipelines and len(s.pipelines[1].turns) == 2),
        message="what becomes of it",
    )
    assert there
    now = position(made)
    assert now is not None
    assert now.ended == ended
    if not ended:
        assert "a human said: use the other key" in now.turns[-1].why


def test_what_comes_back_from_the_gate_goes_through_the_pipeline_again_told_why(make: Make) -> None:
    made = make({})
    (made.layout.suites / "fast.md").write_text("---\ncommand: grep -q 2 work.txt\n---\n")
    told = 'cat >"$COORD_ROOT/../told-$COORD_ATTEMPT-$COORD_TURN"\n'
    work = 'case $COORD_TURN in author) echo "$COORD_ATTEMPT" >>work.txt; git add -A; git commit -qm Work ;; esac\n'
    piped(made, "author\nreader", told + work + DONE, validation_suites="[fast]")
    assert made.run_loop() == 0, made.said()[-3000:]
    assert made.repository.git("show", "main:work.txt").split() == ["1", "2"]
    assert [(step["attempt"], step["state"]) for step in made.attempts(1)] == [(1, "pending"), (2, "merged")]
    first, again = ((made.layout.root.parent / f"told-{n}-author").read_text() for n in (1, 2))
    assert "Your work came back" in again
    assert "grep -q 2 work.txt" in again or "fast" in again
    assert "came back" not in first
    assert "Your work came back" in (made.layout.root.parent / "told-2-reader").read_text()


def test_a_turn_that_was_about_to_begin_when_its_prompt_was_ended_is_ended_too(make: Make) -> None:
    made = make({})
    piped(made, "author", "exec sleep 1000\n")
    loop = made.start_loop(failpoint="dispatch-claimed:2")
    assert loop.wait(90) < 0
    parent = made.snapshot().steps[1].attempt
    assert parent is not None
    assert made.snapshot().stages[stage_work(1, "author")].state is StepState.DISPATCHED
    with EventLog.open(made.layout.events_db) as log:  # as by somebody who looked for turns just before
        advance(made.layout, log, parent, StepState.BLOCKED, held=True, reason="ended")
    made.start_loop()
    made.sees(lambda s: not s.stages[stage_work(1, "author")].state.live, message="its end")
    assert made.snapshot().stages[stage_work(1, "author")].reason == "its prompt was ended"
    assert made.agents() == []
    assert made.snapshot().agents == ()
