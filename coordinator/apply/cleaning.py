"""What ended attempts and finished runs left behind: listed with what it holds; what holds nothing can be cleared."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from coordinator.apply.removal import remove_worktree
from coordinator.apply.steps import find_attempt
from coordinator.changes import litter, readonly, warm_trees, worktrees
from coordinator.changes.git import Git
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass, field, replace
from coordinator.model.step import Attempt, StepState
from coordinator.observe.agent_user import gate_guest
from coordinator.observe.project import Project
from coordinator.observe.trust import require_trust
from coordinator.storage.attempts import all_attempts
from coordinator.storage.paths import Layout
from coordinator.storage.runs import loop_is_alive
from coordinator.storage.sweep import stale_files
from coordinator.storage.temp_files import sweep_stale_temps
from coordinator.terminals.server import Terminals
from coordinator.terminals.unused import end_unused, in_use


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that is still there."""

    kind: str
    """`worktree`, `branch`, `window`, `server`; `ahead`: a worktree that was made ready; a folder put aside, `stray`,
    or an agent's repository, as `kept`; a file `lock` or `temp`."""
    name: str
    holds: str
    """What would be lost or ended with it; empty: nothing."""
    remove: Callable[[], str] = field(compare=False, repr=False)
    """Removes it if it holds nothing then; what it holds, or what prevents it. Raises CoordError."""
    cleared: bool = False

    def to_json(self) -> dict[str, object]:
        return {"kind": self.kind, "name": self.name, "holds": self.holds, "cleared": self.cleared}


def leftovers(layout: Layout) -> list[Leftover]:
    """All that is there, of this project alone. Changes nothing."""
    project = Project(layout)
    files = (*_put_aside(layout), *_temps(layout, project.config.prompt_folders))
    return [
        *_of_attempts(layout),
        *_ahead(layout, project.config.base_branch or ""),
        *files,
        *_of_terminals(layout, project.terminals),
    ]


def clear(layout: Layout, found: list[Leftover]) -> list[Leftover]:
    """Clear what holds nothing, each as it is then. What is kept says why.

    Raises Refused where nobody trusts the project: whoever wrote its records chose what would go.
    """
    require_trust(layout)
    return [one if one.holds else _clear(one) for one in found]


def _clear(one: Leftover) -> Leftover:
    try:
        holds = one.remove()
    except CoordError as error:
        holds = error.message
    return replace(one, holds=holds, cleared=not holds)


def _of_attempts(layout: Layout) -> Iterator[Leftover]:
    git = Git(layout.root)
    if not git.is_repo():
        return
    for attempt in _attempts(layout):
        tree = layout.worktree(attempt.work, attempt.attempt)
        if attempt.work.flow and not attempt.state.live and os.path.lexists(tree):
            yield Leftover(
                "worktree", layout.rel(tree), "", partial(readonly.drop, layout, attempt.work, attempt.attempt)
            )
        if not attempt.branch:
            continue
        there = os.path.lexists(tree)
        if not there and not git.head(attempt.branch):
            continue
        if attempt.state.live:
            holds = f"its attempt is {attempt.state.value}"
        elif attempt.state is StepState.CHANGE_OPEN:
            holds = "its change is open"
        elif attempt.merged_as and not there and not git.is_ancestor(attempt.branch, attempt.merged_as):
            holds = (
                f"the commits of what landed as {attempt.merged_as[:12]}; git branch -D {attempt.branch} forgets them"
            )
        else:
            try:
                holds = _remove(layout, attempt, look=True)
            except CoordError as error:
                holds = error.message
        kind, name = ("worktree", layout.rel(tree)) if there else ("branch", attempt.branch)
        yield Leftover(kind, name, holds, partial(_remove, layout, attempt, look=False))


def _ahead(layout: Layout, base: str) -> Iterator[Leftover]:
    """Worktrees that were made ready for prompts that did not come."""
    git = Git(layout.root)
    if not git.is_repo():
        return
    for label, work, count in warm_trees.marked(layout):
        if find_attempt(layout, work, count) is not None:
            continue
        mark = warm_trees.read_mark(layout, label)
        try:
            branch = git.base_branch(base)
            work_there = warm_trees.work_in(git, layout.worktrees / label, mark, git.head(branch)) if mark else ""
            holds = "the loop keeps it ready" if loop_is_alive(layout) else work_there
        except CoordError as error:
            branch, holds = "", error.message
        yield Leftover("ahead", layout.rel(layout.worktrees / label), holds, partial(_drop, layout, label, branch))


def _drop(layout: Layout, label: str, base: str) -> str:
    return "the loop runs" if loop_is_alive(layout) else warm_trees.drop(layout, label, base)


def _put_aside(layout: Layout) -> Iterator[Leftover]:
    git = Git(layout.root)
    if git.is_repo():
        for kind, path in litter.put_aside(layout):
            remove = partial(litter.remove, git, kind, path)
            yield Leftover(kind, layout.rel(path), litter.holds(git, kind, path), remove)


def _temps(layout: Layout, folders: tuple[str, ...]) -> Iterator[Leftover]:
    for path in stale_files(layout, folders):
        yield Leftover("temp", layout.rel(path), "", partial(_remove_temp, path))


def _remove_temp(path: Path) -> str:
    sweep_stale_temps(path.parent)
    return "its folder is in use" if os.path.lexists(path) else ""


def _remove(layout: Layout, attempt: Attempt, *, look: bool) -> str:
    """Remove an attempt's worktree and branch, or only look; what they hold, if they stay for it."""
    config = Project(layout).config
    gone, _ = remove_worktree(layout, config, attempt, None if look else gate_guest(config), look=look)
    return gone.reason if isinstance(gone, worktrees.Kept) else ""


def _attempts(layout: Layout) -> Iterator[Attempt]:
    return (found for found in all_attempts(layout) if found.epoch)  # else its record can't be read


def _of_terminals(layout: Layout, terminals: Terminals) -> Iterator[Leftover]:
    windows = terminals.windows()
    for window in windows:
        if window.dead and window.mark.get("root") == str(layout.root):
            yield Leftover("window", window.id, "", partial(_close, terminals, window.id))
    if windows or terminals.alive():
        holds = _server_holds(layout, terminals)
        yield Leftover("server", terminals.socket_name, holds, partial(_end, layout, terminals))


def _close(terminals: Terminals, window: str) -> str:
    terminals.kill_window(window)
    return ""


def _end(layout: Layout, terminals: Terminals) -> str:
    return "the loop runs" if loop_is_alive(layout) else end_unused(terminals)


def _server_holds(layout: Layout, terminals: Terminals) -> str:
    """Why the project's tmux session is still of use; empty when it isn't."""
    return "the loop runs" if loop_is_alive(layout) else in_use(terminals)
