"""Files that only the loop or a human may change are known by digest: a change past coord is told, and still counts."""

import json
from collections.abc import Callable, Iterator

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.artifacts.files import sha256


@pytest.fixture
def busy(make: Callable[..., Project]) -> Iterator[Project]:
    """A loop with an agent at work on 01; 02 waits for it."""
    made = make({1: [], 2: [1]})
    made.add(1, script=made.until() + WRITE)
    made.layout.alignment.write_text("# Alignment\n")
    loop = made.start_loop()
    made.wait_for(1, "running")
    yield made
    made.release()
    loop.terminate()
    loop.wait()


def told(made: Project) -> list[str]:
    """Files of every event about changes past coord, in order."""
    return [str(path) for event in made.events("conflict.detected") for path in event.data.get("after", {})]  # type: ignore[attr-defined]


def problems(made: Project) -> list[str]:
    return [problem.path for problem in made.snapshot().problems if problem.code == "changed-directly"]


def test_a_direct_change_is_told_once_counts_and_is_a_problem_until_a_human_takes_it(busy: Project) -> None:
    before = sha256(busy.layout.milestone.read_bytes())
    busy.layout.milestone.write_text("---\ntitle: Another milestone\nstatus: open\n---\n")
    wait_until(lambda: told(busy), message="the event")
    (event,) = busy.events("conflict.detected")
    path = ".coord/milestone.md"
    assert event.data["before"] == {path: before}
    assert event.data["after"] == {path: sha256(busy.layout.milestone.read_bytes())}
    assert (event.data["agents"], event.actor_kind) == (["executor-01-1"], "system")
    assert "executor 01 was at work" in str(event.data["reason"])
    assert busy.snapshot().milestone.title == "Another milestone"
    assert problems(busy) == [path]
    shown = json.loads(busy.coord("trust", "--dry-run", "--json").stdout)
    assert [one["path"] for one in shown["asks"]] == [path]
    busy.layout.milestone.touch()
    busy.coord("trust", "--yes")
    assert problems(busy) == []
    assert told(busy) == [path]
    assert busy.events("trust.given")[-1].data["direct"] is True


def test_settings_alignment_records_and_prompts_at_work_are_guarded(busy: Project) -> None:
    (first,) = busy.layout.prompts.glob("01*")
    (step,) = busy.layout.runs.glob("run-*/prompts/01/attempt-1/step.json")
    for path in (busy.layout.config, busy.layout.alignment, first, step):
        path.write_bytes(path.read_bytes() + b"\n")
        shown = busy.layout.rel(path)
        wait_until(lambda shown=shown: shown in told(busy), message=f"the event about {shown}")  # type: ignore[misc]
        assert shown in problems(busy)
        path.write_bytes(path.read_bytes()[:-1])
    wait_until(lambda: not problems(busy), message="the problems' end: each is what it was")
    assert len(told(busy)) == 4


def test_a_prompt_that_nobody_works_on_is_edited_freely_and_only_told(busy: Project) -> None:
    (second,) = busy.layout.prompts.glob("02*")
    second.write_text(second.read_text().replace("Do 2.", "Do it."))
    busy.add(3, 1, script=WRITE)
    wait_until(lambda: len(told(busy)) == 2, message="the events")
    assert problems(busy) == []
    assert busy.snapshot().prompts[2].source == second.read_bytes()


@pytest.mark.slow
def test_what_coord_itself_writes_is_no_change_past_it(busy: Project) -> None:
    (busy.layout.scripts / "03.sh").write_text(WRITE)
    busy.coord("edit", "2", "--set", "priority=high", "--yes")
    busy.coord("interject", "--title", "Between", "--after", "1", "--before", "2", "--yes")
    busy.coord("intent", "set", "--goal", "Known")
    busy.coord("decide", "by the human")
    busy.release()
    busy.wait_for(2, "merged")
    busy.coord("undo", "--yes", check=False)
    assert told(busy) == []


@pytest.mark.slow
def test_nothing_is_told_while_no_agent_is_at_work(make: Callable[..., Project]) -> None:
    made = make({1: []})
    loop = made.start_loop()
    made.wait_for(1, "merged")
    made.layout.milestone.write_text("---\ntitle: Another milestone\nstatus: open\n---\n")
    made.add(2)
    made.wait_for(2, "merged")
    assert told(made) == []
    loop.terminate()
    loop.wait()
