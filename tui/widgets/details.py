"""What the selected prompt asks for and what has come of it, where there is room for it."""

from collections import OrderedDict
from collections.abc import Callable
from typing import ClassVar

from rich.style import Style
from textual import on, work
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from coordinator.errors import CoordError
from coordinator.model.change import Change
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.views.spans import Span
from tui.paint.ink import Spans, fit, ink_of, paint
from tui.paint.theme import UNICODE, Glyphs
from tui.paint.titled import Titled

_KEPT = 64
"""Changes that are remembered: whoever goes back and forth sees them at once."""
_FRESH = 10.0
"""Seconds after which the files of an agent at work are looked at again."""

Version = tuple[object, ...]


def version_of(attempt: Attempt) -> Version:
    """Another one when the files of an attempt may be others; those of a live one change without it."""
    return (attempt.work, attempt.run, attempt.attempt, attempt.state, attempt.commits, attempt.merged_as)


class Details(Titled, Widget):
    """Tasks, criteria, hand-off and files. Nothing is worked out for it while it is out of sight."""

    HELP: ClassVar[str] = (
        "The selected prompt on a large screen: its tasks, its acceptance criteria and what shows each, what was "
        "handed off last, and the files that changed. Its key shows all of it, at any size."
    )
    BORDER_TITLE = "Details"

    class WorkRead(Message, bubble=False):
        """What an attempt has made was read; None: it can't be told."""

        def __init__(self, version: Version, change: Change | None, at: float) -> None:
            super().__init__()
            self.version = version
            self.change = change
            self.at = at

    def __init__(
        self,
        read: Callable[[Attempt], Change],
        marks: Glyphs = UNICODE,
        *,
        rest: float = 0.25,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`read` may block. `rest`: seconds that a selection has to stay before its files are read."""
        super().__init__(id=id, classes=classes)
        self.marks = marks
        self._read, self._rest = read, rest
        self._snapshot: Snapshot | None = None
        self._now = 0.0
        self._number: int | None = None
        self._about: object = None
        self._known: OrderedDict[Version, tuple[float, Change | None]] = OrderedDict()
        self._coming: Version | None = None
        self._timer: Timer | None = None
        self._laid: tuple[object, list[Spans]] = (None, [])

    @property
    def busy(self) -> bool:
        """Files are being read, or about to be."""
        return self._coming is not None

    def show(self, snapshot: Snapshot, number: int | None, now: float) -> None:
        """Take over what is selected."""
        self._snapshot, self._number = snapshot, number if number in snapshot.prompts else None
        self._now = now
        if not self.display:
            self._about = None
            return
        self._look(now)
        about = self._key_of()
        if about != self._about:
            self._about = about
            self.refresh()

    def _key_of(self) -> object:
        """Equal while nothing else is to be shown."""
        snapshot, number, attempt = self._snapshot, self._number, self._attempt
        if snapshot is None or number is None:
            return None
        prompt, change = snapshot.prompts[number], self._change
        return (
            number,
            prompt.digest,
            prompt.source,
            attempt,
            snapshot.steps[number].state,
            id(change),
            snapshot.checks,
        )

    @property
    def _attempt(self) -> Attempt | None:
        return self._snapshot.steps[self._number].attempt if self._snapshot and self._number is not None else None

    @property
    def _change(self) -> Change | None:
        attempt = self._attempt
        return self._known.get(version_of(attempt), (0.0, None))[1] if attempt is not None else None

    # ── the files, which git knows

    def _look(self, now: float) -> None:
        """Have the files read once the selection has come to rest."""
        attempt = self._attempt
        if attempt is None or not attempt.branch:
            self._wait_for(None)
            return
        version = version_of(attempt)
        read = self._known.get(version)
        if read is not None and not (attempt.state.live and now - read[0] >= _FRESH):
            self._wait_for(None)
        elif version != self._coming:
            self._wait_for(version)
            self._timer = self.set_timer(self._rest, lambda: self._read_work(attempt, version, now))

    def _wait_for(self, version: Version | None) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer, self._coming = None, version

    @work(thread=True, group="details", exit_on_error=False)
    def _read_work(self, attempt: Attempt, version: Version, now: float) -> None:
        try:
            found: Change | None = self._read(attempt)
        except CoordError:
            found = None  # the other sections stand without it
        self.post_message(self.WorkRead(version, found, now))

    @on(WorkRead)
    def _work_read(self, message: WorkRead) -> None:
        self._known[message.version] = (message.at, message.change)
        self._known.move_to_end(message.version)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        if message.version == self._coming:
            self._wait_for(None)
        if self._snapshot is not None:
            self.show(self._snapshot, self._number, message.at)

    # ── painting

    def on_resize(self) -> None:
        """It may have come into sight."""
        if self._snapshot is not None:
            self.show(self._snapshot, self._number, self._now)

    def ink(self, name: str) -> Style:
        return ink_of(self, name)

    def _lines(self) -> list[Spans]:
        key = (self._about, self.size.height)
        if key != self._laid[0]:
            self._laid = (key, self._lay(self.size.height))
        return self._laid[1]

    def _lay(self, height: int) -> list[Spans]:
        from coordinator.views.prompt_details import fitted, sections

        if self._snapshot is None or self._number is None:
            return []
        return list(fitted(sections(self._snapshot, self._number, self._change), height))

    def render_line(self, y: int) -> Strip:
        width, lines = self.size.width, self._lines()
        if y >= len(lines):
            return Strip.blank(width, self.ink("text"))
        return paint(fit([Span(" "), *lines[y]], width, self.marks.ellipsis), width, self.ink)
