"""Killed with SIGKILL before and after each of its git commands, everything can be done again."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.proof import trial
from support.repository import Repository
from support.wait import wait_until

from coordinator.changes.gate import MergeRequest, merge_attempt
from coordinator.changes.outcome import Merged, Waiting
from coordinator.changes.worktrees import create
from coordinator.model.work import prompt_work

WRAPPER = """#!/bin/sh
count=$(($(cat "$TEST_DIR/count" 2>/dev/null || echo 0) + 1))
echo $count > "$TEST_DIR/count"
echo "$count $*" >> "$TEST_DIR/log"
if [ "$TEST_KILL" = "before $count" ]; then kill -s KILL $PPID; exit 1; fi
if [ "$TEST_KILL" = "during $count" ]; then kill -s KILL $PPID; read line < "$TEST_DIR/gate"; exec "$TEST_GIT" "$@"; fi
"$TEST_GIT" "$@"
status=$?
if [ "$TEST_KILL" = "after $count" ]; then kill -s KILL $PPID; fi
exit $status
"""
CREATE = "create(layout, prompt_work(7), 1)"
MERGE = "merge_attempt(layout, MergeRequest(prompt_work(7), 1, start=START, run='run-1', suites=('tests',)))"
NOTE_PID = "import os\npathlib.Path('{}/pid').write_text(str(os.getpid()))\n"


class Killer:
    """Runs a call in a process of its own, with a `git` that kills that process at a given command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        git = shutil.which("git")
        assert git is not None
        self.real_git = git
        (folder / "git").write_text(WRAPPER)
        (folder / "git").chmod(0o755)

    def start(self, repo: Repository, call: str, kill: str, start: str = "") -> "subprocess.Popen[bytes]":
        (self.folder / "count").unlink(missing_ok=True)
        code = (
            "from coordinator.storage.paths import Layout\n"
            "from coordinator.changes.gate import MergeRequest, merge_attempt\n"
            "from coordinator.changes.worktrees import create\n"
            "from coordinator.model.work import prompt_work\n"
            "import pathlib, sys\n"
            f"layout, START = Layout(pathlib.Path(sys.argv[1])), {start!r}\n{call}\n"
        )
        env = os.environ | {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "TEST_DIR": str(self.folder),
            "TEST_GIT": self.real_git,
            "TEST_KILL": kill,
        }
        return subprocess.Popen([sys.executable, "-c", code, str(repo.layout.root)], env=env)

    def run(self, repo: Repository, call: str, kill: str, start: str = "") -> bool:
        """Whether it was killed; False when it ended before it came to that command."""
        status = self.start(repo, call, kill, start).wait()
        assert status in (0, -signal.SIGKILL)
        return status != 0

    def place_of(self, command: str) -> str:
        """Which git command of its run it was, the first of all runs so far."""
        log = (self.folder / "log").read_text().splitlines()
        return next(line.split()[0] for line in log if command in line)


@pytest.fixture
def killer(tmp_path: Path) -> Killer:
    folder = tmp_path / "bin"
    folder.mkdir()
    return Killer(folder)


def points(moment: str) -> Iterator[str]:
    return (f"{moment} {number}" for number in range(1, 100))


@pytest.mark.parametrize("moment", ["before", "after"])
def test_create_killed_at_any_command_gives_one_good_worktree(tmp_path: Path, killer: Killer, moment: str) -> None:
    for point in points(moment):
        repo = Repository(tmp_path / point)
        killed = killer.run(repo, CREATE, point)
        with trial("the making of a worktree", at=f"{moment} a git command") as one:
            one.came = "one good worktree" if killed else "passed"
            info = create(repo.layout, prompt_work(7), 1)
            assert (info.base, info.warning) == (repo.head(), ""), point
            assert (repo.status(cwd=info.path), repo.head("coord/07-1")) == ("", info.base), point
            assert len(repo.git("worktree", "list").splitlines()) == 2, point
        if not killed:
            break
    assert point != f"{moment} 1"


@pytest.mark.parametrize("moment", ["before", pytest.param("after", marks=pytest.mark.slow)])
def test_merge_killed_at_any_command_merges_once(tmp_path: Path, killer: Killer, moment: str) -> None:
    for point in points(moment):
        repo = Repository(tmp_path / point)
        repo.suite("tests", "test -e a.txt")
        info = create(repo.layout, prompt_work(7), 1)
        made = repo.commit({"a.txt": "a\n"}, cwd=info.path)
        repo.write({"mine.txt": "not committed\n", "README.md": "mine\n"})
        killed = killer.run(repo, MERGE, point, info.base)
        assert repo.head() == info.base or repo.git("log", "-1", "--format=%P") == f"{info.base} {made}", point
        with trial("a merge at the gate", at=f"{moment} a git command") as one:
            one.came = "merged once" if killed else "passed"
            outcome = merge_attempt(
                repo.layout, MergeRequest(prompt_work(7), 1, start=info.base, run="run-1", suites=("tests",))
            )
            assert outcome == Merged(repo.head(), (made,)), point
            assert repo.git("log", "-1", "--format=%P") == f"{info.base} {made}", point
            assert repo.status() == " M README.md\n?? mine.txt", point
            assert len(repo.git("worktree", "list").splitlines()) == 2, point
            assert not list(repo.layout.worktrees.glob("gate-*")), point
        if not killed:
            break
    assert int(point.split()[1]) > 10


def test_create_waits_for_the_git_of_a_killed_loop(tmp_path: Path, killer: Killer, repo: Repository) -> None:
    os.mkfifo(killer.folder / "gate")
    assert not killer.run(Repository(tmp_path / "rehearsal"), CREATE, "never")
    orphaned = killer.start(repo, CREATE, f"during {killer.place_of(' worktree add ')}")
    assert orphaned.wait() == -signal.SIGKILL
    found = []
    waiter = threading.Thread(target=lambda: found.append(create(repo.layout, prompt_work(7), 1)))
    waiter.start()
    wait_until(lambda: (repo.layout.worktrees / ".07-1.lock").exists(), message="the lock")
    assert not repo.layout.worktree(prompt_work(7), 1).exists()
    assert waiter.is_alive()
    (killer.folder / "gate").write_text("go\n")
    waiter.join(20)
    assert found[0].adopted
    assert repo.status(cwd=found[0].path) == ""


def test_a_merge_waits_for_the_git_of_a_killed_loop(tmp_path: Path, killer: Killer, repo: Repository) -> None:
    os.mkfifo(killer.folder / "gate")
    rehearsal = Repository(tmp_path / "rehearsal")
    for place in (repo, rehearsal):
        place.suite("tests", "true")
        place.commit({"a.txt": "a\n"}, cwd=create(place.layout, prompt_work(7), 1).path)
    assert not killer.run(rehearsal, MERGE, "never")
    orphaned = killer.start(repo, MERGE, f"during {killer.place_of(' merge --ff-only ')}")
    assert orphaned.wait() == -signal.SIGKILL
    assert merge_attempt(repo.layout, MergeRequest(prompt_work(7), 1), patience=0) == Waiting(
        "another merge is under way"
    )
    (killer.folder / "gate").write_text("go\n")
    outcome = merge_attempt(repo.layout, MergeRequest(prompt_work(7), 1), patience=20)
    assert isinstance(outcome, Merged)
    assert len(repo.git("log", "--merges", "--format=%H").splitlines()) == 1


def test_a_power_cut_while_landing_leaves_only_the_engineers_work(killer: Killer, repo: Repository) -> None:
    repo.commit({".gitattributes": "*.bin filter=die\n", "gone.txt": "gone\n"})
    info = create(repo.layout, prompt_work(7), 1)
    repo.git("rm", "--quiet", "gone.txt", cwd=info.path)
    repo.commit({"README.md": "New.\n", "a.txt": "a\n", "z.bin": "z\n"}, cwd=info.path)
    repo.write({"mine.txt": "mine\n", "src/app.py": "mine\n"})
    repo.git("config", "filter.die.smudge", f"kill -s KILL $(cat {killer.folder}/pid) 0")
    repo.git("config", "filter.die.clean", "cat")
    call = NOTE_PID.format(killer.folder) + "merge_attempt(layout, MergeRequest(prompt_work(7), 1))"
    assert killer.run(repo, call, "never")
    assert (repo.root / "a.txt").read_text() == "a\n"
    assert not (repo.root / "gone.txt").exists()
    repo.git("config", "filter.die.smudge", "cat")
    assert isinstance(
        merge_attempt(repo.layout, MergeRequest(prompt_work(7), 1)), Waiting
    )  # for the index.lock that was left
    assert repo.status() == " M src/app.py\n?? mine.txt"
    (repo.root / ".git/index.lock").unlink()
    assert isinstance(merge_attempt(repo.layout, MergeRequest(prompt_work(7), 1)), Merged)
    assert repo.status() == " M src/app.py\n?? mine.txt"


def test_create_completes_a_checkout_that_died_half_way(repo: Repository, killer: Killer) -> None:
    repo.commit({".gitattributes": "*.bin filter=die\n", "a.txt": "a\n", "z.bin": "z\n"})
    repo.git("config", "filter.die.smudge", f"kill -s KILL $(cat {killer.folder}/pid) 0")
    repo.git("config", "filter.die.clean", "cat")
    call = NOTE_PID.format(killer.folder) + CREATE
    assert killer.run(repo, call, "never")  # by the filter: us, git, and the git that it started
    assert (repo.layout.worktree(prompt_work(7), 1) / "a.txt").exists()
    assert not (repo.layout.worktree(prompt_work(7), 1) / "z.bin").exists()
    repo.git("config", "filter.die.smudge", "cat")
    info = create(repo.layout, prompt_work(7), 1)
    assert (info.path / "z.bin").read_text() == "z\n"
    assert repo.status(cwd=info.path) == ""
    assert len(repo.git("worktree", "list").splitlines()) == 2
    assert not (repo.root / ".git" / "worktrees" / "07-1" / "index.lock").exists()
