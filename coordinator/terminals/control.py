"""One control-mode client: tells at once which panes have changed, and reads them without starting a process.

An accelerator, never the only way: it may end, wedge or misunderstand at any time, and then says so by `ControlLost`.
What panes print is taken for a hint that they changed and otherwise thrown away unread.
"""

import itertools
import os
import re
import subprocess
import time
from collections import deque
from collections.abc import Collection, Sequence

from coordinator.errors import CoordError
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.pane_screen import Screen
from coordinator.terminals.capture import HEADER, OPTIONS, Header, parse_header

if TYPE_CHECKING:
    from coordinator.terminals.server import Terminals

_READ = 262_144
_LINE_LIMIT = 16_000_000
_PAUSE_AFTER = 1
"""Seconds behind after which tmux stops sending a pane's output to us: the server must not hoard it."""
_ANSWER_BOUND = 2.0
"""Seconds an answer may take before the client counts as wedged."""
_CLOSE_BOUND = 1.0


class ControlLost(CoordError):
    """The control client is of no more use."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A pane has printed something."""

    pane: str
    size: int
    """Bytes of the notice: how much it printed."""


@dataclass(frozen=True, slots=True)
class Paused:
    """A pane's output isn't told any more, by our wish or because we were slow; `resume` ends it."""

    pane: str


@dataclass(frozen=True, slots=True)
class Resized:
    """Some window has another size or layout."""


@dataclass(frozen=True, slots=True)
class WindowsChanged:
    """A window was opened, closed or renamed."""


@dataclass(frozen=True, slots=True)
class Read:
    """The answer to `read`: a pane's screen, or None when the pane is gone."""

    pane: str
    screen: Screen | None


Notice = Changed | Paused | Resized | WindowsChanged | Read

_serial = itertools.count(1)
_WINDOW_NOTICES = (b"%window-add", b"%window-close", b"%unlinked-window", b"%window-renamed")
_BEGIN = regex.compile(rb"%begin ([0-9]+ [0-9]+) ([0-9]+)")
_ESCAPE = regex.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_LETTERS = {b"t": b"\t", b"n": b"\n", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"v": b"\v", b"f": b"\f", b"s": b" "}


class _Reading:
    """A request for one pane: four commands on one line, hence four answers; the first that fails ends them."""

    ANSWERS = 4
    BODY = 2

    def __init__(self, pane: str) -> None:
        self.pane = pane
        self.answered = 0
        self.header: Header | None = None
        self.screen: Screen | None = None

    def literal_lines(self) -> int:
        """Lines of the next answer that are a pane's text, whatever they look like."""
        return self.header.height if self.answered == self.BODY and self.header else 0

    def take(self, ok: bool, lines: list[bytes]) -> bool:
        """Take an answer; True when it was the last one."""
        if not ok:
            return True
        if self.answered == 0:
            self.header = parse_header(lines[0])
        elif self.answered == self.BODY and self.header:
            self.screen = self.header.screen(unescape(b"\n".join(lines[: self.header.height])))
        self.answered += 1
        return self.answered == self.ANSWERS


class _Order:
    """A command whose answer doesn't matter."""

    def literal_lines(self) -> int:
        return 0

    def take(self, ok: bool, lines: list[bytes]) -> bool:
        return True


class Protocol:
    """The text of a control-mode client, turned into notices. Pure: bytes in, notices out."""

    def __init__(self, session: str) -> None:
        self._session = session.encode()
        self._asked: deque[_Reading | _Order] = deque()
        self._partial = b""
        self._block: list[bytes] | None = None
        self._ends: tuple[bytes, bytes] = (b"", b"")
        self._ours = False
        self._literal = 0

    def asked(self, request: _Reading | _Order) -> None:
        self._asked.append(request)

    @property
    def waiting(self) -> bool:
        """Tell whether an answer is still due."""
        return bool(self._asked)

    def feed(self, data: bytes) -> list[Notice]:
        """Take what tmux wrote; ControlLost when it ends or can't be understood."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > _LINE_LIMIT:
            raise ControlLost("tmux sent a line without end")
        notices: list[Notice] = []
        try:
            for line in lines:
                notice = self._line(line) if self._block is None else self._block_line(line)
                if notice is not None:
                    notices.append(notice)
        except (ValueError, IndexError) as error:
            raise ControlLost(f"tmux said what can't be understood: {error}") from error
        return notices

    def _block_line(self, line: bytes) -> Notice | None:
        assert self._block is not None
        if self._literal > 0:
            self._literal -= 1
        elif line in self._ends:
            block, self._block = self._block, None
            return self._answer(line == self._ends[0], block) if self._ours else None
        self._block.append(line)
        return None

    def _answer(self, ok: bool, lines: list[bytes]) -> Notice | None:
        request = self._asked[0]
        if not request.take(ok, lines):
            return None
        self._asked.popleft()
        return Read(request.pane, request.screen) if isinstance(request, _Reading) else None

    def _line(self, line: bytes) -> Notice | None:
        if line.startswith((b"%output ", b"%extended-output ")):
            return Changed(line[:48].split(b" ", 2)[1].decode(), len(line))
        if begin := _BEGIN.fullmatch(line):
            self._begin(begin[1], begin[2])
        elif line.startswith(b"%pause "):
            return Paused(line[7:].decode())
        elif line.startswith(_WINDOW_NOTICES):
            return WindowsChanged()
        elif line.startswith(b"%layout-change "):
            return Resized()
        elif line.startswith(b"%exit"):
            raise ControlLost("tmux ended the control client")
        elif line.startswith(b"%session-changed ") and line.split(b" ", 2)[2] != self._session:
            raise ControlLost("somebody moved the control client to another session")
        return None

    def _begin(self, stamp: bytes, flags: bytes) -> None:
        self._block = []
        self._ours = flags == b"1"
        self._ends = (b"%%end %s %s" % (stamp, flags), b"%%error %s %s" % (stamp, flags))
        if self._ours and not self._asked:
            raise ControlLost("tmux answered what nobody asked")
        self._literal = self._asked[0].literal_lines() if self._ours else 0


def unescape(text: bytes) -> bytes:
    """Undo what control mode does to a buffer's text: `\\ooo` for control characters, a doubled backslash."""
    if b"\\" not in text:
        return text
    if b"\\\\" not in text:
        text = text.replace(b"\\033", b"\x1b").replace(b"\\016", b"\x0e").replace(b"\\017", b"\x0f")
        if b"\\" not in text:
            return text
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(match: re.Match[bytes]) -> bytes:
    what = match[1]
    if len(what) == 3:
        return bytes((int(what, 8) & 0xFF,))
    return _LETTERS.get(what, what)


class ControlClient:
    """The process `tmux -C attach`, its size ignored, so that it never resizes a window."""

    def __init__(self, terminals: "Terminals") -> None:
        """Start it; ControlLost when it can't be started. Whether it got in shows at its first answer."""
        self._protocol = Protocol(terminals.session)
        self._buffer = f"coord-feed-{os.getpid()}-{next(_serial)}"
        self._asked_at = 0.0
        flags = f"ignore-size,pause-after={_PAUSE_AFTER}"
        words = ["-u", "-L", terminals.socket_name, "-C", "attach-session", "-t", f"={terminals.session}", "-f", flags]
        try:
            self._process = subprocess.Popen(
                [terminals.tmux_bin, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,  # Ctrl-C and Ctrl-Z of the terminal are not for it
            )
        except OSError as error:
            raise ControlLost(f"tmux can't be started: {error}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input = self._process.stdin.fileno()
        self._output = self._process.stdout.fileno()
        os.set_blocking(self._input, False)
        os.set_blocking(self._output, False)

    def fileno(self) -> int:
        """Readable when `notices` has something."""
        return self._output

    @property
    def deadline(self) -> float | None:
        """The moment (monotonic) by which an answer must have come; None while nothing is asked."""
        return self._asked_at + _ANSWER_BOUND if self._protocol.waiting else None

    def notices(self) -> list[Notice]:
        """Take what has arrived, without waiting; ControlLost at the end, and when an answer is overdue."""
        deadline = self.deadline
        if deadline is not None and time.monotonic() > deadline:
            raise ControlLost("tmux doesn't answer")
        try:
            data = os.read(self._output, _READ)
        except BlockingIOError:
            return []
        except OSError as error:
            raise ControlLost(f"reading from tmux: {error}") from error
        if not data:
            raise ControlLost("the control client has ended")
        return self._protocol.feed(data)

    def read(self, panes: Collection[str]) -> None:
        """Ask for screens; each comes as a `Read` notice, in this order."""
        requests: list[_Reading | _Order] = []
        text = ""
        name = self._buffer
        for pane in panes:
            text += (
                f'display-message -p -t {pane} "{HEADER}" ; capture-pane {" ".join(OPTIONS)} -b {name} -t {pane} ; '
                f"show-buffer -b {name} ; delete-buffer -b {name}\n"  # capture-pane -p would leak here: tmux issue 4590
            )
            requests.append(_Reading(pane))
        self._send(text, requests)

    def pause(self, panes: Collection[str]) -> None:
        """Be told nothing more of these panes; the programs in them go on undisturbed."""
        self._set_state(panes, "pause")

    def resume(self, panes: Collection[str]) -> None:
        """Be told of these panes again, from now on."""
        self._set_state(panes, "continue")

    def _set_state(self, panes: Collection[str], state: str) -> None:
        text = "".join(f"refresh-client -A '{pane}:{state}'\n" for pane in panes)
        self._send(text, [_Order() for _ in panes])

    def _send(self, text: str, requests: Sequence[_Reading | _Order]) -> None:
        if not self._protocol.waiting:
            self._asked_at = time.monotonic()
        for request in requests:
            self._protocol.asked(request)
        data = text.encode()
        try:
            sent = os.write(self._input, data) if data else 0
        except OSError as error:  # also when it would block: 64 KB of unread commands are a wedge
            raise ControlLost(f"writing to tmux: {error}") from error
        if sent != len(data):
            raise ControlLost("tmux doesn't read what it is asked")

    def close(self) -> None:
        """End the client, and wait for its end within a bound."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.terminate()
        try:
            self._process.wait(_CLOSE_BOUND)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
