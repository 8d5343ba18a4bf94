"""The watch tells of every change of the folders it attends, and of the log, without being asked."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.wait import wait_until

from coordinator.eventlog.store import EventLog
from coordinator.filewatch.folders import Folders, InotifyFolders, PortableFolders
from coordinator.filewatch.stop import Stop
from coordinator.model.event import SYSTEM, Draft
from coordinator.model.work import prompt_work
from coordinator.observe.watch import Changes, Watch
from coordinator.storage.paths import Layout

WAYS: list[Callable[[], Folders]] = [PortableFolders]
if sys.platform.startswith("linux"):
    WAYS.append(InotifyFolders)


class Listener:
    """Collects what a folder watch tells, in a thread."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.seen: set[Path] = set()
        self._stop = Stop()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while paths := self.folders.wait(self._stop):
            self.seen |= paths

    def end(self) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()
        self.folders.close()
        self._stop.close()


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    folders: Folders = request.param()
    folders.want({tmp_path})
    listener = Listener(folders)
    probe = tmp_path / "probe"
    wait_until(lambda: probe.write_text("x") and probe in listener.seen, message="the watch to begin")
    yield listener
    listener.end()


def test_a_file_that_replaces_another_is_told(listener: Listener, tmp_path: Path) -> None:
    target, temp = tmp_path / "a.md", tmp_path / "temp"
    temp.write_text("new")
    os.replace(temp, target)
    wait_until(lambda: target in listener.seen, message="the replaced file")


def test_every_file_of_a_burst_is_told(listener: Listener, tmp_path: Path) -> None:
    files = {tmp_path / f"{n}.md" for n in range(300)}
    for file in files:
        file.write_text("x")
    wait_until(lambda: files <= listener.seen or tmp_path in listener.seen, message="300 files")


def test_a_folder_that_comes_later_is_watched_once_it_is_there(listener: Listener, tmp_path: Path) -> None:
    later = tmp_path / "later"
    listener.folders.want({tmp_path, later})
    later.mkdir()
    wait_until(lambda: _told(listener, later), message="the new folder")
    file = later / "exit.json"
    wait_until(lambda: file.write_text("{}") and file in listener.seen, message="a file in the new folder")


def test_a_folder_that_is_replaced_is_watched_again(listener: Listener, tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    folder.mkdir()
    listener.folders.want({tmp_path, folder})
    folder.rename(tmp_path / "old")
    folder.mkdir()
    file = folder / "b.md"
    wait_until(lambda: file.write_text("x") and file in listener.seen, message="a file in the replaced folder")


def _told(listener: Listener, folder: Path) -> bool:
    return folder in listener.seen or any(path.parent == folder for path in listener.seen)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[Layout, Watch, list[Changes]]]:
    layout = Layout(tmp_path)
    layout.prompts.mkdir(parents=True)
    with EventLog.open(layout.events_db, create=True):
        pass
    changes: list[Changes] = []
    watch = Watch(layout, changes.append)
    yield layout, watch, changes
    watch.stop()


def test_an_edited_prompt_is_told_by_its_path(told: tuple[Layout, Watch, list[Changes]]) -> None:
    layout, _, changes = told
    file = layout.prompts / "01-planned-a.prompt.md"
    file.write_text("x")
    wait_until(lambda: any(file in c.paths for c in changes), message="the prompt")


def test_the_journal_of_a_projects_first_plan_is_watched_too(told: tuple[Layout, Watch, list[Changes]]) -> None:
    layout, _, changes = told
    layout.journal.mkdir()
    plan = layout.journal / "plan.json"
    wait_until(lambda: plan.write_text("{}") and any(plan in c.paths for c in changes), message="the plan")


def test_an_appended_event_is_told_as_growth_and_not_as_a_file(told: tuple[Layout, Watch, list[Changes]]) -> None:
    layout, _, changes = told
    with EventLog.open(layout.events_db) as log:
        log.append([Draft("run.started", "milestone")], SYSTEM)
    wait_until(lambda: any(c.log_grew for c in changes), message="the log to have grown")
    assert not any(path.name.startswith("events.db") for c in changes for path in c.paths)


def test_what_an_attempt_wrote_before_it_was_attended_is_told(told: tuple[Layout, Watch, list[Changes]]) -> None:
    layout, watch, changes = told
    attempt = layout.attempt("run-1", prompt_work(7), 1)
    attempt.mkdir(parents=True)
    (attempt / "exit.json").write_text("{}")
    watch.attend([attempt])
    assert any(attempt in c.paths for c in changes)
    receipt = attempt / "receipt.json"
    receipt.write_text("{}")
    wait_until(lambda: any(receipt in c.paths or attempt in c.paths for c in changes[1:]), message="the receipt")


def test_nothing_is_told_after_stop(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.prompts.mkdir(parents=True)
    changes: list[Changes] = []
    watch = Watch(layout, changes.append)
    watch.stop()
    before = len(changes)
    (layout.prompts / "01-planned-a.prompt.md").write_text("x")
    assert len(changes) == before
