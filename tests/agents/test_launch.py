"""The launch script, run by the real shell."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.wait import wait_until

from coordinator.agents.launch import NO_WORKTREE, STARTED_BEFORE, environment, launch_script
from coordinator.agents.runtime import Command, Job
from coordinator.errors import CoordError
from coordinator.model.prompt import Prompt
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import prompt_work

AT = "2027-01-15T08:00:00Z"
PRINT_WORDS = "import os, sys; sys.stdout.buffer.write(b'\\0'.join(os.fsencode(a) for a in sys.argv[1:]))"


def make_job(tmp_path: Path, *, worktree: str = "tree", stdin: bytes = b"do it\n") -> Job:
    directory = tmp_path / "attempt-1"
    directory.mkdir(parents=True)
    (tmp_path / worktree).mkdir(exist_ok=True)
    prompt_file = directory / "prompt.txt"
    prompt_file.write_bytes(stdin)
    attempt = Attempt(prompt_work(7), 1, "run-1", 1, StepState.DISPATCHED, AT, AT, "executor-07-1")
    prompt = Prompt(7, "Title", ".coord/prompts/07-planned-title.prompt.md")
    return Job(attempt, prompt, tmp_path / ".coord", directory, tmp_path / worktree, prompt_file)


def write(job: Job, *argv: str, stdin: bool = False, coord_bin: Path | None = None) -> Path:
    command = Command(argv, job.prompt_file if stdin else None)
    text = launch_script(job, command, environment(job.attempt, job.coord.parent), coord_bin)
    script = job.directory / "launch.sh"
    script.write_bytes(os.fsencode(text))
    return script


def start(script: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["/bin/sh", str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def exit_status(job: Job) -> object:
    return json.loads((job.directory / "exit.json").read_text())["status"]


def test_the_agent_runs_in_its_worktree_with_its_identity_and_prompt(tmp_path: Path) -> None:
    job = make_job(tmp_path, stdin=b"the task\n")
    script = write(job, "sh", "-c", "pwd; cat; env", stdin=True, coord_bin=tmp_path / "b in")
    process = start(script)
    out = process.communicate()[0].decode()
    assert out.startswith(f"{job.worktree}\nthe task\n")
    assert {"COORD_AGENT=executor-07-1", "COORD_PROMPT=7", "COORD_ATTEMPT=1", f"COORD_ROOT={tmp_path}"} <= set(
        out.splitlines()
    )
    assert f"PATH={tmp_path / 'b in'}:" in out
    assert (job.directory / "started" / "pid").read_text() == f"{process.pid}\n"
    assert exit_status(job) == process.returncode == 0


def test_a_second_launch_does_nothing(tmp_path: Path) -> None:
    job = make_job(tmp_path)
    script = write(job, "sh", "-c", "echo ran >>ran; exit 3")
    assert start(script).wait() == 3
    assert start(script).wait() == STARTED_BEFORE
    assert (job.worktree / "ran").read_text() == "ran\n"
    assert exit_status(job) == 3


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words=st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), max_size=4))
def test_words_reach_the_agent_as_they_are(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    job = make_job(tmp_path_factory.mktemp("words"))
    out = start(write(job, sys.executable, "-c", PRINT_WORDS, *words)).communicate()[0]
    assert out == b"\0".join(os.fsencode(word) for word in words)


@pytest.mark.parametrize("name", ["$(touch pwned)", "a b'c\"d", "`touch pwned`;&|", "日本\n\tx", "-n"])
def test_no_path_becomes_code(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    job = make_job(root, worktree="$(touch pwned)")
    process = start(write(job, "pwd"))
    assert process.communicate()[0] == os.fsencode(f"{job.worktree}\n")
    assert exit_status(job) == 0
    assert not list(tmp_path.rglob("pwned"))


def test_a_nul_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CoordError, match="NUL"):
        write(make_job(tmp_path), "echo", "a\0b")


def test_a_missing_worktree_is_told_by_the_exit_file(tmp_path: Path) -> None:
    job = make_job(tmp_path)
    job.worktree.rmdir()
    assert start(write(job, "true")).wait() == NO_WORKTREE
    assert exit_status(job) == NO_WORKTREE


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGKILL, 137)]
)
def test_a_killed_agent_leaves_its_exit_status(tmp_path: Path, number: signal.Signals, status: int) -> None:
    job = make_job(tmp_path)
    process = start(write(job, "sh", "-c", "echo $$ >child; exec sleep 600"))
    child = job.worktree / "child"
    wait_until(lambda: child.exists() and child.read_text().strip(), message="the agent to start")
    if number is not signal.SIGKILL:
        process.send_signal(number)  # the wrapper gets it as well, as in a signal to the whole tree
    os.kill(int(child.read_text()), number)
    assert process.wait(90) == status
    assert exit_status(job) == status


def test_a_command_that_is_not_there_ends_with_127(tmp_path: Path) -> None:
    job = make_job(tmp_path)
    assert start(write(job, "no-such-program-here")).wait() == 127
    assert exit_status(job) == 127
