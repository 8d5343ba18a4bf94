"""Replay: the graph, the agents and the questions as they were right after any event of the log."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen

from coordinator.client.ports import Query, Show
from coordinator.errors import CoordError
from coordinator.model.clock import day_and_time
from coordinator.model.event import Event
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import age
from coordinator.views.event_text import actor_name
from coordinator.views.spans import Span
from tui.forms.message import Line, MessageLines
from tui.messages import ActionAsked, Failed, MomentCame, MomentSought, Remark, ReplayRead
from tui.paint.ink import Spans, fit
from tui.paint.lines import Lines
from tui.paint.theme import Glyphs
from tui.screens.host import ScreenHost
from tui.screens.page_help import HINT, KEY
from tui.screens.reader_pages import event_page
from tui.widgets.agents import Agents
from tui.widgets.events import event_spans
from tui.widgets.footer import Footer, Hint
from tui.widgets.graph import PromptGraph
from tui.widgets.header import Header
from tui.widgets.timeline import Timeline

if TYPE_CHECKING:
    from coordinator.client.ports import Source

AROUND = 150
"""Events that are read on either side of the moment."""
_MARGIN = 40
"""Rows to the edge of what was read below which more is read."""
_TOLD_EVERY = 2_000
"""Events between two words on how far the log has been read."""


class Moments(Lines):
    """The events around the moment; the one under the cursor is the moment, what follows it had not happened yet."""

    HELP = "The events of the log. Move, and everything above shows how it stood right after that event."

    def __init__(self, marks: Glyphs, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.marks = marks
        self.events: Sequence[Event] = ()
        self.now = 0.0

    @property
    def current(self) -> Event | None:
        return self.events[self.cursor] if self.cursor < len(self.events) else None

    def row_of(self, seq: int) -> int | None:
        """The row of an event; None when it is not among those that were read."""
        row = seq - self.events[0].seq if self.events else -1
        return row if 0 <= row < len(self.events) else None

    def show(self, events: Sequence[Event] | None, seq: int, now: float) -> None:
        """Put the cursor on an event, among these or those that are there."""
        self.now = now
        self.events = self.events if events is None else events
        self.set_reactive(Lines.cursor, self.row_of(seq) or 0)
        self.rows_changed()
        middle = self.cursor - self.scrollable_content_region.height // 2
        self.scroll_to(y=max(0, middle), animate=False, force=True, immediate=True)

    def action_edge(self, to: int) -> None:
        """Home and End are those of the whole log."""
        timeline = self.screen.query_one(Timeline)
        self.post_message(MomentSought(1 if to < 0 else timeline.head))

    def row_count(self) -> int:
        return len(self.events)

    def row_version(self, row: int) -> object:
        return (self.events[row].seq, row > self.cursor)

    def row_spans(self, row: int, width: int) -> Spans:
        event = self.events[row]
        number = f"{event.seq:>7} "
        spans = event_spans(event, None, max(1, width - len(number)), self.now, self.marks)
        if row > self.cursor:
            spans = [span._replace(ink="quiet") for span in spans]
        return fit([Span(number, "quiet"), *spans], width, self.marks.ellipsis)

    def watch_cursor(self, old: int, new: int) -> None:
        self.repaint()

    def empty_spans(self) -> list[Spans]:
        return [[Span(" The log is being read.", "quiet")]]


class ReplayScreen(Screen[int | None]):
    """Looks only: nothing here changes anything. Left with the prompt to select, or None."""

    AUTO_FOCUS = "#moments"
    DEFAULT_CSS = """
    ReplayScreen { background: $background; }
    ReplayScreen > #past { height: 1; background: $warning; color: $background; text-style: bold; padding: 0 1; }
    ReplayScreen > #then { height: 1fr; }
    ReplayScreen #beside { width: 40%; }
    ReplayScreen #beside > #agents { height: 1fr; max-height: 100%; }
    ReplayScreen #beside > #asked { padding: 0 1; }
    ReplayScreen > #moments { height: 40%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        KEY,
        Binding("left,h", "step(-1)", "one back", show=False),
        Binding("right,l", "step(1)", "one on", show=False),
        Binding("left_square_bracket", "same_prompt(-1)", "its last", show=False),
        Binding("right_square_bracket", "same_prompt(1)", "its next", show=False),
        *(Binding(str(n), f"share({n})", show=False) for n in range(10)),
        Binding("enter", "details", "details", show=False),
        Binding("o", "leave_for_prompt", "its prompt", show=False),
        Binding("escape,q", "leave", "back to now", show=False),
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
    ]

    def __init__(self, host: ScreenHost, seq: int | None) -> None:
        """`seq` is the event to begin at; None: the newest."""
        super().__init__()
        self.host = host
        self.source = host.source
        self.marks = host.marks
        self.snapshot: Snapshot | None = None
        self._player = _Player(host.source, seq)
        self._head = 0
        self._now = 0.0

    def compose(self) -> ComposeResult:
        self.past = _Past(id="past")
        self.timeline = Timeline(self.marks, id="timeline")
        self.header = Header(self.marks, id="header")
        self.graph = PromptGraph(self.marks, id="prompts", classes="panel")
        self.agents = Agents(self.marks, id="agents", classes="panel")
        self.asked = MessageLines(most=6, id="asked")
        self.moments = Moments(self.marks, id="moments", classes="panel")
        self.footer = Footer(id="footer")
        yield self.past
        yield self.header
        yield self.timeline
        with Horizontal(id="then"):
            yield self.graph
            with Vertical(id="beside"):
                yield self.agents
                yield self.asked
        yield self.moments
        yield self.footer

    def on_mount(self) -> None:
        self.set_class(self.app.has_class("-ascii"), "-ascii")
        self.moments.border_title = Content("Events")
        self.past.say("Replay", "the log is being read")
        self.footer.show(self._hints())
        self._play()

    def on_unmount(self) -> None:
        self._player.close()

    # ── what arrives

    @work(thread=True, group="replay", exit_on_error=False)
    def _play(self) -> None:
        """In a thread: find every moment that is asked for, and skip those that nobody waits for any more."""
        try:
            for moment in self._player.moments(self._read_to):
                self.post_message(moment)
        except CoordError as error:
            self.app.post_message(Failed(error.message, error.remedy))
            self.app.call_from_thread(self.dismiss, None)
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
            self.app.post_message(Failed(fault, "This is a fault of coord; the rest goes on."))

    def _read_to(self, seq: int) -> None:
        self.post_message(ReplayRead(seq))

    @on(ReplayRead)
    def _read(self, message: ReplayRead) -> None:
        if self.is_attached:
            self.past.say("Replay", f"reading the log: event {message.seq:,}")

    @on(MomentCame)
    def _came(self, message: MomentCame) -> None:
        if not self.is_attached:
            return
        snapshot, now = message.snapshot, message.now
        self.snapshot, self._head, self._now = snapshot, message.head, now
        self.moments.show(message.events, message.seq, now)
        event = self.moments.current
        self.header.show(snapshot, now)
        self.graph.show(snapshot, now)
        number = event.prompt if event is not None else None
        if number is not None and number in snapshot.prompts:
            self.graph.selected = number
        self.agents.show(snapshot, now)
        self.asked.show(_questions(snapshot))
        self.timeline.show(message.seq, message.head)
        ago = f"{age(self.host.clock() - now)} ago" if event else "the log is empty"
        when = f"{day_and_time(event.ts)}, {ago}" if event else ago
        self.past.say(f"Replay {self.marks.dot} event {message.seq:,} of {message.head:,}", when)

    # ── going through time

    @on(MomentSought)
    def _sought(self, message: MomentSought) -> None:
        self._player.go(message.seq)

    @on(Lines.Moved, "#moments")
    def _moved(self, message: Lines.Moved) -> None:
        event = self.moments.current
        if event is not None:
            self._player.go(event.seq)

    def action_step(self, by: int) -> None:
        self.moments.go(self.moments.cursor + by)

    def action_share(self, tenths: int) -> None:
        """To a tenth of the log, as in a player of films."""
        if self._head:
            self._player.go(1 + (self._head - 1) * tenths // 10)

    @work(thread=True, group="replay-seek", exclusive=True, exit_on_error=False)
    def action_same_prompt(self, by: int) -> None:
        """To the next or last event about the selected prompt."""
        number, here = self.graph.selected, self.moments.current
        if number is None or here is None:
            return
        query = Query(Show.PROMPT, subject=f"prompt:{number}")
        try:
            page = {"after": here.seq} if by > 0 else {"before": here.seq}
            found = self.source.events(query, limit=1, **page)
        except CoordError as error:
            self.app.post_message(Failed(error.message, error.remedy))
            return
        if found:
            self.post_message(MomentSought(found[0].seq))
        else:
            where = "after" if by > 0 else "before"
            self.app.post_message(Remark(f"Nothing about {number:02d} happened {where} this."))

    # ── keys

    def _hints(self) -> tuple[Hint, ...]:
        return (
            ("esc", "back to now", "leave"),
            ("← →", "event", "step"),
            ("[ ]", "of its prompt", "same_prompt"),
            ("0-9", "jump", "share"),
            (self.marks.enter, "details", "details"),
            ("o", "go to prompt", "leave_for_prompt"),
            HINT,
        )

    @on(ActionAsked)
    async def _clicked(self, message: ActionAsked) -> None:
        message.stop()
        arguments = {"step": "(1)", "same_prompt": "(1)", "share": "(5)"}.get(message.action, "()")
        if message.action in {action for _, _, action in self._hints()}:
            await self.run_action(message.action + arguments)

    @on(Lines.Activated, "#moments")
    def action_details(self) -> None:
        event = self.moments.current
        if event is not None:
            self.app.push_screen(event_page(event))

    def action_leave_for_prompt(self) -> None:
        self.dismiss(self.graph.selected)

    def action_leave(self) -> None:
        self.dismiss(None)


class _Past(MessageLines):
    """The line that says that this is the past."""

    def say(self, title: str, when: str) -> None:
        self.show([Line(Span(f"{title}   ", "pill-need"), [Span(when, "pill-need")])])


def _questions(snapshot: Snapshot) -> list[Line]:
    """Questions that were open then."""
    return [
        Line(Span("? ", "need"), [Span(question.text, "need"), Span(f"  {actor_name(question.asker)}", "quiet")])
        for question in snapshot.open_questions
    ]


class _Superseded(Exception):
    """Another moment is wanted by now."""


class _Player:
    """Which moment is wanted, from any thread; and the film, in the one that plays it."""

    def __init__(self, source: "Source", seq: int | None) -> None:
        self._source = source
        self._changed = threading.Condition()
        self._wanted: int | None = seq
        self._newest = seq is None
        self._fresh = True
        self._closed = False
        self._around = range(0)

    def go(self, seq: int) -> None:
        with self._changed:
            self._wanted, self._newest, self._fresh = seq, False, True
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def moments(self, told: "TellRead") -> "MomentsCome":
        """Each moment that is wanted, until `close`."""
        film = self._source.film()
        while (seq := self._next(film.head())) is not None:
            last = 0

            def on_the_way(reached: int) -> None:
                nonlocal last
                if self._closed or self._fresh:
                    raise _Superseded
                if reached >= last + _TOLD_EVERY:
                    last = reached
                    told(reached)

            try:
                state = film.at(seq, on_the_way)
            except _Superseded:
                continue
            yield MomentCame(seq, state.snapshot(), state.now, film.head(), self._events(seq))

    def _next(self, head: int) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._fresh or self._closed)
            if self._closed:
                return None
            self._fresh = False
            wanted = head if self._newest or self._wanted is None else self._wanted
            return max(0, min(wanted, head))

    def _events(self, seq: int) -> tuple[Event, ...] | None:
        """The events around one, unless enough of them were read before."""
        lower, upper = self._around.start, self._around.stop
        if lower + (_MARGIN if lower > 1 else 0) <= seq < upper - _MARGIN:
            return None
        before = self._source.events(Query(), before=seq + 1, limit=AROUND)
        after = self._source.events(Query(), after=seq, limit=AROUND)
        found = (*before, *after)
        self._around = range(found[0].seq, found[-1].seq + 1) if found else range(0)
        return found


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    TellRead = Callable[[int], None]
    MomentsCome = Iterator[MomentCame]
