"""What the voice can look at: a table of tools that read. What they give is quoted by whoever calls them."""

from collections.abc import Callable, Iterator, Mapping

from coordinator.client.reading import Reading
from coordinator.errors import UsageError
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Step

_ROWS = 120
"""Prompts of a listing."""
_EVENTS = 40
_WORDS = 300
"""Characters of an event or of a reason."""


class Look(NamedTuple):
    """One tool that reads."""

    help: str
    about: Callable[[Mapping[str, Any]], str]
    """One line about a call: it is the source of what comes of it."""
    read: Callable[[Reading, Mapping[str, Any], float], str]
    """The text; `now` in Unix seconds. Raises CoordError."""
    schema: Mapping[str, Any]
    most: int = 6000
    """Characters that are given."""
    end: bool = False
    """Its end matters more than its beginning."""


def row(snapshot: Snapshot, number: int) -> str:
    """A prompt on one line."""
    prompt, step = snapshot.prompts[number], snapshot.steps[number]
    after = f" after {', '.join(f'{n:02d}' for n in prompt.dependencies)}" if prompt.dependencies else ""
    reason = f": {' '.join(step.reason.split())[:_WORDS]}" if step.reason else ""
    return (
        f"{number:02d} [{step.state.value}, {prompt.type.value}, {prompt.priority.value}]{after} {prompt.title}{reason}"
    )


def agents_of(snapshot: Snapshot, now: float) -> Iterator[str]:
    """The agents, a line each."""
    from coordinator.model.clock import timestamp
    from coordinator.model.text import age

    for agent in snapshot.agents:
        since = f" for {age(now - timestamp(agent.since))}" if agent.since else ""
        yield f"{agent.id}: {agent.state.value}{since} ({' '.join(agent.evidence.split())[:_WORDS]})"


def _status(reading: Reading, values: Mapping[str, Any], now: float) -> str:
    from coordinator.views.status_json import counts, usage

    snapshot = reading.look()
    counted = ", ".join(f"{count} {name}" for name, count in counts(snapshot).items() if count)
    used = usage(snapshot, now)
    asked = [
        f"question {q.seq} by {q.asker}: {' '.join(q.text.split())[:_WORDS]}" for q in snapshot.open_questions[:10]
    ]
    lines = [
        f"milestone: {snapshot.milestone.title} ({snapshot.standing})",
        f"loop: {snapshot.loop.state.value}: {snapshot.loop.reason}",
        f"prompts: {counted or 'none'}; the next free number is {next_number(snapshot)}",
        f"used in this run: {used.get('tokens') or 0:,} tokens, ${used.get('cost_usd') or 0:.2f}",
        *agents_of(snapshot, now),
        *asked,
        *(f"problem: {problem.path}: {problem.message}" for problem in snapshot.problems[:10]),
    ]
    return "\n".join(lines)


def next_number(snapshot: Snapshot) -> int:
    """That of the next new prompt."""
    return max(snapshot.highest_number, max(snapshot.prompts, default=0)) + 1


def _graph(reading: Reading, values: Mapping[str, Any], now: float) -> str:
    snapshot = reading.look()
    left = [n for n in snapshot.graph.order if not snapshot.prompts[n].status.ended]
    ended = len(snapshot.prompts) - len(left)
    rows = [row(snapshot, number) for number in left[:_ROWS]]
    more = [f"and {len(left) - _ROWS} more"] if len(left) > _ROWS else []
    return "\n".join([f"in the order in which they run; {ended} that are done or cancelled are left out", *rows, *more])


def _why(reading: Reading, values: Mapping[str, Any], now: float) -> str:
    from coordinator.views.why import sentence, why

    return sentence(why(reading.look(), values["number"], now))


def step_of(snapshot: Snapshot, number: int) -> Step:
    """The step of a prompt. UsageError when there is none of that number."""
    if number not in snapshot.prompts:
        raise UsageError(f"there is no prompt {number:02d}", f"{len(snapshot.prompts)} prompts are in the graph")
    return snapshot.steps[number]


def _prompt(reading: Reading, values: Mapping[str, Any], now: float) -> str:
    snapshot = reading.look()
    step = step_of(snapshot, values["number"])
    attempt = step.attempt
    head = [row(snapshot, values["number"])]
    if attempt is not None:
        head.append(f"attempt {attempt.attempt} by {attempt.agent}: {attempt.state.value} {attempt.reason}")
    return "\n".join([*head, "", snapshot.prompts[values["number"]].source.decode("utf-8", "replace")])


def _log(reading: Reading, values: Mapping[str, Any], now: float) -> str:
    from coordinator.views.event_text import sentence

    subject = f"prompt:{values['prompt']}" if values.get("prompt") else ""
    text, kind = str(values.get("text") or ""), str(values.get("kind") or "")
    limit = min(int(values.get("limit") or 20), _EVENTS)
    found = reading.events(text=text, subject=subject, kinds=(kind,) if kind else (), limit=limit)
    return "\n".join(f"{event.seq} {event.ts} {sentence(event)[:_WORDS]}" for event in found) or "nothing"


def _about_log(values: Mapping[str, Any]) -> str:
    of = f" of prompt {values['prompt']}" if values.get("prompt") else ""
    with_text = f" with “{str(values['text'])[:40]}”" if values.get("text") else ""
    return f"the log{of}{with_text}"


def _screen(reading: Reading, values: Mapping[str, Any], now: float) -> str:
    return reading.screen(values["agent"])


def _diff(reading: Reading, values: Mapping[str, Any], now: float) -> str:
    page = reading.change(values["number"])
    change = page.change
    commits = [f"commit {c.sha[:9]} {c.subject}" for c in change.commits[-20:]]
    files = [f"{f.path} +{f.added or 0} -{f.removed or 0}" for f in change.files[:60]]
    wanted = str(values.get("path") or "")
    parts = ("\n" + page.diff).split("\ndiff --git ")[1:]
    chosen = "\n".join(f"diff --git {part}" for part in parts if not wanted or wanted in part.partition("\n")[0])
    return "\n".join([*commits, *files, "", chosen])


def _alignment(reading: Reading, values: Mapping[str, Any], now: float) -> str:
    from coordinator.formats.alignment import summaries

    number = values.get("number")
    document = reading.document("alignment")
    if number is None:
        return document
    return "\n\n".join(summaries(document.encode("utf-8", "surrogateescape"), number)) or "nothing about it"


def _milestone(reading: Reading, values: Mapping[str, Any], now: float) -> str:
    return reading.document("milestone") or "there is none"


def _feedback(reading: Reading, values: Mapping[str, Any], now: float) -> str:
    number = values.get("number")
    found = [one for one in reading.findings() if number in (None, one.number)]
    if number is not None:
        return "\n\n".join(one.document.decode("utf-8", "replace") for one in found) or "there is none of that number"
    rows = [f"{o.label} [{o.priority.value}, {o.status.value}] {o.title} ({o.location})" for o in found]
    return "\n".join(rows[-_ROWS:]) or "nothing"


def _witnesses(reading: Reading, values: Mapping[str, Any], now: float) -> str:
    rows = []
    for one in reading.standings()[:_ROWS]:
        command = f"; command: {one.claim.command}" if one.claim is not None and one.claim.command else ""
        rows.append(f"{one.criterion.id} [{one.shown.value}] {one.criterion.text}{command}")
    return "\n".join(rows) or "no criterion is known"


def _schema(required: tuple[str, ...] = (), **properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


_NUMBER = {"type": "integer", "minimum": 1, "description": "The prompt's number."}
_NOTHING = _schema()

LOOKS: Mapping[str, Look] = {
    "status": Look(
        "Where everything stands: milestone, loop, counts, agents, open questions, problems.",
        lambda values: "the status",
        _status,
        _NOTHING,
    ),
    "graph": Look(
        "The prompts that are left, in the order in which they run, with what each waits for.",
        lambda values: "the graph",
        _graph,
        _NOTHING,
        10_000,
    ),
    "why": Look(
        "Why a prompt runs, waits or can't run.",
        lambda values: f"why prompt {values.get('number')} is where it is",
        _why,
        _schema(("number",), number=_NUMBER),
        3000,
    ),
    "prompt": Look(
        "A prompt's file, with the state of its last attempt.",
        lambda values: f"prompt {values.get('number')}",
        _prompt,
        _schema(("number",), number=_NUMBER),
        8000,
    ),
    "log": Look(
        "The newest events of the log: of a prompt, of a kind such as `step` or `question.asked`, with some words.",
        _about_log,
        _log,
        _schema(
            text={"type": "string", "description": "Words that have to occur."},
            prompt=_NUMBER,
            kind={"type": "string", "description": "A kind, or the family before its dot."},
            limit={"type": "integer", "minimum": 1, "maximum": _EVENTS},
        ),
        8000,
        end=True,
    ),
    "screen": Look(
        "What an agent's window shows, or showed at the end.",
        lambda values: f"the screen of {values.get('agent')}",
        _screen,
        _schema(("agent",), agent={"type": "string", "description": "Such as executor-07-1."}),
        5000,
        end=True,
    ),
    "diff": Look(
        "What the last attempt of a prompt changed: commits, files, diff.",
        lambda values: f"the diff of prompt {values.get('number')}",
        _diff,
        _schema(
            ("number",), number=_NUMBER, path={"type": "string", "description": "Only files with this in their path."}
        ),
        12_000,
    ),
    "alignment": Look(
        "What agents reported and the engineer said to it: about a prompt, or the newest of all.",
        lambda values: "the alignment document" + (f" on prompt {values['number']}" if values.get("number") else ""),
        _alignment,
        _schema(number=_NUMBER),
        8000,
        end=True,
    ),
    "milestone": Look(
        "The milestone: goal, non-goals, constraints, success criteria.",
        lambda values: "the milestone",
        _milestone,
        _NOTHING,
    ),
    "feedback": Look(
        "The findings, or one of them whole.",
        lambda values: f"finding {values['number']}" if values.get("number") else "the findings",
        _feedback,
        _schema(number={"type": "integer", "minimum": 1, "description": "The finding's number."}),
    ),
    "witnesses": Look(
        "The acceptance criteria, and what shows that each is met.",
        lambda values: "the witnesses",
        _witnesses,
        _NOTHING,
    ),
}
"""By name. Whatever a tool gives was written by others, or rests on what they wrote."""
