"""How an agent ends its attempt: one event that holds the whole receipt, and what is written from it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from coordinator.apply.handoff_files import handed_off, publish
from coordinator.apply.steps import attempt_lock, event_id, find_attempt, reread
from coordinator.changes.diff import change_of
from coordinator.changes.elsewhere import Elsewhere, work_elsewhere
from coordinator.changes.git import Git
from coordinator.changes.rules import way_back
from coordinator.changes.safekeeping import keep_safe
from coordinator.changes.submodules import refuse_pointers
from coordinator.errors import CoordError, Refused, UsageError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.identity import who
from coordinator.eventlog.store import EventLog
from coordinator.failpoint import failpoint
from coordinator.model.caller import Caller
from coordinator.model.change import Change
from coordinator.model.clock import utc_now
from coordinator.model.event import Actor, ActorKind, Draft, may_write
from coordinator.model.handoff import HAND_OFF, OUTCOMES, receipt_of, said_by, words_of
from coordinator.model.staged_phases import commits_nothing, place_of
from coordinator.model.staged_report import REPORTED
from coordinator.model.step import Attempt, Receipt
from coordinator.model.text import plain
from coordinator.observe.project import Project
from coordinator.secrets.redaction import redact
from coordinator.storage.config import Config
from coordinator.storage.files import sha256
from coordinator.storage.paths import Layout
from coordinator.storage.prompts import PromptReader

_MOST_FILES = 500
"""Files of a change that its receipt names."""
HANDED_IN: Mapping[str, tuple[str, str]] = {
    "planner": ("planner.decided", "plan"),
    "verifier": ("verdict.given", "verdict"),
}
"""Role of a flow → the event that its work comes to, and the verb of `coord agent` that writes it."""
_MOST_WORDS = 200
"""Events of that kind, about one flow of one iteration, that are looked through."""
_OR_NOTHING = "; if nothing had to be changed, say so: `coord agent done --no-change --summary TEXT`"


def hand_off(
    environ: Mapping[str, str],
    pid: int,
    *,
    outcome: str,
    summary: str,
    limitations: Sequence[str] = (),
    decisions: Sequence[str] = (),
    validation: Sequence[str] = (),
    checks: Sequence[str] = (),
    files: Sequence[str] = (),
    left: Sequence[str] = (),
    learnings: Sequence[str] = (),
    answers: Sequence[str] = (),
    next_flow: str = "",
    no_change: bool = False,
    request: str = "",
) -> Receipt:
    """Seal the attempt that a process belongs to; what was handed off with the same `request` is that hand-off.

    Raises Refused when it belongs to none, when that attempt has ended, and, for `done`, while its worktree holds
    work that is not committed, or its branch nothing at all unless `no_change` says so; UsageError for an empty
    summary.
    """
    if outcome not in OUTCOMES:
        raise UsageError(f"`{outcome}` is no outcome", f"use one of {', '.join(OUTCOMES)}")
    if not summary.strip():
        raise UsageError("nothing was said", "say in a sentence what was done, or what is in the way")
    actor = who(environ, pid)
    layout, attempt = _own_attempt(environ, actor)
    again = _again(layout, attempt, actor, request)
    if again is not None:
        return again
    _refuse_ended(attempt)
    commits: tuple[str, ...] = ()
    if outcome == "done" and attempt.work.kind != "prompt":
        _refuse_wordless(layout, attempt)
    if outcome == "done" and attempt.branch and not commits_nothing(attempt.work.path):
        change = _complete_change(layout, attempt, no_change)
        keep_safe(layout, attempt.branch, attempt.base, whole=True)  # the log names them next
        commits = tuple(commit.sha for commit in change.commits)
        files = files or [file.path for file in change.files]
    with EventLog.open(layout.events_db) as log:
        seq, digest = log.anchor()
        receipt = Receipt(
            outcome,
            _clean(summary),
            actor.name,
            utc_now(),
            commits,
            _bounded(files),
            _said(validation),
            _said(limitations),
            _said(decisions),
            log_seq=seq,
            log_hash=digest,
            no_change=no_change,
            learnings=_said(learnings),
            left=_said(left),
            next=_clean(next_flow),
            checks=_said(checks),
            answers=_said(answers),
        )
        given = _give(layout, log, attempt, receipt, actor, request)
        failpoint("handoff-given")
        _publish(layout, attempt, given)
    return given[-1]


def _publish(layout: Layout, attempt: Attempt, given: Sequence[Receipt]) -> None:
    """Write down what is handed off already; what prevents that the loop says, and makes up for."""
    with suppress(CoordError, OSError):
        publish(layout, attempt, given)


def _again(layout: Layout, attempt: Attempt, actor: Actor, request: str) -> Receipt | None:
    """What the same request has handed off before, whatever became of the attempt since."""
    if not request:
        return None
    with EventLog.open(layout.events_db) as log:
        event = log.get(_request_id(attempt, request))
        if event is None or event.actor != actor.name:
            return None
        _publish(layout, attempt, handed_off(log, attempt))
    return receipt_of(event)


def _give(
    layout: Layout, log: EventLog, attempt: Attempt, receipt: Receipt, actor: Actor, request: str
) -> tuple[Receipt, ...]:
    """Put the hand-off on the log, with all that it says; returns every one of the attempt.

    One that says the same as the last is that one. Under the lock of the attempt: none comes after its end.
    """
    with attempt_lock(layout, attempt):
        given = handed_off(log, attempt)
        if request and log.get(_request_id(attempt, request)) is not None:
            return given
        _refuse_ended(reread(layout, attempt))
        if not given or words_of(given[-1]) != words_of(receipt):
            log.append(list(_drafts(attempt, receipt, actor, len(given) + 1, request)), actor, attempt.run)
    return handed_off(log, attempt)


def _request_id(attempt: Attempt, request: str) -> str:
    """The id of the hand-off that a request makes."""
    return event_id(attempt, f"{HAND_OFF}/request/{request}")


def not_done(layout: Layout, attempt: Attempt, change: Change, config: Config, *, said: bool, trivial: bool) -> str:
    """Why the work of an attempt can't be taken as it is, with the places where it seems to be; empty when it can.

    `said`: its agent says that nothing had to be changed; `trivial`: so does its prompt. What is certainly its own work
    outweighs either word.
    """
    reasons = [_left_behind(change)]
    if not change.commits and not change.strayed:
        reasons.append(_missing(work_elsewhere(layout, attempt, config.prompt_folders), change, said or trivial))
    return "; ".join(reason for reason in reasons if reason)


def _left_behind(change: Change) -> str:
    if change.strayed:
        return f"its work is on {plain(change.strayed)} instead of {change.branch}"
    if change.damaged:
        return change.damaged
    if change.unreadable and not change.commits:
        return f"nothing is committed, and {change.unreadable}"
    left = change.modified or (() if change.commits else change.untracked)
    if not left:
        return ""
    shown = ", ".join(plain(name) for name in left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
    return f"it handed off with uncommitted work in its worktree: {shown}"


def _missing(found: Sequence[Elsewhere], change: Change, nothing: bool) -> str:
    """Why a branch without commits is not done; `nothing`: it was said that nothing had to be changed."""
    found = [one for one in found if one.own] if nothing else found
    if nothing and not found:
        return ""
    where = "; ".join(one.text for one in found)
    return f"nothing is committed on {change.branch}" + (f", but since it began there is: {where}" if where else "")


def _own_attempt(environ: Mapping[str, str], actor: Actor) -> tuple[Layout, Attempt]:
    """The attempt whose agent this is."""
    root, caller = environ.get("COORD_ROOT", ""), Caller(environ, 0, "")
    work, count = caller.work, caller.attempt
    if actor.kind is not ActorKind.AGENT or not (root and work is not None and count):
        raise Refused("only an agent hands off its work", "`coord kill` and `coord restart` are for people")
    layout = Layout(Path(root))
    attempt = find_attempt(layout, work, count)
    if attempt is None or attempt.agent != actor.name:
        raise Refused(f"{actor.name} has no attempt in {root}", "only the agent that the loop started may hand off")
    return layout, attempt


def missing_word(log: EventLog, attempt: Attempt) -> str:
    """What the agent of a flow has not handed in that its role is there for; empty: nothing is missing."""
    place = place_of(attempt.work.path)
    reports = place is not None and place.reports
    kind, verb = (REPORTED, "stage") if reports else HANDED_IN.get(attempt.role, ("", ""))
    if not kind:
        return ""
    said = log.tail(_MOST_WORDS, Filter(kinds=(kind,), subject=attempt.work.subject))
    own = (attempt.agent, attempt.run, attempt.attempt)
    if any((event.actor, event.run, event.data.get("attempt")) == own for event in said):
        return ""
    return f"it handed off without a word of what it came to: `coord agent {verb}` was not called"


def _refuse_wordless(layout: Layout, attempt: Attempt) -> None:
    """Refuse the end of a flow whose agent has not said yet what it is there for."""
    with EventLog.open(layout.events_db) as log:
        missing = missing_word(log, attempt)
    if missing:
        raise Refused(f"not done yet: {missing}", "its `--help` tells how; call it, then hand off")


def _refuse_ended(attempt: Attempt) -> None:
    if not attempt.state.live or attempt.exit is not None:
        raise Refused(
            f"the attempt of {attempt.agent} has ended: {attempt.state.value}", "there is nothing to hand off"
        )


def _complete_change(layout: Layout, attempt: Attempt, no_change: bool) -> Change:
    change, config = change_of(layout, attempt), Project(layout).config
    if attempt.work.stage:
        from coordinator.apply.turn_handoff import change_of_turn

        no_change, change = True, change_of_turn(layout, attempt, change)  # a station may have nothing to change
    trivial = not (no_change or change.commits) and _is_trivial(layout, config, attempt.prompt)
    reason = not_done(layout, attempt, change, config, said=no_change, trivial=trivial)
    if reason:
        how = "commit what belongs to the change, discard or ignore the rest, try again"
        if change.strayed:
            how = f"{way_back(change)}, and try again"
        elif not (change.commits or change.modified or change.untracked):
            how = f"bring what is yours onto {attempt.branch}, in {layout.root / attempt.worktree}, and try again"
            how += _OR_NOTHING
        raise Refused(f"not done yet: {reason}", how)
    pointer = refuse_pointers(Git(layout.root), change, layout.worktree(attempt.work, attempt.attempt))
    if pointer is not None:
        raise Refused(f"not done yet: {pointer.reason}", pointer.remedy)
    return change


def _is_trivial(layout: Layout, config: Config, number: int) -> bool:
    prompt = PromptReader(layout, config).refresh(None).prompts.get(number)
    return prompt is not None and prompt.trivial


def _drafts(attempt: Attempt, receipt: Receipt, actor: Actor, turn: int, request: str) -> Iterator[Draft]:
    """What goes on the log: the hand-off, what was decided, and what was learned, where the role may say that."""
    subject = attempt.work.subject
    words = sha256(json.dumps(said_by(words_of(receipt), attempt.attempt)).encode())
    id_ = _request_id(attempt, request) if request else event_id(attempt, f"{HAND_OFF}/{turn}/{words}")
    yield Draft(HAND_OFF, subject, said_by(receipt, attempt.attempt), id_)
    lists = {"decision.recorded": receipt.decisions, "learning.noted": receipt.learnings}
    for kind, texts in lists.items():
        for text in texts if may_write(actor, kind) else ():
            data = {"text": text, "attempt": attempt.attempt}
            yield Draft(kind, subject, data, event_id(attempt, f"{kind}/{sha256(text.encode())}"))


def _said(items: Sequence[str]) -> tuple[str, ...]:
    """What was said, without what says nothing."""
    return tuple(_clean(item) for item in items if item.strip())


def _clean(text: str) -> str:
    """A text as the log can hold it: without secrets, and without bytes that are no characters."""
    return redact(text.strip().encode("utf-8", "replace").decode())


def _bounded(files: Sequence[str]) -> tuple[str, ...]:
    """Names of files, as many as belong into an event; git has all of them."""
    shown = [_clean(name) for name in files[:_MOST_FILES]]
    return (*shown, f"and {len(files) - _MOST_FILES} more") if len(files) > _MOST_FILES else tuple(shown)
