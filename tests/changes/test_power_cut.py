"""What the gate calls merged is there after the power went: a real file system, cut off without warning."""

import subprocess
from pathlib import Path

import pytest
from support.powercut import cut_power, small_disk, start_again
from support.proof import trial
from support.repository import Repository

from coordinator.changes.gate import MergeRequest, merge_attempt
from coordinator.changes.outcome import Merged
from coordinator.changes.safekeeping import keep_safe
from coordinator.changes.worktrees import create
from coordinator.model.work import prompt_work


@pytest.mark.parametrize("checked_out", [True, False], ids=["checked out", "elsewhere"])
def test_what_is_merged_survives_a_power_cut(tmp_path: Path, checked_out: bool) -> None:
    with small_disk(tmp_path) as disk:
        repo, text = Repository(disk / "project"), "what the agent wrote\n" * 50
        if not checked_out:
            repo.git("switch", "--quiet", "-c", "other")
        subprocess.run(["sync", "-f", str(disk)], check=True)  # the engineer's own work is no matter of coord's
        tree = create(repo.layout, prompt_work(1), 1, "main")
        tip = repo.commit({"src/made.py": text, "src/app.py": "changed\n", "z": "z"}, cwd=tree.path)
        outcome = merge_attempt(repo.layout, MergeRequest(prompt_work(1), 1, base="main", start=tree.base))
        assert isinstance(outcome, Merged)
        cut_power(disk)
        start_again(disk)
        with trial("the power, right after a merge", at="any moment"):
            assert repo.head("main") == outcome.commit
            assert repo.git("fsck", "--full", "--strict", "main", check=False).count("missing") == 0
            assert repo.git("show", f"{outcome.commit}:src/made.py") + "\n" == text
            assert (repo.head(tree.branch), repo.git("rev-parse", "main^2")) == (tip, tip)
            assert repo.status() == ""


def test_an_open_change_survives_a_power_cut(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        repo = Repository(disk / "project")
        tree = create(repo.layout, prompt_work(1), 1, "main")
        subprocess.run(["sync", "-f", str(disk)], check=True)  # as the system does by itself after half a minute
        tip = repo.commit({"src/made.py": "made\n"}, cwd=tree.path)
        keep_safe(repo.layout, tree.branch, tree.base)
        cut_power(disk)
        start_again(disk)
        with trial("the power, right after a change was opened", at="any moment"):
            assert repo.head(tree.branch) == tip
            assert repo.git("show", f"{tip}:src/made.py") == "made"
            assert repo.git("status", "--porcelain", cwd=tree.path) == ""
