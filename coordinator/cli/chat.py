"""`coord chat`: the conversation with the coordinator in a terminal, line by line."""

from coordinator.cli import declared as click
from coordinator.cli.opened import project_of


@click.command()
@click.argument("text", required=False)
@click.pass_context
def chat(ctx: click.Context, text: str | None) -> int:
    """Talk with the coordinator: it looks, asks and proposes; nothing happens that you do not confirm.

    With TEXT: say that, print the answer, and end. `/` has every command, `@7` refers to a prompt; ctrl-c ends an
    answer, ctrl-d leaves.
    """
    from coordinator.cli.chatting import converse

    return converse(project_of(ctx), text)
