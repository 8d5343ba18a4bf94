"""A milestone that is done gets new work: it says so, closes again, and its file tells what is true."""

from collections.abc import Callable

import pytest
from support.project import NOTHING, Project

from coordinator.storage.documents import write_status
from coordinator.storage.runs import all_runs, current_run, write_run

Make = Callable[..., Project]


def said(made: Project) -> list[str]:
    return [str(event.data["status"]) for event in made.events("milestone.status")]


def test_new_work_of_a_done_milestone_is_told_and_closes_it_again(make: Make) -> None:
    made = make({1: []}, scripts={1: NOTHING})
    assert made.run_loop() == 0, made.said()
    assert said(made) == ["done"]
    assert "\nstatus: done\n" in made.layout.milestone.read_text()
    made.add(2, script=NOTHING)
    assert made.snapshot().milestone.status == "done"
    assert made.snapshot().standing == "done, 1 new prompt"
    assert "done, 1 new prompt" in made.coord("status").stdout
    assert made.run_loop() == 0, made.said()
    assert said(made) == ["done", "done"]
    assert made.events("run.started")[1].data["reason"] == "the milestone was done; it goes on with 1 new prompt"
    assert made.snapshot().milestone.status == "done"
    assert made.snapshot().standing == "done"
    assert "\nstatus: done\n" in made.layout.milestone.read_text()


def test_while_new_work_runs_the_milestone_is_open(make: Make) -> None:
    made = make({1: []}, scripts={1: NOTHING})
    assert made.run_loop() == 0, made.said()
    made.add(2, script=made.until() + NOTHING)
    loop = made.start_loop("--until-idle")
    made.wait_for(2, "running")
    assert made.snapshot().milestone.status == "open"
    assert "\nstatus: open\n" in made.layout.milestone.read_text()
    made.release()
    assert loop.wait(90) == 0
    assert made.snapshot().milestone.status == "done"


def test_a_human_reopens_it_and_the_file_says_so(make: Make) -> None:
    made = make({1: []}, scripts={1: NOTHING})
    before = made.layout.milestone.read_text()
    made.coord("milestone", "close", "--reason", "enough")
    assert made.layout.milestone.read_text() == before.replace("status: open", "status: done")
    made.coord("milestone", "reopen")
    assert made.layout.milestone.read_text() == before


@pytest.mark.parametrize("text", ["no frontmatter\n", "---\ntitle: *broken\n---\n", ""])
def test_a_milestone_file_that_cannot_be_changed_stays_and_keeps_nothing_from_its_end(make: Make, text: str) -> None:
    made = make({1: []}, scripts={1: NOTHING})
    made.layout.milestone.write_text(text)
    write_status(made.layout, "done")
    assert made.layout.milestone.read_text() == text


def test_every_event_of_a_run_carries_the_iteration_it_belongs_to(make: Make) -> None:
    made = make({1: []}, scripts={1: 'coord decide "use a map"\n' + NOTHING})
    assert made.run_loop() == 0, made.said()
    events = [event for event in made.events() if event.run or event.kind == "run.prompts"]
    assert any(not event.run for event in events)  # told before the run began
    assert {"decision.recorded", "handoff.given", "step.merged", "run.finished"} <= {event.kind for event in events}
    assert {event.iteration for event in events} == {1}


def test_an_event_belongs_to_the_iteration_that_its_run_is_in(make: Make) -> None:
    from coordinator.lazy.dataclass import replace

    made = make({1: []}, scripts={1: NOTHING})
    made.add(2, 1, script=made.until() + NOTHING)
    loop = made.start_loop("--until-idle")
    made.wait_for(2, "running")
    run = current_run(made.layout)
    assert run is not None
    write_run(made.layout, replace(run, iteration=2))
    made.release()
    assert loop.wait(90) == 0
    merged = made.events("step.merged")
    assert [(event.prompt, event.iteration) for event in merged] == [(1, 1), (2, 2)]


def test_another_milestone_ends_the_run_of_the_one_before_and_begins_its_own(make: Make) -> None:
    made = make({1: []}, scripts={1: "exit 1"})
    made.layout.milestone.write_text("---\ntitle: First\nid: M1\n---\n")
    made.run_loop()
    assert (made.snapshot().steps[1].state, current_run(made.layout).milestone_id) == ("failed", "M1")  # type: ignore[union-attr]
    made.layout.milestone.write_text("---\ntitle: Second\nid: M2\nbudget: 7\n---\n")
    made.coord("cancel", "1", "--yes")
    made.add(2, script=NOTHING)
    assert made.run_loop() == 0, made.said()
    first, second = all_runs(made.layout)
    assert (first.state, first.outcome) == ("ended", "left")
    assert (second.milestone, second.milestone_id, second.budget_usd, second.outcome) == ("Second", "M2", 7.0, "done")
    told = [event.data["reason"] for event in made.events("run.finished")]
    assert told[0] == "another milestone began: Second"
    assert {event.run for event in made.events("step.merged")} == {"run-2"}


def test_a_milestone_that_ends_leaves_a_page_that_hands_it_over(make: Make) -> None:
    made = make({1: []}, scripts={1: NOTHING})
    made.layout.milestone.write_text("---\ntitle: First\nid: M1\n---\n## Success Criteria\n\n- it runs\n")
    assert made.run_loop() == 0, made.said()
    page = (made.layout.milestones / "M1-handover.md").read_text()
    assert page.startswith("# M1 First: done\n")
    assert "- **SC-1** it runs (not shown)" in page
    assert "- 01 Prompt 1" in page
    assert "| run-1 |" in page


def test_a_page_that_cannot_be_written_is_told_and_keeps_nothing_from_its_end(make: Make) -> None:
    made = make({1: []}, scripts={1: NOTHING})
    made.layout.milestones.write_text("no folder")
    assert made.run_loop() == 0, made.said()
    assert made.snapshot().milestone.status == "done"
    (told,) = made.events("problem.found")
    assert "the hand-over page can't be written" in str(told.data["message"])
