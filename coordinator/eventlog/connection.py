"""Connections to the log's database: made the same way everywhere, retried the same way, failing with a remedy.

POSIX locks belong to the process: closing *any* descriptor on the database drops SQLite's locks on it. So nothing in
this program opens the file except through SQLite, and whatever else is wanted from it is asked by path (`os.stat`).
"""

import os
import sqlite3
import time
from _thread import RLock, get_ident
from _weakref import ref  # without the rest of weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.lazy.typing import Any, TypeVar

SCHEMA_VERSION = 1
SQLITE_VERSION = sqlite3.sqlite_version
PATIENCE = 20.0
"""Seconds that a statement waits for other writers before it gives up."""

T = TypeVar("T")
_File = tuple[int, int]

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_CLOSED_DOORS = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN})


_live: dict[int, "ref[_Connection]"] = {}
_inherited: list["_Connection"] = []
"""Connections that were open when this process was forked. SQLite's own bookkeeping of locks was copied with them, so
that writes from here would not exclude writes from the parent: events would be lost."""


class _Connection(sqlite3.Connection):
    """A connection that is known as long as it is open."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = id(self)
        _live[known] = ref(self, lambda _: _live.pop(known, None))

    def close(self) -> None:
        super().close()
        _live.pop(id(self), None)


def _inherit() -> None:
    _inherited.extend(connection for known in list(_live.values()) if (connection := known()) is not None)


os.register_at_fork(after_in_child=_inherit)


class NoLog(CoordError):
    """There is no event log at the path, or only a file that nobody has made one of yet."""


class Pool:
    """A connection for each thread to the database that is at the path at the time of the call.

    With `create` the database is made where there is none; with `missing_ok` it reads as empty; otherwise NoLog.
    """

    def __init__(self, path: Path, *, create: bool, missing_ok: bool) -> None:
        self.path = path
        self._create = create
        self._missing_ok = missing_ok
        self._closed = False
        self._open: dict[int, tuple[sqlite3.Connection, _File]] = {}
        """By thread."""
        self._at_work: dict[int, RLock] = {}
        """By thread: held while it uses its connection, which nobody closes under it."""

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with translated(self.path), self._mine():
            connection = self._connection()
            return [] if connection is None else patiently(lambda: connection.execute(sql, values).fetchall())

    def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something whole or not at all; when it returns, it is safe on disk and readers have been told."""
        with translated(self.path), self._mine():
            connection = self._connection()
            if connection is None:
                raise _no_log(self.path)
            patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
            result = _committed(connection, work)
            ring(self.path)
            return result

    def try_once(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do something whole, unless somebody is writing or the database can't take it; None then."""
        with suppress(sqlite3.Error, CoordError), self._mine():
            connection = self._connection()
            if connection is not None:
                connection.execute("BEGIN IMMEDIATE")
                return _committed(connection, work)
        return None

    def close(self) -> None:
        """Close the connections of all threads, each when what it is at has ended."""
        self._closed = True
        for thread, at_work in () if _inherited else list(self._at_work.items()):
            with at_work:
                if thread in self._open:
                    self._open.pop(thread)[0].close()

    def _mine(self) -> RLock:
        """What the calling thread holds while it uses its connection."""
        return self._at_work.setdefault(get_ident(), RLock())

    def _connection(self) -> sqlite3.Connection | None:
        if self._closed:
            raise CoordError("the event log is closed", "open it again")
        _refuse_after_fork()
        thread = get_ident()
        there = _file(self.path)
        if thread in self._open:
            connection, file = self._open[thread]
            if file == there:
                return connection
            del self._open[thread]
            connection.close()
        while True:
            try:
                connection = connect(self.path, create=self._create)
            except NoLog:
                if self._missing_ok:
                    return None
                raise
            before, there = there, _file(self.path)
            if there is not None and there == before:
                self._open[thread] = (connection, there)
                return connection
            connection.close()  # made or replaced meanwhile: this may not be a connection to what is there now


def connect(path: Path, *, create: bool) -> sqlite3.Connection:
    """A connection to a current database; creates or migrates it if asked to."""
    with translated(path):
        _refuse_after_fork()
        if create:
            _precreate(path)
        elif not path.exists():
            raise _no_log(path)
        connection = sqlite3.connect(
            _uri(path), uri=True, timeout=0, isolation_level=None, check_same_thread=False, factory=_Connection
        )
        try:
            patiently(lambda: _prepare(connection, path, create))
        except BaseException:
            connection.close()
            raise
        return connection


def patiently(work: Callable[[], T]) -> T:
    """Do it again while the database is busy, after a random 0.1–0.9 ms each time.

    SQLite's own busy handler backs off in fixed steps up to 100 ms, by which saturated writers starve each other.
    """
    deadline = 0.0
    while True:
        try:
            return work()
        except sqlite3.OperationalError as error:
            if _primary(error) not in _BUSY:
                raise
        now = time.monotonic()
        deadline = deadline or now + PATIENCE
        if now > deadline:
            raise CoordError(
                f"the event log has been locked by another process for {PATIENCE:g} s",
                "find out who holds it (lsof .coord/events.db) and repeat",
            )
        time.sleep(0.0001 + os.urandom(1)[0] * 0.0008 / 255)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into an error with a remedy."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(error, path) from error


def wal(path: Path) -> str:
    """Where SQLite appends first."""
    return f"{path}-wal"


def ring(path: Path) -> None:
    """Wake all readers of the log at `path`; `coordinator.eventlog.wal_watch` tells how."""
    with suppress(OSError):  # the -wal left with the last connection: nobody is reading
        os.utime(wal(path))


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file's bytes are no longer those of a database."""
    return _primary(error) in _BROKEN


def _committed(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _prepare(connection: sqlite3.Connection, path: Path, create: bool) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA recursive_triggers = ON")
    # Tables first: whoever makes the log commits them together with its version.
    has_tables = connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise CoordError(
            f"{path} was written by a newer coord (schema {version}, this one knows {SCHEMA_VERSION})", "upgrade coord"
        )
    if version == SCHEMA_VERSION:
        return
    if version == 0 and has_tables:
        raise CoordError(f"{path} is a database of something else", "move it away and run coord init")
    if version == 0 and not create:
        raise _no_log(path)
    _migrate(connection)


def _migrate(connection: sqlite3.Connection) -> None:
    from coordinator.eventlog import schema

    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    _committed(connection, lambda _: schema.upgrade(connection, SCHEMA_VERSION))


def _refuse_after_fork() -> None:
    if _inherited:
        raise CoordError(
            "this process was forked from one that had the event log open", "start it with subprocess, not with fork"
        )


def _precreate(path: Path) -> None:
    """Make the file 0600 before SQLite can make it 0644; -wal and -shm take their mode from it."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise CoordError(f"can't create {path}: {error.strerror}", "check the directory and its permissions") from error


def _file(path: Path) -> _File | None:
    """Which file is at the path. While a connection holds the old one, a new one can't get its number."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _uri(path: Path) -> str:
    quoted = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{quoted}?mode=rw"


def _primary(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _no_log(path: Path) -> NoLog:
    return NoLog(f"there is no event log at {path}", "run coord init in the project's root")


def _explained(error: sqlite3.Error, path: Path) -> CoordError:
    code = _primary(error)
    if code in _BROKEN:
        return CoordError(
            f"{path} is damaged: {error}",
            f"move it away with its -wal and -shm and run coord init; sqlite3 {path.name} .recover shows the old rows",
        )
    if code == sqlite3.SQLITE_FULL:
        return CoordError("the disk is full: the event was not written", "free some space and repeat")
    if code in _CLOSED_DOORS:
        return CoordError(f"can't open {path} for writing: {error}", "check the owner and mode of it and its directory")
    return CoordError(f"the event log {path} failed: {error}", "coord doctor looks at it")
