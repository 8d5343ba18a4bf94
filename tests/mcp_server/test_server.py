"""The one server: started by whoever comes first, ended when nobody is left, and what is said where it can't be."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from support.project import Project
from support.thin import Thin, agent_environment, end_server, server_of, thin
from support.wait import wait_until

from coordinator.loop.tool_server import keep_ready
from coordinator.mcp_server.thin import Unreachable, _server
from coordinator.mcp_server.wire import SOCKET
from coordinator.storage.locks import Lock

SERVE = "import sys; from coordinator.mcp_server.serve import serve; sys.exit(serve(sys.argv[1], idle=0.05))"
WITHOUT = f"import sys; sys.modules['mcp'] = None; {SERVE}"
Make = Callable[..., Project]


def serve(made: Project, code: str = SERVE) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-c", code, str(made.layout.root)]
    return subprocess.Popen(argv, env=made.environment(), stdout=subprocess.PIPE, text=True)


def test_many_thin_ends_at_once_start_one_server(make: Make) -> None:
    made = make({1: []})
    ends = [Thin(made, agent_environment(made)) for _ in range(6)]
    try:
        for one in ends:
            one.greet()
        assert server_of(made) > 0
        assert (made.layout.coord / "mcp.sock").stat().st_mode & 0o777 == 0o600
        with serve(made) as second:
            assert (second.communicate()[0], second.returncode) == ("", 0)  # there is one
    finally:
        for one in ends:
            one.close()
        end_server(made)


def test_the_loop_has_it_ready_once(make: Make) -> None:
    made = make({1: []})
    assert made.layout.mcp_socket.name == SOCKET
    keep_ready(made.layout)
    pid = wait_until(lambda: server_of(made), message="the server")
    keep_ready(made.layout)
    with thin(made) as one:
        assert one.call("decide", text="ready").startswith("recorded")
        assert server_of(made) == pid
    end_server(made)


def test_a_server_ends_when_neither_a_client_nor_a_loop_is_left(make: Make) -> None:
    made = make({1: []})
    lock = Lock(made.layout.loop_lock)
    assert lock.acquire()
    with serve(made) as server:
        try:
            assert server.stdout
            assert server.stdout.read() == "ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                server.wait(1)
        finally:
            lock.release()
        assert server.wait(90) == 0
    assert not (made.layout.coord / "mcp.sock").exists()


def test_without_the_package_it_says_what_to_install(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make({1: []})
    with serve(made, WITHOUT) as server:
        said = server.communicate()[0]
    assert (said, server.returncode) == (
        "coord mcp needs the package `mcp`\ninstall it beside coord: pip install 'coord[mcp]'\n",
        1,
    )
    monkeypatch.setattr("coordinator.processes.background.start", lambda *_: said)
    with pytest.raises(Unreachable) as caught:
        _server(str(made.layout.root), b"")
    assert caught.value.args == tuple(said.strip().split("\n"))
