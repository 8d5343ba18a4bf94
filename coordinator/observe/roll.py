"""The roll of prompts: their files, joined with what attempts and the log know of them; called at every look."""

from collections.abc import Mapping

from coordinator.eventlog.snapshot_cache import LogMemory
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.prompt_rows import Row, described
from coordinator.model.register import Known, register
from coordinator.model.settings import PROMPTS
from coordinator.model.step import Attempt
from coordinator.model.work import WorkId
from coordinator.secrets.redaction import redact
from coordinator.storage.branch import is_of_branch
from coordinator.storage.config import Config
from coordinator.storage.given import read_given
from coordinator.storage.paths import Layout
from coordinator.storage.prompt_numbers import highest_claimed
from coordinator.storage.prompts import PromptSet
from coordinator.storage.runs import folder_of_run, run_ids, unfinished_run

_NOTHING: Mapping[int, Row] = {}


@dataclass(frozen=True, slots=True)
class Roll:
    prompts: Mapping[int, Prompt]
    """By number, ascending."""
    problems: tuple[Problem, ...]
    """What is wrong with files."""
    highest: int
    """Highest number ever used, deleted prompts included."""
    unusable: int
    """How many files are there that can't be run as they are."""


class RollCall:
    """Keeps what it found: the very same roll is returned while nothing is new. Belongs to one thread."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._from: tuple[object, ...] = ()
        self._numbers: tuple[str, int] | None = None
        self._roll = Roll({}, (), 0, 0)
        self._given: dict[tuple[str, WorkId, int], Prompt] = {}
        self._folders: dict[str, str] = {}
        """Run → prompts folder that it recorded."""
        self._told: Mapping[int, Row] = {}
        self._ended: Mapping[int, Prompt] = {}

    def foreign_runs(self, config: Config) -> frozenset[str]:
        """Runs on the prompts of other branches, whose numbers are not those of this one."""
        if not config.branch_folder:
            return frozenset()
        for run_id in run_ids(self._layout):
            if not self._folders.get(run_id):  # a run that has just begun may be without its record
                self._folders[run_id] = folder_of_run(self._layout, run_id)
        others = (run for run, folder in self._folders.items() if folder not in ("", config.space))
        return frozenset(run for run in others if is_of_branch(config.branch_folder, self._folders[run]))

    def call(self, files: PromptSet, attempts: Mapping[int, Attempt], log: LogMemory, space: str = "") -> Roll:
        """The roll of these files, last attempts and words on the log; `space`: whose numbers they are."""
        run = unfinished_run(self._layout)
        unfinished = run.id if run is not None else ""
        claimed = highest_claimed(self._layout)
        highest = max(files.highest, log.highest_number, claimed, max(attempts, default=0))
        told = log.told.get(space, _NOTHING)
        present = log.present.get(space, _NOTHING)
        source, numbers = (files, attempts, told, present, log.given_up), (unfinished, highest)
        if numbers == self._numbers and all(a is b for a, b in zip(self._from, source, strict=False)):
            return self._roll
        known = Known(
            attempts,
            self._read,
            ended=self._ended_of(told),
            waiting=self._waiting_of(present, space) if unfinished else {},
            given_up=log.given_up,
            clean=redact,
            unusable=frozenset(problem.numbers[0] for problem in files.problems if problem.numbers),
            run=unfinished,
            highest=highest,
        )
        found = register(files.prompts, known)
        self._from, self._numbers = source, numbers
        problems = (*files.problems, *files.warnings, *found.problems)
        self._roll = Roll(found.prompts, problems, highest, len(files.problems) + found.displaced)
        return self._roll

    def _read(self, attempt: Attempt) -> Prompt:
        key = (attempt.run, attempt.work, attempt.attempt)
        if key not in self._given:
            self._given[key] = read_given(self._layout, attempt)
        return self._given[key]

    def _ended_of(self, told: Mapping[int, Row]) -> Mapping[int, Prompt]:
        """Prompts that the log was told of as done or cancelled."""
        if told is not self._told:
            rows = ((number, described(row)) for number, row in told.items() if len(row) > 5 and row[5])
            self._told, self._ended = told, {number: prompt for number, prompt in rows if prompt is not None}
        return self._ended

    def _waiting_of(self, present: Mapping[int, Row], space: str) -> Mapping[int, Prompt]:
        """Prompts that were there at the loop's last look, and had not ended."""
        rows = ((number, described(row)) for number, row in present.items() if len(row) > 5 and not row[5])
        return {number: replace(prompt, path=space or PROMPTS) for number, prompt in rows if prompt is not None}
