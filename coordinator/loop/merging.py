"""Brings changes through the gate, records what came of it, and clears up behind a merge."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from coordinator.apply.removal import remove_worktree
from coordinator.apply.steps import agent_event, attempt_lock
from coordinator.changes import worktrees
from coordinator.changes.forge import Remote, pass_forge
from coordinator.changes.gate import MergeRequest, find_landed, merge_attempt
from coordinator.changes.outcome import AtForge, Conflict, Merged, Nothing, Outcome, Red, Refused, Waiting
from coordinator.errors import CoordError
from coordinator.failpoint import failpoint
from coordinator.lazy.dataclass import replace
from coordinator.loop.actions import FindLanded, Merge, Tidy
from coordinator.loop.completion import clear_up, close_windows, come_back, tidy_flow, tidy_turn
from coordinator.loop.context import Context
from coordinator.loop.forge_words import take_up
from coordinator.loop.worker import Task
from coordinator.model.event import Draft
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import plain, plain_lines
from coordinator.observe.log_audit import trailer
from coordinator.observe.setup import wanted_setup
from coordinator.secrets.redaction import redact
from coordinator.storage import ports

_OUTPUT_TAIL = 4000
"""Characters of a red suite's output that the agent is shown."""


def merge(context: Context, snapshot: Snapshot, action: Merge) -> Task | None:
    """What a worker has to run to merge a change; None when there is nothing to merge any more."""
    attempt = action.of(snapshot)
    if attempt is None:
        return None
    prompt = snapshot.prompts[action.number]
    request = MergeRequest(
        made=attempt.commits[-1] if attempt.commits else "",
        landed=action.landed,
        work=attempt.work,
        attempt=attempt.attempt,
        title=redact(prompt.title),
        run=attempt.run,
        branch=attempt.branch,
        base=attempt.base_branch,
        start=attempt.base,
        tip=action.commit,
        wanted=lambda: _open(context, attempt),
        suites=prompt.validation_suites,
        owned=context.config.prompt_folders,
        guest=context.gate_guest,
        setup=wanted_setup(context.config),
        ports=lambda: ports.borrowed(context.layout.root),
        trailers=trailer(context.log),
    )
    if context.config.gate == "forge" and (action.landed or not action.commit):
        remote = Remote(context.config.remote, context.config.forge)
        body = _description(attempt)
        return lambda: _followed(context, pass_forge(context.layout, request, remote, body=body))
    return lambda: _followed(context, merge_attempt(context.layout, replace(request, landing=context.ahead.follow)))


def _followed(context: Context, outcome: Outcome) -> Outcome:
    """Have what is made ready ahead follow the base, wherever that is by now."""
    context.ahead.follow()
    return outcome


def find(context: Context, snapshot: Snapshot, action: FindLanded) -> Task | None:
    """What a worker has to run to see whether an open change was merged by hand; None when it isn't open any more."""
    attempt = action.of(snapshot)
    if attempt is None or not attempt.opened_on:
        return None
    request = MergeRequest(
        work=attempt.work,
        attempt=attempt.attempt,
        branch=attempt.branch,
        start=attempt.base,
        made=attempt.commits[-1] if attempt.commits else "",
        opened=attempt.opened_on,
    )
    return lambda: find_landed(context.layout, request, action.base_tip, action.looked)


def record_landed(context: Context, attempt: Attempt, action: FindLanded, outcome: Merged | None) -> bool:
    """Record that somebody merged a change by hand, unless its end was asked for meanwhile."""
    if outcome is None or _was_ended(context.reread(attempt)):
        return True
    changes = {"merged_as": outcome.commit, "commits": outcome.commits or attempt.commits}
    context.advance(attempt, StepState.MERGED, data={"by_hand": True}, reason="", **changes)
    return True


@contextmanager
def _open(context: Context, attempt: Attempt) -> Iterator[bool]:
    """Keep an attempt from being ended; False when its end was asked for already."""
    with attempt_lock(context.layout, attempt):
        yield not _was_ended(context.reread(attempt))


def _was_ended(current: Attempt) -> bool:
    return bool(current.kill) or current.state is not StepState.CHANGE_OPEN


def _description(attempt: Attempt) -> str:
    """The text of a pull request: what the agent handed off, as quoted text."""
    receipt = attempt.receipt
    said = redact(receipt.summary) if receipt else ""
    parts = ["\n".join(f"> {line}" for line in plain_lines(said)), f"Prompt {attempt.prompt:02d}, {attempt.agent}"]
    return "\n\n".join(part for part in parts if part)


def record_outcome(context: Context, attempt: Attempt, action: Merge, outcome: Outcome) -> bool:
    """Record what the gate said; False when the merge has to be tried again later."""
    failpoint("merge-landed")
    if not isinstance(outcome, Merged) and _was_ended(context.reread(attempt)):
        return True  # whatever kept it from landing, nobody wants it any more
    match outcome:
        case Merged():
            changes = {"merged_as": outcome.commit, "commits": outcome.commits}
            said = {"landed": action.landed} if action.landed else {}
            context.advance(attempt, StepState.MERGED, data=said, reason="", kill="", **changes)
        case Nothing():
            come_back(context, attempt, f"the commits of {attempt.branch} are gone from it: its change was not merged")
        case Conflict():
            context.log_about(attempt, Draft("conflict.detected", attempt.work.subject, _conflict(attempt, outcome)))
            come_back(context, attempt, outcome.message)
        case Red():
            come_back(context, attempt, _red(outcome))
        case Refused() if not action.commit:
            come_back(context, attempt, f"{_with_files(outcome)}\n{outcome.remedy}")
        case AtForge():
            if outcome.comments and take_up(context, attempt, outcome):
                return True
            if attempt.reason != outcome.reason:
                context.amend(attempt, reason=outcome.reason)
                data = {"attempt": attempt.attempt, "reason": outcome.reason, "url": outcome.url}
                context.say(Draft("run.at_forge", attempt.work.subject, data))
            return False
        case Refused() | Waiting():
            reason = _with_files(outcome)
            if attempt.reason != reason:
                context.amend(attempt, reason=reason)
                context.say(Draft("problem.found", attempt.work.subject, {"reason": reason}))
            return False
    failpoint("merge-recorded")
    return True


def explain(context: Context, attempt: Attempt, error: Exception) -> None:
    """Let the step itself say why its change does not land."""
    reason = f"{error.message}; {error.remedy}" if isinstance(error, CoordError) else str(error)
    with suppress(CoordError, OSError):  # what keeps it from landing, a full disk, may keep this from being written
        if context.reread(attempt).reason != reason:
            context.amend(attempt, reason=reason)


def _conflict(attempt: Attempt, outcome: Conflict) -> dict[str, object]:
    return {"attempt": attempt.attempt, "files": [plain(name) for name in outcome.files], "reason": outcome.message}


def _with_files(outcome: Refused | Waiting) -> str:
    """The reason, with the first files that it is about unless it names them itself."""
    new = [plain(name) for name in outcome.files[:5] if plain(name) not in outcome.reason]
    return f"{outcome.reason} ({', '.join(new)})" if new else outcome.reason


def _red(outcome: Red) -> str:
    tail = redact(outcome.output.strip())[-_OUTPUT_TAIL:]
    return f"{outcome.words}:\n{tail}"


def tidy(context: Context, snapshot: Snapshot, action: Tidy) -> None:
    """Keep the last screen of an attempt, close its prompt's windows, and remove a merged one's worktree."""
    attempt = action.of(snapshot)
    if attempt is None:
        return
    if attempt.work.flow:
        tidy_flow(context, attempt)
        return
    if attempt.work.stage:
        tidy_turn(context, attempt)
        return
    clear_up(context, attempt)
    close_windows(context, attempt.work)
    why = _remove_worktree(context, attempt) if attempt.state is StepState.MERGED else "it is not merged"
    context.amend(attempt, window="", pane="", worktree=attempt.worktree if why else "", tidied=True)
    if attempt.state is StepState.MERGED:
        _clear_earlier(context, attempt)


def _clear_earlier(context: Context, attempt: Attempt) -> None:
    """Remove worktrees and branches of the same prompt's earlier attempts, as far as they hold nothing any more."""
    for count in range(attempt.attempt - 1, 0, -1):
        before = context.find(attempt.work, count)
        if before is None or not before.branch or not before.worktree or before.state.live:
            continue
        with suppress(CoordError):
            base = before.base_branch or attempt.base_branch
            gone = worktrees.remove(context.layout, before.work, before.attempt, base, branch=before.branch)
            if isinstance(gone, worktrees.Removed):
                context.amend(before, worktree="")


def _remove_worktree(context: Context, attempt: Attempt) -> str:
    """Remove a merged attempt's worktree; why it was kept instead, which is logged, if anything would be lost."""
    if not attempt.branch:
        return ""
    removed, failed = remove_worktree(context.layout, context.config, attempt, context.gate_guest)
    if failed:
        context.log_about(attempt, agent_event(attempt, "problem.teardown", reason=failed))
    why = removed.reason if isinstance(removed, worktrees.Kept) else ""
    if why:
        context.log_about(attempt, agent_event(attempt, "problem.worktree_kept", reason=why))
    return why
