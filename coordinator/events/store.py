"""The event log: one append-only table, written and read through the standard `sqlite3`."""

import json
import os
import sqlite3
import time
from _thread import get_ident
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from coordinator.errors import CoordError, Refused, UsageError
from coordinator.events import chain
from coordinator.events.connection import NoLog, connect, patiently, ring, translated
from coordinator.events.filters import EVERYTHING, Filter, select
from coordinator.model.event import SYSTEM, Actor, Draft, Event, is_kind, may_write, who_may
from coordinator.model.ids import is_uuid7, uuid7
from coordinator.model.text import plain

MAX_DATA = 1 << 20
"""Most bytes of JSON that one event may carry; bigger things are files, and the event names them."""

T = TypeVar("T")
Row = tuple[int, str, str, str | None, int | None, str, str, str, str, str, str, str]

_COLUMNS = "seq, id, ts, run, iteration, actor_kind, actor, kind, subject, data, prev_hash, hash"
_INSERT = f"INSERT INTO events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_HEAD = "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"


class EventLog:
    """The log of one project. May be shared by threads: each gets a connection of its own.

    All methods raise CoordError with a remedy when the database is damaged, newer than this program, or locked for
    longer than anybody should. When the file is replaced under an open log, the next call goes to the new file.
    """

    def __init__(self, path: Path, *, create: bool = False, missing_ok: bool = False) -> None:
        self.path = path
        self._create = create
        self._missing_ok = missing_ok
        self._open: dict[int, tuple[sqlite3.Connection, tuple[int, int]]] = {}
        self._closed = False

    @classmethod
    def open(cls, path: Path, create: bool = False, *, missing_ok: bool = False) -> "EventLog":
        """Open the log, and say at once if that can't be.

        A log that does not exist is created (`create`), or empty until somebody creates it (`missing_ok`), or a
        CoordError with the remedy `coord init`.
        """
        log = cls(path, create=create, missing_ok=missing_ok)
        log.head()
        return log

    def __enter__(self) -> "EventLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of all threads; the log can't be used any more."""
        self._closed = True
        while self._open:
            self._open.popitem()[1][0].close()

    # ── writing

    def append(
        self, drafts: Iterable[Draft], actor: Actor, run: str | None = None, iteration: int | None = None
    ) -> tuple[Event, ...]:
        """Append events in one transaction and return them as written, once they are safe on disk.

        A draft whose id is already on the log is not written again; the event that is there is returned in its place.
        Raises Refused, after appending `access.denied`, if the actor may not write one of them; then none is written.
        """
        drafts = tuple(drafts)
        prepared = [(_checked_id(draft), draft, _to_json(draft)) for draft in drafts]
        for draft in drafts:
            if not may_write(actor, draft.kind, draft.data):
                self._deny(draft, actor, run, iteration)
        if not drafts:
            return ()
        common = (run, iteration, actor.kind.value, plain(actor.name))

        def write(connection: sqlite3.Connection) -> tuple[Event, ...]:
            seq, prev = patiently(lambda: connection.execute(_HEAD).fetchone()) or (0, chain.GENESIS)
            written: dict[str, Event] = {}
            for id_, draft, data in prepared:
                event = written.get(id_) or (_by_id(connection, id_) if draft.id else None)
                if event is None:
                    seq += 1
                    columns = (seq, id_, _now(), *common, draft.kind, plain(draft.subject), data, prev)
                    prev = chain.row_hash(columns)
                    connection.execute(_INSERT, (*columns, prev))
                    event = _event((*columns, prev))
                elif (event.kind, event.subject, event.actor) != (draft.kind, plain(draft.subject), common[3]):
                    raise Refused(
                        f"event {id_} is already on the log as {event.kind} of {event.actor}", "leave the id empty"
                    )
                written[id_] = event
            return tuple(written[id_] for id_, _, _ in prepared)

        return self._write(write)

    def _deny(self, draft: Draft, actor: Actor, run: str | None, iteration: int | None) -> None:
        """Log and raise the refusal of a draft."""
        data = {
            "actor": actor.name,
            "actor_kind": actor.kind.value,
            "role": actor.role,
            "kind": draft.kind,
            "subject": draft.subject,
            "reason": who_may(draft.kind),
        }
        self.append([Draft("access.denied", draft.subject, data)], SYSTEM, run, iteration)
        name = f"{actor.name} ({actor.role or actor.kind.value})"
        remedy = "" if who_may(draft.kind) != "only a human" else "ask the engineer: coord ask TEXT --wait"
        raise Refused(f"{name} may not write {draft.kind}: {who_may(draft.kind)} may", remedy)

    # ── reading

    def head(self) -> int:
        """Sequence number of the newest event; 0 for an empty log."""
        rows = self._rows(_HEAD)
        return int(rows[0][0]) if rows else 0

    def birth(self) -> str:
        """Id of the first event, empty for an empty log: another one means that another log is at the path."""
        rows = self._rows("SELECT id FROM events WHERE seq = 1")
        return str(rows[0][0]) if rows else ""

    def since(self, seq: int, limit: int = 1000, where: Filter = EVERYTHING) -> tuple[Event, ...]:
        """The first `limit` events after `seq`, oldest first."""
        return self._find(where, after=seq, limit=limit, newest=False)

    def before(self, seq: int, limit: int = 1000, where: Filter = EVERYTHING) -> tuple[Event, ...]:
        """The last `limit` events before `seq`, oldest first."""
        return self._find(where, before=seq, limit=limit, newest=True)

    def tail(self, n: int, where: Filter = EVERYTHING) -> tuple[Event, ...]:
        """The newest `n` events, oldest first."""
        return self._find(where, limit=n, newest=True)

    def get(self, key: int | str) -> Event | None:
        """The event with this sequence number or id."""
        column = "seq" if isinstance(key, int) else "id"
        rows = self._rows(f"SELECT {_COLUMNS} FROM events WHERE {column} = ?", (key,))
        return _event(rows[0]) if rows else None

    def _find(
        self, where: Filter, *, limit: int, newest: bool, after: int = 0, before: int | None = None
    ) -> tuple[Event, ...]:
        sql, values = select(_COLUMNS, where, after=after, before=before, limit=limit, newest=newest)
        found = [_event(row) for row in self._rows(sql, values)]
        return tuple(reversed(found) if newest else found)

    # ── plumbing

    def _connection(self) -> sqlite3.Connection | None:
        """This thread's connection to the file that is at the path now; None if there is none and that is fine."""
        if self._closed:
            raise CoordError("the event log is closed", "open it again")
        there = _identity(self.path)
        thread = get_ident()
        known = self._open.get(thread)
        if known is not None:
            if known[1] == there:
                return known[0]
            del self._open[thread]
            known[0].close()
        try:
            connection = connect(self.path, create=self._create)
        except NoLog:
            if self._missing_ok:
                return None
            raise
        self._open[thread] = (connection, _identity(self.path) or (0, 0))
        return connection

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        with translated(self.path):
            connection = self._connection()
            if connection is None:
                return []
            return patiently(lambda: connection.execute(sql, values).fetchall())

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with translated(self.path):
            connection = self._connection()
            if connection is None:
                raise CoordError(f"there is no event log at {self.path}", "run coord init in the project's root")
            patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            ring(self.path)
            return result


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file is at the path. While a connection holds the old one, a new one can't get its number."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _event(row: Row) -> Event:
    return Event(*row[:9], json.loads(row[9]), row[10], row[11])


def _by_id(connection: sqlite3.Connection, id_: str) -> Event | None:
    row: Row | None = connection.execute(f"SELECT {_COLUMNS} FROM events WHERE id = ?", (id_,)).fetchone()
    return _event(row) if row else None


def _checked_id(draft: Draft) -> str:
    if not is_kind(draft.kind):
        raise UsageError(f"there is no kind of event called {plain(draft.kind)!r}")
    if draft.id and not is_uuid7(draft.id):
        raise UsageError(f"{plain(draft.id)!r} can't be the id of an event", "give a UUIDv7, or none")
    return draft.id or uuid7()


def _to_json(draft: Draft) -> str:
    """The data as compact JSON, readable as it is (not escaped to ASCII), which SQLite can store whatever is in it."""
    try:
        text = json.dumps(dict(draft.data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise UsageError(f"the data of a {draft.kind} event can't be written as JSON: {error}") from error
    text = text.encode("utf-8", "backslashreplace").decode()  # lone surrogates, of file names, as \udcXX escapes
    if len(text) > MAX_DATA:
        raise UsageError(
            f"the data of a {draft.kind} event is larger than {MAX_DATA >> 20} MiB",
            "put it into a file and log its path",
        )
    return text


def _now() -> str:
    nanoseconds = time.time_ns()
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest // 1_000_000:03d}Z"
