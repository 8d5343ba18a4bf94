"""Screens over the main one for reading: help, an event, a prompt's file, lists with their details."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from coordinator.lazy.dataclass import dataclass
from coordinator.model.text import plain
from coordinator.views.copying import Copy, of_page
from tui.paint.ink import Spans, fit
from tui.paint.lines import Lines
from tui.paint.pager import Pager
from tui.paint.theme import Glyphs
from tui.screens.copying import KEY, subtitle

_CSS = """
    {name} {{ align: center middle; background: $background 60%; }}
    {name} > Vertical {{
        width: 92%; max-width: 120; height: 90%; padding: 0 1; background: $surface;
        border: round $border; border-title-color: $title; border-title-style: bold;
        border-subtitle-color: $text-muted;
    }}
    {name}.-ascii > Vertical {{ border: ascii $border; }}
    {name}:ansi > Vertical {{ background: ansi_default; }}
"""


class Reading(ModalScreen[None]):
    """A text over the main screen; any of the usual keys leaves it."""

    DEFAULT_CSS = _CSS.format(name="Reading")
    BINDINGS: ClassVar[list[BindingType]] = [
        KEY,
        Binding("escape,q,enter,question_mark", "dismiss", "back", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[Spans]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(plain(self._title))
            box.border_subtitle = subtitle(self.app)
            yield Pager(self._lines, id="text")

    def on_mount(self) -> None:
        self.set_class(self.app.has_class("-ascii"), "-ascii")

    def copies(self) -> tuple[Copy, ...]:
        return of_page(self._title, text_of(self._lines))

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss()


def text_of(lines: Sequence[Spans]) -> str:
    """What stands in lines, without how it looks."""
    return "\n".join("".join(span.text for span in line).rstrip() for line in lines)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a list, and what to read about it."""

    row: Spans
    details: Sequence[Spans]


class _Entries(Lines):
    def __init__(self, entries: Sequence[Entry], ellipsis: str) -> None:
        super().__init__(id="entries")
        self.entries, self.ellipsis = entries, ellipsis

    def row_count(self) -> int:
        return len(self.entries)

    def row_version(self, row: int) -> object:
        return row

    def row_spans(self, row: int, width: int) -> Spans:
        return fit(self.entries[row].row, width, self.ellipsis)


class Listing(ModalScreen[int | None]):
    """A list with the details of the row under the cursor; Enter ends it with the index of that row."""

    DEFAULT_CSS = (
        _CSS.format(name="Listing")
        + """
    Listing #entries { height: auto; max-height: 50%; }
    Listing #details { height: 1fr; border-top: solid $border-blurred; }
    Listing.-ascii #details { border-top: ascii $border-blurred; }
    """
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "back", show=False),
        Binding("e", "edit", "open the file", show=False),
        KEY,
    ]

    def __init__(
        self,
        title: str,
        entries: Sequence[Entry],
        enter: Callable[[int], str],
        marks: Glyphs,
        edit: Callable[[int], None] | None = None,
    ) -> None:
        """`enter` tells for a row what Enter does with it; empty: nothing. `edit` opens the file of a row."""
        super().__init__()
        self._title = title
        self._entries = entries
        self._enter = enter
        self._edit = edit
        self._marks = marks

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(plain(self._title))
            yield _Entries(self._entries, self._marks.ellipsis)
            details = Pager(id="details")
            details.can_focus = False
            yield details

    def on_mount(self) -> None:
        self.set_class(self.app.has_class("-ascii"), "-ascii")
        self.call_after_refresh(self._show, 0)

    @on(Lines.Moved)
    def _moved(self, event: Lines.Moved) -> None:
        self._show(event.row)

    def _show(self, row: int) -> None:
        if row < len(self._entries):
            self.query_one("#details", Pager).show(self._entries[row].details)
            verb = self._enter(row)
            enters = f"{self._marks.enter} {verb}  " if verb else ""
            opens = "e open the file  " if self._edit is not None else ""
            self.query_one(Vertical).border_subtitle = Content(f"{opens}{enters}") + subtitle(self.app)

    @on(Lines.Activated)
    def _chosen(self, event: Lines.Activated) -> None:
        if self._enter(event.row):
            self.dismiss(event.row)

    @property
    def row(self) -> int:
        """Index of the row under the cursor."""
        return self.query_one(_Entries).cursor

    def copies(self) -> tuple[Copy, ...]:
        """The row under the cursor, and its details."""
        if not self._entries:
            return ()
        entry = self._entries[self.row]
        return of_page(text_of([entry.row]), text_of(entry.details))

    def action_edit(self) -> None:
        if self._edit is not None and self._entries:
            self._edit(self.row)

    def action_leave(self) -> None:
        self.dismiss(None)
