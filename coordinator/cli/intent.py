"""`coord intent`: what the milestone is for, in versions that the log keeps."""

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, styled
from coordinator.client.history import History
from coordinator.client.look import look
from coordinator.errors import Refused
from coordinator.model.intent import Change, Intent, Version, differences
from coordinator.model.snapshot import Snapshot


@click.group(invoke_without_command=True)
@click.pass_context
def intent(ctx: click.Context) -> None:
    """What the milestone is for: goal, non-goals, constraints, success criteria. Only humans change it."""
    if ctx.invoked_subcommand is None:
        _show(ctx, None, as_json=False)


@intent.command("show")
@click.option("--as-of", type=int, default=None, metavar="SEQ", help="As it was right after event SEQ.")
@json_option
@click.pass_context
def show_intent(ctx: click.Context, as_of: int | None, as_json: bool) -> None:
    """The intent in force, or the one of an earlier time."""
    _show(ctx, as_of, as_json=as_json)


def _show(ctx: click.Context, as_of: int | None, *, as_json: bool) -> None:
    project = project_of(ctx)
    snapshot = look(project)
    with History(project) as history:
        logged = history.version(as_of)
    then = logged.intent if logged is not None else Intent()
    found = _present(snapshot) if as_of is None else then
    recorded = logged is not None and logged.intent == found
    if as_json:
        emit(
            {"title": snapshot.milestone.title, "status": snapshot.milestone.status}
            | found.to_json()
            | _version_json(logged)
            | {"recorded": recorded}
        )
        return
    styled([(snapshot.milestone.title, "bold"), (f"  {snapshot.milestone.status}", "dim")])
    print_intent(found)
    if recorded and logged is not None:
        styled([(f"set by {logged.by}, event {logged.seq}", "dim")])
    elif as_of is not None:
        say("no version was set by then")
    elif found != Intent():
        styled([("edited by hand since: ", "yellow"), ("coord intent set", "bold"), (" makes a version of it", "dim")])


@intent.command("set")
@click.option("--title", default=None, help="What the milestone is called.")
@click.option("--goal", default=None, metavar="TEXT", help="What is to be true when it is done.")
@click.option("--non-goal", "non_goals", multiple=True, metavar="TEXT", help="What is not wanted; repeatable.")
@click.option("--constraint", "constraints", multiple=True, metavar="TEXT", help="What has to hold; repeatable.")
@click.option("--criterion", "criteria", multiple=True, metavar="TEXT", help="How to tell that it is done; repeatable.")
@click.option(
    "--file", "source", metavar="FILE", default=None, help="Markdown with a whole intent; - for standard input."
)
@click.option("--reason", default="", help="Why; goes to the log.")
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@json_option
@click.pass_context
def set_intent(
    ctx: click.Context,
    title: str | None,
    goal: str | None,
    non_goals: tuple[str, ...],
    constraints: tuple[str, ...],
    criteria: tuple[str, ...],
    source: str | None,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Set parts of the intent; the others stay, a list that is given replaces the old one.

    With no option, what was edited by hand in milestone.md becomes a version.
    """
    from coordinator.cli.confirm import show
    from coordinator.client.inputs import read_named
    from coordinator.client.steering import Steering
    from coordinator.services.intent import SetIntent

    project = project_of(ctx)
    request = SetIntent(
        title,
        goal,
        non_goals or None,
        constraints or None,
        criteria or None,
        None if source is None else read_named(source),
        reason=reason,
    )
    plan, after = Steering(project).set_intent(request, dry_run=dry_run)
    if as_json:
        emit(plan.to_json(applied=not dry_run) | (after.intent.to_json() | _version_json(after) if after else {}))
        return
    show(plan)
    if not dry_run and after is not None:
        styled([("✓ ", "green"), (f"set as event {after.seq}", ""), (f"   coord undo {plan.id} takes it back", "dim")])
        if not after.intent.criteria:
            styled([("! ", "yellow"), ("nothing tells yet when it is done: --criterion TEXT", "")])


@intent.command()
@click.argument("first", type=int, required=False)
@click.argument("second", type=int, required=False)
@json_option
@click.pass_context
def diff(ctx: click.Context, first: int | None, second: int | None, as_json: bool) -> None:
    """What changed: by the newest version; since event FIRST; or from event FIRST to event SECOND."""
    with History(project_of(ctx)) as history:
        if first is None:
            found = history.versions()
            before = found[-2] if len(found) > 1 else None
            after = found[-1] if found else None
        else:
            before = history.version(first)
            after = history.version(second)
    if after is None:
        raise Refused("no version of the intent was set by then", "`coord intent set --goal TEXT` sets one")
    changes = differences(before.intent if before else Intent(), after.intent)
    if as_json:
        ends = {"from": before.seq if before else None, "to": after.seq}
        emit(ends | {"changes": [change.to_json() for change in changes]})
        return
    _print_changes(before, after, changes)


def print_intent(found: Intent) -> None:
    """Print an intent for people."""
    from coordinator.formats.intent_text import TITLES

    if found == Intent():
        say("no intent yet: `coord intent set --goal TEXT` says what this is for")
    for part, title in TITLES.items():
        value = getattr(found, part)
        if value:
            styled([(title, "bold")])
            for line in value.splitlines() if isinstance(value, str) else value:
                say(f"  {line}" if isinstance(value, str) else f"  - {line}")


def _print_changes(before: Version | None, after: Version, changes: tuple[Change, ...]) -> None:
    start = f"event {before.seq}" if before else "nothing"
    styled([(f"from {start} to event {after.seq}, by {after.by}", "dim")])
    if not changes:
        say("no difference")
    for change in changes:
        styled([(change.part, "bold")])
        for line in change.removed:
            styled([(f"- {line}", "red")])
        for line in change.added:
            styled([(f"+ {line}", "green")])
        if not change.added and not change.removed:
            styled([("  another order", "dim")])


def _present(snapshot: Snapshot) -> Intent:
    """The intent in the milestone's file; an empty one when there is no file."""
    from coordinator.formats.intent_text import MILESTONE, intent_of

    return intent_of(snapshot.documents.get(MILESTONE))


def _version_json(version: Version | None) -> dict[str, object]:
    if version is None:
        return {"seq": None, "set_by": None, "set_at": None}
    return {"seq": version.seq, "set_by": version.by, "set_at": version.at}
