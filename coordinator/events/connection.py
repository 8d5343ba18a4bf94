"""Connections to the log's database: made the same way everywhere, retried the same way, failing with a remedy.

POSIX locks belong to the process: closing *any* descriptor on the database drops SQLite's locks on it. So nothing in
this program opens the file except through SQLite, and whatever else is wanted from it is asked by path (`os.stat`).
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from coordinator.errors import CoordError

SCHEMA_VERSION = 1
PATIENCE = 20.0
"""Seconds that a statement waits for other writers before it gives up."""

T = TypeVar("T")

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class NoLog(CoordError):
    """There is no event log at the path, or only a file that nobody has made one of yet."""


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
                "find who holds it (lsof .coord/events.db) and repeat",
            )
        time.sleep(0.0001 + os.urandom(1)[0] * 0.0008 / 255)


def connect(path: Path, *, create: bool) -> sqlite3.Connection:
    """A connection to a current database; creates or migrates it if asked to."""
    with translated(path):
        if create:
            _precreate(path)
        elif not path.exists():
            raise NoLog(f"there is no event log at {path}", "run coord init in the project's root")
        connection = sqlite3.connect(_uri(path), uri=True, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            patiently(lambda: _prepare(connection, path, create))
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into an error with a remedy."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(error, path) from error


def wal(path: Path) -> Path:
    """Where SQLite appends first."""
    return path.with_name(path.name + "-wal")


def ring(path: Path) -> None:
    """Wake all readers of the log at `path`; `coordinator.events.notice` tells how."""
    with suppress(OSError):  # the -wal left with the last connection: nobody is reading
        os.utime(wal(path))


def _prepare(connection: sqlite3.Connection, path: Path, create: bool) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA recursive_triggers = ON")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise CoordError(
            f"{path} was written by a newer coord (schema {version}, this one knows {SCHEMA_VERSION})",
            "upgrade coord",
        )
    if version < SCHEMA_VERSION:
        if version == 0 and not create:
            raise NoLog(f"{path} is not an event log yet", "run coord init in the project's root")
        _migrate(connection)


def _migrate(connection: sqlite3.Connection) -> None:
    from coordinator.events import schema  # sqlite-utils takes longer to import than most commands take to run

    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        schema.upgrade(connection)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _precreate(path: Path) -> None:
    """Make the file 0600 before SQLite can make it 0644; -wal and -shm take their mode from it."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise CoordError(f"can't create {path}: {error.strerror}", "check the directory and its permissions") from error


def _uri(path: Path) -> str:
    quoted = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{quoted}?mode=rw"


def _primary(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _explain(error: sqlite3.Error, path: Path) -> CoordError:
    code = _primary(error)
    if code in _BROKEN:
        return CoordError(
            f"{path} is damaged: {error}",
            f"move it away with its -wal and -shm, run coord init, and look at the old rows with "
            f"sqlite3 {path.name} .recover",
        )
    if code == sqlite3.SQLITE_FULL:
        return CoordError("the disk is full: the event was not written", "free some space and repeat")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return CoordError(f"can't open {path} for writing: {error}", "check the owner and mode of it and its directory")
    return CoordError(f"the event log {path} failed: {error}", "coord doctor looks at it")
