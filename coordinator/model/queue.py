"""Who starts next: the prompts that could, in their order, and what each of them still waits for. Pure."""

from collections.abc import Iterator, Mapping
from itertools import islice

from coordinator.lazy.dataclass import dataclass
from coordinator.model.limits import Limit, limits
from coordinator.model.loop_state import (
    dependencies_ended,
    held_by_questions,
    is_shared,
    resumes_at,
    retry_at,
    startable,
)
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Step, StepState


@dataclass(frozen=True, slots=True)
class Place:
    """One prompt of the line."""

    number: int
    waits: str = ""
    """`capacity`: agents are at work, or will be for those in front; `folder`: another one works in the project's own
    folder; `limit`: its agent's model service lets nobody work. Empty: it starts now, if the loop starts anything."""
    holders: tuple[int, ...] = ()
    """The prompts that have what it waits for, or get it first."""
    limit: Limit | None = None
    """What holds its agent's runtime."""


def lineup(snapshot: Snapshot, now: float | None = None) -> tuple[Place, ...]:
    """Prompts that nothing but an agent and a place to work in is missing for, first come first.

    `now` in Unix seconds puts failed prompts into the line whose automatic retry is due, and tells what limits hold.
    """
    ready = startable(snapshot.graph, snapshot.prompts, snapshot.steps, snapshot.questions)
    able = {*(number for number in ready if not _rests(snapshot, number, now)), *_retries(snapshot, now)}
    held = limits(snapshot, now) if now is not None else {}
    return tuple(_places(snapshot, sorted(able, key=lambda n: (snapshot.prompts[n].priority.rank, n)), held))


def next_up(snapshot: Snapshot) -> tuple[int, ...]:
    """The prompts that come next and were never started: at most as many as worktrees are to be made ready ahead.

    Who waits for a place first, then who waits for work that is under way.
    """
    prompts, steps = snapshot.prompts, snapshot.steps
    line = [place.number for place in lineup(snapshot) if place.waits != "folder"]
    soon = [
        number
        for number, step in steps.items()
        if step.state is StepState.PENDING and number not in line and _soon(snapshot, number)
    ]
    soon.sort(key=lambda n: (prompts[n].priority.rank, n))
    found = (
        n for n in (*line, *soon) if _is_new(prompts[n], steps[n]) and not is_shared(prompts[n], snapshot.settings)
    )
    return tuple(islice(found, snapshot.settings.warm))


def _soon(snapshot: Snapshot, number: int) -> bool:
    """All that it depends on has ended, or is under way."""
    graph, steps = snapshot.graph, snapshot.steps
    if graph.dangling.get(number):
        return False
    before = [steps[d] for d in graph.dependencies.get(number, ()) if d in steps]
    return all(step.satisfied or step.state.under_way for step in before)


def _is_new(prompt: Prompt, step: Step) -> bool:
    return step.attempt is None and not prompt.attempts and not prompt.lost


def live_attempts(snapshot: Snapshot) -> frozenset[int]:
    """Prompts with an attempt that has not ended, whatever their files say by now."""
    live = {n for n, s in snapshot.steps.items() if s.attempt is not None and s.attempt.state.live}
    return frozenset(live.union(_unreadable(snapshot)))


def _unreadable(snapshot: Snapshot) -> Iterator[int]:
    """Prompts whose agents are at work though their files can't be read any more."""
    for agent in snapshot.agents:
        if agent.prompt is not None and agent.prompt not in snapshot.steps and not agent.state.ended:
            yield agent.prompt


def _places(snapshot: Snapshot, line: list[int], held: Mapping[str, Limit]) -> Iterator[Place]:
    live = live_attempts(snapshot)
    free = snapshot.loop.max_parallel - len(live) - len(snapshot.live_flows)
    starting: list[int] = []
    folder = _in_folder(snapshot)
    for number in line:
        shared = is_shared(snapshot.prompts[number], snapshot.settings)
        limit = held.get(snapshot.prompts[number].agent or snapshot.settings.runtime)
        if limit is not None:
            yield Place(number, "limit", limit=limit)
        elif shared and folder is not None:
            yield Place(number, "folder", (folder,))
        elif len(starting) >= free:
            yield Place(number, "capacity", tuple(starting or sorted(live)))
        else:
            folder = number if shared else folder
            starting.append(number)
            yield Place(number)


def _in_folder(snapshot: Snapshot) -> int | None:
    """The prompt whose agent works in the project's own folder, or may do so for all that is known of it."""
    for number, step in snapshot.steps.items():
        if step.attempt is not None and step.attempt.state.live and not step.attempt.branch:
            return number
    return next(_unreadable(snapshot), None)


def _rests(snapshot: Snapshot, number: int, now: float | None) -> bool:
    """It was interrupted again and again, and waits a while before it goes on."""
    at = resumes_at(snapshot.steps[number], snapshot.settings)
    return now is not None and at is not None and at > now


def _retries(snapshot: Snapshot, now: float | None) -> Iterator[int]:
    """Failed prompts whose automatic retry is due."""
    held = held_by_questions(snapshot.questions, snapshot.graph)
    if now is None or held is None:
        return
    for number, current in snapshot.steps.items():
        due = retry_at(current, snapshot.prompts[number], snapshot.settings)
        if due is None or due > now or number in held:
            continue
        if dependencies_ended(number, snapshot.graph, snapshot.steps):
            yield number
