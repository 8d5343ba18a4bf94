"""Commands of the project's own, as entries of the registry: they come from its settings."""

from collections.abc import Iterable

from coordinator.model.own_command import OwnCommand, Subject, why_not
from tui.action import Action, Group
from tui.context import Context, Reason, target_of

OWN: tuple[Action, ...] = (
    Action(
        "own.windows",
        "W",
        "command windows",
        "Go into a window in which a command of `commands` in coord.yaml runs, or waits until you have read it",
        Group.OWN,
    ),
)


def subject_of(context: Context) -> Subject:
    """What a command of one's own would be about."""
    return Subject(target_of(context), context.agent)


def of_commands(commands: Iterable[OwnCommand]) -> tuple[Action, ...]:
    """An action for each, in the order of the settings."""
    return tuple(_of_command(f"own.{place}", command) for place, command in enumerate(commands, 1))


def _of_command(name: str, command: OwnCommand) -> Action:
    def when(context: Context) -> Reason:
        return why_not(command, context.snapshot, subject_of(context))

    return Action(name, command.key, command.name, command.run, Group.OWN, when=when, command=command)
