"""The graph panel: prompts as rails, one row each, or as a map of layers."""

from collections.abc import Iterable
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from coordinator.model.graph import Graph
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import plain
from coordinator.views.graph_rails import layout
from coordinator.views.pipeline_rows import TurnRow, current_row, turn_rows
from coordinator.views.prompt_row import Tone
from coordinator.views.spans import Span
from tui.paint.contrast import DRAWN, readable
from tui.paint.ink import INKS, Spans, columns
from tui.paint.lines import Lines
from tui.paint.theme import UNICODE, Glyphs
from tui.widgets.graph_layout import MARGIN, MapRows, RailRows
from tui.widgets.graph_marks import MarkedRows
from tui.widgets.graph_rows import (
    RAIL_INKS,
    Preview,
    RowLook,
    Scene,
    chip_spans,
    folded_look,
    layer_name,
    prompt_look,
    rail_glyphs,
    row_spans,
    turn_look,
)

_PAN = 8
"""Columns that one press of left or right moves."""
_ROOMY = 16
"""Rows of the panel from which on there is room for every station of a pipeline."""
_FIRST_LOOK = (Tone.ATTENTION, Tone.FAILED, Tone.RUNNING)
"""What is selected when the first snapshot comes: the first row that is one of these, the earlier the better; else what
would start next."""


class PromptGraph(MarkedRows):
    """One row a prompt: state, number, rails, title, badge, and at the right edge the fact that matters now."""

    HELP: ClassVar[str] = (
        "The prompts in the order in which they run. ● has a rail to those that wait for it, ◎ has none; arrows at the "
        "right of the rails lead into and out of a bundle of long ones. Space marks rows, V all from the last mark to "
        "here, * all that are alike: what you do next is done to all of them. z folds what is done, m shows the layers "
        "as a map, left and right move long titles."
    )
    BORDER_TITLE = "Prompts"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"ink--ghost", *(f"ink--rail-{lane}" for lane in range(RAIL_INKS))}
    DEFAULT_CSS = """
    PromptGraph {
        scrollbar-gutter: stable;
        & > .ink--ghost { background: $accent 18%; }
        & > .ink--rail-0 { color: $primary 80%; }
        & > .ink--rail-1 { color: $secondary 80%; }
        & > .ink--rail-2 { color: $success 65%; }
        & > .ink--rail-3 { color: $accent 65%; }
        & > .ink--rail-4 { color: $foreground 55%; }
        &:ansi > .ink--ghost { background: ansi_default; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "side(-1)", "Left", show=False, id="graph.left"),
        Binding("right", "side(1)", "Right", show=False, id="graph.right"),
        Binding("m", "map", "Map", show=False, id="graph.map", tooltip="Show rails, or a map of the layers"),
        Binding("z", "fold", "Fold", show=False, id="graph.fold", tooltip="Fold what is done, or unfold it"),
    ]

    class Selected(Message):
        """Another prompt was selected by the user's hand."""

        def __init__(self, graph: "PromptGraph", number: int) -> None:
            super().__init__()
            self.graph = graph
            self.number = number

        @property
        def control(self) -> "PromptGraph":
            return self.graph

    class Activated(Lines.Activated):
        """Enter, or a double click, on a prompt."""

        def __init__(self, graph: "PromptGraph", row: int, number: int) -> None:
            super().__init__(graph, row)
            self.number = number

    def __init__(self, marks: Glyphs = UNICODE, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.marks = marks
        self._scene: Scene | None = None
        self._planned: tuple[tuple[Prompt, ...], frozenset[int]] = ((), frozenset())
        self._rows: RailRows | MapRows = RailRows(layout(Graph.of(())))
        self._laid_out: tuple[object, ...] = ()
        self._looks: dict[int, RowLook] = {}
        """Row → what is in it now; forgotten whenever anything that rows depend on differs."""
        self._trees: dict[int, tuple[TurnRow, ...]] = {}
        """Number → what stands below its row of its pipeline; forgotten like the looks."""
        self._now = 0.0
        self._selected: int | None = None
        self._only: frozenset[int] | None = None
        """What a filter leaves; None: everything."""
        self._filter = ""
        self._said = ""
        """What the border says before all else."""
        self._as_map = False
        self._folded = False
        self._pan = 0

    # ── what is shown

    def show(self, snapshot: Snapshot, now: float) -> None:
        """Take over a snapshot; `now` in Unix seconds. Only rows that look different are painted again."""
        self._now = now
        if self._scene is None or snapshot is not self._scene.snapshot:
            self._set_scene(snapshot)
        else:
            self.repaint()

    def tick(self, now: float) -> int:
        """Let durations and spinners of the visible rows move on; how many do."""
        self._now = now
        return self.repaint()

    def preview(self, prompts: Iterable[Prompt], gone: Iterable[int] = ()) -> None:
        """Draw a plan on the graph: these prompts as they are going to be, and which go away. None: back to what is."""
        planned = (tuple(prompts), frozenset(gone))
        if planned != self._planned:
            self._planned = planned
            if self._scene is not None:
                self._set_scene(self._scene.snapshot)

    def narrow(self, text: str, numbers: frozenset[int] | None) -> None:
        """Show only these, which a filter means; None: all. What is selected stays so, if it is among them."""
        self._said = ""
        if (text, numbers) != (self._filter, self._only):
            self._filter, self._only = text, numbers
            self._show_again()

    def narrowing_failed(self, why: str) -> None:
        """A filter means nothing: what the last one left stays."""
        self.say(why)

    def say(self, words: str) -> None:
        """Say something on the border, before all else; nothing: no longer."""
        if words != self._said:
            self._said = words
            if self._scene is not None:
                self._entitle(self._scene)

    def shows(self, number: int) -> bool:
        """No filter leaves the prompt out."""
        return self._scene is not None and number in self._scene.graph.dependencies

    @property
    def order(self) -> tuple[int, ...]:
        return self._scene.graph.order if self._scene is not None else ()

    def marks_changed(self) -> None:
        self.repaint()
        if self._scene is not None:
            self._entitle(self._scene)

    @property
    def selected(self) -> int | None:
        """Number of the prompt under the cursor; of a folded run its last one."""
        return self._selected

    @selected.setter
    def selected(self, number: int) -> None:
        self._select(number)

    def bring(self, number: int) -> None:
        """Scroll just far enough that a prompt's row is in sight, without selecting it."""
        if self._scene is not None and number in self._scene.graph.dependencies:
            self.reveal(self._rows.row_of(number))

    def _set_scene(self, snapshot: Snapshot) -> None:
        old = self._scene
        preview = Preview.of(snapshot.prompts, *self._planned)
        self._scene = scene = Scene.of(snapshot, preview, self.marks, old, self._only)
        self._trees.clear()
        self._marked &= frozenset(scene.graph.nodes) if self._only is None else snapshot.prompts.keys()
        if self._selected not in scene.graph.dependencies:
            self._selected = self._neighbour(scene.graph) if old else self._first_look(scene)
        self._lay_out()
        self.repaint()
        self._entitle(scene)

    def _entitle(self, scene: Scene) -> None:
        ready = len(scene.facts.ready)
        mode = "map ▸ rails (m)" if self._as_map else "rails ▸ map (m)"
        mode = mode if self.marks.boxes else mode.replace("▸", self.marks.crumb)
        some = [plain(self._said)] if self._said else []
        some += [f"{len(self._marked)} marked"] if self._marked else []
        some += [f"{plain(self._filter)}: {len(scene.graph.nodes)}"] if self._only is not None else []
        self.entitle(
            subtitle=f" {self.marks.dot} ".join((*some, str(len(scene.snapshot.prompts)), f"{ready} ready", mode))
        )

    def _neighbour(self, graph: Graph) -> int | None:
        """What is selected when the selected prompt is gone: what followed it, else what came before."""
        rows = (*range(self.cursor, self.row_count()), *range(min(self.cursor, self.row_count()) - 1, -1, -1))
        return next((n for row in rows if (n := self._rows.number_at(row, None)) in graph.dependencies), None)

    def _first_look(self, scene: Scene) -> int | None:
        order, steps = scene.graph.order, scene.snapshot.steps
        tones = {n: scene.fact(n, self._now).tone for n in order if steps[n].state is not StepState.PENDING}
        for tone in _FIRST_LOOK:
            for number, found in tones.items():
                if found is tone:
                    return number
        waiting = (number for number in order if number not in tones)
        ready = (number for number in waiting if scene.fact(number, self._now).tone is Tone.NEXT)
        return next(ready, next(iter(order), None))

    # ── the layout

    def _lay_out(self) -> None:
        """Give prompts their rows again if anything that rows depend on differs; what was in sight stays there."""
        scene, width = self._scene, self.scrollable_content_region.width
        if scene is None or not width:
            return
        lanes = 4 if width < 60 else 8 if width < 110 else 12
        fold = scene.ended() if self._folded else frozenset()
        turns = {n: len(rows) for n in scene.snapshot.pipelines if n not in fold and (rows := self._tree(scene, n))}
        wanted = (scene.graph, self._as_map, fold, (width, self._height()) if self._as_map else lanes, turns)
        if self._laid_out and wanted[0] is self._laid_out[0] and wanted[1:] == self._laid_out[1:]:
            return
        anchor, above = self._anchor() if self._laid_out else (self._selected, self._height() // 3)
        self._laid_out = wanted
        self._looks.clear()
        if self._as_map:
            longest = max((cell_len(prompt.title) for prompt in scene.snapshot.prompts.values()), default=0)
            self._rows = MapRows.of(scene.graph, width, scene.digits, self._height(), longest)
        else:
            self._rows = RailRows(layout(scene.graph, lanes=lanes, fold=fold), turns)
        self.set_reactive(Lines.cursor, self._rows.row_of(self._selected))
        self.rows_changed()
        self.scroll_to(y=self._rows.row_of(anchor) - above, animate=False, force=True, immediate=True)
        self.reveal(self.cursor)

    def _anchor(self) -> tuple[int | None, int]:
        """What must not jump when rows move: the selected row if it is in sight, else the first one; and its place."""
        top, height = self.scroll_offset.y, self._height()
        if top <= self.cursor < top + height or not self.row_count():
            return self._selected, self.cursor - top
        return self._rows.number_at(top, None), 0

    def _height(self) -> int:
        return self.scrollable_content_region.height

    def on_resize(self) -> None:
        self._trees.clear()
        self._lay_out()

    # ── painting

    def row_count(self) -> int:
        return len(self._rows)

    def row_version(self, row: int) -> object:
        if isinstance(self._rows, MapRows):
            return tuple(self._map_spans(self._rows, row))
        return (self._look(self._rows, row), self._pan)

    def row_spans(self, row: int, width: int) -> Spans:
        if isinstance(self._rows, MapRows):
            return self._map_spans(self._rows, row)
        spans = row_spans(self._look(self._rows, row), width, self._pan, self.marks.ellipsis)
        if row != self.cursor:
            return spans
        # Faint colours are faint on the panel's background, and of sixteen any may be the cursor's own.
        lost = self.COMPONENT_CLASSES | INKS if self.app.current_theme.ansi else ("ink--quiet", "ink--line")
        return [span._replace(ink="text") if f"ink--{span.ink}" in lost else span for span in spans]

    def empty_spans(self) -> list[Spans]:
        if self._scene is None:
            return [[Span(" Reading the project…", "quiet")]]
        if self._only is not None:
            return [[Span(" No prompt fits. ", "quiet"), Span("esc", "key"), Span(" shows all again.", "quiet")]]
        return [
            [Span(" No prompts yet.", "quiet")],
            [Span(" Press ", "quiet"), Span("i", "key"), Span(" to write the first one.", "quiet")],
        ]

    def render_line(self, y: int) -> Strip:
        return super().render_line(y).apply_style(self.ink("panel"))

    def ink(self, name: str) -> Style:
        """Rails and ghost rows are tinted: their colours are blended with the panel's own, which is the ink `panel`."""
        if name in self._inks or not name.startswith(("rail-", "ghost", "panel")):
            return super().ink(name)
        if name == "panel":
            self._inks[name] = self.rich_style
            return self._inks[name]
        blended = self.get_component_rich_style(f"ink--{name}")
        seen = readable(blended.color, self.rich_style.bgcolor, None, DRAWN)
        tint = Style(bgcolor=blended.bgcolor) if name == "ghost" else Style(color=seen)
        self._inks[name] = tint
        return tint

    def _look(self, rows: RailRows, row: int) -> RowLook:
        look = self._looks.get(row)
        if look is not None:
            return look
        place, line = rows.place(row)
        scene, numbers = self._scene, rows.rails.items[place]
        assert scene is not None, "there are rows only of a scene"
        if line:
            tree, cells = self._tree(scene, numbers[0]), rows.rails.below(place, rail_glyphs(self.marks))
            look = turn_look(scene, tree, min(line, len(tree)) - 1, cells, self._now) if tree else RowLook((), (), ())
            self._looks[row] = look
            return look
        cells = rows.rails.cells(place, rail_glyphs(self.marks))
        if len(numbers) > 1:
            look = folded_look(scene, numbers, cells)
        else:
            look = prompt_look(scene, numbers[0], cells, self._now, self._selected, self._marked)
        self._looks[row] = look
        return look

    def _tree(self, scene: Scene, number: int) -> tuple[TurnRow, ...]:
        """The lines below a prompt: all of its pipeline where there is room, else the one that matters most."""
        found = self._trees.get(number)
        if found is None:
            found = turn_rows(scene.snapshot, number, self._now) if number in scene.snapshot.prompts else ()
            one = current_row(found) if self._height() < _ROOMY else None
            found = (one,) if one is not None else found if self._height() >= _ROOMY else ()
            self._trees[number] = found
        return found

    def _map_spans(self, rows: MapRows, row: int) -> list[Span]:
        scene, line = self._scene, rows.lines[row]
        assert scene is not None, "there are rows only of a scene"
        name = layer_name(line.layer, self.marks) if line.first else ""
        spans = [Span(f"{name:>{MARGIN - 2}}  ", "quiet")]
        for number in line.numbers:
            spans += chip_spans(scene, number, rows.chip, self._now, self._selected, self._marked)
        return spans

    def _under(self, row: int) -> str:
        if isinstance(self._rows, MapRows):
            return ""
        return super()._under(row) or self._look(self._rows, row).ground

    def repaint(self) -> int:
        """Something that rows depend on changed: paint those in sight that differ from what is on screen."""
        self._looks.clear()
        self._trees.clear()
        return super().repaint()

    # ── moving and choosing

    def go(self, row: int) -> None:
        if self.row_count():
            row = max(0, min(row, self.row_count() - 1))
            row = self._rows.step(row, self.cursor) if isinstance(self._rows, RailRows) else row
            self._choose(self._rows.number_at(row, self._selected))

    def _choose(self, number: int) -> None:
        """Select by the user's hand."""
        if self._select(number):
            self.post_message(self.Selected(self, number))

    def _select(self, number: int) -> bool:
        scene = self._scene
        if scene is None or number not in scene.graph.dependencies or number == self._selected:
            return False
        self._selected = number
        self.cursor = self._rows.row_of(number)
        self.reveal(self.cursor)
        self.repaint()
        return True

    def action_side(self, by: int) -> None:
        """Left and right: the neighbour in the map, or another part of long rows."""
        rows = self._rows
        if isinstance(rows, MapRows):
            if self._selected is not None:
                self._choose(rows.beside(self._selected, by))
            return
        longest = max((columns(self._look(rows, row).middle) for row in self.rows_in_sight()), default=0)
        self._pan = max(0, min(self._pan + by * _PAN, longest - _PAN))
        self.repaint()

    def action_map(self) -> None:
        self._as_map = not self._as_map
        self._show_again()

    def action_fold(self) -> None:
        self._folded = not self._folded
        self._show_again()

    def _show_again(self) -> None:
        if self._scene is not None:
            self._set_scene(self._scene.snapshot)

    def action_activate(self) -> None:
        if self._selected is None:
            return
        if isinstance(self._rows, RailRows) and len(self._rows.rails.items[self._rows.place(self.cursor)[0]]) > 1:
            self.action_fold()
        else:
            self.post_message(self.Activated(self, self.cursor, self._selected))

    def on_click(self, event: events.Click) -> None:
        """In the map a click has a column too."""
        row, offset = self.row_at(event), event.get_content_offset(self)
        if not isinstance(self._rows, MapRows) or row is None or offset is None:
            return
        event.prevent_default()
        number = self._rows.number_under(row, offset.x)
        if number is not None:
            self._choose(number)
            if event.chain == 2:
                self.action_activate()
