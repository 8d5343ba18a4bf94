"""The event log: one append-only table, written and read through the standard `sqlite3`."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType

from coordinator.errors import CoordError, Refused, UsageError
from coordinator.eventlog.chain import GENESIS, row_hash
from coordinator.eventlog.connection import Pool
from coordinator.eventlog.filters import COLUMNS, EVERYTHING, Filter, Window, matching_kinds, queries, window
from coordinator.eventlog.iteration import iteration_of
from coordinator.eventlog.tables import INDEX_MORE, INDEXED, KINDS
from coordinator.lazy.typing import Any
from coordinator.model.clock import utc_now
from coordinator.model.event import NO_TERMINAL, SYSTEM, Actor, Draft, Event, is_kind, may_write, who_may
from coordinator.model.ids import is_uuid7, uuid7
from coordinator.model.text import plain
from coordinator.secrets.redaction import redact, redact_data, suspects

MAX_DATA = 1 << 20
"""Most characters of JSON that one event may carry; bigger things are files, and the event names them."""

INDEX_STEP = 64
"""Events that the text index takes in at a time. It does so after an append is safe and readers have been told, only if
the log was quiet before, and only if nobody else is writing: no append waits for it, or fails because of it."""

QUIET = 0.1
"""Seconds between two events that make the log quiet."""

_INSERT = f"INSERT INTO events ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_HEAD = "SELECT seq, hash, ts FROM events ORDER BY seq DESC LIMIT 1"
_BY_ID = f"SELECT {COLUMNS} FROM events WHERE id = ?"
_BY_SEQ = f"SELECT {COLUMNS} FROM events WHERE seq = ?"


class EventLog:
    """The log of one project. May be shared by threads: each gets a connection of its own.

    All methods raise CoordError with a remedy when the database is damaged, newer than this program, or locked for
    longer than anybody should. When the file is replaced under an open log, the next call goes to the new file.
    """

    def __init__(self, path: Path, *, create: bool = False, missing_ok: bool = False) -> None:
        self.path = path
        self._pool = Pool(path, create=create, missing_ok=missing_ok)

    @classmethod
    def open(cls, path: Path, create: bool = False, *, missing_ok: bool = False) -> "EventLog":
        """Open the log, and say at once if that can't be.

        A log that does not exist is created (`create`), or empty until somebody creates it (`missing_ok`), or else a
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
        self._pool.close()

    # ── writing

    def append(
        self, drafts: Iterable[Draft], actor: Actor, run: str | None = None, iteration: int | None = None
    ) -> tuple[Event, ...]:
        """Append events in one transaction and return them as written, once they are safe on disk.

        `iteration` is that of the run, unless another one is given. A draft whose id is already on the log is not
        written again; the event that is there is returned in its place. What is written without a terminal has that in
        its data.
        Raises Refused, after appending `access.denied`, if the actor may not write one of them; then none is written.
        """
        if run is not None and iteration is None:
            iteration = iteration_of(self.path, run)
        noted = {} if actor.terminal else {NO_TERMINAL: True}
        prepared = [(_checked_id(draft), draft, _subject(draft), _to_json(draft, noted)) for draft in drafts]
        for _, draft, _, _ in prepared:
            if not may_write(actor, draft.kind, draft.data):
                self._deny(draft, actor, run, iteration)
        if not prepared:
            return ()
        common = (run, iteration, actor.kind.value, plain(actor.name))

        def write(connection: sqlite3.Connection) -> tuple[str, tuple[Event, ...]]:
            seq, prev, before = connection.execute(_HEAD).fetchone() or (0, GENESIS, "")
            written: dict[str, Event] = {}
            for id_, draft, subject, data in prepared:
                there = written.get(id_) or (_by_id(connection, id_) if draft.id else None)
                if there is None:
                    seq += 1
                    columns = (seq, id_, utc_now(), *common, draft.kind, subject, data, prev)
                    prev = row_hash(columns)
                    connection.execute(_INSERT, (*columns, prev))
                    there = _event((*columns, prev))
                else:
                    _check_same(there, draft, subject, actor)
                written[id_] = there
            return before, tuple(written[id_] for id_, _, _, _ in prepared)

        before, events = self._pool.transact(write)
        if _quiet(before, events[-1].ts) and events[-1].seq - self._indexed() >= INDEX_STEP:
            self.index(INDEX_STEP * 8)
        return events

    def index(self, most: int) -> int:
        """Let the text index cover up to `most` more events, unless somebody is writing; how many it took in.

        `append` sees to it. Searching finds the same events whatever the index covers, only not as fast.
        """
        return self._pool.try_once(lambda connection: connection.execute(INDEX_MORE, (most,)).rowcount) or 0

    def _deny(self, draft: Draft, actor: Actor, run: str | None, iteration: int | None) -> None:
        """Log and raise the refusal of a draft."""
        rule = who_may(draft.kind)
        data = {
            "actor": actor.name,
            "actor_kind": actor.kind.value,
            "role": actor.role,
            "kind": draft.kind,
            "reason": f"{rule} may",
        }
        self.append([Draft("access.denied", draft.subject, data)], SYSTEM, run, iteration)
        name = plain(f"{actor.name} ({actor.role or actor.kind.value})")
        remedy = "ask the engineer: coord ask TEXT --wait" if "human" in rule else ""
        raise Refused(f"{name} may not write {draft.kind}: {rule} may", remedy)

    # ── reading

    def head(self) -> int:
        """Sequence number of the newest event; 0 for an empty log."""
        rows = self._pool.rows(_HEAD)
        return int(rows[0][0]) if rows else 0

    def anchor(self) -> tuple[int, str]:
        """Sequence number and hash of the newest event: noted elsewhere, it proves that all up to it stayed as it was.

        0 and 64 zeros for an empty log.
        """
        rows = self._pool.rows(_HEAD)
        return (int(rows[0][0]), str(rows[0][1])) if rows else (0, GENESIS)

    def birth(self) -> str:
        """Id of the first event, empty for an empty log: another one means that another log is at the path."""
        first = self.get(1)
        return first.id if first else ""

    def since(self, seq: int, limit: int = 1000, where: Filter = EVERYTHING) -> tuple[Event, ...]:
        """The first `limit` events after `seq`, oldest first."""
        return self._find(where, window(where, after=seq, limit=limit, newest=False))

    def before(self, seq: int, limit: int = 1000, where: Filter = EVERYTHING) -> tuple[Event, ...]:
        """The last `limit` events before `seq`, oldest first."""
        return self._find(where, window(where, before=seq, limit=limit, newest=True))

    def tail(self, n: int, where: Filter = EVERYTHING) -> tuple[Event, ...]:
        """The newest `n` events, oldest first."""
        return self._find(where, window(where, limit=n, newest=True))

    def get(self, key: int | str) -> Event | None:
        """The event with this sequence number or id."""
        if not (0 < key < 1 << 62 if isinstance(key, int) else is_uuid7(key)):
            return None
        rows = self._pool.rows(_BY_SEQ if isinstance(key, int) else _BY_ID, (key,))
        return _event(rows[0]) if rows else None

    def _find(self, where: Filter, part: Window) -> tuple[Event, ...]:
        kinds = matching_kinds(where.kinds, (kind for (kind,) in self._pool.rows(KINDS))) if where.kinds else ()
        found: list[tuple[Any, ...]] = []
        for sql, values in queries(where, part, kinds, self._indexed() if where.text else 0):
            found += self._pool.rows(sql, values)
            if len(found) >= part.limit:
                break
        events = [_event(row) for row in found[: part.limit]]
        return tuple(reversed(events) if part.newest else events)

    def _indexed(self) -> int:
        try:
            rows = self._pool.rows(INDEXED)
        except CoordError:  # a SQLite without trigrams made this database
            return 0
        return int(rows[0][0]) if rows else 0


def _event(row: tuple[Any, ...]) -> Event:
    seq, id_, ts, run, iteration, actor_kind, actor, kind, subject, data, prev_hash, hash_ = row
    return Event(seq, id_, ts, run, iteration, actor_kind, actor, kind, subject, _from_json(data), prev_hash, hash_)


def _by_id(connection: sqlite3.Connection, id_: str) -> Event | None:
    row = connection.execute(_BY_ID, (id_,)).fetchone()
    return _event(row) if row else None


def _check_same(event: Event, draft: Draft, subject: str, actor: Actor) -> None:
    """An id names one event: what has it already must be of the same kind, about the same thing, by the same actor."""
    told = (draft.kind, subject, actor.kind.value, plain(actor.name))
    if told != (event.kind, event.subject, event.actor_kind, event.actor):
        raise Refused(f"event {event.id} is on the log already, as {event.kind} of {event.actor}", "leave the id empty")


def _subject(draft: Draft) -> str:
    return redact(plain(draft.subject))


def _checked_id(draft: Draft) -> str:
    if not is_kind(draft.kind):
        raise UsageError(f"there is no kind of event called {plain(draft.kind)!r}")
    if draft.id and not is_uuid7(draft.id):
        raise UsageError(f"{plain(draft.id)!r} can't be the id of an event", "give a UUIDv7, or none")
    return draft.id or uuid7()


def _to_json(draft: Draft, noted: Mapping[str, object]) -> str:
    """The data without secrets as compact JSON, not escaped to ASCII, which SQLite can store whatever is in it."""
    try:
        data = {**draft.data, **noted}
        text = _dumped(data)
        if suspects(text):
            text = _dumped(redact_data(data))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the data of a {draft.kind} event can't be written as JSON: {error}") from error
    text = text.encode("utf-8", "backslashreplace").decode()  # lone surrogates, of file names, as \udcXX escapes
    if len(text) > MAX_DATA:
        raise UsageError(
            f"the data of a {draft.kind} event is larger than {MAX_DATA >> 20} MiB",
            "put it into a file and log its path",
        )
    return text


def _dumped(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _from_json(text: str) -> dict[str, Any]:
    """The data; a row that somebody forced in must not keep all others from being read."""
    try:
        data = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        data = None
    return data if isinstance(data, dict) else {"unreadable": str(text)[:200]}


def _quiet(before: str, now: str) -> bool:
    """Whether nothing was written for a while before `now`."""
    try:
        return (datetime.fromisoformat(now) - datetime.fromisoformat(before)).total_seconds() >= QUIET
    except ValueError:
        return False
