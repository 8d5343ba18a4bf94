"""What a run of another tool left: its files with their digests, its receipts, and its ledger."""

from contextlib import suppress
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.model.clock import iso
from coordinator.model.foreign_run import ForeignRun
from coordinator.model.made import LedgerRow, Made, MadeFile, MadeReceipt
from coordinator.storage.reading import digest_of

_LIMIT = 64 * 1024 * 1024
"""Bytes of a file whose digest is told."""


def made_by(root: Path, run: ForeignRun) -> Made:
    """The same values as for a run of ours; of no prompt, since none of ours made it."""
    files = {}
    for file in run.files:
        digest = ""
        with suppress(OSError, CoordError):
            digest = digest_of(root / file.path, _LIMIT) or ""
        flow = file.name.partition("/")[0] if "/" in file.name else run.tool
        files[file.path] = MadeFile(
            run.id,
            0,
            0,
            flow,
            file.name,
            flow,
            file.bytes,
            digest,
            iso(file.mtime),
            file.path,
            "" if digest else "gone",
        )
    receipts = [
        MadeReceipt(files[step.path], step.receipt, None)
        for step in run.steps
        if step.receipt is not None and step.path in files
    ]
    rows = [LedgerRow(run.id, 0, entry) for entry in run.ledger.entries] if run.ledger is not None else []
    troubles = (*run.mismatches, *(f"{problem.path}: {problem.message}" for problem in run.problems))
    return Made(tuple(files.values()), tuple(receipts), tuple(rows), troubles)
