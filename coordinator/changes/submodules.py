"""Submodules in worktrees: taken from the engineer's own store, without the network, and checked before they go.

Git keeps the submodules of a linked worktree in repositories of that worktree alone. Commits that are made there are
nowhere else, whatever becomes of the pointer to them: it is taken only once the engineer's store has them too.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from coordinator.changes.diff import IN_NO_SUBMODULE
from coordinator.changes.git import Git
from coordinator.changes.lending import store_of
from coordinator.changes.outcome import Refused
from coordinator.lazy.dataclass import dataclass
from coordinator.model.change import Change
from coordinator.model.text import plain
from coordinator.safefiles.regular import read_line, read_part

_INDEX_LIMIT = 1 << 29
_LOCAL = ("-c", "protocol.file.allow=always")
"""For a path of the engineer's own only: git allows no local ones to submodules by itself."""


_INIT = "submodule update --init --checkout"


@dataclass(frozen=True, slots=True)
class Submodule:
    """A submodule as `.gitmodules` states it."""

    name: str
    path: str
    """Relative to the root of its checkout."""


def initialise(git: Git, target: Path) -> str:
    """Have the submodules in a checkout that are initialised in the engineer's; why one isn't there, else nothing.

    What is there already stays as it is.
    """
    if store_of(target).is_dir():  # lent: it is not for us to go into
        return ""
    admin = git.admin(target)
    return "" if admin is None else _initialise(git, _modules(git), git.place.top, target, admin / "modules")


def _initialise(git: Git, stores: tuple[Path, ...], here: Path, target: Path, own: Path) -> str:
    """`stores`: where the engineer keeps the submodules; `own`: where those of the checkout `target` are kept."""
    failed = ""
    if not os.path.lexists(target / ".gitmodules"):
        return failed
    for module in _listed(git, target):
        place = target / module.path
        store = next((store / module.name for store in stores if (store / module.name / "HEAD").is_file()), None)
        if store is None or not os.path.lexists(here / module.path / ".git"):
            continue  # the engineer doesn't have it
        if not os.path.lexists(place / ".git"):  # else it may be anybody's by now
            url = ("-c", f"submodule.{module.name}.url={store}", *_LOCAL)
            update = ("submodule", "--quiet", "update", "--init", "--checkout", "--", module.path)
            done = git.run("-C", str(target), *url, *update, ok=None, writes=True)
            if done.status:
                said = [line for line in done.err.splitlines() if line.strip()] or ["it said nothing"]
                failed = f"the submodule {plain(module.path)} can't be had from your store: {plain(said[-1].strip())}"
                continue
            origin = git.run(f"--git-dir={store}", "config", "--get", "remote.origin.url", ok=None).text
            if origin:
                made = f"--git-dir={own / module.name}"
                git.run(made, "remote", "set-url", "origin", origin, ok=None, writes=True)
            inside = (here / module.path, place, own / module.name / "modules")
            failed = _initialise(git, (store / "modules",), *inside) or failed
    return failed


def refuse_pointers(git: Git, change: Change, tree: Path) -> Refused | None:
    """Why pointers to submodules that a change sets can't be taken: nobody but its worktree has what they point to."""
    if not (change.fork and change.commits):
        return None
    fields = iter(git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", change.fork, change.tip, "--").fields)
    for head in fields:
        path, (_, mode, _, commit, _) = next(fields), head.split(" ")
        if mode == "160000":
            refused = _refuse_pointer(git, change, tree, path, commit)
            if refused is not None:
                return refused
    return None


def _refuse_pointer(git: Git, change: Change, tree: Path, path: str, commit: str) -> Refused | None:
    names = {module.path: module.name for module in _listed(git, None, f"{change.tip}:.gitmodules")}
    shown, name = plain(path), names.get(path)
    if name is None:
        return Refused(
            f"{change.branch} has {shown} as a repository of its own: what is in it is not part of the change",
            f"`git rm --cached {shown}` and commit its files, or make it a submodule with `git submodule add`",
        )
    before = git.run("rev-parse", "--verify", "--quiet", f"{change.base_tip}:{path}", ok=None).text
    if before == commit:
        return None
    own = (git.admin(tree) or tree / ".git") / "modules" / name
    store, here = _store(git, name) or _unabsorbed(git, path), git.place.top / path
    if store is not None:
        known = git.run(f"--git-dir={store}", "cat-file", "-e", f"{commit}^{{commit}}", ok=None).status == 0
    else:
        there = git.run(f"--git-dir={own}", "branch", "--remotes", "--contains", commit, ok=None)
        known = there.status == 0 and bool(there.text)
    if known:
        return None
    if own.is_dir():
        who = "only its worktree has"
        bring = f"`git -C {here} fetch {tree / path} HEAD:{change.branch}` has it in the engineer's store"
        how = bring if store is not None else f"push it from {tree / path}"
    else:
        who = "nobody here has"
        have = f"-C {here} fetch" if store is not None else f"-C {git.place.top if before else tree} {_INIT} -- {path}"
        how = f"`git {have}` brings it, if it is where the submodule comes from"
    return Refused(f"{change.branch} sets {shown} to {commit[:10]}, a commit that {who}", f"{how}; then hand off again")


def what_submodules_hold(git: Git, admin: Path, tree: Path) -> str:
    """What of a worktree's submodules would be lost with it: a line; empty when nothing would."""
    for own in _repositories(admin / "modules"):
        name = os.path.relpath(own, admin / "modules")
        at = (f"--git-dir={own}",)
        store = _store(git, name)
        if store is None:
            lost = git.run(*at, "rev-list", "--max-count=1", "HEAD", "--branches", "--not", "--remotes", ok=None)
            gone = lost.status != 0 or bool(lost.text)
        else:
            refs = git.run(*at, "for-each-ref", "--format=%(objectname)", "refs/heads", "refs/stash", ok=None)
            head = git.run(*at, "rev-parse", "--verify", "--quiet", "HEAD", ok=None)
            tips = {*refs.text.split(), *head.text.split()}
            gone = any(
                git.run(f"--git-dir={store}", "cat-file", "-e", f"{tip}^{{commit}}", ok=None).status for tip in tips
            )
        if gone:
            return f"its submodule {plain(name)} has commits that are nowhere else"
    for place, own in submodules_in(git, tree, admin):
        if _is_dirty(git, place, own):
            return f"its submodule {plain(os.path.relpath(place, tree))} has uncommitted changes"
    return ""


def _is_dirty(git: Git, place: Path, own: Path) -> bool:
    """Whether a submodule has uncommitted changes: by settings of ours, since its own ones may be an agent's."""
    head = git.run(f"--git-dir={own}", "rev-parse", "--verify", "--quiet", "HEAD", ok=None).text
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        ours = Path(folder)
        for name in ("refs", "info", "objects/info"):
            (ours / name).mkdir(parents=True)
        (ours / "objects/info/alternates").write_bytes(os.fsencode(own / "objects") + b"\n")
        (ours / "HEAD").write_text(f"{head}\n")
        for name in ("index", "info/exclude"):
            with suppress(OSError):
                (ours / name).write_bytes(read_part(own / name, _INDEX_LIMIT))
        work = ("-C", str(place), f"--git-dir={ours}", f"--work-tree={place}")
        left = git.run(*work, "status", "--porcelain", "-z", "--untracked-files=normal", IN_NO_SUBMODULE, ok=None)
        return bool(left.status or left.fields)


def submodules_in(git: Git, tree: Path, admin: Path) -> Iterator[tuple[Path, Path]]:
    """Checkouts of submodules in a worktree, with their repositories in the worktree's own folder."""
    for own in _repositories(admin / "modules"):
        named = git.run(f"--git-dir={own}", "config", "--get", "core.worktree", ok=None).text
        place = Path(os.path.normpath(own / named))
        if not named or not os.path.realpath(place).startswith(os.path.realpath(tree) + os.sep):
            continue
        pointer = place / ".git"
        if pointer.is_file() and _points_to(pointer, own):
            yield place, own


def follow_move(git: Git, admin: Path, old: Path, new: Path) -> None:
    """Tell the repositories of a worktree's submodules that their checkouts are in the new place; not the others."""
    for own in _repositories(admin / "modules"):
        config = own / "config"
        if config.is_symlink():
            continue
        named = git.run("config", "--file", str(config), "--get", "core.worktree", ok=None).text
        place = os.path.relpath(os.path.realpath(own / named), os.path.realpath(old))
        pointer = new / place / ".git"
        inside = named and place.split(os.sep)[0] != os.pardir
        if inside and pointer.is_file() and _points_to(pointer, own):
            there = os.path.relpath(os.path.realpath(new / place), os.path.realpath(own))
            git.run("config", "--file", str(config), "core.worktree", there, writes=True)


def _points_to(pointer: Path, own: Path) -> bool:
    try:
        named = read_line(pointer).removeprefix("gitdir:").strip()
    except OSError:
        return False
    return os.path.realpath(pointer.parent / named) == os.path.realpath(own)


def _repositories(top: Path) -> Iterator[Path]:
    """Repositories of submodules below a folder `modules`, with those of their own submodules."""
    for folder, names, files in os.walk(top):
        if "HEAD" in files and "objects" in names:
            yield Path(folder)
            names[:] = [name for name in names if name == "modules"]


def _modules(git: Git) -> tuple[Path, ...]:
    """Where the engineer's checkout keeps its submodules' repositories."""
    return (git.place.git_dir / "modules", git.place.common / "modules")


def _store(git: Git, name: str) -> Path | None:
    return next((store / name for store in _modules(git) if (store / name / "HEAD").is_file()), None)


def _unabsorbed(git: Git, path: str) -> Path | None:
    """The repository of a submodule that lies in the engineer's checkout itself, as `git clone` leaves it."""
    inside = git.place.top / path / ".git"
    return inside if inside.is_dir() else None


def _listed(git: Git, folder: Path | None, blob: str = "") -> list[Submodule]:
    source = ("--blob", blob) if blob else ("--file", ".gitmodules")
    at = ("-C", str(folder)) if folder is not None else ()
    done = git.run(*at, "config", *source, "-z", "--get-regexp", r"^submodule\..*\.path$", ok=None)
    found = []
    for field in done.fields if done.status == 0 else ():
        key, _, path = field.partition("\n")
        name = key.removeprefix("submodule.").removesuffix(".path")
        if path and not {"", ".."} & {*name.split("/"), *path.split("/")}:
            found.append(Submodule(name, path))
    return found
