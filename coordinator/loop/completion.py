"""What became of an attempt whose process has ended: merged, open for the gate, failed or blocked. Never by silence."""

from contextlib import closing
from pathlib import Path

from coordinator.agents.hooks import LINE, STATUS
from coordinator.agents.launch import NO_WORKTREE
from coordinator.apply.handoff import missing_word, not_done
from coordinator.apply.handoff_files import handed_off, publish, sealed
from coordinator.apply.kill import end_processes, finish_kill
from coordinator.apply.steps import agent_event, step_event
from coordinator.changes.diff import change_of
from coordinator.changes.elsewhere import work_elsewhere
from coordinator.changes.git import Git
from coordinator.changes.lending import take_back
from coordinator.changes.safekeeping import keep_safe
from coordinator.errors import CoordError
from coordinator.failpoint import failpoint
from coordinator.lazy.typing import Any
from coordinator.loop.actions import Expire, FinishKill, Return, Settle
from coordinator.loop.context import Context
from coordinator.loop.exits import has_ended
from coordinator.loop.flow_work import drop_checkout, tell_changes
from coordinator.loop.going_on import at_limit, limit_met
from coordinator.loop.interruption import what_cut_off
from coordinator.loop.monitors.activity import final_usage, session_of
from coordinator.loop.prompt_status import note_hand_off
from coordinator.loop.station_work import settle_turn
from coordinator.model.change import Change
from coordinator.model.clock import timestamp
from coordinator.model.event import Draft
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import plain
from coordinator.model.work import WorkId
from coordinator.observe.observer import Observer
from coordinator.processes.terminate import agent_processes
from coordinator.safefiles.regular import replace_file
from coordinator.secrets.redaction import redact
from coordinator.services.planning import numbers_text
from coordinator.services.subtask import waited_for
from coordinator.storage.files import read_limited, write_atomic

RETURNS = 3
"""Attempts after which work that comes back from the gate halts the plan instead, unless more are configured."""
_TRACES = (STATUS, LINE, "output.jsonl")
_TRACE_LIMIT = 64 * 1024 * 1024
_HINTS = {
    NO_WORKTREE: "its worktree is gone",
    126: "its command can't be executed",
    127: "its command was not found",
    130: "interrupted",
    137: "killed",
    143: "terminated",
}


def settle(context: Context, snapshot: Snapshot, action: Settle) -> None:
    """Record what an ended attempt came to, and clear up behind it."""
    ended = _record_end(context, snapshot, action)
    if ended is None:
        return
    context.look()  # what came of it is known before all is cleared up
    if ended.work.flow:
        tidy_flow(context, ended)
    elif ended.work.stage:
        tidy_turn(context, ended)
    else:
        _clear_up_behind(context, ended)


def _clear_up_behind(context: Context, ended: Attempt) -> None:
    clear_up(context, ended)
    lands = ended.state is StepState.CHANGE_OPEN and context.config.gate != "review"
    if lands or ended.state is StepState.MERGED:
        close_windows(context, ended.work)  # nobody is to look at it: its last screen is kept


def kill(context: Context, snapshot: Snapshot, action: FinishKill) -> None:
    """End what is left of an attempt, and do with its step what was asked."""
    attempt = action.of(snapshot)
    if attempt is not None:
        context.retire(finish_kill(context.layout, context.log, attempt))


def _record_end(context: Context, snapshot: Snapshot, action: Settle) -> Attempt | None:
    """Read from hand-off, exit file and branch what an ended attempt came to, record it and return it."""
    attempt = context.current(snapshot, action)
    if attempt is None or not attempt.state.live or attempt.kill:
        return None
    if attempt.exit is None and still_runs(context, attempt):
        return None
    attempt = context.reread(attempt)  # exit file and hand-off may have come just before the process went
    if attempt.state is StepState.DISPATCHED:
        attempt = sealed(context.log, context.advance(attempt, StepState.RUNNING, step_event(attempt)))
    make_up(context, attempt)
    if attempt.work.kind == "prompt":
        note_hand_off(context, snapshot.prompts[action.number], attempt)
    failpoint("settle-ended")
    if cause := what_cut_off(context, attempt):
        attempt = _interrupted(context, attempt, cause)
    elif met := limit_met(context, attempt):
        attempt = at_limit(context, attempt, met, _ended(context, attempt))
    else:
        attempt = _settle_ended(context, snapshot, attempt)
    failpoint("settle-recorded")
    return attempt


def make_up(context: Context, attempt: Attempt) -> None:
    """Write what a hand-off is to be found in, where a kill came between; what prevents that prevents nothing else."""
    try:
        publish(context.layout, attempt, handed_off(context.log, attempt))
    except (CoordError, OSError) as error:
        said = error.message if isinstance(error, CoordError) else str(error)
        context.log_about(attempt, agent_event(attempt, "problem.handoff_unwritten", reason=said))


def _interrupted(context: Context, attempt: Attempt, cause: str) -> Attempt:
    """Back into the line: it starts again by itself, from what is there, unless the settings want a human to say so."""
    state, reason = StepState.PENDING, f"interrupted: {cause} went down"
    if not context.config.go_on:
        state, reason = StepState.BLOCKED, f"{reason}, and `go_on` is off: coord restart {attempt.handle}"
    return context.advance(
        attempt,
        state,
        _ended(context, attempt),
        reason=reason,
        data={"interrupted": True},
        interrupted=True,
        interruptions=attempt.interruptions + 1,
        limits=0,
        limit_ends=0.0,
        session=session_of(context.layout, attempt, context.config),
    )


def _ended(context: Context, attempt: Attempt) -> Draft:
    """The event of an agent's end, as far as anybody knows how that was."""
    used = final_usage(context.layout, attempt, context.config)
    if attempt.exit is None:
        return agent_event(attempt, "agent.lost", **used)
    took = max(0.0, timestamp(attempt.exit.at) - timestamp(attempt.started))
    told: dict[str, object] = {"runtime": attempt.runtime, "seconds": round(took, 1), **used}
    told |= {"model": attempt.model} if attempt.model else {}
    told |= {"outcome": attempt.receipt.outcome} if attempt.receipt is not None else {}
    return agent_event(attempt, "agent.exited", status=attempt.exit.status, **told)


def _settle_ended(context: Context, snapshot: Snapshot, attempt: Attempt) -> Attempt:
    exited = _ended(context, attempt)
    state, reason = judge_end(attempt)
    if attempt.work.flow:
        return _settle_flow(context, attempt, exited, state, reason)
    if attempt.work.stage:
        return settle_turn(context, snapshot, attempt, exited, state, reason)
    return _settle_change(context, snapshot, attempt, state, reason, exited)


def _settle_change(
    context: Context, snapshot: Snapshot, attempt: Attempt, state: StepState, reason: str, *exited: Draft
) -> Attempt:
    """Have the branch tell what came of it: merged where nothing had to be changed, else open for the gate."""
    damaged = take_back(context.layout, attempt.work, attempt.attempt) if attempt.branch else ""
    if damaged and state is StepState.CHANGE_OPEN:
        state, reason = StepState.FAILED, damaged
    if state is StepState.BLOCKED and (parts := _parts_of(context, attempt)):
        bring = f"; `git merge {attempt.base_branch}` brings it here" if attempt.branch else ""
        told = f"{reason}; waits for {numbers_text(parts)}, {'a part' if len(parts) == 1 else 'parts'} of it{bring}"
        return context.advance(attempt, StepState.PENDING, *exited, continues=True, reason=told)
    if state is not StepState.CHANGE_OPEN:
        return context.advance(attempt, state, *exited, reason=reason)
    if not attempt.branch:
        return _settle_shared(context, attempt, *exited)
    change = change_of(context.layout, attempt)
    left = _not_done(context, snapshot, attempt, change)
    if left:
        return context.advance(attempt, StepState.FAILED, *exited, reason=left)
    if not change.commits:
        return context.advance(attempt, StepState.MERGED, *exited, reason=_past_the_gate(context, attempt))
    keep_safe(context.layout, attempt.branch, attempt.base)
    commits = tuple(commit.sha for commit in change.commits)
    size = {"added": change.added, "removed": change.removed}
    data = {"files": len(change.files), **size}
    opened: dict[str, Any] = {"commits": commits, "opened_on": change.base_tip, "reason": "", **size}
    if change.fork == change.tip:
        past = f"its commits are on {plain(change.base_branch)} already, and no gate let them in"
        context.log_about(attempt, agent_event(attempt, "problem.past_the_gate", reason=past))
        opened["reason"] = past
    return context.advance(attempt, StepState.CHANGE_OPEN, *exited, data=data, **opened)


def _parts_of(context: Context, attempt: Attempt) -> tuple[int, ...]:
    """Children that its prompt waits for, as things are now: they may be newer than the loop's last look."""
    with closing(Observer(context.layout)) as observer:
        return waited_for(observer.snapshot(), attempt.prompt)


def _settle_flow(context: Context, attempt: Attempt, exited: Draft, state: StepState, reason: str) -> Attempt:
    """A flow is over when its agent has handed off and said what it is there for. There is nothing to merge."""
    tell_changes(context, attempt)
    if state is StepState.BLOCKED:
        state = StepState.FAILED
    elif state is StepState.CHANGE_OPEN:
        reason = missing_word(context.log, attempt)
        state = StepState.FAILED if reason else StepState.MERGED
    return context.advance(attempt, state, exited, reason=reason)


def tidy_flow(context: Context, attempt: Attempt) -> None:
    """Clear up behind an attempt at a flow that has ended, whatever it came to: nothing of it is wanted any more."""
    clear_up(context, attempt)
    close_windows(context, attempt.work)
    drop_checkout(context, attempt)
    context.amend(attempt, window="", pane="", worktree="", tidied=True)


def tidy_turn(context: Context, attempt: Attempt) -> None:
    """Clear up behind a turn of a pipeline that has ended, and all its processes; its worktree is its prompt's."""
    save_screen(context, attempt)
    _clean_traces(context.directory(attempt))
    close_windows(context, attempt.work)
    context.amend(attempt, window="", pane="", tidied=True)


def settle_sealed(context: Context, snapshot: Snapshot, attempt: Attempt) -> None:
    """Settle an attempt without an agent of its own by the hand-off that it has on the log."""
    make_up(context, attempt)
    note_hand_off(context, snapshot.prompts[attempt.prompt], attempt)
    failpoint("settle-ended")
    state, reason = judge_end(attempt)
    ended = _settle_change(context, snapshot, attempt, state, reason)
    failpoint("settle-recorded")
    context.look()
    _clear_up_behind(context, ended)


def _not_done(context: Context, snapshot: Snapshot, attempt: Attempt, change: Change) -> str:
    """The rule of `coord agent done` once more: its agent may have gone on after its hand-off."""
    prompt, receipt = snapshot.prompts.get(attempt.prompt), attempt.receipt
    said, trivial = receipt is not None and receipt.no_change, prompt is not None and prompt.trivial
    return not_done(context.layout, attempt, change, context.config, said=said, trivial=trivial)


def _past_the_gate(context: Context, attempt: Attempt) -> str:
    """Tell of work that lies about though nothing had to be changed, as was said: it may be anybody's. Empty: none."""
    found = work_elsewhere(context.layout, attempt, context.config.prompt_folders)
    if not found:
        return ""
    where = "; ".join(one.text for one in found)
    reason = f"no change, as was said, but since it began there is: {where}. If that is its work, no gate let it in"
    context.log_about(attempt, agent_event(attempt, "problem.past_the_gate", reason=reason))
    return reason


def _settle_shared(context: Context, attempt: Attempt, *exited: Draft) -> Attempt:
    """Work in the project's own folder is there already; commits that were made meanwhile are all that can be told."""
    commits: tuple[str, ...] = ()
    if attempt.base:
        log = ("log", "--reverse", "--first-parent", "--no-merges", "--format=%H", f"{attempt.base}..HEAD", "--")
        commits = tuple(Git(context.layout.root).run(*log, ok=None).text.split())
    data = {"no_change": False, "in_place": True}
    return context.advance(attempt, StepState.MERGED, *exited, commits=commits, data=data)


def judge_end(attempt: Attempt) -> tuple[StepState, str]:
    """State and reason by hand-off and exit file alone; `change-open` means that the branch has to tell.

    What was handed off counts, however its process ended after that: killed, or with the machine.
    """
    receipt = attempt.receipt
    if receipt is not None:
        state = {"failed": StepState.FAILED, "blocked": StepState.BLOCKED}.get(receipt.outcome)
        return (StepState.CHANGE_OPEN, "") if state is None else (state, receipt.summary)
    if attempt.exit is None:
        return StepState.FAILED, "its process is gone without a word of how it ended (killed, or the machine went down)"
    status = attempt.exit.status
    hint = f" ({_HINTS[status]})" if status in _HINTS else ""
    return StepState.FAILED, f"ended with exit status {status}{hint} without handing off"


def expire(context: Context, snapshot: Snapshot, action: Expire) -> None:
    """Ask for the end of an attempt that ran out of time."""
    attempt = context.current(snapshot, action)
    if attempt is not None and attempt.state.live and not attempt.kill:
        context.overrule(attempt)
        reason = f"took longer than the {action.limit:g} s it was given" if action.limit else "its prompt was ended"
        context.amend(attempt, kill="fail", reason=reason)


def give_back(context: Context, snapshot: Snapshot, action: Return) -> None:
    """A human rejected the change: the next attempt goes on from it, with the reason."""
    attempt = context.current(snapshot, action)
    if attempt is not None and attempt.state is StepState.CHANGE_OPEN:
        context.advance(attempt, StepState.PENDING, continues=True, reason=action.reason)


def come_back(context: Context, attempt: Attempt, reason: str) -> None:
    """The gate did not take the change: back to an agent, or halt the plan when that has happened too often."""
    often = attempt.attempt - attempt.interruptions >= max(RETURNS, context.config.max_attempts)
    context.advance(attempt, StepState.FAILED if often else StepState.PENDING, continues=True, reason=reason)


def still_runs(context: Context, attempt: Attempt) -> bool:
    """Whether the attempt's own process lives; a window that step.json doesn't know yet is noted."""
    for window in context.windows(attempt):
        if not window.dead and window.pid and not has_ended(window.pid):
            if window.id != attempt.window:
                context.amend(attempt, window=window.id, pane=window.pane)
            return True
    # without a window (the tmux server died) an agent that ignores hang-ups may still be at work
    return attempt.pid in agent_processes(attempt.agent, context.layout.root) and not has_ended(attempt.pid)


def clear_up(context: Context, attempt: Attempt) -> None:
    """Keep the last screen of an attempt that has ended, end what it left running, clean what its CLI noted."""
    save_screen(context, attempt)
    end_processes(context.layout, attempt)
    context.retire(attempt)
    _clean_traces(context.directory(attempt))


def close_windows(context: Context, work: WorkId) -> None:
    """Close the windows of a piece of work in which nothing runs any more; tmux may not have noticed that yet."""
    mark = {"root": str(context.layout.root), **work.mark}
    for window in context.terminals.windows():
        ours = mark.items() <= dict(window.mark).items()
        if ours and (window.dead or (window.pid and has_ended(window.pid))):
            context.terminals.kill_window(window.id)


def save_screen(context: Context, attempt: Attempt) -> None:
    """Keep the last screen of an attempt's window as `screen.txt`, in its colours; nothing to keep is fine."""
    target: Path = context.directory(attempt) / "screen.txt"
    for window in context.windows(attempt):
        text = redact(context.terminals.capture(window.pane))
        replace_file(target, text.encode("utf-8", "replace"))
        return


def _clean_traces(directory: Path) -> None:
    """Take secrets out of what hooks and CLIs wrote while the agent ran: only now nobody writes there any more."""
    for name in _TRACES:
        path = directory / name
        try:
            text = read_limited(path, _TRACE_LIMIT).decode("utf-8", "surrogateescape")
        except (OSError, CoordError):
            continue
        clean = redact(text)
        if clean != text:
            write_atomic(path, clean.encode("utf-8", "surrogateescape"))
