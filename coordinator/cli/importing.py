"""Importing tasks of other tools, and telling these what became of them."""

import sys
from functools import partial
from pathlib import Path
from shlex import quote

from coordinator.cli import declared as click
from coordinator.cli.confirm import carry_out
from coordinator.cli.opened import project_of
from coordinator.cli.report import emit, say, styled
from coordinator.cli.services import actor_name, plan_options
from coordinator.client.look import look
from coordinator.client.opening import Project
from coordinator.client.steering import Steering
from coordinator.errors import UsageError
from coordinator.lazy.typing import TYPE_CHECKING, Any
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import amount

if TYPE_CHECKING:
    from coordinator.client.importing import Offer
    from coordinator.services.write_back import WriteBack


@click.command("import")
@click.argument("place", metavar="DIR|FILE", required=False)
@click.option("--format", "form", default="", metavar="F", help="What it is, where that is not clear by itself.")
@click.option(
    "--write-back", "back", is_flag=True, help="Tell the tool which tasks are done, blocked or in progress by now."
)
@plan_options
@click.pass_context
def import_(ctx: click.Context, /, place: str | None, form: str, back: bool, **given: Any) -> int:
    """Make prompts of the tasks of another tool; importing again takes over what changed there.

    --write-back goes the other way, for DIR|FILE or, without one, for all that the setting `write_back` names.
    """
    from coordinator.client.importing import read_tasks
    from coordinator.services.importing import plan_import

    project = project_of(ctx)
    if back:
        return _write_back(project, place, form, **given)
    if not place:
        raise UsageError("import needs a folder or a file", "for example: coord import backlog")
    request = read_tasks(project, Path(place), form, actor_name())

    def planner(snapshot: Snapshot) -> Plan:
        return plan_import(snapshot, request)

    return carry_out(project, planner, yes=given["yes"], dry_run=given["dry_run"], as_json=given["as_json"])


def offer_tasks(project: Project, offer: "Offer", *, unasked: bool) -> None:
    """Tell of tasks that are there, and import them where that is wanted."""
    what = f"{amount(offer.tasks, 'task')} of {offer.line.partition(':')[0]} in {offer.place}"
    if unasked or sys.stdin.isatty():
        say(f"Found {what}.")
        carry_out(project, partial(_plan_offer, project, offer), yes=unasked, dry_run=False, as_json=False)
    else:
        say(f"Found {what}: `coord import {quote(offer.place)}` makes prompts of them.")


def bring_in(project: Project, offer: "Offer") -> str:
    """Import tasks that are there, and say nothing; the id of the plan."""
    with Steering(project).planning():
        plan = _plan_offer(project, offer, look(project))
        Steering(project).apply(plan)
    return plan.id


def _plan_offer(project: Project, offer: "Offer", snapshot: Snapshot) -> Plan:
    from coordinator.client.importing import plan_tasks

    return plan_tasks(project, snapshot, offer.place, offer.form)


def _write_back(project: Project, place: str | None, form: str, *, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Show what is going to be written, ask, write. Exit 1 where a task had to stay as it is, or nobody wanted it."""
    from coordinator.client.importing import is_online, look_back, places, write_back

    if not yes and not dry_run and not sys.stdin.isatty():
        raise UsageError("nobody is there to confirm", "--yes writes without asking, --dry-run only shows what")
    wanted = places(project)
    if place:
        wanted = {place: wanted.get(place, "comment")} if is_online(place) else _of_files(project, place, form)
    elif not wanted:
        raise UsageError(
            "no place is named, and the setting `write_back` names none", "coord import DIR|FILE --write-back"
        )
    if not yes:
        planned = [look_back(project, name, named) for name, named in wanted.items()]
        _show(planned, as_json=as_json, applied=False)
        if dry_run or not any(one.changes for one in planned):
            return 1 if any(one.problems for one in planned) else 0
        if not click.confirm("Write?", default=True, err=as_json):
            say("nothing was changed")
            return 1
    done = [write_back(project, name, named) for name, named in wanted.items()]
    _show(done, as_json=as_json, applied=True)
    return 1 if any(one.problems for one in done) else 0


def _of_files(project: Project, place: str, form: str) -> dict[str, str]:
    from coordinator.client.importing import read_form

    _, name, found = read_form(project, Path(place), form)
    return {name: found.form.name}


def _show(planned: "list[WriteBack]", *, as_json: bool, applied: bool) -> None:
    changes = [change for one in planned for change in one.changes]
    problems = [problem for one in planned for problem in one.problems]
    if as_json:
        written = [
            {
                "source": change.source,
                "number": change.number,
                "path": change.path,
                "line": change.line,
                "before": change.before,
                "status": change.status.value,
            }
            for change in changes
        ]
        emit({"written": written, "problems": [problem.to_json() for problem in problems], "applied": applied})
        return
    for change in changes:
        styled(
            [
                (f"{change.number:02d} ", "bold"),
                (f"{change.source}: {change.before.strip() or '[ ]'} → {change.status.value}", ""),
                (f"   {change.path}:{change.line}", "dim"),
            ]
        )
    for problem in problems:
        styled([("! ", "yellow"), (f"{problem.path}:{problem.line}: {problem.message}: {problem.remedy}", "")])
    if applied or not changes:
        say(f"{amount(len(changes), 'task')} written" if changes else "nothing to write")
