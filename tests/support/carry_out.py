"""What the loop does with a Planner's decision, as a process of its own that a test can kill.

`carry_out.py ROOT SEQ ATTEMPT`: the decision with event SEQ, made by that attempt of its Planner.
"""

import sys
from pathlib import Path

from coordinator.apply.initiative import carry_out
from coordinator.eventlog.store import EventLog
from coordinator.model.work import work_about
from coordinator.storage.attempts import load_attempt
from coordinator.storage.paths import Layout


def main(root: str, seq: str, count: str) -> None:
    layout = Layout(Path(root))
    with EventLog.open(layout.events_db) as log:
        event = log.get(int(seq))
        work = work_about(event.subject) if event is not None else None
        assert event is not None
        assert event.run is not None
        assert work is not None
        attempt, _ = load_attempt(layout, event.run, work, int(count))
        assert attempt is not None
        carry_out(layout, log, event, attempt)


if __name__ == "__main__":
    main(*sys.argv[1:])
