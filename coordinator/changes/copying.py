"""Brings untracked files of the engineer's checkout into a new worktree: `.env`, `node_modules`, what `copy:` names.

Only what git ignores is brought: of anything else an agent's `git add -A` would make a commit. Nothing that is there
is replaced, nothing is shared (no hard links; the file system may share blocks), and no link that leads out comes
along. All is written by descriptors that follow no link: what was committed may have put one in the way.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

from coordinator.changes.git import Git
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.text import amount, plain

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NEVER = frozenset({".git", ".coord"})
"""Names that are never brought, however deep: what is in them is git's, or the loop's."""
_DEEP = frozenset({"node_modules"})
"""Folders that `**` does not go into: they are named themselves, or not meant."""
_CHUNK = 1 << 24
_TOLD = 5
"""Paths that are named of those that were left out."""


@dataclass(slots=True)
class Brought:
    """What was brought along."""

    files: int = 0
    size: int = 0
    """Bytes."""
    left_out: list[str] = field(default_factory=list)
    """Why something was not, a line each."""

    @property
    def warning(self) -> str:
        """One line; empty when nothing was left out."""
        more = len(self.left_out) - _TOLD
        return "; ".join([*self.left_out[:_TOLD], *([f"{more} more were left out"] if more > 0 else [])])


class Stopped(Exception):
    """It was asked to end."""


def bring(
    git: Git, tree: Path, patterns: Sequence[str], limit: int, going: Callable[[], bool] = lambda: True
) -> Brought:
    """Copy what the patterns name, relative to the project's root, into the same place of the worktree `tree`.

    `limit`: bytes that all of it may have. Raises CoordError before anything is copied when it has more, and when a
    file can't be copied; Stopped when `going` says so.
    """
    brought, target = Brought(), tree / git.place.prefix
    names = [name for name in matches(git.root, patterns) if _lies_in(git.root, name)]
    ignored = _ignored(git, names)
    for name in names:
        if name not in ignored and not os.path.lexists(target / name):
            brought.left_out.append(f"{plain(name)} is not copied: git does not ignore it, so an agent would commit it")
    wanted = [name for name in names if name in ignored]
    size = sum(_size(git.root / name, limit) for name in wanted)
    if size > limit:
        raise CoordError(
            f"what `copy` names has more than {limit >> 20} MiB: {', '.join(map(plain, wanted[:_TOLD]))}",
            "name less of it, raise copy_limit, or let .coord/setup.sh fetch it",
        )
    for name in wanted:
        _Copier(git.root, brought, going).one(git.root, target, name)
    return brought


def matches(root: Path, patterns: Sequence[str]) -> list[str]:
    """Paths below a folder that the patterns name, in order; none of a folder that is named itself, nor behind a link.

    `*` and `?` stand for letters of one name, `**` for folders however deep.
    """
    found = {name for pattern in patterns for name in _match(root, "", _parts(pattern))}
    return sorted(name for name in found if not any(name.startswith(f"{other}/") for other in found))


def signature(root: Path, patterns: Sequence[str]) -> list[list[str | int]]:
    """Tells whether the patterns name other files by now, or one of these was written."""
    signs: list[list[str | int]] = []
    for name in matches(root, patterns):
        with suppress(OSError):
            status = os.lstat(root / name)
            signs.append([name, status.st_mtime_ns, status.st_size])
    return signs


def _parts(pattern: str) -> list[str]:
    return [part for part in pattern.split("/") if part not in ("", ".")]


def _match(root: Path, name: str, parts: list[str]) -> Iterator[str]:
    if not parts:
        if name:
            yield name
        return
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _match(root, name, rest or ["*"])
        for inner, is_folder in _entries(root, name):
            if is_folder and inner not in _DEEP:
                yield from _match(root, _join(name, inner), parts)
    elif any(sign in part for sign in "*?["):
        for inner, is_folder in _entries(root, name):
            if fnmatchcase(inner, part) and (is_folder or not rest):
                yield from _match(root, _join(name, inner), rest)
    elif part not in _NEVER and _is_there(root / name / part, folder=bool(rest)):
        yield from _match(root, _join(name, part), rest)


def _entries(root: Path, name: str) -> list[tuple[str, bool]]:
    try:
        with os.scandir(root / name) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:
        return []
    return sorted(one for one in found if one[0] not in _NEVER)


def _is_there(path: Path, *, folder: bool) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) or not folder


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _lies_in(root: Path, name: str) -> bool:
    """It is where its name says, and nothing on the way there is a link."""
    return os.path.realpath(root / os.path.dirname(name)) == os.path.join(
        os.path.realpath(root), os.path.dirname(name)
    ).rstrip(os.sep)


def _ignored(git: Git, names: Sequence[str]) -> frozenset[str]:
    if not names:
        return frozenset()
    asked = "\0".join(names).encode("utf-8", "surrogateescape")
    return frozenset(git.run("check-ignore", "-z", "--stdin", ok=(0, 1), stdin=asked + b"\0").fields)


def _size(path: Path, limit: int) -> int:
    """Bytes of all regular files; no longer counted beyond the limit."""
    total, todo = 0, [str(path)]
    while todo and total <= limit:
        one = todo.pop()
        with suppress(OSError):
            status = os.lstat(one)
            if stat.S_ISDIR(status.st_mode):
                todo += [entry.path for entry in os.scandir(one) if entry.name not in _NEVER]
            elif stat.S_ISREG(status.st_mode):
                total += status.st_size
    return total


class _Copier:
    """Copies one file, or one folder with all that is in it."""

    def __init__(self, root: Path, brought: Brought, going: Callable[[], bool]) -> None:
        self.root, self.brought, self.going = os.path.realpath(root), brought, going

    def one(self, source: Path, target: Path, name: str) -> None:
        """Copy what lies below `source` to the same place below `target`."""
        *folders, last = name.split("/")
        opened = [os.open(source, _FOLDER), os.open(target, _FOLDER)]
        try:
            for folder in folders:
                there, here = opened[-2:]
                with suppress(FileExistsError):
                    os.mkdir(folder, 0o777, dir_fd=here)
                opened += [os.open(folder, _FOLDER, dir_fd=there), os.open(folder, _FOLDER, dir_fd=here)]
            self._entry(last, name, opened[-2], opened[-1])
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise CoordError(
                    f"{plain(name)} can't be copied into the worktree: what is committed there is in its way",
                    "take it out of `copy`, or out of the commits",
                ) from error
            reason = (error.strerror or str(error)).lower()
            raise CoordError(f"{plain(name)} can't be copied into the worktree: {reason}", "see why") from error
        finally:
            for fd in opened:
                os.close(fd)

    def _entry(self, name: str, shown: str, there: int, here: int) -> None:
        if not self.going():
            raise Stopped
        mode = os.stat(name, dir_fd=there, follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            self._folder(name, shown, there, here)
        elif stat.S_ISLNK(mode):
            self._link(name, shown, there, here)
        elif stat.S_ISREG(mode):
            self._file(name, there, here)
        else:
            self.brought.left_out.append(f"{plain(shown)} is not copied: it is no file")

    def _folder(self, name: str, shown: str, there: int, here: int) -> None:
        source = os.open(name, _FOLDER, dir_fd=there)
        try:
            made = False
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=here)
                made = True
            target = os.open(name, _FOLDER, dir_fd=here)
            try:
                for inner in os.listdir(source):
                    if inner not in _NEVER:
                        self._entry(inner, f"{shown}/{inner}", source, target)
                if made:
                    _as_it_was(source, target)
            finally:
                os.close(target)
        finally:
            os.close(source)

    def _link(self, name: str, shown: str, there: int, here: int) -> None:
        leads = os.readlink(name, dir_fd=there)
        place = os.path.normpath(os.path.join(os.path.dirname(shown), leads))
        real = os.path.realpath(os.path.join(self.root, os.path.dirname(shown), leads))
        inside = not os.path.isabs(leads) and place.split("/")[0] != os.pardir
        if inside and f"{real}{os.sep}".startswith(f"{self.root}{os.sep}"):
            with suppress(FileExistsError):
                os.symlink(leads, name, dir_fd=here)
                self.brought.files += 1
        else:
            self.brought.left_out.append(f"{plain(shown)} is not copied: it is a link that leads out of the project")

    def _file(self, name: str, there: int, here: int) -> None:
        source = os.open(name, _READ, dir_fd=there)
        try:
            if not stat.S_ISREG(os.fstat(source).st_mode):
                return
            try:
                target = os.open(name, _WRITE, 0o600, dir_fd=here)
            except FileExistsError:
                return
            try:
                self.brought.size += _copy(source, target)
                _as_it_was(source, target)
            finally:
                os.close(target)
            self.brought.files += 1
        finally:
            os.close(source)


def _copy(source: int, target: int) -> int:
    """Copy a file's content; the file system may share its blocks until one of both is written."""
    done, quick = 0, hasattr(os, "copy_file_range")
    while True:
        if quick:
            try:
                count = os.copy_file_range(source, target, _CHUNK)
            except OSError as error:
                if done or error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                    raise
                quick = False
                continue
        else:
            data = memoryview(os.read(source, 1 << 20))
            count = len(data)
            while data:
                data = data[os.write(target, data) :]
        if count == 0:
            return done
        done += count


def _as_it_was(source: int, target: int) -> None:
    """Mode and time of a file: tools go by both."""
    status = os.fstat(source)
    os.fchmod(target, stat.S_IMODE(status.st_mode) & 0o777)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def told(brought: Brought) -> str:
    """What was brought, for the log of the set-up."""
    return f"copied {amount(brought.files, 'file')}, {brought.size / (1 << 20):.1f} MiB"
