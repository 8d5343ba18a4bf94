"""The name of an attempt's branch: chosen when it is claimed, so that it is nobody else's in the repository."""

from collections.abc import Iterator

from coordinator.changes.git import Git
from coordinator.lazy import regex
from coordinator.model.work import WorkId

_TAKEN = ("refs/heads/coord", "refs/remotes/*/coord/**")
_UNFIT = regex.compile(r"[^A-Za-z0-9_-]+")
_NAME = regex.compile(r"coord/(?:[A-Za-z0-9_-]+/)?\d{2,}-\d+\Z")
_LONGEST = 40
"""Characters of a project's folder that go into a branch's name."""


def free_branch(git: Git, work: WorkId, attempt: int) -> str:
    """`coord/07-1`, or below a name space of the project's own, `coord/FOLDER/07-1`, where that one is taken.

    Another project in another worktree of the repository, or an earlier life of this one, may have an attempt of the
    same numbers. A name is also taken where git has a branch above or below it, and where a remote is known to have it.
    """
    taken = _taken(git)
    return next(name for name in _names(git, work, attempt) if not _collides(name, taken))


def is_attempts(branch: str) -> bool:
    """Tell whether a branch has the name of an attempt's, of whichever project."""
    return bool(_NAME.match(branch))


def _names(git: Git, work: WorkId, attempt: int) -> Iterator[str]:
    usual = work.branch(attempt)
    yield usual
    folder = _UNFIT.sub("-", git.root.name).strip("-")[:_LONGEST] or "project"
    own, count = folder, 1
    while True:
        yield usual.replace("/", f"/{own}/", 1)
        count += 1
        own = f"{folder}-{count}"


def _taken(git: Git) -> frozenset[str]:
    done = git.run("for-each-ref", "--format=%(refname)", *_TAKEN)
    names = (ref.removeprefix("refs/heads/") for ref in done.text.splitlines())
    return frozenset("/".join(name.split("/")[3:]) if name.startswith("refs/remotes/") else name for name in names)


def _collides(name: str, taken: frozenset[str]) -> bool:
    parents = {name[:at] for at, sign in enumerate(name) if sign == "/"} - {"coord"}  # that one git itself tells about
    return name in taken or not parents.isdisjoint(taken) or any(other.startswith(name + "/") for other in taken)
