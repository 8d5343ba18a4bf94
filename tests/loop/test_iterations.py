"""A milestone that iterates, run by a real loop with scripted roles."""

from collections.abc import Callable

from support.project import Project

from coordinator.model.round import Phase
from coordinator.model.run import Run
from coordinator.storage.runs import current_run

Make = Callable[..., Project]
FAST = {"retry_backoff": 0, "planner_plans": "auto", "specialists": "[]"}


def iterating(make: Make, *criteria: str, **settings: object) -> Project:
    """A project whose milestone iterates, with these success criteria."""
    made = make({}, **{**FAST, **settings})
    listed = "".join(f"- {one}\n" for one in criteria or ("The word is there",))
    text = f"---\ntitle: Words\nstatus: open\niterate: true\n---\n## Goal\n\nWords.\n\n## Success Criteria\n\n{listed}"
    made.layout.milestone.write_text(text)
    return made


def role(made: Project, name: str, script: str) -> None:
    """What the agent of a flow does."""
    (made.layout.scripts / f"{name}.sh").write_text(script)


def run_of(made: Project) -> Run:
    found = current_run(made.layout)
    assert found is not None
    return found


def test_planners_without_a_result_are_stuck_until_a_human_does_something(make: Make) -> None:
    made = iterating(make)
    role(made, "planner", "coord agent done --no-change --summary 'I have looked'\n")
    assert made.run_loop() == 1, made.said()
    snapshot = made.snapshot()
    assert snapshot.round is not None
    assert (snapshot.milestone.status, snapshot.round.phase) == ("stuck", Phase.DECIDED)
    assert "5 Planners in a row" in snapshot.round.ending
    run = run_of(made)
    assert (run.state, run.phase, run.outcome) == ("running", "decided", "stuck")
    assert "status: stuck" in made.layout.milestone.read_text()
    kinds = [event.kind for event in made.events() if event.kind.startswith(("iteration.", "milestone."))]
    assert kinds == ["iteration.started", "iteration.ended", "milestone.status"]
    assert made.run_loop() == 1  # nobody did anything: it is at its end at once
    assert len(made.events("step.dispatched")) == 5
    made.coord("intent", "set", "--goal", "Fewer words")
    assert made.run_loop() == 1, made.said()
    assert run_of(made).iteration == 2
    assert len(made.events("step.dispatched")) == 10
    made.coord("resume")
    assert made.snapshot().milestone.status == "open"
    assert made.run_loop() == 1, made.said()
    assert run_of(made).iteration == 3
