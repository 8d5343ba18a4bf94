"""Holds the receipt that a station hands in against ledger, worklists, artifacts and suites, and says what came of it.

The suites run here, on the very commit that the branch is at; nothing that an agent wrote of them is believed.
"""

from collections.abc import Iterator
from pathlib import Path

from coordinator.apply.steps import find_attempt
from coordinator.changes.diff import commits_between, files_between
from coordinator.changes.git import Git
from coordinator.changes.trial import TrialRequest, Tried, named_in, try_suites
from coordinator.errors import CoordError
from coordinator.failpoint import failpoint
from coordinator.formats import flow_receipt, ledger, seal_record, worklist
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.loop.context import Context
from coordinator.loop.ledger_findings import file_unsealed, settle_findings
from coordinator.model.clock import utc_now
from coordinator.model.event import Draft
from coordinator.model.ledger import Ledger, merge
from coordinator.model.pipeline import Position, Station
from coordinator.model.problem import Problem
from coordinator.model.seal import Facts, Mismatch, SealRecord, Verdict, judge
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.model.work import prompt_work
from coordinator.model.worklist import Worklist
from coordinator.observe.made import SEALED, known_seal
from coordinator.observe.setup import wanted_setup
from coordinator.secrets.redaction import redact
from coordinator.storage import ports
from coordinator.storage.files import read_limited, sha256, write_atomic
from coordinator.storage.turn_files import LIMIT, published_folder, read_contract, read_output


@dataclass(frozen=True, slots=True)
class _Files:
    """What was published before, and what the sealing turn hands in besides."""

    published: Path
    turn: Path
    """The directory of the sealing turn."""
    own: frozenset[str]
    """What the station owns, whole or in part."""

    def read(self, name: str) -> bytes | None:
        """A file as it is going to be; of a ledger what the turn says in its own section."""
        return self.handed_in(name) if name in self.own else self.before(name)

    def before(self, name: str) -> bytes | None:
        try:
            return read_limited(self.published / name, LIMIT)
        except (OSError, CoordError):
            return None

    def handed_in(self, name: str) -> bytes | None:
        try:
            return read_output(self.turn, name)
        except CoordError:
            return None


def unsealed(context: Context, snapshot: Snapshot, attempt: Attempt) -> str:
    """Why the receipt that an accepted turn hands in does not seal, in words; empty: it does, or it hands in none."""
    parent = find_attempt(context.layout, prompt_work(attempt.prompt), attempt.attempt)
    position = context.positions.of(parent) if parent is not None else None
    turn = position.turn(attempt.work.path) if position is not None else None
    station = position.station(turn.station) if position is not None and turn is not None else None
    if parent is None or position is None or station is None:
        return ""
    record = seal(context, snapshot, attempt, parent, position, station)
    return "" if record is None or record.verdict.sealed else "; ".join(record.verdict.reasons)


def seals(station: Station) -> str:
    """The receipt that a station hands in, by its name; empty: it seals nothing."""
    return next((one.file for one in station.outputs if one.file.endswith(flow_receipt.ENDING)), "")


def seal(
    context: Context, snapshot: Snapshot, attempt: Attempt, parent: Attempt, position: Position, station: Station
) -> SealRecord | None:
    """What comes of the receipt that a turn hands in; None where its station seals nothing.

    Takes as long as the suites do. Done again after a kill, it says the same without running them again; log and
    findings have it once. Raises CoordError where the suites can't be tried now.
    """
    name = seals(station)
    if not name:
        return None
    folder = published_folder(context.layout, attempt.run, position.pipeline, attempt.work, attempt.attempt)
    files = _Files(folder, context.directory(attempt), frozenset(one.file for one in station.outputs))
    record = known_seal(context.log, attempt)
    if record is None:
        record = _judged(context, snapshot, attempt, position, station, files, parent.base or attempt.base)
        told = {"attempt": attempt.attempt, "flow": position.pipeline} | record.to_json()
        context.log_about(attempt, Draft(SEALED, attempt.work.subject, told))
        failpoint("seal-told")
        write_atomic(context.directory(attempt) / seal_record.NAME, seal_record.render(record))
    file_unsealed(context, attempt, position.pipeline, record)
    if record.verdict.sealed:
        settle_findings(context, attempt, record)
    return record


def _judged(
    context: Context,
    snapshot: Snapshot,
    attempt: Attempt,
    position: Position,
    station: Station,
    files: _Files,
    start: str,
) -> SealRecord:
    name = seals(station)
    data = files.read(name)
    git = Git(context.layout.root)
    commit = git.head(attempt.branch)
    record = SealRecord(Verdict("UNKNOWN", False), commit, name, sha256(data or b""), station.name, utc_now())
    receipt = flow_receipt.read(data, name) if data is not None else None
    if receipt is None or isinstance(receipt, Problem):
        why = f"{name}: {receipt.message}" if isinstance(receipt, Problem) else f"{name} is missing"
        return replace(record, verdict=Verdict("UNKNOWN", False, (why,)))
    facts = replace(
        _facts(position, station, files),
        run=attempt.run,
        file=name,
        commits=len(commits_between(git, start, commit)),
        files_changed=len(files_between(git, start, commit)),
    )
    tried = _tried(context, snapshot, attempt, commit, facts.ledger) if receipt.status == "VERIFIED" else Tried((), ())
    facts = replace(facts, suites=tried.runs, unrun=tried.unrun)
    return replace(record, verdict=_redacted(judge(receipt, facts)), suites=tried.runs, unrun=tried.unrun)


def _redacted(verdict: Verdict) -> Verdict:
    """The verdict without secrets that an agent's words may hold."""
    mismatches = tuple(Mismatch(redact(m.about), redact(m.said), redact(m.ran)) for m in verdict.mismatches)
    return replace(verdict, reasons=tuple(map(redact, verdict.reasons)), mismatches=mismatches)


def _facts(position: Position, station: Station, files: _Files) -> Facts:
    """What position and artifacts tell."""
    at_work = [one for one in position.stations if one.enabled]
    names = list(dict.fromkeys((*(one.name for one in position.published), *sorted(files.own))))
    there = tuple(name for name in names if files.read(name) is not None)
    broken = [
        f"{one.name} is not any more what {one.station} handed in"
        for one in position.published
        if (data := files.before(one.name)) is not None and sha256(data) != one.digest
    ]
    known: Ledger | None = None
    if ledger.NAME in names:
        known = _ledger(station, files, broken)
    lists: dict[str, Worklist] = {}
    for name in there:
        if name.endswith(worklist.ENDING):
            found = worklist.read(files.read(name) or b"", name)
            if isinstance(found, Problem):
                broken.append(f"{name}: {found.message}")
            else:
                lists[name] = found
    return Facts(
        station.name,
        position.pipeline,
        authors=tuple(_authors(position, files.turn.parent)),
        declared=tuple(dict.fromkeys(o.file for one in at_work for o in one.outputs if not o.optional)),
        published=there,
        ledger=known,
        sections=tuple(o.field for one in at_work for o in one.outputs if o.file == ledger.NAME and o.field),
        broken=tuple(broken),
        worklists=lists,
    )


def _ledger(station: Station, files: _Files, broken: list[str]) -> Ledger | None:
    """The ledger as it is going to be, with what the sealing station says in its own section."""
    read = [
        ledger.read(data, ledger.NAME)
        for data in (files.before(ledger.NAME), files.handed_in(ledger.NAME) if ledger.NAME in files.own else None)
        if data is not None
    ]
    known: Ledger | None = None
    fields = tuple(one.field for one in station.outputs if one.file == ledger.NAME and one.field)
    for part in read:
        if isinstance(part, Problem):
            broken.append(f"{ledger.NAME}: {part.message}")
        else:
            known = part if known is None else merge(known, part, fields).ledger
    return known


def _authors(position: Position, turns: Path) -> Iterator[str]:
    """Stations that had a turn, and whose flows could change code then; `turns`: where the turns' directories are."""
    for station in position.stations:
        worked = [turn for turn in position.turns_at(station.name) if turn.state != "skipped"]
        if any(_may_write(turns / turn.path) for turn in worked):
            yield station.name


def _may_write(turn: Path) -> bool:
    try:
        return bool(read_contract(turn).contract.writes)
    except CoordError:
        return False


def _tried(context: Context, snapshot: Snapshot, attempt: Attempt, commit: str, known: Ledger | None) -> Tried:
    """The prompt's own suites, and those that the ledger rests on, run on a commit."""
    prompt = snapshot.prompts.get(attempt.prompt)
    said = tuple(entry.evidence for entry in known.entries) if known is not None else ()
    named = named_in(context.layout, said)
    suites = tuple(dict.fromkeys((*(prompt.validation_suites if prompt is not None else ()), *named)))
    request = TrialRequest(
        attempt.work,
        attempt.attempt,
        commit,
        suites,
        attempt.run,
        context.gate_guest,
        wanted_setup(context.config),
        lambda: ports.borrowed(context.layout.root),
    )
    return try_suites(context.layout, request)
