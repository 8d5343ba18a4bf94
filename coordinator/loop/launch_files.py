"""Writes what an attempt starts from into its directory: `prompt.txt`, `context/` and `launch.sh`."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from coordinator.agents.brief import Existing
from coordinator.agents.launch import coord_folder, environment, launch_script, server_words
from coordinator.agents.runtime import Job
from coordinator.agents.user import AgentUser, wrapped
from coordinator.changes.git import Git
from coordinator.lazy import regex
from coordinator.lazy.dataclass import replace
from coordinator.loop.context import Context
from coordinator.loop.prompt_text import PROMPT, write_prompt
from coordinator.loop.tool_server import keep_ready
from coordinator.loop.users import hold_no_locks
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.safefiles.regular import replace_file

_SESSION = regex.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def write_launch(
    context: Context,
    snapshot: Snapshot,
    prompt: Prompt | None,
    attempt: Attempt,
    cwd: Path,
    last: Attempt | None,
    existing: Existing | None,
    more: Mapping[str, str] = MappingProxyType({}),
    *,
    goes_on: bool = False,
) -> Attempt:
    """Write `prompt.txt`, `context/` and `launch.sh`; no more than the agent have they to survive a power cut.

    `more`: further variables of its environment. `goes_on`: in the session of the last, whatever that came to.
    """
    directory = context.directory(attempt)
    user = None if context.users is None else context.users.of(attempt)
    job = Job(
        attempt,
        prompt,
        context.layout.coord,
        directory,
        cwd,
        directory / PROMPT,
        model=attempt.model or None,
        resume=session_to_go_on_with(attempt, last, always=goes_on),
        arguments=tuple(shlex.split(context.config.agent_arguments.get(attempt.runtime, ""))),
        headless=context.config.headless,
        server=server_words(context.config.mcp) if user is None else (),
    )
    if not attempt.work.stage:  # what a turn is told was written before
        write_prompt(context, snapshot, prompt, attempt, last, existing, shared=user is not None)
    command = context.runtime(attempt.runtime).command(job)
    if user is not None:
        command = wrapped(command, user)
        _own_status(directory, user)
        hold_no_locks(context.layout, context.config.prompt_folders, directory)
    env = environment(attempt, context.layout.root) | ({} if user is not None else hooks_environment(context, attempt))
    script = launch_script(job, command, {**env, **more}, coord_folder())
    replace_file(directory / "launch.sh", os.fsencode(script), 0o755)
    if job.server and context.runtime(attempt.runtime).speaks_mcp:
        keep_ready(context.layout)
    return replace(attempt, session=command.session)


def hooks_environment(context: Context, attempt: Attempt) -> dict[str, str]:
    """What has the engineer's hooks run for an agent's commits, where git would not find them in a worktree."""
    if not attempt.branch:
        return {}
    folder = Git(context.layout.root).lost_hooks(context.layout.worktree(attempt.work, attempt.attempt))
    if not folder:
        return {}
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    place = int(count) if count.isdecimal() else 0
    return {
        "GIT_CONFIG_COUNT": str(place + 1),
        f"GIT_CONFIG_KEY_{place}": "core.hooksPath",
        f"GIT_CONFIG_VALUE_{place}": folder,
    }


def _own_status(directory: Path, user: AgentUser) -> None:
    """Let the hooks of an agent's CLI tell its state, though they run as another user; and no other agent read it."""
    os.chown(directory, -1, user.gid)
    directory.chmod(0o710)
    status = directory / "status.jsonl"
    status.touch(0o640)
    os.chown(status, user.uid, user.gid)


def session_to_go_on_with(attempt: Attempt, last: Attempt | None, *, always: bool = False) -> str:
    """The session of the attempt before, if that was stopped half-way or sent back; never what could be an option.

    `always`: whatever it came to, as the flow of a station wants it.
    """
    if last is None or last.fresh or last.runtime != attempt.runtime or not _SESSION.fullmatch(last.session):
        return ""
    stopped = last.receipt is None and (last.exit is None or last.exit.status != 0)
    return last.session if stopped or last.continues or always else ""
