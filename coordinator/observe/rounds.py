"""The present iteration, put together from what is on disk and on the log."""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from coordinator.changes.base_tip import BaseTip
from coordinator.changes.suites import read_suite, suite_names
from coordinator.errors import CoordError
from coordinator.eventlog.snapshot_cache import LogMemory
from coordinator.formats.intent_text import intent_of
from coordinator.lazy.typing import Any
from coordinator.model.criterion_numbers import numbered
from coordinator.model.feedback import Feedback, own_findings
from coordinator.model.filed import changed_past_coord
from coordinator.model.problem import Problem
from coordinator.model.round import PLANNER, Phase, Round, phase_of
from coordinator.model.round_fold import RoundFold
from coordinator.model.run import Run
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Milestone
from coordinator.model.step import Step, StepState
from coordinator.storage.branch import checked_out
from coordinator.storage.feedback import FindingReader
from coordinator.storage.flow_attempts import FlowReader
from coordinator.storage.flows import read_flows
from coordinator.storage.milestones import earlier_names
from coordinator.storage.paths import Layout

_ENDED = (StepState.MERGED, StepState.FAILED, StepState.BLOCKED)


class Rounds:
    """Keeps what it read of files until they change. Belongs to one thread."""

    def __init__(self, layout: Layout, findings: FindingReader) -> None:
        self._layout = layout
        self._findings = findings
        self._all_findings: tuple[Feedback, ...] = ()
        """As they were looked at last, of whatever milestone."""
        self._base = BaseTip(layout.root)
        self._kept: dict[str, tuple[object, Any]] = {}
        self.problems: tuple[Problem, ...] = ()
        """What is wrong with findings; of flows `coord validate` tells."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """What to watch: the base moves there."""
        return (self._base.folder,) if self._base.folder is not None else ()

    def look(
        self,
        log: LogMemory,
        milestone: Milestone,
        run: Run | None,
        settings: Settings,
        *,
        configured: str,
        document: bytes | None,
        steps: Mapping[int, Step],
        flows: FlowReader,
    ) -> Round:
        """The iteration of a milestone that iterates. `configured`: the base branch of a run that is yet to begin.

        `document`: its file.
        """
        said, shown = log.rounds, log.shown
        going = run if run is not None and run.state != "ended" else None
        phase = _phase(going, milestone)
        told = run if phase is Phase.DECIDED else going  # what it came to stays in sight when the run is over
        name, number = (told.id, told.iteration) if told is not None else ("", 1)
        branch = (going.base_branch if going is not None else "") or configured or checked_out(self._layout.root)
        own = [attempt for attempt in flows.all.values() if attempt.work.iteration == number]
        tries = Counter(attempt.work.flow for attempt in own if attempt.state in _ENDED)
        decided = said.decided(name, number)
        fruitless = decided is None or bool(decided.refused)
        feedback = self._feedback(milestone, said)
        return Round(
            number=number,
            phase=phase,
            criteria=numbered(_criteria(document), shown.numbers.known),
            numbers=shown.numbers.known,
            base=self._base.of(branch) if branch else "",
            verdict=said.verdict,
            witnesses=shown.witnesses,
            accepted=shown.accepted,
            asked=shown.asked,
            began=shown.began,
            decided=decided,
            feedback=feedback,
            astray=dict(changed_past_coord(said.filed.of(milestone.name), self._all_findings, feedback)),
            unread=tuple(problem.path for problem in self.problems if not problem.warning),
            specialists=self._specialists(settings),
            flows={work: attempt for work, attempt in flows.last.items() if work.iteration == number},
            tries=tries,
            spoken=said.spoken(name),
            allowed=self._suites(),
            failures=said.failures.words(steps.values()),
            unexplained=said.failures.unexplained(steps.values()),
            turned_away=said.turned_away(name, number),
            empty_plans=tries[PLANNER] if fruitless else 0,
            max_iterations=settings.max_iterations + said.resumed,
            ending=_ending(said),
            plans=said.plans,
            settled=said.settled,
        )

    def _feedback(self, milestone: Milestone, said: RoundFold) -> tuple[Feedback, ...]:
        found = self._findings.read()
        self._all_findings = found.items
        self.problems = found.problems
        kept = self._read("milestones", listing_of(self._layout.milestones), lambda: earlier_names(self._layout))
        return own_findings(found.items, said.names.others((milestone.id, milestone.title), kept))

    def _specialists(self, settings: Settings) -> tuple[str, ...]:
        if settings.specialists is not None:
            return settings.specialists
        listing = listing_of(self._layout.flows)
        found: tuple[str, ...] = self._read("flows", listing, lambda: read_flows(self._layout).specialists)
        return found

    def _suites(self) -> frozenset[str]:
        """Commands of the project's own checks."""
        listing = listing_of(self._layout.suites)
        found: frozenset[str] = self._read("suites", listing, lambda: frozenset(suite_commands(self._layout)))
        return found

    def _read(self, name: str, listing: object, read: Callable[[], Any]) -> Any:
        known = self._kept.get(name)
        if known is None or known[0] != listing:
            known = self._kept[name] = (listing, read())
        return known[1]


def _phase(run: Run | None, milestone: Milestone) -> Phase:
    if milestone.status == "done" or (milestone.status == "stuck" and run is None):
        return Phase.DECIDED
    return phase_of(run.phase if run is not None else "")


def _ending(said: RoundFold) -> str:
    return "" if said.stuck is None else "; ".join(filter(None, (said.stuck.reason, said.stuck.remedy)))


def _criteria(document: bytes | None) -> tuple[str, ...]:
    try:
        return intent_of(document).criteria
    except CoordError:
        return ()


def suite_commands(layout: Layout) -> list[str]:
    """Commands of the project's own checks; a file that can't be read has none."""
    found = []
    for name in suite_names(layout):
        try:
            found.append(read_suite(layout, name).command)
        except CoordError:
            continue
    return found


def listing_of(folder: Path) -> object:
    """Tells whether the files of a folder are as they were."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
    except OSError:
        return None
    return sorted((name, status.st_mtime_ns, status.st_size, status.st_ino) for name, status in found)
