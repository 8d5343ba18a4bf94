"""Gemini CLI: in its own screen, or headless, where it does only what its own settings allow. Known version: 0.61.

It takes hooks only from settings of the user, of the project or of root: none of them is coord's to write. So its chat
file and its screen tell what it does. While it tries a call again it doesn't say why, but for a quota that is used up.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from coordinator.agents.gemini_extension import home_of, policies, with_server
from coordinator.agents.initial_prompt import opening
from coordinator.agents.jsonl_tail import first_record, mapping, read_json_file
from coordinator.agents.leave import leeways_of
from coordinator.agents.readiness import installed
from coordinator.agents.runtime import Command, Count, Job, Keys, Needs, Place, Runtime, Said, Tells, Usage
from coordinator.agents.screens import rows_of
from coordinator.lazy import regex
from coordinator.lazy.typing import Any
from coordinator.model.clock import timestamp
from coordinator.model.snapshot import AgentState
from coordinator.safefiles.regular import read_part

_HEARD = {
    "SessionStart": AgentState.IDLE,
    "BeforeAgent": AgentState.WORKING,
    "BeforeTool": AgentState.WORKING,
    "AfterTool": AgentState.WORKING,
    "AfterAgent": AgentState.IDLE,
}
_LIMITED = regex.compile(r"\b429\b|quota|rate.?limit|resource.?exhausted|usage limit|overloaded", re.IGNORECASE)
_TEXT_LIMIT = 64 * 1024  # bytes
_EMPTY = regex.compile(r" [>*!]\s+Type your message or @path/to/file")
_ETC = Path("/etc/gemini-cli")
"""Settings of the machine, which may say as much as a user's own."""
_SHORT_ID = 8
"""Characters of a session's id that are in the name of its chat file."""


class Gemini(Runtime):
    name = "gemini"
    speaks_mcp = True
    needs = Needs("gemini", (0, 61), "npm install -g @google/gemini-cli")
    keys = Keys(allow="1", deny="Escape")
    leeways = leeways_of("--approval-mode auto_edit")

    @property
    def reports_itself(self) -> bool:
        return True

    def command(self, job: Job) -> Command:
        """`gemini` with the prompt as its first message; headless on its standard input, with JSON lines as output."""
        installed(self.needs)
        env = with_server(job, os.environ)
        words = ["gemini", *policies(job, os.environ), *job.model_words, *job.arguments]
        past = _chat_of(job.resume, os.environ) if job.resume else None
        words += ["--session-file", str(past)] if past is not None else []
        if job.headless:
            words += ["-o", "stream-json"]
            return Command(tuple(words), stdin=job.prompt_file, output=job.directory / "output.jsonl", env=env)
        told, folder = opening(job)
        words += ["--include-directories", str(folder)] if folder else []
        return Command((*words, "-i"), argument=told, env=env)

    def heard(self, payload: Mapping[str, Any]) -> Said | None:
        """For whoever has made coord's hook one of their own settings."""
        event = str(payload.get("hook_event_name"))
        if event == "Notification" and payload.get("notification_type") == "ToolPermission":
            details = payload.get("details")
            wish = details.get("command") or details.get("title") if isinstance(details, dict) else ""
            return Said(AgentState.PERMISSION, str(wish or ""))
        return Said(_HEARD[event]) if event in _HEARD else None

    def seen(self, screen: str) -> Said | None:
        rows = rows_of(screen)
        composer = _composer(rows)
        if composer is None:
            return _dialog(rows)
        above = rows[:composer]
        busy = next((row for row in above[-3:] if "(esc to cancel, " in row), "")
        if busy:
            again = re.search(r"(Trying to reach .*?|This is taking a bit longer.*?) \(esc to cancel", busy)
            return Said(AgentState.WORKING, again[1] if again else "")
        return _last_words(above)

    has_composer = True

    def composer_is_empty(self, screen: str) -> bool:
        rows = rows_of(screen)
        composer = _composer(rows)
        return composer is not None and any(_EMPTY.match(row) for row in rows[composer:])

    def sessions(self, place: Place) -> Iterable[Path]:
        yield place.directory / "output.jsonl"
        since = timestamp(place.since)
        for folder in _folders(place.environ):
            if _text(folder / ".project_root").strip() == str(place.worktree):
                chats = folder.glob("chats/session-*.jsonl")
                yield from (p for p in chats if timestamp(str(first_record(p).get("startTime"))) >= since)

    def recorded(self, record: Mapping[str, Any]) -> Said | None:
        match record.get("type"):
            case "init" | "message" | "tool_use" | "tool_result" | "user":
                return Said(AgentState.WORKING)
            case "info" if record.get("content") == "Request cancelled.":
                return Said(AgentState.INTERRUPTED)
            case "error":
                return _trouble(str(record.get("content") or record.get("message") or ""))
        return None

    def counted(self, record: Mapping[str, Any]) -> Count | None:
        tokens = record.get("tokens")
        total = tokens.get("total") if isinstance(tokens, dict) else None
        return Count(str(record.get("id")), total) if isinstance(total, int) else None

    def summed(self, record: Mapping[str, Any]) -> Usage | None:
        total = mapping(record.get("stats")).get("total_tokens") if record.get("type") == "result" else None
        return Usage(total) if isinstance(total, int) else None

    def tells(self, *, headless: bool) -> Tells:
        return Tells("running")

    def session_of(self, path: Path) -> str:
        """The beginning of its id, which is all that the name tells."""
        match = re.fullmatch(r"session-.*-([0-9a-f]{8})", path.stem)
        return match[1] if match else ""

    def distrust(self, root: Path, environ: Mapping[str, str]) -> str:
        settings = read_json_file(path := _home(environ) / "settings.json")
        if not settings and path.exists():
            return ""  # it may hold comments, which it understands
        security = mapping(settings.get("security"))
        if not mapping(security.get("auth")).get("selectedType") and not _ETC.exists():
            return "gemini was never told how to log in: it would ask"
        if mapping(security.get("folderTrust")).get("enabled") is False or _trusts(environ, root):
            return ""
        return "gemini does not trust this folder yet: it would ask"


def _home(environ: Mapping[str, str]) -> Path:
    return home_of(environ) / ".gemini"


def _folders(environ: Mapping[str, str]) -> Iterable[Path]:
    """Where it keeps what belongs to a project, a folder each."""
    return _home(environ).glob("tmp/*")


def _chat_of(session: str, environ: Mapping[str, str]) -> Path | None:
    """The newest chat file of a session, in any folder: `--resume` knows only those of the one it is started in."""
    short = session[:_SHORT_ID]
    found = [path for folder in _folders(environ) for path in folder.glob(f"chats/session-*-{short}.jsonl")]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _trusts(environ: Mapping[str, str], root: Path) -> bool:
    if environ.get("GEMINI_CLI_TRUST_WORKSPACE") in ("true", "false"):
        return environ["GEMINI_CLI_TRUST_WORKSPACE"] == "true"
    path = environ.get("GEMINI_CLI_TRUSTED_FOLDERS_PATH") or _home(environ) / "trustedFolders.json"
    nearest, trusted = -1, False
    for text, level in read_json_file(Path(path)).items():
        place = Path(text).parent if level == "TRUST_PARENT" else Path(text)
        if root.is_relative_to(place) and len(text) > nearest:
            nearest, trusted = len(text), level in ("TRUST_FOLDER", "TRUST_PARENT")
    return trusted


def _text(path: Path) -> str:
    try:
        return read_part(path, _TEXT_LIMIT).decode("utf-8", "replace")
    except OSError:
        return ""


def _trouble(text: str) -> Said:
    """A call to the model that failed; its words may be JSON of its service."""
    told = re.search(r'"message": ?"((?:[^"\\]|\\.)*)', text)
    words = told[1] if told else text.removeprefix("[API Error: ").removesuffix("]")
    return Said.failed(words, limited=bool(_LIMITED.search(text)))


def _composer(rows: list[str]) -> int | None:
    """The row of the rule above the composer; None without a composer at the bottom."""
    for place in range(len(rows) - 1, max(-1, len(rows) - 12), -1):
        if re.fullmatch(r"─{20,}", rows[place]):
            typed = any(re.match(r" [>*!] ", row) for row in rows[place + 1 : place + 3])
            return place if typed else None
    return None


def _dialog(rows: list[str]) -> Said | None:
    """What is asked where there is no composer. Of two dialogs the lower one counts; a key may reach the upper one."""
    chosen = next((place for place in range(len(rows) - 1, -1, -1) if re.match(r" ?│ +● \d\. ", rows[place])), None)
    if chosen is None or len(rows) - chosen > 12:
        return None
    top = next((place for place in range(chosen, -1, -1) if re.match(r" ?╭─", rows[place])), 0)
    inside = [row.strip(" │") for row in rows[top:chosen]]
    text = "\n".join(inside)
    if first_run := re.search(r"^(?:Do you trust the files|How would you like to authenticate).*", text, re.MULTILINE):
        return Said(AgentState.WAITING, first_run[0])
    if limit := re.search(
        r"^(?:Usage limit reached|We are currently experiencing high demand) for .*", text, re.MULTILINE
    ):
        when = re.search(r"^Access resets at .*", text, re.MULTILINE)
        return Said(AgentState.RATE_LIMITED, limit[0], when=when[0] if when else "")
    asked = rows[chosen].strip(" │").endswith("1. Allow once")
    wish = next((row for row in reversed(inside) if row.startswith("? ")), "") if asked else ""
    return Said(AgentState.PERMISSION, " ".join(wish[2:].split())) if wish else None


def _last_words(above: list[str]) -> Said | None:
    """What the end of the conversation says while nothing runs."""
    for place in range(len(above) - 1, -1, -1):
        row = above[place]
        if row.startswith("ℹ Request cancelled."):
            return Said(AgentState.INTERRUPTED)
        if row.startswith("✕ "):
            return _trouble(" ".join(part.strip() for part in [row[2:], *_wrapped(above[place + 1 :])]))
        if row.startswith(("✦ ", " > ")) or re.match(r"╰─|\d\. ", row):
            return Said(AgentState.IDLE)
    return Said(AgentState.IDLE)


def _wrapped(rows: list[str]) -> Iterable[str]:
    """The rows that go on with what began above."""
    for row in rows:
        if not row.startswith("  "):
            return
        yield row


RUNTIME: Runtime = Gemini()
