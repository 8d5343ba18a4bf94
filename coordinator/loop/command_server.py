"""The server of strict mode: agents can't write the log, so the loop runs their `coord` commands for them.

A command comes over a unix socket, whose peer the kernel names: each agent has a user of its own. It runs as a process
of its own, in the environment of the agent who has that user, whatever the peer says of itself. Which commands
an agent may use is decided where it always is: by who may write what. Only what makes no sense from within an agent, or
reads files of the caller's choosing with our rights, is not served.
"""

import codecs
import json
import os
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.eventlog.peers import working_folder
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import dataclass
from coordinator.loop.users import Users
from coordinator.model.event import SYSTEM, Draft
from coordinator.processes.interpreter import own_command
from coordinator.processes.local_socket import REQUEST_LIMIT, listen
from coordinator.processes.local_socket import peer as credentials
from coordinator.storage.paths import Layout

_PATIENCE = 20.0
"""Seconds in which a whole request has to be there."""
_MOST_EACH = 16
"""Connections of one agent at the same time, and of all that are no agent's together: nobody locks others out."""
_NOT_FOR_AGENTS = frozenset(
    ("init", "demo", "doctor", "attach", "loop", "chat", "run", "pipeline", "strict", "-C", "--version")
)


@dataclass(frozen=True, slots=True)
class _Guest:
    """Who is at the other end of a connection."""

    name: str
    """The agent; empty where it is none of this project's."""
    uid: int
    environ: Mapping[str, str]
    """What it was launched with; empty where it is no agent."""
    folder: str
    """Where it works."""


class CommandServer:
    """Serves one project's agents until it is closed."""

    def __init__(self, layout: Layout, users: Users) -> None:
        self._layout = layout
        self._users = users
        self._guests: Counter[str] = Counter()
        """Agent, or nothing for who is none → its open connections."""
        self._lock = threading.Lock()
        self._socket = _listen(layout.door)
        self._thread = threading.Thread(target=self._serve, name="commands", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let nobody in any more; commands that run go on without us."""
        with suppress(OSError):
            self._layout.door.unlink()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            try:
                guest = self._guest(peer)
            except OSError:
                peer.close()
                continue
            if self._enter(guest.name):
                threading.Thread(target=self._attend, args=(peer, guest), name="command-guest", daemon=True).start()
            else:
                peer.settimeout(0.0)  # whoever floods it does not get it to wait
                _reply(peer, err="coord: too many commands at once\n  wait until one has ended\n", code=1)
                peer.close()

    def _guest(self, peer: socket.socket) -> "_Guest":
        pid, uid = credentials(peer)
        environ = self._users.agent_at(uid)
        return _Guest(environ.get("COORD_AGENT", ""), uid, environ, working_folder(pid))

    def _enter(self, name: str) -> bool:
        with self._lock:
            if self._guests[name] >= _MOST_EACH:
                return False
            self._guests[name] += 1
            return True

    def _attend(self, peer: socket.socket, guest: "_Guest") -> None:
        try:
            with peer:
                self._answer(peer, guest)
        except (OSError, ValueError):
            return  # the peer has gone, or sent what is no request
        finally:
            with self._lock:
                self._guests[guest.name] -= 1

    def _answer(self, peer: socket.socket, guest: "_Guest") -> None:
        environ, uid, folder = guest.environ, guest.uid, guest.folder
        arguments, stdin, session = _request(peer)
        if not guest.name:
            self._deny(f"uid-{uid}", arguments, "it is no agent of this project")
            words = "coord: this process belongs to no agent of this project\n  run it in the agent's own window\n"
            _reply(peer, err=words, code=3)
        elif not arguments or arguments[0] in _NOT_FOR_AGENTS:
            self._deny(environ["COORD_AGENT"], arguments, "it is not for agents")
            what = f"coord {arguments[0]}" if arguments else "the screen"
            _reply(peer, err=f"coord: {what} is not for agents\n  ask the engineer: coord ask TEXT --wait\n", code=3)
        elif arguments == ["mcp"]:
            _converse(peer, self._layout, guest, session)
        else:
            _carry_out(peer, self._layout, arguments, stdin, environ, folder)

    def _deny(self, actor: str, arguments: Sequence[str], reason: str) -> None:
        kind = f"coord {' '.join(arguments[:2])}".strip()
        data = {"actor": actor, "actor_kind": "agent", "kind": kind, "reason": reason}
        with suppress(CoordError), EventLog.open(self._layout.events_db) as log:
            log.append([Draft("access.denied", "milestone", data)], SYSTEM)


def _listen(path: Path) -> socket.socket:
    try:
        return listen(str(path.parent), path.name, 0o666)  # whoever it is: they are told by the kernel
    except OSError as error:
        raise CoordError(f"can't listen at {path}: {error.strerror}", "look at the folder's permissions") from error


def _request(peer: socket.socket) -> tuple[list[str], str, str]:
    """Arguments, standard input and session of a command. ValueError for anything else, OSError when none comes."""
    data = bytearray()
    deadline = time.monotonic() + _PATIENCE
    while not data.endswith(b"\n"):
        peer.settimeout(max(0.001, deadline - time.monotonic()))
        chunk = peer.recv(65536)
        if not chunk or len(data) > REQUEST_LIMIT:
            raise ValueError("no request")
        data += chunk
    peer.settimeout(None)
    try:
        request = json.loads(data)
        arguments, stdin, session = request["arguments"], request.get("stdin", ""), request.get("session", "")
    except (RecursionError, KeyError, TypeError, AttributeError):
        raise ValueError("no request") from None
    if not (isinstance(stdin, str) and isinstance(arguments, list) and all(isinstance(a, str) for a in arguments)):
        raise ValueError("no request")
    return arguments, stdin, session if isinstance(session, str) and session.isalnum() else ""


def _converse(peer: socket.socket, layout: Layout, guest: "_Guest", session: str) -> None:
    """Run `coord mcp` with the peer at its standard input and output, until either goes away."""
    _reply(peer, go=True)
    environ = {**_own_environment(guest.environ), "COORD_MCP_SESSION": session}
    process = subprocess.Popen(
        own_command("mcp"),
        cwd=_place(layout, guest.folder),
        env=environ,
        stdin=peer.fileno(),
        stdout=peer.fileno(),
        stderr=subprocess.DEVNULL,
    )
    process.wait()


def _place(layout: Layout, folder: str) -> Path:
    """Where the caller's command runs: where the caller works, within the project."""
    inside = Path(folder).is_relative_to(layout.root) and Path(folder).is_dir()
    return Path(folder) if inside else layout.root


def _own_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Our environment, as that of an agent's command."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("COORD_", "GIT_", "EDITOR"))}
    path = _absolute(own.get("PATH", os.defpath))
    return {**own, **environ, "PATH": path, "COORD_DOOR": "1", "NO_COLOR": "1"}


def _carry_out(
    peer: socket.socket,
    layout: Layout,
    arguments: Sequence[str],
    stdin: str,
    environ: Mapping[str, str],
    folder: str,
) -> None:
    """Run a command and pass on what it prints; when the peer goes, it ends."""
    process = subprocess.Popen(
        own_command(*arguments),
        cwd=_place(layout, folder),
        env=_own_environment(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    lock = threading.Lock()
    pipes = {"out": process.stdout, "err": process.stderr}
    readers = [
        threading.Thread(target=_pass_on, args=(peer, lock, name, pipe.fileno())) for name, pipe in pipes.items()
    ]
    watcher = threading.Thread(target=_end_with, args=(peer, process), daemon=True)
    for thread in (*readers, watcher):
        thread.start()
    with suppress(OSError):
        process.stdin.write(stdin.encode("utf-8", "surrogateescape"))
        process.stdin.close()
    for reader in readers:
        reader.join()
    code = process.wait()
    process.stdout.close()
    process.stderr.close()
    with lock:
        _reply(peer, code=code if code >= 0 else 128 - code)
    with suppress(OSError):
        peer.shutdown(socket.SHUT_RDWR)  # ends the watcher
    watcher.join()


def _absolute(path: str) -> str:
    """A PATH without what would be looked for in the current folder, which may be an agent's."""
    return os.pathsep.join(place for place in path.split(os.pathsep) if os.path.isabs(place))


def _pass_on(peer: socket.socket, lock: threading.Lock, name: str, pipe: int) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while chunk := os.read(pipe, 65536):
        text = decoder.decode(chunk)
        with lock:
            _reply(peer, **{name: text})


def _end_with(peer: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    """End the process when nobody listens any more."""
    with suppress(OSError):
        while peer.recv(4096):
            continue
    if process.poll() is None:
        process.terminate()


def _reply(peer: socket.socket, **part: object) -> None:
    with suppress(OSError):  # it has gone; whoever reads from it will notice
        peer.sendall(json.dumps(part).encode() + b"\n")
