"""A program run to its end for what it prints, as `subprocess` does it."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from coordinator.processes.quick import TooLong, run

SHELL = ("sh", "-c")


def test_what_it_prints_and_how_it_ends() -> None:
    assert run([*SHELL, "echo out; echo err >&2; exit 3"], bound=60) == (3, b"out\n", b"err\n")
    assert run([*SHELL, "kill -TERM $$"], bound=60) == (-15, b"", b"")


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 3_000_000])
def test_more_than_a_pipe_holds_goes_in_and_comes_out(size: int) -> None:
    given = os.urandom(size)
    assert run(["cat"], stdin=given, bound=60) == (0, given, b"")
    assert run([*SHELL, "cat >&2"], stdin=given, bound=60) == (0, b"", given)


def test_a_program_that_reads_nothing_of_its_input() -> None:
    assert run([*SHELL, "exec <&-; echo done"], stdin=bytes(3_000_000), bound=60) == (0, b"done\n", b"")


def test_a_program_that_is_not_there() -> None:
    first = os.dup(0)
    os.close(first)
    for name in ("no-such-program", "/no/such/program"):
        with pytest.raises(FileNotFoundError):
            run([name], bound=60)
    following = os.dup(0)
    os.close(following)
    assert following == first  # nothing stayed open


@pytest.mark.parametrize("script", ["exec sleep 1000", "exec >&- 2>&-; exec sleep 1000"])
def test_a_program_that_takes_too_long_is_killed(script: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pid")
    with ThreadPoolExecutor() as beside:
        pid = beside.submit((tmp_path / "pid").read_text)
        with pytest.raises(TooLong):
            run([*SHELL, f"echo $$ >{tmp_path}/pid; {script}"], bound=1)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.result()), 0)


def test_its_environment_is_the_one_given() -> None:
    assert run(["env"], env={"A": "1"}, bound=60)[1] == b"A=1\n"


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no list of descriptors")
def test_no_other_descriptor_gets_in() -> None:
    ends = os.pipe()
    os.set_inheritable(ends[1], True)
    try:
        count = "import os; print(len(os.listdir('/proc/self/fd')))"  # three, and the one that lists
        assert run([sys.executable, "-c", count], bound=60)[1] == b"4\n"
    finally:
        for end in ends:
            os.close(end)


def test_a_broken_pipe_ends_it_as_it_ends_every_program() -> None:
    assert run([*SHELL, "yes | head -n 1"], bound=60) == (0, b"y\n", b"")


def test_a_caller_without_standard_descriptors() -> None:
    code = (
        "import os\n"
        "for number in range(3): os.close(number)\n"
        "from coordinator.processes.quick import run\n"
        "ended = run(['sh', '-c', 'cat; echo err >&2; exit 4'], stdin=b'in', bound=60)\n"
        "os._exit(0 if ended == (4, b'in', b'err\\n') else 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_goes_on_behind_it_is_not_waited_for() -> None:
    code, printed, _ = run([*SHELL, "sleep 1000 >&- 2>&- & echo $!"], bound=60)
    os.kill(int(printed), signal.SIGKILL)
    assert code == 0
