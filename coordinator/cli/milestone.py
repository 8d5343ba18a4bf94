"""`coord milestone`: all of it on one page, and the two words on it that are a human's."""

from collections.abc import Sequence

from coordinator.cli import declared as click
from coordinator.cli.intent import print_intent
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, styled
from coordinator.client.history import History
from coordinator.client.look import look
from coordinator.errors import Refused
from coordinator.lazy.dataclass import replace
from coordinator.model.event import Event
from coordinator.model.known_milestone import KnownMilestone
from coordinator.model.text import clip, plain
from coordinator.views.event_text import describe
from coordinator.views.milestone_page import MilestonePage

_INKS = {"quiet": "dim", "good": "green", "need": "yellow", "failed": "red", "run": "blue", "strong": "bold"}
_SHOWN = 10
"""Events of a list that people are shown; with --json they get more."""


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def milestone(ctx: click.Context, as_json: bool) -> None:
    """The milestone: its intent, what is attached to it, what was decided, and how far it is."""
    if ctx.invoked_subcommand is not None:
        return
    project = project_of(ctx)
    with History(project) as history:
        page = history.milestone(look(project))
    if as_json:
        emit(page.to_json())
    else:
        _print(page)


@milestone.command("list")
@json_option
@click.pass_context
def list_all(ctx: click.Context, as_json: bool) -> None:
    """Every milestone, the present one first."""
    project = project_of(ctx)
    with History(project) as history:
        found = history.milestones(look(project))
    if as_json:
        emit({"milestones": [one.to_json() for one in found]})
        return
    for one in found:
        _print_known(one)


@milestone.command()
@click.argument("name", metavar="ID")
@json_option
@click.pass_context
def show(ctx: click.Context, name: str, as_json: bool) -> None:
    """One milestone, also an earlier one: what it was for, how it came out, what it took."""
    project = project_of(ctx)
    with History(project) as history:
        found = history.milestones(look(project))
    one = next(
        (one for one in found if name.casefold() in (one.milestone.id.casefold(), "" if one.earlier else "now")), None
    )
    if one is None:
        names = ", ".join(one.milestone.id for one in found if one.milestone.id)
        raise Refused(f"there is no milestone {name}", f"there are: {names}" if names else "`coord milestone` shows it")
    if as_json:
        emit(one.to_json() | {"specification": one.specification, "handover": one.handover})
        return
    _print_known(one)
    print_intent(one.intent)
    for line in one.handover.splitlines():
        say(line)


@milestone.command()
@click.option("--reason", default="", help="Why; goes to the log.")
@json_option
@click.pass_context
def reopen(ctx: click.Context, reason: str, as_json: bool) -> None:
    """Go on with a milestone that was closed."""
    _set_status(ctx, "open", reason, as_json)


@milestone.command()
@click.option("--reason", default="", help="Why; goes to the log.")
@json_option
@click.pass_context
def close(ctx: click.Context, reason: str, as_json: bool) -> None:
    """Call the milestone done, whatever is left of it."""
    _set_status(ctx, "done", reason, as_json)


def _set_status(ctx: click.Context, status: str, reason: str, as_json: bool) -> None:
    project = project_of(ctx)
    with History(project) as history:
        event = history.set_milestone(status, reason, before=look(project).milestone.status)
    if as_json:
        emit({"status": status, "seq": event.seq, "id": event.id})
    else:
        say(f"the milestone is {status}, event {event.seq}")


def _print_known(one: KnownMilestone) -> None:
    milestone = one.milestone
    styled(
        [
            (f"{milestone.id or '(no id)':<8}", "bold"),
            (f"{milestone.status:<6}", "" if one.earlier else "green"),
            (f"  {clip(plain(milestone.title), 60)}", ""),
            (f"  {one.took}" if one.took else "", "dim"),
        ]
    )


def _print(page: MilestonePage) -> None:
    from coordinator.views.progress import far_of

    styled(
        [
            (f"{page.milestone.id}  " if page.milestone.id else "", "dim"),
            (page.milestone.title, "bold"),
            (f"  {page.milestone.status}", "dim"),
            (f"  {far_of(page.counts)}", ""),
            (f"  {page.waited.words}" if page.waited.words else "", "dim"),
        ]
    )
    there = page.rounds.round if page.rounds is not None else None
    print_intent(replace(page.intent, criteria=()) if there is not None and there.criteria else page.intent)
    from coordinator.views.round_page import sections

    for title, rows in sections(page.rounds, page.now) if page.rounds is not None else ():
        styled([(title, "bold")])
        for row in rows:
            styled([(plain(span.text), _INKS.get(span.ink, "")) for span in row])
    _print_events("Attached", page.attachments)
    _print_events("Made", page.artifacts)
    _print_events("Decided", page.decisions)


def _print_events(title: str, events: Sequence[Event]) -> None:
    if not events:
        return
    left_out = len(events) - _SHOWN
    styled([(title, "bold"), (f"  the newest {_SHOWN} of {len(events)}" if left_out > 0 else "", "dim")])
    for event in events[-_SHOWN:]:
        line = describe(event)
        who = f"  {line.actor} {line.aside}".rstrip()
        styled([(f"  {event.seq:>5}  ", "dim"), (line.text, ""), (who, "dim")])
