"""Every service once: what it is called, asks for, plans, and when it is offered.

The command's options, the screen's forms and its palette are made of this. It is a table of names: a service is read
when it is asked for.
"""

from __future__ import annotations

from importlib import import_module

from coordinator.lazy.typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coordinator.model.plan import Plan
    from coordinator.model.snapshot import Snapshot
    from coordinator.services.inputs import Input
    from coordinator.services.offers import Offered


class Service(NamedTuple):
    """One service. Dotted names are those of this package."""

    name: str
    request: str
    planner: str
    """Snapshot and request → Plan."""
    offered: str
    """Snapshot and the selected prompt, if there is one → Offered."""
    line: str
    """A few words, for a list."""
    help: str
    """What it does, in a sentence or two."""
    tooltip: str = ""
    """The same for somebody who sees the project; empty: the screen has another way to it."""

    @property
    def request_type(self) -> Any:
        return _read(self.request)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What it asks for."""
        from coordinator.services.inputs import inputs

        return inputs(self.request_type)

    @property
    def schema(self) -> dict[str, object]:
        """The JSON schema of what it asks for, with what it does."""
        from coordinator.services.inputs import schema

        return {"description": self.help, **schema(self.request_type)}

    def ask(self, given: Mapping[str, object], **filled: object) -> Any:
        """A request made of plain values; `filled` is what the caller knows: `who`, `at`. Raises UsageError."""
        from coordinator.services.inputs import request_of

        return request_of(self.request_type, given, **filled)

    def plan(self, snapshot: Snapshot, request: object) -> Plan:
        """What the request would do. Raises Refused and UsageError as the service does."""
        from coordinator.lazy.dataclass import replace

        plan: Plan = _read(self.planner)(snapshot, request)
        return replace(plan, asked=request)

    def offers(self, snapshot: Snapshot, selected: int | None) -> Offered:
        """What it is offered for now, and why not otherwise."""
        offered: Offered = _read(self.offered)(snapshot, selected)
        return offered


def _read(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(f"coordinator.services.{module}"), attribute)


_TABLE = (
    Service(
        "interject",
        "interjection.Interjection",
        "interjection.plan_interjection",
        "offers.always",
        "Put a new prompt between others.",
        "Put a new prompt between others; the loop picks it up by itself, nothing is renumbered.",
        "Put a new prompt between others; the graph shows its place while you write",
    ),
    Service(
        "patch",
        "quick_patch.QuickPatch",
        "quick_patch.plan_patch",
        "offers.prompt",
        "A quick patch for a specific issue.",
        "A quick patch: a user-patch prompt for a specific issue with earlier work.",
        "Correct earlier work: a prompt with what went wrong and what you want instead",
    ),
    Service(
        "edit",
        "edit.Edit",
        "edit.plan_edit",
        "offers.undone",
        "Edit a prompt, checked before it is saved.",
        "Edit a prompt that is not done: single values, or its body; it is checked before anything is saved.",
        "Change a prompt that is not done: its values here, its text in your editor",
    ),
    Service(
        "surgery",
        "surgery.Surgery",
        "surgery.plan_surgery",
        "offers.emergent",
        "Keep, improve or eliminate emergent work.",
        "Emergent surgery: keep, improve or eliminate prompts that agents came upon, all verdicts as one plan.",
        "All emergent prompts side by side: keep, improve or eliminate each",
    ),
    Service(
        "cancel",
        "cancel.Cancel",
        "cancel.plan_cancel",
        "offers.unended",
        "Never run a prompt.",
        "Never run prompt N; what depends on it no longer waits for it.",
        "Never run a prompt; what depends on it no longer waits for it",
    ),
    Service(
        "kill",
        "restart.KillRequest",
        "restart.plan_kill",
        "offers.live",
        "End an agent with everything it started.",
        "End an agent with everything it started, gracefully first.",
        "End an agent with everything it started, and say what becomes of its prompt",
    ),
    Service(
        "restart",
        "restart.RestartRequest",
        "restart.plan_restart",
        "offers.started",
        "Run a prompt again.",
        "Run a failed, held or running prompt again, as a new attempt that goes on from what the last one left.",
        "Run a failed, held or running prompt again as a new attempt",
    ),
    Service(
        "review",
        "review.ReviewRequest",
        "review.plan_review",
        "offers.changed",
        "Look at a change; approve it or send it back.",
        "Give a verdict on an open change: approved, it is merged; rejected, a new attempt goes on from it.",
        "Look at what an agent did: its words, commits and diff; approve it or send it back",
    ),
    Service(
        "many",
        "many.Many",
        "many.plan_many",
        "offers.always",
        "Do the same to several prompts or agents at once.",
        "Permit, tell, kill, restart, pause, rank or cancel all that are named or fit a filter, as one plan.",
        "Do the same to all that are marked, or fit a filter: permit, tell, kill, restart, pause, rank, cancel",
    ),
    Service(
        "pause",
        "dispatch.PauseRequest",
        "dispatch.plan_pause",
        "offers.always",
        "Start nothing new; running agents finish.",
        "Pause dispatch: nothing new starts until it is resumed, running agents finish.",
    ),
    Service(
        "resume",
        "dispatch.ResumeRequest",
        "dispatch.plan_resume",
        "offers.always",
        "Go on after a pause.",
        "Resume dispatch after a pause: what is ready starts.",
    ),
    Service(
        "intent",
        "intent.SetIntent",
        "intent.plan_intent",
        "offers.always",
        "What the milestone is for: show, set, diff.",
        "Set parts of the intent; the others stay, a list that is given replaces the old one.",
    ),
)

SERVICES: dict[str, Service] = {service.name: service for service in _TABLE}
"""The services by name, in the order in which they are listed."""
