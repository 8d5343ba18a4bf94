"""Eight writers at once: no gap, no event twice, nobody starves."""

import subprocess
from pathlib import Path
from threading import Thread

import pytest
from support.wait import wait_until
from support.writers import start_writer

from coordinator.eventlog.store import EventLog
from coordinator.eventlog.verify import verify

WRITERS = 8


@pytest.mark.parametrize("each", [60, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.timeout(600)
def test_writers_at_once_leave_no_gap_and_nobody_starves(path: Path, tmp_path: Path, each: int) -> None:
    over = tmp_path / "over"
    writers = [start_writer(path, f"executor-{n:02d}-1", each, str(over)) for n in range(WRITERS)]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
    told: list[list[list[str]]] = [[] for _ in writers]
    readers = [Thread(target=read_all, args=(writer, lines)) for writer, lines in zip(writers, told, strict=True)]
    for reader in readers:
        reader.start()
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    wait_until(lambda: all(len(lines) >= each for lines in told), timeout=400, message="what each is to write")
    over.touch()
    for reader in readers:
        reader.join()
    assert [writer.wait() for writer in writers] == [0] * WRITERS

    acknowledged = {words[0]: int(words[1]) for lines in told for words in lines}
    written = sum(map(len, told))
    with EventLog.open(path) as log:
        events = log.since(0, limit=written + 1)
    assert {event.id: event.seq for event in events} == acknowledged
    assert sorted(acknowledged.values()) == list(range(1, written + 1))
    assert verify(path).checked == written

    # they get to run one after the other, as the machine can: who has begun counts from when all have
    begun = max(int(lines[0][1]) for lines in told)
    reached = max(int(lines[each - 1][1]) for lines in told)
    progress = [sum(begun <= int(words[1]) <= reached for words in lines) for lines in told]
    assert max(progress) < 10 * each, f"until each had written {each}, they had written {sorted(progress)}"


def read_all(writer: "subprocess.Popen[str]", lines: list[list[str]]) -> None:
    assert writer.stdout
    lines.extend(line.split() for line in writer.stdout)


def test_writers_who_all_make_the_log_make_one(path: Path) -> None:
    writers = [start_writer(path, f"executor-{n:02d}-1", 1) for n in range(WRITERS)]
    told = [writer.communicate("go\n", timeout=60)[0].splitlines() for writer in writers]
    assert all(lines[0] == "ready" and len(lines) == 2 for lines in told)
    assert verify(path).checked == WRITERS
