"""What is in a row of the graph: pure, from a snapshot, a layout and what is marked to spans of text."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.graph import SATISFIED, Graph
from coordinator.model.prompt import Prompt, PromptStatus, PromptType
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.views import graph_rails as rail
from coordinator.views.pipeline_rows import TurnRow
from coordinator.views.prompt_row import Fact, Facts, Tone, badge, names
from coordinator.views.spans import Span
from tui.paint.ink import clip, columns, fit
from tui.paint.theme import Glyphs

RAIL_INKS = 5
"""How many colours rails take turns in."""

_FACT_INKS = {
    Tone.DONE: "quiet",
    Tone.RUNNING: "run",
    Tone.REVIEW: "review",
    Tone.ATTENTION: "need",
    Tone.NEXT: "text",
    Tone.WAITING: "quiet",
    Tone.FAILED: "failed",
    Tone.BLOCKED: "need",
    Tone.CANCELLED: "quiet",
}
_GLYPH_INKS = {**_FACT_INKS, Tone.DONE: "good"}
_TITLE_INKS = {Tone.DONE: "quiet", Tone.CANCELLED: "quiet"}
_LEAST_TITLE = 16
"""Columns that the rails and the title keep when the fact is long."""


class Signs(NamedTuple):
    """Characters of the rows beside those of the theme and of the rails. One column each."""

    blocked: str
    new: str
    changed: str
    marked: str
    before: str
    after: str
    patch: str
    emergent: str
    review_fix: str
    folded: str
    knot: str
    branch: str
    branch_end: str


_UNICODE = Signs("⊘", "+", "~", "▌", "▴", "▾", "⚑", "✧", "↺", "⋯", "↺", "├", "└")
_ASCII = Signs("#", "+", "~", "*", "^", ",", "&", "%", "@", "=", "@", "+", "`")


def signs(marks: Glyphs) -> Signs:
    return _UNICODE if marks.boxes else _ASCII


def layer_name(layer: int, marks: Glyphs) -> str:
    """How the map calls a layer."""
    return signs(marks).knot if layer < 0 else str(layer + 1)


def rail_glyphs(marks: Glyphs) -> rail.Glyphs:
    return rail.UNICODE if marks.boxes else rail.ASCII


def tone_glyph(tone: Tone, marks: Glyphs, now: float) -> str:
    """The state in one column; no two tones share a character."""
    match tone:
        case Tone.DONE:
            return marks.done
        case Tone.RUNNING:
            return marks.spin(now)
        case Tone.REVIEW:
            return marks.review
        case Tone.ATTENTION:
            return "!"
        case Tone.NEXT:
            return marks.next
        case Tone.WAITING:
            return marks.later
        case Tone.FAILED:
            return marks.alarm
        case Tone.BLOCKED:
            return signs(marks).blocked
        case Tone.CANCELLED:
            return marks.cancelled


@dataclass(frozen=True, slots=True)
class Preview:
    """What a plan would change: prompts as they are going to be, those that exist and those that don't yet."""

    planned: Mapping[int, Prompt] = field(default_factory=dict)
    new: frozenset[int] = frozenset()
    gains: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Number → dependencies that it does not have yet."""
    notes: Mapping[int, str] = field(default_factory=dict)
    """Number → what becomes different, in a few words."""

    @classmethod
    def of(cls, prompts: Mapping[int, Prompt], planned: Iterable[Prompt], gone: Iterable[int] = ()) -> "Preview":
        """Compare planned prompts with those that are; the ones that stay as they are don't count."""
        changed = {p.number: p for p in planned if prompts.get(p.number) != p}
        new = frozenset(changed).difference(prompts)
        gains: dict[int, tuple[int, ...]] = {}
        notes = {number: "goes away" for number in gone if number in prompts}
        for number, prompt in changed.items():
            if number in new:
                notes[number] = "new"
                continue
            old = prompts[number]
            gains[number] = tuple(d for d in prompt.dependencies if d not in old.dependencies)
            notes[number] = _note(old, prompt, gains[number])
        return cls(changed, new, gains, notes)


def _note(old: Prompt, new: Prompt, gains: tuple[int, ...]) -> str:
    losses = [d for d in old.dependencies if d not in new.dependencies]
    if new.status is PromptStatus.CANCELLED and old.status is not PromptStatus.CANCELLED:
        return "will be cancelled"
    if gains:
        return f"now after {names(gains, 2)} too"
    if losses:
        return f"no longer after {names(losses, 2)}"
    if new.status is not old.status:
        return f"will be {new.status.value.replace('_', ' ')}"
    return "edited"


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that rows are drawn from."""

    snapshot: Snapshot
    facts: Facts
    graph: Graph
    """The snapshot's, or the planned one."""
    preview: Preview
    marks: Glyphs
    digits: int
    """Columns of the longest number."""
    only: frozenset[int] | None = None
    """What a filter leaves; None: everything."""

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        preview: Preview,
        marks: Glyphs,
        last: "Scene | None" = None,
        only: frozenset[int] | None = None,
    ) -> "Scene":
        """`last` is what was drawn: its graph is kept if it is equal, so that its layout can be kept.

        `only`: what a filter leaves; what a plan changes is shown besides.
        """
        same = last if last is not None and last.snapshot is snapshot else None
        facts = same.facts if same is not None else Facts(snapshot)
        if same is not None and same.only == only and same.preview.planned == preview.planned:
            graph = same.graph
        else:
            graph = _graph(snapshot, preview, only)
            graph = last.graph if last is not None and last.graph == graph else graph
        digits = max(2, len(str(graph.nodes[-1])) if graph.nodes else 0)
        return cls(snapshot, facts, graph, preview, marks, digits, only)

    def prompt(self, number: int) -> Prompt:
        """As it is going to be."""
        return self.preview.planned.get(number) or self.snapshot.prompts[number]

    def fact(self, number: int, now: float) -> Fact:
        """As it is; a prompt that is only planned has none of its own."""
        if number in self.preview.new:
            after = self.graph.dependents[number]
            text = f"before {names(after, 3)}" if after else f"after {names(self.graph.dependencies[number], 3)}"
            return Fact(text if text != "after " else "", Tone.NEXT)
        return self.facts.of(number, now)

    def label(self, number: int) -> str:
        return f"{number:02d}".rjust(self.digits)

    def ended(self) -> frozenset[int]:
        """What may be folded away: merged or cancelled, and not touched by the plan."""
        steps = self.snapshot.steps
        return frozenset(n for n in steps if steps[n].state in SATISFIED and n not in self.preview.planned)


def _graph(snapshot: Snapshot, preview: Preview, only: frozenset[int] | None) -> Graph:
    """The snapshot's, or the planned one, without what a filter leaves out."""
    if only is not None:
        there = {**snapshot.prompts, **preview.planned}
        return Graph.of(prompt for n, prompt in there.items() if n in only or n in preview.planned)
    return snapshot.graph.with_prompt(*preview.planned.values()) if preview.planned else snapshot.graph


class RowLook(NamedTuple):
    """A row before it is fitted into a width. Equal looks draw equal rows."""

    lead: tuple[Span, ...]
    middle: tuple[Span, ...]
    """Rails, title and badges: what panning moves and what is cut first."""
    fact: tuple[Span, ...]
    ground: str = ""
    """Ink that lies under the row."""


def rail_spans(cells: Iterable[rail.Cell]) -> list[Span]:
    """Neighbouring cells of one colour become one span; blanks have any."""
    spans: list[Span] = []
    text, ink = "", "line"
    for char, lane in cells:
        wanted = ink if char == " " else "line" if lane < 0 else f"rail-{lane % RAIL_INKS}"
        if wanted != ink and text:
            spans.append(Span(text, ink))
            text = ""
        text, ink = text + char, wanted
    return [*spans, Span(text, ink)]


def prompt_look(
    scene: Scene, number: int, cells: Sequence[rail.Cell], now: float, selected: int | None, marked: Collection[int]
) -> RowLook:
    """The row of one prompt."""
    fact = scene.fact(number, now)
    prompt, sign = scene.prompt(number), signs(scene.marks)
    new, here = number in scene.preview.new, number == selected
    glyph = Span(sign.new, "badge") if new else Span(tone_glyph(fact.tone, scene.marks, now), _GLYPH_INKS[fact.tone])
    title = "strong" if here or new else _TITLE_INKS.get(fact.tone, "text")
    lead = (
        _relation(scene, number, selected, marked),
        glyph,
        Span(f" {scene.label(number)} ", "strong" if here else "badge" if new or number in marked else "quiet"),
    )
    middle = (*rail_spans(cells), Span("  "), Span(plain(prompt.title), title), *_badges(scene, prompt))
    return RowLook(lead, middle, _fact_spans(scene, prompt, fact), "ghost" if new else "")


def turn_look(scene: Scene, rows: Sequence[TurnRow], place: int, cells: Sequence[rail.Cell], now: float) -> RowLook:
    """A line of a prompt's pipeline, below its row."""
    row, sign, rails = rows[place], signs(scene.marks), rail_glyphs(scene.marks)
    ink = _FACT_INKS[row.tone]
    following = next((other.depth for other in rows[place + 1 :] if other.depth <= row.depth), -1)
    goes_on = any(not other.depth for other in rows[place + 1 :])
    branch = sign.branch if following == row.depth else sign.branch_end
    beside = f"{rails.vertical if goes_on else ' '} " * row.depth
    lead = (Span(" " * (scene.digits + 4)),)
    glyph = Span(tone_glyph(row.tone, scene.marks, now), _GLYPH_INKS[row.tone])
    name = Span(f" {row.name}", _TITLE_INKS.get(row.tone, "quiet" if row.tone is Tone.WAITING else "text"))
    middle = (*rail_spans(cells), Span("  "), Span(f"{beside}{branch} ", "line"), glyph, name)
    return RowLook(lead, middle, (Span(row.fact, ink),))


def folded_look(scene: Scene, numbers: Sequence[int], cells: Sequence[rail.Cell]) -> RowLook:
    """The row of a run of ended prompts."""
    tones = [scene.fact(number, 0.0).tone for number in numbers]
    done, cancelled = tones.count(Tone.DONE), tones.count(Tone.CANCELLED)
    parts = [f"{count} {word}" for count, word in ((done, "done"), (cancelled, "cancelled")) if count]
    tone = Tone.DONE if done else Tone.CANCELLED
    lead = (
        Span(" "),
        Span(tone_glyph(tone, scene.marks, 0.0), _GLYPH_INKS[tone]),
        Span(f" {signs(scene.marks).folded.rjust(scene.digits)} ", "quiet"),
    )
    span = f"{numbers[0]:02d} {scene.marks.dash} {numbers[-1]:02d}"
    return RowLook(lead, (*rail_spans(cells), Span("  "), Span(", ".join(parts), "quiet")), (Span(span, "quiet"),))


def row_spans(look: RowLook, width: int, pan: int, ellipsis: str) -> list[Span]:
    """Fit a row into `width` columns: the fact keeps the right edge, the middle loses `pan` columns at its left."""
    room = width - columns(look.lead) - 1
    fact = fit(look.fact, max(room - _LEAST_TITLE - 2, room * 2 // 5, 0), ellipsis)
    taken = columns(fact)
    room -= taken + 2 if taken else 0
    middle = fit(_panned(look.middle, pan), max(0, room), ellipsis)
    gap = width - columns(look.lead) - columns(middle) - taken - 1
    return [*look.lead, *middle, Span(" " * max(0, gap)), *fact, Span(" ")]


def _panned(spans: Sequence[Span], pan: int) -> list[Span]:
    out: list[Span] = []
    for span in spans:
        text = span.text
        if pan:
            size = cell_len(text)
            if size <= pan:
                pan -= size
                continue
            while pan > 0:
                pan -= cell_len(text[0])
                text = text[1:]
            if pan < 0:
                text, pan = " " + text, 0
        out.append(span._replace(text=text))
    return out


def _relation(scene: Scene, number: int, selected: int | None, marked: Collection[int]) -> Span:
    """The first column: marked, changed by the plan, or how the row relates to the selected one."""
    sign = signs(scene.marks)
    if number in marked:
        return Span(sign.marked, "badge")
    if number in scene.preview.notes:
        return Span(" " if number in scene.preview.new else sign.changed, "badge")
    if selected is not None and selected != number:
        if number in scene.graph.dependencies.get(selected, ()):
            return Span(sign.before, "run")
        if selected in scene.graph.dependencies[number]:
            return Span(sign.after, "run")
    return Span(" ")


def _badges(scene: Scene, prompt: Prompt) -> list[Span]:
    sign, found = signs(scene.marks), badge(prompt)
    spans = []
    if found is not None:
        shape = {PromptType.USER_PATCH: sign.patch, PromptType.EMERGENT: sign.emergent}.get(found.kind, sign.review_fix)
        spans.append(Span(f" {shape} {found.text}", "badge"))
    note = scene.preview.notes.get(prompt.number)
    if note:
        spans.append(Span(f" {note}", "badge"))
    return spans


def _fact_spans(scene: Scene, prompt: Prompt, fact: Fact) -> tuple[Span, ...]:
    if prompt.number in scene.preview.new:
        return (Span(fact.text, "badge"),)
    gains = scene.preview.gains.get(prompt.number, ())
    ink = _FACT_INKS[fact.tone]
    if not gains or fact.tone not in (Tone.WAITING, Tone.NEXT):
        return (Span(fact.text, ink),)
    kept = f"{fact.text}, " if fact.tone is Tone.WAITING else "after "
    return (Span(kept, "quiet"), Span(names(gains, 3), "badge"))


def chip_spans(
    scene: Scene, number: int, width: int, now: float, selected: int | None, marked: Collection[int]
) -> list[Span]:
    """One prompt of the map, `width` columns wide: with its title where there is room."""
    fact = scene.fact(number, now)
    new = number in scene.preview.new
    glyph = signs(scene.marks).new if new else tone_glyph(fact.tone, scene.marks, now)
    here = number == selected
    ink = "badge" if number in scene.preview.planned else _TITLE_INKS.get(fact.tone, "text")
    spans = [
        _relation(scene, number, selected, marked),
        Span(glyph, "badge" if new else _GLYPH_INKS[fact.tone]),
        Span(f" {scene.label(number)}" if width > scene.digits + 3 else scene.label(number), ink),
    ]
    room = width - columns(spans) - 2
    if room >= 6:
        title = clip(plain(scene.prompt(number).title), room, scene.marks.ellipsis)
        spans.append(Span(f" {title}", ink))
    spans.append(Span(" " * max(0, width - columns(spans))))
    return [span._replace(ink="cursor") for span in spans] if here else spans
