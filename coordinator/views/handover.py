"""The hand-over page of a milestone that has ended: what was reached, how that was shown, what is left, what it cost.

Markdown, for people who were not there. Words of agents and of files are quoted on one line, bounded, without markup.
"""

from collections.abc import Iterable, Iterator, Mapping

from coordinator.lazy.dataclass import dataclass
from coordinator.model.backlog import Left
from coordinator.model.clock import timestamp
from coordinator.model.criterion_numbers import numbered
from coordinator.model.event import Event
from coordinator.model.feedback import Feedback, FeedbackStatus, by_urgency
from coordinator.model.intent import Intent
from coordinator.model.round import Round
from coordinator.model.run import RunReport
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import age, amount, clip, plain
from coordinator.model.usage import total
from coordinator.model.witnesses import Shown, Standing, ended, standings

_LINE = 300
"""Characters of what somebody said."""
_COMMAND = 400
_MOST = 50
"""Items of a list; the rest is counted."""
_COMMIT = 10
_SETTLED = (StepState.MERGED, StepState.SKIPPED)


@dataclass(frozen=True, slots=True)
class Handover:
    """All that the page is made of."""

    snapshot: Snapshot
    intent: Intent
    status: str
    """`done` or `stuck`."""
    reason: str
    """Why it ended, in a sentence."""
    remedy: str
    """Of one that is stuck: what a human could do."""
    at: str
    """UTC, ISO 8601."""
    runs: tuple[RunReport, ...]
    """Of the milestone, oldest first."""
    backlog: Mapping[str, tuple[Left, ...]]
    decisions: tuple[Event, ...] = ()
    """The Planners', oldest first."""


def handover(page: Handover) -> str:
    """The page."""
    parts = (_head(page), _reached(page), _done(page), _left(page), _next(page), _cost(page), _decided(page))
    return "\n".join(line for part in parts for line in part)


# ── parts


def _head(page: Handover) -> Iterator[str]:
    milestone = page.snapshot.milestone
    yield f"# {_said(' '.join(filter(None, (milestone.id, milestone.title))))}: {page.status}"
    yield ""
    yield f"{page.at[:16].replace('T', ' ')} UTC. {_sentence(page.reason)}"
    yield ""
    if page.intent.goal:
        yield from (f"> {_said(line)}".rstrip() for line in page.intent.goal.splitlines()[:_MOST])
        yield ""


def _reached(page: Handover) -> Iterator[str]:
    there = page.snapshot.round
    yield "## What was reached"
    yield ""
    if there is None:
        yield from _items(_unshown(page.intent), "No success criterion was set.")
        return
    found = standings(there)
    settled = sum(one.settled for one in found)
    if found:
        at = f", on commit `{there.base[:_COMMIT]}`" if there.base else ""
        yield f"{settled} of {amount(len(found), 'criterion').replace('criterions', 'criteria')} shown to be met{at}."
        yield ""
    yield from _items((_criterion(one) for one in found), "No success criterion was set.")


def _unshown(intent: Intent) -> Iterator[str]:
    for one in numbered(intent.criteria, {}):
        yield f"**{one.id}** {_said(one.text)} (not shown)\n  Nothing is run for it: this milestone does not iterate."


def _criterion(one: Standing) -> str:
    mark = "met" if one.settled else "not shown"
    head = f"**{one.criterion.id}** {_said(one.criterion.text)} ({mark})"
    if one.shown is Shown.ACCEPTED and one.acceptance is not None:
        return f"{head}\n  Accepted by {_said(one.acceptance.by)}: {_said(one.acceptance.reason)}"
    if one.witness is not None:
        ran = one.witness
        fresh = "" if one.fresh else ", which is not the base any more"
        how = f"{ended(ran)} on `{ran.commit[:_COMMIT]}`{fresh}, {ran.at[:16].replace('T', ' ')}"
        return f"{head}\n  {_code(ran.command)} {how}"
    return f"{head}\n  {_sentence(one.shown.value.replace('_', ' '))} No command has shown it."


def _done(page: Handover) -> Iterator[str]:
    runs = {report.run.id for report in page.runs}
    yield "## What was done"
    yield ""
    steps = [page.snapshot.steps[number] for number in page.snapshot.graph.order]
    own = [s for s in steps if s.state is StepState.MERGED and s.attempt is not None and s.attempt.run in runs]

    def line(number: int, commits: tuple[str, ...]) -> str:
        landed = f" (`{plain(commits[-1])[:_COMMIT]}`)" if commits else ""
        return f"{number:02d} {_said(page.snapshot.prompts[number].title)}{landed}"

    yield from _items((line(s.number, s.attempt.commits if s.attempt else ()) for s in own), "Nothing was merged.")


def _left(page: Handover) -> Iterator[str]:
    snapshot = page.snapshot
    yield "## What is left"
    yield ""
    prompts = [snapshot.prompts[number] for number in snapshot.graph.order]
    unended = [p for p in prompts if snapshot.steps[p.number].state not in _SETTLED]
    open_ones = [] if page.status == "done" else [item for item in _feedback(snapshot.round) if item.open]
    lines = [f"Prompt {p.label} {_said(p.title)}: {snapshot.steps[p.number].state.value}" for p in unended]
    lines += [f"Finding {f.label} ({f.priority.value}) {_said(f.title)}" for f in open_ones]
    for group, items in page.backlog.items():
        names = "; ".join(f"{item.name} {_said(item.title)}" for item in items[:_MOST])
        more = f"; {len(items) - _MOST} more" if len(items) > _MOST else ""
        lines.append(f"{group.capitalize()}, in the backlog: {names}{more}")
    yield from _items(lines, "Nothing.")
    if page.backlog:
        yield "`coord backlog take NAME` takes one of these over, or a whole group."
        yield ""


def _next(page: Handover) -> Iterator[str]:
    snapshot = page.snapshot
    yield "## What to decide next"
    yield ""
    lines = [f"{_sentence(page.remedy)}"] if page.remedy else []
    lines += [f"Question {q.seq}: {_said(q.text)} `coord answer {q.seq} TEXT`" for q in snapshot.open_questions]
    taken = [q for q in snapshot.questions if q.taken]
    lines += [f"Assumed: {_said(q.text)} Taken: {_said(q.answer or '')}" for q in taken]
    waived = [item for item in _feedback(snapshot.round) if item.status is FeedbackStatus.WAIVED]
    lines += [f"Waived: finding {f.label} {_said(f.title)}, since {_said(f.reason)}" for f in waived]
    found = standings(snapshot.round) if snapshot.round is not None else ()
    lines += [f"Rests on a word alone: {one.criterion.id}" for one in found if one.shown is Shown.ACCEPTED]
    yield from _items(lines, "Nothing is open.")


def _cost(page: Handover) -> Iterator[str]:
    yield "## What it cost"
    yield ""
    spent = total(report.spent for report in page.runs)
    work = f"{age(spent.seconds)} of agents' work" if spent.seconds >= 1 else ""
    yield f"{', '.join(filter(None, (amount(len(page.runs), 'run'), work, spent.words)))}."
    yield ""
    if not page.runs:
        return
    yield "| run | began | took | iterations | tokens | US dollars |"
    yield "|---|---|---|---|---|---|"
    for report in page.runs[-_MOST:]:
        seconds = report.seconds(timestamp(page.at))
        cells = (
            report.run.id,
            report.run.started[:16].replace("T", " "),
            "" if seconds is None else age(seconds),
            str(report.run.iteration),
            "" if report.spent.tokens is None else f"{report.spent.tokens:,}",
            "" if report.spent.cost_usd is None else f"{report.spent.cost_usd:.2f}",
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _decided(page: Handover) -> Iterator[str]:
    if not page.decisions:
        return
    yield "## How it was decided"
    yield ""
    yield from _items(
        f"Iteration {event.iteration or '?'}: {_said(str(event.data.get('decision') or ''))}, "
        f"since {_said(str(event.data.get('reason') or ''))}"
        for event in page.decisions
    )


# ── words


def _feedback(there: Round | None) -> tuple[Feedback, ...]:
    return by_urgency(there.feedback) if there is not None else ()


def _items(lines: Iterable[str], nothing: str = "") -> Iterator[str]:
    found = list(lines)
    yield from (f"- {line}" for line in found[:_MOST])
    if len(found) > _MOST:
        yield f"- and {len(found) - _MOST} more"
    if not found and nothing:
        yield nothing
    yield ""


def _sentence(text: str) -> str:
    said = _said(text)
    return f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('.', '?', '!', '…')) or not said else '.'}"


def _said(text: str) -> str:
    """Somebody's words on one line: nothing in them is a tag, a link or an image; what they call code may be code."""
    line = clip(" ".join(plain(text).split()), _LINE)
    for mark in "\\[]<":
        line = line.replace(mark, f"\\{mark}")
    return line


def _code(command: str) -> str:
    """A command as code, whatever marks it has."""
    line = clip(" ".join(plain(command).split()), _COMMAND)
    fence = "`"
    while fence in line:
        fence += "`"
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"
