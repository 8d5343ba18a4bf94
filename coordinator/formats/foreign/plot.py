"""A coordination object of plot: `.plot/ID.json`, and its events, an object a line of `.plot/ID.events.jsonl`. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence

from coordinator.formats.imports.json_text import load
from coordinator.formats.imports.text import one_line
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.foreign_run import ForeignRun, ForeignStep
from coordinator.model.intent import Intent, intent
from coordinator.model.problem import Problem
from coordinator.model.text import amount, clip, plain

FOLDER, EVENTS = ".plot", ".events.jsonl"
_MOST, _LONGEST = 10_000, 300
"""Events of one object, and characters of what one of them says here."""
_LISTS = ("non_goals", "constraints", "success_criteria")
_TOLD = ("summary", "text", "rationale", "ref", "name", "value", "answer", "reason", "run_id", "plan_run_id")
"""Keys of an event's data that say what it is about; the first that is there."""


class PlotEvent(NamedTuple):
    """A line of its events."""

    type: str
    actor: str
    """`user:ada`, `agent:planner:run_1`."""
    at: str
    data: Mapping[str, Any]
    line: int

    @property
    def words(self) -> str:
        """What it says, on one line."""
        if self.type == "status_changed":
            return f"{_text(self.data, 'from')} → {_text(self.data, 'to')}"
        told = next((found for key in _TOLD if (found := _shown(self.data.get(key)))), "")
        field = _text(self.data, "field")
        return clip(plain(f"{field}: {told}" if field else told), _LONGEST)


class Attachment(NamedTuple):
    """Something that belongs to it."""

    id: str
    type: str
    ref: str
    role: str


@dataclass(frozen=True, slots=True)
class Plot:
    """An object with its events; where both say something of it, what the object says counts."""

    id: str
    name: str = ""
    status: str = ""
    intent: Intent = Intent()
    attachments: tuple[Attachment, ...] = ()
    events: tuple[PlotEvent, ...] = ()
    created: str = ""
    updated: str = ""
    mismatches: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_plot(path: str, data: bytes | None, events: bytes) -> Plot | Problem | None:
    """The object at a path, `.plot/ID.json`, and its events. `data` None: only events are left of it.

    None for what is no object of plot. Never raises.
    """
    document = load(data, path) if data is not None else {}
    if isinstance(document, Problem):
        return document
    name = path.rpartition("/")[2].removesuffix(".json")
    if not isinstance(document, dict) or (data is not None and not {"intent", "status"} <= document.keys()):
        return None
    log, problems = _events(path.removesuffix(".json") + EVENTS, events)
    if data is None and not log:
        return None
    told = _folded(log)
    given = document.get("intent") if data is not None else told
    said = given if isinstance(given, dict) else {}
    listed = document.get("attachments")
    attached = tuple(_attachments(listed if isinstance(listed, list) else []))
    from_events = tuple(_attachments([e.data for e in log if e.type == "attachment_added"]))
    removed = {_text(e.data, "id") for e in log if e.type == "attachment_removed"}
    left = tuple(one for one in from_events if one.id not in removed)
    return Plot(
        _text(document, "id") or name,
        _text(document, "name") or _text(told, "name"),
        _text(document, "status") or _text(told, "status"),
        intent(_text(said, "goal"), *(_texts(said.get(key)) for key in _LISTS)),
        attached or left,
        log,
        _text(document, "created_at") or (log[0].at if log else ""),
        _text(document, "updated_at") or (log[-1].at if log else ""),
        tuple(_mismatches(path, document, told)) if data is not None else (),
        tuple(problems),
    )


def as_run(plot: Plot, path: str) -> ForeignRun:
    """The same as a run: what happened to it are its steps, but for what the object itself says already."""
    steps = [
        ForeignStep(event.type.replace("_", " "), event.actor, event.words, event.at, path)
        for event in plot.events
        if event.type not in ("intent_edited", "attachment_added")
    ]
    lists = (("not", plot.intent.non_goals), ("within", plot.intent.constraints), ("met when", plot.intent.criteria))
    notes = [f"goal: {one_line(plot.intent.goal)}"] if plot.intent.goal else []
    notes += [f"{name}: {text}" for name, texts in lists for text in texts]
    notes += [" ".join(filter(None, (one.role, one.type, one.ref))) for one in plot.attachments]
    return ForeignRun(
        "plot",
        plot.id,
        path,
        title=plot.name,
        status=plot.status,
        at=amount(len(plot.events), "event"),
        started=plot.created,
        updated=plot.updated,
        steps=tuple(steps),
        notes=tuple(notes),
        mismatches=plot.mismatches,
        problems=plot.problems,
    )


def as_spec(plot: Plot) -> str:
    """The intent of an object as a specification, that a milestone can begin with."""
    parts = [f"# {one_line(plot.name) or plot.id}", f"## Goal\n\n{plot.intent.goal}" if plot.intent.goal else ""]
    named = (
        ("Non-Goals", plot.intent.non_goals),
        ("Constraints", plot.intent.constraints),
        ("Success Criteria", plot.intent.criteria),
    )
    parts += [f"## {title}\n\n" + "\n".join(f"- {text}" for text in texts) for title, texts in named if texts]
    return "\n\n".join(filter(None, parts)) + "\n"


# ── its events


def _events(path: str, data: bytes) -> tuple[tuple[PlotEvent, ...], list[Problem]]:
    found: list[PlotEvent] = []
    problems: list[Problem] = []
    for number, line in enumerate(data.split(b"\n")[: _MOST + 1], 1):
        if not line.strip():
            continue
        event = _event(line, number)
        if event is not None:
            found.append(event)
        elif len(problems) < 20:
            message = f"line {number} is no event"
            problems.append(Problem(plain(path), number, "bad-json", message, "mend it there", warning=True))
    return tuple(found), problems


def _event(line: bytes, number: int) -> PlotEvent | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return None
    data = value.get("data")
    return PlotEvent(
        value["type"], _text(value, "actor"), _text(value, "at"), data if isinstance(data, dict) else {}, number
    )


def _folded(log: Sequence[PlotEvent]) -> dict[str, Any]:
    """What the events come to: name, status, and the parts of the intent that were set."""
    told: dict[str, Any] = {}
    for event in log:
        if event.type == "plot_created":
            told |= {"name": _text(event.data, "name"), "status": "drafting"}
        elif event.type == "status_changed":
            told["status"] = _text(event.data, "to")
        elif event.type == "intent_edited" and _text(event.data, "field") in ("goal", *_LISTS):
            told[_text(event.data, "field")] = event.data.get("value")
    return told


def _mismatches(path: str, document: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[str]:
    """Where the object says other than its events come to."""
    given = document.get("intent")
    said = given if isinstance(given, dict) else {}
    events = path.removesuffix(".json") + EVENTS
    if told.get("status") and told["status"] != document.get("status"):
        status = plain(_shown(document.get("status")))
        yield f"{path} says {status}, its events end with {plain(str(told['status']))}"
    for key in ("goal", *_LISTS):
        if key in told and told[key] != said.get(key):
            yield f"{path} has another {key.replace('_', ' ')} than {events} set last"


def _attachments(listed: Sequence[object]) -> Iterator[Attachment]:
    for one in listed:
        if isinstance(one, dict) and _text(one, "ref"):
            yield Attachment(*(_text(one, key) for key in Attachment._fields))


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value.strip() if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _shown(value: object) -> str:
    if isinstance(value, str):
        return one_line(value)
    return "; ".join(one_line(one) for one in value if isinstance(one, str)) if isinstance(value, list) else ""
