"""Proof that nobody rewrote the log: the chain is computed again, row by row.

What it finds, naming the first row that is not as it was written: a changed byte, a row removed from the middle or the
beginning, rows swapped or inserted, a trigger that is gone. What it can't find alone: rows cut off at the end, and a
log rewritten as a whole with a new chain. For these, compare `head` with a hash noted elsewhere.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from coordinator.events.chain import GENESIS, Cell, row_hash
from coordinator.events.connection import connect, patiently, translated

TRIGGERS = frozenset({"events_no_update", "events_no_delete", "events_next_only"})

_ROWS = """
    SELECT seq, id, ts, run, iteration, actor_kind, actor, kind, subject, data, prev_hash, hash
    FROM events NOT INDEXED ORDER BY seq
"""
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found."""

    ok: bool
    checked: int
    """Rows that are as they were written, from the first on."""
    bad_seq: int | None = None
    """The first row that is not; None if all are, or if the fault is not in a row."""
    reason: str = ""
    head: str = GENESIS
    """Hash of the last good row: an anchor, if noted where the log's owner can't change it."""

    def to_json(self) -> dict[str, object]:
        return {
            "ok": self.ok,
            "checked": self.checked,
            "bad_seq": self.bad_seq,
            "reason": self.reason,
            "head": self.head,
        }


def verify(path: Path) -> Verdict:
    """Check every row of the log as it is at this moment; writers go on meanwhile.

    Raises CoordError when the file can't be read as a log at all.
    """
    connection = connect(path, create=False)
    try:
        with translated(path):
            patiently(lambda: connection.execute("BEGIN"))
            connection.text_factory = bytes  # a byte that is no longer UTF-8 is a finding, not a crash
            return _check(connection)
    finally:
        connection.close()


def _check(connection: sqlite3.Connection) -> Verdict:
    cursor = patiently(lambda: connection.execute(_ROWS))
    seq, prev = 0, GENESIS
    while batch := cursor.fetchmany(_BATCH):
        for row in batch:
            reason = _fault(row, seq, prev)
            if reason:
                return Verdict(False, seq, seq + 1, reason, prev)
            seq, prev = row[0], row[11].decode()
    there = {name.decode() for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    missing = sorted(TRIGGERS - there)
    if missing:
        return Verdict(False, seq, None, f"the trigger {missing[0]} is gone: rows could be changed since", prev)
    return Verdict(True, seq, head=prev)


def _fault(row: tuple[int | bytes | None, ...], before: int, prev: str) -> str:
    """What is wrong with the row that follows row `before`, whose hash is `prev`; empty if nothing is."""
    if row[0] != before + 1:
        return f"row {before + 1} is missing: row {row[0]!r} stands in its place"
    try:
        cells: list[Cell] = [cell.decode() if isinstance(cell, bytes) else cell for cell in row]
    except UnicodeDecodeError:
        return f"row {before + 1} holds bytes that are not text"
    if cells[10] != prev:
        return f"row {before + 1} does not follow row {before}: one of them was removed, moved or rewritten"
    if cells[11] != row_hash(tuple(cells[:11])):
        return f"row {before + 1} was changed after it was written"
    return ""
