"""`coord mcp` as a process, spoken to line by line; and the server behind it."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

from support.project import COORD, Project
from support.wait import wait_until

from coordinator.mcp_server.wire import SOCKET
from coordinator.processes.local_socket import connect, peer

GREETING = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def agent_environment(made: Project, agent: str = "executor-01-1", role: str = "executor") -> dict[str, str]:
    """What an agent's processes have, without an attempt on disk."""
    own = {"AGENT": agent, "ROLE": role, "RUN": "run-1", "PROMPT": "1", "ATTEMPT": "1", "ROOT": str(made.layout.root)}
    return made.environment(**{f"COORD_{name}": value for name, value in own.items()})


class Thin:
    """A thin end with a client that has said hello."""

    def __init__(self, made: Project, environ: dict[str, str] | None = None, below: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [*below, *COORD, "-C", str(made.layout.root), "mcp"],
            env=environ or agent_environment(made),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._last = 0
        self._heard: dict[int, dict[str, Any]] = {}
        """Answers that nobody has asked for yet."""

    def greet(self) -> None:
        assert self.request("initialize", GREETING)["serverInfo"]["name"] == "coord"
        self.send({"method": "notifications/initialized"})

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def begin(self, method: str, params: dict[str, Any]) -> int:
        """Send a request; its id."""
        self._last += 1
        self.send({"id": self._last, "method": method, "params": params})
        return self._last

    def result(self, request: int) -> dict[str, Any]:
        """The result of a request, or its error."""
        assert self.process.stdout
        while request not in self._heard and (line := self.process.stdout.readline()):
            message = json.loads(line)
            if "id" in message:
                self._heard[message["id"]] = message.get("result") or message["error"]
        if request in self._heard:
            return self._heard.pop(request)
        assert self.process.stderr
        raise AssertionError(f"it ended: {self.process.stderr.read().decode()}")

    def rest(self) -> dict[int, dict[str, Any]]:
        """All answers that are still to be read, to its end."""
        assert self.process.stdout
        for message in map(json.loads, self.process.stdout):
            if "id" in message:
                self.keep(message.get("result") or message["error"], message["id"])
        return self._heard

    def keep(self, answer: dict[str, Any], request: int = 0) -> int:
        """Have an answer as if it had come; the id of its request."""
        self._heard[request] = answer
        return request

    def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        return self.result(self.begin(method, params))

    def call(self, tool: str, **values: object) -> str:
        """Call a tool; what it answers."""
        found = self.request("tools/call", {"name": tool, "arguments": values})
        return str(found["content"][0]["text"])

    def close(self) -> None:
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()  # it ends by itself, also below another process
        try:
            self.process.wait(90)
        finally:
            self.process.kill()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream
            stream.close()


def server_of(made: Project) -> int:
    """The process of the project's server; 0 when there is none."""
    connection = connect(str(made.layout.coord), SOCKET)
    if connection is None:
        return 0
    with connection:
        return peer(connection)[0]


def end_server(made: Project) -> None:
    """Kill the project's server, if there is one, and wait for its end."""
    pid = server_of(made)
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: server_of(made) != pid, message="the server's end")


@contextlib.contextmanager
def thin(made: Project, environ: dict[str, str] | None = None, below: tuple[str, ...] = ()) -> Iterator[Thin]:
    """A greeted thin end, gone at the end; its server is left for others. `below`: words that start it."""
    one = Thin(made, environ, below)
    try:
        one.greet()
        yield one
    finally:
        one.close()
