"""Agents' processes stop where they are, all but one, and go on; nobody waits for the locks of one that is stopped."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.project import ROOT
from support.wait import wait_until

from coordinator.eventlog.store import EventLog
from coordinator.model.event import SYSTEM, Draft
from coordinator.processes.suspend import let_go_on, stop_agent
from coordinator.processes.table import children, is_stopped, processes
from coordinator.processes.terminate import agent_processes, send, terminate_agent

AGENT = "executor-07-1"
BEATS = """\
import os, subprocess, sys, time
def beat(name):
    open(name + ".pid", "w").write(str(os.getpid()))
    while True:
        open(name, "a").write("x")
        time.sleep(0.005)
"""
SHARED = ".coord/"


class Den:
    """A folder in which an agent's processes live."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / ".coord").mkdir()
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self, code: str) -> int:
        environ = {**os.environ, "COORD_AGENT": AGENT, "COORD_ROOT": str(self.root), "PYTHONPATH": str(ROOT)}
        self._children.append(subprocess.Popen([sys.executable, "-c", code], env=environ, cwd=self.root))
        return self._children[-1].pid

    def stop(self, spare: int = 0, bound: float = 5.0) -> tuple[int, ...]:
        return stop_agent(AGENT, self.root, spare=spare, shared=lambda path: SHARED in path, bound=bound)

    def pid_of(self, name: str) -> int:
        path = self.root / f"{name}.pid"
        return wait_until(lambda: path.exists() and int(path.read_text() or 0), message=name)

    def beats(self, name: str) -> int:
        path = self.root / name
        return path.stat().st_size if path.exists() else 0

    def bury(self) -> None:
        terminate_agent(AGENT, self.root, grace=0.1)
        for child in self._children:
            child.wait()


@pytest.fixture
def den(tmp_path: Path) -> Iterator[Den]:
    made = Den(tmp_path)
    yield made
    made.bury()


def test_all_stop_detached_and_bare_ones_too_but_the_one_that_is_spared(den: Den) -> None:
    child = BEATS + "os.setsid()\nbeat('detached')"
    bare = BEATS + "beat('bare')"
    launcher = den.start(
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"subprocess.Popen([sys.executable, '-c', {bare!r}], env={{}})\n"
        "time.sleep(1000)"
    )
    pids = {den.pid_of("detached"), den.pid_of("bare")}
    assert den.stop(spare=launcher) == ()
    assert {pid for pid in agent_processes(AGENT, den.root) if is_stopped(pid)} == pids
    assert not is_stopped(launcher)
    before = den.beats("detached"), den.beats("bare")
    subprocess.run([sys.executable, "-c", "pass"], check=True)  # something that takes many beats
    assert (den.beats("detached"), den.beats("bare")) == before
    assert let_go_on(AGENT, den.root) == ()
    wait_until(lambda: den.beats("detached") > before[0] and den.beats("bare") > before[1], message="beats")


def test_children_that_come_into_being_meanwhile_are_stopped_too(den: Den) -> None:
    den.start(
        "import subprocess, sys, time\nopen('forks.pid', 'w').write('1')\n"
        "while True: subprocess.Popen(['sleep', '3']); time.sleep(0.01)"
    )
    den.pid_of("forks")
    wait_until(lambda: len(agent_processes(AGENT, den.root)) > 5, message="children")
    assert den.stop() == ()
    table = processes()
    assert {table[pid].stopped for pid in agent_processes(AGENT, den.root)} <= {True}


def test_a_process_that_holds_a_lock_of_the_project_lets_go_of_it_before_it_is_stopped(den: Den) -> None:
    pid = den.start(
        "import fcntl, time\nfile = open('.coord/plan.lock', 'w')\nfcntl.flock(file, fcntl.LOCK_EX)\n"
        "open('held.pid', 'w').write('1')\ntime.sleep(1)\nfcntl.flock(file, fcntl.LOCK_UN)\ntime.sleep(1000)"
    )
    den.pid_of("held")
    assert den.stop() == ()
    assert is_stopped(pid)
    with (den.root / ".coord/plan.lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize(
    ("name", "lock"), [(".coord/plan.lock", True), (".git/packed-refs.lock", False)], ids=["flock", "lock file"]
)
def test_who_never_lets_go_is_named_and_goes_on(den: Den, name: str, lock: bool) -> None:
    (den.root / name).parent.mkdir(exist_ok=True)
    take = "fcntl.flock(file, fcntl.LOCK_EX)\n" if lock else ""
    pid = den.start(
        f"import fcntl, time\nfile = open({name!r}, 'w')\n{take}open('held.pid', 'w').write('1')\ntime.sleep(1000)"
    )
    den.pid_of("held")
    left = stop_agent(AGENT, den.root, spare=0, shared=lambda path: SHARED in path or ".git/" in path, bound=0.3)
    assert left == (pid,)
    wait_until(lambda: not is_stopped(pid), message="it to go on")


def test_a_lock_nobody_else_waits_for_keeps_nobody_from_being_stopped(den: Den) -> None:
    den.start(
        "import fcntl, time\nfile = open('cargo.lock', 'w')\nfcntl.flock(file, fcntl.LOCK_EX)\n"
        "open('held.pid', 'w').write('1')\ntime.sleep(1000)"
    )
    den.pid_of("held")
    assert den.stop(bound=1.0) == ()


@pytest.mark.slow
def test_the_log_can_be_written_whenever_an_agent_is_stopped_that_writes_to_it_all_the_time(den: Den) -> None:
    path = den.root / ".coord/events.db"
    EventLog.open(path, create=True).close()
    den.start(
        "from pathlib import Path\nfrom coordinator.eventlog.store import EventLog\n"
        "from coordinator.model.event import SYSTEM, Draft\n"
        f"log = EventLog.open(Path({str(path)!r}))\n"
        "while True: log.append([Draft('run.resumed', 'run:run-1', {'text': 'x' * 2000})] * 20, SYSTEM)"
    )
    with EventLog.open(path) as log:
        wait_until(lambda: log.head() > 50, message="its events")
        for _ in range(15):
            head = log.head()
            assert den.stop() == ()
            assert log.append([Draft("run.paused", "run:run-1")], SYSTEM)[0].seq > head
            let_go_on(AGENT, den.root)
            head = log.head()
            wait_until(lambda known=head: log.head() > known, message="it to go on")


def test_a_stopped_agent_ends_within_the_bound_though_it_ignores_every_signal(den: Den) -> None:
    den.start(
        "import signal, time\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\n"
        "open('up.pid', 'w').write('1')\ntime.sleep(1000)"
    )
    den.pid_of("up")
    assert den.stop() == ()
    assert terminate_agent(AGENT, den.root, grace=0.3, bound=5.0).survivors == ()


def test_what_is_not_there_is_not_stopped(den: Den) -> None:
    assert not is_stopped(0)
    assert not is_stopped(2**22 + 1)
    assert den.stop() == ()
    assert let_go_on(AGENT, den.root) == ()


def test_ps_tells_what_is_stopped_as_well(den: Den, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = den.start("open('up.pid', 'w').write('1')\nimport time\ntime.sleep(1000)")
    den.pid_of("up")
    monkeypatch.setattr("coordinator.processes.table._has_proc", lambda: False)
    assert not is_stopped(pid)
    send(processes()[pid], signal.SIGSTOP)
    wait_until(lambda: is_stopped(pid), message="ps to tell")
    assert processes()[pid].stopped


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one that waits for its child is stopped by signals")
def test_one_that_waits_for_a_child_to_become_its_program_stops_with_it(den: Den) -> None:
    gate = den.root / "gate"
    os.mkfifo(gate)
    pid = den.start(
        "import os\n"
        f"first = (os.POSIX_SPAWN_OPEN, 0, {str(gate)!r}, os.O_RDONLY, 0)\n"
        "os.posix_spawn('/bin/sleep', ['sleep', '1000'], os.environ, file_actions=[first])\n"
    )
    wait_until(lambda: processes()[pid].bound, message="it to wait for its child")
    (child,) = children(pid)
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(den.stop)
        wait_until(lambda: is_stopped(child), message="the child to be stopped")
        opened = os.open(gate, os.O_RDWR)
        assert stopping.result() == ()
    os.close(opened)
    assert (is_stopped(pid), is_stopped(child)) == (True, True)
