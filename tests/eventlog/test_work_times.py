"""What waited for a human and what attempts took is the same for who looks once and for who looks on."""

from pathlib import Path

from coordinator.eventlog.snapshot_cache import LogMemory
from coordinator.eventlog.store import EventLog
from coordinator.model.event import SYSTEM, Draft

ASKS = {"prompt": 1, "state": "permission"}
TOOK = {"prompt": 1, "attempt": 1, "seconds": 3.0, "outcome": "done", "runtime": "claude"}
HAPPENED = [
    Draft("agent.status", "agent:executor-01-1", ASKS),
    Draft("agent.exited", "agent:executor-01-1", TOOK),
    Draft("agent.exited", "agent:executor-02-1", {**TOOK, "prompt": 2}),
    Draft("agent.status", "agent:executor-02-1", {**ASKS, "prompt": 2}),
    Draft("agent.status", "agent:executor-03-1", {**ASKS, "prompt": 3}),
    Draft("agent.killed", "agent:executor-03-1", {"prompt": 3}),
    Draft("agent.status", "agent:executor-04-1", {**ASKS, "prompt": 4}),
    Draft("agent.status", "agent:executor-04-1", {"prompt": 4, "state": "working"}),
]


def test_a_first_look_and_many_looks_find_the_same(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with EventLog.open(path, create=True) as log:
        follows = LogMemory(path)
        for draft in HAPPENED:
            log.append([draft], SYSTEM)
            follows.read_on()
    looks = LogMemory(path)
    looks.read_on()
    assert sorted(looks.waits) == sorted(follows.waits)
    assert [(span.prompt, span.end is None) for span in sorted(looks.waits, key=lambda span: span.prompt or 0)] == [
        *((1, False), (2, True), (3, False), (4, False)),
    ]
    assert len(looks.samples) == 2
    assert [one.runtime for one in looks.samples] == [one.runtime for one in follows.samples]
    assert looks.waits is looks.waits
    looks.close()
    follows.close()
