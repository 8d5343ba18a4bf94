"""A milestone to DONE over iterations, and to STUCK and on, by scripted roles that look before they speak."""

import signal

import pytest
from support.three_iterations import COURSE, PLANNER, Make, course, iterating
from support.wait import wait_until

from coordinator.model.feedback import FeedbackStatus
from coordinator.model.round import Phase
from coordinator.model.work import work_about
from coordinator.storage.feedback import read_findings
from coordinator.storage.runs import current_run

ASK = """\
coord context | grep -q 'the key is 7' || {
  printf '{"decision": "STUCK", "reason": "I need it", "blocker": "nobody told the key"}' | coord agent plan --json -
  coord agent done --no-change --summary 'stuck'; exit 0; }
"""
"""A Planner that can do nothing before it was told the key."""


def test_a_milestone_comes_to_done_over_iterations_and_its_finding_is_planned_for(make: Make) -> None:
    made = iterating(make)
    assert made.run_loop(timeout=240) == 0, made.said()
    assert course(made) == COURSE
    snapshot = made.snapshot()
    assert (snapshot.milestone.status, made.states()) == ("done", dict.fromkeys((1, 2, 3), "merged"))
    assert snapshot.round is not None
    assert (snapshot.round.number, snapshot.round.phase) == (3, Phase.DECIDED)
    assert {name: (one.exit, one.commit) for name, one in snapshot.round.witnesses.items()} == {
        "SC-1": (0, snapshot.round.base),
        "SC-2": (0, snapshot.round.base),
    }
    about = [(event.iteration, work_about(event.subject)) for event in made.events()]
    assert [it for it, work in about if work and work.flow] == [
        work.iteration for _, work in about if work and work.flow
    ]
    (finding,) = read_findings(made.layout).items
    assert (finding.status, finding.prompts, finding.iteration) == (FeedbackStatus.PLANNED, (3,), 1)
    run = current_run(made.layout)
    assert run is not None
    assert (run.state, run.outcome, run.phase, run.iteration) == ("ended", "done", "decided", 3)
    assert "status: done" in made.layout.milestone.read_text()


def test_what_is_stuck_for_want_of_a_word_goes_on_when_it_is_given(make: Make) -> None:
    made = iterating(make, planner=ASK + PLANNER)
    assert made.run_loop(timeout=120) == 1, made.said()
    snapshot = made.snapshot()
    assert snapshot.round is not None
    assert (snapshot.milestone.status, snapshot.round.phase) == ("stuck", Phase.DECIDED)
    assert snapshot.round.ending.startswith("the Planner says: nobody told the key")
    made.coord("intent", "set", "--goal", "Words: the key is 7")
    assert made.run_loop(timeout=240) == 0, made.said()
    assert course(made)[:3] == ["1 planning", "1 STUCK", "2 planning"]
    assert made.snapshot().milestone.status == "done"


def test_a_loop_that_lives_goes_on_by_itself_once_the_word_is_given(make: Make) -> None:
    made = iterating(make, planner=ASK + PLANNER)
    made.start_loop()
    made.sees(lambda snapshot: snapshot.milestone.status == "stuck", timeout=60, message="it to be stuck")
    made.coord("intent", "set", "--goal", "Words: the key is 7")
    made.sees(lambda snapshot: snapshot.milestone.status == "open" and snapshot.steps, timeout=60, message="a plan")
    assert course(made)[:3] == ["1 planning", "1 STUCK", "2 planning"]


@pytest.mark.slow
def test_a_planner_that_is_killed_is_started_again_and_prompts_of_people_come_in_between(make: Make) -> None:
    slow = '[ "$COORD_ATTEMPT" = 1 ] && { touch "$COORD_ROOT/../waits"; while :; do sleep 1; done; }\n'
    made = iterating(make, planner=slow + PLANNER)
    made.start_loop()
    wait_until((made.layout.root.parent / "waits").exists, timeout=60, message="the Planner to be at work")
    made.coord("kill", "planner-1-1", "--requeue", "--yes")
    made.add(7, script="echo mine >mine.txt; git add -A; git commit -qm Mine; coord agent done --summary mine\n")
    made.sees(lambda snapshot: snapshot.milestone.status == "done", timeout=120, message="it to be done")
    assert made.states() == dict.fromkeys((7, 8, 9, 10), "merged")


def test_a_base_that_moves_while_the_planner_thinks_is_verified_again(make: Make) -> None:
    moves = """\
if [ "$COORD_ITERATION" = 3 ] && [ ! -e "$COORD_ROOT/../moved" ]; then
  touch "$COORD_ROOT/../moved"
  (cd "$COORD_ROOT" && echo mine >mine.txt && git add mine.txt && git commit -qm 'By hand')
  printf '{"decision": "DONE", "reason": "everything is shown"}' | coord agent plan --json - 2>"$COORD_ROOT/../refused"
  coord agent fail --verdict 'the base has moved'; exit 0
fi
"""
    made = iterating(make, planner=moves + PLANNER)
    assert made.run_loop(timeout=240) == 0, made.said()
    assert "the newest verdict is on" in (made.layout.root.parent / "refused").read_text()
    assert course(made)[8:] == ["3 planning", "3 feedback", "3 over", "4 planning", "4 DONE"]


@pytest.mark.slow
def test_a_loop_killed_between_a_phase_and_the_word_of_it_says_it_once(make: Make) -> None:
    made = iterating(make)
    loop = made.start_loop("--until-idle", failpoint="phase-recorded")
    assert loop.wait(90) == -signal.SIGKILL, made.said()
    assert made.run_loop(timeout=240) == 0, made.said()
    assert course(made) == COURSE


@pytest.mark.slow
def test_where_agents_of_prompts_share_the_project_s_folder_those_who_look_do_not(make: Make) -> None:
    made = iterating(make, isolation="shared")
    assert made.run_loop(timeout=240) == 0, made.said()
    assert course(made) == COURSE
    assert made.snapshot().milestone.status == "done"
    told = {event.subject.removeprefix("agent:").partition("-")[0] for event in made.events("problem.shared_folder")}
    assert told == {"executor"}
