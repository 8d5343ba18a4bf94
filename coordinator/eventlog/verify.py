"""Proof that nobody rewrote the log: the chain is computed again, row by row.

What it finds, naming the first row that is not as it was written: a changed byte, a row removed from the middle or the
beginning, rows swapped or inserted, a trigger that is gone. What it can't find alone: rows cut off at the end, and a
log rewritten as a whole with a new chain. For these, `coordinator.observe.log_audit` compares it with hashes that are
noted elsewhere.
"""

import sqlite3
from pathlib import Path

from coordinator.eventlog.chain import GENESIS, Cell, row_hash
from coordinator.eventlog.connection import connect, is_damage, patiently, translated
from coordinator.eventlog.filters import COLUMNS
from coordinator.eventlog.tables import TRIGGERS
from coordinator.formats.digest import hasher
from coordinator.lazy.dataclass import dataclass

_SHA256 = hasher(1_000_000)
_ROWS = f"SELECT {COLUMNS} FROM events NOT INDEXED ORDER BY seq"
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
            connection.text_factory = _Text
            return _check(connection)
    finally:
        connection.close()


class _Text(bytes):
    """A text as it is stored: bytes that are no longer UTF-8 are a finding, not a crash."""


_Stored = _Text | bytes | int | None


def _check(connection: sqlite3.Connection) -> Verdict:
    good, head = 0, GENESIS
    try:
        for row in patiently(lambda: connection.execute(_ROWS)):
            reason = _fault(row, good, head)
            if reason:
                return Verdict(False, good, good + 1, reason, head)
            good, head = row[0], row[11].decode()
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return Verdict(False, good, good + 1, f"the file is damaged from row {good + 1} on: {error}", head)
    triggers = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    for name, sql in TRIGGERS.items():
        if triggers.get(name.encode()) != sql.encode():
            return Verdict(False, good, None, f"the trigger {name} is gone: rows may have been changed since", head)
    return Verdict(True, good, head=head)


def _fault(row: tuple[_Stored, ...], before: int, prev: str) -> str:
    """What is wrong with the row that follows row `before`, whose hash is `prev`; empty if nothing is."""
    if row[0] != before + 1:
        return f"row {before + 1} is missing: row {row[0]!r} stands in its place"
    try:
        cells = tuple(map(_cell, row))
    except ValueError:
        return f"row {before + 1} holds bytes that are not text"
    if cells[10] != prev:
        return f"row {before + 1} does not follow row {before}: one of them was removed, moved or rewritten"
    if cells[11] != row_hash(cells[:11], _SHA256):
        return f"row {before + 1} was changed after it was written"
    return ""


def _cell(stored: _Stored) -> Cell:
    if isinstance(stored, _Text):
        return stored.decode()
    if isinstance(stored, bytes):
        raise ValueError("a blob")
    return stored
