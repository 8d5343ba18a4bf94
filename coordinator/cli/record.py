"""What is put on record beside decisions: attachments, and artifacts that were made."""

import os
from pathlib import Path

import click

from coordinator.artifacts.paths import Layout
from coordinator.artifacts.produced import examine_file
from coordinator.cli.commands import layout_of
from coordinator.cli.look import json_option
from coordinator.cli.report import emit, say
from coordinator.cli.talk import own_subject
from coordinator.events.filters import Filter
from coordinator.events.identity import who
from coordinator.events.store import EventLog
from coordinator.model.attachment import KINDS, Attachment, attachment
from coordinator.model.event import Draft, Event

_MOST = 10_000
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
    layout = layout_of(ctx)
    found, data = _attachment(layout, ref, title, kind or "")
    subject = own_subject(prompt)
    with EventLog.open(layout.events_db) as log:
        there = _attached(log, subject, found)
        event = there or _append(log, Draft("attachment.added", subject, data))
    if as_json:
        emit({"id": event.id, "seq": event.seq, "type": found.kind, "ref": found.ref, "new": there is None})
    elif there is not None:
        say(f"attached already, as event {event.seq}")
    else:
        say(f"attached {found.kind} {found.ref} as event {event.seq}")


@click.command()
@click.argument("path")
@click.option("--title", default="", help="What it is, in a few words.")
@prompt_option
@json_option
@click.pass_context
def artifact(ctx: click.Context, path: str, title: str, prompt: int | None, as_json: bool) -> None:
    """Record that the file PATH was made, with its size and fingerprint."""
    layout = layout_of(ctx)
    data = examine_file(layout, Path(path)).to_data()
    if title.strip():
        data["title"] = " ".join(title.split())
    with EventLog.open(layout.events_db) as log:
        event = _append(log, Draft("artifact.produced", own_subject(prompt), data))
    if as_json:
        emit({"id": event.id, "seq": event.seq} | data)
    else:
        say(f"recorded {data['path']} as event {event.seq}")


def _attachment(layout: Layout, ref: str, title: str, kind: str) -> tuple[Attachment, dict[str, object]]:
    """The reference and what goes on the log; a file has to exist."""
    is_file = kind in ("", "file") and Path(ref).is_file()
    found = attachment(ref, title=title, kind=kind, is_file=is_file)
    if found.kind == "file":
        produced = examine_file(layout, Path(ref))
        found = Attachment("file", produced.path, found.title)
        return found, found.to_data() | {"digest": f"sha256:{produced.digest}", "size": produced.size}
    return found, found.to_data()


def _attached(log: EventLog, subject: str, found: Attachment) -> Event | None:
    """The event that attached the very same thing before."""
    where = Filter(kinds=("attachment.added",), subject=subject)
    same = (e for e in log.tail(_MOST, where) if (e.data.get("type"), e.data.get("ref")) == (found.kind, found.ref))
    return next(same, None)


def _append(log: EventLog, draft: Draft) -> Event:
    (event,) = log.append([draft], who(os.environ, os.getpid()), run=os.environ.get("COORD_RUN"))
    return event
