"""Tampering is found, and the first bad row is named."""

import json
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from support.writers import ADA, decision, start_writer

from coordinator.errors import CoordError
from coordinator.eventlog import tables
from coordinator.eventlog.chain import GENESIS
from coordinator.eventlog.store import EventLog
from coordinator.eventlog.verify import Verdict, verify

ROWS = 300


@pytest.fixture
def written(path: Path) -> Path:
    """A log of 300 events that nobody has open."""
    with EventLog.open(path, create=True) as log:
        log.append([decision(f"thought number {i:04d}") for i in range(1, ROWS + 1)], ADA, run="run-1", iteration=1)
    return path


def tamper(path: Path, *statements: str) -> None:
    """What the owner of the file can do: put the guards aside, change rows, and put them back."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for trigger in tables.TRIGGERS:
        connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        connection.execute(statement)
    for sql in tables.TRIGGERS.values():
        connection.execute(sql)
    connection.close()


def test_an_untouched_log_is_whole(written: Path) -> None:
    verdict = verify(written)
    assert (verdict.ok, verdict.checked, verdict.bad_seq, verdict.reason) == (True, ROWS, None, "")
    with EventLog.open(written) as log:
        (last,) = log.tail(1)
    assert verdict.head == last.hash


def test_an_empty_log_is_whole(log: EventLog, path: Path) -> None:
    assert verify(path) == Verdict(True, 0, head=GENESIS)


def test_the_chain_can_be_recomputed_from_its_documentation_alone(written: Path) -> None:
    prev = "0" * 64
    for row in sqlite3.connect(written).execute("SELECT * FROM events ORDER BY seq"):
        assert row[10] == prev
        text = json.dumps(list(row[:11]), separators=(",", ":"), ensure_ascii=True)
        prev = sha256(text.encode("ascii")).hexdigest()
        assert row[11] == prev


def test_one_changed_byte_in_the_file_is_found(written: Path) -> None:
    content = written.read_bytes()
    assert content.count(b"thought number 0137") == 1
    written.write_bytes(content.replace(b"thought number 0137", b"thought number 0138"))
    verdict = verify(written)
    assert (verdict.ok, verdict.bad_seq, verdict.checked) == (False, 137, 136)
    assert "changed" in verdict.reason


@pytest.mark.parametrize(
    ("statements", "bad", "word"),
    [
        (["DELETE FROM events WHERE seq = 137"], 137, "missing"),
        (["DELETE FROM events WHERE seq = 1"], 1, "missing"),
        (["DELETE FROM events WHERE seq = 137", "UPDATE events SET seq = seq - 1 WHERE seq > 137"], 137, "follow"),
        (["UPDATE events SET data = replace(data, 'thought', 'doubt') WHERE seq = 200"], 200, "changed"),
        (["UPDATE events SET actor = 'bob' WHERE seq = 1"], 1, "changed"),
        (["UPDATE events SET actor_kind = 'agent' WHERE seq = 300"], 300, "changed"),
        (["UPDATE events SET run = NULL WHERE seq = 5"], 5, "changed"),
        (["UPDATE events SET iteration = 'one' WHERE seq = 5"], 5, "changed"),
        (["UPDATE events SET actor = CAST(actor AS BLOB) WHERE seq = 5"], 5, "not text"),
        (["UPDATE events SET ts = '2020-01-01T00:00:00.000Z' WHERE seq = 5"], 5, "changed"),
        (["UPDATE events SET hash = prev_hash WHERE seq = 9"], 9, "changed"),
        (["UPDATE events SET prev_hash = hash WHERE seq = 9"], 9, "follow"),
        (["UPDATE events SET data = CAST(x'7b2278223a22ff227d' AS TEXT) WHERE seq = 9"], 9, "not text"),
        (
            [
                "UPDATE events SET seq = -1 WHERE seq = 20",
                "UPDATE events SET seq = 20 WHERE seq = 30",
                "UPDATE events SET seq = 30 WHERE seq = -1",
            ],
            20,
            "follow",
        ),
    ],
    ids=[
        "row removed",
        "first row removed",
        "row removed and the gap closed",
        "data",
        "first row",
        "last row",
        "run",
        "iteration",
        "bytes",
        "time",
        "hash",
        "prev_hash",
        "no text",
        "rows swapped",
    ],
)
def test_whatever_is_changed_in_the_table_is_found(written: Path, statements: list[str], bad: int, word: str) -> None:
    tamper(written, *statements)
    verdict = verify(written)
    assert (verdict.ok, verdict.bad_seq, verdict.checked) == (False, bad, bad - 1)
    assert word in verdict.reason


@pytest.mark.parametrize("name", tables.TRIGGERS)
def test_a_guard_that_is_gone_is_found(written: Path, name: str) -> None:
    connection = sqlite3.connect(written)
    connection.execute(f"DROP TRIGGER {name}")
    connection.close()
    verdict = verify(written)
    assert (verdict.ok, verdict.checked, verdict.bad_seq) == (False, ROWS, None)
    assert name in verdict.reason


def test_a_guard_that_guards_nothing_is_found(written: Path) -> None:
    connection = sqlite3.connect(written)
    connection.execute("DROP TRIGGER events_no_update")
    connection.execute("CREATE TRIGGER events_no_update BEFORE UPDATE ON events WHEN 0 BEGIN SELECT 1; END")
    connection.close()
    assert "events_no_update" in verify(written).reason


def test_rows_cut_off_at_the_end_show_only_against_an_anchor(written: Path) -> None:
    anchor = verify(written).head
    tamper(written, "DELETE FROM events WHERE seq > 290")
    verdict = verify(written)
    assert (verdict.ok, verdict.checked) == (True, 290)
    assert verdict.head != anchor


@pytest.mark.parametrize(
    "damage", [lambda page: b"\xff" * len(page), lambda page: page[:200] + b"\0" * (len(page) - 200)]
)
def test_a_damaged_page_is_a_finding_and_not_a_crash(written: Path, damage: Callable[[bytes], bytes]) -> None:
    content = written.read_bytes()
    at = content.index(b"thought number 0150") // 4096 * 4096
    written.write_bytes(content[:at] + damage(content[at : at + 4096]) + content[at + 4096 :])
    verdict = verify(written)
    assert not verdict.ok
    assert verdict.bad_seq is not None
    assert 1 < verdict.bad_seq <= 150


def test_a_missing_log_cannot_be_verified(path: Path) -> None:
    with pytest.raises(CoordError, match="no event log"):
        verify(path)
    assert not path.exists()


def test_a_log_is_verified_while_others_write(log: EventLog, path: Path) -> None:
    writer = start_writer(path, "executor-01-1", 200)
    assert writer.stdin
    assert writer.stdout
    assert writer.stdout.readline() == "ready\n"
    writer.stdin.write("go\n")
    writer.stdin.flush()
    verdicts = []
    while writer.poll() is None and len(verdicts) < 1000:
        verdicts.append(verify(path))
        writer.stdout.readline()
    writer.communicate()
    assert writer.returncode == 0
    assert all(verdict.ok for verdict in verdicts)
    assert verify(path).checked == 200
