"""OpenCode: in its own screen with a plugin that reports, or headless, where it refuses what its settings would ask.

Known version: 1.18. A session belongs to the folder it began in, and works there whatever folder it is continued from:
so another attempt, which has a worktree of its own, starts afresh. A plugin makes it wait, at its first start on a
machine, for packages that it gets by npm.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from coordinator.agents.initial_prompt import opening
from coordinator.agents.jsonl_tail import mapping
from coordinator.agents.leave import A_DAY, LEVELS
from coordinator.agents.opencode_plugin import MESSAGES, with_plugin
from coordinator.agents.readiness import installed
from coordinator.agents.runtime import Command, Count, Job, Leeway, Needs, Place, Runtime, Said, Tells
from coordinator.lazy import regex
from coordinator.lazy.typing import Any
from coordinator.model.snapshot import AgentState

_LIMITED = regex.compile(r"\b(?:429|529)\b|rate.?limit|too many requests|overloaded|usage.?limit|quota", re.IGNORECASE)
_RETRY = regex.compile(r"^\s*(\S.*?) \[(retrying in (?:\d+[dhms] ?)+)")
_PATIENCE = "OPENCODE_EXPERIMENTAL_BASH_DEFAULT_TIMEOUT_MS"
_SIDE_BAR = regex.compile(r"\s{8,}\S.*$")
"""What a wide window shows right of the conversation."""


class OpenCode(Runtime):
    name = "opencode"
    speaks_mcp = True
    needs = Needs("opencode", (1, 18), "npm install -g opencode-ai")

    leeways = dict.fromkeys(LEVELS, Leeway("asks for nothing but what its own settings name"))

    @property
    def reports_itself(self) -> bool:
        return True

    def command(self, job: Job) -> Command:
        """`opencode` with the prompt as its first message, or `opencode run` with it on its standard input."""
        installed(self.needs)
        # else a question to a human, which `coord ask --wait` waits for, ends after two minutes
        env = {_PATIENCE: os.environ.get(_PATIENCE, str(A_DAY * 1000))}
        env |= with_plugin(job.directory, os.environ, job.server, reports=not job.headless)
        if job.headless:
            words = ("opencode", "run", *job.model_words, *job.arguments, "--format", "json")
            return Command(words, stdin=job.prompt_file, output=job.directory / "output.jsonl", env=env)
        told, _ = opening(job)
        return Command(("opencode", *job.model_words, *job.arguments, "--prompt"), argument=told, env=env)

    def heard(self, payload: Mapping[str, Any]) -> Said | None:
        message = str(payload.get("message") or "")
        match payload.get("type"):
            case "busy":
                return Said(AgentState.WORKING)
            case "idle":
                return Said(AgentState.IDLE)
            case "retry":
                following = payload.get("next")
                if not isinstance(following, (int, float)) or not 0 < following < 1e14:
                    following = None
                return _trouble(message, None if following is None else following / 1000, retries=True)
            case "error":
                return Said(AgentState.INTERRUPTED) if _aborted(payload.get("name")) else _trouble(message)
            case "permission":
                return Said(AgentState.PERMISSION, str(payload.get("wish") or payload.get("permission") or ""))
            case "question":
                return Said(AgentState.WAITING, message)
        return None

    def seen(self, screen: str) -> Said | None:
        lines = [_SIDE_BAR.sub("", line).rstrip() for line in screen.splitlines()]
        box = _last_box(lines)
        if box is None:
            return None
        inside = [line.strip(" ┃") for line in lines[box.start : box.stop] if line.strip(" ┃")]
        below = "\n".join(line for line in screen.splitlines()[box.stop :])
        if not below.strip():
            return _dialog(inside)
        if not below.lstrip().startswith("╹▀"):
            return None
        footer = " ".join(below.split("\n", 1)[-1].split())
        if "esc interrupt" in footer or "[retrying in " in footer:
            retry = _RETRY.match(re.sub("[■⬝]", " ", footer))  # what moves there may stand amid the words
            return _trouble(retry[1], when=retry[2].rstrip(), retries=True) if retry else Said(AgentState.WORKING)
        ends = [line for line in lines[: box.start] if line.startswith("     ▣  ")]
        if ends and ends[-1].endswith("· interrupted"):
            return Said(AgentState.INTERRUPTED)
        return Said(AgentState.IDLE) if ends and re.search(r" · [\d.hm ]+s$", ends[-1]) else None

    has_composer = True

    def composer_is_empty(self, screen: str) -> bool:
        lines = [_SIDE_BAR.sub("", line).rstrip() for line in screen.splitlines()]
        box = _last_box(lines)
        if box is None or box.stop >= len(lines) or not lines[box.stop].startswith("  ╹▀"):
            return False
        return not any(line.strip(" ┃") for line in lines[box.start : box.stop - 1])

    def sessions(self, place: Place) -> Iterable[Path]:
        yield place.directory / "output.jsonl"
        yield place.directory / MESSAGES

    def recorded(self, record: Mapping[str, Any]) -> Said | None:
        """A line of a headless run."""
        match record.get("type"):
            case "step_start" | "text" | "tool_use":
                return Said(AgentState.WORKING)
            case "error":
                error = mapping(record.get("error"))
                return _trouble(str(mapping(error.get("data")).get("message") or error.get("name") or ""))
        return None

    def tells(self, *, headless: bool) -> Tells:
        return Tells("running", "running")

    def counted(self, record: Mapping[str, Any]) -> Count | None:
        """A message, as the plugin noted it, or a step of a headless run."""
        part = record if record.get("type") == "message" else mapping(record.get("part"))
        if part.get("type") not in ("message", "step-finish"):
            return None
        cost = part.get("cost")
        told = float(cost) if isinstance(cost, (int, float)) and 0 <= cost < 1e9 else None
        return Count(str(part.get("id")), _tokens(part.get("tokens")), told)


def _aborted(name: object) -> bool:
    return name == "MessageAbortedError"


def _trouble(text: str, resets_at: float | None = None, when: str = "", *, retries: bool = False) -> Said:
    """A call to the model that failed: whether by a limit or by anything else is in its words."""
    limited = bool(_LIMITED.search(text))
    return Said.failed(text, limited=limited, resets_at=resets_at, when=when, retries=retries)


def _last_box(lines: list[str]) -> range | None:
    """The rows of the lowest box with a bar on its left: the composer, or a dialog in its place."""
    stop = next((place for place in range(len(lines), 0, -1) if lines[place - 1].startswith("  ┃")), 0)
    start = stop
    while start and lines[start - 1].startswith("  ┃"):
        start -= 1
    return range(start, stop) if stop and len(lines) - stop <= 6 else None


def _dialog(inside: list[str]) -> Said | None:
    if inside[:1] == ["△ Permission required"] and inside[-1].startswith("Allow once"):
        wishes = [line[2:] for line in inside[1:-1] if line.startswith(("$ ", "→ "))]
        return Said(AgentState.PERMISSION, (wishes or [inside[1].lstrip("# ")])[-1])
    if inside[-1:] and inside[-1].endswith("esc dismiss"):
        return Said(AgentState.WAITING, inside[0])
    return None


def _tokens(counts: object) -> int:
    values = mapping(counts)
    cache = mapping(values.get("cache"))
    numbers = [values.get(name) for name in ("input", "output", "reasoning")]
    return sum(n for n in [*numbers, cache.get("read"), cache.get("write")] if isinstance(n, int))


RUNTIME: Runtime = OpenCode()
