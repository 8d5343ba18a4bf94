"""`coord export`: other tools' own files are told what became of work that went on here, in place or as a copy."""

import sys
from pathlib import Path

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, styled
from coordinator.errors import UsageError
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.text import amount, plain

if TYPE_CHECKING:
    from coordinator.services.export import Exported


@click.command()
@click.option("--to", default="", metavar="DIR", help="Write a copy of all their files there, and change nothing here.")
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
@click.option("--yes", "-y", is_flag=True, help="Write without asking.")
@json_option
@click.pass_context
def export(ctx: click.Context, to: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Tell other tools' files what became of their tasks, their points and their objects.

    Only the bytes of what is new change. With --to DIR all of their runs are copied there, and nothing is changed here.
    """
    from coordinator.client.exporting import copy_export, look_export, write_export

    project = project_of(ctx)
    if to:
        if dry_run:
            raise UsageError("--dry-run has nothing to show of a copy", "leave out one of --to and --dry-run")
        copied = copy_export(project, Path(to))
        _show(copied, as_json=as_json, applied=True)
        if not as_json:
            say(f"{amount(len(copied.copied), 'file')} copied to {plain(to)}")
        return 1 if copied.problems else 0
    if not (yes or dry_run or sys.stdin.isatty()):
        raise UsageError("nobody is there to confirm", "--yes writes without asking, --dry-run only shows what")
    if not yes:
        planned = look_export(project)
        _show(planned, as_json=as_json, applied=False)
        if dry_run or not planned.anything:
            return 1 if planned.problems else 0
        if not click.confirm("Write?", default=True, err=as_json):
            say("nothing was changed")
            return 1
    done = write_export(project)
    _show(done, as_json=as_json, applied=True)
    return 1 if done.problems else 0


def _show(exported: "Exported", *, as_json: bool, applied: bool) -> None:
    if as_json:
        emit(exported.to_json() | {"applied": applied})
        return
    for one in exported.tasks:
        for change in one.changes:
            before = change.before.strip() or "[ ]"
            styled(
                [
                    (f"{change.number:02d} ", "bold"),
                    (plain(f"{change.source}: {before} → {change.status.value}"), ""),
                    (plain(f"   {change.file or change.path}:{change.line}"), "dim"),
                ]
            )
    for line in exported.export.told:
        say(line)
    for problem in exported.problems:
        styled([("! ", "yellow"), (f"{problem.path}: {problem.message}: {problem.remedy}", "")])
    if not exported.anything:
        say("nothing is new to them")
