"""The one place where a step changes its state: `step.json`, then the event. Both may be done again after a kill."""

from collections.abc import Iterable, Mapping

from coordinator.errors import CoordError, Refused
from coordinator.eventlog.store import EventLog
from coordinator.failpoint import failpoint
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any
from coordinator.model.clock import timestamp, utc_now
from coordinator.model.event import SYSTEM, Draft, Event
from coordinator.model.ids import named_uuid7
from coordinator.model.step import TRANSITIONS, Attempt, StepState, state_kind
from coordinator.model.work import WorkId
from coordinator.storage.attempts import load_attempt, run_ids
from coordinator.storage.files import Lock, sha256
from coordinator.storage.paths import Layout
from coordinator.storage.runs import write_step

_UNTOLD = "stage.dispatched"


def claim(layout: Layout, attempt: Attempt) -> None:
    """Claim an attempt by writing its first `step.json`; StalePlan when it was claimed already."""
    write_step(layout, attempt, new=True)


def advance(
    layout: Layout,
    log: EventLog,
    attempt: Attempt,
    state: StepState,
    *,
    before: Iterable[Draft] = (),
    data: Mapping[str, object] | None = None,
    **changes: Any,
) -> Attempt:
    """Move an attempt to a state, with `changes` to its other fields, and log it after the events `before`.

    In that state already, only what the log lacks is added. A kill that was asked for meanwhile stays asked for. Raises
    Refused when the state can't follow the present one, CoordError when the attempt can't be read.
    """
    with attempt_lock(layout, attempt):
        current = reread(layout, attempt)
        if current.state is not state:
            if state not in TRANSITIONS[current.state]:
                raise Refused(
                    f"attempt {attempt.attempt} of {attempt.work.label} is {current.state.value}: "
                    f"it can't become {state.value}",
                    "look at `coord status`; something else was faster",
                )
            current = replace(current, state=state, since=utc_now(), **changes)
            write_step(layout, current)
            failpoint("step-written")
    record(log, current, [*before, step_event(current, data)])
    return current


def amend(layout: Layout, attempt: Attempt, **changes: Any) -> Attempt:
    """Change fields of an attempt but its state, which `advance` alone does."""
    if not changes.keys().isdisjoint({"state", "since"}):
        raise ValueError("the state of an attempt is changed by `advance`")
    with attempt_lock(layout, attempt):
        current = replace(reread(layout, attempt), **changes)
        write_step(layout, current)
    return current


def attempt_lock(layout: Layout, attempt: Attempt) -> Lock:
    """Excludes whoever else would change this attempt; reading needs no lock."""
    return Lock(layout.attempt(attempt.run, attempt.work, attempt.attempt).parent)


def reread(layout: Layout, attempt: Attempt) -> Attempt:
    """The attempt as it is on disk now. Raises CoordError when it can't be read."""
    directory = layout.attempt(attempt.run, attempt.work, attempt.attempt)
    found, problems = load_attempt(layout, attempt.run, attempt.work, attempt.attempt)
    broken = [problem for problem in problems if problem.path.endswith("/step.json")]
    if found is not None and not broken:
        return found
    message = broken[0].message if broken else "it is gone"
    raise CoordError(f"{layout.rel(directory)}/step.json: {message}", "restore it, or restart the prompt")


def find_attempt(layout: Layout, work: WorkId, count: int) -> Attempt | None:
    """An attempt by its number, in the newest run that has one; None when it can't be found or read."""
    for run in reversed(run_ids(layout)):
        if layout.attempt(run, work, count).is_dir():
            return load_attempt(layout, run, work, count)[0]
    return None


def record(log: EventLog, attempt: Attempt, drafts: Iterable[Draft]) -> tuple[Event, ...]:
    """Log events of an attempt as the system, each once however often it is tried.

    That a turn of a pipeline is claimed is told by its routing before, and by its start after that.
    """
    told = (draft for draft in drafts if draft.kind != _UNTOLD)
    named = [replace(draft, id=draft.id or event_id(attempt, draft.kind)) for draft in told]
    if not named:
        return ()
    return log.append(named, SYSTEM, attempt.run, attempt.work.iteration or None)


def make_up(log: EventLog, attempts: Iterable[Attempt]) -> None:
    """Log the states of attempts that a killed loop did not get to log; what is there already stays as it is."""
    for attempt in attempts:
        if attempt.epoch:  # else its step.json can't be read
            claimed = replace(attempt, state=StepState.DISPATCHED)
            record(log, attempt, [step_event(claimed), step_event(attempt)])


def step_event(attempt: Attempt, data: Mapping[str, object] | None = None) -> Draft:
    """The event of the state that an attempt is in."""
    said: dict[str, object] = {"attempt": attempt.attempt, "agent": attempt.agent}
    if attempt.state in (StepState.CHANGE_OPEN, StepState.MERGED) and attempt.commits:
        said["commits"] = list(attempt.commits)
    if attempt.state is StepState.MERGED:
        said |= {"commit": attempt.merged_as} if attempt.merged_as else {}
        said |= {"no_change": True} if attempt.work.kind == "prompt" and not attempt.merged_as else {}
    if attempt.reason and attempt.state not in (StepState.RUNNING, StepState.DISPATCHED):
        said["reason"] = attempt.reason
    return Draft(state_kind(attempt.work, attempt.state), attempt.work.subject, said | dict(data or {}))


def agent_event(attempt: Attempt, kind: str, **data: object) -> Draft:
    """An event about the attempt's agent, such as `agent.exited`."""
    return Draft(kind, f"agent:{attempt.agent}", {**attempt.work.record, "attempt": attempt.attempt, **data})


def event_id(attempt: Attempt, kind: str) -> str:
    """The UUIDv7 of an attempt's event of a kind: the same in every life of the loop, so that it is logged once."""
    moment = int(timestamp(attempt.started) * 1000)
    name = f"{attempt.run}/{attempt.work.key}/{attempt.attempt}/{attempt.started}/{kind}"
    return named_uuid7(sha256(name.encode()), moment)
