"""The log's tables, made and migrated with sqlite-utils. Imported only when a database is not current."""

import sqlite3

from sqlite_utils import Database, Migrations
from sqlite_utils.db import Table

migrations = Migrations("coord")


@migrations()
def events(db: Database) -> None:
    """The append-only table, its indexes, and the triggers which keep it append-only whoever opens the file."""
    db.execute(
        """
        CREATE TABLE events (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            ts TEXT NOT NULL,
            run TEXT,
            iteration INTEGER,
            actor_kind TEXT NOT NULL CHECK (actor_kind IN ('human', 'agent', 'system')),
            actor TEXT NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            data TEXT NOT NULL CHECK (json_valid(data)),
            prev_hash TEXT NOT NULL,
            hash TEXT NOT NULL
        )
        """
    )
    table = db["events"]
    assert isinstance(table, Table)
    table.create_index(["id"], unique=True)
    for column in ("kind", "subject", "actor"):
        table.create_index([column])
    for sql in TRIGGERS.values():
        db.execute(sql)


TRIGGERS = {
    "events_no_update": """
        CREATE TRIGGER events_no_update BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'the event log is append-only: no UPDATE'); END""",
    "events_no_delete": """
        CREATE TRIGGER events_no_delete BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'the event log is append-only: no DELETE'); END""",
    # REPLACE deletes rows without firing delete triggers unless recursive_triggers is on, which other tools leave off:
    # so a row that would replace one is refused before it gets there.
    "events_next_only": """
        CREATE TRIGGER events_next_only BEFORE INSERT ON events
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
            OR EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'the event log is append-only: no REPLACE, no gap'); END""",
}
"""By name; `verify` looks for each of them."""


def upgrade(connection: sqlite3.Connection) -> None:
    """Apply what is missing. Runs inside the caller's write transaction, so that it happens whole or not at all."""
    migrations.apply(Database(connection, execute_plugins=False))
