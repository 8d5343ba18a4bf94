"""What an agent of a station has to have done before it hands off: what it owes is there, its work is committed."""

import os
from collections.abc import Iterator
from pathlib import Path

from coordinator.apply.publishing import owed
from coordinator.changes.diff import commits_between, files_between
from coordinator.changes.git import Git
from coordinator.errors import Refused
from coordinator.lazy.dataclass import replace
from coordinator.model.change import Change
from coordinator.model.ownership import is_cache, is_owned
from coordinator.model.step import Attempt
from coordinator.storage.paths import Layout
from coordinator.storage.turn_files import OUT, read_contract


def change_of_turn(layout: Layout, attempt: Attempt, change: Change) -> Change:
    """Of its prompt's change what came since a turn of its pipeline began; uncommitted only what it may change.

    Raises Refused while it owes what it has to hand in.
    """
    directory = layout.attempt(attempt.run, attempt.work, attempt.attempt)
    contract = read_contract(directory).contract
    if lacking := owed(directory, contract):
        raise Refused(
            f"not done yet: it hands in no {'; no '.join(lacking)}", f"write it into {directory / OUT}, and try again"
        )
    git = Git(layout.root)
    commits = tuple(commits_between(git, attempt.base, change.tip)) if attempt.base and change.tip else ()
    files = tuple(files_between(git, attempt.base, change.tip)) if commits else ()
    prefix, tree = git.place.prefix, layout.worktree(attempt.work, attempt.attempt)

    def is_own(path: str) -> bool:
        return is_owned(contract.writes, path, prefix) and not is_cache(path)

    modified, untracked = (
        tuple(path for path in paths if any(is_own(inner) for inner in _inside(tree, path)))
        for paths in (change.modified, change.untracked)
    )
    return replace(change, commits=commits, files=files, modified=modified, untracked=untracked)


def _inside(tree: Path, path: str) -> Iterator[str]:
    """A file, or those of a folder."""
    if not path.endswith("/"):
        yield path
    for folder, _, names in os.walk(tree / path) if path.endswith("/") else ():
        yield from (os.path.relpath(os.path.join(folder, name), tree) for name in names)
