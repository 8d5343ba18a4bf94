"""The event log: appending, and being told. `bench.million` finds among many."""

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.report import Row, print_rows
from coordinator.eventlog.connection import patiently
from coordinator.eventlog.follow import Stop, follow
from coordinator.eventlog.store import EventLog
from coordinator.eventlog.verify import verify
from coordinator.model.event import Actor, ActorKind, Draft

_WRITERS, _RATE, _COUNT = 4, 500, 2000
_TOLD = 300
AGENT = Actor(ActorKind.AGENT, "executor-04-1", "executor")
_WORDS = "use WAL and one writer; reload reads the newest checkpoint only, because the store is small"


def main() -> list[Row]:
    """Measure, with real processes on a real disk."""
    with tempfile.TemporaryDirectory(prefix="coord bench ") as directory:
        place = Path(directory)
        return [*_one_writer(place), *_four_writers(place), *_told(place)]


def _one_writer(place: Path) -> list[Row]:
    """One process, as fast as it can."""
    ours = _paced(_appender(place / "one.db"), 1000)
    raw = _paced(_raw_appender(place / "raw.db"), 1000)
    return [Row("append, one writer, p50", at(ours, 50), "ms", "raw INSERT, FULL", at(raw, 50), target_ratio=5)]


def _four_writers(place: Path) -> list[Row]:
    """Four processes, 500 events a second each."""
    path = place / "four.db"
    EventLog.open(path, create=True).close()
    ours = _run_writers("writer", path)
    raw_path = place / "four-raw.db"
    _raw_open(raw_path).close()
    raw = _run_writers("raw-writer", raw_path)
    verdict = verify(path)
    lost = len(ours) - (verdict.checked if verdict.ok else 0)
    name, floor = f"append, {_WRITERS} × {_RATE}/s", "raw INSERT, FULL"
    return [
        Row(f"{name}, p50", at(ours, 50), "ms", floor, at(raw, 50)),
        Row(f"{name}, p99", at(ours, 99), "ms", floor, at(raw, 99), target_value=10),
        Row(f"{name}, slowest", ours[-1], "ms", floor, raw[-1]),
        Row(f"{name}, lost", lost, "", target_value=0),
    ]


def _told(place: Path) -> list[Row]:
    """From append in one process to the event in the hands of another."""
    path, stop = place / "told.db", Stop()
    writer = _spawn("told-writer", path, _TOLD)
    seen: dict[int, int] = {}
    for batch in follow(path, stop=stop):
        now = time.time_ns()
        seen.update((event.seq, now) for event in batch)
        if len(seen) == _TOLD:
            stop.set()
    stop.close()
    times = [
        (called, returned, seen[i + 1]) for i, (called, returned) in enumerate(json.loads(writer.communicate()[0]))
    ]
    whole = sorted((told - called) / 1e6 for called, _, told in times)
    after = sorted(max(0.0, (told - returned) / 1e6) for _, returned, told in times)
    itself = sorted((returned - called) / 1e6 for called, returned, _ in times)
    return [
        Row("append called → reader, p50", at(whole, 50), "ms", "the append itself", at(itself, 50)),
        Row("append called → reader, p95", at(whole, 95), "ms", "the append itself", at(itself, 95)),
        Row("append returned → reader, p95", at(after, 95), "ms", target_value=5),
    ]


def draft(number: int) -> Draft:
    if number % 10_000 == 5_000:
        return Draft("question.asked", f"prompt:{number % 40}", {"text": f"wobble {number}?", "options": ["yes", "no"]})
    return Draft("decision.recorded", f"prompt:{number % 40}", {"text": f"{_WORDS} {number}"})


def _appender(path: Path) -> Callable[[int], object]:
    log = EventLog.open(path, create=True)
    return lambda number: log.append([draft(number)], AGENT)


def _raw_appender(path: Path) -> Callable[[int], object]:
    """The floor: one row, one transaction, through to the disk."""
    connection = _raw_open(path)
    insert = "INSERT INTO raw (data) VALUES (?)"
    return lambda number: patiently(lambda: connection.execute(insert, (f"{_WORDS} {number}",)))


def _raw_open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    patiently(lambda: connection.execute("PRAGMA journal_mode = WAL"))
    connection.execute("PRAGMA synchronous = FULL")
    patiently(lambda: connection.execute("CREATE TABLE IF NOT EXISTS raw (seq INTEGER PRIMARY KEY, data TEXT)"))
    return connection


def _paced(append: Callable[[int], object], count: int, rate: float = 0.0) -> list[float]:
    """Sorted milliseconds of each append, `rate` of them a second, or one after the other."""
    start, took = time.perf_counter(), []
    for i in range(count):
        if rate:
            time.sleep(max(0.0, start + i / rate - time.perf_counter()))
        before = time.perf_counter()
        append(i)
        took.append((time.perf_counter() - before) * 1000)
    return sorted(took)


def _write(kind: str, path: Path, count: int) -> list[float] | list[tuple[int, int]]:
    """What a writing process prints: the milliseconds of each append, or the nanoseconds of its call and return."""
    if kind != "told-writer":
        return _paced((_raw_appender if kind == "raw-writer" else _appender)(path), count, _RATE)
    append, times = _appender(path), list[tuple[int, int]]()

    def tell(number: int) -> None:
        called = time.time_ns()
        append(number)
        times.append((called, time.time_ns()))

    _paced(tell, count, 100)
    return times


def _spawn(kind: str, path: Path, count: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "bench.events", kind, path, str(count)], stdout=subprocess.PIPE)


def _run_writers(kind: str, path: Path) -> list[float]:
    writers = [_spawn(kind, path, _COUNT) for _ in range(_WRITERS)]
    return sorted(ms for writer in writers for ms in json.loads(writer.communicate()[0]))


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def best(work: Callable[[], object], times: int = 5) -> float:
    return min(timed(work) for _ in range(times))


def at(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].endswith("writer"):
        print(json.dumps(_write(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
    else:
        print_rows(main())
