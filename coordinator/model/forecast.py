"""Forecast: the longest chain of work that is left, and how long all of it will take, judged by what the past took."""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from coordinator.lazy.dataclass import dataclass
from coordinator.model.clock import timestamp
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Step, StepState

_RECENT = 20
"""Merged steps that tell how long one takes: the newest ones."""
_LEAST = 0.1
"""Part of a usual duration that a step which is longer at it than usual is taken to need still."""
_ENDED = (StepState.MERGED, StepState.SKIPPED)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is left."""

    critical_path: tuple[int, ...]
    """Prompts of the longest chain that is left, in the order in which they run."""
    left: int
    """Prompts that have not ended and can get there."""
    stuck: int
    """Prompts that can't: failed, blocked, in a cycle, behind something missing, or behind one of these."""
    seconds: float | None = None
    """Until the last of `left` is merged, if nobody has to be waited for; None before anything was merged."""
    samples: int = 0
    """Merged steps that the estimate rests on."""

    def to_json(self) -> dict[str, object]:
        return {
            "critical_path": list(self.critical_path),
            "left": self.left,
            "stuck": self.stuck,
            "remaining_s": None if self.seconds is None else round(self.seconds),
            "samples": self.samples,
        }

    @property
    def words(self) -> str:
        """`about 40 min left`; empty when there is nothing to say."""
        return f"about {rough(self.seconds)} left" if self.seconds is not None and self.left else ""


def rough(seconds: float) -> str:
    """A duration no more exact than an estimate is: `1 min`, `40 min`, `3 h`, `2 d`."""
    minutes = max(1, round(seconds / 60))
    if minutes < 20:
        return f"{minutes} min"
    if minutes < 100:
        return f"{round(minutes / 5) * 5} min"
    hours = minutes / 60
    return f"{round(hours)} h" if hours < 48 else f"{round(hours / 24)} d"


def forecast(snapshot: Snapshot, now: float) -> Forecast:
    """What is left, and how long that takes with as many agents as are allowed; `now` in Unix seconds."""
    took = _durations(snapshot)
    usual = _median(took) if took else 1.0
    left = _reachable(snapshot)
    needs = {number: _need(snapshot.steps[number], usual, now) for number in left} if took else dict.fromkeys(left, 1.0)
    tails = _tails(snapshot, needs)
    unended = sum(step.state not in _ENDED for step in snapshot.steps.values())
    return Forecast(
        critical_path=_path(snapshot, tails),
        left=len(left),
        stuck=unended - len(left),
        seconds=_makespan(snapshot, needs, tails) if took else None,
        samples=len(took),
    )


def _durations(snapshot: Snapshot) -> list[float]:
    """Seconds from claim to end of the agent, of the newest merged steps."""
    found = []
    for step in snapshot.steps.values():
        attempt = step.attempt
        if step.state is StepState.MERGED and attempt is not None and attempt.started:
            began = timestamp(attempt.started)
            end = timestamp(attempt.exit.at if attempt.exit is not None else attempt.since)
            found.append((end, max(1.0, end - began)))
    return [seconds for _, seconds in sorted(found)[-_RECENT:]]


def _median(values: list[float]) -> float:
    """By hand: importing `statistics` costs every `coord status` several milliseconds."""
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _reachable(snapshot: Snapshot) -> tuple[int, ...]:
    """Unended prompts that can get to their end without a human, in the order of the plan."""
    graph, steps = snapshot.graph, snapshot.steps
    dead = (StepState.FAILED, StepState.BLOCKED)
    circular = {number for cycle in graph.cycles for number in cycle}
    out: dict[int, bool] = {}
    for number in graph.order:
        step = steps[number]
        needs = graph.dependencies.get(number, ())
        fine = step.state not in dead and not graph.dangling.get(number) and number not in circular
        if step.state is StepState.PENDING:
            fine = fine and all(steps[d].satisfied or out.get(d, False) for d in needs if d in steps)
        out[number] = fine and step.state not in _ENDED
    return tuple(number for number in graph.order if out[number])


def _need(step: Step, usual: float, now: float) -> float:
    """Seconds of agent's work that a step still takes."""
    if step.state is StepState.CHANGE_OPEN:
        return 0.0
    if step.state.live and step.attempt is not None:
        spent = max(0.0, now - timestamp(step.attempt.started))
        return max(usual * _LEAST, usual - spent)
    return usual


def _tails(snapshot: Snapshot, needs: Mapping[int, float]) -> dict[int, float]:
    """Seconds from the start of each prompt that is left to the end of the longest chain behind it."""
    tails: dict[int, float] = {}
    for number in reversed(snapshot.graph.order):
        if number in needs:
            behind = (tails[d] for d in snapshot.graph.dependents.get(number, ()) if d in tails)
            tails[number] = needs[number] + max(behind, default=0.0)
    return tails


def _path(snapshot: Snapshot, tails: Mapping[int, float]) -> tuple[int, ...]:
    path: list[int] = []
    ahead = [n for n in tails if not any(d in tails for d in snapshot.graph.dependencies.get(n, ()))]
    while ahead:
        number = max(ahead, key=lambda n: (tails[n], -n))
        path.append(number)
        ahead = [d for d in snapshot.graph.dependents.get(number, ()) if d in tails]
    return tuple(path)


def _makespan(snapshot: Snapshot, needs: Mapping[int, float], tails: Mapping[int, float]) -> float:
    """Let as many agents as are allowed work it off, the longest chain first; seconds until the last one ends."""
    graph = snapshot.graph
    open_needs = {n: sum(d in needs for d in graph.dependencies.get(n, ())) for n in needs}
    running = [(need, n) for n, need in needs.items() if snapshot.steps[n].state is not StepState.PENDING]
    heapify(running)
    ready = [(-tails[n], n) for n in needs if open_needs[n] == 0 and snapshot.steps[n].state is StepState.PENDING]
    heapify(ready)
    clock = 0.0
    while ready or running:
        while ready and len(running) < max(1, snapshot.loop.max_parallel):
            _, number = heappop(ready)
            heappush(running, (clock + needs[number], number))
        clock, number = heappop(running)
        for later in graph.dependents.get(number, ()):
            if later in open_needs:
                open_needs[later] -= 1
                if open_needs[later] == 0 and snapshot.steps[later].state is StepState.PENDING:
                    heappush(ready, (-tails[later], later))
    return clock
