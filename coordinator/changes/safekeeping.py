"""What the log is going to call merged or open is made durable first, and is what its names say.

Git leaves the objects and branches that an agent's (or the engineer's) commands write to the page cache: after a power
cut a branch may point to an empty file, while the log says merged. Our own commands write through (`core.fsync`); what
others wrote is read once more here: each new object is hashed again, and synced where it is loose. Packs are synced by
git itself.
"""

import os
import stat
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from coordinator.changes.command import GitError
from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.lazy.typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import hashlib

_CHUNK = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_AT_ONCE = 16
"""Flushes under way together: a file system writes what waits at the same time in one go."""
_LIMIT = 64 * 1024 * 1024
"""Bytes of names of objects that are read; a change of a million files has more."""
_PART = 32 * 1024 * 1024
"""Bytes of content that are hashed at a time."""
_HEADER = 200
"""Bytes of the longest line before an object's content."""


def keep_safe(places: Places, branch: str, start: str, *, whole: bool = False) -> None:
    """Have a branch, all that it holds since the commit `start`, and what its worktree has of that on the disk.

    `whole`: all that its worktree has of the branch, also what it began with; what a power cut emptied would read as
    changed. Raises GitError when an object is not what its name says, or the disk refuses.
    """
    git = Git(places.root)
    tip = git.head(branch)
    if tip:
        keep_objects(git, start, tip)
        keep_branch(git, branch)
        here = next((checkout.path for checkout in git.checkouts() if checkout.branch == branch), None)
        if here is not None:
            keep_files(git, here, "" if whole else start or tip, tip)
            keep_admin(git, here)


def keep_objects(git: Git, start: str, tip: str) -> None:
    """Have the objects that `tip` needs and `start` lacks on the disk; raises as `keep_safe` does."""
    listed = git.run("rev-list", "--objects", "--no-object-names", tip, *([f"^{start}"] if start else ()), limit=_LIMIT)
    store, names = git.place.common / "objects", listed.text.splitlines()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        loose = pool.map(lambda name: _keep_object(store / name[:2] / name[2:], name), names)
        folders = {store / name[:2] for name, kept in zip(names, loose, strict=True) if kept}
    if folders:
        sync([*folders, store])
    _check(git, names)


def _check(git: Git, names: Sequence[str]) -> None:
    """Hash what git reads: from a pack, which it prefers to a loose object, or from another store."""
    told = git.run("cat-file", "--batch-check=%(objectsize)", stdin=_lines(names)) if names else None
    part: list[str] = []
    size = 0
    for name, length in zip(names, told.text.splitlines() if told is not None else (), strict=True):
        part.append(name)
        size += int(length) if length.isdigit() else 0
        if size > _PART:
            _check_part(git, part)
            part, size = [], 0
    if part:
        _check_part(git, part)


def _check_part(git: Git, names: Sequence[str]) -> None:
    out = memoryview(git.run("cat-file", "--batch", "--buffer", stdin=_lines(names)).out)
    at = 0
    for name in names:
        line = bytes(out[at : at + _HEADER]).partition(b"\n")[0]
        _, _, kind = line.partition(b" ")
        length = kind.rpartition(b" ")[2]
        begin = at + len(line) + 1
        end = begin + int(length) if length.isdigit() else begin
        digest = _hasher(name)
        digest.update(kind + b"\0")
        digest.update(out[begin:end])
        if digest.hexdigest() != name:
            raise _damaged(name)
        at = end + 1


def _lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


def _damaged(name: str) -> GitError:
    return GitError(
        f"the object {name[:12]} is damaged: it is not what its name says",
        "`git fsck` names what is; restart the prompt if only its branch has it",
    )


def keep_branch(git: Git, branch: str) -> None:
    """Have on the disk where a branch points; of one that is packed git has seen to that."""
    sync(branch_files(git, branch))


def branch_files(git: Git, branch: str) -> list[Path]:
    """What tells where a branch points."""
    ref = git.place.common / "refs" / "heads" / branch
    return [ref, ref.parent] if ref.is_file() else []


def keep_admin(git: Git, checkout: Path) -> None:
    """Have on the disk what makes a folder a worktree of the repository, and its index."""
    admin = git.admin(checkout)
    if admin is not None:
        names = ("HEAD", "commondir", "gitdir", "index")
        sync([*(admin / name for name in names), admin, admin.parent, checkout / ".git", checkout])


def keep_files(git: Git, checkout: Path, old: str, new: str) -> None:
    """Have on the disk what moving a checkout from one commit to another wrote there; from none: everything."""
    sync(files_written(git, checkout, old, new))


def files_written(git: Git, checkout: Path, old: str, new: str) -> list[Path]:
    """What moving a checkout from one commit to another writes there, with its folders; from none: everything."""
    moved = ("diff-tree", "-r", "-z", "--no-renames", "--name-only", "--diff-filter=d", old, new, "--")
    changed = git.run(*(moved if old else ("ls-tree", "-r", "-z", "--full-tree", "--name-only", new)))
    paths = [checkout / name for name in changed.fields]
    return [*paths, *{folder for path in paths for folder in _up_to(path.parent, checkout)}]


def sync(paths: Sequence[Path]) -> None:
    """Flush files and folders; those that are no such thing, or gone, are left alone. Raises GitError."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(_sync, paths))


def _sync(path: Path) -> None:
    try:
        if stat.S_IFMT(path.lstat().st_mode) not in (stat.S_IFREG, stat.S_IFDIR):
            return
        fd = os.open(path, _READ)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise _not_written(path, error) from error


def _keep_object(path: Path, name: str) -> bool:
    """Hash and sync a loose object; False when it isn't one: it lies in a pack."""
    try:
        fd = os.open(path, _READ)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _not_written(path, error) from error
    with open(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode) or _hash(file, name) != name:
            raise _damaged(name)
        try:
            os.fsync(fd)
        except OSError as error:
            raise _not_written(path, error) from error
    return True


def _hash(file: BinaryIO, name: str) -> str:
    """The id that a loose object's content has; empty when it is none."""
    digest, inflate = _hasher(name), zlib.decompressobj()
    try:
        while packed := file.read(_CHUNK):
            while packed:
                digest.update(inflate.decompress(packed, _CHUNK))
                packed = inflate.unconsumed_tail
    except zlib.error:
        return ""
    return digest.hexdigest() if inflate.eof else ""


def _hasher(name: str) -> "hashlib._Hash":
    import hashlib

    return (hashlib.sha1 if len(name) == 40 else hashlib.sha256)()


def _up_to(folder: Path, top: Path) -> Iterator[Path]:
    while folder != top:
        yield folder
        folder = folder.parent
    yield top


def _not_written(path: Path, error: OSError) -> GitError:
    return GitError(f"{path.name} can't be written to the disk: {error.strerror}", "see that the disk is sound")
