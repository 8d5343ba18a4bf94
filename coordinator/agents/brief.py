"""What an agent is told: `prompt.txt`, put together from the task and from what it needs to know beside it. Pure."""

from collections.abc import Sequence

from coordinator.formats.prompt_body import without_hand_off
from coordinator.lazy.dataclass import dataclass
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Question
from coordinator.model.step import Attempt, Receipt
from coordinator.model.text import plain

_HAND_OFF = """\
## How to work and how to end

You are `{agent}`. {place} Leave `.coord/` alone: what you have to say goes through `coord`.

- A decision worth knowing: `coord decide "TEXT"`.
- A question only a human can answer: `coord ask "TEXT" --option A --option B --wait`; it prints the answer.

End with exactly one of these, then exit. Without it, the attempt counts as failed.

- `coord agent done --summary "TEXT"` when the acceptance criteria are met and everything is committed; add
  `--decision`, `--limitation` and `--validation` for what the next reader has to know. Where nothing had to be
  changed, say so with `--no-change`: without it, a branch without commits is not done.
- `coord agent blocked --reason "TEXT"` when something outside this task is in the way.
- `coord agent fail --verdict "TEXT" --left "TEXT" --learning "TEXT"` when it can't be done this way: what does not work
  and why, what is left to do, what the next attempt should know. The last two may come several times.
"""


_OWN = """\
Your working directory is a checkout of your own, on branch `{branch}`; nobody else works in it. Commit your work
there: only what is on that branch counts. Make no other checkout or branch, and leave no stash."""
_SHARED = """\
Your working directory is the project's own folder: the engineer may be at work in it too.
Touch only what the task needs, undo nothing that you did not do, and never clean up or stash."""


_LISTED = 20
"""Commits and files of an earlier attempt that are named."""


@dataclass(frozen=True, slots=True)
class Existing:
    """What there is of the work of an earlier attempt. Subjects and names of files are untrusted text."""

    attempt: int
    branch: str
    here: bool
    """Its commits are on the new attempt's own branch."""
    commits: Sequence[str] = ()
    """Abbreviated id and subject, oldest first."""
    files: Sequence[str] = ()
    """Not committed, and in the new attempt's own worktree as they were left."""
    elsewhere: Sequence[str] = ()
    """Not committed, and still in the earlier attempt's worktree."""
    place: str = ""
    """That worktree, relative to the project root."""
    behind: bool = False
    """The base branch has more by now."""


@dataclass(frozen=True, slots=True)
class Brief:
    """All that goes into a prompt file."""

    attempt: Attempt
    prompt: Prompt
    body: str
    """Of the prompt file, below its frontmatter."""
    flow: str = ""
    """Instructions of the agent's role."""
    base_branch: str = ""
    before: Sequence[tuple[Prompt, Receipt]] = ()
    """Dependencies with what their agents handed off."""
    last: Attempt | None = None
    """The attempt before this one, if its work came back, failed or was interrupted."""
    existing: Existing | None = None
    """What is there of the work of attempts before this one."""
    answered: Sequence[Question] = ()
    """Questions of earlier attempts, with their answers."""
    learnings: str = ""


def compose(brief: Brief) -> str:
    """The text that an agent is given: role, task, what it builds on, why it is here again, how to end."""
    body = brief.body if brief.last is None else without_hand_off(brief.body, brief.last.attempt)  # told once, below
    parts = [
        brief.flow.strip(),
        f"# Prompt {brief.prompt.label}: {brief.prompt.title}\n\n{body.strip()}",
        _came_before(brief.before),
        _why_again(brief, body),
        _what_exists(brief),
        _answers(brief.answered),
        f"## Learnings so far\n\n{brief.learnings.strip()}" if brief.learnings.strip() else "",
        _HAND_OFF.format(agent=brief.attempt.agent, place=_place(brief.attempt)).strip(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _place(attempt: Attempt) -> str:
    return _OWN.format(branch=attempt.branch) if attempt.branch else _SHARED


def _came_before(before: Sequence[tuple[Prompt, Receipt]]) -> str:
    if not before:
        return ""
    lines = ["## What this builds on, as its agents summed it up", ""]
    for prompt, receipt in before:
        lines.append(f"- {prompt.label} {prompt.title}: {_one_line(receipt.summary)}")
        lines += [f"  - decided: {_one_line(text)}" for text in receipt.decisions]
        lines += [f"  - limitation: {_one_line(text)}" for text in receipt.limitations]
    return "\n".join(lines)


def _why_again(brief: Brief, body: str) -> str:
    last = brief.last
    if last is None or not last.reason:
        return ""
    reason = "" if _has(body, last.reason) else f"\n\n{last.reason.strip()}"
    if last.interrupted:
        return (
            f"## Attempt {last.attempt} was {last.reason.strip()}\n\nNothing says that its work was wrong. "
            f"Look at what is there, and go on from it.{_also_said(last)}"
        )
    if not last.continues:
        return f"## Attempt {last.attempt} came to nothing{reason}{_also_said(last)}"
    base = f" (`git merge {brief.base_branch}` brings in what landed meanwhile)" if brief.base_branch else ""
    return (
        f"## Your work came back\n\nThe commits of attempt {last.attempt} are on your branch{base}. "
        f"They were not merged:{reason}\n\nPut that right, commit, and hand off again."
    )


def _has(body: str, text: str) -> bool:
    """The engineer's words may be the reason of an end, and stand in the prompt too: they are told once."""
    return " ".join(text.split()) in " ".join(body.split())


def _what_exists(brief: Brief) -> str:
    there = brief.existing
    if there is None:
        return ""
    parts = [f"## What is there of attempt {there.attempt}", _where(there)]
    if there.behind and brief.base_branch and not (brief.last is not None and brief.last.continues):
        parts.append(f"`git merge {brief.base_branch}` brings in what landed meanwhile.")
    named = (
        ("Commits", there.commits),
        ("Not committed, in your worktree as it was left", there.files),
        (f"Not committed, in `{there.place}`; take over from there what you need", there.elsewhere),
    )
    return "\n\n".join([*parts, *(f"{name}:\n\n{_named(items)}" for name, items in named if items)])


def _where(there: Existing) -> str:
    if not there.here:
        return f"You start afresh, as the engineer wants it. What was there before stays on branch `{there.branch}`."
    on = "Its commits are on your branch. " if there.commits else ""
    return f"{on}Build on it; what is wrong with it, put right."


def _named(items: Sequence[str]) -> str:
    more = [f"- and {len(items) - _LISTED} more"] if len(items) > _LISTED else []
    return "\n".join([*(f"- {plain(_one_line(item))}" for item in items[:_LISTED]), *more])


def _also_said(last: Attempt) -> str:
    """What an attempt that came to nothing handed off besides its verdict."""
    if last.receipt is None:
        return ""
    own = last.receipt.summary.strip()
    parts = [] if own == last.reason.strip() else [f"Its agent had handed off: {_one_line(own)}"]
    for name, items in last.receipt.lists:
        parts.append(f"{name}:\n\n" + "\n".join(f"- {_one_line(item)}" for item in items))
    return "".join(f"\n\n{part}" for part in parts)


def _answers(questions: Sequence[Question]) -> str:
    given = [q for q in questions if q.answer is not None]
    if not given:
        return ""
    lines = [
        f"- {_one_line(q.text)}\n  Answer: {_one_line(q.answer or '')}" for q in sorted(given, key=lambda q: q.seq)
    ]
    return "## Your questions were answered\n\n" + "\n".join(lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())
