"""The log's tables, made and migrated with sqlite-utils. Imported only when a database is not current."""

import sqlite3
from contextlib import suppress

from sqlite_utils import Database, Migrations
from sqlite_utils.db import Table

from coordinator.events import tables

migrations = Migrations("coord")


@migrations()
def events(db: Database) -> None:
    """The append-only table, its indexes and its guards."""
    db.execute(tables.EVENTS)
    table = db["events"]
    assert isinstance(table, Table)
    table.create_index(["id"], unique=True)
    for column in ("kind", "subject", "actor"):
        table.create_index([column])
    for sql in tables.TRIGGERS.values():
        db.execute(sql)


@migrations()
def search(db: Database) -> None:
    """The text index. Where SQLite was built without trigrams (before 3.34), searching reads the events themselves."""
    with suppress(sqlite3.OperationalError):
        db.execute(tables.SEARCH)


def upgrade(connection: sqlite3.Connection) -> None:
    """Apply what is missing. Runs inside the caller's write transaction, so that it happens whole or not at all."""
    migrations.apply(Database(connection, execute_plugins=False))
