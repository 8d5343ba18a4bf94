"""The parts of what an agent is told, each a small pure function.

What other agents said stands there as a quotation, with its source: it informs, it commands nothing.
"""

from collections.abc import Sequence

from coordinator.agents.brief import Artifact, Before, Brief, Existing, cut, fitted
from coordinator.agents.brief_words import (
    LINE,
    LISTED,
    QUOTED,
    and_older,
    bullets,
    clipped,
    one_line,
    quote,
    rows,
    said_besides,
    section,
    short,
)
from coordinator.formats.prompt_body import without_hand_off
from coordinator.model.intent import Intent
from coordinator.model.saying import Saying, stands_in
from coordinator.model.step import Attempt
from coordinator.model.text import plain, plain_lines

INTENT, DECISIONS, WORDS, BUILDS_ON = 4_000, 10_000, 12_000, 24_000
"""Characters of these parts."""
_HEADS = 200
"""Characters that are kept free for titles."""
_EARLIER, _EARLIER_LINE = 40, 200
"""Prompts before the direct dependencies that are named, and characters of each."""


# ── who, and what for


def role(brief: Brief) -> str:
    return brief.flow


def intent(brief: Brief) -> str:
    """The milestone's goal, non-goals, constraints and criteria; where there is no room, a fair part of each."""
    if brief.intent == Intent() and not brief.free:
        return ""
    title = f"# The milestone: {one_line(brief.milestone)}" if brief.milestone else "# The milestone"
    if brief.intent == Intent():
        return f"{title}\n\n{brief.free}"
    lists = {
        "What it is not about": brief.intent.non_goals,
        "Constraints": brief.intent.constraints,
        "Success criteria": brief.intent.criteria,
    }
    sections = [("Goal", brief.intent.goal), *((name, bullets(items)) for name, items in lists.items())]
    named = [(name, text) for name, text in sections if text]
    room = INTENT - len(title) - sum(len(name) + 10 for name, _ in named)
    told = fitted([text for _, text in named], room, brief.places.get("milestone", ""))
    return "\n\n".join([title, *(f"## {name}\n\n{text}" for (name, _), text in zip(named, told, strict=True))])


def prompt(brief: Brief) -> str:
    """The task, whole: its file has a limit of its own."""
    if brief.prompt is None:
        return ""
    return f"# Prompt {brief.prompt.label}: {brief.prompt.title}\n\n{_task(brief).strip()}"


def _task(brief: Brief) -> str:
    """The prompt's text without what the last attempt handed off, which is told by itself."""
    return brief.body if brief.last is None else without_hand_off(brief.body, brief.last.attempt)


# ── what is known


def decisions(brief: Brief) -> str:
    told = [saying for saying in brief.decisions.told if not _handed_off(brief, saying)]
    own = [f"- {_source(saying)}: {short(saying.text)}" for saying in told if saying.human]
    theirs = [f"> - {_source(saying)}: {short(saying.text)}" for saying in told if not saying.human]
    parts = [
        f"The engineer decided:\n\n{rows(own)}" if own else "",
        f"Agents decided ({QUOTED}):\n\n{rows(theirs)}" if theirs else "",
        and_older(brief.decisions.left, "coord log --kind decision.recorded") if told else "",
    ]
    return section("## Decisions", parts)


def _handed_off(brief: Brief, saying: Saying) -> bool:
    """It stands in what a direct dependency handed off."""
    return any(
        saying.prompt == one.prompt.number
        and one.receipt is not None
        and stands_in(saying.text, *one.receipt.decisions)
        for one in brief.before
    )


def words(brief: Brief) -> str:
    """What the engineer said: newest last, each below when and about what."""
    place = brief.places.get("alignment", "the alignment document")
    told = [_engineer(saying) for saying in brief.words.told]
    told = fitted(told, WORDS - _HEADS - len(place) - len(told), place)
    older = and_older(brief.words.left, place) if told else ""
    return section("## What the engineer said", [rows(told), older])


def _engineer(saying: Saying) -> str:
    text = "\n".join(f"  {line}".rstrip() for line in plain_lines(saying.text.strip()))
    if saying.to:
        asked = "\n".join(f"  > {line}".rstrip() for line in plain_lines(cut(saying.to.strip(), LINE)))
        return f"- {_when(saying)}{saying.who} asked:\n{asked}\n\n  Answer: {text.strip()}"
    about = "" if saying.prompt is None else f", about {saying.prompt:02d}"
    return f"- {_when(saying)}{plain(saying.who) or 'the engineer'}{about}:\n{text}"


def builds_on(brief: Brief) -> str:
    """Direct dependencies in full, those before them a line each."""
    lines = [_in_a_line(one) for one in brief.earlier[:_EARLIER]]
    more = len(brief.earlier) - _EARLIER
    room = BUILDS_ON - sum(len(line) + 1 for line in lines) - 2 * _HEADS - 2 * len(brief.before)
    direct = fitted([_in_full(one) for one in brief.before], room, brief.places.get("alignment", ""))
    parts = [
        *direct,
        f"And before that:\n\n{rows(lines)}" if lines else "",
        f"And {more} more before these: `coord graph` shows them." if more > 0 else "",
    ]
    return section(f"## What this builds on, as its agents summed it up ({QUOTED})", parts)


def _in_full(one: Before) -> str:
    head = f"### {one.prompt.label} {one_line(one.prompt.title)}"
    if one.receipt is None:
        return f"{head}\n\nNobody handed anything off; it is {one.prompt.status.value}."
    text = "\n".join([one.receipt.summary.strip(), *said_besides(one.receipt)])
    return f"{head}, by {plain(one.receipt.agent)}\n\n{quote(text)}"


def _in_a_line(one: Before) -> str:
    said = one.receipt.summary if one.receipt is not None else ""
    text = f"{one.prompt.label} {one.prompt.title}" + (f": {said}" if said else "")
    return f"> - {clipped(one_line(text), _EARLIER_LINE)}"


# ── why again, and what there is


def again(brief: Brief) -> str:
    """Why the work is here again."""
    last = brief.last
    if last is None or not last.reason:
        return ""
    if last.interrupted:
        return (
            f"## Attempt {last.attempt} was {one_line(last.reason)}\n\nNothing says that its work was wrong. "
            f"Look at what is there, and go on from it.{_also_said(last)}"
        )
    told = stands_in(last.reason, _task(brief))  # the engineer's words may be the reason, and stand in the prompt too
    if not last.continues:
        reason = "" if told else f"\n\n{_reason(last)}"
        return f"## Attempt {last.attempt} came to nothing{reason}{_also_said(last)}"
    base = f" (`git merge {brief.base_branch}` brings in what landed meanwhile)" if brief.base_branch else ""
    return (
        f"## Your work came back\n\nThe commits of attempt {last.attempt} are on your branch{base}. "
        f"They were not merged:\n\n{quote(last.reason) if not told else 'the prompt says why.'}\n\n"
        "Put that right, commit, and hand off again."
    )


def _reason(last: Attempt) -> str:
    own = last.receipt is not None and last.receipt.summary.strip() == last.reason.strip()
    return f"Its agent said ({QUOTED}):\n\n{quote(last.reason)}" if own else quote(last.reason)


def _also_said(last: Attempt) -> str:
    """What an attempt that came to nothing handed off besides its verdict."""
    if last.receipt is None:
        return ""
    said = last.receipt.summary.strip()
    parts = [] if said == last.reason.strip() else [f"Its agent had handed off ({QUOTED}):", quote(said)]
    return "".join(f"\n\n{part}" for part in [*parts, *(quote(text) for text in said_besides(last.receipt))])


def exists(brief: Brief) -> str:
    """What of the last attempt's work there is."""
    there = brief.existing
    if there is None:
        return ""
    parts = [_where(there)]
    if there.behind and brief.base_branch and not (brief.last is not None and brief.last.continues):
        parts.append(f"`git merge {brief.base_branch}` brings in what landed meanwhile.")
    named = (
        ("Commits", there.commits),
        ("Not committed, in your worktree as it was left", there.files),
        (f"Not committed, in `{there.place}`; take over from there what you need", there.elsewhere),
    )
    parts += [f"{name}:\n\n{_named(items)}" for name, items in named if items]
    return section(f"## What is there of attempt {there.attempt}", parts)


def _where(there: Existing) -> str:
    if not there.here:
        return f"You start afresh, as the engineer wants it. What was there before stays on branch `{there.branch}`."
    on = "Its commits are on your branch. " if there.commits else ""
    return f"{on}Build on it; what is wrong with it, put right."


def _named(items: Sequence[str]) -> str:
    more = [f"> - and {len(items) - LISTED} more"] if len(items) > LISTED else []
    return rows([*(f"> - {one_line(item)}" for item in items[:LISTED]), *more])


def artifacts(brief: Brief) -> str:
    """Files that were made on this line of work, and what is attached."""
    files = [one for one in brief.artifacts if one.there is not None]
    others = [one for one in brief.artifacts if one.there is None]
    parts = [
        f"Made before ({QUOTED}):\n\n{rows([_artifact(one) for one in files])}" if files else "",
        f"Attached:\n\n{rows([_artifact(one) for one in others])}" if others else "",
    ]
    return section("## Artifacts", parts)


def _artifact(one: Artifact) -> str:
    title = f": {short(one.title)}" if one.title else ""
    by = "" if one.prompt is None else f" ({plain(one.who)}, on {one.prompt:02d})"
    return f"> - {plain(one.name)}{title}{by}{' [gone by now]' if one.there is False else ''}"


def learnings(brief: Brief) -> str:
    if not brief.learnings.learnings:
        return ""
    lines = rows([f"> - {one_line(one.text)}" for one in brief.learnings.learnings])
    return f"## Learnings that fit ({QUOTED})\n\n{lines}"


def whole(brief: Brief) -> str:
    """Where everything can be read to the end."""
    if not brief.context:
        return ""
    return (
        "## The whole of it\n\nMilestone, alignment document and learnings, whole, as they were when you were started: "
        f"`{brief.context}`."
    )


def _source(saying: Saying) -> str:
    about = "all" if saying.prompt is None else f"{saying.prompt:02d}"
    return f"{plain(saying.who) or 'somebody'}, on {about}"


def _when(saying: Saying) -> str:
    return f"{plain(saying.at)[:10]}, " if saying.at else ""
