"""The coordinator's voice as a process: started, fed and ended here; what it says is heard in a thread.

It can't write, and what it says is untrusted: it proposes, and whoever shows it plans, asks and applies.
"""

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import SimpleQueue

from coordinator.errors import UsageError
from coordinator.lazy.dataclass import dataclass
from coordinator.model.conversation import (
    MOST,
    Close,
    Decided,
    Message,
    Retry,
    Say,
    Text,
    Trouble,
    TurnEnd,
    from_voice,
    line_of,
)
from coordinator.model.text import plain
from coordinator.processes.interpreter import module_command

Heard = Callable[[Message], None]
"""Called from a thread with each message of the voice."""
_PART = 1 << 16
_PATIENCE = 1.0
"""Seconds that it gets to end by itself, and once more after it was told to."""


def voice_command(root: str) -> Sequence[str]:
    """The command line of the voice of a project."""
    return module_command("coordinator.assistant", "-C", root)


@dataclass(slots=True)
class _Running:
    process: "subprocess.Popen[bytes]"
    outbox: "SimpleQueue[bytes | None]"
    """Lines for it; None: there are no more."""


class Voice:
    """A conversation with the voice. Its process begins with the first word; after it has ended, with the next."""

    def __init__(self, root: str, heard: Heard, command: Sequence[str] | None = None) -> None:
        self._root, self._heard = root, heard
        self._command = command
        self._running: _Running | None = None
        self._said: Say | Decided | None = None
        """What the last turn began with."""
        self._closed = False

    def open(self) -> None:
        """Start it; it says `ready`."""
        if not self._closed and (self._running is None or self._running.process.poll() is not None):
            self._running = self._start()

    def tell(self, message: Message) -> None:
        """Say something to it. A `retry` to one that has ended starts it again, with the words of the last turn."""
        gone = self._running is None or self._running.process.poll() is not None
        if isinstance(message, Say | Decided):
            self._said = message
        elif isinstance(message, Retry) and gone and self._said is not None:
            message = self._said
        self.open()
        if self._running is not None:
            self._running.outbox.put(line_of(message).encode("utf-8", "replace"))

    def close(self) -> None:
        """End it, whatever it is at."""
        self._closed = True
        running, self._running = self._running, None
        if running is None:
            return
        running.outbox.put(line_of(Close()).encode())
        running.outbox.put(None)
        for end in (None, signal.SIGTERM, signal.SIGKILL):
            if end is not None:
                running.process.send_signal(end)
            with suppress(subprocess.TimeoutExpired):
                running.process.wait(_PATIENCE)
                return

    def _start(self) -> _Running | None:
        said = tempfile.TemporaryFile()  # noqa: SIM115  # closed by the thread that reads
        try:
            process = subprocess.Popen(
                self._command or voice_command(self._root),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                cwd=self._root,
                start_new_session=True,  # ctrl-c in a terminal is for the one who shows it
            )
        except OSError as error:
            said.close()
            self._heard(Trouble("other", f"the coordinator's voice can't be started: {error.strerror}"))
            self._heard(TurnEnd("error"))
            return None
        running = _Running(process, SimpleQueue())
        threading.Thread(target=_feed, args=(running,), daemon=True).start()
        threading.Thread(target=self._hear, args=(running, said), daemon=True).start()
        return running

    def _hear(self, running: _Running, said: "tempfile._TemporaryFileWrapper[bytes]") -> None:
        """Tell what it says until it ends; an end that nobody asked for is a trouble."""
        assert running.process.stdout is not None
        with said:
            for message in messages(running.process.stdout.fileno()):
                self._heard(message)
            running.process.stdout.close()
            running.process.wait()
            if not self._closed:
                said.seek(max(0, os.fstat(said.fileno()).st_size - _PART))
                last = said.read().decode("utf-8", "replace").strip().splitlines()[-1:]
                why = f": {plain(last[0])[:200]}" if last else ""
                self._heard(Trouble("dropped", f"the coordinator's voice has ended{why}"))
                self._heard(TurnEnd("error"))
        running.outbox.put(None)


def _feed(running: _Running) -> None:
    """Write what is put into the outbox; the one who puts it there never waits."""
    assert running.process.stdin is not None
    with suppress(OSError), running.process.stdin as pipe:  # it has ended: who reads tells of it
        while (line := running.outbox.get()) is not None:
            pipe.write(line)
            pipe.flush()


def messages(descriptor: int) -> Iterator[Message]:
    """What comes over a pipe until it is closed. Words that came together are told together."""
    rest = b""
    while part := os.read(descriptor, _PART):
        *lines, rest = (rest + part).split(b"\n")
        yield from _joined(_read(line) for line in lines if line.strip())
        if len(rest) > MOST * 4:
            rest = b""
            yield _read(b"")


def _read(line: bytes) -> Message:
    try:
        return from_voice(line.decode("utf-8", "replace"))
    except UsageError as error:
        return Trouble("other", error.message)


def _joined(heard: Iterator[Message]) -> Iterator[Message]:
    words: list[str] = []
    for message in heard:
        if isinstance(message, Text):
            words.append(message.delta)
            continue
        if words:
            yield Text("".join(words))
            words = []
        yield message
    if words:
        yield Text("".join(words))
