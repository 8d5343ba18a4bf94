"""Claude Code: in its own screen with hooks of its own settings file, or headless. Known versions: 2.1."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import uuid4

from coordinator.agents.hooks import LINE, hook_command, write_hook
from coordinator.agents.initial_prompt import opening
from coordinator.agents.jsonl_tail import mapping, read_json_file
from coordinator.agents.leave import A_DAY, COMMANDS, SERVER, leeways_of
from coordinator.agents.readiness import installed
from coordinator.agents.runtime import Command, Count, Job, Keys, Needs, Place, Runtime, Said, Tells, Usage
from coordinator.agents.screens import Sign, read, rows_of, without_panel
from coordinator.lazy import regex
from coordinator.lazy.typing import Any
from coordinator.model.snapshot import AgentState
from coordinator.safefiles.regular import replace_file

_NOTED = ("SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop", "StopFailure", "SubagentStop")
"""Hooks that every version knows: a name that is unknown to an older one opens a dialog that blocks."""
_WORKING = frozenset(
    {
        *("UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure", "PostToolBatch"),
        *("MessageDisplay", "SubagentStart", "SubagentStop"),
    }
)
_COUNTED = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_MODES = ("--permission-mode", "--dangerously-skip-permissions", "--settings")
"""Arguments of the engineer that may choose a mode."""
_MANAGED = (
    Path("/etc/claude-code/managed-settings.json"),
    Path("/Library/Application Support/ClaudeCode/managed-settings.json"),
)
_RULE = regex.compile(r"─{20,}")
_EMPTY = ("❯", "❯ Resend your message to try again", "❯ Once fixed, resend your message")
"""A composer without text, and with its hints."""
_LIMITED = regex.compile(
    r"\b(?:429|529)\b|rate.?limit|overloaded|usage limit|limit reached|hit your [\w ]*limit", re.IGNORECASE
)
_SIGNS = (
    Sign(AgentState.WAITING, r"Enter to confirm · Esc to cancel", doing=r"^ *(.*(?:one you trust|this API key)\?)"),
    Sign(AgentState.WAITING, r"Enter to select · ↑/↓ to navigate", doing=r"^(\S.*\?)$"),
    Sign(
        AgentState.PERMISSION,
        r"^ Esc to cancel",
        also=r"^ Do you want to .*\?\n(?:.*\n)?? ❯ 1\. Yes",
        doing=r"╌{9}\n((?: .*\n)+?)╌{9}|^ (Do you want to (?!proceed).*\?)",
    ),
    Sign(AgentState.WAITING, r"Enter to .*Esc to cancel$", doing=r"^  (Auto mode can't .*)$"),
)
"""Dialogs; everything else is read from around the composer."""


class Claude(Runtime):
    name = "claude"
    speaks_mcp = True
    needs = Needs(
        "claude",
        (2, 1),
        "npm install -g @anthropic-ai/claude-code",
        ("auth", "status"),
        "run `claude` and log in, or set ANTHROPIC_API_KEY",
    )
    keys = Keys(allow="1", deny="Escape")
    leeways = leeways_of("--permission-mode acceptEdits")

    @property
    def reports_itself(self) -> bool:
        return True

    def command(self, job: Job) -> Command:
        """`claude` with hooks that report to the attempt's directory, in its session or a new one."""
        installed(self.needs)
        session = job.resume or str(uuid4())
        settings = self._settings(job)
        words = ["claude", *(("--resume", session) if job.resume else ("--session-id", session))]
        words += ["--mcp-config", str(_server(job))] if job.server else []  # beside the engineer's own servers
        words += ["--settings", str(settings), *_mode(job, os.environ)]
        words += [*job.model_words, *job.arguments]
        if job.headless:
            words += ["-p", "--output-format", "stream-json", "--verbose"]
            return Command(tuple(words), stdin=job.prompt_file, output=job.directory / "output.jsonl", session=session)
        told, folder = opening(job)
        words += ["--add-dir", str(folder)] if folder else []
        return Command((*words, "--"), argument=told, session=session)

    def _settings(self, job: Job) -> Path:
        import json

        hook = write_hook(job.directory)
        note: dict[str, Any] = {"type": "command", "command": hook_command(hook, "note")}
        ask = note | {"command": hook_command(hook, "ask"), "timeout": A_DAY}
        hooks = {name: [{"hooks": [note]}] for name in _NOTED}
        if not job.headless:  # there it is refused what it would have to ask for, and nobody can see the question
            hooks["PermissionRequest"] = [{"hooks": [ask]}]
        values: dict[str, Any] = {
            "hooks": hooks,
            "statusLine": {"type": "command", "command": hook_command(hook, "line")},
            # else a question to a human, which `coord ask --wait` waits for, ends after minutes
            "env": dict.fromkeys(("BASH_MAX_TIMEOUT_MS", "MCP_TOOL_TIMEOUT"), str(A_DAY * 1000)),
            "permissions": {"allow": _allowed(job)},
        }
        path = job.directory / "claude.json"
        replace_file(path, json.dumps(values, indent=1).encode("utf-8", "surrogateescape"))
        return path

    def heard(self, payload: Mapping[str, Any]) -> Said | None:
        event = str(payload.get("hook_event_name"))
        if event in _WORKING:
            return Said(AgentState.WORKING, _call(payload))
        match event:
            case "SessionStart":
                return Said(AgentState.IDLE)
            case "PermissionRequest":
                asks = payload.get("tool_name") == "AskUserQuestion"
                return Said(AgentState.WAITING if asks else AgentState.PERMISSION, _call(payload))
            case "Notification":
                kind = payload.get("notification_type")
                return Said(AgentState.PERMISSION if kind == "permission_prompt" else AgentState.IDLE)
            case "Stop":
                # it also fires while subagents are at work
                return Said(AgentState.IDLE if payload.get("background_tasks", []) == [] else AgentState.WORKING)
            case "StopFailure":
                return _trouble(str(payload.get("last_assistant_message") or ""), str(payload.get("error") or ""))
        return None

    def called(self, payload: Mapping[str, Any]) -> str | None:
        if payload.get("hook_event_name") != "PreToolUse":
            return None
        given = payload.get("tool_input")
        if not isinstance(given, dict):
            return ""  # the line was cut
        tool, command = payload.get("tool_name"), given.get("command")
        return f"{tool}: {command}" if isinstance(command, str) else f"{tool}: {sorted(given.items())}"

    def seen(self, screen: str) -> Said | None:
        screen = without_panel(screen)
        dialog = read(screen, _SIGNS)
        if dialog is not None:
            return dialog
        composer = _composer(screen)
        if composer is None:
            return None
        above, _, footer = composer
        retry = re.search(r"^[^\w\s] (.*) · (retrying in .*)$", "\n".join(above[-8:]), re.MULTILINE)
        if "esc to interrupt" in footer:
            return _trouble(retry[1], when=retry[2], retries=True) if retry else Said(AgentState.WORKING)
        return _last_words(above)

    has_composer = True

    def composer_is_empty(self, screen: str) -> bool:
        composer = _composer(without_panel(screen))
        return composer is not None and composer[1] in _EMPTY

    def sessions(self, place: Place) -> Iterable[Path]:
        if (output := place.directory / "output.jsonl").exists():
            yield output  # of a headless run
        home = place.environ.get("CLAUDE_CONFIG_DIR") or os.path.join(place.environ.get("HOME", ""), ".claude")
        projects = Path(home, "projects")
        if place.session:
            yield from projects.glob(f"*/{place.session}.jsonl")
            yield from projects.glob(f"*/{place.session}/subagents/*.jsonl")

    def counted(self, record: Mapping[str, Any]) -> Count | None:
        """A message is recorded once for each of its blocks, with the same usage."""
        message = mapping(record.get("message"))
        usage = message.get("usage")
        if not isinstance(usage, dict):
            return None
        numbers = [usage.get(name) for name in _COUNTED]
        return Count(str(message.get("id")), sum(n for n in numbers if isinstance(n, int)))

    def recorded(self, record: Mapping[str, Any]) -> Said | None:
        """A line of a headless run; what its session file tells of, hooks tell better."""
        if "session_id" not in record:
            return None
        match record.get("type"), record.get("subtype"):
            case "system", "api_retry":
                wait = record.get("retry_delay_ms")
                when = f"retrying in {wait / 1000:.3f}s" if isinstance(wait, (int, float)) else ""
                why = str(record.get("error") or "").replace("_", " ")
                return _trouble(f"{record.get('error_status') or ''} {why}", when=when, retries=True)
            case "rate_limit_event", _:
                return _rejected(mapping(record.get("rate_limit_info")))
            case "assistant", _ if record.get("error"):
                return _trouble(_spoken(record), str(record.get("error")))
            case ("assistant" | "user", _) | ("system", "init"):
                return Said(AgentState.WORKING)
            case "result", _ if record.get("is_error"):
                return _trouble(str(record.get("result") or ""), str(record.get("api_error_type") or ""))
        return None

    def summed(self, record: Mapping[str, Any]) -> Usage | None:
        if record.get("type") != "result":
            return None
        usage, cost = mapping(record.get("usage")), record.get("total_cost_usd")
        tokens = sum(n for name in _COUNTED if isinstance(n := usage.get(name), int))
        return Usage(tokens, float(cost) if isinstance(cost, (int, float)) and 0 <= cost < 1e9 else None)

    def tells(self, *, headless: bool) -> Tells:
        return Tells("running", "end" if headless else "running")

    def told_cost(self, place: Place) -> float | None:
        cost = mapping(read_json_file(place.directory / LINE).get("cost")).get("total_cost_usd")
        return float(cost) if isinstance(cost, (int, float)) and 0 <= cost < 1e9 else None

    def distrust(self, root: Path, environ: Mapping[str, str]) -> str:
        home = environ.get("CLAUDE_CONFIG_DIR") or environ.get("HOME", "")
        known = read_json_file(Path(home, ".claude.json"))
        if not known.get("hasCompletedOnboarding"):
            return "claude was never started here: it would open with its first-run dialogs"
        projects = mapping(known.get("projects"))
        places = [str(root), *map(str, root.parents)]
        if not any(mapping(projects.get(place)).get("hasTrustDialogAccepted") for place in places):
            return "claude does not trust this folder yet: it would ask"
        key = environ.get("ANTHROPIC_API_KEY", "")[-20:]
        if key and key not in (mapping(known.get("customApiKeyResponses")).get("approved") or ()):
            return "claude was never told whether to use ANTHROPIC_API_KEY: it would ask"
        return ""


def _allowed(job: Job) -> list[str]:
    """Rules for what coord itself needs; of a line with several commands each one has to be allowed by a rule."""
    return [*(f"Bash({command}:*)" for command in COMMANDS), *((f"mcp__{SERVER}",) if job.server else ())]


def _server(job: Job) -> Path:
    import json

    program, *arguments = job.server
    path = job.directory / "claude-mcp.json"
    values = {"mcpServers": {SERVER: {"type": "stdio", "command": program, "args": arguments, "alwaysLoad": True}}}
    replace_file(path, json.dumps(values).encode("utf-8", "surrogateescape"))
    return path


def _mode(job: Job, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Words that have it ask, where nobody has chosen: behind a gateway its auto mode may stop at a dialog."""
    if any(word.split("=")[0] in _MODES for word in job.arguments):
        return ()
    own = environ.get("CLAUDE_CONFIG_DIR") or os.path.join(environ.get("HOME", ""), ".claude")
    places = [Path(own), job.worktree / ".claude", job.coord.parent / ".claude"]
    files = [folder / name for folder in places for name in ("settings.json", "settings.local.json")]
    for path in [*files, *_MANAGED]:
        if mapping(read_json_file(path).get("permissions")).get("defaultMode"):
            return ()
    return ("--permission-mode", "default")


def _call(payload: Mapping[str, Any]) -> str:
    """What a tool call is about, in a line."""
    given = payload.get("tool_input")
    given = given if isinstance(given, dict) else payload
    questions = given.get("questions")
    if isinstance(questions, list) and questions and isinstance(questions[0], dict):
        return str(questions[0].get("question") or "")
    what = given.get("command") or given.get("file_path") or given.get("url") or given.get("description") or ""
    tool = str(payload.get("tool_name") or "")
    return f"{tool}: {what}" if tool and what else tool


def _spoken(record: Mapping[str, Any]) -> str:
    """The words of a message."""
    content = mapping(record.get("message")).get("content")
    parts = [mapping(part).get("text") for part in content] if isinstance(content, list) else []
    return " ".join(part for part in parts if isinstance(part, str))


def _rejected(info: Mapping[str, Any]) -> Said | None:
    """A limit of the account, where it holds: other lines of the kind only tell how far away it is."""
    if info.get("status") != "rejected" or info.get("isUsingOverage") is True:
        return None
    end = info.get("resetsAt")
    resets_at = float(end) if isinstance(end, (int, float)) and 0 < end < 1e11 else None
    return Said.failed("Usage limit reached", limited=True, resets_at=resets_at)


def _trouble(text: str, error: str = "", when: str = "", *, retries: bool = False) -> Said:
    """A call to the model that failed: whether by a limit or by anything else is in its words."""
    limited = bool(_LIMITED.search(f"{error} {text}"))
    return Said.failed(text or error, limited=limited, when=when, retries=retries)


def _composer(screen: str) -> tuple[list[str], str, str] | None:
    """The rows above the composer, what is typed in it, and the row that tells of keys; None without a composer."""
    rows = rows_of(screen)
    rules = [place for place, row in enumerate(rows) if _RULE.match(row)]
    if len(rules) < 2:
        return None
    upper, lower = rules[-2:]
    typed = rows[upper + 1 : lower]
    if not typed or not typed[0].startswith("❯") or len(rows) - lower > 4:
        return None
    return rows[:upper], " ".join(" ".join(typed).split()), rows[-1]


def _last_words(above: list[str]) -> Said | None:
    """What the end of the conversation says while nothing runs."""
    for row in reversed(above):
        if re.match(r"  ⎿\s+Interrupted", row):
            return Said(AgentState.INTERRUPTED)
        refused = re.match(r"  ⎿\s+(.*(?:API key|/login|[Cc]redit|limit reached|hit your [\w ]*limit).*)$", row)
        if refused:
            return _trouble(refused[1])
        if row.startswith("● Automatic continue cancelled"):
            return Said(AgentState.INTERRUPTED)
        if row.startswith("● Usage limit reached ·"):
            return _trouble("Usage limit reached", when=row, retries="continuing automatically" in row)
        if row.startswith("● API Error:"):
            return _trouble(row.removeprefix("● API Error:").strip())
        if row.startswith(("●", "✻", "❯", "▝▜", " ▝▝")) and "/effort" not in row:
            return Said(AgentState.IDLE)
    return Said(AgentState.IDLE)


RUNTIME: Runtime = Claude()
