"""`coord trust`: what of a project would run here, and the human's word that it may."""

import sys

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, style, styled
from coordinator.errors import Refused, UsageError
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.text import amount, plain, plain_lines

if TYPE_CHECKING:
    from coordinator.client.opening import Project
    from coordinator.model.trust import Shown


@click.command()
@click.option("--yes", is_flag=True, help="Trust it without being asked.")
@click.option("--dry-run", is_flag=True, help="Only show what would run.")
@json_option
@click.pass_context
def trust(ctx: click.Context, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Show what of this project would run here: settings, suites, scripts, flows; and let it run.

    Nothing of a project that came from elsewhere runs, and nothing is written for it, before you have said so; looking
    at it is always safe. What you make or change yourself is trusted. What comes with a later commit, by a pull or a
    switch, is shown here as a diff and asked about again.
    """
    from coordinator.client.look import look
    from coordinator.client.steering import Steering

    project = project_of(ctx)
    steering, found = Steering(project), look(project).asks
    if found is None:
        return _tell(project, (), given=False, trusted=True, as_json=as_json)
    if found.nobodys:
        raise Refused(found.problem.message, found.problem.remedy)
    shown = steering.what_would_run(found)
    if dry_run:
        return _tell(project, shown, given=False, trusted=False, as_json=as_json)
    steering.human("trust a project")
    if not yes:
        if as_json or not sys.stdin.isatty():
            _tell(project, shown, given=False, trusted=False, as_json=as_json)
            raise UsageError("nobody is there to say so", "--yes trusts without asking, --dry-run only shows")
        _print(shown, direct=found.direct)
        if not click.confirm("Is this yours?" if found.direct else "Trust this?", default=False):
            say("nothing of it runs")
            return 1
    steering.give_trust(found)
    return _tell(project, shown, given=True, trusted=True, as_json=as_json)


def _tell(project: "Project", shown: "tuple[Shown, ...]", *, given: bool, trusted: bool, as_json: bool) -> int:
    if as_json:
        emit(
            {
                "trusted": trusted,
                "given": given,
                "asks": [{"path": plain(s.path), "change": s.change, "diff": s.diff} for s in shown],
            }
        )
    elif not trusted:
        _print(shown, direct=False)
    elif given:
        styled(
            [("✓ ", "green"), (f"{plain(str(project.layout.root))} is trusted", ""), ("   coord loop runs it", "dim")]
        )
    else:
        styled([("✓ ", "green"), ("this project is trusted; nothing of it is new", "")])
    return 0


def _print(shown: "tuple[Shown, ...]", *, direct: bool) -> None:
    """What would run, each file with its whole text or, where an earlier version was seen, with what changed."""
    past = "changed past coord while agents were at work:"
    run = "of this project would decide what runs on this machine:"
    say(f"{amount(len(shown), 'file')} {past if direct else run}")
    for one in shown:
        styled([(plain(one.path), "bold"), (f"  {one.change}", "dim")])
        for line in plain_lines(one.diff):
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            print(style(line, colour) if colour else line)
