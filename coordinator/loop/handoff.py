"""How an agent ends its attempt: a receipt, a hand-off for people, and an event. Called by `coord agent …`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from coordinator.artifacts.documents import append_summary
from coordinator.artifacts.files import write_atomic
from coordinator.artifacts.paths import Layout
from coordinator.artifacts.runs import write_receipt
from coordinator.changes.diff import change_of
from coordinator.errors import Refused, UsageError
from coordinator.events.identity import who
from coordinator.events.store import EventLog
from coordinator.model.change import Change
from coordinator.model.event import Actor, ActorKind, Draft, may_write
from coordinator.model.step import Attempt, Receipt
from coordinator.model.text import plain
from coordinator.redaction import redact
from coordinator.steps import find_attempt, utc_now

OUTCOMES = ("done", "failed", "blocked")


def hand_off(
    environ: Mapping[str, str],
    pid: int,
    *,
    outcome: str,
    summary: str,
    limitations: Sequence[str] = (),
    decisions: Sequence[str] = (),
    validation: Sequence[str] = (),
    files: Sequence[str] = (),
    left: Sequence[str] = (),
    learnings: Sequence[str] = (),
) -> Receipt:
    """Seal the attempt that this process belongs to.

    Raises Refused when it belongs to none, when that attempt has ended, and, for `done`, while its worktree holds
    work that is not committed; UsageError for an empty summary.
    """
    if outcome not in OUTCOMES:
        raise UsageError(f"`{outcome}` is no outcome", f"use one of {', '.join(OUTCOMES)}")
    if not summary.strip():
        raise UsageError("nothing was said", "say in a sentence what was done, or what is in the way")
    actor = who(environ, pid)
    layout, attempt = _own_attempt(environ, actor)
    commits: tuple[str, ...] = ()
    if outcome == "done" and attempt.branch:
        change = _complete_change(layout, attempt)
        commits = tuple(commit.sha for commit in change.commits)
        files = files or [file.path for file in change.files]
    with EventLog.open(layout.events_db) as log:
        seq, digest = log.anchor()
        receipt = Receipt(
            outcome,
            redact(summary.strip()),
            actor.name,
            utc_now(),
            commits,
            tuple(map(redact, files)),
            _said(validation),
            _said(limitations),
            _said(decisions),
            log_seq=seq,
            log_hash=digest,
            learnings=_said(learnings),
            left=_said(left),
        )
        _write(layout, log, attempt, receipt, actor)
    return receipt


def left_behind(change: Change) -> str:
    """Why the work of an attempt can't be taken as it is; empty when nothing is left behind."""
    if change.strayed:
        return f"its work is on {plain(change.strayed)} instead of {change.branch}"
    if change.unreadable and not change.commits:
        return f"nothing is committed, and {change.unreadable}"
    left = change.modified or (() if change.commits else change.untracked)
    if not left:
        return ""
    shown = ", ".join(plain(name) for name in left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
    return f"it handed off with uncommitted work in its worktree: {shown}"


def _own_attempt(environ: Mapping[str, str], actor: Actor) -> tuple[Layout, Attempt]:
    """The live attempt whose agent this is."""
    root = environ.get("COORD_ROOT", "")
    number, count = environ.get("COORD_PROMPT", ""), environ.get("COORD_ATTEMPT", "")
    if actor.kind is not ActorKind.AGENT or not (root and _is_number(number) and _is_number(count)):
        raise Refused("only an agent hands off its work", "`coord kill` and `coord restart` are for people")
    layout = Layout(Path(root))
    attempt = find_attempt(layout, int(number), int(count))
    if attempt is None or attempt.agent != actor.name:
        raise Refused(f"{actor.name} has no attempt in {root}", "only the agent that the loop started may hand off")
    if not attempt.state.live or attempt.exit is not None:
        raise Refused(f"the attempt of {actor.name} has ended: {attempt.state.value}", "there is nothing to hand off")
    return layout, attempt


def _complete_change(layout: Layout, attempt: Attempt) -> Change:
    change = change_of(layout, attempt)
    left = left_behind(change)
    if left:
        raise Refused(
            f"not done yet: {left}", "commit what belongs to the change, discard or ignore the rest, try again"
        )
    return change


def _write(layout: Layout, log: EventLog, attempt: Attempt, receipt: Receipt, actor: Actor) -> None:
    """Receipt last: it is what the loop goes by."""
    directory = layout.attempt(attempt.run, attempt.prompt, attempt.attempt)
    write_atomic(directory / "handoff.md", _text(attempt, receipt).encode("utf-8", "replace"))
    append_summary(
        layout, number=attempt.prompt, agent=actor.name, text=_report(receipt), at=receipt.at, outcome=receipt.outcome
    )
    write_receipt(directory, receipt)
    log.append(list(_drafts(attempt, receipt, actor)), actor, attempt.run)


def _drafts(attempt: Attempt, receipt: Receipt, actor: Actor) -> Iterator[Draft]:
    """What goes on the log: the hand-off, and what was learned, where the role may say that."""
    subject = f"prompt:{attempt.prompt}"
    data: dict[str, object] = {"outcome": receipt.outcome, "summary": receipt.summary, "attempt": attempt.attempt}
    yield Draft("handoff.given", subject, data | ({"left": list(receipt.left)} if receipt.left else {}))
    if may_write(actor, "learning.noted"):
        for text in receipt.learnings:
            yield Draft("learning.noted", subject, {"text": text, "attempt": attempt.attempt})


def _report(receipt: Receipt) -> str:
    """What engineers read of it between their own words: the summary; of what came to nothing, also what is left."""
    parts = [receipt.summary]
    if receipt.outcome != "done":
        parts += [_listed(name, items) for name, items in receipt.lists]
    return "\n\n".join(parts)


def _text(attempt: Attempt, receipt: Receipt) -> str:
    """The receipt for people."""
    title = f"# Prompt {attempt.prompt:02d}, attempt {attempt.attempt}: {receipt.outcome}"
    lists = (*receipt.lists, ("Commits", receipt.commits), ("Files", receipt.files))
    parts = [title, receipt.summary, *(f"## {_listed(name, items)}" for name, items in lists if items)]
    return "\n\n".join(parts) + "\n"


def _listed(name: str, items: Sequence[str]) -> str:
    return f"{name}\n\n" + "\n".join("- " + " ".join(item.split()) for item in items)


def _said(items: Sequence[str]) -> tuple[str, ...]:
    """What was said, without secrets and without what says nothing."""
    return tuple(redact(item.strip()) for item in items if item.strip())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
