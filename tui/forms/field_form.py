"""A form of fields: moving between them, marking prompts on the graph, and a draft of what was typed."""

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget

from tui.forms.fields import Changed, Entered, Row, Stepped
from tui.forms.form import Form
from tui.forms.host import Draft, FormHost
from tui.forms.prompts_field import PromptsField


class FieldForm(Form, can_focus=True):
    """Rows of fields over the graph. Subclasses give the rows, and say what follows from them."""

    # Priority: the field that has the focus next gets what is typed right behind the key, not the one before.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "step(1)", "next field", show=False, priority=True),
        Binding("shift+tab", "step(-1)", "previous field", show=False, priority=True),
        Binding("ctrl+g", "graph", "the graph", show=False),
    ]

    def __init__(self, host: FormHost, draft: Draft | None = None) -> None:
        super().__init__(id="form")
        self.host = host
        self.draft = dict(draft or {})
        self._pristine: dict[str, Any] = {}
        self._target = ""
        """Id of the field that marks on the graph go to, and that gets the focus back."""

    # ── what subclasses say

    def rows(self) -> Iterable[Row]:
        """The fields; values of a draft go before what the selection suggests."""
        return ()

    def field_changed(self) -> None:
        """The engineer changed a field."""

    def go_on(self) -> None:
        """Enter in a field."""

    @property
    def editable(self) -> bool:
        """The fields are in sight."""
        return True

    # ── fields

    def start_with(self, name: str, value: Any) -> Any:
        """The value of a field at the start."""
        return self.draft.get(name, value)

    def compose(self) -> ComposeResult:
        with Vertical(id="fields"):
            yield from self.rows()

    def start(self) -> None:
        self._pristine = self.values()
        self.know_prompts()
        # At once, not after a refresh: what is typed ahead is waiting.
        self.screen.set_focus((self.reachable() or [self])[0])

    @property
    def fields(self) -> dict[str, Any]:
        """The fields by their ids."""
        return {str(row.field.id): row.field for row in self.query(Row)}

    def field(self, name: str) -> Any:
        return self.fields[name]

    def values(self) -> dict[str, Any]:
        return {name: field.value for name, field in self.fields.items()}

    @property
    def typed(self) -> Draft | None:
        """What would be lost by leaving; None when nothing was typed."""
        values = self.values()
        return None if values == self._pristine and not self.draft else values

    def know_prompts(self) -> None:
        """Let the fields know which prompts there are."""
        snapshot = self.host.snapshot
        if snapshot is not None:
            for field in self.query(PromptsField):
                field.know(snapshot.prompts.values())

    @property
    def unclear(self) -> str:
        """Why something typed can't be taken for a prompt; empty when all can."""
        return next((text for field in self.query(PromptsField) if (text := field.unclear)), "")

    def settle(self) -> bool:
        """Take what was typed for the prompts it means; False, and the focus there, when that is not clear."""
        unclear = [field for field in self.query(PromptsField) if not field.settle()]
        if unclear:
            unclear[0].focus()
        return not unclear

    # ── the focus

    def reachable(self) -> list[Widget]:
        """The fields that can have the focus, in the order of the Tab key."""
        return [row.field for row in self.query(Row) if row.display and row.field.can_focus]

    def focus_field(self) -> None:
        """Take the focus back, where it was."""
        reachable = self.reachable() if self.editable else []
        here = self.fields.get(self._target)
        (here if here in reachable else (reachable or [self])[0]).focus()

    def action_step(self, by: int) -> None:
        reachable = self.reachable()
        if self.editable and reachable:
            focused = self.screen.focused  # what a field knows of itself comes later
            here = reachable.index(focused) if focused in reachable else -1 if by > 0 else 0
            self.screen.set_focus(reachable[(here + by) % len(reachable)])

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._target = event.widget.id or ""
        self.mark_graph()
        self.host.update_keys()

    @on(Changed)
    def _changed(self, message: Changed) -> None:
        message.stop()
        self.mark_graph()
        self.field_changed()

    @on(Entered)
    def _entered(self, message: Entered) -> None:
        message.stop()
        self.go_on()

    @on(Stepped)
    def _stepped(self, message: Stepped) -> None:
        message.stop()
        self.action_step(message.by)

    # ── prompts are chosen on the graph

    def _chooser(self) -> PromptsField | None:
        """The field that marks go to: the one that had the focus last, else the first that takes prompts."""
        field = self.fields.get(self._target)
        return field if isinstance(field, PromptsField) else next(iter(self.query(PromptsField)), None)

    def picks_for(self) -> str:
        """The label of the field that marks go to; empty when none takes them."""
        field = self._chooser() if self.editable else None
        return next((row.label.lower() for row in self.query(Row) if row.field is field), "")

    def mark_graph(self) -> None:
        """Show on the graph what the focused field holds."""
        field = self.fields.get(self._target)
        self.host.mark(frozenset(field.value) if isinstance(field, PromptsField) else frozenset())

    def marked(self, numbers: frozenset[int]) -> None:
        """Rows were marked on the graph itself. A prompt that is only planned can't be chosen."""
        field, snapshot = self._chooser(), self.host.snapshot
        if field is not None and snapshot is not None:
            there = numbers.intersection(snapshot.prompts)
            kept = [number for number in field.value if number in there]
            field.value = (*kept, *sorted(there.difference(kept)))
            self.host.mark(there)

    def action_graph(self) -> None:
        """To the graph, to mark rows there; Enter or Escape comes back."""
        field = self._chooser()
        if self.editable and field is not None:
            self._target = str(field.id)
            self.mark_graph()
            self.host.focus_panel("prompts")

    @on(PromptsField.Pointed)
    def _pointed(self, message: PromptsField.Pointed) -> None:
        message.stop()
        self.host.point(message.number, message.action, message.by)

    @on(PromptsField.Toggled)
    def _toggled(self, message: PromptsField.Toggled) -> None:
        message.stop()
        field, number = self._chooser(), self.host.graph.selected
        if field is not None and number is not None and self.host.snapshot and number in self.host.snapshot.prompts:
            field.toggle(number)
