"""The source for real: files, log, tmux and a loop, seen and asked as the screen does."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator

import pytest
from support import scenes
from support.project import Project
from support.wait import wait_until

from coordinator.client.observing import patience
from coordinator.client.ports import Query, Show, Trouble, Wish
from coordinator.client.project import ProjectSource
from coordinator.errors import CoordError
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.model.event import Actor, ActorKind, Draft
from coordinator.model.pane_screen import Screen
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.observe.observer import Observer

Make = Callable[..., Project]
LONG = "echo started; coord agent done --no-change --summary later; sleep 600\n"
AGENT = Actor(ActorKind.AGENT, "executor-01-1", "executor")


class Looking:
    """Takes the snapshots of a source in a thread, as the app does."""

    def __init__(self, source: ProjectSource) -> None:
        self.source = source
        self.found: list[Snapshot | Trouble] = []
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        for found in self.source.snapshots():
            self.found.append(found)

    @property
    def last(self) -> Snapshot:
        return next(found for found in reversed(self.found) if isinstance(found, Snapshot))

    def wait(self, predicate: Callable[[Snapshot], object], message: str, timeout: float = 60) -> Snapshot:
        def there() -> Snapshot | None:
            found = self.found[-1] if self.found else None
            return found if isinstance(found, Snapshot) and predicate(found) else None

        found = wait_until(there, timeout=timeout, message=message)
        assert found is not None
        return found

    def ended(self) -> bool:
        return not self._thread.is_alive()


@contextlib.contextmanager
def looking(project: Project) -> Iterator[Looking]:
    source = ProjectSource(project.layout)
    look = Looking(source)
    try:
        look.wait(lambda _: True, "the first snapshot")
        yield look
    finally:
        source.close()
        wait_until(look.ended, message="the thread to end")


def test_a_new_prompt_is_seen_at_once(make: Make) -> None:
    project = make({1: ()})
    with looking(project) as look:
        project.add(2, 1)
        snapshot = look.wait(lambda s: 2 in s.prompts, "prompt 2")
        assert snapshot.graph.dependencies[2] == (1,)


def test_nothing_is_told_while_nothing_changes(make: Make) -> None:
    project = make({1: ()})
    with looking(project) as look:
        before = len(look.found)
        project.layout.prompts.joinpath("note.txt").write_text("not a prompt")
        project.add(2)
        look.wait(lambda s: 2 in s.prompts, "prompt 2")
        assert all(a != b for a, b in zip(look.found[before:], look.found[before + 1 :], strict=False))


def test_a_broken_setting_is_told_and_repaired_without_a_restart(make: Make) -> None:
    project = make({1: ()})
    with looking(project) as look:
        good = project.layout.config.read_text()
        project.layout.config.write_text(good + "gat: auto\n")
        look.wait(lambda s: any("gat" in p.message and "gate" in p.remedy for p in s.problems), "the problem")
        project.layout.config.write_text(good)
        look.wait(lambda s: not s.problems, "the project again")


def test_one_look_after_another_sees_what_is_new_and_refuses_what_can_not_be_read(make: Make) -> None:
    project = make({1: ()})
    source = ProjectSource(project.layout)
    try:
        assert (set(source.look().prompts), source.look().questions) == ({1}, ())
        good = project.layout.config.read_text()
        project.add(2, 1)
        project.coord("ask", "Which way?")
        found = source.look()
        assert (set(found.prompts), [one.text for one in found.open_questions]) == ({1, 2}, ["Which way?"])
        project.layout.config.write_text(good + "speed: 9\n")
        with pytest.raises(CoordError, match="speed"):
            source.look()
        project.layout.config.write_text(good)
        assert set(source.look().prompts) == {1, 2}
        project.layout.events_db.unlink()
        assert source.look().open_questions == ()
    finally:
        source.close()
    assert set(source.look().prompts) == {1, 2}  # a thread that asks while the screen closes


def test_a_screen_opened_on_a_broken_project_comes_to_life_when_it_is_repaired(make: Make) -> None:
    project = make({1: ()})
    good = project.layout.config.read_text()
    project.layout.config.write_text("gat: auto\n")
    source = ProjectSource(project.layout)
    look = Looking(source)
    try:
        wait_until(lambda: look.found, message="the trouble")
        assert isinstance(look.found[0], Trouble)
        assert source.preferences().theme == ""
        project.layout.config.write_text(good)
        look.wait(lambda s: 1 in s.prompts, "the project")
    finally:
        source.close()
        wait_until(look.ended, message="the thread to end")


def test_settings_of_the_screen_come_from_the_project(make: Make) -> None:
    project = make({}, theme="coord-light")
    project.layout.config.write_text(project.layout.config.read_text() + "keys:\n  zoom: ctrl+z\n")
    source = ProjectSource(project.layout)
    try:
        assert source.preferences().theme == "coord-light"
        assert source.preferences().keys == {"zoom": "ctrl+z"}
    finally:
        source.close()


def test_the_log_comes_in_pages_and_by_query(make: Make) -> None:
    project = make({1: (), 2: ()})
    with EventLog(project.layout.events_db) as log:
        for n in range(1, 31):
            log.append([Draft("decision.recorded", f"prompt:{n % 2 + 1}", {"text": f"choice {n}"})], AGENT)
        log.append([Draft("question.asked", "prompt:1", {"text": "Why?"})], AGENT)
    source = ProjectSource(project.layout)
    try:
        newest = source.events(Query(), limit=5)
        assert [event.seq for event in newest] == [27, 28, 29, 30, 31]
        assert [event.seq for event in source.events(Query(), before=27, limit=3)] == [24, 25, 26]
        assert [event.seq for event in source.events(Query(), after=29, limit=9)] == [30, 31]
        assert {e.subject for e in source.events(Query(Show.PROMPT, subject="prompt:2"), limit=9)} == {"prompt:2"}
        assert [e.kind for e in source.events(Query(Show.QUESTION), limit=9)] == ["question.asked"]
        assert [e.seq for e in source.events(Query(text="CHOICE 17"), limit=9)] == [17]
        assert len(source.events(Query(Show.AGENT, actor="executor-01-1"), limit=99)) == 31
        assert source.events(Query(Show.AGENT, actor="nobody"), limit=99) == ()
    finally:
        source.close()


def test_an_answer_goes_on_the_log_and_ends_the_question(make: Make) -> None:
    project = make({1: ()})
    with EventLog(project.layout.events_db) as log:
        (asked,) = log.append([Draft("question.asked", "prompt:1", {"text": "Which?", "options": ["a", "b"]})], AGENT)
    with looking(project) as look:
        assert look.last.open_questions[0].id == asked.id
        assert look.source.answer(asked.id, "b") == "Answered: b"
        snapshot = look.wait(lambda s: not s.open_questions, "the question to be closed")
        assert snapshot.questions[0].answer == "b"
        with pytest.raises(CoordError, match="answered"):
            look.source.answer(asked.id, "a")


def test_the_loop_starts_pauses_goes_on_and_stops(make: Make) -> None:
    project = make({1: ()}, {1: LONG})
    with looking(project) as look:
        assert "window" in look.source.ask_loop(Wish.START)
        look.wait(lambda s: s.loop.alive and s.steps[1].state is StepState.RUNNING, "the agent")
        assert "Paused" in look.source.ask_loop(Wish.PAUSE)
        look.wait(lambda s: s.loop.asked == "paused", "the pause")
        look.source.ask_loop(Wish.RESUME)
        look.wait(lambda s: s.loop.asked == "running", "the loop to go on")
        look.source.ask_loop(Wish.STOP)
        look.wait(lambda s: not s.loop.alive, "the loop to end")
        look.source.ask_loop(Wish.START)
        look.wait(lambda s: s.loop.alive and s.loop.asked == "running", "the loop once more")
        with pytest.raises(CoordError, match="runs already"):
            look.source.ask_loop(Wish.START)


def test_live_windows_last_screens_and_attaching_go_by_the_agents_mark(make: Make) -> None:
    project = make({1: ()}, {1: "seq -f 'early %g' 300; echo hello from one; sleep 600\n"})
    screens: dict[str, Screen] = {}
    with looking(project) as look:
        look.source.ask_loop(Wish.START)
        snapshot = look.wait(lambda s: s.agents and s.agents[0].pane, "the agent's window")
        agent, attempt = snapshot.agents[0], snapshot.steps[1].attempt
        assert attempt is not None
        look.source.show_panes([agent.pane], agent.pane, screens.__setitem__)
        wait_until(
            lambda: agent.pane in screens and "hello from one" in screens[agent.pane].plain(), message="the pane"
        )
        command = look.source.attach(agent)
        assert command is not None
        assert command[-1].endswith(agent.window)
        last = look.source.last_screen(attempt)
        assert last is not None
        assert "hello from one" in last.plain()
        assert "early 1\n" not in last.plain()
        whole = look.source.scrollback(agent).plain()
        assert "early 1\n" in whole
        assert whole.endswith("hello from one")
        project.terminals.kill_window(agent.window)
        with pytest.raises(CoordError, match="gone"):
            look.source.attach(agent)
        with pytest.raises(CoordError, match="gone"):
            look.source.scrollback(agent)
        assert look.source.last_screen(attempt) is None
        kept = project.layout.root / attempt.directory / "screen.txt"
        kept.write_text("\x1b[31mkept\x1b[0m picture\n")
        assert look.source.last_screen(attempt).plain().strip() == "kept picture"


def test_a_loop_that_is_killed_is_noticed_although_it_writes_nothing(make: Make) -> None:
    project = make({1: ()}, {1: "sleep 600\n"})
    process = project.start_loop()
    project.wait_for(1, "running")
    with looking(project) as look:
        look.wait(lambda s: s.loop.alive and s.steps[1].state is StepState.RUNNING, "the loop")
        os.kill(process.pid, 9)
        process.wait()
        look.wait(lambda s: not s.loop.alive, "the loop to be seen dead")


def test_while_what_lives_goes_on_living_nothing_is_read_again(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make({1: ()}, {1: "sleep 600\n"})
    project.start_loop()
    project.wait_for(1, "running")
    monkeypatch.setattr("coordinator.client.observing._PULSE", 0.01)
    looks, pulses = [], []
    refresh, outlived = Observer.refresh, Observer.outlived
    monkeypatch.setattr(Observer, "refresh", lambda self, changed: looks.append(changed) or refresh(self, changed))
    monkeypatch.setattr(Observer, "outlived", lambda self: pulses.append(len(looks)) or outlived(self))
    with looking(project) as look:
        look.wait(lambda s: s.steps[1].state is StepState.RUNNING, "the agent")
        wait_until(lambda: len(pulses) > 20 and len(set(pulses[-20:])) == 1, message="twenty pulses without a look")


def test_it_looks_again_by_itself_only_while_something_lives_that_may_die_silently() -> None:
    busy, idle = scenes.bucket(), scenes.stopped()
    assert patience(busy) is not None
    assert patience(replace(busy, loop=idle.loop)) is not None
    assert patience(replace(idle, loop=busy.loop)) is not None
    assert patience(idle) is None
    assert patience(Trouble("broken", "repair it")) is None


def test_closing_ends_everything_also_before_the_first_snapshot(make: Make) -> None:
    project = make({1: ()})
    source = ProjectSource(project.layout)
    source.close()
    assert list(source.snapshots()) == []
