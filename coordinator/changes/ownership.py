"""After a turn: what its agent changed beyond what its flow may write is found, kept as a patch, and taken back.

What may stay is what differs from the commit of before in paths that it may write. The rest is put back by a commit on
the branch, and in the worktree. Nothing is lost: commits stay in the history, or under `refs/coord/`.
"""

import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread

from coordinator.changes.command import Done, GitError, Waits
from coordinator.changes.diff import IN_NO_SUBMODULE
from coordinator.changes.git import Git
from coordinator.changes.lending import APART
from coordinator.changes.turn_repair import take_away, take_pipes_out
from coordinator.changes.worktree_state import size_of, stamped
from coordinator.failpoint import failpoint
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.ownership import Touched, folders_above, is_cache, is_owned, not_owned
from coordinator.model.text import plain
from coordinator.safefiles.regular import read_line, replace_file

PATCH = 16 << 20
"""Bytes of a patch that are kept."""
_GONE = "000000"
_MODULE = "160000"
_LARGE = 64 << 20
"""Bytes of a file that no patch holds."""
_HEAP = 2000
"""Files that a patch is made of."""
_SAID = 1000
"""Files that are told."""
_MERGED = 1 << 22
"""Bytes of a file that is merged again to see whether a merge changed more than it had to."""
_COORD = {"GIT_AUTHOR_NAME": "coord", "GIT_AUTHOR_EMAIL": "coord@localhost"} | {
    "GIT_COMMITTER_NAME": "coord",
    "GIT_COMMITTER_EMAIL": "coord@localhost",
}


Note = Callable[[Sequence[str]], None]


class _Entry(NamedTuple):
    """What a commit has at a path."""

    mode: str
    """As git writes it; `000000`: nothing."""
    id: str


_NOTHING = _Entry(_GONE, "")


@dataclass(frozen=True, slots=True)
class Found:
    """What a turn changed beyond its own; untrusted names."""

    said: tuple[str, ...] = ()
    """Each in words for people: paths, and what was done to the branch."""
    patch: bytes = b""
    cut: bool = False
    head: str = ""
    """The commit that the branch is at, as it was found."""
    expected: Mapping[str, _Entry] = field(default_factory=dict)
    """What is to be at each of the paths."""
    parent: str = ""
    """On which the branch is put; empty: it can stay as it is."""
    nested: tuple[str, ...] = ()
    """Repositories that were made in it, and what is too large for a patch: they are put aside as they are."""
    left: tuple[str, ...] = ()
    """What it may change, changed, and did not commit: tracked files, or others where it committed nothing at all."""


_Status = tuple[str, dict[str, bool], list[str]]
"""The commit, path → whether git knew it, and what is no file of the project's."""


class Checkout:
    """One worktree of a repository, on its branch, and what a turn in it began with."""

    def __init__(self, git: Git, tree: Path, branch: str, base: str, base_branch: str = "") -> None:
        self._git, self._tree, self._branch = git.main, tree, branch
        self._base, self._base_branch = base, base_branch
        self._prefix = git.place.prefix
        admin = git.admin(tree)
        if admin is None:
            raise GitError(f"{plain(tree.name)} is no worktree of this repository any more", "restart the prompt")
        self._admin = admin

    def find(self, writes: Sequence[str], note: Note = lambda _: None, began: Collection[str] = ()) -> Found:
        """Look what is not the turn's own; changes nothing but what hid changes. Its processes have ended before.

        `began`: what `not_committed` told when the turn began, for which nobody answers as long as it is as it was.
        `note` is told what can't be found a second time, before it is put right.
        """
        said = self._back_on_branch(note)
        pipes, (head, open_, nested) = self._uncommitted()
        before = {entry.partition(" ")[2] for entry in began}
        nested = [name for name in nested if name not in before and not is_owned(writes, name, self._prefix)]
        open_ = {path: known for path, known in open_.items() if stamped(self._tree, path) not in began}
        lost = sorted(path for path in open_ if path in before and not is_owned(writes, path, self._prefix))
        for path in lost:  # what it was is nowhere
            del open_[path]
        nested += self._heaps(open_, writes)
        committed = self._committed(head)
        foreign = not_owned(self._touched(committed, open_), writes, self._prefix)
        rewritten = head != self._base and not self._git.is_ancestor(self._base, head)
        ours = {path: committed[path] for path in foreign if path in committed}
        landed = {} if rewritten or not ours else self._landed(head, {path: old for path, (old, _) in ours.items()})
        torn = any(entry is None for entry in landed.values())
        expected = self._at(head, [path for path in foreign if path not in ours])
        back = False
        for path, (old, new) in ours.items():
            may_be = landed.get(path) or old
            back = back or may_be != new
            if may_be != new or path in open_:
                expected[path] = may_be
        if rewritten:
            said.append(f"the history of {self._branch} from before it")
        said += [f"{name}, which is put aside" for name in nested]
        said += [f"{name}, which was no file" for name in pipes]
        said += [f"{path}, which was there and not committed: it stays as it is now" for path in lost]
        left = [path for path, known in open_.items() if path not in foreign and (known or head == self._base)]
        patch, cut = self._patch(head, expected) if expected else (b"", False)
        parent = self._base if rewritten or torn else head if back else ""
        told = _bounded([*sorted(map(plain, expected)), *map(plain, said)])
        return Found(told, patch, cut, head, expected, parent, tuple(nested), tuple(sorted(map(plain, left))))

    def put_back(self, found: Found, message: str, aside: Callable[[str], Path]) -> str:
        """Have branch and worktree as they may be; the commit that the branch is at then. Safe to call again.

        `aside`: where a repository of a name goes that somebody made in the worktree.
        """
        head = found.head
        if found.parent:
            head = self._commit(found, message)
            failpoint("changes-committed")
        modules = [path for path, entry in found.expected.items() if entry.mode == _MODULE]
        for name in (*found.nested, *modules):  # its settings may be an agent's: git of ours does nothing in there
            with suppress(FileNotFoundError):
                shutil.move(self._tree / name, aside(name))
        for name in modules:
            (self._tree / name).mkdir(parents=True, exist_ok=True)
        self._restore(found.expected)
        return head

    # ── looking

    def _back_on_branch(self, note: Note) -> list[str]:
        """Have the worktree on its branch again, with its files as they are; what was found instead, in words."""
        own, said = f"refs/heads/{self._branch}", []
        if not self._git.head(self._branch):
            said.append(f"the branch {self._branch}, which was deleted")
            note([*map(plain, said)])
            self._run("update-ref", own, self._base, writes=True)
        with suppress(OSError):
            if read_line(self._admin / "HEAD") == f"ref: {own}":
                return said
        on = self._run("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).text
        said.append(f"its worktree was on {on.removeprefix('refs/heads/') or 'no branch'}")
        note([*map(plain, said)])
        here = self._run("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1, 128)).text
        for verb in ("rebase", "merge", "cherry-pick", "revert", "bisect"):
            with suppress(GitError):
                self._run(verb, "reset" if verb == "bisect" else "--quit", ok=None, writes=True)
        if here:
            self._keep("head", here)
        self._run("symbolic-ref", "HEAD", own, writes=True)
        self._run("read-tree", "HEAD", writes=True)
        return said

    def _touched(
        self, committed: Mapping[str, tuple[_Entry, _Entry]], uncommitted: Mapping[str, bool]
    ) -> dict[str, Touched]:
        found = {path: Touched(old.mode != _GONE, new.mode != _GONE) for path, (old, new) in committed.items()}
        for path, known in uncommitted.items():
            before = found[path].before if path in found else known
            found[path] = Touched(before, os.path.lexists(self._tree / path))
        return found

    def _uncommitted(self) -> tuple[list[str], "_Status"]:
        """As `_status` says, with what git was told not to look at; and what it would have waited at."""
        found: list[Any] = []

        def look() -> None:
            with suppress(GitError):  # said where it is asked again
                found.append(self._status())

        looking = Thread(target=look, daemon=True)
        looking.start()
        hidden = self._unhide()
        looking.join()
        if found and not hidden:
            return [], found[0]
        try:
            return [], self._status()
        except Waits:
            pipes = take_pipes_out(self._tree)
            return pipes, self._status()

    def _heaps(self, open_: dict[str, bool], writes: Sequence[str]) -> list[str]:
        """Folders with more files that nobody knows than a patch is for, taken out of what is open."""
        strange = [path for path, known in open_.items() if not known and not is_owned(writes, path, self._prefix)]
        if len(strange) <= _HEAP:
            return []
        listed = self._run("ls-files", "--others", "--exclude-standard", "--directory", "-z").fields
        folders = [name.rstrip("/") for name in listed if name.endswith("/")]
        inside = {path: next((one for one in folders if path.startswith(f"{one}/")), "") for path in open_}
        mixed = {inside[path] for path in open_.keys() - set(strange)}
        heaps = sorted({inside[path] for path in strange} - mixed - {""})
        for path in [path for path, folder in inside.items() if folder in heaps]:
            del open_[path]
        return heaps

    def _unhide(self) -> bool:
        """Have git look at files again that it was told not to look at; whether there were any."""
        assumed, skipped = [], []
        listed = self._run("ls-files", "-v", "-z", ok=None)
        if listed.status:  # it is no index any more
            take_away(self._admin / "index")
            self._run("read-tree", "HEAD", writes=True)
            return True
        for field_ in listed.fields:
            mark, path = field_[:1], field_[2:]
            if mark.islower():
                assumed.append(path)
            if mark in "sS" and os.path.lexists(self._tree / path):  # else a sparse checkout leaves it out
                skipped.append(path)
        for option, paths in (("--no-assume-unchanged", assumed), ("--no-skip-worktree", skipped)):
            if paths:
                self._run("update-index", option, "-z", "--stdin", stdin=_lines(paths), writes=True)
        return bool(assumed or skipped)

    def _status(self) -> "_Status":
        """The commit, path → whether git knew it for all that is not committed, and repositories in it."""
        args = ("status", "--porcelain=v2", "--branch", "-z", "--no-renames", "--untracked-files=all", IN_NO_SUBMODULE)
        head, found, nested = "", {}, []
        for line in self._run(*args).fields:
            mark, _, rest = line.partition(" ")
            if mark == "#" and rest.startswith("branch.oid "):
                head = rest.removeprefix("branch.oid ")
            elif mark == "?" and rest.endswith("/"):
                nested.append(rest.rstrip("/"))
            elif mark == "?" and size_of(self._tree / rest) > _LARGE:
                nested.append(rest)
            elif mark == "?" and not is_cache(rest):
                found[rest] = False
            elif mark in "1u":
                fields = rest.split(" ", {"1": 7, "u": 9}[mark])
                found[fields[-1]] = fields[0][:1] != "A"
        return head, found, nested

    def _committed(self, head: str) -> dict[str, tuple[_Entry, _Entry]]:
        """Path → what was there and what is, for what differs from the commit of before."""
        if head == self._base:
            return {}
        listed = iter(self._run("diff-tree", "-r", "-z", "--raw", "--no-renames", self._base, head, "--").fields)
        found = {}
        for line in listed:
            old_mode, mode, old, new, _ = line.lstrip(":").split(" ")
            found[next(listed)] = (_entry(old_mode, old), _entry(mode, new))
        return found

    def _at(self, commit: str, paths: Iterable[str]) -> dict[str, _Entry]:
        """What a commit has at these paths."""
        wanted = set(paths)
        found = dict.fromkeys(wanted, _NOTHING)
        for line in self._run("ls-tree", "-r", "-z", "--full-tree", commit).fields if wanted else ():
            about, _, path = line.partition("\t")
            if path in wanted:
                mode, _, id_ = about.split(" ")
                found[path] = _Entry(mode, id_)
        return found

    def _landed(self, head: str, before: Mapping[str, _Entry]) -> dict[str, _Entry | None]:
        """Where the base branch was merged in: what that makes of each of these paths; None where it takes judgement.

        What landed on the base branch meanwhile is nobody's doing who merged it.
        """
        tip = self._git.head(self._base_branch) if self._base_branch else ""
        old, new = (self._git.merge_base(commit, tip) if tip else "" for commit in (self._base, head))
        if not new or old == new:
            return {}
        origin, theirs = (self._at(commit, before) if commit else {} for commit in (old, new))
        return {
            path: self._merged(origin.get(path, _NOTHING), ours, theirs.get(path, _NOTHING))
            for path, ours in before.items()
        }

    def _merged(self, origin: _Entry, ours: _Entry, theirs: _Entry) -> _Entry | None:
        """What three versions of a file come to without anybody's judgement; None where it takes that."""
        if theirs == origin or ours == theirs:
            return ours
        if ours == origin:
            return theirs
        if not ours.mode == theirs.mode == origin.mode == "100644":
            return None
        from tempfile import TemporaryDirectory

        with TemporaryDirectory() as folder:
            for name, entry in (("ours", ours), ("origin", origin), ("theirs", theirs)):
                done = self._run("cat-file", "blob", entry.id, limit=_MERGED)
                if done.cut:
                    return None
                replace_file(Path(folder, name), done.out)
            done = self._run(
                "merge-file", "-p", *(f"{folder}/{name}" for name in ("ours", "origin", "theirs")), ok=None
            )
            if done.status:
                return None
            return _Entry(ours.mode, self._run("hash-object", "-w", "--stdin", stdin=done.out, writes=True).text)

    # ── keeping

    def _patch(self, head: str, expected: Mapping[str, _Entry]) -> tuple[bytes, bool]:
        """What leads from what may be to what is there, and whether it was cut: then all of it is kept under a ref."""
        index = {"GIT_INDEX_FILE": str(self._admin / "coord-taken-back")}
        self._drop_index()
        try:
            self._run("read-tree", head, env=index, writes=True)
            there = [path for path in expected if self._is_file(path)]
            gone = {path: _NOTHING for path in expected if path not in there}
            self._run("update-index", "-z", "--index-info", stdin=self._entries(gone), env=index, writes=True)
            adds = ("update-index", "--add", "--replace", "-z", "--stdin")
            self._run(*adds, stdin=_lines(there), env=index, writes=True)
            is_there = self._run("write-tree", env=index, writes=True).text
            self._run("update-index", "-z", "--index-info", stdin=self._entries(expected), env=index, writes=True)
            may_be = self._run("write-tree", env=index, writes=True).text
        finally:
            self._drop_index()
        shown = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=none")
        done = self._run("diff", "--binary", *shown, may_be, is_there, "--", limit=PATCH)
        if done.cut:
            kept = self._run("commit-tree", is_there, "-p", head, "-m", "As it was", env=_COORD, writes=True).text
            self._keep("taken-back", kept)
        return done.out, done.cut

    def _drop_index(self) -> None:
        for name in ("coord-taken-back", "coord-taken-back.lock"):
            take_away(self._admin / name)

    def _is_file(self, path: str) -> bool:
        """A file or a link, with folders alone above it."""
        if any(os.path.islink(self._tree / folder) for folder in folders_above(path)):
            return False
        try:
            kind = stat.S_IFMT((self._tree / path).lstat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return kind in (stat.S_IFREG, stat.S_IFLNK)

    def _keep(self, name: str, commit: str) -> None:
        """Have a commit stay in the repository, whatever becomes of the branch."""
        self._run("update-ref", f"{APART}/{self._tree.name}/{name}-{commit[:12]}", commit, writes=True)

    # ── putting back

    def _commit(self, found: Found, message: str) -> str:
        """Put the branch on a commit that has what may be; that commit."""
        index = {"GIT_INDEX_FILE": str(self._admin / "coord-taken-back")}
        self._drop_index()
        try:
            self._run("read-tree", found.head, env=index, writes=True)
            self._run("update-index", "-z", "--index-info", stdin=self._entries(found.expected), env=index, writes=True)
            tree = self._run("write-tree", env=index, writes=True).text
        finally:
            self._drop_index()
        if found.parent != found.head:
            self._keep("before", found.head)
        if found.parent == self._base and tree == self._git.tree(self._base):
            made = self._base
        else:
            made = self._run("commit-tree", tree, "-p", found.parent, "-m", message, env=_COORD, writes=True).text
        self._run("update-ref", f"refs/heads/{self._branch}", made, found.head, writes=True)
        return made

    def _restore(self, expected: Mapping[str, _Entry]) -> None:
        """Have index and files at these paths as they may be."""
        if not expected:
            return
        for path in expected:
            self._clear(path)
        self._run("update-index", "-z", "--index-info", stdin=self._entries(expected), writes=True)
        back = [path for path, entry in expected.items() if entry.mode not in (_GONE, _MODULE)]
        if back:
            self._run("checkout-index", "--force", "--quiet", "-z", "--stdin", stdin=_lines(back), writes=True)
        self._run("update-index", "-q", "--refresh", ok=None, writes=True)

    def _clear(self, path: str) -> None:
        """Take away what is at a path, never through a link; of a folder the rest is cleared by itself."""
        for folder in reversed(list(folders_above(path))):
            if os.path.islink(self._tree / folder):
                return  # the link is in the way itself, and goes
        with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
            os.unlink(self._tree / path)
        for folder in folders_above(path):
            try:
                os.rmdir(self._tree / folder)
            except OSError:
                break

    def _entries(self, expected: Mapping[str, _Entry]) -> bytes:
        """For `update-index --index-info`: what goes first, then what comes."""
        nothing = "0" * len(self._base)
        gone = [f"0 {nothing}\t{path}" for path, entry in expected.items() if entry.mode == _GONE]
        come = [f"{entry.mode} {entry.id}\t{path}" for path, entry in expected.items() if entry.mode != _GONE]
        return _lines([*gone, *come])

    def _run(self, *args: str, env: Mapping[str, str] | None = None, **more: Any) -> Done:
        """Git in the worktree, and nowhere that its files or settings may lead to."""
        own = {"GIT_DIR": str(self._admin), "GIT_WORK_TREE": str(self._tree)}
        return self._git.run(*args, cwd=self._tree, env=own | dict(env or {}), **more)


def _bounded(said: Sequence[str]) -> tuple[str, ...]:
    return (*said[:_SAID], f"and {len(said) - _SAID} more") if len(said) > _SAID else tuple(said)


def _entry(mode: str, id_: str) -> _Entry:
    return _NOTHING if mode == _GONE else _Entry(mode, id_)


def _lines(texts: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(text) + b"\0" for text in texts)
