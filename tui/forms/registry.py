"""Which form belongs to which service; each is read when it is needed first."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from coordinator.services.registry import SERVICES

if TYPE_CHECKING:
    from tui.forms.plan_form import PlanForm

_OWN = {
    "interject": "interject.InterjectForm",
    "patch": "patch.PatchForm",
    "edit": "edit.EditForm",
    "surgery": "surgery.SurgeryForm",
    "kill": "restart.KillForm",
    "restart": "restart.RestartForm",
    "undo": "undo.UndoForm",
    "import": "importing.ImportForm",
}
"""Service → its own form; the others have a field for each thing that they ask for, and no more."""


def form_of(service: str) -> type[PlanForm]:
    """The form of a service; `many kill`: the one that does this to all that are marked."""
    if service.startswith("many "):
        from tui.forms.many import many_form

        return many_form(service.removeprefix("many "))
    if service not in _OWN:
        return _general(service)
    module, _, name = _OWN[service].partition(".")
    form: Any = getattr(import_module(f"tui.forms.{module}"), name)
    return form  # type: ignore[no-any-return]


@cache
def _general(name: str) -> type[PlanForm]:
    from coordinator.services.inputs import Kind
    from tui.forms.prompt_form import PromptForm
    from tui.forms.service_form import ServiceForm

    service = SERVICES[name]
    base = PromptForm if any(each.kind is Kind.PROMPT for each in service.inputs) else ServiceForm
    return type(f"{name.capitalize()}Form", (base,), {"SERVICE": name, "HELP": service.help})
