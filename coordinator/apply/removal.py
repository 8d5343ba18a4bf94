"""Removes the worktree of an attempt that is over: `teardown.sh` runs in it first, if nothing would be lost."""

from coordinator.agents.launch import environment
from coordinator.changes import worktrees
from coordinator.changes.lending import Guest
from coordinator.changes.scripts import TEARDOWN, find_script
from coordinator.changes.setup import run_teardown
from coordinator.errors import CoordError
from coordinator.model.step import SETUP_LOG, Attempt
from coordinator.observe.setup import wanted_setup
from coordinator.observe.trust import require_trust
from coordinator.storage.config import Config
from coordinator.storage.paths import Layout


def remove_worktree(
    layout: Layout, config: Config, attempt: Attempt, guest: Guest | None, *, look: bool = False
) -> tuple[worktrees.Removed | worktrees.Kept, str]:
    """Remove an attempt's worktree and branch, or tell why they stay; and how `teardown.sh` failed, if it did.

    `look`: nothing is removed, nothing runs. `guest`: strict mode, as whom it runs. Refused where there is a
    `teardown.sh` and nobody trusts the project.
    """
    found = _remove(layout, attempt, look=True) if look or _has_teardown(layout, attempt) else None
    if look and found is not None:
        return found, ""
    failed = ""
    if isinstance(found, worktrees.Removed):
        require_trust(layout)
        tree = layout.worktree(attempt.work, attempt.attempt)
        env = environment(attempt, layout.root) | {"COORD_WORKTREE": str(tree)}
        log = layout.attempt(attempt.run, attempt.work, attempt.attempt) / SETUP_LOG
        failed = run_teardown(layout, tree, wanted_setup(config), env, log, guest)
    return _remove(layout, attempt, look=False), failed


def _has_teardown(layout: Layout, attempt: Attempt) -> bool:
    if not layout.worktree(attempt.work, attempt.attempt).is_dir():
        return False
    try:
        return find_script(layout.coord, TEARDOWN) is not None
    except CoordError:  # no file: that is said when it would run
        return True


def _remove(layout: Layout, attempt: Attempt, *, look: bool) -> worktrees.Removed | worktrees.Kept:
    return worktrees.remove(
        layout,
        attempt.work,
        attempt.attempt,
        attempt.base_branch,
        branch=attempt.branch,
        merged_as=attempt.merged_as,
        merged_tip=attempt.commits[-1] if attempt.commits else "",
        look=look,
    )
