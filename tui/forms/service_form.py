"""A form over a registered service: a field for each thing that it asks for."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from textual.widget import Widget

from coordinator.formats.prompt_body import TEMPLATE
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.services.inputs import Input, Kind
from coordinator.services.registry import SERVICES, Service
from coordinator.views.plan_preview import Planner
from tui.forms.body_field import BodyField, without_blanks
from tui.forms.fields import ChoiceField, ItemsField, ProseField, Row, TextField
from tui.forms.plan_form import PlanForm
from tui.forms.prompts_field import PromptsField
from tui.forms.stages import Offer
from tui.widgets.footer import Hint

NO_YES = (("no", "no", "n"), ("yes", "yes", "y"))
_FIELDLESS = (Kind.PROMPT, Kind.VALUES, Kind.NOTES)
"""What has no field by itself: the prompt is the selected one, the others take a form of their own."""


class ServiceForm(PlanForm):
    """Subclasses say what a service needs beyond fields in a row."""

    FIELDS: ClassVar[tuple[str, ...]] = ()
    """What is asked for, in this order; empty: all that the service asks for, in its own."""
    MISSING: ClassVar[dict[str, str]] = {}
    """What has to be filled in first → a sentence that asks for it."""
    BODY_FILE: ClassVar[str] = "prompt.md"
    """What a body is called in the editor."""

    @property
    def service(self) -> Service:
        return SERVICES[self.SERVICE]

    @property
    def inputs(self) -> Mapping[str, Input]:
        return {each.name: each for each in self.service.inputs}

    def suggested(self) -> Mapping[str, Any]:
        """What the fields begin with where the selection says more than the service: tuples, texts, `yes` or `no`."""
        return {}

    def rows(self) -> Iterable[Row]:
        begin, asked = self.suggested(), self.inputs
        for name in self.FIELDS or [name for name, each in asked.items() if each.kind not in _FIELDLESS]:
            yield self.row(name, begin.get(name))

    def row(self, name: str, value: Any = None) -> Row:
        """The row for one thing that the service asks for; it begins with `value` unless that is None."""
        asked = self.inputs[name]
        label = asked.about.label or name.replace("_", " ").capitalize()
        return Row(label, _field(asked, self.start_with(name, _beginning(asked) if value is None else value)))

    def given(self) -> dict[str, Any]:
        """What is in the fields, as plain values."""
        asked, fields = self.inputs, self.fields
        return {name: _plain(asked[name], field) for name, field in fields.items() if name in asked}

    def request(self, snapshot: Snapshot) -> Planner | str:
        given = self.given()
        needed = {name: f"Still missing: {each.about.help}" for name, each in self.inputs.items() if each.required}
        for name, sentence in {**self.MISSING, **needed, **self.MISSING}.items():  # in its order, in its words
            value = given.get(name)
            if value in (None, ()) or (isinstance(value, str) and not value.strip()):
                return sentence
        filled = {"who": self.host.engineer, "at": self.at, **self.filled()}
        return partial(_plan, self.service, given, filled)

    def filled(self) -> Mapping[str, str]:
        """What a request has besides what is asked for, engineer and time."""
        return {}

    # ── a body is written in $EDITOR

    def first_body(self) -> str:
        """What the editor opens while nothing is written."""
        return TEMPLATE

    def _body(self) -> BodyField | None:
        return next(iter(self.query(BodyField)), None)

    def extra_hints(self) -> tuple[Hint, ...]:
        return (("^e", "body in $EDITOR", "form.editor"),) if self._body() is not None else ()

    def edit_body(self) -> None:
        body = self._body()
        edited = self.host.edit_text(body.value or self.first_body(), self.BODY_FILE) if body is not None else None
        if body is not None and edited is not None:
            body.value = without_blanks(edited)

    def offers(self) -> Sequence[Offer]:
        body = self._body()
        written = body is not None and bool(body.value)
        return (Offer("e", "write the body", self.edit_body, retry=False),) if written else ()


def _beginning(asked: Input) -> Any:
    match asked.kind:
        case Kind.PROMPTS:
            return ()
        case Kind.FLAG:
            return "yes" if asked.default else "no"
    return str(asked.default or "")


def _field(asked: Input, value: Any) -> Widget:
    """A field for one thing that is asked for, with its value at the start."""
    about, name = asked.about, asked.name
    match asked.kind:
        case Kind.PROMPTS:
            return PromptsField(value, empty=about.hint, id=name)
        case Kind.TEXTS:
            return ItemsField(value, placeholder=about.hint, id=name)
        case Kind.CHOICE:
            return ChoiceField(about.choices or [(each, each, "") for each in asked.values], value, id=name)
        case Kind.FLAG:
            return ChoiceField(about.choices or NO_YES, value, id=name)
    if about.file:
        return BodyField(value, empty=about.hint, id=name)
    return (ProseField if about.prose else TextField)(value, placeholder=about.hint, id=name)


def _plain(asked: Input, field: Any) -> Any:
    match asked.kind:
        case Kind.TEXTS:
            return field.items
        case Kind.FLAG:
            return field.value == "yes"
        case Kind.CHOICE:
            return field.value or None
    return field.value or None if asked.about.file else field.value


def _plan(service: Service, given: Mapping[str, Any], filled: Mapping[str, str], snapshot: Snapshot) -> Plan:
    return service.plan(snapshot, service.ask(given, **filled))
