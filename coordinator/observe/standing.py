"""Where merged work stands: a dependency counts once the branch that a run is for has its merge."""

from collections.abc import Mapping
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.graph import Graph
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.step import Attempt, Step, StepState
from coordinator.model.text import plain
from coordinator.storage.branch import checked_out
from coordinator.storage.paths import Layout
from coordinator.storage.runs import unfinished_run

if TYPE_CHECKING:
    from coordinator.changes.ancestry import Ancestry

_WAITING = frozenset({StepState.PENDING, StepState.FAILED, StepState.BLOCKED})


class Standing:
    """Looks at merged prompts that others wait for; git is asked only when their base has moved. For one thread."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._ancestry: Ancestry | None = None
        self._needed: tuple[object, object, list[tuple[int, Attempt]]] = (None, None, [])
        self._last: tuple[object, dict[int, str], dict[int, Step]] = (None, {}, {})
        self.folders: tuple[Path, ...] = ()
        """What to watch: a change there may let a prompt start."""
        self.problems: tuple[Problem, ...] = ()

    def look(self, steps: dict[int, Step], prompts: Mapping[int, Prompt], graph: Graph, base: str) -> dict[int, Step]:
        """The steps, with those said to be elsewhere whose merge the base does not have; the very same if all have it.

        `base`: the configured base branch, which is that of the next run.
        """
        self.folders, self.problems = (), ()
        if self._needed[0] is not steps or self._needed[1] is not graph:
            self._needed = (steps, graph, _needed(steps, graph))
        needed = self._needed[2]
        if not needed:
            return steps
        run = unfinished_run(self._layout)
        base = (run.base_branch if run is not None else "") or base or checked_out(self._layout.root)
        try:
            away = self._away(needed, base) if base else {}
        except CoordError:  # without git nothing is known to be elsewhere
            return steps
        if not away:
            return steps
        commits = {n: attempt.merged_as for n, attempt in needed}
        self.problems = tuple(_problem(prompts[n], words, base, commits[n]) for n, words in away.items())
        if self._last[0] is not steps or self._last[1] != away:
            seen = {n: replace(step, elsewhere=away[n]) if n in away else step for n, step in steps.items()}
            self._last = (steps, away, seen)
        return self._last[2]

    def _away(self, needed: list[tuple[int, Attempt]], base: str) -> dict[int, str]:
        from coordinator.changes.ancestry import Ancestry, Work

        if self._ancestry is None:
            self._ancestry = Ancestry(self._layout.root)
        works = {n: Work(a.merged_as, a.base, a.commits[-1] if a.commits else "") for n, a in needed}
        lacking = self._ancestry.lacking(base, works.values())
        if lacking:
            self.folders = (self._ancestry.folder(base),)
        return {n: _words(a, base) for n, a in needed if a.merged_as in lacking}


def _needed(steps: Mapping[int, Step], graph: Graph) -> list[tuple[int, Attempt]]:
    """Attempts that were merged as a commit of their own, and that something waits for which has not ended."""
    wanted = {d for n, step in steps.items() if step.state in _WAITING for d in graph.dependencies.get(n, ())}
    found = ((number, steps[number]) for number in sorted(wanted) if number in steps)
    return [(n, s.attempt) for n, s in found if s.state is StepState.MERGED and s.attempt and s.attempt.merged_as]


def _words(attempt: Attempt, base: str) -> str:
    commit, there = attempt.merged_as[:10], attempt.base_branch or "another branch"
    if there == base:
        return plain(f"merged as {commit}, which {base} does not have any more")
    return plain(f"merged into {there} as {commit}, which {base} does not have")


def _problem(prompt: Prompt, words: str, base: str, commit: str) -> Problem:
    how = f"on {plain(base)}: `git merge {plain(commit[:10])}`"
    remedy = f"bring it there ({how}), or take {prompt.label} off the dependencies"
    message = f"prompt {prompt.label} is {words}: what depends on it does not start"
    return Problem(plain(prompt.path), 0, "merged-elsewhere", message, remedy, (prompt.number,))
