"""Importing tasks of other tools."""

from pathlib import Path

from coordinator.cli import declared as click
from coordinator.cli.confirm import carry_out
from coordinator.cli.opened import project_of
from coordinator.cli.services import actor_name, plan_options
from coordinator.lazy.typing import Any
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot


@click.command("import")
@click.argument("place", metavar="DIR|FILE")
@click.option("--format", "form", default="", metavar="F", help="What it is, where that is not clear by itself.")
@plan_options
@click.pass_context
def import_(ctx: click.Context, /, place: str, form: str, **given: Any) -> int:
    """Make prompts of the tasks of another tool; importing again takes over what changed there."""
    from coordinator.client.importing import read_tasks
    from coordinator.services.importing import plan_import

    project = project_of(ctx)
    request = read_tasks(project, Path(place), form, actor_name())

    def planner(snapshot: Snapshot) -> Plan:
        return plan_import(snapshot, request)

    return carry_out(project, planner, yes=given["yes"], dry_run=given["dry_run"], as_json=given["as_json"])
