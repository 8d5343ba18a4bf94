"""The voice by Claude Code: with none of its own tools, and no settings, hooks, servers and skills of anybody.

What it is allowed beyond that is refused, since nobody is asked. A version that lists any other tool is not used.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from coordinator.assistant import cli_voice
from coordinator.assistant.cli_stream import PREFIX, Stream
from coordinator.assistant.voice import Brief
from coordinator.lazy.typing import Any

PROGRAM = "claude"
_ROUNDS = 16
"""Requests of a turn."""
_OWN = (
    *("Bash", "BashOutput", "KillShell", "Edit", "MultiEdit", "Write", "NotebookEdit", "Read", "Glob", "Grep", "LS"),
    *("WebFetch", "WebSearch", "Task", "Agent", "TodoWrite", "Skill", "SlashCommand", "ExitPlanMode", "EnterWorktree"),
)
"""Tools of its own, denied by name besides being switched off."""


class ClaudeVoice(cli_voice.CliVoice):
    """See `CliVoice`."""

    name = "claude"
    title = "Claude Code"

    def __init__(self, model: str = "", program: str = PROGRAM) -> None:
        """`model`: empty for the CLI's own choice."""
        super().__init__(model, program)

    def _stream(self) -> Stream:
        return Stream()

    def _environ(self) -> Mapping[str, str]:
        return {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}

    def _words(self, brief: Brief, folder: str, tools: bool) -> Sequence[str]:
        servers: dict[str, Any] = {}
        if tools:
            program, *pipe = cli_voice.server_command(folder)
            servers["coord"] = {"type": "stdio", "command": program, "args": pipe, "alwaysLoad": True}
        config = Path(folder, "servers.json")
        config.write_text(json.dumps({"mcpServers": servers}))
        return (
            *(self._program, "-p", "--output-format", "stream-json", "--include-partial-messages", "--verbose"),
            *("--mcp-config", str(config), "--strict-mcp-config"),
            *("--tools", "", "--disallowedTools", ",".join(_OWN)),
            *(("--allowedTools", f"{PREFIX.removesuffix('__')}") if tools else ()),
            *("--permission-mode", "default", "--setting-sources", "", "--disable-slash-commands"),
            *("--no-session-persistence", "--max-turns", str(_ROUNDS), "--system-prompt", brief.system),
            *(("--model", self.model) if self.model else ()),
        )


def found() -> str:
    """Where Claude Code is; empty where it is not installed."""
    return shutil.which(PROGRAM) or ""
