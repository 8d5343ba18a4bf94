"""What is put on record beside decisions: attachments, and artifacts that were made."""

from coordinator.cli import declared as click
from coordinator.cli.handed import from_input
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.questions import own_subject, request_option
from coordinator.cli.report import emit, say
from coordinator.client.history import History
from coordinator.model.agent_verbs import help_of
from coordinator.model.attachment import KINDS

prompt_option = click.option(
    "--prompt", type=click.IntRange(1), default=None, metavar="N", help="About this prompt; default: your own, or all."
)


@click.command()
@click.argument("ref")
@click.option("--title", default="", help="What it is, in a few words.")
@click.option("--as", "kind", type=click.Choice(KINDS), default=None, help="What it is, where that can't be told.")
@prompt_option
@json_option
@click.pass_context
def link(ctx: click.Context, ref: str, title: str, kind: str | None, prompt: int | None, as_json: bool) -> None:
    """Attach REF: an issue (#12, org/repo#12), a change (!12, a commit), a file, a page, or memory:NAME."""
    with History(project_of(ctx), required=True) as history:
        event, found, new = history.attach(ref, title=title, kind=kind or "", subject=own_subject(prompt))
    if as_json:
        emit({"id": event.id, "seq": event.seq, "type": found.kind, "ref": found.ref, "new": new})
    elif not new:
        say(f"attached already, as event {event.seq}")
    else:
        say(f"attached {found.kind} {found.ref} as event {event.seq}")


@click.command()
@click.argument("path")
@click.option("--title", default="", help=help_of("artifact", "title"))
@prompt_option
@request_option
@json_option
@click.pass_context
def artifact(ctx: click.Context, path: str, title: str, request: str, prompt: int | None, as_json: bool) -> None:
    """Record that the file PATH was made, with its size and fingerprint.

    With `--json -` the values are a JSON object on standard input.
    """
    values = {"path": path, "title": title, "request": request}
    if as_json and path == "-":
        values |= from_input("artifact", said={"title": title} if title else {})
    with History(project_of(ctx), required=True) as history:
        event, data = history.produced(**values, subject=own_subject(prompt))
    if as_json:
        emit({"id": event.id, "seq": event.seq, **data})
    else:
        say(f"recorded {data['path']} as event {event.seq}")
