"""`coord backlog`: what milestones left undone, in a handful of groups, and taking it over."""

from collections.abc import Mapping

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, styled
from coordinator.cli.services import plan_options
from coordinator.client.findings import findings
from coordinator.client.look import look
from coordinator.lazy.typing import Any
from coordinator.model.backlog import Left
from coordinator.model.backlog import backlog as left
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import clip, plain

_SHOWN = 20
"""Items of a group that people are shown; with --json they get all."""


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def backlog(ctx: click.Context, as_json: bool) -> None:
    """What milestones left: prompts that were not done, and findings that were left for later."""
    if ctx.invoked_subcommand is not None:
        return
    project = project_of(ctx)
    groups = left(look(project), findings(project)[0])
    if as_json:
        emit({"groups": [{"name": name, "items": [i.to_json() for i in items]} for name, items in groups.items()]})
    elif groups:
        _print(groups)
    else:
        say("nothing was left")


@backlog.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@plan_options
@click.pass_context
def take(ctx: click.Context, /, names: tuple[str, ...], **given: Any) -> int:
    """Take over what was left: 7 is prompt 07, f12 is finding 012, and a group's name is all that is in it."""
    from coordinator.cli.confirm import carry_out
    from coordinator.client.steering import actor
    from coordinator.services.backlog import TakeOver, plan_take

    project = project_of(ctx)
    who = actor().name

    def planner(snapshot: Snapshot) -> Any:
        return plan_take(snapshot, TakeOver(names, findings(project)[0], who))

    return carry_out(project, planner, yes=given["yes"], dry_run=given["dry_run"], as_json=given["as_json"])


def _print(groups: Mapping[str, tuple[Left, ...]]) -> None:
    for name, items in groups.items():
        more = f"  the first {_SHOWN} of {len(items)}" if len(items) > _SHOWN else ""
        styled([(name, "bold"), (more, "dim")])
        for item in items[:_SHOWN]:
            of = f"  of {clip(plain(item.milestone), 24)}" if item.milestone else ""
            styled(
                [
                    (f"  {item.name:>5}  ", "bold"),
                    (f"{item.priority.value:<6}  ", "dim"),
                    (clip(plain(item.title), 80), ""),
                    (of, "dim"),
                ]
            )
    styled([("coord backlog take NAME", "bold"), (" takes one over, or a whole group", "dim")])
