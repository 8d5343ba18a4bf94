"""Files that only the loop or a human may change are known by digest: a change past coord is told, and still counts."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.loop.monitors.direct import Direct
from coordinator.storage.files import sha256


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


def test_what_judges_and_instructs_agents_is_guarded_and_so_is_what_is_taken_away(busy: Project) -> None:
    layout = busy.layout
    for path in (layout.suites / "look.md", layout.flows / "executor.md", layout.coord / "setup.sh"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("true\n")
    wait_until(lambda: _look(busy) and len(told(busy)) == 3, message="the events")
    assert len(problems(busy)) == 1
    (second,) = layout.prompts.glob("02*")
    for path in (layout.alignment, layout.milestone, layout.suites / "look.md", second):
        path.unlink()
        shown = layout.rel(path)
        wait_until(lambda shown=shown: _look(busy) and _is_gone(busy, shown), message=f"{shown} is gone")  # type: ignore[misc]
    asked = json.loads(busy.coord("trust", "--dry-run", "--json").stdout)["asks"]
    assert {one["path"] for one in asked if one["change"] == "gone"} == {
        *(".coord/alignment.md", ".coord/milestone.md", ".coord/suites/look.md"),
    }
    busy.coord("trust", "--yes")
    assert problems(busy) == []


@pytest.mark.parametrize("which", ["alignment", "prompt"])
def test_a_change_that_coord_writes_over_at_once_is_told_too(busy: Project, which: str) -> None:
    (first,) = busy.layout.prompts.glob("01*")
    path = busy.layout.alignment if which == "alignment" else first
    code = f"""
import sys
from pathlib import Path
from coordinator.storage.files import write_atomic
path = Path({str(path)!r})
path.write_bytes(path.read_bytes() + b"planted\\n")
write_atomic(path, path.read_bytes() + b"ours\\n")
"""
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
    wait_until(lambda: busy.layout.rel(path) in told(busy), message="the event")
    assert len(told(busy)) == 1


def _look(made: Project) -> bool:
    """Have the loop look at the project."""
    (made.layout.coord / "a-look").touch()
    return True


def _is_gone(made: Project, path: str) -> bool:
    return any(event.data.get("after", {}).get(path) == "" for event in made.events("conflict.detected"))  # type: ignore[attr-defined]


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


def test_a_record_is_looked_at_also_where_only_its_folder_is_told_to_have_changed(busy: Project) -> None:
    """As when an attempt's folder begins to be watched: what was done to it in its first moment is not missed."""
    (step,) = busy.layout.runs.glob("run-*/prompts/01/attempt-1/step.json")
    snapshot, direct = busy.snapshot(), Direct(busy.layout)
    direct.begin(snapshot)
    step.write_bytes(step.read_bytes() + b"\n")
    draft = direct.look(snapshot, {step.parent})
    assert draft is not None
    assert draft.data["files"] == [busy.layout.rel(step)]


def test_a_finding_that_is_changed_or_deleted_past_coord_is_told_and_what_coord_files_is_not(busy: Project) -> None:
    busy.coord("feedback", "file", "--title", "It leaks keys", "--priority", "high")
    snapshot, direct = busy.snapshot(), Direct(busy.layout)
    direct.begin(snapshot)
    busy.coord("feedback", "file", "--title", "Another one of them", "--priority", "high")
    busy.coord("feedback", "priority", "2", "low", "--yes")
    assert direct.look(snapshot, ()) is None
    first, second = sorted(busy.layout.feedback.glob("*.md"))
    first.write_text(first.read_text().replace("priority: high", "priority: low"))
    second.unlink()
    draft = direct.look(snapshot, ())
    assert draft is not None
    after = draft.data["after"]
    assert after == {busy.layout.rel(first): sha256(first.read_bytes()), busy.layout.rel(second): ""}
