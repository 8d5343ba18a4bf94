"""Agents' processes end, all of them, and nobody else's."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.strict import copy_package, needs_strict, python
from support.wait import wait_until

from coordinator.agents.user import as_user, find_user
from coordinator.processes import table
from coordinator.processes import terminate as module
from coordinator.processes.table import processes, start_of
from coordinator.processes.terminate import Ended, agent_processes, send, terminate_agent
from coordinator.terminals.server import Terminals

STUBBORN = "import os, signal, sys, time\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\n"
"""Ignores HUP, INT and TERM."""


@pytest.fixture
def family(tmp_path: Path) -> Iterator["Family"]:
    made = Family(tmp_path)
    yield made
    made.bury()


class Family:
    """Starts processes as an agent would, and ends what a failed test leaves."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.agent = "executor-07-1"
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, code: str, *arguments: str, agent: str | None = None, root: Path | None = None) -> int:
        environ = {**os.environ, "COORD_AGENT": agent or self.agent, "COORD_ROOT": str(root or self.root)}
        child = subprocess.Popen([sys.executable, "-c", code, *arguments], env=environ, cwd=self.root)
        self.started.append(child)
        return child.pid

    def pid_of(self, name: str) -> int:
        """The id that a process wrote into a file of this name."""
        path = self.root / name
        return wait_until(lambda: path.exists() and int(path.read_text() or 0), message=name)

    def bury(self) -> None:
        left = {*agent_processes(self.agent, self.root), *(child.pid for child in self.started if child.poll() is None)}
        left |= {int(path.read_text()) for path in self.root.glob("*.pid")}
        table = processes()
        for pid in left & table.keys():
            send(table[pid], signal.SIGKILL)
        for child in self.started:
            child.wait()


def lives(pid: int) -> bool:
    return pid in processes()


WRITE = "open('%s', 'w').write(str(os.getpid()))\n"
CHILD = "import os, sys, subprocess, time\n"


def test_a_polite_process_ends_by_the_first_signal(family: Family) -> None:
    pid = family.start("import os, time\n" + WRITE % "up.pid" + "time.sleep(1000)")
    family.pid_of("up.pid")
    assert terminate_agent(family.agent, family.root) == Ended((pid,), ())
    assert family.started[0].wait() == -signal.SIGTERM


def test_a_detached_grandchild_that_ignores_everything_is_gone_within_the_bound(family: Family) -> None:
    grandchild = STUBBORN + "os.setsid()\n" + WRITE % "grandchild.pid" + "time.sleep(1000)"
    child = STUBBORN + f"import subprocess\nsubprocess.Popen([sys.executable, '-c', {grandchild!r}])\n"
    pid = family.start(child + WRITE % "child.pid" + "time.sleep(1000)")
    detached = family.pid_of("grandchild.pid")
    ended = terminate_agent(family.agent, family.root, grace=0.3, bound=30)
    assert ended.survivors == ()
    assert {pid, detached} <= set(ended.ended)
    assert not lives(detached)


@needs_strict
def test_who_may_not_be_ended_is_a_survivor_and_never_called_ended(family: Family) -> None:
    pid = family.start("import os, time\n" + WRITE % "up.pid" + "time.sleep(1000)")
    family.pid_of("up.pid")
    ask = f"from coordinator.processes.terminate import *; print(Hunt(lambda all: [all[{pid}]]).end(0.1, 0.3))"
    with tempfile.TemporaryDirectory() as library:
        Path(library).chmod(0o755)
        copy_package(Path(library))
        words = as_user(find_user("nobody"), (f"PYTHONPATH={library}", python(), "-c", ask))
        done = subprocess.run(words, cwd="/", capture_output=True, text=True, check=True)
    assert done.stdout == f"Ended(ended=(), survivors=({pid},))\n"
    assert lives(pid)


def test_an_orphan_is_found_by_its_mark(family: Family) -> None:
    orphan = "import os, time\nos.setsid()\n" + WRITE % "orphan.pid" + "time.sleep(1000)"
    family.start(CHILD + f"subprocess.Popen([sys.executable, '-c', {orphan!r}])")
    pid = family.pid_of("orphan.pid")
    family.started[0].wait()
    assert agent_processes(family.agent, family.root) == (pid,)
    assert terminate_agent(family.agent, family.root).ended == (pid,)


def test_a_child_that_sheds_its_environment_is_found_by_its_parent(family: Family) -> None:
    bare = "import os, time\nos.setsid()\n" + WRITE % "bare.pid" + "time.sleep(1000)"
    parent = family.start(CHILD + f"subprocess.run([sys.executable, '-c', {bare!r}], env={{}})")
    pid = family.pid_of("bare.pid")
    assert agent_processes(family.agent, family.root) == tuple(sorted((parent, pid)))
    assert terminate_agent(family.agent, family.root).survivors == ()
    assert not lives(pid)


def test_a_child_that_sheds_its_environment_is_still_known_when_its_parent_ends_first(family: Family) -> None:
    bare = STUBBORN + "os.setsid()\n" + WRITE % "bare.pid" + "time.sleep(1000)"
    family.start(CHILD + f"subprocess.run([sys.executable, '-c', {bare!r}], env={{}})")
    pid = family.pid_of("bare.pid")
    ended = terminate_agent(family.agent, family.root, grace=0.3)
    assert ended.survivors == ()
    assert not lives(pid)


def test_members_of_an_agents_session_belong_to_it(family: Family) -> None:
    bare = "import os, time\n" + WRITE % "bare.pid" + "time.sleep(1000)"
    between = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {bare!r}], env={{}})"
    leader = CHILD + f"os.setsid()\nsubprocess.run([sys.executable, '-c', {between!r}], env={{}})\ntime.sleep(1000)"
    family.start(leader)
    pid = family.pid_of("bare.pid")
    assert pid in wait_until(lambda: agent_processes(family.agent, family.root))
    terminate_agent(family.agent, family.root)
    assert not lives(pid)


def test_processes_born_while_others_end_are_ended_too(family: Family) -> None:
    reborn = (
        "import os, signal, subprocess, sys, time\n"
        "def again(*_):\n"
        "    left = int(sys.argv[2]) - 1\n"
        "    again = [sys.executable, '-c', sys.argv[1], sys.argv[1], str(left)]\n"
        "    if left: subprocess.Popen(again, start_new_session=True)\n"
        "    os._exit(0)\n"
        "signal.signal(15, again)\n"
        "open(f'{os.getpid()}.pid', 'w').write(str(os.getpid()))\n"
        "time.sleep(1000)"
    )
    family.start(reborn, reborn, "1000")
    wait_until(lambda: list(family.root.glob("*.pid")), message="the first life")
    ended = terminate_agent(family.agent, family.root, grace=0.5)
    assert len(ended.ended) > 1
    assert ended.survivors == agent_processes(family.agent, family.root) == ()


def test_a_stopped_process_gets_its_chance_to_end_well(family: Family) -> None:
    code = "import os, signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(7))\n"
    pid = family.start(code + WRITE % "up.pid" + "time.sleep(1000)")
    family.pid_of("up.pid")
    os.kill(pid, signal.SIGSTOP)
    assert terminate_agent(family.agent, family.root, grace=60, bound=60).ended == (pid,)
    assert family.started[0].wait() == 7


def test_other_agents_and_other_projects_with_the_same_agent_are_left_alone(family: Family) -> None:
    code = "import os, sys, time\nopen(sys.argv[1], 'w').write(str(os.getpid()))\ntime.sleep(1000)"
    pid = family.start(code, "own.pid")
    others = {
        family.start(code, "other.pid", agent="executor-07-10"),
        family.start(code, "else.pid", root=family.root / "elsewhere"),
    }
    for name in ("own.pid", "other.pid", "else.pid"):
        family.pid_of(name)
    assert terminate_agent(family.agent, family.root).ended == (pid,)
    assert all(lives(other) for other in others)


def test_ourselves_are_never_ended(family: Family) -> None:
    code = (
        "import os\nfrom coordinator.processes.terminate import agent_processes, terminate_agent\n"
        "assert terminate_agent(os.environ['COORD_AGENT'], os.environ['COORD_ROOT']).ended == ()\n"
        "assert agent_processes(os.environ['COORD_AGENT'], os.environ['COORD_ROOT']) == ()\n"
    )
    family.start(f"import sys\nsys.path[:0] = {sys.path!r}\n" + code)
    assert family.started[0].wait() == 0


def test_init_is_never_signalled() -> None:
    assert not send(processes()[1], signal.SIGCONT)


def test_an_id_that_belongs_to_another_process_by_now_is_left_alone(family: Family) -> None:
    pid = family.start("import os, time\n" + WRITE % "up.pid" + "time.sleep(1000)")
    family.pid_of("up.pid")
    earlier = module.Process(pid, os.getpid(), 0, "12345")
    assert not send(earlier, signal.SIGKILL)
    assert lives(pid)
    assert send(module.Process(pid, os.getpid(), 0, str(start_of(pid))), signal.SIGKILL)


def test_a_survivor_is_reported(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = family.start(STUBBORN + WRITE % "up.pid" + "time.sleep(1000)")
    family.pid_of("up.pid")

    def may_not(handle: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(signal, "pidfd_send_signal", may_not)
    began = time.monotonic()
    assert terminate_agent(family.agent, family.root, grace=0.1, bound=0.5) == Ended((), (pid,))
    assert time.monotonic() - began < 60


def test_nothing_to_end_takes_no_time() -> None:
    began = time.monotonic()
    assert terminate_agent("executor-99-9", "/nowhere", grace=60, bound=60) == Ended((), ())
    assert time.monotonic() - began < 30


def test_an_agents_window_is_emptied(terminals: Terminals, tmp_path: Path) -> None:
    mark = {"COORD_AGENT": "executor-01-1", "COORD_ROOT": str(tmp_path)}
    script = "trap '' HUP TERM; setsid sh -c 'trap \"\" HUP TERM; touch up; sleep 1000; sleep 1000' & wait; sleep 1000"
    window = terminals.open_window(["sh", "-c", script], cwd=tmp_path, name="01-1", env=mark, mark=mark)
    wait_until((tmp_path / "up").exists, message="the detached one")
    ended = terminate_agent("executor-01-1", tmp_path, grace=0.3)
    assert window.pid in ended.ended
    assert len(ended.ended) >= 3
    assert ended.survivors == agent_processes("executor-01-1", tmp_path) == ()
    wait_until(lambda: next(w for w in terminals.windows() if w.id == window.id).dead, message="the window's end")
    assert terminals.alive()


@pytest.fixture
def without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_has_proc", lambda: False)
    monkeypatch.delattr(os, "pidfd_open")


@pytest.mark.usefixtures("without_proc")
def test_without_proc_and_pidfd_it_works_by_ps(family: Family) -> None:
    detached = STUBBORN + "os.setsid()\n" + WRITE % "detached.pid" + "time.sleep(1000)"
    bare = "import os, time\n" + WRITE % "bare.pid" + "time.sleep(1000)"
    parent = family.start(
        CHILD
        + f"subprocess.Popen([sys.executable, '-c', {detached!r}])\n"
        + f"subprocess.run([sys.executable, '-c', {bare!r}], env={{}})"
    )
    pids = {parent, family.pid_of("detached.pid"), family.pid_of("bare.pid")}
    assert pids <= set(agent_processes(family.agent, family.root))
    ended = terminate_agent(family.agent, family.root, grace=0.3)
    assert pids <= set(ended.ended)
    assert ended.survivors == ()
    assert not any(lives(pid) for pid in pids)
    assert agent_processes("executor-07-10", family.root) == ()


def test_ps_and_proc_agree() -> None:
    by_proc, by_ps = processes(), table._all_from_ps()
    both = by_proc.keys() & by_ps.keys()
    assert os.getpid() in both
    assert all(by_proc[pid].parent == by_ps[pid].parent for pid in both)


@pytest.mark.parametrize(
    ("command", "mark"),
    [
        ("sh -c x HOME=/h COORD_AGENT=a COORD_ROOT=/p LANG=C", ("a", "/p")),
        ("sh COORD_ROOT=/a path with blanks COORD_AGENT=a", ("a", "/a path with blanks")),
        ("sh COORD_AGENT=a", None),
        ("sh XCOORD_AGENT=a COORD_ROOT=/p", None),
    ],
)
def test_the_mark_is_read_from_what_ps_shows(command: str, mark: tuple[str, str] | None) -> None:
    assert table._mark_in(command) == mark
