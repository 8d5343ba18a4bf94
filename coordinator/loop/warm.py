"""Keeps worktrees ready for the prompts that come next, so that their agents need not wait for that.

Each is made and set up in a thread of its own, follows its base when that moves, and is its attempt's when the turn
comes. What is not used is dropped without a trace: when others come first, and when the loop ends; what a loop that
was killed left is dropped by the next one.
"""

import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from coordinator.agents.launch import environment
from coordinator.changes import worktrees
from coordinator.changes.folders import make_worktrees
from coordinator.changes.git import Git
from coordinator.changes.guarded import Halt
from coordinator.changes.scripts import SETUP
from coordinator.changes.setup import CutShort, SetupFailed, copy_files, run_setup, run_teardown
from coordinator.changes.warm_trees import (
    Mark,
    bring_to,
    drop,
    inputs_of,
    left_in,
    lock_files_between,
    log_of,
    mark_of,
    marked,
    read_mark,
    work_in,
    write_mark,
)
from coordinator.errors import CoordError
from coordinator.failpoint import failpoint
from coordinator.lazy.dataclass import replace
from coordinator.loop.ahead import Taken
from coordinator.loop.context import Context
from coordinator.loop.starts import free_name, new_attempt, setup_environment
from coordinator.loop.worker import Crew
from coordinator.model.prompt import Prompt
from coordinator.model.queue import next_up
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import SETUP_LOG, Attempt, StepState
from coordinator.model.work import WorkId, prompt_work
from coordinator.observe.setup import wanted_setup
from coordinator.observe.trust import require_trust
from coordinator.processes.terminate import terminate_agent
from coordinator.storage import ports

_Key = tuple[WorkId, int]
_HELD = 0.2
"""Seconds after which a hook that goes on though its worktree is dropped is ended."""


class _Tree:
    """A worktree that is made ready, being made or being dropped."""

    def __init__(self, key: _Key) -> None:
        self.key = key
        self.attempt: Attempt | None = None
        """What its attempt is going to be, as soon as that is known."""
        self.mark: Mark | None = None
        """None while nothing is there that could be used."""
        self.error: SetupFailed | None = None
        self.halt = Halt()
        self.over = threading.Event()
        """Nobody is at work on it."""
        self.gone = threading.Event()
        """It is dropped."""
        self.wanted = True
        self.taken = False

    @property
    def label(self) -> str:
        work, count = self.key
        return work.checkout(count)


class WarmTrees:
    """All of them, of one life of the loop."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._trees: dict[_Key, _Tree] = {}
        self._guard = threading.Lock()
        self._given_up: set[_Key] = set()
        """Those that could not be made ready: why, their attempts are going to say."""
        self._crew = Crew("warm")
        self._looked: tuple[object, ...] = ()
        self._next: tuple[int, ...] = ()
        self._closed = False

    # -- in the loop's own thread

    def begin(self) -> None:
        """Drop what an earlier life left, unless an attempt is to have it."""
        for label, work, count in list(marked(self._context.layout)):
            attempt = self._context.find(work, count)
            if attempt is None:
                self._drop(_Tree((work, count)))
            elif attempt.state is not StepState.DISPATCHED:
                mark_of(self._context.layout, label).unlink(missing_ok=True)

    def attend(self, snapshot: Snapshot, *, starting: bool) -> None:
        """Make ready for what comes next as of this snapshot, and drop the others. `starting`: agents are, just now."""
        seen = (snapshot.graph, snapshot.prompts, snapshot.steps, snapshot.questions, snapshot.loop, snapshot.settings)
        if len(seen) != len(self._looked) or any(a is not b for a, b in zip(seen, self._looked, strict=True)):
            self._looked, self._next = seen, next_up(snapshot)
        keys = {(prompt_work(number), 1): snapshot.prompts[number] for number in self._next}
        with self._guard:
            idle = [tree for key, tree in self._trees.items() if key not in keys and tree.wanted and not tree.taken]
            known = set(self._trees)
            self._given_up &= keys.keys()
        for tree in idle:
            self._drop(tree)
        ready = snapshot.loop.asked == "running" and not snapshot.loop.halted_by and snapshot.untrusted is None
        if ready and not starting and not snapshot.unfinished and not self._closed:
            for key in keys.keys() - known - self._given_up:
                self._make(_Tree(key), keys[key])

    def branch(self, work: WorkId, attempt: int) -> str:
        with self._guard:
            tree = self._trees.get((work, attempt))
            known = tree.attempt if tree is not None and tree.wanted else None
        return known.branch if known is not None else ""

    def close(self, patience: float) -> None:
        """Drop all of them within so many seconds; what is left then is for the next loop."""
        self._closed = True
        with self._guard:
            trees = [tree for tree in self._trees.values() if not tree.taken and tree.wanted]
        for tree in trees:
            self._drop(tree)
        self._crew.close(patience)

    # -- in the thread of a start

    def take(self, attempt: Attempt) -> Taken | None:
        layout, key = self._context.layout, (attempt.work, attempt.attempt)
        with self._guard:
            tree = self._trees.get(key)
            if tree is not None:
                tree.taken = True
        if tree is not None:
            self._await(tree, attempt)
        mark = read_mark(layout, attempt.work.checkout(attempt.attempt))
        return None if mark is None else self._use(attempt, mark)

    def _await(self, tree: _Tree, attempt: Attempt) -> None:
        """Wait until it is ready, or dropped."""
        if not tree.wanted:
            tree.gone.wait()
            return
        made = tree.over.is_set()
        self._show(tree, attempt)
        tree.over.wait()
        with self._guard:
            self._trees.pop(tree.key, None)
        log_of(self._context.layout, tree.label).unlink(missing_ok=True)
        if self._context.halt.is_set:
            raise CutShort
        if tree.error is not None and not made:
            self._discard(attempt)
            raise tree.error

    def _use(self, attempt: Attempt, mark: Mark) -> Taken | None:
        """Let an attempt have the worktree that a mark speaks of; None when it is of no use, and gone."""
        layout, git = self._context.layout, Git(self._context.layout.root)
        script, files = inputs_of(layout, wanted_setup(self._context.config))
        if not mark.ready or mark.branch != attempt.branch or mark.inputs.partition(" ")[2] != files:
            self._discard(attempt)
            return None
        followed = self._follow(mark, attempt.base_branch, attempt.work.checkout(attempt.attempt))
        if followed is None:
            self._discard(attempt)
            return None
        failpoint("warm-brought")
        mark = followed
        mark_of(layout, attempt.work.checkout(attempt.attempt)).unlink()
        failpoint("warm-taken")
        tree = layout.worktree(attempt.work, attempt.attempt)
        info = worktrees.WorktreeInfo(
            attempt.work,
            attempt.attempt,
            tree,
            tree / git.place.prefix,
            mark.branch,
            git.head(mark.branch),
            attempt.base_branch,
            warning=mark.warning,
        )
        return Taken(info, mark.port, mark.set_up and mark.inputs.partition(" ")[0] == (script or "-"))

    def _discard(self, attempt: Attempt) -> None:
        held = drop(self._context.layout, attempt.work.checkout(attempt.attempt), attempt.base_branch)
        if held:
            place = self._context.layout.rel(self._context.layout.worktree(attempt.work, attempt.attempt))
            raise SetupFailed(f"{held}, where its agent was to work", f"look at {place}, move it away, and restart")

    def _show(self, tree: _Tree, attempt: Attempt) -> None:
        """Have what a set-up says where the attempt's own is looked for; it may go on there."""
        log = log_of(self._context.layout, tree.label)
        with suppress(OSError):
            shutil.move(log, self._context.directory(attempt) / SETUP_LOG)

    # -- in whatever thread

    def follow(self, commit: str = "") -> None:
        with self._guard:
            ready = [tree for tree in self._trees.values() if tree.wanted and not tree.taken and tree.mark is not None]
            ready = [tree for tree in ready if tree.over.is_set()]
            for tree in ready:
                tree.over.clear()
        for tree in ready:
            self._start(tree, lambda one: self._catch_up(one, commit))

    # -- in a thread of each

    def _make(self, tree: _Tree, prompt: Prompt) -> None:
        with self._guard:
            self._trees[tree.key] = tree
        self._start(tree, lambda one: self._make_ready(one, prompt))

    def _drop(self, tree: _Tree) -> None:
        with self._guard:
            if tree.taken:
                return
            tree.wanted = False
            self._trees[tree.key] = tree
        tree.halt.set()
        self._crew.submit(partial(self._drop_now, tree), name=f"drop-{tree.label}")

    def _start(self, tree: _Tree, work: Callable[[_Tree], None]) -> None:
        def run() -> None:
            try:
                with self._context.halt.ends(tree.halt.set):
                    work(tree)
            except CutShort:
                tree.mark = None
            except (CoordError, OSError) as error:  # its attempt is going to meet the same, and says so
                tree.mark, tree.error = None, error if isinstance(error, SetupFailed) else None
                with self._guard:
                    self._given_up.add(tree.key)
            finally:
                tree.over.set()
            if tree.mark is None and tree.wanted:
                self._drop(tree)
            self._context.look()

        self._crew.submit(run, name=f"warm-{tree.label}")

    def _make_ready(self, tree: _Tree, prompt: Prompt) -> None:
        context, (work, count) = self._context, tree.key
        layout = context.layout
        require_trust(layout)
        if os.path.lexists(layout.worktree(work, count)):
            raise CoordError(f"{tree.label} is there already")
        attempt = new_attempt(context, prompt, count, context.base_branch, branch=free_name(context, work, count))
        with suppress(CoordError):
            step = context.directory(attempt) / "step.json"
            attempt = replace(attempt, port=ports.claim(layout.root, step))
        tree.attempt = attempt
        make_worktrees(layout)
        mark = Mark(attempt.branch, port=attempt.port)
        write_mark(layout, tree.label, mark)
        failpoint("warm-marked")
        env = environment(attempt, layout.root)
        info = worktrees.create(layout, work, count, attempt.base_branch, branch=attempt.branch, env=env)
        failpoint("warm-made")
        if tree.halt.is_set:
            raise CutShort
        wanted, log = wanted_setup(context.config), log_of(layout, tree.label)
        script, files = inputs_of(layout, wanted)
        left_out = copy_files(layout, info.path, wanted, log, tree.halt)
        warning = "; ".join(filter(None, (info.warning, left_out)))
        mark = replace(mark, warning=warning, inputs=f"{script or '-'} {files}")
        tree.mark = self._set_up(tree, replace(mark, at=info.base), info)
        failpoint("warm-ready")

    def _set_up(self, tree: _Tree, mark: Mark, info: worktrees.WorktreeInfo) -> Mark:
        """Run its set-up, unless only its agent's own user may do that, and note that it is ready."""
        context, attempt = self._context, tree.attempt
        assert attempt is not None
        layout, own = context.layout, context.users is None
        if own:
            env = setup_environment(context, attempt, info)
            wanted = wanted_setup(context.config)
            run_setup(layout, info.cwd, wanted, env, log_of(layout, tree.label), halt=tree.halt)
        done = own or not os.path.lexists(layout.coord / SETUP)
        mark = replace(mark, ready=True, set_up=done, left=left_in(Git(layout.root), info.path))
        write_mark(layout, tree.label, mark)
        return mark

    def _catch_up(self, tree: _Tree, commit: str) -> None:
        """Follow the base; a set-up that its new commits ask for is run again at once."""
        mark, attempt, layout = tree.mark, tree.attempt, self._context.layout
        if mark is None or attempt is None:
            return
        tree.mark = self._follow(mark, attempt.base_branch, tree.label, commit)
        if tree.mark is not None and mark.set_up and not tree.mark.set_up and not tree.taken:
            path = layout.worktree(*tree.key)
            cwd = path / Git(layout.root).place.prefix
            info = worktrees.WorktreeInfo(*tree.key, path, cwd, mark.branch, "", attempt.base_branch)
            tree.mark = self._set_up(tree, tree.mark, info)

    def _follow(self, mark: Mark, base_branch: str, label: str, ahead: str = "") -> Mark | None:
        """Bring a worktree to the base as it is now; None when it is of no use there, and when somebody works in it.

        `ahead`: a commit that the base is about to move to, or not. What is to be set up again says so in the mark,
        before it is brought there.
        """
        layout, git = self._context.layout, Git(self._context.layout.root)
        tree, old, new = layout.worktrees / label, git.head(mark.branch), ahead or git.base_commit(base_branch)
        if old == new:
            return mark
        if not old or work_in(git, tree, mark, new):
            return None
        names = lock_files_between(git, old, new)
        if names is None:
            return None
        again = bool(names) and mark.set_up and os.path.lexists(layout.coord / SETUP)
        brought = replace(mark, at=new, set_up=mark.set_up and not again)
        if ahead or again:
            write_mark(layout, label, brought)
        bring_to(git, tree, new)
        return brought

    def _drop_now(self, tree: _Tree) -> None:
        attempt, layout = tree.attempt, self._context.layout
        if attempt is None or not tree.over.wait(_HELD):  # what a killed loop left, or a hook that no halt reaches
            terminate_agent(f"executor-{tree.label}", layout.root)
        if attempt is not None:
            tree.over.wait()
        with suppress(CoordError, OSError):
            mark = read_mark(layout, tree.label)
            if mark is not None and mark.set_up and attempt is not None:
                path = layout.worktree(*tree.key)
                env = environment(attempt, layout.root) | {"COORD_WORKTREE": str(path)}
                run_teardown(layout, path, wanted_setup(self._context.config), env, log_of(layout, tree.label))
            base = attempt.base_branch if attempt is not None else self._context.base_branch
            if not drop(layout, tree.label, base) and mark is not None and mark.port:
                ports.release(mark.port)
        with self._guard:
            if self._trees.get(tree.key) is tree:
                del self._trees[tree.key]
        tree.gone.set()
        self._context.look()
