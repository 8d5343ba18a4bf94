"""A log of a million events: its end, its filters, its search, and the project as it was at any of them."""

import random
import sqlite3
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.events import AGENT, at, best, draft, timed
from bench.report import Row
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.questions import questions
from coordinator.eventlog.snapshot_cache import LogMemory
from coordinator.eventlog.store import EventLog
from coordinator.eventlog.time_travel import Film
from coordinator.eventlog.verify import verify
from coordinator.model.event import SYSTEM, Draft
from coordinator.model.replay import Replay

_MILLION = 1_000_000


def main() -> list[Row]:
    """Build a log of a million events, half of them steps, and read it in every way there is."""
    with tempfile.TemporaryDirectory(prefix="coord bench ") as directory:
        path = Path(directory) / "million.db"
        _build(path)
        return _read(path)


def _build(path: Path) -> None:
    with EventLog.open(path, create=True) as log:
        for first in range(0, _MILLION, 5000):
            log.append([draft(i) for i in range(first, first + 2500)], AGENT)
            log.append([_step(i) for i in range(first + 2500, first + 5000)], SYSTEM)
        while log.index(20_000):
            pass


def _read(path: Path) -> list[Row]:
    raw = sqlite3.connect(path)
    everything = timed(lambda: raw.execute("SELECT * FROM events").fetchall())
    ten = best(lambda: raw.execute("SELECT * FROM events ORDER BY seq DESC LIMIT 10").fetchall(), 50)
    with EventLog.open(path) as log:
        wanted = {
            "tail of 10": Filter(),
            "… of a rare kind": Filter(kinds=("question",)),
            "… of a family": Filter(kinds=("step", "agent", "decision")),
            "… of a prompt": Filter(subject="prompt:7"),
            "… as of the middle": Filter(as_of=_MILLION // 2),
            "… with a rare word": Filter(text="wobble 995000"),
            "… with a frequent word": Filter(text="checkpoint"),
            "… with a word not there": Filter(text="nowhere"),
        }
        rows = [
            Row(f"{name}, of 1,000,000", best(_tail(log, where)), "ms", "raw SELECT", ten, target_value=50)
            for name, where in wanted.items()
        ]
        return [
            *rows,
            Row("all questions, of 1,000,000", best(lambda: questions(log)), "ms"),
            Row("reading 1,000,000", timed(lambda: _read_all(log)), "ms", "raw SELECT", everything, target_ratio=5),
            *_film(log),
            *_looks(path),
            Row("verify 1,000,000", timed(lambda: verify(path)), "ms", "raw SELECT", everything),
        ]


def _film(log: EventLog) -> list[Row]:
    """Replay: laid out once, then anywhere; beside feeding every event from the first one on, the naive way."""
    film = Film(log, Replay())
    naive = timed(lambda: Film(log, Replay(), spacing=2 * _MILLION).at(_MILLION // 2))
    whole = timed(lambda: film.at(_MILLION))
    chance = random.Random(1)
    jumps = sorted(timed(partial(film.at, chance.randrange(1, _MILLION))) for _ in range(20))
    steps = sorted(timed(partial(film.at, seq)) for seq in range(_MILLION // 2, _MILLION // 2 - 200, -1))
    floor = "from the first event to the middle"
    return [
        Row("replay: opened at the end of 1,000,000", whole, "ms", floor, naive),
        Row("replay: to anywhere, p50", at(jumps, 50), "ms", floor, naive, target_ratio=0.1),
        Row("replay: one event back, p95", at(steps, 95), "ms", floor, naive, target_value=50),
    ]


def _looks(path: Path) -> list[Row]:
    """What a status or the screen takes in of the log before it shows anything: the very first, and all others."""
    whole = timed(lambda: _first_look(path))
    return [
        Row(
            "a first look at 1,000,000",
            best(lambda: _first_look(path)),
            "ms",
            "the very first",
            whole,
            target_value=100,
        )
    ]


def _first_look(path: Path) -> None:
    memory = LogMemory(path)
    memory.read_on()
    memory.close()


def _tail(log: EventLog, where: Filter) -> Callable[[], object]:
    return lambda: log.tail(10, where)


def _read_all(log: EventLog) -> int:
    seq = 0
    while events := log.since(seq, 5000):
        seq = events[-1].seq
    return seq


def _step(number: int) -> Draft:
    if number % 5 == 0:
        state = "permission" if number % 50 == 0 else "working"
        agent = f"agent:executor-{number // 50 % 40:02d}-1"
        return Draft("agent.status", agent, {"prompt": number // 50 % 40, "state": state})
    kind = ("step.dispatched", "step.running", "step.failed", "step.pending")[number // 40 % 4]
    return Draft(kind, f"prompt:{number % 40}", {"attempt": 1 + number // 160, "agent": f"executor-{number % 40:02d}"})
