"""Rows of prompts that can be marked: one by one, as a range, or as somebody else says."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from tui.paint.lines import Lines


class MarkedRows(Lines):
    """Subclasses say which prompt is selected, and in which order they stand."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", show=False, id="graph.mark", tooltip="Mark the row for the next form"),
        Binding(
            "V", "range", "Mark range", show=False, id="graph.range", tooltip="Mark all from the last mark to here"
        ),
        Binding("shift+up", "mark_on(-1)", "Mark up", show=False, id="graph.mark-up"),
        Binding("shift+down", "mark_on(1)", "Mark down", show=False, id="graph.mark-down"),
    ]

    class Marked(Message):
        """The set of marked prompts is another one."""

        def __init__(self, graph: "MarkedRows", marked: frozenset[int]) -> None:
            super().__init__()
            self.graph = graph
            self.marked = marked

        @property
        def control(self) -> "MarkedRows":
            return self.graph

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._marked: frozenset[int] = frozenset()
        self._last_mark: int | None = None
        """Where a range begins."""

    @property
    def selected(self) -> int | None:
        """Number of the prompt under the cursor."""
        raise NotImplementedError

    @property
    def order(self) -> tuple[int, ...]:
        """The prompts in the order of their rows."""
        raise NotImplementedError

    def marks_changed(self) -> None:
        """Called after other prompts are marked, before anybody is told."""

    @property
    def marked(self) -> frozenset[int]:
        """Prompts chosen with space, for the next form."""
        return self._marked

    @marked.setter
    def marked(self, numbers: Iterable[int]) -> None:
        marked = frozenset(numbers)
        if marked != self._marked:
            self._marked = marked
            self.marks_changed()
            self.post_message(self.Marked(self, marked))

    def action_mark(self) -> None:
        if self.selected is not None:
            self._last_mark = self.selected
            self.marked = self._marked ^ {self.selected}

    def action_range(self) -> None:
        """Mark all from the row that was marked last to the selected one."""
        if self.selected is not None:
            self.marked = self._marked | self._between(self._last_mark, self.selected)

    def action_mark_on(self, by: int) -> None:
        """Mark the selected row, and the one that the cursor goes to."""
        here = self.selected
        if here is not None:
            self.action_move(by)
            self.marked = self._marked | self._between(here, self.selected)
            self._last_mark = here

    def _between(self, one: int | None, other: int | None) -> frozenset[int]:
        """The prompts from one to the other in the order of the rows, both included."""
        order = self.order
        ends = [order.index(number) for number in (one, other) if number in order]
        return frozenset(order[min(ends) : max(ends) + 1]) if ends else frozenset()
