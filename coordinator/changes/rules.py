"""The rules of every gate: what may not be merged, whoever approved it."""

import os
from collections.abc import Sequence
from pathlib import Path

from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.changes.outcome import Nothing, Refused, Waiting
from coordinator.changes.submodules import refuse_pointers
from coordinator.model.change import Change
from coordinator.model.text import plain


def refuse(
    places: Places, git: Git, change: Change, *, reviewed: str = "", owned: Sequence[str] = (), tree: Path | None = None
) -> Refused | Nothing | None:
    """Why a change can't be taken as it is; Nothing when there is none.

    `reviewed`: the commit it has to be at. `owned`: further folders of the loop, relative to the project's root.
    `tree`: the attempt's worktree.
    """
    if change.strayed:
        return Refused(
            f"the work of {change.branch} is on {plain(change.strayed)} instead of its branch",
            f"{way_back(change)}, then hand off again",
        )
    if change.damaged:
        return Refused(f"{change.branch}: {change.damaged}", "restart the prompt")
    if not change.tip:
        return Refused(f"the branch {change.branch} is gone", "restore it under its name, or restart the prompt")
    if reviewed and reviewed != change.tip:
        return Refused(f"{change.branch} has moved since it was reviewed", "review what it holds now")
    left = change.modified or (() if change.commits else change.untracked)
    if left:
        return Refused(
            f"{change.branch} left uncommitted work: {_some(left)}",
            "commit what belongs to the change and discard the rest, then hand off again",
            left,
        )
    if not change.commits:
        return Nothing()
    if not change.fork:
        return Refused(f"{change.branch} shares no history with {plain(change.base_branch)}", "restart the prompt")
    pointers = refuse_pointers(git, change, tree) if tree is not None else None
    if pointers is not None:
        return pointers
    refusals = (_refuse_own_files(git, change, folder) for folder in (places.coord, *(places.root / f for f in owned)))
    return next((refused for refused in refusals if refused is not None), None)


def way_back(change: Change) -> str:
    """How work that is on something else than its branch comes onto it, with nothing of the branch lost."""
    if change.commits:
        return f"in its worktree: `git switch {change.branch}`, `git merge` what the work is on"
    return f"in its worktree: `git switch -C {change.branch}`"


def unknown_programs(git: Git, kinds: tuple[str, ...]) -> Waiting | None:
    """Why nothing lands while the repository's settings name a program that they did not when the loop began."""
    found = next((key for key in git.programs().strangers if key.startswith(kinds)), "")
    if not found:
        return None
    return Waiting(
        f"the repository's settings name a program that was not there when the loop began ({plain(found)}): take it "
        f"out by `git config --unset-all {plain(found)}`, or set it with --global if it is yours"
    )


def _refuse_own_files(git: Git, change: Change, folder: Path) -> Refused | None:
    """The harness's own folder is off limits, and what else it writes itself: agents speak through `coord`."""
    guarded = _inside(folder, git.main.root)
    if guarded is None:
        return None
    paths = {path for file in change.files for path in (file.path, file.old_path)}
    log = ("log", "-z", "--format=", "--name-only", "--no-merges", "--no-renames")
    between = f"{change.base_tip}..{change.tip}"
    paths.update(git.main.run(*log, between, "--", f":(top,icase,literal){guarded}").fields)
    folded = guarded.casefold()
    touched = tuple(
        sorted(path for path in paths if path.casefold() == folded or path.casefold().startswith(folded + "/"))
    )
    if not touched:
        return None
    return Refused(
        f"{change.branch} touches {plain(guarded)}/, which belongs to the loop: {_some(touched)}",
        "take it out of the branch's commits; agents speak through the `coord` command",
        touched,
    )


def _inside(path: Path, top: Path) -> str | None:
    """A folder's path in the repository; None when it lies outside of it."""
    inner, outer = Path(os.path.realpath(path)), Path(os.path.realpath(top))
    return inner.relative_to(outer).as_posix() if inner.is_relative_to(outer) else None


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(plain(name) for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
