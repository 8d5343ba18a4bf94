"""The project's own scripts for worktrees: how they are run, and how they end."""

import os
import threading
from pathlib import Path

import pytest
from support.wait import wait_until

from coordinator.changes.guarded import Halt
from coordinator.changes.scripts import OUTPUT_LIMIT, Ended, find_script, run_script
from coordinator.errors import CoordError


def run(folder: Path, text: str, *, seconds: float = 30, mode: int = 0o644, halt: Halt | None = None) -> Ended:
    script = folder / "setup.sh"
    script.write_text(text)
    script.chmod(mode)
    return run_script(script, folder, {"COLOUR": "blue"}, folder / "setup.log", seconds, halt=halt)


def test_a_script_runs_in_the_folder_with_its_environment_and_without_input(tmp_path: Path) -> None:
    ended = run(tmp_path, 'pwd; echo "$COLOUR"; cat; echo said >&2\n')
    assert (ended.status, ended.output) == (0, f"{tmp_path}\nblue\nsaid\n")
    assert (tmp_path / "setup.log").read_text() == ended.output


def test_one_that_can_be_executed_is_run_by_the_interpreter_that_it_names(tmp_path: Path) -> None:
    assert run(tmp_path, "#!/usr/bin/env perl\nprint 6*7\n", mode=0o755).output == "42"


def test_what_it_says_is_seen_while_it_runs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    results: list[Ended] = []
    thread = threading.Thread(target=lambda: results.append(run(tmp_path, "echo installing; read x <go; echo done\n")))
    thread.start()
    log = tmp_path / "setup.log"
    wait_until(lambda: log.exists() and log.read_text() == "installing\n", message="the first line")
    (tmp_path / "go").write_text("\n")
    thread.join()
    assert results[0].output == "installing\ndone\n"


def test_only_the_end_of_much_output_is_kept(tmp_path: Path) -> None:
    ended = run(tmp_path, 'i=0; while [ $i -lt 40000 ]; do echo "line $i"; i=$((i+1)); done\n')
    assert ended.output.endswith("line 39999\n")
    assert len(ended.output) == OUTPUT_LIMIT
    assert (tmp_path / "setup.log").read_text() == ended.output


def test_secrets_are_taken_out_of_what_is_kept(tmp_path: Path) -> None:
    secret = "ghp_" + "a1B2" * 9
    ended = run(tmp_path, f"echo token {secret}\n")
    assert secret not in ended.output
    assert secret not in (tmp_path / "setup.log").read_text()


def test_one_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    ended = run(tmp_path, "sleep 100 & echo $! >child; wait\n", seconds=0.5)
    assert (ended.ok, ended.timed_out) == (False, True)
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not os.path.exists(f"/proc/{child}") or _is_dead(child), message="its child's end")


def test_nothing_outlives_one_that_ended(tmp_path: Path) -> None:
    assert run(tmp_path, "sleep 100 & echo $! >child\n").ok
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not os.path.exists(f"/proc/{child}") or _is_dead(child), message="its child's end")


def test_a_halt_ends_what_runs_and_what_would_begin(tmp_path: Path) -> None:
    halt, results = Halt(), list[Ended]()
    thread = threading.Thread(target=lambda: results.append(run(tmp_path, ": >begun; sleep 100\n", halt=halt)))
    thread.start()
    wait_until((tmp_path / "begun").exists, message="its beginning")
    halt.set()
    thread.join(60)
    assert [one.ok for one in results] == [False]
    assert not run(tmp_path, "sleep 100\n", halt=halt).ok


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_is_refused_with_words(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "setup.sh"
    if kind == "link":
        path.symlink_to("/bin/true")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(CoordError, match=r"setup\.sh is no regular file"):
        find_script(tmp_path, "setup.sh")
    assert find_script(tmp_path, "teardown.sh") is None


def _is_dead(pid: int) -> bool:
    try:
        return "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
