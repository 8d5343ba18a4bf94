"""`coord log`: read, follow, verify and export what happened."""

import json
import sys

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, event_line, json_line, say, style, styled
from coordinator.client.history import History, Selection
from coordinator.client.opening import Project
from coordinator.errors import UsageError
from coordinator.model.event import Event
from coordinator.model.text import amount


@click.group(invoke_without_command=True)
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes.")
@click.option("--since", type=int, default=None, metavar="SEQ", help="Only events after SEQ.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only KIND, or a group such as step.; repeatable.")
@click.option("--actor", default="", help="Only what ACTOR did.")
@click.option("--prompt", type=int, default=None, help="Only what concerns this prompt.")
@click.option("--grep", default="", metavar="TEXT", help="Only events that contain TEXT.")
@click.option("--until", type=int, default=None, metavar="SEQ", help="Nothing after SEQ.")
@click.option("--as-of", type=int, default=None, metavar="SEQ", help="The status of the time right after event SEQ.")
@click.option(
    "-n", "--last", type=int, default=50, show_default=True, help="How many at most; with --since the first ones."
)
@json_option
@click.pass_context
def log(
    ctx: click.Context,
    follow: bool,
    since: int | None,
    kinds: tuple[str, ...],
    actor: str,
    prompt: int | None,
    grep: str,
    until: int | None,
    as_of: int | None,
    last: int,
    as_json: bool,
) -> None:
    """What happened, oldest first. With --json one object a line."""
    if ctx.invoked_subcommand is not None:
        return
    project = project_of(ctx)
    if as_of is not None:
        if follow or since is not None or until is not None or kinds or actor or prompt is not None or grep:
            raise UsageError("--as-of shows a status, not events", "--until SEQ ends the events at SEQ")
        _print_status_of(project, as_of, as_json)
        return
    subject = f"prompt:{prompt}" if prompt is not None else ""
    with History(project, required=True) as history:
        chosen = history.select(kinds=kinds, actor=actor, subject=subject, text=grep, until=until)
        head = history.head()
        found = chosen.newest(last) if since is None else chosen.after(since, last)
    for event in found:
        _print(event, as_json)
    if not found and not as_json and not follow:
        print("no event is like that; `coord log` shows all" if head else "nothing has happened yet", file=sys.stderr)
    if follow:
        sys.stdout.flush()  # a pipe gets what there is before the wait for more
        _follow(chosen, head, as_json)


def _print_status_of(project: Project, seq: int, as_json: bool) -> None:
    from coordinator.cli.status import print_snapshot
    from coordinator.views.status_json import document

    with History(project) as history:
        state = history.film().at(seq)
        snapshot = state.snapshot()
    if as_json:
        emit(document(snapshot, state.now) | {"as_of": {"seq": state.seq, "ts": state.ts}})
        return
    styled([(f"as of event {state.seq}", "yellow"), (f"  {state.ts}", "dim")])
    print_snapshot(snapshot, state.now)


def _follow(chosen: Selection, head: int, as_json: bool) -> None:
    for batch in chosen.follow(head):
        for event in batch:
            _print(event, as_json)
        sys.stdout.flush()


def _print(event: Event, as_json: bool) -> None:
    if as_json:
        print(json_line(event.to_json()))
        return
    print(f"{style(f'{event.seq:>6}', 'dim')}  {event_line(event)}")


@log.command()
@json_option
@click.pass_context
def verify(ctx: click.Context, as_json: bool) -> int:
    """Recompute the hash chain, and hold it against the anchors in receipts and merge commits.

    Names the first bad row. Exit 1 when there is one.
    """
    with History(project_of(ctx)) as history:
        proof = history.proof()
    verdict = proof.verdict
    if as_json:
        more = {"anchors": proof.anchors, "witness": proof.witness, "foreign": proof.foreign}
        emit(verdict.to_json() | more)
    elif verdict.ok:
        said = f"{amount(verdict.checked, 'event')}, the chain is whole, and {_anchors(proof.anchors)}"
        styled([("✓ ", "green"), (said, "")])
        if proof.foreign:
            styled(
                [
                    (
                        f"  {amount(proof.foreign, 'merge commit')} of another log: of another clone, or a deleted one",
                        "dim",
                    )
                ]
            )
    else:
        where = f"event {verdict.bad_seq}: " if verdict.bad_seq is not None else ""
        styled([("✗ ", "red"), (f"{where}{verdict.reason}", "")])
    return 0 if verdict.ok else 1


def _anchors(count: int) -> str:
    if not count:
        return "nothing else knows it yet"
    return f"{amount(count, 'anchor')} in receipts and merge commits {'fits' if count == 1 else 'fit'}"


@log.command()
@click.argument("kind")
@click.option(
    "--subject", default=None, help="What it is about, such as prompt:7; default: your own prompt, or milestone."
)
@click.option("--data", default="{}", metavar="JSON", help="A JSON object.")
@click.option("--id", "id_", default="", metavar="UUIDv7", help="Appending it twice appends it once.")
@json_option
@click.pass_context
def append(ctx: click.Context, /, kind: str, subject: str | None, data: str, id_: str, as_json: bool) -> None:
    """Append an event of KIND, for hooks and other tools; the rules of who may write what hold."""
    from coordinator.cli.questions import own_subject
    from coordinator.model.event import Draft

    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise UsageError("--data is not a JSON object", """for example --data '{"text": "use WAL"}'""")
    draft = Draft(kind, own_subject() if subject is None else subject, values, id_)
    with History(project_of(ctx), required=True) as history:
        event = history.append(draft)
    if as_json:
        print(json_line(event.to_json()))
    else:
        say(f"appended as event {event.seq}")


@log.command()
@click.pass_context
def export(ctx: click.Context) -> None:
    """Every event as one JSON object a line."""
    with History(project_of(ctx), required=True) as history:
        for event in history.select().every():
            print(json_line(event.to_json()))
