"""Strict mode: while its agent is at work, an attempt's worktree belongs to a repository of that agent's own.

That repository, `NN-K.git` beside the worktree, borrows the engineer's objects and has the branches as they were; what
the agent commits stays in there. The engineer's store, branches, settings and hooks are out of the agent's reach, and
git of ours never works inside of what is the agent's as anybody but that agent. Commits are brought over as from a
remote: git hashes and checks each object on the way into the engineer's store. Only what is there is shown, tested and
merged. When the agent has ended its worktree is the engineer's repository's again, as `git worktree` knows it.
"""

import os
import pwd
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from coordinator.changes.command import GitError
from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.changes.lock import locked
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.work import WorkId
from coordinator.safefiles.regular import read_line

PATIENCE = 120.0
"""Seconds that git gets on the agent's side: what it reads there is the agent's."""
_DAMAGED = "what its agent committed can't be taken over: "
APART = "refs/coord"
"""Where commits are kept that an agent left elsewhere than on its branch."""


@dataclass(frozen=True, slots=True)
class Guest:
    """The user who is let in."""

    uid: int
    gid: int
    words: tuple[str, ...] = ()
    """What makes a command run as this user: it goes in front of it."""
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _There:
    """What an agent's repository has."""

    head: str
    """Commit that it is at."""
    on: str
    """Branch that is checked out, by its full name; empty when none is."""
    refs: Mapping[str, str]
    """Full name → commit."""


def store_of(tree: Path) -> Path:
    """The agent's own repository, beside its worktree; there only while it is lent."""
    return tree.with_name(f"{tree.name}.git")


def make_store(git: Git, tree: Path, branch: str) -> Path:
    """Make the repository, not handed over yet and not in use; where it lies. Raises OSError and GitError.

    Without a branch it is at the commit that the worktree is at.
    """
    import shutil

    store, common, admin = store_of(tree).with_suffix(".new"), git.place.common, git.admin(tree)
    if admin is None:
        raise CoordError(f"{tree.name} is no worktree of this repository", "restart the prompt")
    shutil.rmtree(store, ignore_errors=True)
    for folder in ("objects/info", "objects/pack", "refs/heads", "info"):
        (store / folder).mkdir(parents=True)
    (store / "objects/info/alternates").write_bytes(os.fsencode(common / "objects") + b"\n")
    refs = git.run("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags", "refs/remotes")
    (store / "packed-refs").write_bytes(refs.out)
    (store / "HEAD").write_text(f"ref: refs/heads/{branch}\n" if branch else f"{read_line(admin / 'HEAD')}\n")
    shutil.copyfile(admin / "index", store / "index")
    (store / "config").write_text(_settings(git), "utf-8", "surrogateescape")
    return store


def bring_in(git: Git, tree: Path, branch: str) -> str:
    """Have here what the agent committed to its branch so far, checked; else why that can't be had. Never raises."""
    store = store_of(tree)
    if not store.is_dir():
        return ""
    try:
        there = _look(git, store)
        _fetch(git, store, there, {f"refs/heads/{branch}": f"refs/heads/{branch}"})
    except CoordError as error:
        return _DAMAGED + error.message
    return ""


def take_back(places: Places, work: WorkId, attempt: int) -> str:
    """Have a lent worktree in the engineer's repository again, with all that was committed; safe to call again.

    What can't be taken over stays in the agent's repository, put aside as `NN-K.git.kept-N`; returns why, else nothing.
    Raises CoordError where only root can do that, or the disk refuses.
    """
    tree = places.worktree(work, attempt)
    if not store_of(tree).is_dir():
        return ""
    if os.geteuid() != 0:
        raise CoordError(f"{tree.name} belongs to an agent's user", "let the loop, or root, do that")
    with locked(places.worktrees / f".{tree.name}.lock", PATIENCE) as hold:
        if hold is None:
            raise CoordError(f"another command is at work on {tree.name}", "try again")
        return _take_back(Git(places.root), tree) if store_of(tree).is_dir() else ""


def _take_back(git: Git, tree: Path) -> str:
    import shutil

    store, admin, there, damaged = store_of(tree), git.admin(tree), None, ""
    try:
        there = _all_in(git, store, tree, admin)
    except GitError as error:
        damaged = _DAMAGED + error.message
    if admin is not None and tree.is_dir():
        point(tree, admin)
        _settle_admin(git, tree, there)
    if damaged:
        aside = _free_name(store)
        store.rename(aside)
        return f"{damaged} (kept as {aside.name})"
    shutil.rmtree(store)
    return ""


def visitor(tree: Path) -> Guest | None:
    """As whom git looks into a worktree; None when it isn't lent: as ourselves. Raises CoordError if it can't be done.

    The agent's settings, filters and nested repositories are in play there, so it is the agent that looks.
    """
    try:
        owner = store_of(tree).lstat()
    except FileNotFoundError:
        return None
    if os.geteuid() != 0 or owner.st_uid == 0:
        raise CoordError(f"only root can look at {tree.name} while its agent is at work", "wait until it has ended")
    home = "/"
    with suppress(KeyError):
        home = pwd.getpwuid(owner.st_uid).pw_dir
    env = {
        "HOME": home,
        "GIT_CONFIG_GLOBAL": f"{home}/.gitconfig",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    become = ("setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups", "--inh-caps=-all")
    settings = (f"{name}={value}" for name, value in env.items())
    return Guest(owner.st_uid, owner.st_gid, (*become, "--no-new-privs", "--", "env", *settings), env)


def point(tree: Path, git_dir: Path) -> None:
    """Make a folder the worktree of a repository, in one step."""
    new = tree.with_name(f"{tree.name}.pointer")
    new.write_bytes(b"gitdir: " + os.fsencode(git_dir) + b"\n")
    new.replace(tree / ".git")


def _settings(git: Git) -> str:
    """The engineer's settings and hooks, in a repository with a worktree of its own."""
    common = git.place.common
    kind = git.run("rev-parse", "--show-object-format").text
    own = "[extensions]\n\tobjectFormat = sha256\n" if kind == "sha256" else ""
    hooks = git.hooks(git.programs())
    return (
        f"[core]\n\trepositoryformatversion = {1 if own else 0}\n{own}"
        f"[include]\n\tpath = {_quoted(common / 'config')}\n"
        f"[core]\n\tbare = false\n\tlogallrefupdates = true\n"
        f"\thooksPath = {_quoted(hooks)}\n[gc]\n\tauto = 0\n"
    )


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _look(git: Git, store: Path) -> _There:
    head, on, refs = "", "", {}
    done = git.run("ls-remote", "--symref", _as_agent(store), "--", str(store), seconds=PATIENCE)
    for line in done.text.splitlines():
        value, _, name = line.partition("\t")
        if name == "HEAD" and value.startswith("ref: "):
            on = value.removeprefix("ref: ")
        elif name == "HEAD":
            head = value
        elif not name.endswith("^{}"):
            refs[name] = value
    return _There(head, on, refs)


def _fetch(git: Git, store: Path, there: _There, wanted: Mapping[str, str]) -> None:
    """Bring refs over, theirs → ours; those that are here as they are there cost nothing."""
    commits = {theirs: there.head if theirs == "HEAD" else there.refs.get(theirs, "") for theirs in wanted}
    missing = [f"+{theirs}:{wanted[theirs]}" for theirs, commit in commits.items() if commit]
    if not missing or all(_at(git, wanted[theirs]) == commit for theirs, commit in commits.items() if commit):
        return
    quiet = ("--quiet", "--no-tags", "--no-prune", "--no-write-fetch-head", "--no-recurse-submodules")
    checked = ("-c", "fetch.fsckObjects=true", "-c", "fetch.unpackLimit=1", "-c", "protocol.file.allow=always")
    git.run(
        *("fetch", *quiet, "--update-head-ok", _as_agent(store), "--", str(store), *missing),
        writes=True,
        seconds=PATIENCE,
        settings=checked,
    )


def _as_agent(store: Path) -> str:
    """The option by which the agent's side of a transfer runs as the agent."""
    guest = visitor(store.with_suffix(""))
    assert guest is not None
    return f"--upload-pack={shlex.join((*guest.words, 'git-upload-pack'))}"


def _all_in(git: Git, store: Path, tree: Path, admin: Path | None) -> _There:
    """Bring over the branch, and whatever else was committed there and is nowhere here."""
    there = _look(git, store)
    branch = "" if admin is None else read_line(admin / "HEAD").removeprefix("ref: ")
    wanted = {branch: branch} if branch.startswith("refs/heads/") else {}
    known = set(git.run("for-each-ref", "--format=%(objectname)").text.split()) | {there.refs.get(branch, "")}
    elsewhere = {**there.refs, **({"HEAD": there.head} if there.head else {})}
    for name, commit in elsewhere.items():
        if (
            name != branch
            and commit not in known
            and (name in ("HEAD", "refs/stash") or name.startswith("refs/heads/"))
        ):
            wanted[name] = f"{APART}/{tree.name}/{name.removeprefix('refs/')}"
    _fetch(git, store, there, wanted)
    return there


def _settle_admin(git: Git, tree: Path, there: _There | None) -> None:
    """Have the worktree where the agent left it: on its branch, or beside it."""
    own = git.run("symbolic-ref", "--quiet", "HEAD", cwd=tree, ok=(0, 1)).text
    if there is not None and there.head and there.on != own and _at(git, own) != there.head:
        git.run("update-ref", "--no-deref", "HEAD", there.head, cwd=tree, writes=True)
    git.run("read-tree", "HEAD", cwd=tree, writes=True)
    git.run("update-index", "-q", "--refresh", cwd=tree, ok=None, writes=True)


def _at(git: Git, ref: str) -> str:
    return git.run("rev-parse", "--verify", "--quiet", ref, ok=(0, 1, 128)).text


def _free_name(store: Path) -> Path:
    number = 1
    while os.path.lexists(store.with_name(f"{store.name}.kept-{number}")):
        number += 1
    return store.with_name(f"{store.name}.kept-{number}")
