"""The acceptance criteria of merged prompts, and what their hand-offs name to show them, from files and the log."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from coordinator.changes.base_tip import BaseTip
from coordinator.formats.frontmatter import split
from coordinator.formats.prompt_body import CRITERIA, listed
from coordinator.model.acceptance import handed
from coordinator.model.checks import Checks, Handed
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.run import Run
from coordinator.model.step import Receipt, Step, StepState
from coordinator.model.witness_fold import WitnessFold
from coordinator.observe.rounds import listing_of, suite_commands
from coordinator.storage.branch import checked_out
from coordinator.storage.paths import Layout


def named_checks(steps: Mapping[int, Step]) -> tuple[int, ...]:
    """The merged prompts whose hand-off names commands."""
    return tuple(number for number, step in steps.items() if (said := _sealed(step)) is not None and said.checks)


def criteria_of(prompt: Prompt, step: Step | None) -> tuple[Handed, ...]:
    """The acceptance criteria of a prompt, with what the hand-off of its merged attempt names for them."""
    front = split(prompt.source, prompt.path)
    texts = () if isinstance(front, Problem) else listed(front.text[front.body :], CRITERIA)
    return handed(prompt.number, texts, _sealed(step) if step is not None else None)


class Acceptance:
    """Keeps what it read of files until they change. Belongs to one thread."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._base = BaseTip(layout.root)
        self._suites: tuple[object, frozenset[str]] = (None, frozenset())
        self._known: dict[int, tuple[tuple[str, Receipt | None], tuple[Handed, ...]]] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        """What to watch: the base moves there."""
        return (self._base.folder,) if self._base.folder is not None else ()

    def look(
        self,
        numbers: tuple[int, ...],
        prompts: Mapping[int, Prompt],
        steps: Mapping[int, Step],
        shown: WitnessFold,
        run: Run | None,
        configured: str,
    ) -> Checks:
        """What is known of the criteria of these prompts. `configured`: the base branch of a run that is to begin."""
        going = run.base_branch if run is not None and run.state != "ended" else ""
        branch = going or configured or checked_out(self._layout.root)
        return Checks(
            base=self._base.of(branch) if branch else "",
            criteria=tuple(self._criteria(numbers, prompts, steps)),
            runs=shown.runs,
            asked=shown.asked_runs,
            left=shown.left,
            accepted=shown.accepted,
            began=shown.began,
            allowed=self._allowed(),
        )

    def _criteria(
        self, numbers: tuple[int, ...], prompts: Mapping[int, Prompt], steps: Mapping[int, Step]
    ) -> Iterator[Handed]:
        for number in numbers:
            prompt, step = prompts.get(number), steps.get(number)
            if prompt is None:
                continue
            version = (prompt.digest, _sealed(step) if step is not None else None)
            known = self._known.get(number)
            if known is None or known[0] != version:
                known = self._known[number] = (version, criteria_of(prompt, step))
            yield from known[1]

    def _allowed(self) -> frozenset[str]:
        listing = listing_of(self._layout.suites)
        if listing != self._suites[0]:
            self._suites = (listing, frozenset(suite_commands(self._layout)))
        return self._suites[1]


def _sealed(step: Step) -> Receipt | None:
    """The hand-off of a merged attempt."""
    return step.attempt.receipt if step.state is StepState.MERGED and step.attempt is not None else None
