"""`coord clean`: what ended attempts and finished runs left, with what it holds; clears what holds nothing."""

import sys
from collections.abc import Sequence

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, styled
from coordinator.errors import Refused, UsageError
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.text import amount, plain

if TYPE_CHECKING:
    from coordinator.client.steering import Leftover


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what there is.")
@click.option("--yes", is_flag=True, help="Clear without asking.")
@json_option
@click.pass_context
def clean(ctx: click.Context, dry_run: bool, yes: bool, as_json: bool) -> int:
    """List what ended work left, and clear what holds nothing.

    That is worktrees, branches, dead windows, the tmux server, folders put aside, and files of writers that died.

    What holds commits, files, another worktree or a living program stays, whatever is said.
    """
    from coordinator.client.steering import Steering, actor
    from coordinator.model.event import ActorKind

    steering = Steering(project_of(ctx))
    if actor().kind is not ActorKind.HUMAN:
        raise Refused("only a human clears away", "leave it to the engineer")
    found = steering.leftovers()
    free = sum(not one.holds for one in found)
    if not dry_run and free:
        if not yes and not sys.stdin.isatty():
            raise UsageError("nobody is there to confirm", "--yes clears without asking, --dry-run only shows")
        if not yes:
            _print(found)
            if not click.confirm(f"Clear {amount(free, 'thing')}?", default=True, err=as_json):
                return 1
        found = steering.clear(found)
    if as_json:
        emit({"leftovers": [one.to_json() for one in found], "cleared": sum(one.cleared for one in found)})
        return 0
    _print(found)
    if not found:
        say("Nothing is left over.")
    return 0


def _print(found: "Sequence[Leftover]") -> None:
    for one in found:
        mark = ("✓ ", "green") if one.cleared else ("· ", "dim")
        told = "cleared" if one.cleared else f"stays: {plain(one.holds)}" if one.holds else "holds nothing"
        styled([mark, (f"{one.kind:<9}", ""), (plain(one.name), ""), (f"  {told}", "dim")])
