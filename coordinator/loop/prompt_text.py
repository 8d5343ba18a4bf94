"""Writes what an attempt is told: `prompt.txt`, and in `context/` the whole of what that only holds in part."""

import json
import os
import stat
from pathlib import Path

from coordinator.agents.brief import Brief, Existing, joined
from coordinator.lazy.dataclass import replace
from coordinator.loop.context import Context
from coordinator.loop.staged_work import tell
from coordinator.model.event import Draft
from coordinator.model.flow import Flow
from coordinator.model.pipeline import STAGED, Position, Turn
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, attempts_before
from coordinator.model.work import prompt_work
from coordinator.observe.station_told import station_brief
from coordinator.observe.told import CONTEXT, EXISTING, About, body_of, gather, told
from coordinator.safefiles.regular import replace_file
from coordinator.secrets.redaction import redact
from coordinator.storage.records import encode

PROMPT = "prompt.txt"
_NAMED = 200
"""Characters of each learning that the log names as delivered."""


def write_prompt(
    context: Context,
    snapshot: Snapshot,
    prompt: Prompt | None,
    attempt: Attempt,
    last: Attempt | None,
    existing: Existing | None,
    *,
    shared: bool,
) -> None:
    """Write what the agent of an attempt is told; the log has which learnings were among it.

    `shared`: whoever may enter the attempt's directory may read it, whatever the umask.
    """
    about = About(prompt, attempt.role, attempt, last, existing)
    _write(context, snapshot, attempt, gather(context.layout, context.log, snapshot, about), shared=shared)


def _write(context: Context, snapshot: Snapshot, attempt: Attempt, brief: Brief, *, shared: bool) -> None:
    layout, directory = context.layout, context.directory(attempt)
    documents = (layout.milestone, layout.alignment)
    files = {path.name: snapshot.documents.get(layout.rel(path), b"") for path in documents}
    files[layout.learnings.name] = brief.learnings.source
    if brief.existing is not None:
        files[EXISTING] = json.dumps(encode(brief.existing)).encode("utf-8", "replace")
    _write_whole(directory / CONTEXT, files, shared=shared)
    replace_file(directory / PROMPT, joined(told(brief)).encode("utf-8", "replace"))
    _note_learnings(context, attempt, brief)


def write_turn(
    context: Context, snapshot: Snapshot, prompt: Prompt, attempt: Attempt, position: Position, turn: Turn, flow: Flow
) -> None:
    """The same for a turn of a pipeline; what its flow reads was given to it before. Raises CoordError.

    Of a staged prompt an agent is told its context, and nothing else lies beside that.
    """
    directory, shared = context.directory(attempt), context.users is not None
    if position.kind == STAGED:
        replace_file(directory / PROMPT, tell(context, position, attempt, flow, body_of(prompt)))
        return
    station = station_brief(directory, position, turn)
    before = next(attempts_before(replace(attempt, work=prompt_work(attempt.prompt)), context.find), None)
    about = About(prompt, attempt.role, attempt, before, flow=flow.name, station=station)
    _write(context, snapshot, attempt, gather(context.layout, context.log, snapshot, about), shared=shared)


def _write_whole(folder: Path, files: dict[str, bytes], *, shared: bool) -> None:
    """Write the documents without secrets; whatever an agent has put in the folder's place goes."""
    if os.path.lexists(folder) and not stat.S_ISDIR(os.lstat(folder).st_mode):
        folder.unlink()
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        text = redact(data.decode("utf-8", "replace"))
        replace_file(folder / name, text.encode("utf-8", "replace"))
        if shared:
            (folder / name).chmod(0o644)
    if shared:
        folder.chmod(0o755)


def _note_learnings(context: Context, attempt: Attempt, brief: Brief) -> None:
    given = brief.learnings
    if not given.learnings:
        return
    named = [learning.text[:_NAMED] for learning in given.learnings]
    data = {"attempt": attempt.attempt, "agent": attempt.agent, "learnings": named, "left": given.left}
    context.log_about(attempt, Draft("learning.delivered", attempt.work.subject, data))
