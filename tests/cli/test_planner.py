"""What a Planner decides and what executors split off: recorded once, carried out once, undone by a human."""

import json
from collections.abc import Callable
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from support.flows import Speaker, executor, planner, verifier
from support.project import Project

from coordinator.apply import initiative
from coordinator.errors import CoordError
from coordinator.eventlog.store import EventLog
from coordinator.formats.prompt_text import parse_prompt
from coordinator.loop import decisions
from coordinator.loop.actions import ApplyDecision, RefuseDecision
from coordinator.model.event import Actor, ActorKind, Event, may_write

Make = Callable[..., Project]
BODY = "## Tasks\n\n- do it\n\n## Acceptance Criteria\n\n- it is done\n"
GOES_ON = {"decision": "CONTINUE", "reason": "there is a hole", "prompts": [{"title": "Close it", "body": BODY}]}


def iterating(make: Make, *given: object, **settings: object) -> Project:
    made = make(*given, **settings)
    made.layout.milestone.write_text("---\ntitle: A milestone\nstatus: open\niterate: true\n---\n")
    return made


def carry_out(made: Project, speaker: Speaker) -> None:
    """What the loop does with a decision."""
    (event,) = made.events("planner.decided")
    with EventLog.open(made.layout.events_db) as log:
        initiative.carry_out(made.layout, log, event, speaker.attempt)


def decided(made: Project) -> Event:
    (event,) = made.events("planner.decided")
    return event


def test_a_decision_is_recorded_whole_and_carried_out_once_in_the_planners_name(make: Make) -> None:
    made = iterating(make, {1: [], 2: [1]})
    made.coord("feedback", "file", "--title", "Negative costs are taken", "--priority", "high")
    speaker = planner(made, 2)
    given = {
        **GOES_ON,
        "prompts": [{"title": "Close it", "body": BODY, "key": "close", "resolves": [1], "dependencies": [1]}],
        "edits": [{"number": 2, "set": {"dependencies": [1, "close"]}}],
        "learnings": "- Start small.",
    }
    first, again = (speaker.told("plan", **given) for _ in range(2))
    assert first["seq"] == again["seq"]
    assert first["summary"] == "CONTINUE: 1 new prompt, 1 edit, 1 finding, learnings"
    event = decided(made)
    assert (event.subject, event.actor, event.run) == ("flow:planner/2", "planner-2-1", "run-1")
    assert event.data == {"agent": "planner-2-1", "attempt": 1, "iteration": 2, **given}
    assert set(made.snapshot().prompts) == {1, 2}, "only checked and recorded so far"
    for _ in range(2):
        carry_out(made, speaker)
    (applied,) = made.events("plan.applied")
    assert (applied.actor_kind, applied.actor, applied.data["decision"]) == ("agent", "planner-2-1", event.seq)
    snapshot = made.snapshot()
    assert snapshot.prompts[3].title == "Close it"
    assert (snapshot.prompts[2].dependencies, snapshot.prompts[3].created_by) == ((1, 3), "planner-2-1")
    assert json.loads(made.coord("feedback", "--json").stdout)["feedback"][0]["status"] == "planned"
    assert made.layout.learnings.read_text() == "- Start small.\n"
    mine = made.coord("undo", "--yes", check=False)
    told = f"there is no plan of yours to take back\n  the newest is of planner-2-1: coord undo {applied.data['plan']}"
    assert (mine.returncode, told in mine.stderr) == (3, True), mine.stderr
    made.coord("undo", str(applied.data["plan"]), "--yes")
    assert set(made.snapshot().prompts) == {1, 2}
    assert json.loads(made.coord("feedback", "--json").stdout)["feedback"][0]["status"] == "open"
    assert not made.layout.learnings.exists()


def test_another_decision_of_the_same_attempt_is_refused_with_what_stands(make: Make) -> None:
    made = iterating(make, {1: []})
    speaker = planner(made)
    first = speaker.told("plan", **GOES_ON, request="a")
    said = speaker.refused("plan", decision="STUCK", reason="no", blocker="a key", request="b")
    assert f"planner-1-1 has said something else already: event {first['seq']}" in said
    assert speaker.told("plan", **GOES_ON, request="b")["seq"] == first["seq"]


def test_a_refused_plan_leaves_nothing_but_its_reasons_for_the_next_one(make: Make) -> None:
    made = iterating(make, {1: []})
    speaker = planner(made)
    for _ in range(2):
        said = speaker.refused(
            "plan", **{**GOES_ON, "cancel": [7], "edits": [{"number": 1, "set": {"status": "done"}}]}
        )
    assert "edit of 01: its status is not for a Planner to say" in said
    assert "cancelling 07: there is no prompt 07" in said
    (refused,) = made.events("iteration.refused")
    assert (refused.actor_kind, refused.subject) == ("system", "flow:planner/1")
    assert len(refused.data["reasons"]) == 2  # type: ignore[arg-type]
    assert "decision" not in refused.data
    assert speaker.told("plan", **GOES_ON)["decision"] == "CONTINUE"
    assert len(made.events("planner.decided")) == 1


def test_what_the_world_has_moved_away_from_is_refused_when_it_is_to_be_carried_out(make: Make) -> None:
    made = iterating(make, {1: [], 2: []})
    speaker = planner(made)
    speaker.told("plan", **GOES_ON, edits=[{"number": 2, "set": {"title": "Other"}}])
    made.coord("cancel", "2", "--yes")
    for _ in range(2):
        carry_out(made, speaker)
    (refused,) = made.events("iteration.refused")
    assert refused.data["decision"] == decided(made).seq
    assert refused.data["reasons"] == ["edit of 02: it is cancelled"]
    assert set(made.snapshot().prompts) == {1, 2}


def test_the_loop_carries_out_what_was_decided_or_refuses_it_in_a_humans_words(make: Make) -> None:
    made = iterating(make, {1: []})
    speaker = planner(made)
    seq = speaker.told("plan", **GOES_ON)["seq"]
    with EventLog.open(made.layout.events_db) as log:
        context: Any = SimpleNamespace(layout=made.layout, log=log)
        for _ in range(2):
            decisions.refuse(context, made.snapshot(), RefuseDecision(speaker.work, 1, seq, "leave it"))
        (refused,) = made.events("iteration.refused")
        assert refused.data["reasons"] == ["the engineer refuses it: leave it"]
        decisions.carry_out(context, made.snapshot(), ApplyDecision(speaker.work, 1, seq))
        assert [event.data["decision"] for event in made.events("plan.applied")] == [seq]
        with pytest.raises(CoordError, match=f"event {seq + 1} is no decision"):
            decisions.carry_out(context, made.snapshot(), ApplyDecision(speaker.work, 1, seq + 1))


def test_done_is_refused_while_prompts_are_left(make: Make) -> None:
    made = iterating(make, {1: []})
    assert "1 prompt is left: 01" in planner(made).refused("plan", decision="DONE", reason="enough")


def test_only_a_planner_decides(make: Make) -> None:
    made = iterating(make, {1: []})
    assert "may not write planner.decided" in verifier(made).refused("plan", **GOES_ON)
    assert "may not write planner.decided" in executor(made, 1).refused("plan", **GOES_ON)
    late = planner(made)
    late.end()
    assert "has ended" in late.refused("plan", **GOES_ON)
    assert made.events("planner.decided", "iteration.refused") == []


def test_a_planner_of_a_milestone_that_iterates_changes_nothing_by_other_ways(make: Make) -> None:
    made = iterating(make, {1: []})
    environ = planner(made).environ
    for words in (
        ("interject", "--title", "Beside", "--yes"),
        ("edit", "1", "--set", "title=Other", "--yes"),
        ("cancel", "1", "--yes"),
    ):
        done = made.coord(*words, check=False, **environ)
        assert (done.returncode, "coord agent plan --json -" in done.stderr) == (3, True)
    assert len(made.events("access.denied")) == 3
    assert made.events("plan.applied") == []
    made.layout.milestone.write_text("---\ntitle: A milestone\nstatus: open\n---\n")
    made.coord("interject", "--title", "Beside", "--yes", **environ)


def test_an_executor_makes_children_of_its_own_prompt_each_once(make: Make) -> None:
    made = make({1: [], 2: [1]})
    speaker = executor(made, 2)
    first, again = (speaker.told("subtask", title="The other half", priority="high") for _ in range(2))
    assert (first, again) == ({"number": 3, "new": True}, {"number": 3, "new": False})
    waits = speaker.told("subtask", title="What comes first", body=BODY, waits=True)
    prompts = made.snapshot().prompts
    assert (prompts[3].parent, prompts[3].dependencies, prompts[3].type.value) == (2, (2,), "emergent")
    assert (prompts[3].created_by, prompts[3].priority.value) == ("executor-02-1", "high")
    assert (prompts[waits["number"]].dependencies, prompts[2].dependencies) == ((), (1, 4))
    assert [(event.actor, event.data["parent"]) for event in made.events("plan.applied")] == [("executor-02-1", 2)] * 2
    for number in range(8):
        made.coord("agent", "subtask", "--title", f"Part {number}", **speaker.environ)
    assert "has made 10 children already" in speaker.refused("subtask", title="One more")
    assert "may not write prompt.created" in verifier(made).refused("subtask", title="Mine")
    assert "has no prompt of its own" in planner(made).refused("subtask", title="Mine")
    late = executor(made, 1)
    late.end()
    assert "has ended" in late.refused("subtask", title="Too late")


def test_children_have_children_only_so_deep(make: Make) -> None:
    made = make({1: []})
    number = 1
    for _ in range(3):
        number = executor(made, number).told("subtask", title=f"Below {number}")["number"]
    assert "is a child of a child already" in executor(made, number).refused("subtask", title="Deeper")


@pytest.mark.parametrize("kind", ["prompt.created", "prompt.edited", "plan.applied"])
def test_an_executor_writes_of_children_of_its_own_prompt_alone(kind: str) -> None:
    own = Actor(ActorKind.AGENT, "executor-07-2", "executor")
    assert may_write(own, kind, {"parent": 7})
    assert not may_write(own, kind, {"parent": 8})
    assert not may_write(own, kind, {})
    assert not may_write(own, kind)
    assert not may_write(Actor(ActorKind.AGENT, "executor-x", "executor"), kind, {"parent": 7})
    assert not may_write(Actor(ActorKind.AGENT, "verifier-7-2", "verifier"), kind, {"parent": 7})


def test_a_child_is_a_prompt_as_any(make: Make) -> None:
    made = make({1: []})
    executor(made, 1).told("subtask", title="The other half")
    (path,) = made.layout.prompts.glob("02-*")
    with closing(path.open("rb")) as file:
        assert b"parent: 1\n" in file.read()
    assert parse_prompt(path.read_bytes(), path.name).parent == 1  # type: ignore[union-attr]
