"""What a budget that is used up comes to: a question, agents that are paused until it is answered, or an end."""

from coordinator.apply import suspend
from coordinator.loop.actions import AskOver, EndOver, GoOn, Pause
from coordinator.loop.context import Context
from coordinator.model.event import Draft
from coordinator.model.snapshot import Snapshot


def ask(context: Context, snapshot: Snapshot, action: AskOver) -> None:
    """Ask whether it may go on."""
    data: dict[str, object] = {"text": action.text, "options": list(action.options), "about": action.about}
    if action.context:
        data["context"] = action.context
    context.say(Draft("run.asked", action.subject, data))


def end_over(context: Context, snapshot: Snapshot, action: EndOver) -> None:
    """Ask for the end of an attempt whose prompt has used up its budget; it is held until a human restarts it."""
    attempt = context.current(snapshot, action)
    if attempt is not None and attempt.state.live and not attempt.kill:
        context.overrule(attempt)
        context.amend(attempt, kill="hold", reason="its budget is used up, and it was to end there")


def pause(context: Context, snapshot: Snapshot, action: Pause) -> None:
    """Stop an agent's processes."""
    attempt = action.of(snapshot)
    if attempt is not None:
        suspend.pause(context.layout, context.log, attempt, action.about)


def go_on(context: Context, snapshot: Snapshot, action: GoOn) -> None:
    """Let an agent's processes go on."""
    attempt = action.of(snapshot)
    if attempt is not None:
        suspend.go_on(context.layout, context.log, attempt, action.about)
