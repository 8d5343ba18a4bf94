"""What an attempt produced: its commits, its files and their diff, read from git without taking a lock."""

from pathlib import Path

from coordinator.changes.command import GitError, decode, failure
from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.changes.lending import bring_in, visitor
from coordinator.model.change import Change, Commit, FileChange
from coordinator.model.step import Attempt
from coordinator.model.work import WorkId

DIFF_LIMIT = 1 << 20
"""Bytes of a diff that are read."""
COMMIT_LIMIT = 1000
_GONE = ((), (), "", "its worktree is gone")
IN_NO_SUBMODULE = "--ignore-submodules=dirty"
"""Git tells where a submodule points, but starts nothing in it: its settings may be an agent's."""
_PLAIN_DIFF = ("--no-color", "--no-ext-diff", "--no-textconv", "--find-renames", "--ignore-submodules=none")


def attempt_change(
    places: Places, work: WorkId, attempt: int, base: str = "", *, start: str = "", branch: str = ""
) -> Change:
    """Tell what an attempt has produced so far. Raises CoordError when the repository can't be read.

    `base` is the branch that the attempt merges into, `start` the commit it started from: with it the commits of a
    branch that is merged already are told too, and those of one whose base branch is gone. `branch`: the attempt's own,
    where it has not the usual name.
    """
    git, branch = Git(places.root), branch or work.branch(attempt)
    base_branch, tree = git.base_branch(base), places.worktree(work, attempt)
    damaged = bring_in(git, tree, branch)
    tip, base_tip = git.head(branch), git.head(base_branch) or start or git.base_commit(base_branch)
    modified, untracked, strayed, unreadable = _worktree_state(git, tree, branch, tip)
    fork = git.merge_base(base_tip, tip) if tip else ""
    merged = bool(start and tip) and fork == tip and git.is_ancestor(start, tip)
    commits = commits_between(git, start if merged else base_tip, tip) if tip else []
    files = files_between(git, start if merged else fork, tip) if fork and commits else []
    return Change(
        branch=branch,
        base_branch=base_branch,
        tip=tip,
        base_tip=base_tip,
        fork=fork,
        commits=tuple(commits),
        files=tuple(files),
        modified=modified,
        untracked=untracked,
        strayed=strayed,
        unreadable=unreadable,
        damaged=damaged,
    )


def change_of(places: Places, attempt: Attempt) -> Change:
    """What an attempt has produced so far, by its record; raises as `attempt_change` does."""
    return attempt_change(
        places,
        attempt.work,
        attempt.attempt,
        attempt.base_branch,
        start=attempt.base,
        branch=attempt.branch,
    )


def commits_between(git: Git, base: str, tip: str) -> list[Commit]:
    """The commits that `tip` has and `base` lacks, oldest first."""
    done = git.run(
        "log",
        "-z",
        "--no-color",
        f"--max-count={COMMIT_LIMIT}",
        "--format=%H%x1f%ct%x1f%an%x1f%s",
        f"{base}..{tip}",
        "--",
    )
    commits = []
    for record in reversed(done.fields):
        sha, time, author, subject = record.split("\x1f", 3)
        commits.append(Commit(sha, subject, author, int(time)))
    return commits


def files_between(git: Git, base: str, tip: str) -> list[FileChange]:
    """The files that differ between two commits."""
    fields = iter(git.run("diff", "--numstat", "-z", *_PLAIN_DIFF, base, tip, "--", cwd=git.main.root).fields)
    files = []
    for field in fields:
        added, removed, path = field.split("\t", 2)
        old_path = ""
        if not path:
            old_path, path = next(fields), next(fields)
        files.append(FileChange(path, _count(added), _count(removed), old_path))
    return files


def diff_text(places: Places, base: str, tip: str, *, limit: int = DIFF_LIMIT, context: int = 3) -> tuple[str, bool]:
    """The unified diff between two commits, and whether it was cut at `limit` bytes; untrusted text."""
    git = Git(places.root)
    prefixes = ("--src-prefix=a/", "--dst-prefix=b/")
    done = git.run(
        "diff",
        "--patch",
        f"--unified={context}",
        *_PLAIN_DIFF,
        *prefixes,
        base,
        tip,
        "--",
        cwd=git.main.root,
        limit=limit,
    )
    text = decode(done.out)
    return (text[: text.rfind("\n") + 1] if done.cut else text), done.cut


def _worktree_state(git: Git, path: Path, branch: str, tip: str) -> tuple[tuple[str, ...], tuple[str, ...], str, str]:
    """Modified tracked files, untracked ones, where the worktree strayed to, and why none of that can be told."""
    if not path.is_dir():
        return _GONE
    if not (path / ".git").is_file():
        return (), (), "", "its worktree is none any more: its .git is gone"
    guest = visitor(path)
    if guest is None and not git.holds(path):
        return (), (), "", "its worktree is none of this repository any more: its .git leads elsewhere"
    args = ("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal", IN_NO_SUBMODULE)
    try:
        words, env = ((), None) if guest is None else (guest.words, guest.env)
        done = git.run(*args, cwd=path, ok=(0, 128), words=words, env=env)
    except GitError:
        if path.is_dir():
            raise
        return _GONE  # tidied away since it was merged
    if done.status:
        return (), (), "", f"its worktree can't be read: {failure(done, args).message}"
    modified, untracked, on, head = [], [], "", ""
    fields = iter(done.fields)
    for field in fields:
        mark, _, rest = field.partition(" ")
        if mark == "#":
            name, _, value = rest.partition(" ")
            on, head = (value if name == "branch.head" else on), (value if name == "branch.oid" else head)
        elif mark == "?":
            untracked.append(rest)
        elif mark in ("1", "2", "u"):
            modified.append(rest.split(" ", {"1": 7, "2": 8, "u": 9}[mark])[-1])
            if mark == "2":
                next(fields, None)
    strays = on != branch and head != tip and not (tip and git.is_ancestor(head, tip))
    return tuple(modified), tuple(untracked), (on if strays else ""), ""


def _count(text: str) -> int | None:
    return None if text == "-" else int(text)
