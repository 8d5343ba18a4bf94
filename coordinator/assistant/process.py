"""The process of the voice: what is said to it comes in by standard input, what it says goes out by standard output."""

import asyncio
import getpass
import os
import sys
import threading
from contextlib import suppress

from coordinator.assistant.talk import Talk
from coordinator.assistant.voices import Chosen, choose
from coordinator.client.chat_files import ChatFiles
from coordinator.client.opening import open_project
from coordinator.client.reading import Reading
from coordinator.errors import CoordError, UsageError
from coordinator.model.conversation import (
    MOST,
    Close,
    Decided,
    Draft,
    Drafted,
    Message,
    Ready,
    Retry,
    Say,
    Trouble,
    TurnEnd,
    line_of,
    to_voice,
)


def main(argv: list[str]) -> int:
    """Answer until standard input ends, or `close`. Each message is a line of JSON."""
    folder = argv[1] if len(argv) == 2 and argv[0] == "-C" else os.getcwd()
    with suppress(KeyboardInterrupt, BrokenPipeError):
        asyncio.run(_serve(folder))
    return 0


async def _serve(folder: str) -> None:
    heard: asyncio.Queue[Message | None] = asyncio.Queue()
    try:
        project = open_project(folder)
        reading = Reading(project)
        chosen = choose(reading.settings(), reading.root)
    except CoordError as error:
        await _explain(heard, " ".join(part for part in (error.message, error.remedy) if part))
        return
    if chosen.voice is None:
        await _explain(heard, chosen.missing)
        return
    await _converse(heard, chosen, reading, ChatFiles(project))
    reading.close()


async def _converse(heard: "asyncio.Queue[Message | None]", chosen: Chosen, reading: Reading, files: ChatFiles) -> None:
    voice = chosen.voice
    assert voice is not None
    talk = Talk(voice, reading, files, _tell, _engineer())
    talk.begin()
    _tell(Ready(voice.name, voice.model, chosen.missing))
    _listen(heard)
    warming = asyncio.create_task(voice.warm_up())
    while (message := await heard.get()) is not None and not isinstance(message, Close):
        await talk.hear(message)
    warming.cancel()
    await talk.close()


async def _explain(heard: "asyncio.Queue[Message | None]", missing: str) -> None:
    """Nobody speaks: whatever is said is answered with what is missing."""
    _tell(Ready("none", missing=missing))
    _listen(heard)
    while (message := await heard.get()) is not None and not isinstance(message, Close):
        if isinstance(message, Say | Retry | Decided | Draft):
            _tell(Trouble("no_key", missing))
            _tell(Drafted(message.id, done=True) if isinstance(message, Draft) else TurnEnd("error"))


def _tell(message: Message) -> None:
    sys.stdout.write(line_of(message))
    sys.stdout.flush()


def _listen(heard: "asyncio.Queue[Message | None]") -> None:
    """Put what comes in into a queue, from a thread that nobody waits for; None at its end."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        while line := sys.stdin.readline(MOST + 1):
            try:
                message: Message | None = to_voice(line)
            except UsageError as error:
                print(error.message, file=sys.stderr)
                continue
            loop.call_soon_threadsafe(heard.put_nowait, message)
        loop.call_soon_threadsafe(heard.put_nowait, None)

    def until_closed() -> None:
        with suppress(RuntimeError):  # the loop has ended first
            read()

    threading.Thread(target=until_closed, daemon=True).start()


def _engineer() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "engineer"
