"""The voice by Claude Code that is logged in already, without an API key: headless, with coord's tools and no other.

It runs in an empty folder, with none of its own tools, none of the engineer's or the project's settings, hooks, servers
and skills. What it is allowed beyond that is refused, since nobody is asked. A version that lists any other tool is not
used at all.
"""

import asyncio
import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from coordinator.assistant.cli_stream import PREFIX, Stream
from coordinator.assistant.quoting import quoted
from coordinator.assistant.tool_server import LONGEST_LINE, ToolServer, carry_out
from coordinator.assistant.tools import Called, Tools
from coordinator.assistant.voice import Brief, Tell, Troubled
from coordinator.lazy.typing import Any
from coordinator.model.conversation import Tool
from coordinator.processes.interpreter import module_command

PROGRAM = "claude"
_ROUNDS = 16
"""Requests of a turn."""
_PATIENCE = 0.3
"""Seconds in which it may end by itself when it is asked to; who ends the voice waits no longer than a second."""
_OWN = (
    *("Bash", "BashOutput", "KillShell", "Edit", "MultiEdit", "Write", "NotebookEdit", "Read", "Glob", "Grep", "LS"),
    *("WebFetch", "WebSearch", "Task", "Agent", "TodoWrite", "Skill", "SlashCommand", "ExitPlanMode", "EnterWorktree"),
)
"""Tools of its own, denied by name besides being switched off."""


class ClaudeVoice:
    """Implements `coordinator.assistant.voice.Voice`; each turn is a run of its own."""

    name = "claude"

    def __init__(self, model: str = "", program: str = PROGRAM) -> None:
        """`model`: empty for the CLI's own choice."""
        self.model = model
        self._program = program

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...

    async def turn(self, brief: Brief, tools: Tools, tell: Tell) -> None:
        """Take a turn, which ends with its words, or with a card or a question."""
        over = asyncio.Event()
        trouble: list[Troubled] = []

        async def call(name: str, values: Mapping[str, Any]) -> Called:
            if over.is_set():
                return Called("the turn is over", failed=True)
            try:
                brief.may_spend()
            except Troubled as error:
                trouble.append(error)
                over.set()
                return Called("the budget is used up", failed=True)
            tell(Tool(name, tools.about(name, values)))
            called = await carry_out(tools, name, values)
            if called.message is not None:
                tell(called.message)
                over.set()
            return called

        brief.may_spend()
        with tempfile.TemporaryDirectory(prefix="coord-voice-") as folder:
            server = await asyncio.start_unix_server(
                ToolServer(call).attend, os.path.join(folder, "tools"), limit=LONGEST_LINE
            )
            async with server:
                await self._run(brief, folder, tell, over, tools=True)
        if trouble:
            raise trouble[0]

    async def draft(self, brief: Brief, tell: Tell) -> None:
        """Write a text, with no tool at all."""
        brief.may_spend()
        with tempfile.TemporaryDirectory(prefix="coord-voice-") as folder:
            await self._run(brief, folder, tell, asyncio.Event(), tools=False)

    async def _run(self, brief: Brief, folder: str, tell: Tell, over: asyncio.Event, *, tools: bool) -> None:
        """One run of the CLI, until it ends or `over` is set. Raises Troubled."""
        place = Path(folder, "here")
        place.mkdir()
        stream = Stream()
        async with _started(self._words(brief, folder, tools), str(place)) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            with suppress(OSError):
                process.stdin.write(_told(brief).encode("utf-8", "replace"))
                process.stdin.close()
            reading = asyncio.create_task(_read(process.stdout, stream, tell))
            ending = asyncio.create_task(over.wait())
            try:
                await asyncio.wait((reading, ending), return_when=asyncio.FIRST_COMPLETED)
                if reading.done():
                    reading.result()
            finally:
                ending.cancel()
                reading.cancel()
                for message in stream.left():
                    tell(message)
        if not stream.ended and not over.is_set():
            raise Troubled("dropped", "Claude Code ended in the middle of the answer; retry sends the same again")

    def _words(self, brief: Brief, folder: str, tools: bool) -> Sequence[str]:
        servers: dict[str, Any] = {}
        if tools:
            program, *pipe = module_command("coordinator.assistant.tool_pipe", os.path.join(folder, "tools"))
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


@asynccontextmanager
async def _started(words: Sequence[str], folder: str) -> "AsyncIterator[asyncio.subprocess.Process]":
    """The CLI in a group of its own, which is gone at the end. Raises Troubled where it can't be started."""
    given = {key: value for key, value in os.environ.items() if not key.startswith("COORD_")}
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            cwd=folder,
            env=given | {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LONGEST_LINE,
            start_new_session=True,
        )
    except OSError as error:
        raise Troubled("other", f"Claude Code can't be started: {error.strerror}") from error
    try:
        yield process
    finally:
        await _ended(process)


async def _ended(process: "asyncio.subprocess.Process") -> None:
    """End it with everything that it started, gracefully first."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _PATIENCE)
            if sign is signal.SIGTERM:
                continue
        return


async def _read(out: asyncio.StreamReader, stream: Stream, tell: Tell) -> None:
    """Pass on what it says. Raises Troubled."""
    with suppress(ValueError):  # a line that is longer than any should be
        while text := await out.readline():
            for message in stream.read(text.decode("utf-8", "replace")):
                tell(message)


def _told(brief: Brief) -> str:
    """What it is told: what was said before, quoted; where the project stands; the engineer's words last."""
    before = [quoted(f"earlier in this conversation, the {turn.who}", turn.text, 6000) for turn in brief.history]
    return "\n\n".join([*before, brief.context, brief.words])


def found() -> str:
    """Where Claude Code is; empty where it is not installed."""
    return shutil.which(PROGRAM) or ""
