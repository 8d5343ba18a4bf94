"""One private tmux server per project: windows for agents, their screens, and text for them.

Nothing untrusted ever becomes a tmux format or a tmux command: windows are named by us, marks are stored as one JSON
option by a plain `set-option`, directories are entered by the started process itself, text travels in buffers.
"""

import contextlib
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence

from coordinator.lazy import regex
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.processes import quick
from coordinator.terminals.errors import ServerLost, TerminalError
from coordinator.terminals.listing import MARK, ROW, SIZE, WINDOW_ID, Window, parse_row

if TYPE_CHECKING:
    import libtmux

_START_BOUND = 5.0
"""Seconds to get a server up: right after another one ended on the same socket, tmux refuses for a moment."""
_COMMAND_BOUND = 20.0
"""Seconds one tmux command may take before the server counts as wedged."""
_MOST_WAKES = 20
"""Times that tmux is reminded of an ended program without a status before it counts as unknown for good."""

_SAFE_NAME = regex.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SESSION_ID = regex.compile(r"\$[0-9]+")
_PANE_ID = regex.compile(r"%[0-9]+")
_LOST = ("server exited", "lost server")
NO_SERVER = ("no server running", "error connecting", *_LOST)
NO_SESSION = ("can't find session", "can't find window", "no current session", "no current target")

_STRAY = {"COORD_AGENT": "unknown", "COORD_ROLE": ""}
"""What a program is taken for that not coord has the server start: by `new-window`, `run-shell`, `if-shell`."""
_OWN = "coord"
"""What the name of a server's socket begins with that the engineer has not given, who may work there too."""
_SETTINGS: tuple[tuple[str, ...], ...] = (
    ("-s", "escape-time", "10"),
    ("-s", "focus-events", "on"),
    ("-s", "set-clipboard", "off"),  # an agent's output must not write the engineer's clipboard
    ("-as", "terminal-features", ",*:RGB"),
    ("-g", "default-size", f"{SIZE[0]}x{SIZE[1]}"),
    ("-g", "history-limit", "5000"),
    ("-g", "mouse", "on"),
    ("-g", "status-interval", "0"),
    ("-g", "status-left-length", "40"),
    ("-g", "status-left", " coord · F12 or C-b d goes back · "),
    ("-g", "status-right", ""),
    ("-gw", "automatic-rename", "off"),
    ("-gw", "allow-rename", "off"),
    ("-gw", "remain-on-exit", "on"),
    ("-gqw", "remain-on-exit-format", ""),  # the line "Pane is dead" would push out the first row of the last screen
    ("-gw", "window-status-format", "#I:#W#{?pane_dead, ended,}"),
    ("-gw", "window-status-current-format", "#I:#W#{?pane_dead, ended,}*"),
    ("-gqw", "allow-passthrough", "off"),
)
HOME_TEXT = "coord keeps this window so that the session outlives its agents."
_HOME = ("sh", "-c", f"stty -echo 2>/dev/null; echo '{HOME_TEXT}'; exec cat >/dev/null")
_ENTER = 'cd -- "$1" || exit 126; shift; exec "$@"'
"""Run by sh: tmux would execute `#(...)` in the value of its own `-c`."""


class Terminals:
    """The tmux server of one project, by socket name, and the session in it that holds all agents."""

    def __init__(self, socket_name: str, session: str, tmux_bin: str = "tmux") -> None:
        for name in (socket_name, session):
            _check(_SAFE_NAME, name, "name")
        self.socket_name = socket_name
        self.session = session
        self.tmux_bin = tmux_bin
        self._server: libtmux.Server | None = None
        self._wakes: dict[str, int] = {}

    # -- the session ---------------------------------------------------------------------------------------------

    def ensure_session(self) -> None:
        """Make the session unless it is there; safe to call from several processes at once.

        Raises TerminalError when no tmux is installed or none comes up within the bound.
        """
        deadline = time.monotonic() + _START_BOUND
        pause = 0.005
        while True:
            if self.alive():
                return
            try:
                self.run(*self._creation(), clean=True)
                return
            except TerminalError as error:
                if "duplicate session" in error.message:
                    return
                if not _any_in(NO_SERVER, error.message) or time.monotonic() > deadline:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, 0.1)

    def alive(self) -> bool:
        """Tell whether the session exists."""
        try:
            self.run("has-session", "-t", f"={self.session}")
        except TerminalError as error:
            if _any_in(NO_SERVER + NO_SESSION, error.message):
                return False
            raise
        return True

    def is_attached(self) -> bool:
        """Tell whether a person looks at the session."""
        try:
            return bool(self.run("list-clients", "-t", f"={self.session}", "-F", "#{client_name}").strip())
        except TerminalError as error:
            if _any_in(NO_SERVER + NO_SESSION, error.message):
                return False
            raise

    def _creation(self) -> list[str]:
        words = ["start-server"]
        for setting in _SETTINGS:
            words += [";", "set-option", *setting]
        words += [";", "bind-key", "-n", "F12", "detach-client"]
        size = ("-x", str(SIZE[0]), "-y", str(SIZE[1]))
        words += [";", "new-session", "-d", "-s", self.session, "-n", "home", *size, *_HOME]
        for name, value in _STRAY.items():
            words += [";", "set-environment", "-t", f"={self.session}:", name, value]
            if self.socket_name.startswith(
                _OWN
            ):  # sessions that are made beside ours, on a server that is for agents alone
                words += [";", "set-environment", "-g", name, value]
        return words

    # -- windows -------------------------------------------------------------------------------------------------

    def open_window(
        self,
        argv: Sequence[str],
        *,
        cwd: str | os.PathLike[str],
        name: str,
        env: Mapping[str, str],
        mark: Mapping[str, str],
        size: tuple[int, int] | None = None,
        once: bool = False,
        stays: bool = True,
    ) -> Window:
        """Start `argv` in a new window and return it; whoever is attached keeps looking at what they look at.

        The window and its mark arrive at the server as one message: a caller killed at any moment leaves a fully
        marked window or none. `name` is letters, digits, `-` and `_`; everything else may hold any text. A `PATH` in
        `env` does not reach the program: set it in what you launch. `size` (columns, rows) pins the window to a size;
        None follows the session. Unless it `stays`, the window closes when its program ends. Raises TerminalError, also
        when the message is larger than tmux takes (16 KB); with `once` ServerLost when the server goes down meanwhile:
        the program may have begun, else it is started again.
        """
        _check(_SAFE_NAME, name, "window name")
        words = ["new-window", "-d", "-a", "-t", f"={self.session}:{{end}}", "-n", name, "-P"]
        words += ["-F", "#{window_id} #{pane_id} #{pane_pid} #{pane_width} #{pane_height} #{pid}"]
        for key, value in {**dict.fromkeys(_STRAY, ""), **env}.items():
            words += ["-e", literal(f"{key}={value}")]
        words += ["sh", "-c", _ENTER, "sh", literal(os.fspath(cwd)), *map(literal, argv)]
        end = f"={self.session}:{{end}}"
        words += [";", "set-option", "-w", "-t", end, MARK, json.dumps(dict(mark))]
        if not stays:
            words += [";", "set-option", "-w", "-t", end, "remain-on-exit", "off"]
        if size is not None:
            words += [";", "resize-window", "-t", end, "-x", str(size[0]), "-y", str(size[1])]
        window, pane, pid, *inherited, server = self._open(words, once).split()
        width, height = size or (int(inherited[0]), int(inherited[1]))
        return Window(window, pane, name, dict(mark), int(pid), width=width, height=height, server=int(server))

    def _open(self, words: list[str], once: bool) -> str:
        deadline = time.monotonic() + _START_BOUND
        while True:
            try:
                return self.run(*words).decode()
            except TerminalError as error:
                lost = once and isinstance(error, ServerLost)
                if lost or not _any_in(NO_SERVER + NO_SESSION, error.message) or time.monotonic() > deadline:
                    raise
            self.ensure_session()

    def process(self) -> int:
        """The server's process; 0 when there is none."""
        try:
            return int(self.run("display-message", "-p", "#{pid}"))
        except TerminalError as error:
            if _any_in(NO_SERVER + NO_SESSION, error.message):
                return 0
            raise

    def windows(self) -> list[Window]:
        """List the session's windows by one call of a few milliseconds; empty when there is no server."""
        try:
            listing = self.run("list-panes", "-s", "-t", f"={self.session}", "-F", ROW)
        except TerminalError as error:
            if _any_in(NO_SERVER + NO_SESSION, error.message):
                return []
            raise
        found: dict[str, Window] = {}
        for line in listing.decode("utf-8", "replace").split("\n"):
            window = parse_row(line)
            if window and (window.id not in found or int(window.pane[1:]) < int(found[window.id].pane[1:])):
                found[window.id] = window  # a person may have split it: the pane we opened is the oldest
        self._wake_reaper([window.id for window in found.values() if window.dead and window.dead_status is None])
        return list(found.values())

    def _wake_reaper(self, windows: list[str]) -> None:
        """Have tmux end a child of its own: it then sees also those whose end it missed, and learns their status.

        Without that the status of one in six ended programs never came (tmux 3.3a); a later listing has it.
        """
        hopeful = [window for window in windows if self._wakes.get(window, 0) < _MOST_WAKES]
        self._wakes = {window: self._wakes.get(window, 0) + 1 for window in windows}
        if hopeful:
            with contextlib.suppress(TerminalError):
                self.run("run-shell", "-b", "true")

    def kill_window(self, window_id: str) -> bool:
        """Close a window, with a hang-up for what runs in it; False when it was gone already.

        Processes that ignore the hang-up live on: end them by `processes.terminate` first.
        """
        _check(WINDOW_ID, window_id, "window id")
        try:
            self.run("kill-window", "-t", window_id)
        except TerminalError as error:
            if _any_in(NO_SERVER + NO_SESSION, error.message):
                return False
            raise
        return True

    # -- screens and text ----------------------------------------------------------------------------------------

    def capture(self, pane: str, history: int = 0) -> str:
        """Return what a pane shows, one line a row, colours as SGR sequences, `history` lines of scrollback first.

        Untrusted: give it to `screen.parse`, never to a terminal. Raises TerminalError when the pane is gone.
        """
        _check(_PANE_ID, pane, "pane id")
        start = ("-S", str(-history)) if history > 0 else ()
        return self.run("capture-pane", "-e", "-p", *start, "-t", pane).decode("utf-8", "replace")

    def send_text(self, pane: str, text: str, look: Callable[[], None] = lambda: None) -> bool:
        """Paste text into a pane's program and press Enter once it shows, unless `look` raises; see `paste.deliver`."""
        from coordinator.terminals.paste import deliver

        _check(_PANE_ID, pane, "pane id")
        return deliver(self.run, pane, text, look)

    def send_key(self, pane: str, key: str) -> None:
        """Press one key, by tmux's name of it (`Enter`, `Escape`, `C-c`) or as a character."""
        _check(_PANE_ID, pane, "pane id")
        self.run("send-keys", "-t", pane, "--", literal(key))

    # -- people --------------------------------------------------------------------------------------------------

    def attach_command(self, window_id: str, session_id: str = "") -> list[str]:
        """Build the command that attaches this terminal to a window; C-b d or F12 comes back.

        `session_id`, such as `$2`: the session that it is in, where that is not our own.
        """
        target = self._target(window_id, session_id)
        return [self.tmux_bin, "-L", self.socket_name, "attach-session", "-t", target]

    def switch_client(self, window_id: str, session_id: str = "") -> None:
        """Bring the person who uses this server to a window: the way to attach from inside.

        Raises TerminalError when nobody is attached.
        """
        target = self._target(window_id, session_id)
        listing = self.run("list-clients", "-F", "#{client_control_mode} #{client_activity} #{client_name}")
        clients = [line.split(" ", 2) for line in listing.decode("utf-8", "replace").splitlines()]
        people = [(int(activity), name) for control, activity, name in clients if control == "0"]
        if not people:
            raise TerminalError("nobody is attached to this project's tmux server", "run coord attach in a terminal")
        self.run("switch-client", "-c", max(people)[1], "-t", target)

    def _target(self, window_id: str, session_id: str) -> str:
        _check(WINDOW_ID, window_id, "window id")
        if session_id:
            _check(_SESSION_ID, session_id, "session id")
        return f"{session_id or f'={self.session}'}:{window_id}"

    def inside_same_server(self, environ: Mapping[str, str] = os.environ) -> bool:
        """Tell whether a process with this environment runs in a pane of this very server."""
        ours = environ.get("TMUX", "").split(",")[0]
        return bool(ours) and os.path.realpath(ours) == os.path.realpath(self.socket_path)

    @property
    def socket_path(self) -> str:
        """Where tmux puts the socket of this name."""
        folder = os.environ.get("TMUX_TMPDIR") or "/tmp"
        return os.path.join(os.path.realpath(folder), f"tmux-{os.getuid()}", self.socket_name)

    # -- one way to tmux ----------------------------------------------------------------------------------------

    @property
    def server(self) -> "libtmux.Server":
        """The server as libtmux sees it, for whoever wants its objects: coord itself goes by `run`."""
        if self._server is None:
            import libtmux

            self._server = libtmux.Server(socket_name=self.socket_name, config_file=os.devnull, tmux_bin=self._binary())
        return self._server

    def run(self, *words: str, stdin: bytes = b"", clean: bool = False) -> bytes:
        """Run tmux commands as one message and return the bytes they print.

        All of coord comes through here: no import of libtmux (65 ms, more than a short command takes), raw bytes,
        standard input. `clean` hides an agent's identity from a server that starts by it. Raises TerminalError.
        """
        environ = {k: v for k, v in os.environ.items() if not k.startswith("COORD_")} if clean else None
        return ask(self.tmux_bin, ("-L", self.socket_name, "-f", os.devnull), words, stdin, environ)

    def _binary(self) -> str:
        import shutil

        path = shutil.which(self.tmux_bin)
        if path is None:
            raise _not_installed(self.tmux_bin)
        return path


def ask(
    tmux_bin: str, server: Sequence[str], words: Sequence[str], stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> bytes:
    """Run tmux commands on the server that these words name, and return the bytes they print. Raises TerminalError."""
    try:
        code, printed, errors = quick.run([tmux_bin, "-u", *server, *words], stdin=stdin, bound=_COMMAND_BOUND, env=env)
    except FileNotFoundError:
        raise _not_installed(tmux_bin) from None
    except quick.TooLong:
        raise TerminalError(
            f"tmux did not answer to {words[0]} within {_COMMAND_BOUND:g} s", f"look at tmux {' '.join(server[:2])}"
        ) from None
    if code:
        raise _failure(errors.decode("utf-8", "replace").strip(), words[0])
    return printed


def literal(word: str) -> str:
    """Quote a word so that tmux takes it as it is: a `;` at its end would separate commands.

    Raises TerminalError for a NUL, which no argument can hold.
    """
    if "\0" in word:
        raise TerminalError("a NUL character can't be passed to a program", "take it out")
    return f"{word[:-1]}\\;" if word.endswith(";") else word


def _not_installed(tmux_bin: str) -> TerminalError:
    return TerminalError(f"{tmux_bin} is not installed", "install tmux 3.2 or newer")


def _failure(said: str, command: str) -> TerminalError:
    message = f"tmux {command}: {said or 'failed without a word'}"
    if _any_in(_LOST, said):
        return ServerLost(message, "try again: that starts another one")
    return TerminalError(message, "is the window still there? coord agents")


def _check(pattern: re.Pattern[str], value: str, what: str) -> None:
    if not pattern.fullmatch(value):
        raise TerminalError(f"{value!r} is no {what}", "this is a fault of coord: report it")


def _any_in(needles: Sequence[str], text: str) -> bool:
    return any(needle in text for needle in needles)
