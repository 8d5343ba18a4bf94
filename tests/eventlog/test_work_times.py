"""What waited for a human and what attempts took is the same for who looks once and for who looks on."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.wait import wait_until

from coordinator.eventlog import snapshot_cache, wait_cache
from coordinator.eventlog.snapshot_cache import LogMemory
from coordinator.eventlog.store import EventLog
from coordinator.model.clock import utc_now
from coordinator.model.event import SYSTEM, Draft, Event
from coordinator.model.snapshot import Sample, Span

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


def happen(log: EventLog, drafts: list[Draft]) -> Iterator[Event]:
    """Log them one by one, no two of them in the same moment."""
    for draft in drafts:
        (event,) = log.append([draft], SYSTEM)
        wait_until(lambda at=event.ts: utc_now() > at, message="the next tick of the clock")  # type: ignore[misc]
        yield event


def test_a_first_look_and_many_looks_find_the_same(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with EventLog.open(path, create=True) as log:
        follows = LogMemory(path)
        for _ in happen(log, HAPPENED):
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


def looked(path: Path) -> tuple[tuple[Span, ...], tuple[Sample, ...]]:
    memory = LogMemory(path)
    memory.read_on()
    memory.close()
    return tuple(sorted(memory.waits, key=str)), memory.samples


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of which somebody has kept what waited up to its middle."""
    path = tmp_path / "events.db"
    with EventLog.open(path, create=True) as log:
        assert len(list(happen(log, HAPPENED[:5]))) == 5
        monkeypatch.setattr(snapshot_cache, "_WORTH_KEEPING", 0)
        looked(path)
        monkeypatch.setattr(snapshot_cache, "_WORTH_KEEPING", 1_000_000)
        assert list(happen(log, HAPPENED[5:]))
    return path


def test_a_look_goes_on_from_what_was_kept_and_finds_the_same(kept: Path) -> None:
    found = looked(kept)
    state = json.loads((kept.parent / wait_cache.NAME).read_text())
    assert (state["seq"], len(state["open"]), len(state["closed"])) == (5, 2, 1)
    state["closed"].append(["reviews", 1.0, 2.0, 9])
    (kept.parent / wait_cache.NAME).write_text(json.dumps(state))
    assert Span("reviews", 1.0, 2.0, 9) in looked(kept)[0]  # it was used
    (kept.parent / wait_cache.NAME).unlink()
    assert looked(kept) == found


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"birth": "of another log"},
        {"hash": "0" * 64},
        {"seq": 6},
        {"seq": 1 << 70},
        {"seq": "5"},
        {"closed": [["reviews", "yesterday", 2.0, 9]]},
        {"closed": [["tea", 1.0, 2.0, 9]]},
        {"closed": [[1.0]]},
        {"closed": 5},
        {"open": [1]},
        None,
    ],
)
def test_what_was_kept_of_another_log_or_can_not_be_read_is_not_used(
    kept: Path, change: dict[str, object] | None
) -> None:
    place = kept.parent / wait_cache.NAME
    state = json.loads(place.read_text())
    place.unlink()
    found = looked(kept)
    place.write_text("[" * 5000 if change is None else json.dumps({**state, **change}))
    assert looked(kept) == found


def test_a_milestones_status_is_the_logs_matter_as_soon_as_a_run_has_begun(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with EventLog.open(path, create=True) as log:
        memory = LogMemory(path)
        memory.read_on()
        assert memory.milestone_status == ""
        log.append([Draft("run.started", "run:run-1")], SYSTEM, "run-1")
        memory.read_on()
        assert memory.milestone_status == "open"
        memory.close()
