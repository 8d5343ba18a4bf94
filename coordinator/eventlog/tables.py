"""The SQL of the log, as it stands in the database."""

EVENTS = """
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL CHECK (typeof(id) = 'text'),
        ts TEXT NOT NULL CHECK (typeof(ts) = 'text'),
        run TEXT CHECK (typeof(run) IN ('text', 'null')),
        iteration INTEGER CHECK (typeof(iteration) IN ('integer', 'null')),
        actor_kind TEXT NOT NULL CHECK (actor_kind IN ('human', 'agent', 'system')),
        actor TEXT NOT NULL CHECK (typeof(actor) = 'text'),
        kind TEXT NOT NULL CHECK (typeof(kind) = 'text'),
        subject TEXT NOT NULL CHECK (typeof(subject) = 'text'),
        data TEXT NOT NULL CHECK (typeof(data) = 'text' AND json_valid(data)),
        prev_hash TEXT NOT NULL CHECK (typeof(prev_hash) = 'text'),
        hash TEXT NOT NULL CHECK (typeof(hash) = 'text')
    )"""
"""Types are checked by hand: STRICT tables ask for SQLite 3.37."""

TRIGGERS = {
    "events_no_update": """CREATE TRIGGER events_no_update BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'the event log is append-only: no UPDATE'); END""",
    "events_no_delete": """CREATE TRIGGER events_no_delete BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'the event log is append-only: no DELETE'); END""",
    # REPLACE deletes rows without firing delete triggers unless recursive_triggers is on, which other tools leave off:
    # so a row that would replace one is refused before it gets there.
    "events_next_only": """CREATE TRIGGER events_next_only BEFORE INSERT ON events
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
            OR EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'the event log is append-only: no REPLACE, no gap'); END""",
}
"""By name. They hold for whoever opens the file; `verify` looks for each of them."""

INDEXED = "SELECT coalesce(max(id), 0) FROM events_fts_docsize"
"""How many events the text index covers, counted from the first."""

INDEX_MORE = f"""
    INSERT INTO events_fts (rowid, kind, subject, actor, data)
    SELECT seq, kind, subject, actor, data FROM events WHERE seq > ({INDEXED}) ORDER BY seq LIMIT ?"""

KINDS = """
    WITH RECURSIVE present(kind) AS (
        SELECT min(kind) FROM events
        UNION ALL SELECT (SELECT min(kind) FROM events WHERE kind > present.kind) FROM present WHERE kind IS NOT NULL
    )
    SELECT kind FROM present WHERE kind IS NOT NULL"""
"""The kinds that the log has: one step in the index each, not one for each event."""
