"""Strict mode: a station is given its artifacts, hands in its own, and reaches nobody else's."""

import json
from collections.abc import Iterator

import pytest
from support.stations import COMMIT, write_flow, write_pipeline, write_scripts
from support.strict import StrictProject, needs_strict, strict_project

from coordinator.model.step import StepState

pytestmark = needs_strict
REACH = """\
for file in "$COORD_IN"/requirements.md "$COORD_IN/new" "$COORD_OUT/../contract.json" "$COORD_OUT/../taken.json" \\
    "$COORD_OUT/../../../pipeline-state.json" "$COORD_ROOT"/.coord/runs/*/duo/01-1/requirements.md; do
  ! echo forged >"$file" || exit 9
done 2>/dev/null
! rm -rf "$COORD_IN" 2>/dev/null || exit 8
! mv "$COORD_OUT" "$COORD_OUT.away" 2>/dev/null || exit 7
ln -s "$COORD_ROOT/.coord/coord.yaml" "$COORD_OUT/more.md"
"""


@pytest.fixture
def made() -> Iterator[StrictProject]:
    with strict_project({}) as made:
        yield made


def test_a_station_reads_what_it_is_given_hands_in_its_own_and_reaches_nothing_else(made: StrictProject) -> None:
    write_flow(made, "asker", outputs="[requirements.md]")
    write_flow(made, "builder", reads="[requirements.md]", writes="['src/**']", outputs="[changes.md, more.md?]")
    write_pipeline(made, "duo", "asker", "builder")
    work = 'mkdir -p src; cp "$COORD_IN/requirements.md" src/a.txt; echo no >other.txt\n'
    write_scripts(
        made,
        {
            "asker": 'echo "it flies" >"$COORD_OUT/requirements.md"\n',
            "builder": f'{REACH}{work}{COMMIT}echo c >"$COORD_OUT/changes.md"\nrm "$COORD_OUT/more.md"\n',
        },
    )
    made.add(1, pipeline="duo")
    made.run_loop()
    step = made.snapshot().steps[1]
    assert step.state is StepState.MERGED, f"{step.reason}\n{made.said()[-4000:]}"
    assert made.repository.git("show", "main:src/a.txt").strip() == "it flies"
    files = [event.data["files"] for event in made.events("ownership.violated")]
    assert files == [["other.txt"]], json.dumps(files)
    (folder,) = made.layout.runs.glob("*/duo/01-1")
    assert (folder / "requirements.md").read_text() == "it flies\n"
    assert "other.txt" not in made.repository.git("ls-tree", "-r", "--name-only", "main")
