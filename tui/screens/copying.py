"""Choosing what to copy of the page in front: a key each, in a small box over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from coordinator.views.copying import KEYS, Copy, of_agent, of_event, of_prompt
from coordinator.views.spans import Span
from tui.actions import BY_ID, key_of
from tui.paint.ink import Spans, fit, pad
from tui.paint.lines import Lines
from tui.paint.theme import Glyphs
from tui.widgets.footer import Hint

if TYPE_CHECKING:
    from coordinator.model.event import Event
    from coordinator.model.pane_screen import Screen as PaneScreen
    from tui.context import Context

KEY = Binding(BY_ID["copy"].keys, "app.copy", "copy", show=False, id="copy")
"""On every page that has something to copy."""


def hint(keymap: Mapping[str, str]) -> Hint:
    """The same for its footer."""
    return (key_of(BY_ID["copy"], keymap), "copy", "app.copy")


def subtitle(app: object) -> Content:
    """The same for the border of a page without a footer, behind which comes the way back."""
    return Content(f"{hint(getattr(app, 'keys', {}))[0]} copy  esc back")


@runtime_checkable
class Copies(Protocol):
    """A page of which something can be copied."""

    def copies(self) -> Sequence[Copy]: ...


def of_context(context: Context, event: Event | None, shown: PaneScreen | None) -> tuple[Copy, ...]:
    """What can be copied of what the focused panel of the main screen points at; `shown`: in its window."""
    snapshot, agent = context.snapshot, context.agent
    if snapshot is None:
        return ()
    if context.panel == "events" and event is not None:
        return of_event(event)
    if context.panel in ("agents", "window") and agent is not None:
        return of_agent(agent, snapshot, shown)
    prompt = snapshot.prompts.get(context.selected) if context.selected is not None else None
    step = snapshot.steps.get(prompt.number) if prompt is not None else None
    return of_prompt(prompt, step.attempt if step is not None else None) if prompt is not None else ()


class _Rows(Lines):
    def __init__(self, copies: Sequence[Copy], ellipsis: str) -> None:
        super().__init__(id="copies")
        self._copies, self._ellipsis = copies, ellipsis
        self.styles.height = len(copies)

    def row_count(self) -> int:
        return len(self._copies)

    def row_version(self, row: int) -> object:
        return row

    def row_spans(self, row: int, width: int) -> Spans:
        copy = self._copies[row]
        spans = [Span(f" {copy.key} ", "key"), Span(pad(copy.name, 12)), Span(copy.words, "quiet")]
        return fit(spans, width, self._ellipsis)


class CopyMenu(ModalScreen[Copy | None]):
    """Ends with what was chosen."""

    DEFAULT_CSS = """
    CopyMenu { align: center middle; background: $background 60%; }
    CopyMenu > Vertical {
        width: 80%; max-width: 90; height: auto; padding: 0 1; background: $surface; border: round $border;
        border-title-color: $title; border-title-style: bold; border-subtitle-color: $text-muted;
    }
    CopyMenu.-ascii > Vertical { border: ascii $border; }
    CopyMenu:ansi > Vertical { background: ansi_default; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "back", show=False),
        *(Binding(key, f"take('{key}')", show=False) for key in KEYS),
    ]

    def __init__(self, copies: Sequence[Copy], marks: Glyphs) -> None:
        super().__init__()
        self._copies, self._marks = tuple(copies), marks

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Copy"
            box.border_subtitle = Content(f"a letter or {self._marks.enter} copies  esc back")
            yield _Rows(self._copies, self._marks.ellipsis)

    def on_mount(self) -> None:
        self.set_class(self.app.has_class("-ascii"), "-ascii")

    @on(Lines.Activated)
    def _chosen(self, event: Lines.Activated) -> None:
        self.dismiss(self._copies[event.row])

    def action_take(self, key: str) -> None:
        """Choose by its letter."""
        found = next((copy for copy in self._copies if copy.key == key), None)
        if found is not None:
            self.dismiss(found)

    def action_leave(self) -> None:
        self.dismiss(None)
