"""Loops that are killed while they take back what a station changed, or publish what it handed in."""

import json
from collections.abc import Callable

import pytest
from support.project import Project
from support.stations import COMMIT, write_flow, write_pipeline, write_scripts

POINTS = ("changes-found", "changes-committed", "changes-taken-back", "artifact-published:1", "artifact-published:2")


@pytest.mark.parametrize("point", POINTS)
def test_the_next_loop_takes_back_all_of_it_tells_it_once_and_publishes_it_whole(
    make: Callable[..., Project], point: str
) -> None:
    made = make({})
    made.repository.commit({"tests/test_a.py": "assert 1\n"})
    write_flow(made, "builder", writes="['**', '!@tests']", outputs="['ac.json#impl_status', changes.md]")
    write_flow(made, "looker", reads="[changes.md, ac.json]")
    write_pipeline(made, "duo", "builder", "looker")
    ledger = json.dumps({"acs": {"AC-1": {"description": "x", "impl_status": "done", "verify_status": "passed"}}})
    work = f"""echo "$COORD_TURN" >>work.txt; echo bad >tests/test_a.py; {COMMIT}echo left >tests/left.py
echo '{ledger}' >"$COORD_OUT/ac.json"; echo c >"$COORD_OUT/changes.md"
"""
    write_scripts(
        made, {"builder": work, "looker": 'grep -q done "$COORD_IN/ac.json"; grep -q c "$COORD_IN/changes.md"\n'}
    )
    made.add(1, pipeline="duo")
    killed = made.start_loop(failpoint=point)
    assert killed.wait(90) == -9, made.said()
    made.run_loop()
    assert made.states() == {1: "merged"}, made.said()
    git = made.repository.git
    assert git("show", "main:work.txt") == "builder"
    assert git("show", "main:tests/test_a.py") == "assert 1"
    assert "left.py" not in git("ls-tree", "-r", "--name-only", "main")
    said = [(event.subject, event.data["files"]) for event in made.events("ownership.violated")]
    assert sorted(said) == [
        ("stage:1/builder", ["ac.json: AC-1.verify_status"]),
        ("stage:1/builder", ["tests/left.py", "tests/test_a.py"]),
    ]
    (folder,) = made.layout.runs.glob("*/duo/01-1")
    assert json.loads((folder / "ac.json").read_text())["acs"]["AC-1"]["impl_status"] == "done"
    (patch,) = made.layout.runs.glob("*/prompts/01/attempt-1/stages/builder/taken_back.patch")
    assert "+bad" in patch.read_text()
    assert "+left" in patch.read_text()
    assert len([path for path in made.layout.worktrees.iterdir() if "stray" in path.name]) == 0
