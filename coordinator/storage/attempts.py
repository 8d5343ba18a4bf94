"""The attempts of all prompts: the last one of each is read, and read again only when its directory changed."""

import os
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from coordinator.lazy import regex
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any, NamedTuple, Protocol
from coordinator.model.handoff import OUTCOMES
from coordinator.model.problem import Problem
from coordinator.model.step import Attempt, Exit, Receipt, StepState
from coordinator.model.text import plain
from coordinator.model.work import WorkId, flow_work, is_flow_name, prompt_work, work_at
from coordinator.safefiles.regular import read_part
from coordinator.storage.files import is_settled
from coordinator.storage.gc_pause import no_collection
from coordinator.storage.paths import Layout
from coordinator.storage.records import BadRecord, decode, read_json, record_problem

_ATTEMPT = regex.compile(r"attempt-([1-9]\d{0,8})")
_RUN = regex.compile(r"run-([1-9]\d{0,8})")
_STARTED = "started"
"""The folder in an attempt's that `launch.sh` makes, and writes to, once it runs."""
_RECORDS = ("step.json", "exit.json", "receipt.json", _STARTED)
_SEALED = (StepState.DISPATCHED, StepState.RUNNING, StepState.CHANGE_OPEN, StepState.FAILED, StepState.BLOCKED)
"""States in which somebody may take a `receipt.json` for the word of the agent."""

Stamp = tuple[int, int, int]


class Given(Protocol):
    """What the log tells of hand-offs: they are events, and a `receipt.json` without its event is nobody's."""

    def given(self, run: str, work: WorkId, attempt: int, agent: str = "") -> tuple[Receipt, ...]:
        """The hand-offs of an attempt as far as the log was read, oldest first; the same object while none is new."""

    def given_since(self, attempt: Attempt) -> tuple[Receipt, ...]:
        """Those that the log has gained meanwhile."""


def read_exit(directory: Path | str) -> Exit | Problem | None:
    """How the agent's process ended; None while it runs, a Problem when `exit.json` can't be read."""
    try:
        values = read_json(f"{directory}/exit.json")
        return None if values is None else decode(Exit, values)
    except BadRecord as error:
        return record_problem("exit.json", error)


def read_receipt(directory: Path | str) -> Receipt | Problem | None:
    """What `receipt.json` says; None without one, a Problem when it can't be read.

    It is written from the attempt's hand-off on the log, and that alone counts.
    """
    try:
        values = read_json(f"{directory}/receipt.json")
        if values is None:
            return None
        receipt = decode(Receipt, values)
        if receipt.outcome not in OUTCOMES:
            raise BadRecord(f"`outcome` must be one of {', '.join(OUTCOMES)}")
    except BadRecord as error:
        return record_problem("receipt.json", error)
    return receipt


def all_attempts(layout: Layout) -> Iterator[Attempt]:
    """Every attempt of every run that was claimed, as far as it can be read; oldest run first."""
    for run in run_ids(layout):
        yield from attempts_of(layout, run)


def attempts_of(layout: Layout, run: str) -> Iterator[Attempt]:
    """Every attempt of a run that was claimed, as far as it can be read."""
    root = layout.run(run)
    for directory in sorted(root.glob("prompts/*/attempt-*")):
        place = work_at(directory.relative_to(root).as_posix())
        found = load_attempt(layout, run, *place)[0] if place is not None else None
        if found is not None:
            yield found
    for flow, count in sorted(flow_attempts(str(root))):
        found, _ = read_flow_attempt(layout, run, flow, count)
        if found is not None:
            yield found


def flow_attempts(run: str) -> Iterator[tuple[str, int]]:
    """Flow and number of each attempt at a flow in a run's folder."""
    try:
        folders = [entry for entry in os.scandir(run) if is_flow_name(entry.name) and entry.is_dir()]
    except OSError:
        return
    for folder in folders:
        matches = map(_ATTEMPT.fullmatch, _names(folder.path))
        yield from ((folder.name, int(match[1])) for match in matches if match)


def read_flow_attempt(layout: Layout, run: str, flow: str, count: int) -> tuple[Attempt | None, tuple[Problem, ...]]:
    """An attempt at a flow, of whichever iteration its record says; None before it is claimed.

    One whose record can't be read counts as one of the first iteration, blocked and held.
    """
    where = f"{layout.runs}/{run}/{flow}/attempt-{count}"
    return _load(where, layout.rel(where), run, flow_work(1, flow), count, any_iteration=True)


def load_attempt(layout: Layout, run: str, work: WorkId, attempt: int) -> tuple[Attempt | None, tuple[Problem, ...]]:
    """An attempt as far as it can be read, and what can't be; what it handed off is for the log to tell.

    None before it is claimed, and for one of a flow in another iteration. Without a readable `step.json` it counts as
    blocked and held: nothing is started beside it until a human has looked.
    """
    where = str(layout.attempt(run, work, attempt))
    return _load(where, layout.rel(where), run, work, attempt)


def _load(
    where: str, shown: str, run: str, work: WorkId, attempt: int, *, any_iteration: bool = False
) -> tuple[Attempt | None, tuple[Problem, ...]]:
    end = read_exit(where)
    problems = [replace(end, path=f"{shown}/{end.path}")] if isinstance(end, Problem) else []
    known: dict[str, Any] = {
        "run": run,
        "work": work,
        "attempt": attempt,
        "directory": shown,
        "exit": end if isinstance(end, Exit) else None,
        "receipt": None,
    }
    try:
        values = read_json(f"{where}/step.json")
        if values is None or (work.flow and not any_iteration and values.get("iteration") != work.iteration):
            return None, tuple(problems)
        if any_iteration:
            known["work"] = flow_work(_iteration(values), work.flow)
        return decode(Attempt, values, pid=_read_pid(where), **known), tuple(problems)
    except BadRecord as error:
        problem = record_problem(f"{shown}/step.json", error, (work.number,) if work.number else ())
        reason = f"{problem.path} can't be read: {problem.message}"
        held = Attempt(**known, epoch=0, state=StepState.BLOCKED, since="", reason=reason, held=True)
        return held, (problem, *problems)


def _iteration(values: Mapping[str, Any]) -> int:
    """The iteration of an attempt at a flow, as its record tells it."""
    found = values.get("iteration")
    if type(found) is not int or found < 1:
        raise BadRecord("`iteration` must be a number from 1 on")
    return found


def written_to(root: Path, attempt: Attempt) -> Iterator[Path]:
    """The folders in which something new may be told of an attempt that is under way; `root` is the project's."""
    yield root / attempt.directory
    launched = attempt.state is StepState.RUNNING and attempt.exit is None and not attempt.pipeline
    if launched and not attempt.pid:  # its window is open: `launch.sh` is about to write down its process
        yield root / attempt.directory / _STARTED


def _read_pid(directory: str) -> int:
    """What `launch.sh` wrote when it started; 0 before, and for anything that is no process id."""
    try:
        digits = read_part(f"{directory}/{_STARTED}/pid", 16).strip()
    except OSError:
        return 0
    return int(digits) if digits.isdigit() else 0


def run_ids(layout: Layout) -> list[str]:
    """`run-1`, `run-2`, …: oldest first."""
    try:
        names = os.listdir(layout.runs)
    except OSError:
        return []
    return sorted((name for name in names if run_number(name)), key=run_number)


def run_number(run_id: str) -> int:
    """3 for `run-3`, 0 for what is no run id."""
    match = _RUN.fullmatch(run_id)
    return int(match[1]) if match else 0


class _Place(NamedTuple):
    """The last attempt of a prompt, on disk."""

    attempt: int
    path: str
    run: str


class _Entry(NamedTuple):
    place: _Place
    stamp: Stamp | None
    """None: to be read again at the next look."""
    attempt: Attempt | None
    problems: tuple[Problem, ...]
    handed: tuple[Receipt, ...]
    """What was handed off for it by whomever, when it was read."""


class AttemptReader:
    """Reads the last attempt of every prompt, and keeps what it read. Not thread-safe.

    `given`: who tells of hand-offs; without, none is known.
    """

    def __init__(self, layout: Layout, given: Given | None = None) -> None:
        self.problems: tuple[Problem, ...] = ()
        """What couldn't be read at the last look."""
        self._layout = layout
        self._given = given
        self._runs = str(layout.runs)
        self._listings: dict[str, tuple[Stamp | None, int]] = {}
        self._entries: dict[int, _Entry] = {}
        self._attempts: dict[int, Attempt] = {}
        self._looked = False
        self._left_out: frozenset[str] = frozenset()
        self.elsewhere: dict[int, int] = {}
        """By number: the highest attempt in the runs that are left out."""

    def leave_out(self, runs: frozenset[str]) -> None:
        """Take no notice of these runs, which are about other prompts of the same numbers; their attempts stay used."""
        if runs != self._left_out:
            self._left_out, self._looked, self.elsewhere = runs, False, {}

    def refresh(self, changed: Collection[Path] | None = None) -> dict[int, Attempt]:
        """Look again at what the changed paths concern, or at everything for None.

        The very same dictionary is returned when nothing is new.
        """
        numbers = set() if changed is None else self._numbers(changed)
        if not self._looked or changed is None or numbers is None:
            news = self._take_all(self._find_all())
            self._looked = True
        else:
            news = [self._take(number, self._find(number)) for number in numbers]
        if any(news):
            self._attempts = {n: entry.attempt for n, entry in self._entries.items() if entry.attempt is not None}
            self.problems = tuple(sorted(p for entry in self._entries.values() for p in entry.problems))
        return self._attempts

    def _numbers(self, changed: Collection[Path]) -> set[int] | None:
        """The prompts that the paths are about; None when they may be about any."""
        numbers: set[int] = set()
        for path in changed:
            text = str(path)
            if self._runs.startswith(text + os.sep) or text == self._runs:
                return None
            if not text.startswith(self._runs + os.sep):
                continue
            parts = text[len(self._runs) + 1 :].split(os.sep)
            if len(parts) < 3 and (len(parts) < 2 or parts[1] == "prompts"):
                return None
            number = _number(parts[2]) if parts[1] == "prompts" else 0
            if number and (len(parts) < 5 or parts[4] in _RECORDS):
                numbers.add(number)
        return numbers

    def _find_all(self) -> dict[int, _Place]:
        found: dict[int, _Place] = {}
        for run_id in run_ids(self._layout):
            try:
                entries = list(os.scandir(os.path.join(self._runs, run_id, "prompts")))
            except OSError:
                continue
            for entry in entries:
                if number := _number(entry.name):
                    self._find_in(run_id, entry.path, number, found)
        return found

    def _find(self, number: int) -> _Place | None:
        found: dict[int, _Place] = {}
        for run_id in run_ids(self._layout):
            self._find_in(run_id, os.path.join(self._runs, run_id, "prompts", f"{number:02d}"), number, found)
        return found.get(number)

    def _find_in(self, run: str, folder: str, number: int, found: dict[int, _Place]) -> None:
        """Note the last attempt in a prompt's folder of one run, if it is the last so far."""
        stamp = stamp_of(folder)
        if stamp is None:
            return
        known = self._listings.get(folder)
        if known is None or known[0] != stamp:
            start = time.time_ns()
            matches = map(_ATTEMPT.fullmatch, _names(folder))
            known = (
                stamp if is_settled(stamp[0], start) else None,
                max((int(match[1]) for match in matches if match), default=0),
            )
            self._listings[folder] = known
        last = known[1]
        if run in self._left_out:
            self.elsewhere[number] = max(last, self.elsewhere.get(number, 0))
        elif last and (number not in found or last >= found[number].attempt):
            found[number] = _Place(last, os.path.join(folder, f"attempt-{last}"), run)

    def _take_all(self, found: dict[int, _Place]) -> list[bool]:
        gone = self._entries.keys() - found.keys()
        for number in gone:
            del self._entries[number]
        with no_collection(len(found) - len(self._entries)):
            return [bool(gone), *(self._take(number, place) for number, place in found.items())]

    def _take(self, number: int, place: _Place | None) -> bool:
        """Read the attempt at `place` unless it is known; True when it is news."""
        if place is None:
            return self._entries.pop(number, None) is not None
        before = self._entries.get(number)
        stamp = stamp_of(place.path)
        handed = self._given.given(place.run, prompt_work(number), place.attempt) if self._given is not None else ()
        known = before is not None and before.place == place and before.handed is handed
        if before is not None and known and stamp is not None and before.stamp == stamp:
            return False
        start = time.time_ns()
        attempt, problems = _load(
            place.path, self._layout.rel(place.path), place.run, prompt_work(number), place.attempt
        )
        if attempt is not None and self._given is not None:
            attempt, problems = self._sealed(self._given, attempt, place.path, problems)
        starting = attempt is not None and attempt.exit is None and not attempt.pid
        settled = stamp is not None and is_settled(stamp[0], start)
        kept = stamp if settled and not starting else None
        if before is not None and (before.attempt, before.problems) == (attempt, problems):
            attempt = before.attempt
        self._entries[number] = _Entry(place, kept, attempt, problems, handed)
        return before is None or before.attempt is not attempt or before.problems != problems

    def _sealed(
        self, given: Given, attempt: Attempt, where: str, problems: tuple[Problem, ...]
    ) -> tuple[Attempt, tuple[Problem, ...]]:
        """The attempt with its agent's last hand-off, and what is wrong with the `receipt.json` beside it."""
        handed = given.given(attempt.run, attempt.work, attempt.attempt, attempt.agent)
        if attempt.state in _SEALED:
            found = read_receipt(where)
            if isinstance(found, Receipt) and found not in handed and found not in (given.given_since(attempt)):
                found = unvouched(attempt)
            if isinstance(found, Problem):
                problems = (*problems, replace(found, path=f"{attempt.directory}/receipt.json"))
        return (replace(attempt, receipt=handed[-1]) if handed else attempt), problems


def unvouched(attempt: Attempt) -> Problem:
    """A `receipt.json` that was not written from a hand-off on the log."""
    return Problem(
        "receipt.json",
        0,
        "foreign-receipt",
        f"it is not what {plain(attempt.agent)} handed off: the log has no such hand-off, and nothing goes by it",
        "look who wrote it, then delete it",
        (attempt.prompt,) if attempt.prompt else (),
    )


def _number(folder: str) -> int:
    """7 for `07`, the name of a prompt's folder; 0 for any other."""
    number = int(folder) if folder.isdigit() and folder.isascii() else 0
    return number if folder == f"{number:02d}" else 0


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def stamp_of(folder: str) -> Stamp | None:
    """Tells whether a folder is as it was; None when it is not there."""
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_ctime_ns
