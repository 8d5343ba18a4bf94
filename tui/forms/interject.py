"""Interjection: a new prompt between others, drawn at its place while it is written."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from coordinator.errors import CoordError
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.services.interjection import NeedsChoice, closed_cycle
from coordinator.services.planning import is_done, waiting_dependents
from coordinator.services.suggestions import between
from coordinator.views.prompt_row import names
from tui.forms.fields import Row
from tui.forms.service_form import ServiceForm
from tui.forms.stages import Offer


class InterjectForm(ServiceForm):
    """Title, between what and what, and why."""

    SERVICE = "interject"
    HELP: ClassVar[str] = (
        "A new prompt between others. Say what it runs after and before: move on the graph and press space, or type "
        "numbers or words of titles. The graph shows the plan as you type. Enter shows what is going to happen, Enter "
        "again does it; ctrl+s does it at once, Esc keeps what you typed."
    )

    FIELDS = ("title", "after", "before", "fixes", "running", "body", "priority", "reason")
    MISSING: ClassVar[dict[str, str]] = {"title": "Write a title; the plan is drawn on the graph as you type."}

    def suggested(self) -> Mapping[str, Any]:
        snapshot, graph = self.host.snapshot, self.host.graph
        after, before = between(snapshot, graph.selected, graph.marked) if snapshot is not None else ((), ())
        return {"after": after, "before": before}

    def rows(self) -> Iterable[Row]:
        for row in super().rows():
            if row.field.id == "running":
                self.running = row
                row.display = bool(self.start_with("running", ""))
            yield row

    def field_changed(self) -> None:
        self.running.display = bool(self.field("running").value)
        super().field_changed()

    # ── what is allowed instead

    def offers(self) -> Sequence[Offer]:
        snapshot = self.host.snapshot
        if snapshot is None or not isinstance(self.found, CoordError):
            return ()
        if isinstance(self.found, NeedsChoice):
            return self._running_offers(self.found.number)
        return self._ended_offers(snapshot) or self._cycle_offers(snapshot) or super().offers()

    def _running_offers(self, number: int) -> Sequence[Offer]:
        choose = lambda value: setattr(self.field("running"), "value", value)  # noqa: E731
        return (
            Offer("f", f"let {number:02d} finish as it is", partial(choose, "finish")),
            Offer("K", f"kill {number:02d} and queue it behind the new prompt", partial(choose, "kill")),
            Offer("x", f"leave {number:02d} out", partial(self._leave_out, "before", number)),
        )

    def _ended_offers(self, snapshot: Snapshot) -> Sequence[Offer]:
        """Nothing can run before what has ended: what still waits for it, or after it."""
        for number in self.field("before").value:
            if is_done(snapshot, number):
                waiting = waiting_dependents(snapshot, (number,))
                instead = Offer("b", f"before {names(waiting, 3)} instead", partial(self._before, number, waiting))
                after = Offer("a", f"after {number:02d} instead", partial(self._after, number))
                out = Offer("x", f"leave {number:02d} out", partial(self._leave_out, "before", number))
                return (*((instead,) if waiting else ()), after, out)
            if snapshot.steps[number].state is StepState.SKIPPED:
                return (Offer("x", f"leave {number:02d} out", partial(self._leave_out, "before", number)),)
        return ()

    def _cycle_offers(self, snapshot: Snapshot) -> Sequence[Offer]:
        path = closed_cycle(snapshot.graph, self.field("after").value, self.field("before").value)
        if not path:
            return ()
        return (
            Offer("a", f"not after {path[-1]:02d}", partial(self._leave_out, "after", path[-1])),
            Offer("b", f"not before {path[0]:02d}", partial(self._leave_out, "before", path[0])),
        )

    def _leave_out(self, name: str, number: int) -> None:
        field = self.field(name)
        field.value = tuple(n for n in field.value if n != number)

    def _before(self, number: int, waiting: tuple[int, ...]) -> None:
        field = self.field("before")
        field.value = tuple(n for n in (*field.value, *waiting) if n != number)

    def _after(self, number: int) -> None:
        self._leave_out("before", number)
        self.field("after").value = (*self.field("after").value, number)
