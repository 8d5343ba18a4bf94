"""What is different about turns of a pipeline: they work in their prompt's worktree, and what they come to is taken in.

An agent at a station has a directory, a window and a session of its own; worktree, branch, ports and user are those of
its prompt's attempt, which has no agent.
"""

from coordinator.apply.kill import end_processes
from coordinator.apply.publishing import HandedIn
from coordinator.apply.steps import event_id, find_attempt
from coordinator.changes.agent_user import share
from coordinator.changes.git import Git
from coordinator.changes.lending import take_back
from coordinator.errors import CoordError
from coordinator.failpoint import failpoint
from coordinator.formats.pipeline_state import BadState, read_taken, taken_values
from coordinator.lazy.dataclass import replace
from coordinator.loop.context import Context
from coordinator.loop.contracts import hand_in, take_back_changes
from coordinator.loop.sealing import unsealed
from coordinator.loop.staged_work import take_in
from coordinator.model.clock import utc_now
from coordinator.model.event import Draft
from coordinator.model.pipeline import Position, Taken, Turn
from coordinator.model.snapshot import Snapshot
from coordinator.model.staged_phases import commits_nothing
from coordinator.model.step import Attempt, StepState
from coordinator.model.turn_facts import facts_of
from coordinator.model.work import prompt_work, turn_agent, turn_work
from coordinator.storage.files import digest_of
from coordinator.storage.flows import find_flow
from coordinator.storage.pipelines import find_pipeline
from coordinator.storage.records import BadRecord, read_json, write_json

TAKEN = "taken.json"
"""In the directory of a turn: what was found when it had ended."""
_ENDED = ("agent.exited", "agent.lost")
_CHECKED = "stage.checked"
"""Logged where a turn was looked at that had not ended by itself."""


def check_pipeline(context: Context, attempt: Attempt) -> None:
    """CoordError where the stations of an attempt's pipeline could not work."""
    find_pipeline(context.layout, attempt.pipeline)
    if attempt.in_place:
        raise CoordError(
            f"`{attempt.pipeline}` needs a worktree: what a station may not change is taken back from it",
            "use `isolation: worktree`, in a git repository",
        )


def new_turn(context: Context, snapshot: Snapshot, parent: Attempt, position: Position, turn: Turn) -> Attempt:
    """An attempt at a station as it is claimed."""
    facts, prompt, now = facts_of(position, turn), snapshot.prompts[parent.prompt], utc_now()
    flow = find_flow(context.layout, facts.flow)
    own_runtime = facts.agent or (flow.agent if flow is not None else "")
    own_model = facts.model or (flow.model if flow is not None else "")
    runtime = own_runtime or prompt.agent or context.config.runtime
    same = runtime == (prompt.agent or context.config.runtime)
    made = Attempt(
        work=turn_work(parent.prompt, turn.path),
        attempt=parent.attempt,
        run=parent.run,
        epoch=context.book.run.epoch,
        state=StepState.DISPATCHED,
        since=now,
        started=now,
        agent=turn_agent(turn_work(parent.prompt, turn.path), parent.attempt),
        role="stage",
        runtime=runtime,
        model=own_model or ((prompt.model or "") if same else ""),
        branch=parent.branch,
        worktree=parent.worktree,
        base_branch=parent.base_branch,
        title=parent.title,
        prompt_file=parent.prompt_file,
        digest=parent.digest,
        user=parent.user,
        port=parent.port,
    )
    last = turn_before(snapshot, parent, position, turn)
    if last is not None and last.state is StepState.PENDING:
        made = replace(made, interruptions=last.interruptions, limits=last.limits if last.interrupted else 0)
    return made


def turn_before(snapshot: Snapshot, parent: Attempt, position: Position, turn: Turn) -> Attempt | None:
    """The last turn at the same station that had an agent."""
    paths = [one.path for one in position.turns_at(turn.station)]
    before = paths[: paths.index(turn.path)] if turn.path in paths else paths
    found = (snapshot.stages.get(turn_work(parent.prompt, path)) for path in reversed(before))
    return next((attempt for attempt in found if attempt is not None), None)


def with_start(context: Context, attempt: Attempt) -> Attempt:
    """The turn with the commit that its worktree is at; in strict mode its user is let in."""
    tree = context.layout.worktree(attempt.work, attempt.attempt)
    if not tree.is_dir():
        raise CoordError(f"{attempt.worktree} is gone", f"start the prompt again: coord restart {attempt.prompt}")
    if context.users is not None:
        take_back(context.layout, attempt.work, attempt.attempt)
    base = Git(context.layout.root).base_commit(attempt.branch)
    guest = context.guest(attempt)
    if guest is not None:
        share(context.layout, attempt.work, attempt.attempt, guest, branch=attempt.branch)
    return replace(attempt, base=base)


def settle_turn(
    context: Context, snapshot: Snapshot, attempt: Attempt, exited: Draft, state: StepState, reason: str
) -> Attempt:
    """Take in what an ended turn came to: `merged` is accepted, whatever becomes of its prompt's change.

    What it may not change is taken back before a receipt of it is held against the suites, on what stays.
    """
    _end_all(context, attempt)
    with context.tree(attempt):
        damaged = take_back(context.layout, attempt.work, attempt.attempt)
        if damaged and state is StepState.CHANGE_OPEN:
            state, reason = StepState.FAILED, damaged
        left = take_back_changes(context, attempt, _beside(snapshot, attempt))
        if left and state is StepState.CHANGE_OPEN and not commits_nothing(attempt.work.path):
            named = ", ".join(left[:5])
            state, reason = StepState.FAILED, f"it handed off with uncommitted work in its worktree: {named}"
        state, reason, report = take_in(context, attempt, state, reason)
    why = unsealed(context, snapshot, attempt) if state is StepState.CHANGE_OPEN else ""
    handed = hand_in(context, attempt) if state is StepState.CHANGE_OPEN else HandedIn()
    if handed.missing:
        state, reason = StepState.FAILED, f"it handed off without {', '.join(handed.missing)}"
    taken = Taken(handed.published, handed.missing, handed.pending, handed.helps, report, unsealed=why)
    if not _is_taken(context, attempt):  # a killed loop may have found it, and told it, before
        digest = _note_taken(context, attempt, taken)
        exited = replace(exited, data={**exited.data, "taken": digest})
        context.log_about(attempt, exited)
        if not _is_taken(context, attempt):  # its end was told before, of a file that is another one by now
            _tell_taken(context, attempt, digest)
    failpoint("turn-taken")
    accepted = state is StepState.CHANGE_OPEN
    return context.advance(attempt, StepState.MERGED if accepted else state, exited, reason=reason)


def _end_all(context: Context, attempt: Attempt) -> None:
    """End all that runs for a turn; in strict mode whatever runs as the user that it has of its prompt."""
    end_processes(context.layout, attempt)
    if context.users is not None:
        context.users.clear(attempt)


def _beside(snapshot: Snapshot, attempt: Attempt) -> tuple[str, ...]:
    """The turns of its prompt that are at work in its worktree meanwhile, by their paths."""
    others = (other for work, other in snapshot.stages.items() if work.number == attempt.prompt)
    return tuple(other.work.path for other in others if other.state.live and other.work != attempt.work)


def make_good(context: Context, parent: Attempt, position: Position) -> None:
    """Take back what turns changed that were killed, or cut off: nobody looked when they ended. Raises CoordError."""
    for turn in position.turns:
        work = turn_work(parent.prompt, turn.path)
        attempt = context.find(work, parent.attempt)
        if attempt is None or attempt.state.live or _is_taken(context, attempt):
            continue
        _end_all(context, attempt)
        take_back(context.layout, attempt.work, attempt.attempt)
        take_back_changes(context, attempt)
        _tell_taken(context, attempt, _note_taken(context, attempt, Taken()))


def taken_of(context: Context, attempt: Attempt) -> Taken:
    """What was found when a turn had ended; nothing where nobody looked, as after a kill."""
    if not _is_taken(context, attempt):
        return Taken()
    try:
        values = read_json(str(context.directory(attempt) / TAKEN))
        return Taken() if values is None else read_taken(values)
    except (BadRecord, BadState):
        return Taken()


def _note_taken(context: Context, attempt: Attempt, taken: Taken) -> str | None:
    """Keep what was found when a turn had ended. Returns the digest of it, for the log: agents can write there too."""
    place = context.directory(attempt) / TAKEN
    write_json(place, taken_values(taken))
    return digest_of(place)


def _tell_taken(context: Context, attempt: Attempt, digest: str | None) -> None:
    """Tell the log what is kept of a turn, where the event of its end can't."""
    told = {"attempt": attempt.attempt, "agent": attempt.agent, "taken": digest}
    context.log_about(attempt, Draft(_CHECKED, attempt.work.subject, told))


def _is_taken(context: Context, attempt: Attempt) -> bool:
    """Whether the log says that an ended turn was looked at, and came to what its directory says."""
    try:
        digest = digest_of(context.directory(attempt) / TAKEN)
    except (OSError, CoordError):
        return False
    told = (context.log.get(event_id(attempt, kind)) for kind in (*_ENDED, _CHECKED))
    return bool(digest) and any(event is not None and event.data.get("taken") == digest for event in told)


def parent_of(context: Context, attempt: Attempt) -> Attempt | None:
    """The attempt of the prompt that a turn is part of."""
    return find_attempt(context.layout, prompt_work(attempt.prompt), attempt.attempt)


def is_orphan(context: Context, attempt: Attempt) -> bool:
    """It is a turn of a prompt's attempt that is over, or is to be ended: whoever ends that may not know of it yet."""
    if not attempt.work.stage:
        return False
    parent = parent_of(context, attempt)
    return parent is None or parent.state is not StepState.RUNNING or bool(parent.kill)
