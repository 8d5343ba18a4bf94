"""Where a pipeline stood after any event, by the log alone."""

from typing import Any

from support.build import event

from coordinator.model.pipeline import ABOUT
from coordinator.model.replay import Replay

ROUTED = {"attempt": 1, "pipeline": "pair"}


def story() -> list[Any]:
    told: list[tuple[str, str, dict[str, object]]] = [
        ("run.started", "run:run-1", {}),
        ("prompt.created", "prompt:1", {"title": "One"}),
        ("step.running", "prompt:1", {"attempt": 1}),
        ("flow.routed", "prompt:1", {**ROUTED, "from": "", "to": "author", "reason": "it begins"}),
        ("agent.started", "agent:01-1-author", {"prompt": 1, "attempt": 1, "stage": "author", "runtime": "scripted"}),
        ("agent.exited", "agent:01-1-author", {"prompt": 1, "attempt": 1, "status": 0}),
        ("stage.ended", "stage:1/author", {"attempt": 1}),
        ("flow.routed", "prompt:1", {**ROUTED, "from": "author", "to": "critic", "reason": "in order"}),
        ("stage.failed", "stage:1/critic", {"attempt": 1, "reason": "dark"}),
        ("run.asked", "prompt:1", {"about": f"{ABOUT}01-1/critic", "text": "What now?", "turn": "critic"}),
        ("flow.routed", "prompt:1", {**ROUTED, "from": "critic", "to": "critic.2", "reason": "again", "round": 2}),
        ("stage.ended", "stage:1/critic.2", {"attempt": 1}),
        ("flow.routed", "prompt:1", {**ROUTED, "from": "critic.2", "to": "", "outcome": "done", "reason": "through"}),
        ("step.merged", "prompt:1", {"attempt": 1}),
    ]
    return [event(kind, subject, "loop", seq, **data) for seq, (kind, subject, data) in enumerate(told, 1)]


def at(seq: int) -> Replay:
    replay = Replay(project="p", title="M")
    replay.feed(story()[:seq])
    return replay


def test_turns_are_due_and_over_as_they_were_then() -> None:
    there = at(5).snapshot()
    assert [(turn.path, turn.state) for turn in there.pipelines[1].turns] == [("author", "due")]
    (agent,) = there.agents
    assert (agent.id, agent.role, agent.stage, agent.prompt) == ("01-1-author", "stage", "author", 1)
    there = at(8).snapshot()
    assert [(turn.path, turn.state) for turn in there.pipelines[1].turns] == [("author", "done"), ("critic", "due")]
    assert there.agents == ()


def test_a_question_is_waited_for_until_it_goes_on() -> None:
    asked = at(10).snapshot().pipelines[1]
    assert asked.waits
    assert asked.asked is not None
    assert asked.asked.turn == "critic"
    on = at(11).snapshot().pipelines[1]
    assert not on.waits
    assert [(turn.path, turn.station, turn.round) for turn in on.turns][-1] == ("critic.2", "critic", 2)


def test_it_ends_with_its_prompt_and_a_copy_goes_its_own_way() -> None:
    before = at(12)
    copy = before.copy()
    copy.feed(story()[12:])
    assert before.snapshot().pipelines[1].ended == ""
    assert copy.snapshot().pipelines == {}
    assert at(13).snapshot().pipelines[1].ended == "done"


def test_stages_are_told_from_stations() -> None:
    replay = at(3)
    replay.feed([event("flow.routed", "prompt:1", "loop", 4, **ROUTED, **{"from": "", "to": "IMPLEMENT/2.1/T3"})])
    there = replay.snapshot().pipelines[1]
    assert (there.kind, there.turns[0].station) == ("staged", "IMPLEMENT/2.1/T3")
