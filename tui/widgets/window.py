"""The live window of an agent: its own screen in its own colours, following the line it works on."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip

from coordinator.errors import CoordError
from coordinator.model.snapshot import Agent
from coordinator.model.text import age, plain
from coordinator.views.event_text import actor_name
from coordinator.views.spans import Span
from tui.messages import LastScreenRead
from tui.paint.contrast import faded, readable
from tui.paint.ink import Spans, ink_of, paint
from tui.paint.scrollbars import ScrolledView
from tui.paint.scrolling import LINES
from tui.paint.theme import UNICODE, Glyphs
from tui.paint.titled import Titled

if TYPE_CHECKING:
    from collections.abc import Callable

    from coordinator.model import pane_screen as pane
    from coordinator.model.step import Attempt

_KEPT = 64
"""Last screens that are remembered, of windows that are gone or out of sight."""
_CACHE_LIMIT = 4000


class LiveWindow(ScrolledView, Titled, can_focus=True):
    """Shows one agent's pane. Scroll up to read; at the end it follows again."""

    HELP: ClassVar[str] = (
        "The tmux window of the agent under the cursor, live and read-only. It follows the line the agent works on "
        "until you scroll; End follows again. / searches it, with what scrolled out of it. Attach to type into it. "
        "Ended agents keep their last screen."
    )
    BORDER_TITLE = "Live window"
    DEFAULT_CSS = """
    LiveWindow { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *LINES[:-1],
        Binding("end,G", "follow", "Follow", show=False, id="list.last"),
    ]

    def __init__(self, marks: Glyphs = UNICODE, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.marks = marks
        self.agent: Agent | None = None
        self.screens: dict[str, pane.Screen] = {}
        """By id of the agent, the newest last: what an agent showed stays when its window is gone."""
        self._following = True
        self._aim = 0
        self._strips: dict[object, Strip] = {}
        self._frame = ("", 0, 0)
        """Theme, first column and width: what holds for all lines of one painting, and takes as long to find out as to
        paint a line."""
        self._wanted: list[pane.Row] | None = None
        """What belongs into the lines of that painting; None: no screen has come yet."""
        self._inks: dict[str, Style] = {}
        self._painted: dict[int, pane.Row] = {}
        """Line of the panel → what of the agent's screen is painted there."""
        self._now = 0.0

    # What the screen tells

    def show(self, agent: Agent | None, now: float) -> None:
        """Show this agent's window from now on."""
        changed = (agent.id if agent else "") != (self.agent.id if self.agent else "")
        self.agent = agent
        self._now = now
        if changed:
            self._following = True
            self._fit()
        self._describe()
        if changed:
            self.refresh()

    def draw(self, agent_id: str, screen: "pane.Screen") -> None:
        """An agent's window looks like this now."""
        self.screens.pop(agent_id, None)
        self.screens[agent_id] = screen
        while len(self.screens) > _KEPT:
            del self.screens[next(iter(self.screens))]
        if self.agent is not None and self.agent.id == agent_id:
            self._fit()
            self._repaint()

    @work(thread=True, group="screens", exit_on_error=False)
    def draw_last(self, attempt: "Attempt", read: "Callable[[Attempt], pane.Screen | None]") -> None:
        """Show what an ended attempt's window showed at the end, if it is still known; `read` may raise CoordError."""
        try:
            screen = read(attempt)
        except CoordError:
            return  # the panel goes on saying that the window is gone
        if screen is not None:
            self.post_message(LastScreenRead(attempt.agent, screen))

    @on(LastScreenRead)
    def _last_screen_read(self, message: LastScreenRead) -> None:
        self.draw(message.agent, message.screen)

    def tick(self, now: float) -> None:
        self._now = now
        self._describe()

    @property
    def screen_shown(self) -> "pane.Screen | None":
        return self.screens.get(self.agent.id) if self.agent is not None else None

    # Where to look

    def _fit(self) -> None:
        """Take over the size of the pane, and bring the line that the agent works on into sight."""
        screen = self.screen_shown
        if screen is None:
            self.virtual_size = Size(0, 0)
            return
        last = len(screen.rows) - 1
        while last > 0 and not screen.rows[last]:
            last -= 1
        cursor = screen.cursor[1] if screen.cursor else max(0, last)
        rows = max(last, cursor) + 1
        size = Size(screen.width, rows)
        if self.virtual_size != size:
            self.virtual_size = size
        if self._following:
            height = self.scrollable_content_region.height
            self._aim = max(0, min(rows - height, cursor))
            here = (self.scroll_x, self.scroll_y, self.scroll_target_x, self.scroll_target_y)
            if here != (0, self._aim, 0, self._aim):  # to be told to go where it is takes as long as some lines
                self.scroll_to(x=0, y=self._aim, animate=False, force=True, immediate=True)
            self._following = True

    def on_resize(self) -> None:
        self._fit()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        # A panel that grew pulls the view back by itself: that is not the user's hand.
        self._following = round(new_value) >= min(self._aim, self.max_scroll_y)

    def action_follow(self) -> None:
        self._following = True
        self._fit()

    # Painting

    def ink(self, name: str) -> Style:
        if name not in self._inks:
            self._inks[name] = ink_of(self, name)
        return self._inks[name]

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()
        self._inks.clear()
        self._painted.clear()

    def _repaint(self) -> None:
        """Paint the lines again that show something else now: of most agents' screens a few change at a time."""
        width, height = self.scrollable_content_region.size
        wanted, painted = self._rows(height), self._painted
        differ = [y for y, row in enumerate(wanted) if painted.get(y) != row]
        if differ:
            self.refresh(*(Region(0, start, width, count) for start, count in _runs(differ)))

    def _rows(self, height: int) -> "list[pane.Row]":
        """What of the agent's screen belongs into the lines of the panel."""
        screen = self.screen_shown
        top = self.scroll_offset.y
        rows = list(screen.rows[top : top + height]) if screen is not None else []
        return rows + [()] * (height - len(rows))

    def render_lines(self, crop: Region) -> list[Strip]:
        width, height = self.scrollable_content_region.size
        self._wanted = self._rows(height) if self.screen_shown is not None else None
        self._frame = (self.app.theme, self.scroll_offset.x, width)
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width = self._frame[2]
        if self._wanted is None:
            self._painted.clear()
            lines = empty_lines(self.agent)
            return paint(lines[y], width, self.ink) if y < len(lines) else Strip.blank(width, self.ink("text"))
        row = self._painted[y] = self._wanted[y] if y < len(self._wanted) else ()
        return self._strip(row)

    def _strip(self, row: "pane.Row") -> Strip:
        """A row of the screen, cut to the panel."""
        key = (self._frame, row)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) > _CACHE_LIMIT:
                self._strips.clear()
            _, left, width = self._frame
            base = self.ink("text")
            whole = Strip([Segment(plain(run.text), pane_style(run.style, base)) for run in row])
            strip = self._strips[key] = whole.crop_extend(left, left + width, base)
        return strip

    def _describe(self) -> None:
        """Whose window it is and whether it lives, on the border."""
        agent = self.agent
        if agent is None:
            self.entitle(title="Live window", subtitle="")
            return
        who = agent.name or (agent.at or agent.role)
        dot = self.marks.dot
        if agent.state.ended:
            title = f"{who} {dot} last screen {dot} {agent.state.value} {age(self._now - agent.observed_at)} ago"
        else:
            title = f"{who} {dot} live window"
        self.entitle(title=Content(plain(title)), subtitle="a attach" if agent.window else "")


def _runs(lines: list[int]) -> Iterator[tuple[int, int]]:
    """First line and count of each run of lines without a gap; they come in their order."""
    start = lines[0]
    for line, following in pairwise([*lines, lines[-1] + 2]):
        if following != line + 1:
            yield start, line + 1 - start
            start = following


@lru_cache(maxsize=1024)
def pane_style(style: "pane.Style", base: Style) -> Style:
    """A pane's style for painting: what is the terminal's default comes from `base`, and can always be read."""
    own = base + Style(
        color=_colour(style.fg),
        bgcolor=_colour(style.bg),
        bold=style.bold or None,
        italic=style.italic or None,
        underline=style.underline or None,
        reverse=style.reverse or None,
        strike=style.strike or None,
        overline=style.overline or None,
    )
    if style.fg is None and style.bg is None and not style.dim:
        return own
    dim = faded(own.color, own.bgcolor) if style.dim else own.color
    if dim is None:
        return own + Style(dim=True)
    return own + Style(color=readable(dim, own.bgcolor, base.color))


def _colour(colour: "pane.Colour") -> Color | None:
    if colour is None:
        return None
    return Color.from_ansi(colour) if isinstance(colour, int) else Color.from_rgb(*colour)


def empty_lines(agent: Agent | None) -> list[Spans]:
    """Why there is nothing to see, and how that changes."""
    if agent is None:
        return [
            [Span(" No agent has a window.", "quiet")],
            [Span(" When the loop starts one, its screen is", "quiet")],
            [Span(" here, live.", "quiet")],
        ]
    if agent.state.ended:
        return [
            [Span(f" {actor_name(agent.id)} has ended, and its window is gone.", "quiet")],
            [Span(" What it left is in the events.", "quiet")],
        ]
    if not agent.pane:
        return [[Span(f" {actor_name(agent.id)} has no tmux window.", "quiet")]]
    return [[Span(" Waiting for the first picture of the window", "quiet"), Span("…", "quiet")]]
