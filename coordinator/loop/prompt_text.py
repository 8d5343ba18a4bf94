"""Writes what an attempt is told: `prompt.txt`, and in `context/` the whole of what that only holds in part."""

import json
import os
import stat
from pathlib import Path

from coordinator.agents.brief import Brief, Existing, joined
from coordinator.loop.context import Context
from coordinator.model.event import Draft
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.observe.told import CONTEXT, EXISTING, About, gather, told
from coordinator.safefiles.regular import replace_file
from coordinator.secrets.redaction import redact
from coordinator.storage.records import encode

PROMPT = "prompt.txt"
_NAMED = 200
"""Characters of each learning that the log names as delivered."""


def write_prompt(
    context: Context,
    snapshot: Snapshot,
    prompt: Prompt,
    attempt: Attempt,
    last: Attempt | None,
    existing: Existing | None,
    *,
    shared: bool,
) -> None:
    """Write what the agent of an attempt is told; the log has which learnings were among it.

    `shared`: whoever may enter the attempt's directory may read it, whatever the umask.
    """
    layout, directory = context.layout, context.directory(attempt)
    about = About(prompt, attempt.role, attempt, last, existing)
    brief = gather(layout, context.log, snapshot, about)
    documents = (layout.milestone, layout.alignment)
    files = {path.name: snapshot.documents.get(layout.rel(path), b"") for path in documents}
    files[layout.learnings.name] = brief.learnings.source
    if existing is not None:
        files[EXISTING] = json.dumps(encode(existing)).encode("utf-8", "replace")
    _write_whole(directory / CONTEXT, files, shared=shared)
    replace_file(directory / PROMPT, joined(told(brief)).encode("utf-8", "replace"))
    _note_learnings(context, attempt, brief)


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
