"""The log as it grows: follows its end, filters, searches, and reads older pages when they come into sight."""

import asyncio
from bisect import bisect_left
from collections.abc import Iterable
from typing import ClassVar, Protocol

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from coordinator.client.ports import Query, Show
from coordinator.errors import CoordError
from coordinator.model.clock import wall
from coordinator.model.event import Event
from coordinator.model.snapshot import Question, Snapshot
from coordinator.model.text import plain
from coordinator.views.event_lines import EventLine, gathered, in_full
from coordinator.views.event_text import describe
from coordinator.views.spans import Span
from tui.actions import Scope, bindings
from tui.messages import Failed
from tui.paint.figures import since
from tui.paint.ink import Spans, columns, fit, mark, pad
from tui.paint.lines import Lines
from tui.paint.theme import UNICODE, Glyphs

PAGE = 200
"""Events read at once: several screens, in well under a millisecond."""


class ReadEvents(Protocol):
    def __call__(
        self, query: Query, *, before: int | None = None, after: int | None = None, limit: int
    ) -> tuple[Event, ...]: ...


class EventList(Lines):
    """The rows of the events panel, oldest first."""

    HELP: ClassVar[str] = (
        "Everything that happened, newest at the end; it follows the end unless you scroll up. What an attempt goes "
        "through by itself is one line, rewritten as it goes on; a key shows each event. Filter by the selected "
        "prompt, its agent or questions, search all of it, open an event, or jump to the prompt it is about."
    )
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.EVENTS)]

    class TopReached(Message):
        """The oldest row came into sight: there may be older ones to read."""

    def __init__(self, marks: Glyphs = UNICODE, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.marks = marks
        self.events: list[Event] = []
        """All that were read."""
        self.lines: list[EventLine] = []
        """The rows: the routine of an attempt is one of them."""
        self.in_full = False
        """Each event has a row of its own."""
        self.open_questions: dict[str, Question] = {}
        self.needle = ""
        self.following = True
        self.now = 0.0

    @property
    def current(self) -> Event | None:
        return self.lines[self.cursor].newest if self.cursor < len(self.lines) else None

    @property
    def has_room_above(self) -> bool:
        """Older events would come into sight: the reader is at the top, or the rows don't fill the panel."""
        if len(self.lines) < self.scrollable_content_region.height:
            return True
        return self.scroll_offset.y == 0 and not self.following

    def put(self, events: Iterable[Event]) -> None:
        """Show these and nothing else, from the end."""
        self.events = list(events)
        self._arrange()
        self._to_end()

    def extend(self, events: Iterable[Event]) -> None:
        """Add newer events; stays where the reader is, unless that is the end."""
        last = self.events[-1].seq if self.events else 0
        self.events.extend(event for event in events if event.seq > last)
        self._again()

    def prepend(self, events: tuple[Event, ...]) -> None:
        """Add older events without moving what is in sight."""
        self.events[:0] = events
        self._again()

    def show_in_full(self, *, whole: bool) -> None:
        """Give each event a row, or each attempt's routine; what is in sight stays there."""
        if whole is not self.in_full:
            self.in_full = whole
            self._again()

    def _arrange(self) -> None:
        self.lines = in_full(self.events) if self.in_full else gathered(self.events)

    def _again(self) -> None:
        """Arrange the rows anew; the reader stays at the same events, or at the end."""
        following, top = self.following, self._seq_at(self.scroll_offset.y)
        chosen = self._seq_at(self.cursor)
        self._arrange()
        if following:
            self._to_end()
            return
        self.set_reactive(Lines.cursor, self._row_of(chosen))
        self.rows_changed()
        self.scroll_to(y=self._row_of(top), animate=False, force=True)

    def _seq_at(self, row: int) -> int:
        return self.lines[min(row, len(self.lines) - 1)].newest.seq if self.lines else 0

    def _row_of(self, seq: int) -> int:
        """The first row whose newest event is not older."""
        return max(0, min(len(self.lines) - 1, bisect_left(self.lines, seq, key=lambda line: line.newest.seq)))

    def _to_end(self) -> None:
        self.set_reactive(Lines.cursor, max(0, len(self.lines) - 1))
        self.rows_changed()
        self.scroll_to(y=max(0, len(self.lines) - self.scrollable_content_region.height), animate=False, force=True)
        self.following = True

    def on_resize(self) -> None:
        super().on_resize()
        if self.following:
            self._to_end()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.following = round(new_value) + self.scrollable_content_region.height >= len(self.lines)
        if round(new_value) == 0 and new_value < old_value:
            self.post_message(self.TopReached())

    def go(self, row: int) -> None:
        self.following = row >= len(self.lines) - 1
        super().go(row)

    def row_count(self) -> int:
        return len(self.lines)

    def _under(self, row: int) -> str:
        return "cursor" if row == self.cursor and self.has_focus else ""

    def row_version(self, row: int) -> object:
        line = self.lines[row]
        question = self.open_questions.get(line.newest.id)
        waits = since(question.asked, self.now) if question else None
        return (line.newest.seq, len(line.events), line.events[0].seq, waits, self.needle)

    def row_spans(self, row: int, width: int) -> Spans:
        line = self.lines[row]
        event = line.newest
        spans = event_spans(event, self.open_questions.get(event.id), width, self.now, self.marks, line.before)
        return mark(spans, self.needle)

    def empty_spans(self) -> list[Spans]:
        if self.needle:
            return [[Span(f" Nothing on the log contains “{self.needle}”. Esc ends the search.", "quiet")]]
        return [[Span(" Nothing happened yet. What is done, by whom, is written down here.", "quiet")]]


def event_spans(
    event: Event, question: Question | None, width: int, now: float, marks: Glyphs, before: str = ""
) -> list[Span]:
    """Time, who, what, and the sentence; a question that is still open says how to answer it.

    `before`: what the line tells of besides, that came before.
    """
    line = describe(event)
    who, what = (14, 11) if width >= 90 else (12, 9)
    ink = _ink(event, question)
    actor_ink = _ACTORS.get(event.actor_kind, "text") if ink == "text" else ink
    spans = [
        Span(f" {wall(event.ts)}  ", "quiet"),
        Span(pad(line.actor, who, marks.ellipsis) + "  ", actor_ink),
        Span(pad(line.word, what, marks.ellipsis) + "  ", ink),
        Span(line.text, "strong" if question else "text"),
        *([Span(f"  {marks.dot} {before}", "quiet")] if before else []),
    ]
    if question is None and not line.aside:
        return fit(spans, width, marks.ellipsis)
    if question is None:
        return _with_end(spans, Span(f"  {line.aside}", "quiet"), width, marks)
    waited = since(question.asked, now)
    hint = f"  waiting {waited} {marks.dash} {marks.enter} to answer" if waited else f"  {marks.enter} to answer"
    return _with_end(spans, Span(hint, "need"), width, marks)


def _with_end(spans: list[Span], end: Span, width: int, marks: Glyphs) -> list[Span]:
    return [*fit(spans, width - columns([end]), marks.ellipsis), end]


_ACTORS = {"human": "good", "agent": "run", "system": "quiet"}
_FAILURES = frozenset(
    ("step.failed", "agent.lost", "run.halted", "run.stuck", "access.denied", "conflict.detected", "stage.failed")
)


def _ink(event: Event, question: Question | None) -> str:
    if question is not None:
        return "need"
    if event.kind == "conflict.detected" and event.data.get("after"):
        return "need"  # it may well be the engineer's own editor
    return "failed" if event.kind in _FAILURES else "text"


class EventsPanel(Vertical):
    """The list with its search line; asks for the rows it needs and for no more."""

    ALLOW_MAXIMIZE = True
    DEFAULT_CSS = """
    EventsPanel > Input { display: none; height: 1; border: none; padding: 0 1; background: $panel; }
    EventsPanel > Input:focus { border: none; }
    EventsPanel.-searching > Input { display: block; }
    EventsPanel > EventList { height: 1fr; }
    """

    class Wanted(Message):
        """Other events are wanted: by filter, search or selection."""

    def __init__(
        self, read: ReadEvents, marks: Glyphs = UNICODE, *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.marks = marks
        self.query_wanted = Query()
        self._read = read
        self._list = EventList(marks, id="event-list")
        self._shown: Query | None = None
        self._head = 0
        self._read_to = 0
        self._begins = False
        self._reading = False
        self._subject, self._actor = "", ""
        self._whole = False
        """Each event is wanted in a line of its own; what is searched for always has one."""

    def compose(self) -> ComposeResult:
        yield self._list

    def on_mount(self) -> None:
        self._describe()
        self.call_after_refresh(self._add_search)  # the first picture need not wait for it

    def _add_search(self) -> None:
        if self.is_attached:
            self.mount(Input(placeholder="search all events; Enter keeps it, Esc ends it", id="event-search"))

    @property
    def list(self) -> EventList:
        return self._list

    @property
    def busy(self) -> bool:
        """A page is being read, or is about to be."""
        return self._reading or self._next() is not None

    # What the screen tells

    def show(self, snapshot: Snapshot, now: float) -> None:
        """Take over which questions are open, and read on if the log grew."""
        self._list.open_questions = {question.id: question for question in snapshot.open_questions}
        self._list.now = now
        self._head = snapshot.head
        self._list.repaint()
        self._wake()

    def tick(self, now: float) -> int:
        """Let the waiting of open questions go on; in how many rows it does."""
        self._list.now = now
        return self._list.repaint() if self._list.open_questions else 0

    def point_at(self, number: int | None, agent_id: str) -> None:
        """Follow the selection, in the filters that depend on it."""
        self._subject = f"prompt:{number}" if number is not None else ""
        self._actor = agent_id
        self._want(self.query_wanted.show, self.query_wanted.text)

    def next_filter(self) -> None:
        """Go on to the next filter that the selection has something for."""
        show = self.query_wanted.show.next
        while (show is Show.PROMPT and not self._subject) or (show is Show.AGENT and not self._actor):
            show = show.next
        self._want(show, self.query_wanted.text)

    def toggle_whole(self) -> None:
        """Each event in a line of its own, or each attempt's routine in one."""
        self._whole = not self._whole
        self._list.show_in_full(whole=self._whole or bool(self.query_wanted.text))
        self._describe()

    @property
    def whole(self) -> bool:
        return self._whole

    def open_search(self) -> None:
        self.add_class("-searching")
        box = self.query_one(Input)
        box.display = True  # at once: what is typed right after the key is for the box already
        self.screen.set_focus(box)

    @property
    def typing(self) -> bool:
        """A search is being typed: letters are for it."""
        return self.has_class("-searching") and self.query_one(Input).has_focus

    def leave_search(self, *, keep: bool) -> None:
        """Back to the list, which goes on showing what was found, or everything."""
        if keep and self.query_one(Input).value.strip():
            self._list.focus()
        else:
            self.end_search()

    def end_search(self) -> None:
        box = self.query_one(Input)
        box.value = ""
        self.remove_class("-searching")
        self._list.focus()
        box.display = False
        self._want(self.query_wanted.show, "")

    # Searching

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._want(self.query_wanted.show, event.value.strip())

    @on(Input.Submitted)
    def _kept(self, event: Input.Submitted) -> None:
        event.stop()
        self.leave_search(keep=True)

    def key_escape(self) -> None:
        if self.has_class("-searching"):
            self.end_search()

    # Reading

    def _want(self, show: Show, text: str) -> None:
        if show is Show.PROMPT and not self._subject:
            show = Show.ALL
        subject = self._subject if show is Show.PROMPT else ""
        actor = self._actor if show is Show.AGENT else ""
        query = Query(show, subject, actor, text)
        if query != self.query_wanted:
            self.query_wanted = query
            self._describe()
            self.post_message(self.Wanted())
            self._wake()

    @on(EventList.TopReached)
    def _wants_older(self) -> None:
        self._wake()

    def _wake(self) -> None:
        if not self._reading and self.is_mounted and self._next() is not None:
            self._reading = True
            self.run_worker(self._pump(), group="events", exit_on_error=False)

    def _next(self) -> dict[str, int] | None:
        """The page to read now: a new selection first, then what is newer, then what is older and in sight."""
        if self.query_wanted != self._shown:
            return {}
        if self._head > self._read_to:
            return {"after": self._read_to}
        if self._list.events and not self._begins and self._list.has_room_above:
            return {"before": self._list.events[0].seq}
        return None

    async def _pump(self) -> None:
        try:
            while (page := self._next()) is not None and self.is_attached:
                query, head = self.query_wanted, self._head
                events = await asyncio.to_thread(self._read, query, limit=PAGE, **page)
                if query == self.query_wanted:
                    self._take(query, page, events, head)
        except CoordError as error:
            self.app.post_message(Failed(error.message, error.remedy))
        finally:
            self._reading = False

    def _take(self, query: Query, page: dict[str, int], events: tuple[Event, ...], head: int) -> None:
        self._list.needle = query.text
        self._list.show_in_full(whole=self._whole or bool(query.text))
        if "before" in page:
            self._begins = len(events) < PAGE
            self._list.prepend(events)
            return
        last = events[-1].seq if events else 0
        if "after" in page:
            self._list.extend(events)
            self._read_to = last if len(events) == PAGE else max(head, last)
        else:
            self._shown = query
            self._begins = len(events) < PAGE
            self._read_to = max(head, last)
            self._list.put(events)

    # Words on the border

    def _describe(self) -> None:
        query = self.query_wanted
        title = "Events"
        if query.show is Show.PROMPT:
            title += f" {self.marks.dot} {int(query.subject.partition(':')[2]):02d}"
        elif query.show is Show.AGENT:
            title += f" {self.marks.dot} {query.actor}"
        elif query.show is Show.QUESTION:
            title += f" {self.marks.dot} questions"
        if self._whole:
            title += f" {self.marks.dot} each"
        if query.text:
            title += f" {self.marks.dot} “{query.text}”"
        self.border_title = Content(plain(title))
        words = [Content.styled(show.value, "bold") if show is query.show else Content(show.value) for show in Show]
        self.border_subtitle = Content("  ").join([*words, Content("/ search")])
