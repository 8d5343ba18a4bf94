"""What a write has acknowledged is there after the power went: a real file system, cut off without warning."""

import fcntl
import itertools
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.proof import trial

from coordinator.model.plan import FileEdit
from coordinator.storage.files import remove, sha256, write_atomic
from coordinator.storage.journal import apply_edits, recover
from coordinator.storage.paths import Layout
from coordinator.storage.prompt_numbers import claim_number

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
WITHOUT_FLUSHING = 2


def _mounts(folder: Path) -> bool:
    """Whether this machine lets us mount a file system of our own."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        return False
    with _disk(folder) as disk:
        return disk is not None


@contextmanager
def _disk(folder: Path) -> Iterator[Path | None]:
    """A fresh ext4 on a loop device; None where there is no such thing."""
    image, mount = folder / "disk.img", folder / "disk"
    image.write_bytes(b"")
    os.truncate(image, 16 << 20)
    mount.mkdir(exist_ok=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)
    done = subprocess.run(["mount", "-o", "loop", str(image), str(mount)], capture_output=True)
    try:
        yield mount if done.returncode == 0 else None
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", str(mount)], check=True, capture_output=True)


def _cut(mount: Path) -> None:
    """Nothing that is not on the disk yet gets there any more; then look at what is."""
    fd = os.open(mount, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", WITHOUT_FLUSHING))
    finally:
        os.close(fd)
    subprocess.run(["umount", str(mount)], check=True, capture_output=True)
    subprocess.run(["mount", "-o", "loop", str(mount.parent / "disk.img"), str(mount)], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    if not _mounts(tmp_path):
        pytest.skip("needs root, mkfs.ext4 and loop devices")
    with _disk(tmp_path) as mount:
        assert mount is not None
        yield mount


@pytest.mark.slow
def test_an_acknowledged_write_survives_a_power_cut(disk: Path) -> None:
    write_atomic(disk / "a" / "b" / "new", b"made", expect=None)
    write_atomic(disk / "old", b"1")
    write_atomic(disk / "old", b"2", expect=sha256(b"1"))
    write_atomic(disk / "gone", b"x")
    remove(disk / "gone", expect=sha256(b"x"))
    _cut(disk)
    assert (disk / "a" / "b" / "new").read_bytes() == b"made"
    assert (disk / "old").read_bytes() == b"2"
    assert not (disk / "gone").exists()


ONE, TWO, THREE = ".coord/prompts/01-a.prompt.md", ".coord/prompts/02-b.prompt.md", ".coord/alignment.md"
EDITS = [
    FileEdit(ONE, "modify", b"ONE", sha256(b"one")),
    FileEdit(TWO, "create", b"TWO", None),
    FileEdit(THREE, "delete", b"", sha256(b"three")),
]
OLD, NEW = {ONE: b"one", THREE: b"three"}, {ONE: b"ONE", TWO: b"TWO"}


def _project(root: Path) -> Layout:
    for path, content in OLD.items():
        write_atomic(root / path, content)
    return Layout(root)


def _contents(layout: Layout) -> dict[str, bytes]:
    return {path: (layout.root / path).read_bytes() for path in (ONE, TWO, THREE) if (layout.root / path).exists()}


@pytest.mark.slow
def test_an_applied_plan_and_a_claimed_number_survive_a_power_cut(disk: Path) -> None:
    layout = _project(disk)
    apply_edits(layout, "plan-1", EDITS)
    number = claim_number(layout, 41)
    _cut(disk)
    assert recover(layout) == []
    assert _contents(layout) == NEW
    assert claim_number(layout, 0) == number + 1


@pytest.mark.slow
def test_a_plan_is_whole_or_not_there_wherever_the_power_goes(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = []
    for cut_at in itertools.count(1):
        layout = _project(disk / str(cut_at))
        done = _apply_until_sync(layout, cut_at, monkeypatch)
        _cut(disk)
        with trial("the power, while a plan is applied", at="fsync") as one:
            recover(layout)
            assert _contents(layout) in (OLD, NEW), f"power cut before sync {cut_at}"
            one.came = "applied whole" if _contents(layout) == NEW else "nothing done"
        outcomes.append(_contents(layout) == NEW)
        if done:
            break
    assert outcomes[0] is False
    assert outcomes[-1] is True
    assert len(outcomes) > 6


def _apply_until_sync(layout: Layout, number: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Apply the plan, but stop in front of the `number`-th sync; True when there were fewer."""
    count, sync = itertools.count(1), os.fsync

    def counted(fd: int) -> None:
        if next(count) == number:
            raise KeyboardInterrupt
        sync(fd)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", counted)
        try:
            apply_edits(layout, "plan-1", EDITS)
        except KeyboardInterrupt:
            return False
    return True


@pytest.mark.slow
def test_without_the_sync_of_the_folder_the_cut_would_lose_a_write(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cut is a real one: it is the syncs that make the tests above pass."""
    from coordinator.storage import files

    monkeypatch.setattr(files, "sync_folder", lambda folder: None)
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    write_atomic(disk / "new", b"made", expect=None)
    _cut(disk)
    assert not (disk / "new").exists() or (disk / "new").read_bytes() != b"made"
