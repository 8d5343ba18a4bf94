import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.wait import wait_until

from coordinator.changes.suites import OUTPUT_LIMIT, Suite, SuiteResult, read_suite, run_suite, suite_names
from coordinator.errors import CoordError
from coordinator.storage.paths import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.suites.mkdir(parents=True)
    return layout


def alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")


def noted_pid(path: Path) -> int:
    return int(wait_until(lambda: path.exists() and path.read_text().strip(), message="the process"))


def test_read_suite_takes_command_and_timeout_from_the_frontmatter(layout: Layout) -> None:
    (layout.suites / "unit.md").write_text("---\ncommand: make test # all\ntimeout: 12.5\nother: [x]\n---\nWhy.\n")
    (layout.suites / "block.md").write_bytes(b"---\r\ncommand: |\r\n  one\r\n  two\r\n---\r\n")
    assert read_suite(layout, "unit") == Suite("unit", "make test", 12.5)
    assert read_suite(layout, "block").command == "one\ntwo"
    assert suite_names(layout) == ["block", "unit"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no frontmatter", "no frontmatter"),
        ("---\ntimeout: 3\n---\n", "has no command"),
        ("---\ncommand: ''\n---\n", "has no command"),
        ("---\ncommand: [a]\n---\n", "has no command"),
        ("---\n- a\n---\n", "not a mapping"),
        ("---\ncommand: [\n---\n", "can't be read"),
        ("---\ncommand: x\ntimeout: soon\n---\n", "timeout"),
        ("---\ncommand: x\ntimeout: -1\n---\n", "timeout"),
        ("---\ncommand: x\ntimeout: nan\n---\n", "timeout"),
        ("---\na: " + "[" * 5000 + "\n---\n", "can't be read"),
    ],
)
def test_a_suite_that_cannot_be_run_says_why(layout: Layout, text: str, message: str) -> None:
    (layout.suites / "bad.md").write_text(text)
    with pytest.raises(CoordError, match=message):
        read_suite(layout, "bad")


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/b", "", ".hidden", "x\n", "-x", "absent"])
def test_only_a_file_of_the_suites_folder_is_a_suite(layout: Layout, name: str) -> None:
    (layout.coord / "x.md").write_text("---\ncommand: touch owned\n---\n")
    with pytest.raises(CoordError, match=r"can't be the name|no validation suite"):
        read_suite(layout, name)


def test_a_suite_runs_in_its_folder_without_input_or_gits_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    suite = Suite("s", 'pwd; cat; echo "[$GIT_DIR] $EXTRA"; echo err >&2; exit 3')
    result = run_suite(suite, tmp_path, {"EXTRA": "given"})
    assert result == SuiteResult(3, f"{tmp_path}\n[] given\nerr\n")
    assert not result.green


def test_a_suite_killed_by_a_signal_tells_so(tmp_path: Path) -> None:
    assert run_suite(Suite("s", "kill -s TERM $$"), tmp_path).status == 128 + signal.SIGTERM


def test_a_suite_that_takes_too_long_is_killed_with_all_it_started(tmp_path: Path) -> None:
    suite = Suite(
        "s", "echo before; sh -c 'echo $$ > child; exec sleep 600' & trap '' TERM; sleep 600; echo after", 1.0
    )
    result = run_suite(suite, tmp_path)
    assert (result.timed_out, result.green, result.output) == (True, False, "before\n")
    pid = noted_pid(tmp_path / "child")
    wait_until(lambda: not alive(pid), message="the end of the child")


def test_nothing_that_a_suite_started_outlives_it(tmp_path: Path) -> None:
    result = run_suite(Suite("s", "sleep 600 & echo $! > child"), tmp_path)
    assert result.green
    pid = noted_pid(tmp_path / "child")
    wait_until(lambda: not alive(pid), message="the end of the child")


def test_a_suite_that_ends_its_guard_is_cleared_up_all_the_same(tmp_path: Path) -> None:
    ends_guard = "kill -s KILL $(ps -A -o pid= -o ppid= | awk -v shell=$$ '$2 == shell && $1 != shell {print $1}') ; "
    result = run_suite(Suite("s", ends_guard + "sleep 600 & echo $! > child"), tmp_path)
    pid = noted_pid(tmp_path / "child")
    wait_until(lambda: not alive(pid), message="the end of the child")
    assert result.status == 0


def test_a_daemon_that_left_the_group_does_not_hold_the_suite_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "left")
    daemon = "import os, time; os.setsid(); print(os.getpid(), file=open('child', 'w')); open('left', 'w').close()"
    daemon += "; time.sleep(600)"
    command = f"echo hello; {shlex.quote(sys.executable)} -c {shlex.quote(daemon)} & read gone < left"
    result = run_suite(Suite("s", command + "; exit 5"), tmp_path)
    assert (result.status, result.output) == (5, "hello\n")
    os.kill(noted_pid(tmp_path / "child"), signal.SIGKILL)


def test_only_the_end_of_much_output_is_kept(tmp_path: Path) -> None:
    result = run_suite(Suite("s", "yes 0123456789 | head -c 5000000; printf '\\377end'"), tmp_path)
    assert result.output.endswith("\ufffdend")
    assert len(result.output.encode("utf-8", "replace")) <= OUTPUT_LIMIT + 3


def test_a_suite_dies_with_the_process_that_runs_it(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys\n"
        "from coordinator.changes.suites import Suite, run_suite\n"
        "run_suite(Suite('s', 'echo $$ > leader; sleep 600 & echo $! > child; wait'), pathlib.Path(sys.argv[1]))\n"
    )
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env=env) as process:
        pids = [noted_pid(tmp_path / name) for name in ("leader", "child")]
        assert all(alive(pid) for pid in pids)
        process.kill()
    wait_until(lambda: not any(alive(pid) for pid in pids), message="the end of the suite")


def test_a_folder_that_the_change_deleted_is_a_red_suite(tmp_path: Path) -> None:
    assert not run_suite(Suite("s", "true"), tmp_path / "gone").green
