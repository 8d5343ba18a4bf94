"""Gemini CLI, headless: its approvals are what its own settings say. Known version: 0.61."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from coordinator.agents.readiness import installed
from coordinator.agents.runtime import Command, Count, Job, Needs, Place, Runtime, Said
from coordinator.agents.screens import rows_of
from coordinator.model.snapshot import AgentState

_HEARD = {
    "SessionStart": AgentState.IDLE,
    "BeforeAgent": AgentState.WORKING,
    "BeforeTool": AgentState.WORKING,
    "AfterTool": AgentState.WORKING,
    "AfterAgent": AgentState.IDLE,
}


class Gemini(Runtime):
    name = "gemini"
    needs = Needs("gemini", (0, 61), "npm install -g @google/gemini-cli")

    def command(self, job: Job) -> Command:
        """`gemini` with the prompt on its standard input, what it does as JSON lines on its output."""
        installed(self.needs)
        model = ("-m", job.model) if job.model else ()
        words = ("gemini", *model, *job.arguments, "-o", "stream-json")
        return Command(words, stdin=job.prompt_file, output=job.directory / "output.jsonl")

    def heard(self, payload: Mapping[str, Any]) -> Said | None:
        event = str(payload.get("hook_event_name"))
        if event == "Notification" and payload.get("notification_type") == "ToolPermission":
            details = payload.get("details")
            wish = details.get("command") or details.get("title") if isinstance(details, dict) else ""
            return Said(AgentState.PERMISSION, str(wish or ""))
        return Said(_HEARD[event]) if event in _HEARD else None

    def seen(self, screen: str) -> Said | None:
        rows = rows_of(screen)[-8:]
        idle = any("Type your message or @path" in row for row in rows) and "esc to cancel" not in "\n".join(rows)
        return Said(AgentState.IDLE) if idle else None

    def sessions(self, place: Place) -> Iterable[Path]:
        yield place.directory / "output.jsonl"

    def recorded(self, record: Mapping[str, Any]) -> Said | None:
        return (
            Said(AgentState.WORKING) if record.get("type") in ("init", "message", "tool_use", "tool_result") else None
        )

    def counted(self, record: Mapping[str, Any]) -> Count | None:
        """The statistics at the end of a run; in a chat file each message."""
        stats, tokens = record.get("stats"), record.get("tokens")
        if isinstance(stats, dict) and isinstance(stats.get("total_tokens"), int):
            return Count("run", stats["total_tokens"])
        if isinstance(tokens, dict) and isinstance(tokens.get("total"), int):
            return Count(str(record.get("id")), tokens["total"])
        return None


RUNTIME: Runtime = Gemini()
