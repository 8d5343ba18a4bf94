"""`coord clean` clears what holds nothing, of this project alone, and says of the rest what it holds."""

import json
import subprocess
from pathlib import Path

import pytest
from support.project import WRITE, Project, project

from coordinator.changes.lock import locked
from coordinator.model.work import prompt_work
from coordinator.storage.temp_files import temp_beside

SCRIPT = 'case "$COORD_PROMPT" in 2) exit 1;; 3) echo x >x; git add -A; git commit -qm x; exit 1;; esac\n' + WRITE


@pytest.mark.slow
@pytest.mark.parametrize("way", ["--dry-run", "--yes"])
def test_what_holds_nothing_is_cleared_and_the_rest_told(tmp_path: Path, way: str) -> None:
    with project(tmp_path, {1: [], 2: [], 3: []}, dict.fromkeys((1, 2, 3), SCRIPT), max_parallel=3) as made:
        made.run_loop()
        repository = made.repository
        repository.git("branch", "coord/09-1")  # another project's
        told = _clean(made, way)
        cleared = way == "--yes"
        assert told[".coord/worktrees/02-1"] == ("worktree", "", cleared)
        assert told[".coord/worktrees/03-1"] == ("worktree", "coord/03-1 is not merged", False)
        assert told[made.socket] == ("server", "", cleared)
        assert made.layout.worktree(prompt_work(3), 1).is_dir()
        assert made.layout.worktree(prompt_work(2), 1).exists() is not cleared
        assert bool(repository.head("coord/02-1")) is not cleared
        assert made.terminals.alive() is not cleared
        assert repository.head("coord/09-1")
        assert made.coord("clean", check=False).returncode == (0 if cleared else 2)
        refused = made.coord("clean", way, check=False, COORD_AGENT="executor-01-1", COORD_ROLE="executor")
        assert refused.returncode == 3


def _clean(made: Project, way: str) -> dict[str, tuple[str, str, bool]]:
    found = json.loads(made.coord("clean", way, "--json").stdout)["leftovers"]
    return {one["name"]: (one["kind"], one["holds"], one["cleared"]) for one in found}


def test_what_was_put_aside_and_files_of_dead_writers_are_told_and_cleared(tmp_path: Path) -> None:
    with project(tmp_path, {1: []}) as made:
        trees, git = made.layout.worktrees, made.repository.git
        trees.mkdir()
        for name in ("01-1", "01-2"):
            git("clone", "-q", "--bare", str(made.layout.root), str(trees / f"{name}.git.kept-1"))
        store = str(trees / "01-2.git.kept-1")
        alone = git("-C", store, "commit-tree", "-m", "x", git("-C", store, "hash-object", "-wt", "tree", "/dev/null"))
        (trees / "01-2.git.kept-1/refs/heads/coord").mkdir(parents=True)
        (trees / "01-2.git.kept-1/refs/heads/coord/01-2").write_text(f"{alone}\n")
        (trees / "02-1.stray-1/deep/er").mkdir(parents=True)
        (trees / "02-2.stray-1/deep").mkdir(parents=True)
        (trees / "02-2.stray-1/deep/note").touch()
        (trees / ".03-1.lock").touch()
        (trees / ".05-1.lock").touch()
        (trees / "05-1").mkdir()  # being made
        dead, here = f".coord-tmp-{_ended_process()}-1-0", temp_beside(str(made.layout.prompts / "x"))
        run = made.layout.attempt("run-1", prompt_work(1), 1)
        run.mkdir(parents=True)
        for path in (run / dead, made.layout.prompts / dead, Path(here)):
            path.touch()
        with locked(trees / ".04-1.lock", 1.0):
            expected = {
                ".coord/worktrees/01-1.git.kept-1": ("kept", ""),
                ".coord/worktrees/01-2.git.kept-1": ("kept", "it has commits that are nowhere else"),
                ".coord/worktrees/02-1.stray-1": ("stray", ""),
                ".coord/worktrees/02-2.stray-1": ("stray", "it has files: deep/note"),
                ".coord/worktrees/.03-1.lock": ("lock", ""),
                ".coord/worktrees/.04-1.lock": ("lock", "a command holds it"),
                made.layout.rel(run / dead): ("temp", ""),
                f".coord/prompts/{dead}": ("temp", ""),
            }
            for way in ("--dry-run", "--yes", "--dry-run"):
                told = _clean(made, way)
                assert told == {name: (*one, way == "--yes" and not one[1]) for name, one in expected.items()}
                expected = {name: one for name, one in expected.items() if way != "--yes" or one[1]}
        there = [made.layout.rel(path) for path in trees.iterdir()]
        assert sorted(there) == sorted([*expected, ".coord/worktrees/.05-1.lock", ".coord/worktrees/05-1"])
        assert Path(here).exists()


def _ended_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid
