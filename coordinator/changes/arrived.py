"""Which files came with a commit from elsewhere, and which git tracks that it should not."""

from collections.abc import Collection, Iterable
from pathlib import Path

from coordinator.changes.command import GitError
from coordinator.changes.git import Git
from coordinator.lazy import regex

_MADE_HERE = regex.compile(
    r"commit( \((initial|amend|merge)\))?:"
    r"|(rebase|pull)\b[^:]*\((pick|reword|edit|squash|fixup|continue)\): (?!fast-forward$)"
)
"""What the reflog says where a commit was made on this machine, by hand or by moving one's own onto those of others.
Not of a cherry-pick or an applied mail: their content is somebody else's. Nor of where a rebase began: that commit came
from elsewhere."""


def arrived(files: Iterable[Path]) -> set[Path]:
    """Those whose present version is that of a commit which was not made here.

    What was only written or staged, and what was committed here first, is not among them, nor what no repository
    holds. Takes some calls of git.
    """
    folders: dict[Path, list[Path]] = {}
    for file in files:
        folders.setdefault(file.resolve().parent, []).append(file)
    return {file for folder, there in folders.items() for file in _arrived_in(Git(folder), there)}


def tracked(folder: Path, names: Collection[str]) -> list[str]:
    """Those of these files, or the files below these folders, that git tracks; relative to `folder`."""
    git = Git(folder)
    if not _is_repo(git):
        return []
    return git.run("--literal-pathspecs", "ls-files", "-z", "--", *names).fields


def _is_repo(git: Git) -> bool:
    try:
        return git.is_repo()
    except GitError:
        return False


def _arrived_in(git: Git, files: list[Path]) -> list[Path]:
    if not _is_repo(git):
        return []
    by_name = {file.resolve().name: file for file in files}
    staged = git.run("--literal-pathspecs", "ls-files", "-s", "-z", "--", *by_name).fields
    blobs = {name: entry.split()[1] for entry, _, name in (field.partition("\t") for field in staged)}
    compare = ("diff", "--name-only", "--relative", "--no-ext-diff", "--no-textconv", "-z", "--", *blobs)
    changed = set(git.run("--literal-pathspecs", *compare).fields) if blobs else set()
    made = _made_here(git) if blobs.keys() - changed else set()
    return [by_name[name] for name, blob in blobs.items() if name not in changed and _is_foreign(git, name, blob, made)]


def _made_here(git: Git) -> set[str]:
    lines = git.run("log", "--walk-reflogs", "--all", "--format=%H %gs", ok=(0, 128)).text.splitlines()
    return {line.partition(" ")[0] for line in lines if _MADE_HERE.match(line.partition(" ")[2])}


def _is_foreign(git: Git, name: str, blob: str, made: set[str]) -> bool:
    """A commit brought this blob that was not made here; one that no commit holds was staged and no more.

    A merge that took it over from one of its sides brought nothing.
    """
    walk = ("log", "--all", "--reflog", "--full-history", "-m", "--format=%H %P", f"--find-object={blob}", "--", name)
    lines = [line.split() for line in git.run("--literal-pathspecs", *walk, ok=(0, 128)).text.splitlines() if line]
    if not lines:
        return _has(git, "HEAD", name, blob)
    foreign = sorted((parents for holder, *parents in lines if holder not in made), key=len)
    return any(len(parents) < 2 or not any(_has(git, one, name, blob) for one in parents) for parents in foreign)


def _has(git: Git, commit: str, name: str, blob: str) -> bool:
    found = git.run("--literal-pathspecs", "ls-tree", "-z", commit, "--", name, ok=(0, 128)).fields
    return any(blob in entry.split("\t")[0].split() for entry in found)
