"""The screen on which things are found: lists are filtered while one types, and digits lead to a prompt."""

from __future__ import annotations

from textual import events, on
from textual._time import get_time
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widgets import Input

from coordinator.errors import UsageError
from coordinator.model.selecting import fitting, select
from coordinator.views.prompt_row import names
from tui.forms.complete import nearest
from tui.messages import Remark
from tui.screens.choosing import ChoosingScreen
from tui.widgets.filter_line import FilterLine

_DIGITS = "0123456789"
_OF_PANELS = "1234"
"""Digits that go to a panel where no other digit follows at once; prompt 4 is `04`."""


JUMPS: list[BindingType] = [
    *(Binding(str(digit), f"jump('{digit}')", show=False, priority=True) for digit in range(10)),
    Binding("enter", "jump_there", show=False, priority=True),
]
"""In one list with the keys of the screen: of classes that bind a key, the last one alone would have it."""


class FindingScreen(ChoosingScreen):
    """Subclasses compose a `FilterLine` below the prompts and one below the agents."""

    jump_within = 1.2
    """Seconds in which a digit is followed by the next one, or by Enter, to mean a prompt."""
    _typed_number = ""
    _typed_at = 0.0
    _forgetting: Timer | None = None

    # ── filters

    def filter_line(self, panel: str) -> FilterLine | None:
        """The line of a panel's list, where it has one."""
        return next(iter(self.query(f"#{panel}-filter").results(FilterLine)), None)

    @property
    def typed_filter(self) -> FilterLine | None:
        """The line that is being typed into."""
        return self.focused if isinstance(self.focused, FilterLine) else None

    def open_filter(self, panel: str) -> None:
        """Let the list of a panel be filtered while one types."""
        line = self.filter_line(panel)
        if line is not None:
            line.open()
            self.focus_line(line)
            self.words_since = get_time()
            self.update_keys()

    def next_kind(self, panel: str) -> None:
        """Show the next kind in a panel: of prompts what failed, runs, waits; then all again."""
        line = self.filter_line(panel)
        if line is not None:
            kind = line.next_kind
            line.open(kind) if kind else line.close()

    @on(Input.Changed, "FilterLine")
    def _filter_changed(self, message: Input.Changed) -> None:
        message.stop()
        line = message.input
        if isinstance(line, FilterLine):
            self._filter(line.panel, message.value.strip())

    def _filter(self, panel: str, text: str) -> None:
        """Show what fits; while a filter means nothing yet, what fitted the last one."""
        if self.snapshot is None:
            return
        try:
            if panel == "prompts":
                self.graph.narrow(text, frozenset(select(self.snapshot, text).numbers) if text else None)
                self.follow_graph()
            else:
                self.agents.narrow(text, fitting(self.snapshot, text) if text else None)
        except UsageError as error:
            (self.graph if panel == "prompts" else self.agents).narrowing_failed(error.message)

    def filter_again(self) -> None:
        """Another snapshot: other prompts and agents may fit."""
        for panel in ("prompts", "agents"):
            line = self.filter_line(panel)
            if line is not None and line.value.strip():
                self._filter(panel, line.value.strip())

    @on(FilterLine.Left)
    def _filter_left(self, message: FilterLine.Left) -> None:
        line = self.filter_line(message.panel)
        if line is not None and (not message.keep or not line.value.strip()):
            line.close()
        self.focus_panel(message.panel)

    @on(FilterLine.Stepped)
    def _stepped(self, message: FilterLine.Stepped) -> None:
        (self.graph if message.panel == "prompts" else self.agents).action_move(message.by)

    def follow_graph(self) -> None:
        """The graph has selected another prompt by itself: show what belongs to it."""
        raise NotImplementedError

    def action_form_back(self) -> None:
        """Escape on a panel: the end of its filter, before the end of marks."""
        line = self.filter_line(self.panel) if self.panel else None
        if self.form is None and line is not None and line.is_open:
            line.close()
        else:
            super().action_form_back()

    # ── digits

    @property
    def _takes_digits(self) -> bool:
        return bool(self.panel) and self.form is None and not isinstance(self.focused, Input)

    def action_jump(self, digit: str) -> None:
        """One more digit of a prompt's number, or the first one."""
        if not self._takes_digits:
            raise SkipAction
        follows = bool(self._typed_number) and get_time() - self._typed_at <= self.jump_within
        self._typed_number = (self._typed_number if follows else "") + digit
        self._typed_at = get_time()
        if not follows and digit in _OF_PANELS:
            raise SkipAction  # it may be all: the panel comes at once
        self._show_number(self._typed_number)

    def on_key(self, event: events.Key) -> None:
        """Any other key: what was typed before it is no part of a number."""
        if event.key not in _DIGITS:
            self._forget_number()

    def action_jump_there(self) -> None:
        """Enter behind digits: to that prompt."""
        text, live = self._typed_number, get_time() - self._typed_at <= self.jump_within
        self._forget_number()
        means_panel = len(text) == 1 and text in _OF_PANELS
        if not text or means_panel or not live or not self._takes_digits or self.snapshot is None:
            raise SkipAction
        number = int(text[:9])
        if number not in self.snapshot.prompts:
            near = nearest(str(number), self.snapshot.prompts)
            more = f" The nearest are {names(near, 3)}." if near else ""
            self.app.post_message(Remark(f"There is no prompt {number:02d}.{more}"))
            return
        if not self.graph.shows(number):
            line = self.filter_line("prompts")
            if line is not None:
                line.close()
            self.graph.narrow("", None)
        self.select(number)

    def _show_number(self, text: str) -> None:
        """Say where Enter would go, as long as it would: on the prompts, to which the keys go from here on."""
        if self.panel != "prompts":
            self.focus_panel("prompts")
        self.graph.say(f"go to {text} {self.marks.enter}")
        if self._forgetting is not None:
            self._forgetting.stop()
        self._forgetting = self.set_timer(self.jump_within, self._forget_number)

    def _forget_number(self) -> None:
        if self._typed_number:
            self._typed_number = ""
            self.graph.say("")
