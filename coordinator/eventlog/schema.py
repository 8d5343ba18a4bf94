"""The log's tables, made and migrated with sqlite-utils. Imported only when a database is not current."""

import sqlite3
from contextlib import suppress

from sqlite_utils import Database, Migrations
from sqlite_utils.db import Table

from coordinator.eventlog import tables

migrations = Migrations("coord")


@migrations()
def events(db: Database) -> None:
    """The append-only table, its indexes and its guards."""
    db.execute(tables.EVENTS)
    _events(db).create_index(["id"], unique=True)
    for column in ("kind", "subject", "actor"):
        _events(db).create_index([column])
    for sql in tables.TRIGGERS.values():
        db.execute(sql)


@migrations()
def search(db: Database) -> None:
    """The text index: trigrams, so that it finds parts of words, in any language, exactly as a scan would.

    Where SQLite was built without them (before 3.34), searching reads the events themselves.
    """
    with suppress(sqlite3.OperationalError):
        _events(db).enable_fts(["kind", "subject", "actor", "data"], tokenize="trigram")


def _events(db: Database) -> Table:
    table = db["events"]
    assert isinstance(table, Table)
    return table


def upgrade(connection: sqlite3.Connection, version: int) -> None:
    """Apply what is missing. Runs inside the caller's write transaction, so that it happens whole or not at all."""
    migrations.apply(Database(connection, execute_plugins=False))
    connection.execute(f"PRAGMA user_version = {version}")
