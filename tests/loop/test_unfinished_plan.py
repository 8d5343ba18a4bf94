"""A plan whose process was killed half-way is finished by whoever looks next, before anything is done about it."""

import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.project import Project, prompt_text
from support.steering import path_of, plain_project
from support.tracing import Point, needs_strace, run, traced
from support.wait import wait_until
from support.whole import check_whole, coord_of, quiet

from coordinator.apply.plans import apply
from coordinator.apply.undo import plan_undo
from coordinator.errors import Refused, StalePlan
from coordinator.eventlog.store import EventLog
from coordinator.formats.frontmatter import patch
from coordinator.model.event import Actor, ActorKind, Event
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.observe.observer import Observer
from coordinator.services.interjection import Interjection, plan_interjection
from coordinator.storage import journal
from coordinator.storage.files import Lock
from coordinator.storage.paths import Layout

Make = Callable[..., Project]
ADA = Actor(ActorKind.HUMAN, "ada")
NEW = Interjection("Between", after=(1,), before=(2,))


def look(layout: Layout) -> Snapshot:
    observer = Observer(layout)
    try:
        return observer.snapshot()
    finally:
        observer.close()


def events(layout: Layout, *kinds: str) -> list[Event]:
    with EventLog(layout.events_db) as log:
        return [event for event in log.since(0, 1000) if event.kind in kinds]


def killed_after_the_commit(layout: Layout, monkeypatch: pytest.MonkeyPatch, request: Interjection = NEW) -> Plan:
    """What is left of a command that was killed before it had put any file in its place."""

    def killed(*arguments: object) -> list[str]:
        raise KeyboardInterrupt

    plan = plan_interjection(look(layout), request)
    with monkeypatch.context() as patched:
        patched.setattr(journal, "_place", killed)
        with pytest.raises(KeyboardInterrupt):
            apply(layout, plan, ADA)
    assert journal.pending(layout)
    return plan


def change(layout: Layout, number: int, values: Mapping[str, str | int]) -> bytes:
    path = path_of(layout, number)
    path.write_bytes(patch(path.read_bytes(), values))
    return path.read_bytes()


@needs_strace
def test_a_running_loop_finishes_a_plan_that_was_killed_between_two_files_before_it_goes_on(
    make: Make, tmp_path: Path
) -> None:
    made = make({1: [], 2: [1]}, max_parallel=4)
    (made.layout.scripts / "03.sh").write_text((made.layout.scripts / "02.sh").read_text())
    (made.layout.scripts / "01.sh").write_text(made.until() + (made.layout.scripts / "02.sh").read_text())
    start = made.repository.head()
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "running")
    words = coord_of(made, "interject", "--title", "Between", "--after", "1", "--before", "2", "--yes")
    done = run(traced(words, tmp_path / "trace", at=Point("renameat2", 1)), quiet(made))
    assert done.returncode == -signal.SIGKILL, done.stderr
    wait_until(lambda: not journal.pending(made.layout), message="the loop to finish the plan by itself")
    assert made.snapshot().prompts[2].dependencies == (1, 3)
    made.release()
    assert loop.wait(90) == 0, made.said()
    assert [event.prompt for event in made.events("step.merged")] == [1, 3, 2]
    assert [event.prompt for event in made.events("plan.applied", "prompt.created")] == [3, 3]
    check_whole(made, start, "after all", known=[])


@pytest.mark.slow
def test_the_loop_starts_nothing_while_somebody_is_at_a_plan_and_goes_on_when_that_one_ends(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make({1: [], 2: []}, max_parallel=4)
    (made.layout.scripts / "01.sh").write_text(made.until() + (made.layout.scripts / "02.sh").read_text())
    (made.layout.scripts / "03.sh").write_text((made.layout.scripts / "02.sh").read_text())
    made.coord("pause")
    made.start_loop("--until-idle")
    killed_after_the_commit(made.layout, monkeypatch)
    with Lock(made.layout.journal):
        made.coord("resume")
        made.sees(lambda snapshot: snapshot.loop.asked == "running", message="the loop to be resumed")
        snapshot = made.snapshot()
        assert snapshot.unfinished
        assert [p.code for p in snapshot.problems] == ["unfinished-plan"]
        made.coord("validate", check=False)  # some more looks beside it
        assert made.events("step.dispatched") == []
    made.wait_for(1, "running")
    made.release()
    made.wait_for(2, "merged")
    assert [event.prompt for event in made.events("step.dispatched")] == [1, 3, 2]


@pytest.mark.parametrize("command", [("status", "--json"), ("log",), ("validate",), ("questions",)])
def test_every_command_finishes_a_plan_first(
    make: Make, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    made = make({1: [], 2: [1]})
    made.coord("status", "--json")
    killed_after_the_commit(made.layout, monkeypatch)
    made.coord(*command)
    assert not journal.pending(made.layout)
    assert [event.prompt for event in made.events("plan.applied", "prompt.created")] == [3, 3]


def test_work_that_was_done_since_is_not_rewritten_and_a_problem_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = plain_project(tmp_path, {1: [], 2: [1]})
    plan = killed_after_the_commit(layout, monkeypatch)
    done = change(layout, 2, {"status": "done", "attempts": 1})
    snapshot = look(layout)
    assert path_of(layout, 2).read_bytes() == done
    assert sorted(snapshot.prompts) == [1, 2, 3]
    (problem,) = snapshot.problems
    assert (problem.code, path_of(layout, 2).name in problem.message) == ("kept-aside", True)
    for _ in range(2):
        (conflict,) = events(layout, "conflict.detected")
        assert conflict.prompt == 2
        assert "done work is never rewritten" in json.dumps(dict(conflict.data))
        look(layout)
    apply(layout, plan_undo(layout, look(layout), plan.id), ADA)
    assert sorted(look(layout).prompts) == [1, 2]
    assert path_of(layout, 2).read_bytes() == done


def test_what_changed_since_is_kept_and_undo_takes_back_only_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = plain_project(tmp_path, {1: [], 2: [1]})
    plan = killed_after_the_commit(layout, monkeypatch)
    mine = change(layout, 2, {"priority": "high", "title": "Mine"})
    two = look(layout).prompts[2]
    assert (two.dependencies, two.priority.value, two.title) == ((1, 3), "high", "Mine")
    assert look(layout).problems == ()
    apply(layout, plan_undo(layout, look(layout), plan.id), ADA)
    assert path_of(layout, 2).read_bytes() == mine
    assert sorted(look(layout).prompts) == [1, 2]


def test_undo_says_so_when_somebody_went_on_from_what_the_plan_had_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = plain_project(tmp_path, {1: [], 2: [1]})
    plan = killed_after_the_commit(layout, monkeypatch)
    (edit,) = (edit for edit in plan.edits if edit.change == "modify")
    (layout.root / edit.path).write_bytes(edit.content)
    change(layout, 2, {"title": "Mine"})
    two = look(layout).prompts[2]
    assert (two.dependencies, two.title) == ((1, 3), "Mine")
    with pytest.raises(Refused, match="changed since"):
        plan_undo(layout, look(layout), plan.id)


def test_a_living_observer_sees_the_whole_plan_though_only_a_part_of_it_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = plain_project(tmp_path, {1: [], 2: [1]})
    observer = Observer(layout)
    observer.snapshot()
    killed_after_the_commit(layout, monkeypatch)
    snapshot = observer.refresh(frozenset())
    observer.close()
    assert snapshot.prompts[2].dependencies == (1, 3)
    assert snapshot.head == events(layout, "plan.applied", "prompt.created", "prompt.edited")[-1].seq


def test_a_plan_for_a_prompt_that_was_claimed_since_is_refused(make: Make) -> None:
    """The loop is killed before it could write into the prompt's file that it has begun with it."""
    made = make({1: [], 2: [1]})
    (made.layout.scripts / "01.sh").write_text(made.until() + (made.layout.scripts / "02.sh").read_text())
    first = made.start_loop("--until-idle")
    made.wait_for(1, "running")
    plan = plan_interjection(made.snapshot(), NEW)
    first.kill()
    first.wait()
    made.start_loop("--until-idle", failpoint="dispatch-claimed")
    made.release()
    wait_until(lambda: made.attempts(2), message="the claim")
    with pytest.raises(StalePlan):
        apply(made.layout, plan, ADA)
    assert made.snapshot().prompts.keys() == {1, 2}


def test_a_version_that_was_kept_aside_is_never_a_prompt(tmp_path: Path) -> None:
    layout = plain_project(tmp_path, {1: []})
    layout.config.write_text("runtime: scripted\nprompt_folders: [plans]\n")
    (tmp_path / "plans").mkdir()
    for folder, name in ((tmp_path / "plans", "07-other.md"), (layout.prompts, "08-planned-x.prompt.md")):
        (folder / f"{name}.kept-0000abcd").write_text(prompt_text(9))
    snapshot = look(layout)
    assert sorted(snapshot.prompts) == [1]
    assert [problem.code for problem in snapshot.problems] == ["kept-aside", "kept-aside"]
    assert snapshot.loop.state.value != "stuck"


def test_a_journal_without_events_is_put_aside_and_stops_nobody(tmp_path: Path) -> None:
    layout = plain_project(tmp_path, {1: []})
    layout.journal.mkdir()
    (layout.journal / "bad.placed").write_text('{"edits": [], "note": {"actor": 7}}')
    assert look(layout).problems == ()
    assert [path.name for path in layout.journal.iterdir()] == ["bad.placed.broken"]
