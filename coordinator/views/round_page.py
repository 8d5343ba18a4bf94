"""The iterations of a milestone, for people: what shows each criterion, what was found, said, decided and learned."""

from collections import Counter
from collections.abc import Sequence

from coordinator.lazy.dataclass import dataclass
from coordinator.model.clock import day_and_time
from coordinator.model.event import Event
from coordinator.model.feedback import Feedback, by_urgency
from coordinator.model.known_milestone import KnownMilestone
from coordinator.model.learning import Learning, Noted
from coordinator.model.prompt import Prompt
from coordinator.model.round import Phase, Round, Witness
from coordinator.model.run import RunReport, Worked
from coordinator.model.step import Step, StepState
from coordinator.model.text import age, amount, clip, plain, plain_lines
from coordinator.model.witnesses import Shown, Standing, ended, standings
from coordinator.views.feedback import became, finding_json
from coordinator.views.runs import became as ended_as
from coordinator.views.runs import run_json, state, took
from coordinator.views.spans import Span

Row = list[Span]

PHASES = {
    Phase.PLANNING: "the Planner is asked what comes next",
    Phase.EXECUTING: "prompts are worked on",
    Phase.FEEDBACK: "Verifier and specialists look at what there is",
    Phase.DECIDED: "it has come to its end",
}
_SHOWN = {
    Shown.WITNESSED: ("witnessed", "good"),
    Shown.ACCEPTED: ("accepted", "good"),
    Shown.FAILED: ("failed", "failed"),
    Shown.STALE: ("stale", "need"),
    Shown.CLAIMED: ("claimed", "need"),
    Shown.NOT_MET: ("not met", "failed"),
    Shown.OPEN: ("open", "need"),
}
_PRIORITIES = {"high": "failed", "medium": "need", "low": "quiet"}
_DECISIONS = {"DONE": "good", "STUCK": "failed"}
_MET = {"yes": "good", "no": "failed", "partly": "need", "unverifiable": "need"}
_AT = {StepState.MERGED: "is through", StepState.RUNNING: "is at work", StepState.DISPATCHED: "starts"}
_NEWEST = 12
"""Rows of a list; commands have the rest."""
_ENDED = (StepState.MERGED, StepState.SKIPPED)


@dataclass(frozen=True, slots=True)
class RoundPage:
    """What there is of a milestone's iterations. Words of agents are untrusted."""

    round: Round | None = None
    """None: it does not iterate."""
    findings: tuple[Feedback, ...] = ()
    children: tuple[tuple[Prompt, Step], ...] = ()
    """By number."""
    verdicts: tuple[Event, ...] = ()
    """`verdict.given`, oldest first; the newest ones of many, as all of these."""
    planned: tuple[Event, ...] = ()
    """`planner.decided`."""
    kept: tuple[Learning, ...] = ()
    noted: tuple[Noted, ...] = ()
    runs: tuple[RunReport, ...] = ()
    """The newest first."""
    handover: str = ""
    """The page that was written when it ended last, relative to the root; empty: it has not ended yet."""
    left: int = 0
    """Items of the backlog."""
    earlier: tuple[KnownMilestone, ...] = ()
    """Milestones before it, the newest first."""

    def to_json(self, now: float) -> dict[str, object]:
        there = self.round
        return {
            "iteration": there.number if there is not None else None,
            "phase": there.phase.value if there is not None else None,
            "criteria": [one.to_json() for one in standings(there)] if there is not None else [],
            "feedback": [finding_json(item) for item in self.findings],
            "verdicts": [_event_json(event) for event in self.verdicts],
            "planner": [_event_json(event) for event in self.planned],
            "learnings": {"kept": len(self.kept), "noted": [note.to_json() for note in self.noted]},
            "runs": [run_json(report, now) for report in self.runs],
            "handover": self.handover or None,
            "backlog": self.left,
            "earlier": [one.to_json() for one in self.earlier],
        }


def sections(page: RoundPage, now: float, key: str = "") -> list[tuple[str, list[Row]]]:
    """Title and rows of each part that has something to say; `key`: what opens the findings where this is shown.

    There `h` opens the hand-over page.
    """
    parts = (
        ("Iteration", _stage(page.round) if page.round is not None else []),
        ("Success criteria", _criteria(page.round) if page.round is not None else []),
        ("Findings", _findings(page.findings, key)),
        ("Prompts", _children(page.children) if page.round is not None else []),
        ("Verdicts", [row for event in page.verdicts[-_NEWEST:] for row in _verdict(event)]),
        ("The Planner decided", [row for event in page.planned[-_NEWEST:] for row in _planned(event)]),
        ("Learned", _learned(page)),
        ("Runs", [run_row(report, now) for report in page.runs[:_NEWEST]] if page.round is not None else []),
        ("Handed over", [_handed_over(page.handover, key)] if page.handover else []),
        (
            "Left undone",
            [[Span(f"  {amount(page.left, 'item')}: "), Span("coord backlog", "strong")]] * bool(page.left),
        ),
        ("Earlier milestones", [_earlier(one) for one in page.earlier[:_NEWEST]]),
    )
    return [(title, rows) for title, rows in parts if rows]


def summary(page: RoundPage) -> str:
    """`2 of 5 criteria shown · 3 findings open, 1 high`; empty where nothing iterates."""
    if page.round is None:
        return ""
    found = standings(page.round)
    open_ = Counter(item.priority.value for item in page.findings if item.open)
    urgent = f", {open_['high']} high" if open_["high"] else ""
    shown = f"{sum(one.settled for one in found)} of {len(found)} criteria shown" if found else ""
    left = f"{amount(open_.total(), 'finding')} open{urgent}" if open_ else ""
    return " · ".join(filter(None, (shown, left)))


def stage(there: Round) -> str:
    """`iteration 2 · feedback`."""
    return f"iteration {there.number} · {there.phase.value}"


def _stage(there: Round) -> list[Row]:
    rows = [[Span("  "), Span(stage(there), "strong"), Span(f"  {PHASES[there.phase]}", "quiet")]]
    flows = [f"{work.flow} {_AT.get(one.state, one.state.value)}" for work, one in sorted(there.flows.items())]
    if flows:
        rows.append([Span("  "), Span(", ".join(flows), "quiet")])
    if there.ending:
        rows.append([Span("  "), Span(clip(plain(there.ending), 400), "need")])
    if there.turned_away:
        rows.append(
            [Span("  "), Span("A plan was not taken: ", "need"), Span(clip(plain("; ".join(there.turned_away)), 400))]
        )
    if there.decided is not None and there.decided.refused:
        why = "; ".join(there.decided.refused)
        rows.append(
            [Span("  "), Span(f"{there.decided.decision.value} came to nothing: ", "need"), Span(clip(plain(why), 400))]
        )
    return rows


def _criteria(there: Round) -> list[Row]:
    if not there.criteria:
        return [[Span("  "), Span("none yet: e edits the intent, and what it is judged by", "need")]]
    return criterion_rows(standings(there))


def criterion_rows(found: Sequence[Standing]) -> list[Row]:
    """Each criterion in a line, with what its standing rests on below it."""
    column = max((len(one.criterion.id) for one in found), default=0)
    return [row for one in found for row in _criterion(one, column)]


def _criterion(one: Standing, column: int) -> list[Row]:
    head, below = criterion_row(one, column), _evidence(one)
    indent = " " * sum(len(span.text) for span in head[:2])
    return [head, [Span(indent), Span(below, "quiet")]] if below else [head]


def criterion_row(one: Standing, column: int) -> Row:
    """A criterion in a line; `column`: characters of the longest id."""
    word, ink = _SHOWN[one.shown]
    text = Span(clip(plain(one.criterion.text), 300))
    return [Span(f"  {one.criterion.id:<{column}}  ", "quiet"), Span(f"{word:<9}  ", ink), text]


def criterion_details(one: Standing) -> list[Row]:
    """All that is known of a criterion, as a page; the claimed command whole, for whoever is to allow it."""
    claim, witness, word = one.claim, one.witness, one.acceptance
    rows: list[Row] = [[Span(plain(line), "strong")] for line in one.criterion.text.splitlines()]
    if word is not None:
        rows += [[], [Span("Accepted", "brand"), Span(f"  by {plain(word.by)}", "quiet")], *_text(word.reason)]
    if claim is not None:
        said = claim.status.replace("_", " ")
        rows += [[], [Span("Claimed", "brand"), Span(f"  {plain(said)}", "quiet")], *_text(claim.command)]
        rows += [[Span("  "), Span(plain(line), "quiet")] for line in claim.note.splitlines()]
    if witness is not None:
        rows += [[], [Span("Ran", "brand"), Span(f"  {plain(ran(witness, fresh=one.fresh))}", "quiet")]]
        rows += _text(witness.command) if claim is None or claim.command != witness.command else []
        rows += [[Span("  "), Span(line, "quiet")] for line in plain_lines(witness.output)]
    return rows


def _text(text: str) -> list[Row]:
    return [[Span("  "), Span(line)] for line in plain_lines(text)]


def _evidence(one: Standing) -> str:
    """What a criterion's standing rests on."""
    if one.acceptance is not None:
        return clip(plain(f"by {one.acceptance.by}: {one.acceptance.reason}"), 200)
    if one.witness is not None:
        return clip(plain(f"{one.witness.command}  {ran(one.witness, fresh=one.fresh)}"), 200)
    if one.claim is None:
        return ""
    return clip(plain(" · ".join(filter(None, (one.claim.command, one.claim.note)))), 200)


def ran(witness: Witness, *, fresh: bool) -> str:
    """`held on c0ffee1234`, and whether that is the base still."""
    return f"{ended(witness)} on {witness.commit[:10]}{'' if fresh else ', not the base any more'}"


def _findings(items: Sequence[Feedback], key: str) -> list[Row]:
    shown = [item for item in by_urgency(items) if item.open][:_NEWEST]
    rows = [finding_row(item) for item in shown]
    rest = Counter(item.status.value for item in items if not item.open)
    more = sum(item.open for item in items) - len(shown)
    words = [f"{more} more open" if more else "", *(f"{count} {status}" for status, count in sorted(rest.items()))]
    last = ", ".join(filter(None, words)) or ("" if items else "none")
    if not items:
        return []
    tail = [Span("  "), *([Span(f"{key} ", "key"), Span("all of them  ", "quiet")] if key else []), Span(last, "quiet")]
    return [*rows, tail] if last or key else rows


def finding_row(item: Feedback) -> Row:
    """A finding in a line."""
    ink = _PRIORITIES[item.priority.value] if item.open else "quiet"
    where = f"  {clip(plain(item.location), 40)}" if item.location else ""
    fate = "" if item.open else f"  {clip(plain(became(item)), 60)}"
    title = Span(clip(plain(item.title), 120), "text" if item.open else "quiet")
    return [
        Span(f"  {item.label}  ", "quiet"),
        Span(f"{item.priority.value:<8}", ink),
        title,
        Span(where + fate, "quiet"),
    ]


def finding_details(item: Feedback) -> list[Row]:
    """All of a finding, as a page."""
    about = " · ".join(filter(None, (item.category, item.location, item.source)))
    told = f", in iteration {item.iteration}" if item.iteration else ""
    rows: list[Row] = [
        [Span(plain(item.title), "strong")],
        [Span(plain(f"{item.priority.value}, {became(item)}{told}"), "quiet")],
    ]
    rows += [[Span(plain(about), "quiet")]] if about else []
    for name, text in (("Issue", item.issue), ("Impact", item.impact), ("Suggestion", item.suggestion)):
        if text.strip():
            rows += [[], [Span(name, "brand")], *([Span("  "), Span(plain(line))] for line in text.splitlines())]
    return rows


def _children(children: Sequence[tuple[Prompt, Step]]) -> list[Row]:
    """Those that are not through yet, and how many are."""
    left = [(prompt, step) for prompt, step in children if step.state not in _ENDED]
    rows: list[Row] = [_child(prompt, step) for prompt, step in left[:_NEWEST]]
    through = len(children) - len(left)
    more = f"{len(left) - _NEWEST} more, " if len(left) > _NEWEST else ""
    return [*rows, [Span("  "), Span(f"{more}{through} of {amount(len(children), 'prompt')} through", "quiet")]]


def _child(prompt: Prompt, step: Step) -> Row:
    ink = "failed" if step.state in (StepState.FAILED, StepState.BLOCKED) else "run" if step.state.live else "quiet"
    why = f"  {clip(plain(step.reason), 80)}" if step.reason else ""
    title = Span(clip(plain(prompt.title), 120))
    return [Span(f"  {prompt.label}  ", "quiet"), Span(f"{step.state.value:<12}", ink), title, Span(why, "quiet")]


def _verdict(event: Event) -> list[Row]:
    data = event.data
    met = clip(plain(str(data.get("met") or "?")), 20)
    rows: list[Row] = [[*_said(event), Span(f"{met}  ", _MET.get(met, "text")), Span(_words(data.get("rationale")))]]
    gaps = data.get("gaps")
    found = gaps[:_NEWEST] if isinstance(gaps, list) else ()
    return [*rows, *([Span("      - ", "quiet"), Span(_words(gap))] for gap in found)]


def _planned(event: Event) -> list[Row]:
    decision = clip(plain(str(event.data.get("decision") or "?")), 20)
    why = Span(_words(event.data.get("blocker") or event.data.get("reason")))
    return [[*_said(event), Span(f"{decision}  ", _DECISIONS.get(decision, "text")), why]]


def _said(event: Event) -> Row:
    """In which iteration, and when."""
    return [Span(f"  {event.iteration or '-'}  {day_and_time(event.ts)}  ", "quiet")]


def _learned(page: RoundPage) -> list[Row]:
    if not page.kept and not page.noted:
        return []
    rows: list[Row] = [
        [Span("  - ", "quiet"), Span(clip(note.text, 200)), Span(f"  {plain(note.by)}", "quiet")]
        for note in page.noted[-5:]
    ]
    return [
        *rows,
        [Span("  "), Span(f"{len(page.kept)} kept, {len(page.noted)} noted since: coord learnings", "quiet")],
    ]


def _handed_over(path: str, key: str) -> Row:
    keys = [Span("h ", "key"), Span("read it  ", "quiet")] if key else []
    return [Span("  "), *keys, Span(plain(path), "quiet")]


def _earlier(one: KnownMilestone) -> Row:
    """A milestone that is past, in a line: `coord milestone show ID` has the rest."""
    ink = {"done": "good", "stuck": "failed"}.get(one.milestone.status, "text")
    title = clip(plain(one.milestone.title), 60)
    word = Span(f"{one.milestone.status:<6}", ink)
    return [Span(f"  {one.milestone.id:<5}", "strong"), word, Span(f"{title}  "), Span(one.took, "quiet")]


def run_row(report: RunReport, now: float) -> Row:
    """A run in a line."""
    run, word = report.run, state(report)
    word = run.outcome or word if word == "ended" else word
    ink = {"done": "good", "stuck": "failed", "running": "run", "waiting": "need"}.get(word, "text")
    began = Span(f"{run.started[:16].replace('T', ' ')}  ", "quiet")
    return [Span(f"  {run.id}  "), Span(f"{word:<9}", ink), began, Span(took(report, now), "quiet")]


def worked_row(worked: Worked) -> Row:
    """What was worked on in a run, in a line."""
    attempt = worked.attempt
    ink = {StepState.MERGED: "good", StepState.FAILED: "failed", StepState.BLOCKED: "failed"}.get(attempt.state, "text")
    in_flow = attempt.work.kind == "flow"
    about = f"iteration {attempt.work.iteration}" if in_flow else f"{attempt.prompt:02d} {plain(attempt.title)}"
    took_ = ", ".join(filter(None, (age(worked.spent.seconds) if worked.spent.seconds else "", worked.spent.words)))
    state = Span(f"{attempt.state.value:<12}", ink)
    end = clip(plain(ended_as(worked)), 100)
    why = "" if attempt.state is StepState.MERGED or end == attempt.state.value else f"  {end}"
    return [Span(f"  {attempt.agent:<18}", "quiet"), state, Span(clip(about, 80)), Span(f"  {took_}{why}", "quiet")]


def _words(value: object) -> str:
    return clip(plain(" ".join(str(value or "").split())), 300)


def _event_json(event: Event) -> dict[str, object]:
    return {"seq": event.seq, "iteration": event.iteration, "actor": event.actor, "ts": event.ts, **event.data}
