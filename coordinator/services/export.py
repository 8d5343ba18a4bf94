"""Export: what other tools' own files are to say of work that went on here. Only what is new changes. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence

from coordinator.formats.foreign.plot import EVENTS, Plot, read_plot
from coordinator.formats.imports.json_text import change
from coordinator.formats.imports.text import patched
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import NamedTuple
from coordinator.model.clock import timestamp
from coordinator.model.event import ActorKind, Event
from coordinator.model.problem import Problem
from coordinator.model.text import amount, plain
from coordinator.services.write_back import WriteBack

KINDS = (
    *("milestone.created", "milestone.status", "intent.set", "attachment.added", "attachment.removed"),
    *("decision.recorded", "question.asked", "question.assumed", "question.answered", "artifact.produced"),
    *("note.added", "step.dispatched"),
)
"""Events of the log that a plot is told of, and those that say which plot it is."""
_STATUSES = {"open": "active", "done": "done"}
_PARTS = ("goal", "non_goals", "constraints", "success_criteria")


class PlotFile(NamedTuple):
    """An object of plot as it lies there."""

    path: str
    """`.plot/ID.json`."""
    data: bytes
    events: bytes | None
    """None: there are none yet."""


@dataclass(frozen=True, slots=True)
class Export:
    """What is going to be written."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    """Path, relative to the project's root → the whole new content."""
    told: tuple[str, ...] = ()
    """For people, a line a file: what it is told."""
    problems: tuple[Problem, ...] = ()
    versions: Mapping[str, bytes | None] = field(default_factory=dict)
    """What each of the files was when it was planned for; None: it was not there."""


class Exported(NamedTuple):
    """What was written, or would be."""

    export: Export
    tasks: tuple[WriteBack, ...]
    """What task files are told, a format each."""
    copied: tuple[str, ...] = ()
    """Files of a copy, relative to where it is."""

    @property
    def anything(self) -> bool:
        return bool(self.export.files) or any(one.changes for one in self.tasks)

    def to_json(self) -> dict[str, object]:
        changes = [change for one in self.tasks for change in one.changes]
        written = [
            {
                "source": change.source,
                "number": change.number,
                "path": change.file or change.path,
                "before": change.before,
                "status": change.status.value,
            }
            for change in changes
        ]
        return {
            "written": written,
            "files": sorted({*self.export.files, *(change.file or change.path for change in changes)}),
            "told": list(self.export.told),
            "copied": list(self.copied),
            "problems": [problem.to_json() for problem in self.problems],
        }

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*self.export.problems, *(problem for one in self.tasks for problem in one.problems))


def linked(log: Sequence[Event]) -> dict[str, tuple[Event, ...]]:
    """The plots that a milestone is attached to, each with what happened since and until the next milestone.

    `log`: events of `KINDS` in order.
    """
    found: dict[str, list[Event]] = {}
    present: list[str] = []
    for event in log:
        ref = event.data.get("ref")
        is_plot = isinstance(ref, str) and ref.startswith(".plot/") and ref.endswith(".json")
        if event.kind == "milestone.created":
            present = []
        elif is_plot and event.kind == "attachment.added":
            present = [*(one for one in present if one != ref), str(ref)]
            found.setdefault(str(ref), [])
        elif is_plot and event.kind == "attachment.removed":
            present = [one for one in present if one != ref]
        else:
            for one in present:
                found[one].append(event)
    return {path: tuple(events) for path, events in found.items()}


def plan_plot(file: PlotFile, log: Sequence[Event]) -> Export:
    """What an object of plot and its events are to say: lines are added, none is ever changed or said twice."""
    before = file.events or b""
    plot = read_plot(file.path, file.data, before)
    if not isinstance(plot, Plot):
        problem = plot or Problem(plain(file.path), 1, "no-plot", "it is no object of plot", "nothing is written there")
        return Export(problems=(problem,))
    there = set(before.split(b"\n"))
    lines: list[bytes] = []
    said = _Said(plot)
    for event in log:
        for line in said.lines(event):
            if line not in there:
                lines.append(line)
                there.add(line)
    files: dict[str, bytes] = {}
    if lines:
        between = b"" if not before or before.endswith(b"\n") else b"\n"
        files[events_of(file.path)] = before + between + b"".join(one + b"\n" for one in lines)
    changed = _changed(file, said, plot)
    if changed != file.data:
        files[file.path] = changed
    told = f"{plain(file.path)}: {amount(len(lines), 'event')}" + (f", {said.status}" if file.path in files else "")
    versions = {file.path: file.data, events_of(file.path): file.events}
    return Export(files, (told,) if files else (), versions={path: versions[path] for path in files})


def events_of(path: str) -> str:
    """Where the events of an object lie: `.plot/ID.events.jsonl` of `.plot/ID.json`."""
    return path.removesuffix(".json") + EVENTS


class _Said:
    """What the object comes to, event by event."""

    def __init__(self, plot: Plot) -> None:
        self._since = timestamp(plot.updated)
        """A change of ours that is older than the object is no news: somebody has changed it since, or it was told."""
        self.status = plot.status
        self.intent: dict[str, object] = dict(plot.intent.to_json())
        self.updated = ""

    def lines(self, event: Event) -> Iterator[bytes]:
        """What an event of ours is there; nothing for what is no matter of a plot."""
        for kind, data in self._of(event):
            value = {"type": kind, "actor": _actor(event), "at": event.ts, "data": data}
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            yield text.encode("utf-8", "replace")

    def _of(self, event: Event) -> Iterator[tuple[str, dict[str, object]]]:
        data = event.data
        match event.kind:
            case "decision.recorded":
                yield "decision_made", {"summary": _text(data, "text")}
            case "question.asked":
                yield "question_posed", {"text": _text(data, "text"), "blocking": True}
            case "question.assumed":
                yield (
                    "question_posed",
                    {"text": _text(data, "text"), "blocking": False, "default": _text(data, "default")},
                )
            case "question.answered":
                yield "question_answered", {"text": _text(data, "answer")}
            case "artifact.produced":
                yield "artifact_produced", {"type": "file", "ref": _text(data, "path")}
            case "attachment.added":
                yield "attachment_added", {"type": _text(data, "type"), "ref": _text(data, "ref"), "role": "references"}
            case "note.added":
                yield "note", {"text": _text(data, "text")}
            case "step.dispatched":
                yield "run_dispatched", {"run_id": _text(data, "agent") or event.subject, "prompt": event.prompt}
            case "milestone.status" if timestamp(event.ts) > self._since:
                yield from self._status(event)
            case "intent.set" if timestamp(event.ts) > self._since:
                yield from self._intent(event)

    def _status(self, event: Event) -> Iterator[tuple[str, dict[str, object]]]:
        after = _STATUSES.get(_text(event.data, "status"), "")
        if after and after != self.status and self.status != "archived":
            yield "status_changed", {"from": self.status, "to": after}
            self.status, self.updated = after, event.ts

    def _intent(self, event: Event) -> Iterator[tuple[str, dict[str, object]]]:
        for part in _PARTS:
            value = event.data.get(part)
            if value is not None and value != self.intent.get(part):
                yield "intent_edited", {"field": part, "value": value}
                self.intent[part], self.updated = value, event.ts


def _changed(file: PlotFile, said: _Said, plot: Plot) -> bytes:
    """The object with another status or intent; every other byte stays."""
    if not said.updated:
        return file.data
    before = plot.intent.to_json()
    patches = [*change(file.data, file.path, said.status, "status")] if said.status != plot.status else []
    for part in _PARTS:
        if said.intent.get(part) != before[part]:
            patches += change(file.data, file.path, said.intent[part], "intent", part)
    if patches:
        patches += change(file.data, file.path, said.updated, "updated_at")
    return patched(file.data, tuple(patches))


def _actor(event: Event) -> str:
    """`user:ada`, `agent:executor-07-1`; what coord does by itself is its own."""
    if event.actor_kind == ActorKind.HUMAN:
        return f"user:{event.actor}"
    return f"agent:{event.actor}" if event.actor_kind == ActorKind.AGENT else "agent:coord"


def _text(data: Mapping[str, object], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
