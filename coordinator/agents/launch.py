"""The launch script of an attempt: starts the agent once, and writes down how it ended."""

import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from shlex import quote

from coordinator.agents.runtime import Command, Job
from coordinator.errors import CoordError
from coordinator.model.step import Attempt

STARTED_BEFORE = 97
"""Exit status of a second launch of the same attempt, which does nothing."""
NO_WORKTREE = 96
"""Exit status when the worktree can't be entered."""

_SCRIPT = """\
#!/bin/sh
# Runs {agent}, once. Written by coord: how it ends is in exit.json beside this file.
dir={directory}
mkdir "$dir/started" 2>/dev/null || {{ echo 'coord: this attempt was started before' >&2; exit {started_before}; }}
echo "$$" >"$dir/started/pid"
end() {{
  trap '' TERM HUP INT
  printf '{{"status": %d, "at": "%s"}}\\n' "$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$dir/exit.json.tmp" &&
    mv -f "$dir/exit.json.tmp" "$dir/exit.json"
  exit "$1"
}}
signalled=0
# A signal reaches the agent too; the shell waits for it and then writes its status.
trap 'signalled=143' TERM
trap 'signalled=129' HUP
trap 'signalled=130' INT
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
{exports}
cd {worktree} || end {no_worktree}
[ "$signalled" = 0 ] || end "$signalled"
{command}
status=$?
# It had handed off, and was asked to leave: that is no failure.
[ ! -e "$dir/dismissed" ] || status=0
end "$status"
"""


def environment(attempt: Attempt, root: Path) -> dict[str, str]:
    """Who the agent is, for everything that it runs."""
    work = attempt.work
    own = {"COORD_PORT": str(attempt.port)} if attempt.port else {}
    own |= {"COORD_FLOW": work.flow, "COORD_ITERATION": str(work.iteration)} if work.flow else {}
    own |= {"COORD_TURN": work.path} if work.path else {}
    return {
        "COORD_ROOT": str(root),
        "COORD_RUN": attempt.run,
        "COORD_PROMPT": str(attempt.prompt or ""),
        "COORD_ATTEMPT": str(attempt.attempt),
        "COORD_AGENT": attempt.agent,
        "COORD_ROLE": attempt.role,
        **own,
    }


def launch_script(job: Job, command: Command, env: Mapping[str, str], coord_bin: Path | None) -> str:
    """The text of `launch.sh`; every word that is not ours is quoted.

    `coord_bin`: folder that goes first on PATH. Raises CoordError for a NUL, which no shell can hold.
    """
    exports = [f"export {name}={quote(value)}" for name, value in {**env, **command.env}.items()]
    if coord_bin is not None:
        exports.append(f'export PATH={quote(str(coord_bin))}:"$PATH"')
    text = _SCRIPT.format(
        agent=job.attempt.agent,
        directory=quote(str(job.directory)),
        started_before=STARTED_BEFORE,
        no_worktree=NO_WORKTREE,
        exports="\n".join(exports),
        worktree=quote(str(job.worktree)),
        command=_command_line(command),
    )
    if "\0" in text:
        raise CoordError(f"{job.attempt.agent} can't be launched: a word of its command holds a NUL", "take it out")
    return text


def _command_line(command: Command) -> str:
    """The agent's own line. Its process id is noted, for whoever has to end it without its launcher."""
    words = " ".join(quote(word) for word in command.argv)
    line = f"""sh -c 'echo "$$" >"$0/started/agent"; exec "$@"' "$dir" {words}"""
    if command.argument is not None:
        line += f' "$(cat {quote(str(command.argument))})"'
    if command.stdin is not None:
        line += f" <{quote(str(command.stdin))}"
    if command.output is not None:
        copy = quote(str(command.output))
        line = f'{{ {line}; echo "$?" >"$dir/started/status"; }} | tee -a {copy}\n(exit "$(cat "$dir/started/status")")'
    return line


def server_words(setting: str) -> tuple[str, ...]:
    """Words that start coord's MCP server; none where it is `off`, or the package that it takes is not installed."""
    from importlib.util import find_spec

    folder = coord_folder()
    if setting == "off" or folder is None or find_spec("mcp") is None:
        return ()
    return (str(folder / "coord"), "mcp")


@cache
def keeper() -> tuple[str, ...]:
    """Words in front of a launcher that make it the parent of whatever below it loses its own: nothing leaves it.

    Empty where that can't be had: it needs Linux and perl, which starts in two milliseconds.
    """
    from shutil import which

    number = {"x86_64": 157, "aarch64": 167}.get(os.uname().machine) if sys.platform == "linux" else None
    perl = which("perl") if number else None
    return () if perl is None else (perl, "-e", f"syscall({number}, 36, 1, 0, 0, 0); exec {{$ARGV[0]}} @ARGV", "--")


@cache
def coord_folder() -> Path | None:
    """The folder of the `coord` command that runs now, or of the one on PATH; None when there is neither."""
    from shutil import which

    own = Path(sys.argv[0])
    if own.name == "coord" and own.is_absolute() and own.is_file():
        return own.parent
    beside = Path(sys.executable).parent / "coord"
    found = which("coord") or (str(beside) if os.access(beside, os.X_OK) else None)
    return Path(found).absolute().parent if found else None
