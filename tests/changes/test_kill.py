"""Killed with SIGKILL before and after each of its git commands, everything can be done again."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
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
set -C  # a number belongs to whoever makes its file: several may run at once
count=1
until true >"$TEST_RUN/$count"; do count=$((count + 1)); done 2>/dev/null
if [ "$TEST_KILL" = "before $count" ]; then kill -s KILL $PPID; exit 1; fi
case "$TEST_KILL" in during*) case " $* " in *" ${TEST_KILL#during } "*)
  kill -s KILL $PPID; read line < "$TEST_GATE"; exec "$TEST_GIT" "$@" ;;
esac ;; esac
"$TEST_GIT" "$@"
status=$?
if [ "$TEST_KILL" = "after $count" ]; then kill -s KILL $PPID; fi
exit $status
"""
CREATE = "create(layout, prompt_work(7), 1)"
MERGE = "merge_attempt(layout, MergeRequest(prompt_work(7), 1, start=START, run='run-1', suites=('tests',)))"
NOTE_PID = "import os\npathlib.Path('{}/pid').write_text(str(os.getpid()))\n"


class Killer:
    """Runs a call in a process of its own, with a `git` that kills that process at a given command.

    `before 3` and `after 3`: its third; `during merge --ff-only`: the one with these words, which then waits at `gate`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.gate = folder, folder / "gate"
        git = shutil.which("git")
        assert git is not None
        self.real_git = git
        (folder / "git").write_text(WRAPPER)
        (folder / "git").chmod(0o755)

    def start(self, repo: Repository, call: str, kill: str, start: str = "") -> "subprocess.Popen[bytes]":
        run = tempfile.mkdtemp(prefix="run-", dir=self.folder)  # what a killed one left running counts no more
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
            "TEST_RUN": run,
            "TEST_GATE": str(self.gate),
            "TEST_GIT": self.real_git,
            "TEST_KILL": kill,
        }
        return subprocess.Popen([sys.executable, "-c", code, str(repo.layout.root)], env=env)

    def run(self, repo: Repository, call: str, kill: str, start: str = "") -> bool:
        """Whether it was killed; False when it ended before it came to that command."""
        status = self.start(repo, call, kill, start).wait()
        assert status in (0, -signal.SIGKILL)
        return status != 0


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
                repo.layout,
                MergeRequest(prompt_work(7), 1, start=info.base, run="run-1", suites=("tests",)),
                patience=60,
            )
            assert outcome == Merged(repo.head(), (made,)), point
            assert repo.git("log", "-1", "--format=%P") == f"{info.base} {made}", point
            assert repo.status() == " M README.md\n?? mine.txt", point
            assert len(repo.git("worktree", "list").splitlines()) == 2, point
            assert not list(repo.layout.worktrees.glob("gate-*")), point
        if not killed:
            break
    assert int(point.split()[1]) > 10


def test_create_waits_for_the_git_of_a_killed_loop(killer: Killer, repo: Repository) -> None:
    os.mkfifo(killer.gate)
    orphaned = killer.start(repo, CREATE, "during worktree add")
    assert orphaned.wait() == -signal.SIGKILL
    found = []
    waiter = threading.Thread(target=lambda: found.append(create(repo.layout, prompt_work(7), 1)))
    waiter.start()
    wait_until(lambda: (repo.layout.worktrees / ".07-1.lock").exists(), message="the lock")
    assert not repo.layout.worktree(prompt_work(7), 1).exists()
    assert waiter.is_alive()
    killer.gate.write_text("go\n")
    waiter.join(60)
    assert found[0].adopted
    assert repo.status(cwd=found[0].path) == ""


def test_a_merge_waits_for_the_git_of_a_killed_loop(killer: Killer, repo: Repository) -> None:
    os.mkfifo(killer.gate)
    repo.suite("tests", "true")
    repo.commit({"a.txt": "a\n"}, cwd=create(repo.layout, prompt_work(7), 1).path)
    orphaned = killer.start(repo, MERGE, "during merge --ff-only")
    assert orphaned.wait() == -signal.SIGKILL
    assert merge_attempt(repo.layout, MergeRequest(prompt_work(7), 1), patience=0) == Waiting(
        "another merge is under way"
    )
    killer.gate.write_text("go\n")
    outcome = merge_attempt(repo.layout, MergeRequest(prompt_work(7), 1), patience=60)
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
