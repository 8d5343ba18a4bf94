"""Jumping to any event of a log gives what reading it from the beginning would."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.errors import UsageError
from coordinator.eventlog import time_travel as module
from coordinator.eventlog.store import EventLog
from coordinator.eventlog.time_travel import Film, earliest_prompts
from coordinator.model.event import SYSTEM, Actor, ActorKind, Draft
from coordinator.model.prompt import Prompt
from coordinator.model.replay import Replay
from coordinator.model.step import StepState

ADA = Actor(ActorKind.HUMAN, "ada")
STATES = ("dispatched", "running", "failed", "pending")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> EventLog:
    """Six hundred events: forty prompts that run, fail and run again, with decisions in between."""
    made = EventLog.open(tmp_path_factory.mktemp("film") / "events.db", create=True)
    rows = [[n, f"Prompt {n}", "planned", "medium", [n - 1] if n > 1 else [], ""] for n in range(1, 41)]
    made.append([Draft("run.started", "run:run-1"), Draft("run.prompts", "milestone", {"prompts": rows})], SYSTEM)
    for turn in range(300):
        state = STATES[turn // 40 % 4]
        data = {"attempt": 1 + turn // 160, "agent": f"executor-{turn % 40 + 1:02d}-1"}
        made.append([Draft(f"step.{state}", f"prompt:{turn % 40 + 1}", data)], SYSTEM)
        made.append([Draft("decision.recorded", "milestone", {"text": str(turn)})], ADA)
    return made


def from_the_beginning(log: EventLog, seq: int) -> Replay:
    replay = Replay()
    replay.feed(log.since(0, seq) if seq else ())
    return replay


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 602), min_size=1, max_size=8))
def test_jumps_in_any_order_give_the_same_states(log: EventLog, jumps: list[int]) -> None:
    film = Film(log, Replay(), spacing=7)
    for seq in jumps:
        state = film.at(seq)
        assert state.seq == seq
        assert state.snapshot() == from_the_beginning(log, seq).snapshot()


def test_the_states_that_are_kept_stay_few(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_KEPT", 8)
    film = Film(log, Replay(), spacing=5)
    for seq in (602, 300, 450, 12):
        assert film.at(seq).snapshot() == from_the_beginning(log, seq).snapshot()
        assert len(film._kept) <= 9
    assert len(film._kept) > 3


def test_there_is_nothing_after_the_end_or_before_the_beginning(log: EventLog) -> None:
    for seq in (-1, 603):
        with pytest.raises(UsageError, match=f"no event {seq}"):
            Film(log, Replay()).at(seq)


def test_the_earliest_prompts_are_those_found_first_and_those_nobody_described(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "events.db", create=True) as log:
        log.append([Draft("prompt.created", "prompt:3", {"title": "Three"})], ADA)
        found = [[1, "One", "planned", "medium", [], ""], [3, "Three", "planned", "medium", [], ""]]
        log.append([Draft("run.prompts", "milestone", {"prompts": found, "first": True})], SYSTEM)
        later = [[1, "Renamed", "planned", "medium", [], ""], [4, "By hand", "planned", "medium", [], ""]]
        log.append([Draft("run.prompts", "milestone", {"prompts": later})], SYSTEM)
        present = [Prompt(number, f"Today {number}", "") for number in (1, 3, 4, 5)]
        earliest = {prompt.number: prompt.title for prompt in earliest_prompts(log, present)}
        assert earliest == {1: "One", 5: "Today 5"}
        film = Film(log, Replay(earliest_prompts(log, present)))
        numbers = [set(film.at(seq).snapshot().prompts) for seq in range(4)]
        assert numbers == [{1, 5}, {1, 3, 5}, {1, 3, 5}, {1, 3, 4, 5}]
        assert film.at(0).snapshot().steps[1].state is StepState.PENDING
