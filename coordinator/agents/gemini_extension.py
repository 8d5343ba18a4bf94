"""What Gemini CLI gets beside the engineer's own settings, of which nothing is changed: rules, and coord's MCP server.

It takes servers only from settings of the user, of the project or of root, and from the extensions of the user. So it
is started with a home of its own, in which everything leads to the user's, and one extension more is there.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from coordinator.agents.jsonl_tail import read_json_file
from coordinator.agents.leave import A_DAY, COMMANDS, SERVER
from coordinator.agents.runtime import Job
from coordinator.safefiles.regular import replace_file

_BESIDE = (".agents", ".env")
"""What it reads of a home beside its own folder."""
_KEPT = ("tmp", "history")
"""Folders that it makes itself: what it notes of sessions has to be found again, and by other attempts."""
_RULE = """\
[[rule]]
{match}
decision = "allow"
priority = 900
"""


def home_of(environ: Mapping[str, str]) -> Path:
    """The folder that Gemini CLI keeps its `.gemini` in."""
    return Path(environ.get("GEMINI_CLI_HOME") or environ.get("HOME", ""))


def with_server(job: Job, environ: Mapping[str, str]) -> dict[str, str]:
    """Make the home of an attempt; the environment that has Gemini CLI use it. Empty where there is no server."""
    if not job.server:
        return {}
    home, own = job.directory / "gemini-home", home_of(environ)
    inside = home / ".gemini"
    for name in _KEPT:
        (own / ".gemini" / name).mkdir(parents=True, exist_ok=True)
    _link(home, [own / name for name in _BESIDE])
    _link(inside, (path for path in _inside(own / ".gemini") if path.name != "extensions"))
    _link(inside / "extensions", (p for p in _inside(own / ".gemini" / "extensions") if p.name != SERVER))
    program, *arguments = job.server
    server = {"command": program, "args": arguments, "timeout": A_DAY * 1000}
    extension = {"name": SERVER, "version": "1.0.0", "mcpServers": {SERVER: server}}
    folder = inside / "extensions" / SERVER
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / "gemini-extension.json", json.dumps(extension).encode("utf-8", "surrogateescape"))
    return {"GEMINI_CLI_HOME": str(home)}


def policies(job: Job, environ: Mapping[str, str]) -> Iterator[str]:
    """Words that add the rules for what coord needs to those that apply anyway; none where these can't be told.

    Policies on its command line stand instead of the user's: so these have to be named there too.
    """
    rules = [f'toolName = "run_shell_command"\ncommandPrefix = {json.dumps(COMMANDS)}']
    rules += [f'mcpName = "{SERVER}"\ntoolName = "*"'] if job.server else []
    named: list[str] = []
    own = home_of(environ) / ".gemini"
    if not any(word.split("=")[0] == "--policy" for word in job.arguments):
        for path in (own / "settings.json", job.worktree / ".gemini" / "settings.json"):
            settings = read_json_file(path)
            if not settings and path.exists():
                return  # it may hold comments, and policies
            paths = settings.get("policyPaths")
            named += [item for item in paths if isinstance(item, str)] if isinstance(paths, list) else []
        named = named or [str(own / "policies")] * (own / "policies").is_dir()
    path = job.directory / "gemini-policy.toml"
    if any("," in item for item in (str(path), *named)):
        return  # a comma separates policies
    replace_file(path, "\n".join(_RULE.format(match=match) for match in rules).encode())
    for item in (str(path), *named):
        yield f"--policy={item}"


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _link(folder: Path, targets: Iterable[Path]) -> None:
    """Make the folder, with a link to each of these that is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for target in targets:
        place = folder / target.name
        if os.path.lexists(target) and not os.path.lexists(place):
            place.symlink_to(target)
