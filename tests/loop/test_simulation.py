"""Whole lives of the loop on paper: whatever agents, suites and humans do, the rules bring every plan to an end."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st
from support.build import NOW, attempt, prompt, world

from coordinator.lazy.dataclass import replace
from coordinator.loop.actions import (
    Action,
    CloseMilestone,
    Dispatch,
    Expire,
    FinishKill,
    Mark,
    Merge,
    Resume,
    Return,
    Settle,
    Tidy,
)
from coordinator.loop.rules import step
from coordinator.loop.rules.outcome import outcome
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.queue import live_attempts
from coordinator.model.settings import Settings
from coordinator.model.snapshot import LoopState, Snapshot
from coordinator.model.step import TRANSITIONS, Attempt, Exit, StepState

AT = "2027-01-15T08:00:00Z"
ENDS = (StepState.CHANGE_OPEN, StepState.MERGED, StepState.FAILED, StepState.BLOCKED)


@dataclass
class Life:
    """A project in memory: actions change it as the real ones change the disk."""

    prompts: dict[int, Prompt]
    settings: Settings
    capacity: int
    draw: st.DataObject
    attempts: dict[int, Attempt] = field(default_factory=dict)
    milestone: str = "open"
    dispatched: list[tuple[int, int]] = field(default_factory=list)

    def snapshot(self) -> Snapshot:
        return world(
            self.prompts.values(),
            self.attempts.values(),
            settings=self.settings,
            max_parallel=self.capacity,
            milestone=self.milestone,
        )

    def move(self, number: int, state: StepState, **changes: object) -> None:
        before = self.attempts[number]
        assert state in TRANSITIONS[before.state], (before.state, state)
        self.attempts[number] = replace(before, state=state, **changes)  # type: ignore[arg-type]

    def do(self, action: Action) -> None:
        match action:
            case Dispatch(number=number, attempt=count):
                self.attempts[number] = attempt(number, StepState.DISPATCHED, count, exit=None)
                self.dispatched.append((number, count))
            case Resume(number=number):
                self.move(number, StepState.RUNNING)
            case Settle(number=number):
                self.move(number, self.draw.draw(st.sampled_from(ENDS)))
            case Merge(number=number):
                merged = self.draw.draw(st.booleans())
                often = self.attempts[number].attempt >= 3
                back = StepState.FAILED if often else StepState.PENDING
                self.move(number, StepState.MERGED if merged else back, continues=not merged)
            case Mark(number, status, attempts):
                self.prompts[number] = replace(self.prompts[number], status=status, attempts=attempts)
            case Tidy(number=number):
                self.attempts[number] = replace(self.attempts[number], window="")
            case CloseMilestone():
                assert self.milestone == "open"
                self.milestone = "done"
            case Expire() | FinishKill() | Return():
                raise AssertionError(f"nobody asked for {action}")

    def let_one_agent_end(self) -> bool:
        """Some running agent comes to its end; False when none runs."""
        running = sorted(n for n, a in self.attempts.items() if a.state is StepState.RUNNING)
        if running:
            number = self.draw.draw(st.sampled_from(running))
            self.attempts[number] = replace(self.attempts[number], exit=Exit(0, AT))
        return bool(running)


@given(
    graph=st.dictionaries(st.integers(1, 7), st.lists(st.integers(1, 8), max_size=2), max_size=7),
    capacity=st.integers(1, 3),
    tries=st.integers(1, 3),
    data=st.data(),
)
def test_every_life_of_the_loop_comes_to_an_end_that_says_why(
    graph: dict[int, list[int]], capacity: int, tries: int, data: st.DataObject
) -> None:
    prompts = {number: prompt(number, *dependencies) for number, dependencies in graph.items()}
    life = Life(prompts, Settings(gate="auto", max_attempts=tries, retry_backoff=0), capacity, data)
    now = NOW
    for _ in range(500):
        now += 1
        snapshot = life.snapshot()
        assert len(live_attempts(snapshot)) <= capacity
        actions = step(snapshot, now)
        for action in actions:
            life.do(action)
        if not actions and not life.let_one_agent_end():
            break
    else:
        raise AssertionError("it goes on for ever")
    snapshot = life.snapshot()
    ended = outcome(snapshot)
    assert ended is not None
    assert ended.reason
    finished = all(p.status is PromptStatus.DONE for p in life.prompts.values())
    assert (ended.state in ("finished", "idle")) == finished
    assert (life.milestone == "done") == (finished and bool(graph))
    assert (snapshot.loop.state is LoopState.HALTED) == any(
        s.state is StepState.FAILED for s in snapshot.steps.values()
    )
    for number in life.prompts:
        counts = [count for which, count in life.dispatched if which == number]
        assert counts == list(range(1, len(counts) + 1))
        assert len(counts) <= max(3, tries)
