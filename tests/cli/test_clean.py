"""`coord clean` clears what holds nothing, of this project alone, and says of the rest what it holds."""

import json
from pathlib import Path

import pytest
from support.project import WRITE, Project, project

SCRIPT = 'case "$COORD_PROMPT" in 2) exit 1;; 3) echo x >x; git add -A; git commit -qm x; exit 1;; esac\n' + WRITE


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
        assert made.layout.worktree(3, 1).is_dir()
        assert made.layout.worktree(2, 1).exists() is not cleared
        assert bool(repository.head("coord/02-1")) is not cleared
        assert made.terminals.alive() is not cleared
        assert repository.head("coord/09-1")
        assert made.coord("clean", check=False).returncode == (0 if cleared else 2)
        refused = made.coord("clean", way, check=False, COORD_AGENT="executor-01-1", COORD_ROLE="executor")
        assert refused.returncode == 3


def _clean(made: Project, way: str) -> dict[str, tuple[str, str, bool]]:
    found = json.loads(made.coord("clean", way, "--json").stdout)["leftovers"]
    return {one["name"]: (one["kind"], one["holds"], one["cleared"]) for one in found}
