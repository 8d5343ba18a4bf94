"""A page with a list of things to judge: the one under the cursor in full, and a line that says what Enter does."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar, Generic, NamedTuple, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from coordinator.errors import CoordError
from coordinator.model.snapshot import Snapshot
from coordinator.views.spans import Span
from tui.messages import ActionAsked, Failed, ItemsRead, Judged, Remark
from tui.paint.ink import Spans, fit
from tui.paint.lines import Lines
from tui.paint.pager import Pager
from tui.screens.host import ScreenHost
from tui.screens.page_help import HINT, KEY
from tui.widgets.ask import Ask, attempted
from tui.widgets.footer import Footer, Hint
from tui.widgets.header import Header

T = TypeVar("T")


class Fate(NamedTuple):
    """What can become of one of them."""

    key: str
    label: str
    effect: str
    """What Enter does; `{label}` is its name and title."""
    words: str = ""
    """What the words are that go with it; empty: none are asked for."""
    needed: bool = False
    """It does nothing without them."""


def keys_of(fates: Mapping[str, Fate]) -> list[BindingType]:
    """What the keys of a page do that has these fates."""
    return [Binding(fate.key, f"ask('{name}')", fate.label, show=False) for name, fate in fates.items()]


class Items(Lines, Generic[T]):
    """What is to be judged. Subclasses say what is in a row."""

    EMPTY: ClassVar[str] = ""
    """What stands here while there is none."""

    def __init__(self, ellipsis: str) -> None:
        super().__init__(id="entries")
        self.items: tuple[T, ...] = ()
        self._ellipsis = ellipsis

    def row_count(self) -> int:
        return len(self.items)

    def row_version(self, row: int) -> object:
        return self.items[row]

    def row_spans(self, row: int, width: int) -> Spans:
        return fit(self.spans_of(self.items[row]), width, self._ellipsis)

    def spans_of(self, item: T) -> Spans:
        """One of them in a line."""
        raise NotImplementedError

    def empty_spans(self) -> list[Spans]:
        return [[Span(self.EMPTY, "quiet")]]


class JudgingScreen(Screen[None], Generic[T]):
    """A list, and all of the one under the cursor. Nothing changes before Enter in the line at the bottom."""

    TITLED: ClassVar[str] = ""
    FATES: ClassVar[Mapping[str, Fate]] = {}
    """Name → what can become of one of them, in the footer's order."""
    AUTO_FOCUS = "#entries"
    DEFAULT_CSS = """
    JudgingScreen { background: $background; }
    JudgingScreen > #frame { height: 1fr; border: round $border-blurred; padding: 0 1;
        border-title-color: $text-muted; border-subtitle-color: $text-muted; }
    JudgingScreen > #frame:focus-within { border: round $border; border-title-color: $title;
        border-title-style: bold; }
    JudgingScreen.-ascii > #frame { border: ascii $border-blurred; }
    JudgingScreen.-ascii > #frame:focus-within { border: ascii $border; }
    JudgingScreen #entries { height: auto; max-height: 50%; }
    JudgingScreen #details { height: 1fr; border-top: solid $border-blurred; }
    JudgingScreen.-ascii #details { border-top: ascii $border-blurred; }
    JudgingScreen > #ask { height: auto; display: none; border: round $border; padding: 0 1; }
    JudgingScreen.-ascii > #ask { border: ascii $border; }
    JudgingScreen.-asking > #ask { display: block; }
    JudgingScreen > #ask > Input { height: 1; border: none; padding: 0; background: $panel; }
    JudgingScreen > #ask > Input:focus { border: none; }
    JudgingScreen.-wordless > #ask > Input { display: none; }
    JudgingScreen > #ask > #refusal { color: $error; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        KEY,
        Binding("enter", "agree", "do it", show=False),
        Binding("escape", "back", "back", show=False),
        Binding("q", "leave", "back", show=False),
    ]

    def __init__(self, host: ScreenHost, snapshot: Snapshot, entries: Items[T]) -> None:
        super().__init__()
        self.host = host
        self.source = host.source
        self.marks = host.marks
        self.entries = entries
        self.asking = ""
        """One of `FATES` while the line for it is open."""
        self.read = False
        """What is to be judged is here."""
        self._about: T | None = None
        self._snapshot = snapshot
        self._busy = False

    # ── what is judged here

    def fetch(self) -> Sequence[T]:
        """Read them, in the order of the list; in a worker thread. A CoordError says why they can't be read."""
        raise NotImplementedError

    def name_of(self, item: T) -> str:
        """By which it is known again in the next reading."""
        raise NotImplementedError

    def title_of(self, item: T) -> str:
        """Its own words, behind what Enter does."""
        raise NotImplementedError

    def possible(self, item: T) -> tuple[str, ...]:
        """Which of the fates it can have as it is."""
        raise NotImplementedError

    def details_of(self, item: T) -> Sequence[Spans]:
        """All of it."""
        raise NotImplementedError

    def summary(self, items: Sequence[T]) -> str:
        """How many are there, for the frame."""
        raise NotImplementedError

    def judge(self, item: T, fate: str, words: str) -> str:
        """Do it, in a worker thread; tells what was done in a sentence."""
        raise NotImplementedError

    # ── what is shown

    def compose(self) -> ComposeResult:
        yield Header(self.marks, id="header")
        with Vertical(id="frame") as frame:
            frame.border_title = self.TITLED
            yield self.entries
            self.details = Pager(id="details")
            yield self.details
        yield Ask()
        yield Footer(id="footer")

    def on_mount(self) -> None:
        self.set_class(self.app.has_class("-ascii"), "-ascii")
        self.project_changed(self._snapshot)
        self._keys()

    # ── what arrives

    def project_changed(self, snapshot: Snapshot) -> None:
        """Read them again: the log grew, or a file changed."""
        self._snapshot = snapshot
        self.query_one("#header", Header).show(snapshot, self.host.clock())
        self._read()

    @work(thread=True, group="judging", exclusive=True, exit_on_error=False)
    def _read(self) -> None:
        try:
            found: Sequence[T] | CoordError = self.fetch()
        except CoordError as error:
            found = error
        self.post_message(ItemsRead(found))

    @on(ItemsRead)
    def _came(self, message: ItemsRead[T]) -> None:
        if isinstance(message.found, CoordError):
            self.app.post_message(Failed(message.found.message, message.found.remedy))
            return
        chosen = self.name_of(self.current) if self.current is not None else ""
        self.read, before = True, self.entries.items
        self.entries.items = tuple(message.found)
        names = [self.name_of(item) for item in self.entries.items]
        self.entries.rows_changed()
        if chosen in names:
            self.entries.cursor = names.index(chosen)
        elif not before:
            self.entries.cursor = next((row for row, item in enumerate(self.entries.items) if self.possible(item)), 0)
        self.query_one("#frame").border_subtitle = Content(self.summary(self.entries.items))
        if before != self.entries.items:
            self._show()

    @property
    def current(self) -> T | None:
        items = self.entries.items
        return items[self.entries.cursor] if self.entries.cursor < len(items) else None

    @on(Lines.Moved, "#entries")
    def _show(self) -> None:
        self.details.show(self.details_of(self.current) if self.current is not None else [])
        self._keys()

    # ── the line at the bottom

    def action_ask(self, what: str) -> None:
        """Open the line that says what Enter does."""
        item = self.current
        if item is None or self._busy or self.asking or what not in self.possible(item):
            return
        self.asking, self._about = what, item
        fate = self.FATES[what]
        effect = fate.effect.format(label=f"{self.name_of(item)} “{self.title_of(item)}”")
        self.set_class(True, "-asking")
        self.set_class(not fate.words, "-wordless")
        self.query_one(Ask).say(effect, fate.words, wordless=not fate.words)
        self._keys()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_agree()

    def action_agree(self) -> None:
        """Do what the line says."""
        words = self.query_one(Ask).words
        if self._about is None or self._busy or (self.FATES[self.asking].needed and not words):
            return
        self._do(partial(self.judge, self._about, self.asking, words))

    @work(thread=True, group="judging-does", exit_on_error=False)
    def _do(self, do: "partial[str]") -> None:
        self._busy = True
        self.post_message(Judged(attempted(do)))

    @on(Judged)
    def _done(self, message: Judged) -> None:
        self._busy = False
        if isinstance(message.found, CoordError):
            self.query_one(Ask).refuse(message.found)
            return
        self.app.post_message(Remark(message.found))
        self._close_line()
        self._read()

    # ── keys

    def _hints(self) -> tuple[Hint, ...]:
        if self.asking:
            return ((self.marks.enter, self.FATES[self.asking].label, "agree"), ("esc", "not now", "back"))
        can = self.possible(self.current) if self.current is not None else ()
        shown = ((self.FATES[name].key, self.FATES[name].label, f"ask('{name}')") for name in can)
        return (*shown, HINT, ("esc", "back", "back"))

    @on(ActionAsked)
    async def _clicked(self, message: ActionAsked) -> None:
        message.stop()
        if message.action in {action for _, _, action in self._hints()}:
            await self.run_action(message.action)

    def action_back(self) -> None:
        """Close the line, or the page."""
        if self.asking:
            self._close_line()
        else:
            self.dismiss()

    def action_leave(self) -> None:
        if not self.asking:
            self.dismiss()

    def _close_line(self) -> None:
        self.asking, self._about = "", None
        self.set_class(False, "-asking")
        self.entries.focus()
        self._keys()

    def _keys(self) -> None:
        self.query_one("#footer", Footer).show(self._hints())
