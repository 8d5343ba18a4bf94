"""The milestone's page as lines: what it is for, how far it is, what belongs to it, how its intent came about."""

from collections.abc import Sequence

from coordinator.formats.intent_text import TITLES
from coordinator.model.clock import day_and_time
from coordinator.model.event import Event
from coordinator.model.intent import Change, Intent
from coordinator.model.snapshot import Question
from coordinator.model.text import plain_lines
from coordinator.views.event_text import actor_name, describe
from coordinator.views.milestone_page import MilestonePage, Revision
from coordinator.views.progress import far_of
from coordinator.views.round_page import sections, summary
from coordinator.views.spans import Span
from tui.paint.ink import Spans

_NEWEST = 12
"""Events of a list that are shown; `coord milestone --json` has more."""


def intent_text(page: MilestonePage) -> str:
    """What the editor is given: the intent with all of its headings, so that there is a place for everything."""
    parts = []
    for part, title in TITLES.items():
        value = getattr(page.intent, part)
        content = value if isinstance(value, str) else "\n".join(f"- {item}" for item in value)
        parts.append(f"## {title}\n\n{content}".rstrip())
    return "\n\n".join(parts) + "\n"


def milestone_lines(page: MilestonePage, questions: Sequence[Question]) -> list[Spans]:
    """The whole page."""
    waited = f"; {page.waited.words}" if page.waited.words else ""
    iterates = summary(page.rounds) if page.rounds is not None else ""
    far = " · ".join(filter(None, (far_of(page.counts), iterates)))
    lines: list[Spans] = [[Span(f"{far}{waited}", "quiet")], []]
    lines += _intent_lines(page)
    for title, rows in sections(page.rounds, page.now, "f") if page.rounds is not None else ():
        lines += [[Span(title, "brand")], *rows, []]
    lines += _event_lines("Attached", page.attachments, "nothing yet: an issue, a change, a page, a file")
    lines += _event_lines("Made", page.artifacts, "")
    lines += _event_lines("Decided", page.decisions, "nothing yet")
    lines += _question_lines(questions)
    lines += _history_lines(page.revisions)
    return lines


def _intent_lines(page: MilestonePage) -> list[Spans]:
    lines: list[Spans] = []
    if page.intent == Intent():
        lines += [
            [
                Span("No intent yet.", "need"),
                Span(" Say what this is for, and how to tell that it is done: "),
                Span("e", "key"),
            ],
            [],
        ]
    there = page.rounds.round if page.rounds is not None else None
    for part, title in TITLES.items():
        value = getattr(page.intent, part)
        if value and not (part == "criteria" and there is not None and there.criteria):  # told with what shows each
            lines.append([Span(title, "brand")])
            texts = plain_lines(value) if isinstance(value, str) else [f"{item}" for item in value]
            lead = "  " if isinstance(value, str) else "  - "
            lines += [[Span(lead), Span(text)] for text in texts]
            lines.append([])
    if page.version is not None and page.recorded:
        lines += [[Span(f"set by {page.set_by}, {day_and_time(page.set_at)}, event {page.version}", "quiet")], []]
    elif page.intent != Intent():
        words = "edited by hand since: " if page.version is not None else "written by hand: "
        lines += [[Span(words, "need"), Span("w", "key"), Span(" makes a version of it on the log", "need")], []]
    return lines


def _event_lines(title: str, events: Sequence[Event], nothing: str) -> list[Spans]:
    if not events and not nothing:
        return []
    left_out = len(events) - _NEWEST
    lines: list[Spans] = [
        [Span(title, "brand"), Span(f"  the newest {_NEWEST} of {len(events)}" if left_out > 0 else "", "quiet")]
    ]
    for event in events[-_NEWEST:]:
        about = f"  about {event.prompt:02d}" if event.prompt is not None else ""
        line = describe(event)
        who = f"  {f'{line.actor} {line.aside}'.rstrip()}{about}, {day_and_time(event.ts)}"
        lines.append([Span("  "), Span(line.text), Span(who, "quiet")])
    return [*lines, *([] if events else [[Span(f"  {nothing}", "quiet")]]), []]


def _question_lines(questions: Sequence[Question]) -> list[Spans]:
    if not questions:
        return []
    lines: list[Spans] = [[Span("Asked", "brand")]]
    for question in questions[:_NEWEST]:
        answer = Span("  open", "need") if question.open else Span(f"  {question.answer}", "good")
        if question.taken:
            answer = Span(f"  assumed: {question.answer}", "quiet")
        lines.append([Span("  "), Span(question.text), Span(f"  {actor_name(question.asker)}", "quiet"), answer])
    return [*lines, []]


def _history_lines(revisions: Sequence[Revision]) -> list[Spans]:
    """Versions of the intent, the newest first, each as what changed."""
    if not revisions:
        return []
    lines: list[Spans] = [[Span("How the intent came about", "brand")]]
    for revision in reversed(revisions[-_NEWEST:]):
        lines.append([Span(f"  event {revision.seq}  {day_and_time(revision.at)}  {revision.by}", "quiet")])
        for change in revision.changes:
            lines += _change_lines(change)
    return [*lines, []]


def _change_lines(change: Change) -> list[Spans]:
    lines = [[Span(f"    {change.part}  ", "quiet"), Span(f"- {text}", "failed")] for text in change.removed]
    lines += [[Span(f"    {change.part}  ", "quiet"), Span(f"+ {text}", "good")] for text in change.added]
    return [*lines] or [[Span(f"    {change.part}: another order", "quiet")]]
