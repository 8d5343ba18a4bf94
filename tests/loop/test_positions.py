"""Where pipelines stand, while more than one thread looks at that."""

from pathlib import Path

from coordinator.eventlog.store import EventLog
from coordinator.loop.positions import Positions
from coordinator.model.pipeline import Position
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import prompt_work
from coordinator.storage.paths import Layout
from coordinator.storage.pipeline_state import load_state, write_state

AT = "2027-01-15T08:00:00Z"
PARENT = Attempt(prompt_work(1), 1, "run-1", 1, StepState.RUNNING, AT, AT, "executor-01-1", pipeline="duo")


def test_a_position_is_not_put_back_while_it_is_moved_on(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    directory = layout.attempt(PARENT.run, PARENT.work, PARENT.attempt)
    directory.mkdir(parents=True)
    log = EventLog.open(layout.events_db, create=True)
    try:
        positions, known, other = Positions(layout, log), Position("duo", seq=1), Position("duo", seq=2)
        positions.write(PARENT, known)
        write_state(directory, other)
        with positions.moving(PARENT):
            assert not positions.put_back(PARENT, other)
        assert load_state(directory) == other
        assert positions.put_back(PARENT, other)
        assert load_state(directory) == known
    finally:
        log.close()
