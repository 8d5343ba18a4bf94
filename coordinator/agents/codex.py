"""Codex CLI: in its own screen, or `codex exec`. Known version: 0.169.

Its hooks need the user's consent; so its session file, its `notify` program and its screen tell what it does.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from coordinator.agents.hooks import write_hook
from coordinator.agents.initial_prompt import opening
from coordinator.agents.jsonl_tail import first_record, mapping
from coordinator.agents.leave import A_DAY, PASSED_ON, SERVER
from coordinator.agents.readiness import installed
from coordinator.agents.runtime import Command, Count, Job, Keys, Leeway, Needs, Place, Runtime, Said, Tells, Usage
from coordinator.agents.screens import Sign, read, rows_of
from coordinator.lazy import regex
from coordinator.lazy.typing import Any
from coordinator.model.snapshot import AgentState
from coordinator.safefiles.regular import read_line, read_part

_LIMITED = regex.compile(r"\b(?:429|529)\b|rate.?limit|usage.?limit|quota|too many requests|overloaded", re.IGNORECASE)
_SIGNS = (
    Sign(
        AgentState.PERMISSION,
        r"Press enter to confirm or esc to cancel",
        also=r"^  Would you like to .*\?$(?:\n.*)*^› 1\. Yes",
        doing=r"^  (?:\$ (.*)|Would you like to (?!run the).*)$",
        within=1,
    ),
    Sign(
        AgentState.WAITING, r"^  enter (?:continue|confirm) · esc", doing=r"^  (Trust this folder\?|Hooks need review)"
    ),
)
"""Dialogs; everything else is read from above the composer."""
_BUSY = regex.compile(r"[•◦] (?:Reconnecting\.\.\.|.*\(.*esc to interrupt\))")
_CONFIG_LIMIT = 4 * 1024 * 1024  # bytes
_SANDBOX = "-c sandbox_mode=workspace-write -c approval_policy={}"
"""As settings, which its headless mode takes too."""
_EMPTY = "› Ask Codex to do anything"


class Codex(Runtime):
    name = "codex"
    speaks_mcp = True
    needs = Needs(
        "codex",
        (0, 169),
        "npm install -g @openai/codex",
        ("login", "status"),
        "run `codex login`",
    )
    keys = Keys(allow="y", deny="Escape")
    leeways: Mapping[str, Leeway] = {
        "ask": Leeway("works in its sandbox, asks before it goes beyond"),
        "edit": Leeway("works in its sandbox, asks before it goes beyond", _SANDBOX.format("on-request")),
        "sandbox": Leeway("works in its sandbox, and is refused what goes beyond", _SANDBOX.format("never")),
    }

    @property
    def reports_itself(self) -> bool:
        return True

    def command(self, job: Job) -> Command:
        """`codex` in its sandbox, which may write what an agent's own commits and `coord` need, and nothing more."""
        installed(self.needs)
        words = ["codex", *(("exec",) if job.headless else ("--no-daemon",))]
        words += ["-c", "allow_login_shell=false"]  # a login shell sets PATH anew, and `coord` is not found
        words += ["-C", str(job.worktree)] if job.resume else []  # else it asks in which folder the session goes on
        words += _server(job)
        for place in _writable(job):
            words += ["--add-dir", str(place)]
        words += [*job.model_words, *job.arguments]
        if job.headless:
            words += ["--json", "-s", "workspace-write", *(("resume", job.resume) if job.resume else ()), "-"]
            output = job.directory / "output.jsonl"
            return Command(tuple(words), stdin=job.prompt_file, output=output, session=job.resume)
        hook = write_hook(job.directory)
        notify = _toml_list(("sh", str(hook), "note"))
        words += ["-c", f"notify={notify}", *(("resume", job.resume) if job.resume else ())]
        told, _ = opening(job)
        return Command(tuple(words), argument=told, session=job.resume)

    def heard(self, payload: Mapping[str, Any]) -> Said | None:
        """Of `notify` nothing counts: it also tells of the threads that make up titles; its call wakes the reader."""
        match payload.get("hook_event_name"):
            case "UserPromptSubmit" | "PreToolUse" | "PostToolUse":
                return Said(AgentState.WORKING)
            case "PermissionRequest":
                given = payload.get("tool_input")
                return Said(AgentState.PERMISSION, str(given.get("command") or "") if isinstance(given, dict) else "")
            case "SessionStart" | "Stop":
                return Said(AgentState.IDLE)
        return None

    def seen(self, screen: str) -> Said | None:
        sign = read(screen, _SIGNS)
        rows = rows_of(screen)
        composer = next((place for place in range(len(rows) - 1, -1, -1) if rows[place].startswith("› ")), None)
        if sign is not None or composer is None or len(rows) - composer > 6:
            return sign
        for place in range(composer - 1, -1, -1):
            row = rows[place]
            if _BUSY.match(row):
                return _busy(row, rows[place + 1])
            if row.startswith("■ Conversation interrupted"):
                return Said(AgentState.INTERRUPTED)
            if row.startswith("■ "):
                return _trouble(" ".join([row[2:], *rows[place + 1 : composer]]))
            if re.match(r"  Worked for \S+ ", row):
                return Said(AgentState.IDLE)
            if row[:2] in ("• ", "› "):
                return None
        return None

    has_composer = True

    def composer_is_empty(self, screen: str) -> bool:
        return _EMPTY in rows_of(screen)[-4:]

    def sessions(self, place: Place) -> Iterable[Path]:
        if (output := place.directory / "output.jsonl").exists():
            yield output  # of a headless run
        home = place.environ.get("CODEX_HOME") or os.path.join(place.environ.get("HOME", ""), ".codex")
        folder = Path(home, "sessions")
        if place.session:
            yield from folder.glob(f"*/*/*/rollout-*-{place.session}.jsonl")
            return
        day = place.since[:10].replace("-", "/")
        for path in sorted(folder.glob("*/*/*/rollout-*.jsonl")):
            if str(path.parent.relative_to(folder)) < day and day:
                continue  # the folder is the local date: a day before, at most, is looked at in vain
            payload = first_record(path).get("payload")
            if isinstance(payload, dict) and payload.get("cwd") == str(place.worktree):
                yield path

    def recorded(self, record: Mapping[str, Any]) -> Said | None:
        payload = record.get("payload")
        match record.get("type"):
            case "turn.started" | "item.started":
                return Said(AgentState.WORKING)
            case "turn.failed":
                return _trouble(str(mapping(record.get("error")).get("message") or ""))
        if record.get("type") != "event_msg" or not isinstance(payload, dict):
            return None
        match payload.get("type"):
            case "task_started":
                return Said(AgentState.WORKING)
            case "turn_aborted":
                return Said(AgentState.INTERRUPTED)
            case "task_complete":
                error = payload.get("error")
                return (
                    _trouble(str(error.get("message") or ""), str(error.get("codex_error_info") or ""))
                    if isinstance(error, dict)
                    else Said(AgentState.IDLE)
                )
        return None

    def counted(self, record: Mapping[str, Any]) -> Count | None:
        """By response: the running total would tell of a resumed session's past too."""
        payload = record.get("payload")
        if record.get("type") != "token_usage_record" or not isinstance(payload, dict):
            return None
        usage = payload.get("usage")
        total = usage.get("total_tokens") if isinstance(usage, dict) else None
        return Count(str(payload.get("response_id")), total) if isinstance(total, int) else None

    def summed(self, record: Mapping[str, Any]) -> Usage | None:
        if record.get("type") != "turn.completed":
            return None
        usage = mapping(record.get("usage"))
        return Usage(sum(n for name in ("input_tokens", "output_tokens") if isinstance(n := usage.get(name), int)))

    def tells(self, *, headless: bool) -> Tells:
        return Tells("running")

    def session_of(self, path: Path) -> str:
        match = re.search(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$", path.stem)
        return match[0] if match else ""

    def distrust(self, root: Path, environ: Mapping[str, str]) -> str:
        import tomllib

        home = environ.get("CODEX_HOME") or os.path.join(environ.get("HOME", ""), ".codex")
        try:
            projects = tomllib.loads(read_part(Path(home, "config.toml"), _CONFIG_LIMIT).decode()).get("projects", {})
        except (OSError, ValueError):
            projects = {}
        known = projects.get(str(root)) if isinstance(projects, dict) else None
        if isinstance(known, dict) and known.get("trust_level"):
            return ""
        return "codex does not know this folder yet: it would ask whether to trust it"


def _writable(job: Job) -> Iterable[Path]:
    """What lies outside the worktree and is written by its own commits, and by `coord`."""
    yield job.coord
    try:
        gitdir = Path(read_line(job.worktree / ".git").removeprefix("gitdir:").strip())
    except (OSError, ValueError):
        return
    try:
        common = (gitdir / read_line(gitdir / "commondir")).resolve()
    except (OSError, ValueError):
        yield gitdir  # strict mode: a repository of its own
        return
    branch = Path(job.attempt.branch).parent
    for folder in (gitdir, common / "objects", common / "refs/heads" / branch, common / "logs/refs/heads" / branch):
        if folder.is_dir():
            yield folder


def _server(job: Job) -> Iterable[str]:
    """Settings for coord's MCP server, whose calls need no approval; it runs outside of the sandbox."""
    if not job.server:
        return
    program, *arguments = job.server
    values = {
        "command": _toml(program),
        "args": _toml_list(arguments),
        "env_vars": _toml_list(PASSED_ON),
        "tool_timeout_sec": str(A_DAY),
        "default_tools_approval_mode": _toml("approve"),
        "required": "true",
    }
    for key, value in values.items():
        yield from ("-c", f"mcp_servers.{SERVER}.{key}={value}")


def _busy(row: str, below: str) -> Said:
    """What a row means that tells of a turn that goes on; why it tries again stands below."""
    if "Reconnecting..." not in row:
        return Said(AgentState.WORKING)
    why = re.match(r"  └ (.*)", below)
    return _trouble(why[1] if why else "", retries=True)


def _trouble(text: str, error: str = "", *, retries: bool = False) -> Said:
    """A call to the model that failed: whether by a limit or by anything else is in its words."""
    return Said.failed(text or error, limited=bool(_LIMITED.search(f"{error} {text}")), retries=retries)


def _toml(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _toml_list(words: Iterable[str]) -> str:
    return f"[{', '.join(map(_toml, words))}]"


RUNTIME: Runtime = Codex()
