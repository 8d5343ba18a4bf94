"""Kill -9 at every single system call that changes something, and every error the disk can give there."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from support.proof import trial

from coordinator.storage.files import is_temp, sha256
from coordinator.storage.journal import recover
from coordinator.storage.paths import Layout

ROOT = Path(__file__).parents[2]
STRACE = shutil.which("strace")
MARK = "/coord-test-begins-here"
OLD = {"prompts/01-a.prompt.md": b"one", "alignment.md": b"three"}
NEW = {"prompts/01-a.prompt.md": b"ONE", "prompts/02-b.prompt.md": b"TWO"}
PROGRAM = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from coordinator.storage.journal import apply_edits
from coordinator.storage.paths import Layout
from coordinator.model.plan import FileEdit
root = Path(sys.argv[1])
def record(plan_id, note):
    fd = os.open(root / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(fd, note["text"].encode())
    os.fsync(fd)
    os.close(fd)
edits = [
    FileEdit(".coord/prompts/01-a.prompt.md", "modify", b"ONE", "{sha256(b"one")}"),
    FileEdit(".coord/prompts/02-b.prompt.md", "create", b"TWO", None),
    FileEdit(".coord/alignment.md", "delete", b"", "{sha256(b"three")}"),
]
os.path.exists({MARK!r})
apply_edits(Layout(root), "plan-1", edits, note={{"text": "applied."}}, record=record)
"""
PYTHON = (sys.executable, "-S", "-E", "-B", "-c", PROGRAM)
KINDS = (
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "write", "pwrite64", "fsync"),
    *("openat", "mkdir", "mkdirat", "flock", "fchmod", "close"),
)
"""System calls that change something, or stand between those that do. strace counts each by itself."""


def _traces() -> bool:
    """Whether strace is here and may look into processes."""
    if STRACE is None:
        return False
    return subprocess.run([STRACE, "-qq", "-o", "/dev/null", "true"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not _traces(), reason="needs strace, and the right to use it")


def project(folder: Path) -> Layout:
    layout = Layout(folder)
    for name, content in OLD.items():
        path = layout.coord / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return layout


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert STRACE is not None
    command = [STRACE, "-f", "-qq", "-o", str(folder / "trace"), *options, *PYTHON, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def fill_the_bytecode_cache(folder: Path) -> None:
    """Or the calls that Python makes would differ from run to run."""
    project(folder)
    subprocess.run([*(word for word in PYTHON if word != "-B"), str(folder)], check=True, timeout=60)


def calls(folder: Path) -> dict[str, range]:
    """Which calls of each kind, counted from 1 over the whole process, are made while the plan is applied."""
    done = run(folder, "-e", f"trace={','.join(KINDS)},stat,newfstatat")
    assert done.returncode == 0, done.stderr
    before, during = Counter[str](), Counter[str]()
    begun = False
    for line in (folder / "trace").read_text().splitlines():
        begun = begun or MARK in line
        match = re.match(r"\d+\s+(\w+)\(", line)
        if match:
            (during if begun else before)[match[1]] += 1
    assert begun
    return {kind: range(before[kind] + 1, before[kind] + during[kind] + 1) for kind in KINDS}


def contents(layout: Layout) -> dict[str, bytes]:
    places = [*layout.prompts.iterdir(), *layout.coord.glob("*.md*")]
    return {path.relative_to(layout.coord).as_posix(): path.read_bytes() for path in places}


def recorded(layout: Layout) -> str:
    log = layout.root / "log"
    return log.read_text() if log.exists() else ""


def check_whole_after_recovery(layout: Layout, where: str) -> bool:
    """Everything or nothing, no litter, and the note is recorded exactly where the files are new; True if applied."""

    def again(plan_id: str, note: object) -> None:
        with open(layout.root / "log", "a") as stream:
            stream.write("applied.")

    recover(layout, again)
    found = contents(layout)
    assert found in (OLD, NEW), f"{where}: half a plan: {found}"
    assert bool(recorded(layout)) == (found == NEW), f"{where}: recorded {recorded(layout)!r}"
    litter = [path.name for path in layout.coord.rglob("*") if is_temp(path.name)]
    assert not litter, f"{where}: {litter} left"
    assert not any(layout.journal.glob("*")), f"{where}: the journal is not empty"
    assert recover(layout, again) == []
    return found == NEW


def points(tmp_path: Path, kinds: Iterable[str]) -> Iterator[tuple[Path, Layout, str, int]]:
    """A fresh project for each call of these kinds."""
    fill_the_bytecode_cache(tmp_path / "first")
    project(tmp_path / "dry")
    found = calls(tmp_path / "dry")
    for kind in kinds:
        for number in found[kind]:
            folder = tmp_path / f"{kind}-{number}"
            yield folder, project(folder), kind, number


def kill_everywhere(tmp_path: Path, kinds: Iterable[str]) -> Counter[bool]:
    """Kill the process at each call of these kinds; how often everything (True) and nothing (False) was applied."""
    outcomes = Counter[bool]()
    for folder, layout, kind, number in points(tmp_path, kinds):
        done = run(folder, "-e", f"trace={kind}", "-e", f"inject={kind}:signal=KILL:when={number}")
        assert done.returncode != 0, f"{kind} {number} was not reached"
        with trial("a plan while it is applied", at=kind) as one:
            applied = check_whole_after_recovery(layout, f"killed at {kind} {number}")
            one.came = "applied whole" if applied else "nothing done"
        outcomes[applied] += 1
    return outcomes


def test_killed_at_any_rename_or_link_a_plan_is_whole_or_not_there(tmp_path: Path) -> None:
    outcomes = kill_everywhere(tmp_path, ("rename", "renameat", "renameat2", "link", "linkat"))
    assert outcomes[False]
    assert outcomes[True]


@pytest.mark.slow
def test_killed_at_any_system_call_a_plan_is_whole_or_not_there(tmp_path: Path) -> None:
    outcomes = kill_everywhere(tmp_path, KINDS)
    assert outcomes.total() > 60
    assert outcomes[True] > 10


@pytest.mark.slow
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_whatever_the_disk_refuses_a_plan_is_whole_or_not_there(tmp_path: Path, error: str) -> None:
    refused = ("rename", "renameat2", "link", "linkat", "unlink", "unlinkat", "write", "fsync", "openat", "mkdir")
    outcomes = Counter[bool]()
    for folder, layout, kind, number in points(tmp_path, refused):
        done = run(folder, "-e", f"trace={kind}", "-e", f"inject={kind}:error={error}:when={number}")
        applied = check_whole_after_recovery(layout, f"{error} at {kind} {number}")
        assert applied or done.returncode != 0, f"{error} at {kind} {number}: nothing was done, and nothing said so"
        outcomes[applied] += 1
    assert outcomes[False] > 10
    assert outcomes[True] > 5
