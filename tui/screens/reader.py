"""Screens over the main one for reading: help, an event, a prompt's file, lists with their details."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

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

    AUTO_FOCUS = "#text"
    DEFAULT_CSS = (
        _CSS.format(name="Reading")
        + """
    Reading > Vertical > Pager { height: 1fr; }
    Reading > Vertical > Input { height: 1; border: none; padding: 0; background: $panel; display: none; }
    Reading > Vertical > Input:focus { border: none; }
    Reading.-searching > Vertical > Input { display: block; }
    """
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        KEY,
        Binding("slash", "search", "search", show=False),
        Binding("n", "step(1)", "next place", show=False),
        Binding("N", "step(-1)", "place before", show=False),
        Binding("escape", "back", "back", show=False),
        Binding("q,enter,question_mark", "dismiss", "back", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[Spans], *, searching: bool = False) -> None:
        """`searching`: begin at the end, in the line of the search."""
        super().__init__()
        self._title = title
        self._lines = lines
        self._begin = searching

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(plain(self._title))
            yield Pager(self._lines, id="text")
            yield Input(placeholder="search; n and N go on, esc ends it", id="search")

    def on_mount(self) -> None:
        self.set_class(self.app.has_class("-ascii"), "-ascii")
        self._say()
        if self._begin:
            self.call_after_refresh(self._at_the_end)

    def _at_the_end(self) -> None:
        self._pager.action_scroll_end()
        self.action_search()

    # ── searching

    @property
    def _pager(self) -> Pager:
        return self.query_one(Pager)

    @property
    def _line(self) -> Input:
        return self.query_one(Input)

    def action_search(self) -> None:
        """Type what to look for."""
        self.add_class("-searching")
        self._line.focus()
        self._say()

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        self._pager.find(message.value)
        self._say()

    @on(Input.Submitted)
    def _kept(self, message: Input.Submitted) -> None:
        message.stop()
        self._pager.focus()
        self.set_class(bool(message.value), "-searching")
        self._say()

    def action_step(self, by: int) -> None:
        """Go to another place of what is searched for."""
        self._pager.step(by)
        self._say()

    def action_back(self) -> None:
        """The end of the search, else of the page."""
        if not self.has_class("-searching"):
            self.dismiss()
            return
        self.remove_class("-searching")
        self._line.value = ""
        self._pager.focus()
        self._say()

    def _say(self) -> None:
        """Which keys act, on the border."""
        if not self.has_class("-searching"):
            said = Content("/ search  ") + subtitle(self.app)
        elif self._line.has_focus:
            said = Content("esc ends the search")
        else:
            said = Content("n next  N before  esc ends the search")
        place = Content(f"{self._pager.place}  ") if self._line.value else Content("")
        self.query_one(Vertical).border_subtitle = place + said

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
