"""The voice by Codex: without its shell, its patches, its agents, its search, the engineer's servers, hooks and skills.

Before the first turn it is seen which tools it would offer to the model, without asking any: a version that offers
another than the coordinator's is not used. Its sandbox, which is read-only, and its refusals are a second wall.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from coordinator.assistant import cli_voice, codex_fence
from coordinator.assistant.codex_fence import setting
from coordinator.assistant.codex_stream import LOG, CodexStream
from coordinator.assistant.tool_server import ToolServer
from coordinator.assistant.tools import Called
from coordinator.assistant.voice import Brief, Troubled
from coordinator.lazy.typing import Any

PROGRAM = "codex"
_GREETING = "Hello."
_LONGEST = 30.0
"""Seconds that it may take to say what it is asked about itself."""


class CodexVoice(cli_voice.CliVoice):
    """See `CliVoice`."""

    name = "codex"
    title = "Codex"
    logs = True
    linger = 0.3

    def __init__(self, model: str = "", program: str = PROGRAM) -> None:
        """`model`: empty for the CLI's own choice."""
        super().__init__(model, program)
        self._own: dict[str, object] = {}
        self._fence: tuple[str, ...] = ()
        self._catalog = ""
        self._lock = asyncio.Lock()

    def _stream(self) -> CodexStream:
        return CodexStream()

    def _environ(self) -> Mapping[str, str]:
        return {"RUST_LOG": LOG}

    def _words(self, brief: Brief, folder: str, tools: bool) -> Sequence[str]:
        return (*self._command(self._fence, brief.system, folder, tools), "-")

    def _command(self, fence: Sequence[str], system: str, folder: str, tools: bool) -> Sequence[str]:
        instructions, catalog = Path(folder, "instructions"), Path(folder, "models.json")
        instructions.write_text(system, errors="replace")
        catalog.write_text(self._catalog)
        words = [self._program, "exec", "--json", "--skip-git-repo-check", "--ephemeral"]
        words += ["--ignore-user-config", "--ignore-rules", "-s", "read-only"]
        for key, own in {**self._own, **({"model": self.model} if self.model else {})}.items():
            words += setting(key, own)
        words += fence
        words += [*setting("model_instructions_file", str(instructions)), *setting("model_catalog_json", str(catalog))]
        if tools:
            program, *pipe = cli_voice.server_command(folder)
            values = {"command": program, "args": pipe, "required": True, "default_tools_approval_mode": "approve"}
            for key, value in values.items():
                words += setting(f"mcp_servers.coord.{key}", value)
        return words

    async def _prepared(self) -> None:
        async with self._lock:
            if self._fence:
                return
            with tempfile.TemporaryDirectory(prefix="coord-voice-") as folder:
                self._own = codex_fence.own_settings(os.environ)
                if "model_provider" not in self._own:
                    await self._ask(folder, "login", "status", trouble=_LOGIN)
                self._catalog = await self._models(folder)
                fence = tuple(codex_fence.settings(await self._ask(folder, "features", "list", trouble=_OLD)))
                await self._look(folder, fence)
                self._fence = fence

    async def _models(self, folder: str) -> str:
        printed = await self._ask(folder, "debug", "models", "--bundled", trouble=_OLD)
        try:
            return codex_fence.catalog(printed, self.model or str(self._own.get("model") or ""))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise _OLD from error

    async def _ask(self, folder: str, *words: str, trouble: Troubled) -> str:
        """What it says of itself. Raises `trouble` where it says that it can't."""
        async with cli_voice.started(self.title, (self._program, *words), folder, {}) as process:
            try:
                said, _ = await asyncio.wait_for(process.communicate(b""), _LONGEST)
            except TimeoutError:
                raise _OLD from None
            if process.returncode:
                raise trouble
        return said.decode("utf-8", "replace")

    async def _look(self, folder: str, fence: tuple[str, ...]) -> None:
        """See which tools it would offer. Raises Troubled where one is not ours."""

        async def call(name: str, values: Mapping[str, Any]) -> Called:
            return Called("nothing is carried out here", failed=True)

        listener = codex_fence.Listener()
        service = await asyncio.start_server(listener.attend, "127.0.0.1", 0)
        port = service.sockets[0].getsockname()[1]
        words = (*self._command(fence, _GREETING, folder, tools=True), *codex_fence.listened_to(port), "-")
        async with (
            service,
            await cli_voice.serving(ToolServer(call), folder),
            cli_voice.started(self.title, words, folder, {"NO_PROXY": "127.0.0.1"}) as process,
        ):
            await cli_voice.say(process, _GREETING)
            try:
                async with asyncio.timeout(_LONGEST):
                    ended = asyncio.create_task(process.wait())
                    await asyncio.wait((ended, listener.heard), return_when=asyncio.FIRST_COMPLETED)
            except TimeoutError:
                raise _OLD from None
        if not listener.heard.done():
            raise _OLD
        codex_fence.check(listener.heard.result())


_LOGIN = Troubled("wrong_key", "Codex is not logged in: run `codex login`")
_OLD = Troubled("other", "this version of Codex can't be kept to the coordinator's tools: it is not used as a voice")


def found() -> str:
    """Where Codex is; empty where it is not installed."""
    return shutil.which(PROGRAM) or ""
