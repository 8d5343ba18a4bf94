"""The tree below a prompt with a pipeline: where each station is, and which one matters most."""

import pytest
from support import piping
from support.scenes import NOW

from coordinator.lazy.dataclass import replace
from coordinator.model.pipeline import Position, Turn
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Step, StepState
from coordinator.views.pipeline_rows import TurnRow, current_row, turn_rows
from coordinator.views.prompt_row import Tone


def told(number: int, snapshot: Snapshot | None = None) -> list[tuple[str, str, str, int]]:
    return [
        (row.name, row.tone.value, row.fact, row.depth) for row in turn_rows(snapshot or piping.piped(), number, NOW)
    ]


def test_every_station_has_a_row_with_its_last_turn() -> None:
    assert told(2) == [
        ("requirements-author", "done", "", 0),
        ("test-author", "done", "", 0),
        ("test-critic", "done", "", 0),
        ("implementer", "running", "2 turns, 9m50", 0),
        ("code-critic", "done", "2 open", 0),
        ("cleanup", "waiting", "", 0),
    ]


def test_a_station_that_asks_stands_out() -> None:
    assert told(3)[1] == ("test-author", "attention", "2 turns, asks you", 0)
    rows = turn_rows(piping.piped(), 3, NOW)
    assert current_row(rows) == TurnRow("test-author", Tone.ATTENTION, "2 turns, asks you", turn="test-author.2")


def test_stages_show_what_is_under_way_below_them() -> None:
    assert told(4) == [
        ("PLAN", "done", "3 of 3 done", 0),
        ("IMPLEMENT", "running", "1 of 3 done", 0),
        ("2.1/T2", "running", "2m30", 1),
        ("2.1/T3", "attention", "permission", 1),
        ("TEST", "waiting", "", 0),
        ("FINAL", "waiting", "", 0),
    ]


@pytest.mark.parametrize(("state", "shown"), [(StepState.MERGED, False), (StepState.FAILED, True)])
def test_a_pipeline_that_is_through_folds_into_its_prompt(state: StepState, shown: bool) -> None:
    snapshot = piping.piped()
    steps = {**snapshot.steps, 2: Step(2, state, snapshot.steps[2].attempt)}
    assert bool(turn_rows(replace(snapshot, steps=steps), 2, NOW)) is shown
    assert turn_rows(snapshot, 5, NOW) == ()


def test_what_others_wrote_is_clipped_and_safe() -> None:
    snapshot = piping.piped()
    turn = Turn("implementer", "implementer", state="failed", why="\x1b[2J" + "x" * 200)
    position = Position("build", stations=piping.STATIONS, turns=(turn,))
    (row,) = [one for one in turn_rows(replace(snapshot, pipelines={2: position}), 2, NOW) if one.turn]
    assert "\x1b" not in row.fact
    assert len(row.fact) <= 48
    broken = replace(position, broken="line 1: not JSON\n")
    assert turn_rows(replace(snapshot, pipelines={2: broken}), 2, NOW)[0].tone is Tone.BLOCKED
