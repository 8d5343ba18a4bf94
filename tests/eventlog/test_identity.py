"""Who a process is, told by real processes."""

import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shlex import quote

import pytest
from support.writers import ROOT, run_python

from coordinator.eventlog import identity
from coordinator.eventlog.identity import parse_ps, who
from coordinator.model.event import Actor, ActorKind

EXECUTOR = {"COORD_AGENT": "executor-07-1", "COORD_ROLE": "executor"}
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

ASK = """
import os, sys
from coordinator.eventlog.identity import who
if sys.argv[1:] == ["orphaned"]:
    parent = os.getpid()
    if os.fork():
        os._exit(0)
    while os.getppid() == parent:
        pass
for depth in range(400 if sys.argv[1:] == ["deep"] else 0):
    if os.fork():
        os.wait()
        os._exit(0)
    if depth == 0:
        os.setsid()
actor = who()
print(actor.kind.value, actor.name, actor.role)
"""


@pytest.fixture
def inside(tmp_path: Path) -> Callable[[str], str]:
    """Runs a shell script below an agent's wrapper and returns what it prints; `$WHO` tells who asks."""
    (tmp_path / "ask.py").write_text(ASK)
    (tmp_path / "ask").write_text(f'#!/bin/sh\nexec {quote(sys.executable)} {quote(str(tmp_path))}/ask.py "$@"\n')
    (tmp_path / "ask").chmod(0o755)

    def run(script: str) -> str:
        # The outer shell is the wrapper: started with the agent's environment, leader of the window's session, there
        # until nobody writes any more.
        done = subprocess.run(
            ["sh", "-c", 'sh -c "$1" | cat', "wrapper", script],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            start_new_session=True,
            cwd=tmp_path,
            env={**_clean(), "WHO": "./ask", **EXECUTOR},
        )
        return done.stdout.strip()

    return run


def _clean() -> dict[str, str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COORD_")}
    return {**environ, "PYTHONPATH": str(ROOT), "USER": "ada"}


def test_a_process_that_carries_an_agents_name_is_that_agent(inside: Callable[[str], str]) -> None:
    assert who(EXECUTOR, pid=1) == Actor(ActorKind.AGENT, "executor-07-1", "executor")
    assert inside("$WHO") == "agent executor-07-1 executor"


def test_anybody_else_is_the_human_who_is_logged_in() -> None:
    assert who({"USER": "ada"}, pid=1) == Actor(ActorKind.HUMAN, "ada")
    assert who({"LOGNAME": "bob"}, pid=1) == Actor(ActorKind.HUMAN, "bob")
    assert who({}, pid=1) == Actor(ActorKind.HUMAN, pwd.getpwuid(os.getuid()).pw_name)


def test_an_empty_name_names_nobody() -> None:
    assert who({"COORD_AGENT": " ", "COORD_ROLE": "planner", "USER": "ada"}, pid=1).kind is ActorKind.HUMAN


def test_a_name_with_control_characters_is_made_safe() -> None:
    assert who({"COORD_AGENT": "x\x1b]0;y\x07"}, pid=1).name == "x·]0;y·"


@linux
@pytest.mark.parametrize(
    "script",
    [
        "env -u COORD_AGENT -u COORD_ROLE $WHO",
        "unset COORD_AGENT COORD_ROLE; $WHO",
        'env -i PYTHONPATH="$PYTHONPATH" $WHO',
        "COORD_AGENT=planner-1 COORD_ROLE=planner $WHO",
        "COORD_ROLE=planner $WHO",
        "COORD_AGENT=planner-1 COORD_ROLE=planner sh -c 'sh -c \"$WHO; true\"; true'",
        "env -u COORD_AGENT setsid -w $WHO",
        "env -u COORD_AGENT $WHO orphaned",
        'env -i PYTHONPATH="$PYTHONPATH" $WHO deep',
    ],
    ids=[
        "env -u",
        "unset",
        "env -i",
        "another name",
        "another role",
        "hidden twice",
        "own session",
        "orphaned",
        "deep",
    ],
)
def test_an_agent_cannot_shed_or_change_its_name(inside: Callable[[str], str], script: str) -> None:
    assert inside(script) == "agent executor-07-1 executor"


def test_a_parent_that_ends_while_it_is_looked_for_hides_nobody_above_it() -> None:
    class Torn(identity._Ps):
        """Process 311 is adopted by its launcher, right when its parent 310 is looked for."""

        def __init__(self) -> None:
            self._table = parse_ps(b"300 0 ?? sh COORD_AGENT=executor-07-1\n311 310 ?? coord answer 1 yes\n")

        def look(self, pid: int) -> identity._Process | None:
            if pid == 310:
                self._table |= parse_ps(b"311 300 ?? coord answer 1 yes\n")
            return super().look(pid)

    assert [found.claim and found.claim.name for found in identity._up(Torn(), 311)] == [None, "executor-07-1"]


@linux
def test_a_process_that_is_gone_is_judged_by_what_it_carried() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert who({"USER": "ada"}, pid=gone.pid) == Actor(ActorKind.HUMAN, "ada")
    assert who(EXECUTOR, pid=gone.pid).kind is ActorKind.AGENT


def test_identity_is_told_without_slow_imports() -> None:
    code = "from coordinator.eventlog.identity import who; who(); import sys; print(*sys.modules)"
    assert not {"subprocess", "logging", "asyncio", "uuid"} & set(run_python(code).split())


def test_a_listing_of_macos_is_understood() -> None:
    table = parse_ps(
        b"    1     0 ??      /sbin/launchd\n"
        b"  300     1 ??      tmux new-session USER=ada\n"
        b"  310   300 ttys001 sh launch.sh COORD_ROOT=/x COORD_AGENT=executor-07-1 COORD_ROLE=executor TERM=xterm\n"
        b"  311   310 ttys001 coord answer 1 yes USER=ada \xff\n"
        b"broken line\n"
    )
    assert table[311].parent == 310
    assert table[311].claim is None
    assert table[310].claim == Actor(ActorKind.AGENT, "executor-07-1", "executor")
    assert set(table) == {1, 300, 310, 311}
    assert [table[pid].terminal for pid in (300, 310)] == [False, True]
