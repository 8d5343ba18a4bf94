"""What there is to read, as lines: help, an event, a prompt, problems, questions."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from coordinator.model.clock import day_and_time
from coordinator.model.event import Event
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Question, Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import plain, plain_lines
from coordinator.views.event_text import actor_name, describe
from coordinator.views.pipeline_page import PipelinePage, artifact_details, artifact_row, turn_details, turn_row
from coordinator.views.prompt_row import names
from coordinator.views.spans import Span
from tui.actions import Group, all_actions, key_of
from tui.context import Context
from tui.paint.figures import since
from tui.paint.ink import Spans, pad
from tui.screens.reader import Entry, Reading

_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_LONG = 400_000
"""Characters of a file or an event that are shown; nobody reads more of it here."""


def help_lines(context: Context, keymap: Mapping[str, str], panels: Iterable[tuple[str, str]]) -> list[Spans]:
    """All actions by group with their keys, what can't be done now and why, then what the panels are for."""
    lines: list[Spans] = []
    for group in Group:
        lines += [[Span(group.value, "brand")]]
        for action in all_actions(context):
            if action.group is group:
                key = key_of(action, keymap) if action.keys or action.id in keymap else ""
                reason = action.when(context)
                ink = "quiet" if reason else "text"
                label = action.label_in(context)
                words = [Span(pad(label, 16), ink), Span(plain(action.tooltip), "quiet")]
                lines.append([Span(pad(f"  {key}", 12), "key"), *words])
        lines.append([])
    lines.append([Span("Moving", "brand")])
    lines += [[Span(pad(f"  {keys}", 12), "key"), Span(text, "quiet")] for keys, text in _MOVING]
    lines += [[], [Span("The panels", "brand")]]
    for title, text in panels:
        lines += [[Span(f"  {title}", "strong")], [Span(f"    {text}", "quiet")], []]
    return lines


_MOVING = (
    ("↑ ↓ j k", "move in the focused panel; ^d ^u half a page, PgUp PgDn, g G to the ends"),
    ("12 enter", "go to prompt 12; 04 enter to prompt 4: one digit alone, 1 to 4, goes to a panel"),
    ("space V", "mark a prompt or an agent; mark all from the last mark to here; shift with ↑ ↓ marks on the way"),
    ("enter", "open what is under the cursor: a prompt's file, an event, an agent's prompt"),
    ("esc", "leave what is open: a form, a search, a page, a zoom; end a filter, then marks"),
    ("mouse", "click selects, double click opens, the wheel scrolls; keys below and labels above can be clicked"),
)


def event_lines(event: Event) -> list[Spans]:
    """Everything that the log says about an event."""
    line = describe(event)
    facts = [
        ("when", f"{day_and_time(event.ts)}   ({event.ts})"),
        ("who", f"{event.actor}  ({event.actor_kind}{', no terminal' if event.no_terminal else ''})"),
        ("kind", event.kind),
        ("about", event.subject),
        ("run", (event.run or "none") + (f", iteration {event.iteration}" if event.iteration else "")),
        ("id", event.id),
        ("hash", event.hash),
    ]
    lines: list[Spans] = [[Span(line.text, "strong")], []]
    lines += [[Span(f"  {name:<7}", "quiet"), Span(value)] for name, value in facts]
    lines += [[], [Span("  data", "quiet")]]
    text = json.dumps(dict(event.data), ensure_ascii=False, indent=2)[:_LONG]
    return [*lines, *([Span(f"    {row}")] for row in plain_lines(text))]


def event_page(event: Event) -> Reading:
    """Everything that the log says about an event, as a page."""
    return Reading(f"Event {event.seq}", event_lines(event))


def prompt_lines(prompt: Prompt) -> list[Spans]:
    """A prompt's file as it is, headings made to stand out."""
    text = prompt.source[:_LONG].decode("utf-8", "replace")
    lines: list[Spans] = []
    inside, first = False, True
    for row in plain_lines(text):
        if row.rstrip() == "---" and (first or inside):
            inside = first
            ink = "quiet"
        elif inside:
            ink = "quiet"
        else:
            ink = "brand" if row.startswith("#") else "text"
        lines.append([Span(row, ink)])
        first = False
    return lines


def markdown_lines(text: str) -> list[Spans]:
    """A page of ours, headings and what is between double stars made to stand out."""
    return [
        [Span(row, "brand")]
        if row.startswith("#")
        else [Span(part, "strong" if place % 2 else "text") for place, part in enumerate(_BOLD.split(row)) if part]
        for row in plain_lines(text[:_LONG])
    ]


def problem_entries(problems: Sequence[Problem]) -> list[Entry]:
    """What is wrong, where, and what to do about it."""
    entries = []
    for problem in problems:
        where = f"{problem.path}:{problem.line}" if problem.line else problem.path
        entries.append(
            Entry(
                [Span(" ! ", "need"), Span(f"{problem.message}  "), Span(where, "quiet")],
                [
                    [Span(problem.message, "strong")],
                    [Span(where, "quiet"), Span(f"  ({problem.code})", "quiet")],
                    [],
                    [Span(problem.remedy)],
                    [Span("Everything else goes on; this file waits until it is repaired.", "quiet")],
                ],
            )
        )
    return entries


def question_entries(questions: Sequence[Question], now: float) -> list[Entry]:
    """Open questions first, with what was answered."""
    entries = []
    for question in questions:
        waits = f" ? open {since(question.asked, now)}  "
        state = (
            Span(waits, "need") if question.open else Span(f" {'assumed' if question.taken else 'answered'}  ", "quiet")
        )
        details: list[Spans] = [[Span(row, "strong")] for row in plain_lines(question.text)]
        details += [
            [Span(f"{actor_name(question.asker)} asked, {day_and_time(question.asked)}", "quiet")],
            [],
            *([Span(f"  {row}", "quiet")] for row in plain_lines(question.context) if question.context),
            *([Span(f"  {place}. {option}")] for place, option in enumerate(question.options, 1)),
        ]
        if question.answer is not None:
            details += [
                [],
                [Span("Assumed: " if question.taken else "Answer: ", "quiet"), Span(question.answer, "good")],
            ]
        if question.risk:
            details += [[Span(f"Risk: {question.risk}", "quiet")]]
        entries.append(Entry([state, Span(question.text), Span(f"  {actor_name(question.asker)}", "quiet")], details))
    return entries


def pipeline_entries(page: PipelinePage) -> list[Entry]:
    """The turns of a prompt's pipeline, then what they made."""
    turns = [Entry(turn_row(turn), list(turn_details(page, turn))) for turn in page.position.turns]
    made = [Entry(artifact_row(one), list(artifact_details(page, one))) for one in page.position.published]
    return [*turns, *made]


def stop_effects(snapshot: Snapshot) -> list[str]:
    """What stopping the loop does, in sentences."""
    live = [number for number, step in snapshot.steps.items() if step.state.live]
    waiting = [number for number, step in snapshot.steps.items() if step.state is StepState.CHANGE_OPEN]
    effects = []
    if live:
        who = f"{len(live)} agents ({names(live, 5)}) go on in their windows"
        one = f"The agent of {live[0]:02d} goes on in its window"
        effects.append(f"{who if len(live) > 1 else one}; nothing is interrupted.")
    else:
        effects.append("No agent is running.")
    effects.append("Nothing new starts, and nothing is merged, until you start the loop again.")
    if waiting:
        effects.append(f"Open changes wait: {names(waiting, 5)}.")
    return effects
