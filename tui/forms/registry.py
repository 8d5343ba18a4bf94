"""Which form belongs to which service; each is read when it is needed first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.forms.plan_form import PlanForm


def form_of(service: str) -> type[PlanForm]:
    """The form of a service."""
    match service:
        case "interject":
            from tui.forms.interject import InterjectForm

            return InterjectForm
        case "patch":
            from tui.forms.patch import PatchForm

            return PatchForm
        case "edit":
            from tui.forms.edit import EditForm

            return EditForm
        case "surgery":
            from tui.forms.surgery import SurgeryForm

            return SurgeryForm
        case "kill":
            from tui.forms.restart import KillForm

            return KillForm
        case "restart":
            from tui.forms.restart import RestartForm

            return RestartForm
        case _:
            from tui.forms.undo import UndoForm

            return UndoForm
