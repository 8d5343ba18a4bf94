"""`coord demo --headless`: a real loop, real tmux windows and real git, from the first prompt to the milestone."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.terminal import Terminal
from support.wait import wait_until

from coordinator.cli.demo import WATCHED
from coordinator.client.demo_project import PACE, DemoProject


class Place:
    """Where a demo leaves its traces: its scratch folder, its tmux sockets."""

    def __init__(self, folder: Path) -> None:
        self.tmp = folder / "tmp with a space"
        self.sockets = folder / "s"
        for made in (self.tmp, self.sockets):
            made.mkdir()
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith(("COORD_", "GIT_"))} | {
            "TMPDIR": str(self.tmp),
            "TMUX_TMPDIR": str(self.sockets),
            "COORD_DEMO_PACE": "0",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "coordinator.cli.main", "demo", *arguments],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def traces(self) -> list[str]:
        """Files and sockets that are still there."""
        return [str(path) for path in (*self.tmp.iterdir(), *self.sockets.glob("tmux-*/*"))]

    def left(self) -> list[str]:
        """Files, sockets and processes that are still there."""
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        return self.traces() + [line for line in listed.splitlines() if str(self.tmp) in line]


@pytest.fixture
def place() -> Iterator[Place]:
    # not tmp_path: the path of a tmux socket has to be short
    with tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp") as folder:
        yield Place(Path(folder))


def test_headless_demo_reaches_the_milestone_and_leaves_nothing_behind(place: Place) -> None:
    demo = place.start()  # no terminal: headless without being told
    said, _ = demo.communicate(timeout=100)
    assert demo.returncode == 0, said
    lines = [re.sub(r"^\s*[\d.]+s\s+", "", line) for line in said.splitlines()]
    assert len([line for line in lines if re.match(r"\d\d  merged", line)]) == 13
    assert any(re.match(r"06  failed .*least recently used", line) for line in lines)
    assert any(re.match(r"04  answer +when it is opened", line) for line in lines)
    story = (
        r"finding  high security: A negative cost",
        r"witness  SC-4 failed",
        r"planner  CONTINUE: SC-4 is not shown; A negative cost",
        r"answer   apply",
        r"12  merged   Let the store go on",
        r"13  merged   A negative cost",
        r"witness  SC-4 held",
        r"planner  DONE",
    )
    assert re.search(".*".join(story), " ".join(lines)), said
    assert re.match(r"done  Rate limiting v1: 13 prompts merged, \d iterations, in \d+ s", lines[-1])
    assert place.left() == []


@pytest.mark.slow
def test_a_kept_demo_is_a_project_that_can_be_looked_at(place: Place, tmp_path: Path) -> None:
    project = tmp_path / "kept here"
    demo = place.start("--headless", "--keep", str(project))
    said, _ = demo.communicate(timeout=100)
    assert demo.returncode == 0, said
    assert "kept in" in said
    tests = subprocess.run([sys.executable, "-m", "unittest"], cwd=project, capture_output=True, text=True, timeout=60)
    assert tests.returncode == 0, tests.stderr
    assert "python3 -m benchmarks.compare" in (project / "README.md").read_text()
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=project, capture_output=True, text=True, check=True
    ).stdout
    assert {line[3:].split("/")[0] for line in status.splitlines()} <= {".coord"}
    assert place.left() == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_demo_ends_what_it_started(place: Place, number: signal.Signals, code: int) -> None:
    place.environ["COORD_DEMO_PACE"] = "5"  # agents are in the middle of something
    demo = place.start("--headless")
    assert demo.stdout is not None
    for line in demo.stdout:
        if "start" in line:
            break
    wait_until(lambda: list(place.sockets.glob("tmux-*/*")), message="a tmux server")
    demo.send_signal(number)
    demo.communicate(timeout=60)
    assert demo.returncode == code
    assert place.left() == []


@pytest.mark.slow
def test_on_the_screen_nothing_runs_before_the_reader_says_so_and_the_end_is_summed_up(place: Place) -> None:
    terminal = Terminal(80, 24)
    words = shlex.join([sys.executable, "-m", "coordinator.cli.main", "demo"])
    environ = {k: v for k, v in place.environ.items() if "\n" not in v and k not in ("COLUMNS", "LINES")}
    named = shlex.join(["env", "-i", *(f"{k}={v}" for k, v in environ.items()), "TERM=tmux-256color", "LANG=C.UTF-8"])
    try:
        terminal.tmux("new-session", "-d", "-x", "80", "-y", "24", f"{named} {words}; cat")
        terminal._started = True
        terminal.wait_for("nothing runs yet: l starts", "paused")
        terminal.press("l")
        terminal.wait_for("merged", without="nothing runs yet")
        terminal.press("q")
        terminal.wait_for("prompts merged", "Next, in a repository of your own", "coord init")
        wait_until(lambda: not place.traces(), message="everything to be gone")
    finally:
        terminal.close()


def test_keep_refuses_a_folder_with_something_in_it(place: Place, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    demo = place.start("--headless", "--keep", str(tmp_path))
    said, _ = demo.communicate(timeout=60)
    assert demo.returncode == 3
    assert "new or empty" in said
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_on_the_screen_the_agents_take_their_time_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PACE, raising=False)
    pace = lambda demo: float((demo.layout.scripts / "pace").read_text())  # noqa: E731
    with DemoProject(None) as headless, DemoProject(None, WATCHED) as watched:
        assert pace(watched) >= 2 * pace(headless) > 0
    monkeypatch.setenv(PACE, "0")
    with DemoProject(None, WATCHED) as told:
        assert pace(told) == 0


@pytest.mark.slow
def test_a_demo_that_cannot_finish_says_why(place: Place) -> None:
    place.environ["GIT_AUTHOR_DATE"] = "no date at all"  # the agents' commits fail
    demo = place.start("--headless")
    said, _ = demo.communicate(timeout=100)
    assert demo.returncode == 1
    assert re.search(r"^not done  .*(failed|failure)", said, re.MULTILINE), said
    assert place.left() == []
