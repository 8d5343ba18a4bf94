"""What was acknowledged is on the log after the power went."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.powercut import cut_power, small_disk, start_again
from support.proof import trial
from support.writers import start_writer

from coordinator.eventlog.store import EventLog
from coordinator.eventlog.verify import verify

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path) as mount:
        yield mount


def test_no_acknowledged_event_is_lost_in_a_power_cut(disk: Path) -> None:
    chance = random.Random(7)
    acknowledged: dict[str, int] = {}
    for round_ in range(15):
        path = disk / "events.db"
        writer = start_writer(path, f"executor-{round_:02d}-1", 100_000)
        assert writer.stdin
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        writer.stdin.write("go\n")
        writer.stdin.flush()
        for _ in range(chance.randrange(1, 300)):
            words = writer.stdout.readline().split()
            acknowledged[words[0]] = int(words[1])
        cut_power(disk)
        writer.kill()
        writer.communicate()
        start_again(disk)
        with trial("the power, while events are written", at="any moment"), EventLog.open(path) as log:
            verdict = verify(path)
            assert verdict.ok, verdict.reason
            for id_, seq in acknowledged.items():
                event = log.get(id_)
                assert event is not None, f"event {seq} was acknowledged and is lost"
                assert event.seq == seq


def test_without_the_sync_the_cut_would_lose_events(disk: Path) -> None:
    """The cut is a real one: it is `synchronous=FULL` that makes the test above pass."""
    careless = sqlite3.connect(disk / "careless.db", isolation_level=None)
    careless.execute("PRAGMA journal_mode = WAL")
    careless.execute("CREATE TABLE rows (x)")
    careless.execute("PRAGMA synchronous = NORMAL")
    careless.execute("INSERT INTO rows VALUES (1)")
    cut_power(disk)
    careless.close()
    start_again(disk)
    left = sqlite3.connect(disk / "careless.db")
    assert left.execute("SELECT count(*) FROM rows").fetchone() == (0,)
    left.close()
