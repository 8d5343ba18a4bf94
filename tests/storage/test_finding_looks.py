"""Findings, looked at again: only what changed is read, and whatever changed is seen."""

import errno
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from coordinator.client.project import ProjectSource
from coordinator.formats.feedback_text import file_name, render
from coordinator.model.feedback import Feedback
from coordinator.model.prompt import Priority
from coordinator.storage import feedback
from coordinator.storage.feedback import FindingReader, read_findings
from coordinator.storage.files import FileKey
from coordinator.storage.paths import Layout

LONG_AGO = 1_700_000_000


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.prompts.mkdir(parents=True)
    made.feedback.mkdir()
    made.config.write_text("runtime: scripted\n")
    made.milestone.write_text("---\ntitle: Limits\nstatus: open\niterate: true\n---\n\n## Goal\n\nLimit.\n")
    for number in (1, 2, 3):
        put(made, number, "Slow start")
    return made


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read."""
    names: list[str] = []
    read = feedback.read_limited

    def noted(path: str, limit: int) -> bytes:
        names.append(os.path.basename(path))
        return read(path, limit)

    monkeypatch.setattr(feedback, "read_limited", noted)
    return names


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is read was written a while before."""
    later = SimpleNamespace(time_ns=lambda: time.time_ns() + 3_600_000_000_000)
    monkeypatch.setattr(feedback, "time", later)


def put(layout: Layout, number: int, title: str) -> Path:
    path = layout.feedback / file_name(number, "A finding")
    path.write_bytes(render(Feedback(number, title, Priority.LOW)))
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def titles(reader: FindingReader) -> list[str]:
    return [item.title for item in reader.read().items]


@pytest.mark.usefixtures("settled")
def test_a_second_look_reads_nothing_that_did_not_change(layout: Layout, reads: list[str]) -> None:
    reader = FindingReader(layout)
    first = reader.read()
    reads.clear()
    assert reader.read() is first
    assert reads == []
    path = put(layout, 2, "Slow startup")
    assert titles(reader) == ["Slow start", "Slow startup", "Slow start"]
    assert reads == [path.name]


def test_an_edit_of_equal_size_and_time_is_seen(layout: Layout) -> None:
    reader = FindingReader(layout)
    path = layout.feedback / file_name(2, "A finding")
    for turn in range(200):
        before, title = path.stat(), f"Slow {turn:05d}"
        put(layout, 2, title)
        after = path.stat()
        assert titles(reader)[1] == title
        if turn:
            assert (before.st_size, before.st_mtime_ns, before.st_ino) == (
                after.st_size,
                after.st_mtime_ns,
                after.st_ino,
            )


def test_a_write_right_after_a_look_is_seen_though_time_stamps_are_coarse(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On some file systems a time stamp holds for two seconds: a file may change within it without telling."""

    def coarse(status: os.stat_result) -> FileKey:
        second = status.st_ctime_ns // 2_000_000_000 * 2_000_000_000
        return FileKey(second, status.st_size, status.st_ino, second)

    monkeypatch.setattr(feedback, "file_key", coarse)
    reader = FindingReader(layout)
    for title in ("Refresh tokens", "Renewed tokens", "Retyped tokens"):
        put(layout, 2, title)
        assert titles(reader)[1] == title


def change_title(layout: Layout) -> None:
    put(layout, 3, "Other words")


def remove(layout: Layout) -> None:
    (layout.feedback / file_name(3, "A finding")).unlink()


def remove_all(layout: Layout) -> None:
    shutil.rmtree(layout.feedback)


def add(layout: Layout) -> None:
    put(layout, 4, "One more")


def replace_folder(layout: Layout) -> None:
    layout.feedback.rename(layout.coord / "aside")
    layout.feedback.write_text("no folder")


def swap(layout: Layout) -> None:
    """Two files change names: each is as it was, at the other's place."""
    one, two = (layout.feedback / file_name(number, "A finding") for number in (1, 3))
    one.write_bytes(one.read_bytes().replace(b"Slow start", b"Slow ender"))
    aside = layout.feedback / "aside"
    one.rename(aside)
    two.rename(one)
    aside.rename(two)


def link(layout: Layout) -> None:
    path = layout.feedback / file_name(3, "A finding")
    path.rename(layout.feedback / "elsewhere")
    path.symlink_to("elsewhere")


def twin(layout: Layout) -> None:
    (layout.feedback / file_name(3, "A twin")).write_bytes(render(Feedback(3, "Twin", Priority.HIGH)))


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    "change", [change_title, remove, remove_all, replace_folder, add, swap, link, twin], ids=lambda c: c.__name__
)
def test_who_looks_again_sees_what_one_who_looks_first_sees(layout: Layout, change: Callable[[Layout], None]) -> None:
    reader = FindingReader(layout)
    before = reader.read()
    change(layout)
    found = reader.read()
    assert found == read_findings(layout) != before


@pytest.mark.usefixtures("settled")
def test_a_file_that_could_not_be_read_is_tried_again_though_it_did_not_change(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = FindingReader(layout)
    with monkeypatch.context() as patched:

        def refused(path: str, limit: int) -> bytes:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        patched.setattr(feedback, "read_limited", refused)
        assert [problem.code for problem in reader.read().problems] == ["unreadable"] * 3
    assert titles(reader) == ["Slow start"] * 3
    assert reader.read().problems == ()


@pytest.mark.usefixtures("settled")
def test_a_look_that_is_broken_off_takes_nothing_in(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = FindingReader(layout)
    reader.read()
    for number in (1, 2):
        put(layout, number, "Other words")
    read, seen = feedback.read_limited, []

    def interrupted(path: str, limit: int) -> bytes:
        seen.append(path)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return read(path, limit)

    monkeypatch.setattr(feedback, "read_limited", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reader.read()
    assert titles(reader) == ["Other words", "Other words", "Slow start"]


@pytest.mark.usefixtures("settled")
def test_a_page_shown_again_reads_only_the_findings_that_changed(layout: Layout, reads: list[str]) -> None:
    source = ProjectSource(layout)
    try:
        assert len(source.milestone().rounds.findings) == 3
        assert sorted(reads) == sorted(path.name for path in layout.feedback.iterdir())
        reads.clear()
        path = put(layout, 2, "Slow enders")
        page = source.milestone()
        assert [item.title for item in page.rounds.findings] == ["Slow start", "Slow enders", "Slow start"]
        assert reads == [path.name]
        path.unlink()
        page = source.milestone()
        assert [item.number for item in page.rounds.findings] == [1, 3]
        assert reads == [path.name]
    finally:
        source.close()


def test_who_looks_while_another_thread_reads_waits_for_it(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = FindingReader(layout)
    read, others = feedback.read_limited, []

    def crowded(path: str, limit: int) -> bytes:
        if not others:
            others.append(pool.submit(reader.read))
            with pytest.raises(TimeoutError):
                others[0].result(timeout=0.2)
        return read(path, limit)

    monkeypatch.setattr(feedback, "read_limited", crowded)
    with ThreadPoolExecutor(1) as pool:
        found = reader.read()
        assert others[0].result() == found
    assert len(found.items) == 3
