"""What the agents of an iteration hand in: by whom, how often, and what is refused."""

from collections.abc import Callable

import pytest
from support.flows import executor, planner, specialist, verifier
from support.project import Project

from coordinator.model.agent_verbs import VERBS
from coordinator.model.round import Criterion
from coordinator.services.verdict import against_verdict

Make = Callable[..., Project]
MET = {"met": "yes", "rationale": "all shown", "criteria": [{"id": "SC-1", "status": "met", "command": "make test"}]}


def test_a_verdict_is_given_once_an_attempt_with_the_commit_that_was_looked_at(make: Make) -> None:
    made = make({1: []})
    speaker = verifier(made, 2, 3)
    first, again = (speaker.told("verdict", **MET) for _ in range(2))
    assert first == again
    other = speaker.refused("verdict", **{**MET, "met": "no"})
    assert f"verifier-2-3 has said something else already: event {first['seq']}" in other
    (event,) = made.events("verdict.given")
    assert (event.subject, event.actor, event.run) == ("flow:verifier/2", "verifier-2-3", "run-1")
    head = made.repository.git("rev-parse", "HEAD").strip()
    assert event.data == {"agent": "verifier-2-3", "attempt": 3, "iteration": 2, "commit": head, **MET}
    assert verifier(made, 3, 4).told("verdict", **{**MET, "met": "no"})["seq"] > first["seq"]


def test_nothing_is_handed_in_after_the_end_of_an_attempt_nor_by_another_role_nor_by_a_person(make: Make) -> None:
    made = make({1: []})
    late = verifier(made)
    late.end()
    assert "the attempt of verifier-1-1 has ended" in late.refused("verdict", **MET)
    denied = executor(made, 1).refused("verdict", **MET)
    assert "executor-01-1 (executor) may not write verdict.given: a human or a verifier may" in denied
    assert [event.data["kind"] for event in made.events("access.denied")] == ["verdict.given"]
    person = made.coord(
        "agent", "verdict", "--met", "yes", "--rationale", "I say so", check=False, COORD_ROOT=str(made.layout.root)
    )
    assert (person.returncode, "only an agent hands that in" in person.stderr) == (3, True)
    stranger = verifier(made, 1, 2)
    stranger.agent = "verifier-1-9"
    assert "verifier-1-9 has no attempt" in stranger.refused("verdict", **MET)
    assert made.events("verdict.given") == []


def test_a_specialist_files_findings_each_once(make: Make) -> None:
    made = make({1: []})
    speaker = specialist(made)
    item = {"title": "Negative costs are taken", "priority": "high", "category": "security", "location": "a.py:4"}
    first, again = (speaker.told("feedback", **item, issue="it adds") for _ in range(2))
    assert (first, again) == (
        {"number": 1, "priority": "high", "new": True},
        {"number": 1, "priority": "high", "new": False},
    )
    (event,) = made.events("feedback.filed")
    assert (event.actor, event.subject, event.data["issue"]) == ("security-1-1", "feedback:1", "it adds")
    assert "may not write feedback.filed" in verifier(made).refused("feedback", **item)


def test_a_learning_is_noted_once_and_only_so_many(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make({1: []})
    speaker = executor(made, 1)
    said = {"text": "Tests use the fake clock.", "tags": ["time"], "paths": ["src/clock.py"]}
    first, again = (speaker.told("learn", **said) for _ in range(2))
    assert first == again
    (event,) = made.events("learning.noted")
    assert event.data == {**said, "attempt": 1}
    assert event.subject == "prompt:1"
    for number in range(49):
        made.coord("agent", "learn", "--text", f"lesson {number}", **speaker.environ)
    assert "has handed in 50 already" in speaker.refused("learn", text="one more")


@pytest.mark.parametrize("verb", ["learn", "subtask", "feedback", "verdict", "plan"])
def test_help_names_every_key_that_is_taken_as_json(make: Make, verb: str) -> None:
    told = make({1: []}).coord("agent", verb, "--help").stdout
    for key in VERBS[verb].keys:
        assert f"  {key.name}: " in told
        for below in key.of:
            assert f"    {below.name}: " in told


CRITERIA = tuple(Criterion(f"SC-{n}", f"criterion {n}") for n in (1, 2, 10))
ALL = [{"id": one.id, "status": "met"} for one in CRITERIA]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"met": "yes", "criteria": ALL}, ""),
        ({"met": "partly", "criteria": ALL[:1], "gaps": ["x"]}, ""),
        ({"met": "no"}, ""),
        ({"met": "no", "criteria": [{"id": "SC-3", "status": "met"}]}, "no criterion SC-3; there is SC-1, SC-2, SC-10"),
        ({"met": "no", "criteria": [*ALL, ALL[0]]}, "SC-1 is judged twice"),
        ({"met": "yes", "criteria": [*ALL[:2], {"id": "SC-10", "status": "not_met"}]}, "while SC-10 is not"),
        ({"met": "yes", "criteria": [*ALL[:2], {"id": "SC-10", "status": "unverifiable"}]}, "while SC-10 is not"),
        ({"met": "yes", "criteria": ALL[:1]}, "without a word on SC-2, SC-10"),
        ({"met": "yes", "criteria": ALL, "gaps": ["x"]}, "what has gaps is not met"),
    ],
)
def test_a_verdict_against_itself_is_not_taken(given: dict[str, object], why: str) -> None:
    reasons = against_verdict(CRITERIA, given)
    assert bool(reasons) == bool(why)
    assert why in "; ".join(reasons)


def test_a_planner_speaks_of_its_own_flow(make: Make) -> None:
    made = make({1: []})
    planner(made, 2).project.coord("decide", "small steps", **planner(made, 2).environ)
    assert [event.subject for event in made.events("decision.recorded")] == ["flow:planner/2"]
