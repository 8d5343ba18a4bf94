"""The door of strict mode, pressed: whoever holds connections or sends nonsense keeps nobody else from speaking."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from support.project import WRITE
from support.strict import StrictProject, needs_strict, python, strict_project
from support.wait import wait_until

from coordinator.cli.remote_command import pass_on
from coordinator.loop.users import CLAIMS
from coordinator.model.work import prompt_work
from coordinator.processes.local_socket import REQUEST_LIMIT

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


def test_an_agent_holds_no_lock_at_which_the_loop_and_others_wait() -> None:
    with strict_project({1: []}) as made:
        held, own = made.layout.root.parent / "held", made.layout.attempt("run-1", prompt_work(1), 1)
        held.mkdir()
        held.chmod(0o777)
        coord = made.layout.coord
        folders = [own, *(f for f in own.parents if f.is_relative_to(coord)), made.layout.prompts, made.layout.journal]
        tries = [
            f"flock -n '{folder}' true && touch '{held}'/{n}"
            for n, folder in enumerate((*folders, CLAIMS, CLAIMS.parent))
        ]
        (made.layout.scripts / "01.sh").write_text("\n".join((*tries, f"touch '{held}/tried'", WRITE)))
        assert made.run_loop() == 0
        assert [path.name for path in held.iterdir()] == ["tried"]


@pytest.mark.timeout(30)
def test_what_is_longer_than_the_door_takes_is_refused_and_not_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pass_on(str(tmp_path), ["agent", "done", "--summary", "x" * REQUEST_LIMIT]) == 1
    assert (
        capsys.readouterr().err == "coord: that is more than the 4 MB which the loop takes at once\n  make it shorter\n"
    )
