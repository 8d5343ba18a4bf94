"""Reads what the pipelines of a run made, where it was published."""

from collections.abc import Iterator

from coordinator.errors import CoordError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.formats import flow_receipt, ledger, seal_record
from coordinator.lazy.dataclass import replace
from coordinator.model.event import ActorKind
from coordinator.model.flow_receipt import FlowReceipt
from coordinator.model.ledger import Ledger
from coordinator.model.made import LedgerRow, Made, MadeFile, MadeReceipt
from coordinator.model.pipeline import Position
from coordinator.model.problem import Problem
from coordinator.model.seal import SealRecord
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.model.text import plain
from coordinator.model.witnesses import Shown
from coordinator.model.work import turn_work, work_at
from coordinator.storage.attempts import load_attempt
from coordinator.storage.files import read_limited, sha256
from coordinator.storage.paths import Layout
from coordinator.storage.pipeline_state import STATE, load_state
from coordinator.storage.turn_files import LIMIT, published_folder

SEALED = "flow.sealed"
_MOST = 100
"""Seals of a turn's name that are looked through, over all runs."""
_RUN_SAYS = {Shown.WITNESSED: True, Shown.FAILED: False}


def made_in(layout: Layout, log: EventLog, run: str, snapshot: Snapshot | None = None) -> Made:
    """Everything that pipelines made in a run, by prompt. `snapshot`: tells what its commands showed since."""
    piped = [attempt for attempt in _piped(layout, run) if attempt.pipeline]
    parts = [_of(layout, log, attempt) for attempt in piped]
    rows = tuple(row for part in parts for row in part.rows)
    return Made(
        tuple(one for part in parts for one in part.files),
        tuple(one for part in parts for one in part.receipts),
        tuple(_witnessed(rows, snapshot)) if snapshot is not None else rows,
        tuple(one for part in parts for one in part.troubles),
    )


def _piped(layout: Layout, run: str) -> Iterator[Attempt]:
    """Attempts whose pipelines have begun; of thousands of others nothing is read."""
    root = layout.run(run)
    for place in sorted(root.glob(f"prompts/*/attempt-*/{STATE}")):
        known = work_at(place.parent.relative_to(root).as_posix())
        found = load_attempt(layout, run, *known)[0] if known is not None else None
        if found is not None:
            yield found


def _of(layout: Layout, log: EventLog, attempt: Attempt) -> Made:
    position = load_state(layout.attempt(attempt.run, attempt.work, attempt.attempt))
    if position is None or position.broken:
        return Made()
    files, receipts, troubles = [], [], []
    known: Ledger | None = None
    for file, data in _files(layout, attempt, position):
        files.append(file)
        read: FlowReceipt | Ledger | Problem | None = None
        if data is not None and file.name.endswith(flow_receipt.ENDING):
            read = flow_receipt.read(data, file.path)
        elif data is not None and file.name == ledger.NAME:
            read = ledger.read(data, file.path)
        if isinstance(read, Problem):
            troubles.append(f"{read.path}: {read.message}")
        elif isinstance(read, FlowReceipt):
            receipts.append(MadeReceipt(file, read, _seal(log, attempt, file)))
        elif isinstance(read, Ledger):
            known = read
    said = {m.about: m.ran for one in receipts if one.seal is not None for m in one.seal.verdict.mismatches}
    entries = known.entries if known is not None else ()
    rows = tuple(LedgerRow(attempt.run, attempt.prompt, one, mismatch=said.get(one.id, "")) for one in entries)
    return Made(tuple(files), tuple(receipts), rows, tuple(troubles))


def _files(layout: Layout, attempt: Attempt, position: Position) -> Iterator[tuple[MadeFile, bytes | None]]:
    """Artifacts as they were published last, each with its bytes, where it can be read."""
    folder = published_folder(layout, attempt.run, attempt.pipeline, attempt.work, attempt.attempt)
    for one in {published.name: published for published in position.published}.values():
        place, data = folder / one.name, None
        state = "gone"
        try:
            data = read_limited(place, LIMIT)
            state = "" if sha256(data) == one.digest else "changed"
        except CoordError:
            state = "changed"
        except OSError:
            pass
        shown = plain(layout.rel(place))
        run, number, count = attempt.run, attempt.prompt, attempt.attempt
        yield (
            MadeFile(
                run, number, count, attempt.pipeline, one.name, one.station, one.bytes, one.digest, one.at, shown, state
            ),
            data,
        )


def known_seal(log: EventLog, attempt: Attempt, digest: str = "") -> SealRecord | None:
    """What the harness found of the receipt of a turn, as the log has it; None: nobody has held it against anything.

    `digest`: of the receipt, where another version of it would be another matter.
    """
    for event in reversed(log.tail(_MOST, Filter(kinds=(SEALED,), subject=attempt.work.subject))):
        own = event.run == attempt.run and event.data.get("attempt") == attempt.attempt
        if own and event.actor_kind == ActorKind.SYSTEM:
            found = seal_record.record_of(event.data)
            return found if found is not None and digest in ("", found.digest) else None
    return None


def _seal(log: EventLog, attempt: Attempt, file: MadeFile) -> SealRecord | None:
    """What was found of a receipt, if that was this very version of it."""
    if file.state:
        return None
    return known_seal(log, replace(attempt, work=turn_work(attempt.prompt, file.station)), file.digest)


def _witnessed(rows: tuple[LedgerRow, ...], snapshot: Snapshot) -> Iterator[LedgerRow]:
    """The rows with what the harness saw of the prompt's own criteria, which come first in its ledger."""
    from coordinator.model.acceptance import standings

    known = standings(snapshot.checks) if snapshot.checks is not None else ()
    shown = {one.criterion.id: one.shown for one in known}
    for row in rows:
        said = shown.get(row.id)
        yield replace(row, witnessed=_RUN_SAYS[said]) if said in _RUN_SAYS else row
