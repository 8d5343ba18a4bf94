"""The door of strict mode, pressed: whoever holds connections or sends nonsense keeps nobody else from speaking."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from support.project import WRITE
from support.strict import StrictProject, needs_strict, python, strict_project
from support.wait import wait_until

pytestmark = needs_strict
FLOOD = """\
import os, socket, sys, time
where, ready, over = sys.argv[1:]
held = []
for _ in range(200):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.connect(where)
    held.append(one)
open(ready, "w").close()
while not os.path.exists(over):
    time.sleep(0.02)
"""


def connect(made: StrictProject) -> socket.socket:
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.connect(str(made.layout.door))
    return one


@contextmanager
def waiting(*, agents: int) -> Iterator[StrictProject]:
    """A loop whose agents wait; its door is open."""
    with strict_project({n: [] for n in range(1, agents + 1)}, max_parallel=4) as made:
        for number in range(1, agents + 1):
            (made.layout.scripts / f"{number:02d}.sh").write_text(made.until(f"go-{number}") + WRITE)
        made.start_loop()
        for number in range(1, agents + 1):
            made.wait_for(number, "running")
        yield made


def test_two_hundred_idle_connections_of_one_keep_no_agent_from_handing_off() -> None:
    with waiting(agents=1) as made, ExitStack() as held:
        for _ in range(200):
            held.enter_context(connect(made))
        made.release("go-1")
        made.wait_for(1, "merged")


@pytest.mark.slow
def test_an_agent_that_floods_the_door_keeps_no_other_from_handing_off() -> None:
    with strict_project({1: [], 2: []}, max_parallel=2) as made:
        ready, over = made.layout.root.parent / "out" / "ready", made.layout.root.parent / "over"
        ready.parent.mkdir()
        ready.parent.chmod(0o777)
        flood = ready.parent / "flood.py"
        flood.write_text(FLOOD)
        line = f"'{python()}' -I '{flood}' '{made.layout.door}' '{ready}' '{over}'\n"
        (made.layout.scripts / "01.sh").write_text(line + WRITE)
        (made.layout.scripts / "02.sh").write_text(f"while [ ! -e '{ready}' ]; do sleep 0.02; done\n" + WRITE)
        made.start_loop()
        wait_until(ready.exists, message="the flood")
        made.wait_for(2, "merged")
        over.touch()
        made.wait_for(1, "merged")


def test_what_is_no_request_ends_its_connection_and_nothing_else() -> None:
    with waiting(agents=1) as made:
        for nonsense in (b"[" * 100_000 + b"\n", b"{}\n", b'"x"\n', b'{"arguments": 7}\n', b"\xff\n", b"7\n"):
            with connect(made) as one:
                one.sendall(nonsense)
                assert one.recv(4096) == b""
        made.release("go-1")
        made.wait_for(1, "merged")
        assert "Traceback" not in made.said()
