"""Eight writers at once: no gap, no event twice, nobody starves."""

from pathlib import Path

import pytest
from support.writers import start_writer

from coordinator.eventlog.store import EventLog
from coordinator.eventlog.verify import verify

WRITERS = 8


@pytest.mark.parametrize("each", [60, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.timeout(600)
def test_writers_at_once_leave_no_gap_and_nobody_starves(path: Path, each: int) -> None:
    writers = [start_writer(path, f"executor-{n:02d}-1", each) for n in range(WRITERS)]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    told = [[line.split() for line in writer.communicate(timeout=500)[0].splitlines()] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * WRITERS

    assert [len(lines) for lines in told] == [each] * WRITERS
    acknowledged = {words[0]: int(words[1]) for lines in told for words in lines}
    with EventLog.open(path) as log:
        events = log.since(0, limit=WRITERS * each + 1)
    assert {event.id: event.seq for event in events} == acknowledged
    assert sorted(acknowledged.values()) == list(range(1, WRITERS * each + 1))
    assert verify(path).checked == WRITERS * each

    slowest = max(float(words[2]) for lines in told for words in lines)
    assert slowest < 2, f"an append took {slowest:.2f} s"
    first_done = min(int(lines[-1][1]) for lines in told)
    progress = [sum(int(words[1]) <= first_done for words in lines) for lines in told]
    assert min(progress) > each / 10, f"when one had written all, the others had written {sorted(progress)}"


def test_writers_who_all_make_the_log_make_one(path: Path) -> None:
    writers = [start_writer(path, f"executor-{n:02d}-1", 1) for n in range(WRITERS)]
    told = [writer.communicate("go\n", timeout=60)[0].splitlines() for writer in writers]
    assert all(lines[0] == "ready" and len(lines) == 2 for lines in told)
    assert verify(path).checked == WRITERS
