"""A voice by an agent CLI that is logged in already, without an API key: headless, with coord's tools and no other.

Each turn is a run of its own, in an empty folder and in a process group that is gone at its end.
"""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from coordinator.assistant.quoting import quoted
from coordinator.assistant.tool_server import LONGEST_LINE, ToolServer, carry_out
from coordinator.assistant.tools import Called, Tools
from coordinator.assistant.voice import Brief, Tell, Troubled
from coordinator.lazy.typing import Any, Protocol
from coordinator.model.conversation import Message, Tool
from coordinator.processes.interpreter import module_command

_PATIENCE = 0.3
"""Seconds in which it may end by itself when it is asked to; who ends the voice waits no longer than a second."""


class Stream(Protocol):
    """Reads what the CLI tells of one run."""

    ended: bool
    """It told that the run is over."""

    def read(self, text: str) -> Iterable[Message]:
        """What a line says, for the engineer. Raises Troubled; what is no message says nothing."""
        ...

    def left(self) -> Iterable[Message]:
        """What is still to be told of a run that was cut off."""
        ...


class CliVoice:
    """Implements `coordinator.assistant.voice.Voice`; what differs from CLI to CLI is for those that derive from it."""

    name = ""
    title = ""
    """The CLI, for people."""
    logs = False
    """What it says on standard error is read too, by the same stream."""
    linger = 0.0
    """Seconds in which it may still tell what the request used that brought up a card; it is told nothing meanwhile."""

    def __init__(self, model: str, program: str) -> None:
        """`model`: empty for the CLI's own choice."""
        self.model = model
        self._program = program

    def _words(self, brief: Brief, folder: str, tools: bool) -> Sequence[str]:
        """The command line of a run."""
        raise NotImplementedError

    def _stream(self) -> Stream:
        raise NotImplementedError

    def _environ(self) -> Mapping[str, str]:
        """What the CLI is given besides the environment."""
        return {}

    async def _prepared(self) -> None:
        """Do what has to be done before the first run. Raises Troubled."""

    async def warm_up(self) -> None:
        with suppress(Troubled):  # the first turn says so
            await self._prepared()

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
                await asyncio.sleep(2 * self.linger)
            return called

        brief.may_spend()
        await self._prepared()
        with tempfile.TemporaryDirectory(prefix="coord-voice-") as folder:
            async with await serving(ToolServer(call), folder):
                await self._run(brief, folder, tell, over, tools=True)
        if trouble:
            raise trouble[0]

    async def draft(self, brief: Brief, tell: Tell) -> None:
        """Write a text, with no tool at all."""
        brief.may_spend()
        await self._prepared()
        with tempfile.TemporaryDirectory(prefix="coord-voice-") as folder:
            await self._run(brief, folder, tell, asyncio.Event(), tools=False)

    async def _run(self, brief: Brief, folder: str, tell: Tell, over: asyncio.Event, *, tools: bool) -> None:
        """One run of the CLI, until it ends or `over` is set. Raises Troubled."""
        stream = self._stream()
        words = self._words(brief, folder, tools)
        async with started(self.title, words, folder, self._environ(), logs=self.logs) as process:
            await say(process, _told(brief))
            reading = asyncio.create_task(_read_all(process, stream, tell))
            ending = asyncio.create_task(over.wait())
            try:
                await asyncio.wait((reading, ending), return_when=asyncio.FIRST_COMPLETED)
                if self.linger:
                    await asyncio.wait((reading,), timeout=self.linger)
                if reading.done():
                    reading.result()
            finally:
                ending.cancel()
                reading.cancel()
                for message in stream.left():
                    tell(message)
        if not stream.ended and not over.is_set():
            raise Troubled("dropped", f"{self.title} ended in the middle of the answer; retry sends the same again")


async def serving(server: ToolServer, folder: str) -> asyncio.Server:
    """Offer tools to the CLI that runs in this folder."""
    return await asyncio.start_unix_server(server.attend, os.path.join(folder, "tools"), limit=LONGEST_LINE)


def server_command(folder: str) -> Sequence[str]:
    """What the CLI starts to get at the tools of the folder."""
    return module_command("coordinator.assistant.tool_pipe", os.path.join(folder, "tools"))


@asynccontextmanager
async def started(
    title: str, words: Sequence[str], folder: str, environ: Mapping[str, str], *, logs: bool = False
) -> "AsyncIterator[asyncio.subprocess.Process]":
    """The CLI in an empty place of the folder and a group of its own, which is gone at the end.

    `logs`: its standard error is to be read. Raises Troubled where it can't be started.
    """
    place = Path(folder, "here")
    place.mkdir(exist_ok=True)
    given = {key: value for key, value in os.environ.items() if not key.startswith("COORD_")}
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            cwd=place,
            env={**given, **environ},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE if logs else asyncio.subprocess.DEVNULL,
            limit=LONGEST_LINE,
            start_new_session=True,
        )
    except OSError as error:
        raise Troubled("other", f"{title} can't be started: {error.strerror}") from error
    try:
        yield process
    finally:
        await _ended(process)


async def say(process: "asyncio.subprocess.Process", text: str) -> None:
    """Give it all that it is told."""
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.write(text.encode("utf-8", "replace"))
        process.stdin.close()


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


async def _read_all(process: "asyncio.subprocess.Process", stream: Stream, tell: Tell) -> None:
    outs = [out for out in (process.stdout, process.stderr) if out is not None]
    await asyncio.gather(*(_read(out, stream, tell) for out in outs))


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
