"""A fast-forward of the engineer's checkout that broke off: what git had written by then is taken back.

Git checks first that nothing is in the way, then writes the files, then the index and the branch. If it dies in
between, by a full disk or a power cut, new content lies about that would look like work of the engineer, and block the
next try. A note, written before, says what was being written, so that exactly this can be told from anything else.
"""

import contextlib
import json
import os
from pathlib import Path

from coordinator.changes.git import Git
from coordinator.lazy.dataclass import asdict, dataclass
from coordinator.safefiles.regular import read_part

_FILES = ("100644", "100755", "120000")
_NOTE_LIMIT, _FILE_LIMIT = 64 * 1024, 1 << 30  # bytes
"""Modes of what git writes as a file or a link; a submodule isn't."""


@dataclass(frozen=True, slots=True)
class Note:
    """A fast-forward that is about to happen."""

    checkout: str
    branch: str
    old: str
    new: str


def note(git: Git, planned: Note) -> None:
    """Write down, durably, that a checkout is going to be fast-forwarded."""
    path = _path(git)
    temp = path.with_suffix(".tmp")
    with temp.open("w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(asdict(planned), file)
        file.flush()
        os.fsync(file.fileno())
    temp.replace(path)


def settle(git: Git) -> None:
    """Take back what a fast-forward that broke off had written; only for the holder of the merge lock.

    Files are restored only where they were written since the note was, and hold what git was writing, whole or cut
    short; anything else is the engineer's.
    """
    try:
        since = _path(git).stat().st_mtime_ns
        planned = Note(**json.loads(os.fsdecode(read_part(_path(git), _NOTE_LIMIT))))
    except FileNotFoundError:
        return
    except (ValueError, TypeError, RecursionError):  # not ours, or of another version: nothing can be told by it
        forget(git)
        return
    if Path(planned.checkout).is_dir() and git.head(planned.branch) == planned.old:
        _take_back(git, planned, since)
    forget(git)


def forget(git: Git) -> None:
    """The fast-forward happened, or did not begin."""
    _path(git).unlink(missing_ok=True)


def _path(git: Git) -> Path:
    return git.place.common / "coord-landing.json"


def _take_back(git: Git, planned: Note, since: int) -> None:
    checkout, restored = Path(planned.checkout), []
    changes = iter(git.run("diff-tree", "-r", "-z", "--no-renames", planned.old, planned.new, "--").fields)
    tracked = set(git.run("ls-files", "-z", cwd=checkout).fields)
    dirty = set(git.run("diff-files", "--name-only", "-z", "--ignore-submodules=dirty", cwd=checkout).fields)
    for change in changes:
        path, (_, mode, _, _, status) = next(changes), change.split(" ")
        there = os.path.lexists(checkout / path)
        written = there and _is_written_part(git, checkout / path, mode, f"{planned.new}:{path}", since)
        if status == "A" and path not in tracked and written:
            _delete(checkout, path)
        elif path in dirty and (written or not there):
            restored.append(path)
    if restored:
        names = "\0".join(restored).encode("utf-8", "surrogateescape")
        git.run("checkout-index", "--force", "-z", "--stdin", cwd=checkout, stdin=names, writes=True)
        git.run("update-index", "-q", "--refresh", cwd=checkout, ok=None, writes=True)


def _is_written_part(git: Git, place: Path, mode: str, blob: str, since: int) -> bool:
    """Tell whether a file was written since a moment, and holds the beginning, or all, of a blob."""
    status = place.lstat()
    if status.st_mtime_ns < since or mode not in _FILES or status.st_size > _FILE_LIMIT:
        return False
    if place.is_symlink():
        there, kind = os.fsencode(os.readlink(place)), "blob"
    elif place.is_file():
        there, kind = read_part(place, _FILE_LIMIT, follow=False), "--filters"
    else:
        return False
    return git.run("cat-file", kind, blob, cwd=place.parent).out.startswith(there)


def _delete(checkout: Path, path: str) -> None:
    place = checkout / path
    place.unlink()
    with contextlib.suppress(OSError):  # a folder that has something else in it stays
        for folder in place.parents:
            if folder == checkout:
                break
            folder.rmdir()
