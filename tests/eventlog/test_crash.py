"""What was acknowledged is on the log, whatever happened to the writer."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.writers import ADA, ROOT, decision, start_writer

from coordinator.eventlog.store import EventLog
from coordinator.eventlog.verify import verify


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.timeout(600)
def test_no_acknowledged_event_is_lost_when_writers_are_killed(path: Path, kills: int) -> None:
    chance = random.Random(kills)
    acknowledged: dict[str, int] = {}
    for round_ in range(kills):
        writers = [start_writer(path, f"executor-{round_:02d}-{n}", 100_000) for n in range(2)]
        for writer in writers:
            assert writer.stdout
            assert writer.stdin
            assert writer.stdout.readline() == "ready\n"
            writer.stdin.write("go\n")
            writer.stdin.flush()
        told = [_acknowledged(writers[0], chance.randrange(1, 20))]
        _spin(chance.uniform(0, 0.002))  # to be at any point of an append
        for writer in writers:
            writer.kill()
        told += [_rest(writer) for writer in writers]
        acknowledged |= {words[0]: int(words[1]) for lines in told for words in lines}
        verdict = verify(path)
        assert verdict.ok, verdict.reason
    with EventLog.open(path) as log:
        for id_, seq in acknowledged.items():
            event = log.get(id_)
            assert event is not None, f"event {seq} was acknowledged and is lost"
            assert event.seq == seq
        assert log.head() >= len(acknowledged) > kills
        log.append([decision("life goes on")], ADA)


def _acknowledged(writer: "subprocess.Popen[str]", count: int) -> list[list[str]]:
    assert writer.stdout
    return [writer.stdout.readline().split() for _ in range(count)]


def _rest(writer: "subprocess.Popen[str]") -> list[list[str]]:
    """What it acknowledged before it was killed, read through the same buffer as before."""
    assert writer.stdin
    assert writer.stdout
    lines = writer.stdout.read().splitlines(keepends=True)
    writer.wait()
    writer.stdin.close()
    writer.stdout.close()
    return [line.split() for line in lines if line.endswith("\n")]


def _spin(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_a_log_whose_maker_is_killed_is_made_by_the_next_one(tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)
    code = "import sys; from pathlib import Path; from coordinator.eventlog import schema, store\n"
    code += "sys.stdin.readline(); store.EventLog.open(Path(sys.argv[1]), create=True); print('made', flush=True)"
    for round_ in range(kills):
        path = tmp_path / f"{round_}.db"
        maker = subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert maker.stdin
        maker.stdin.write(b"go\n")
        maker.stdin.flush()
        while not path.exists():
            assert maker.poll() is None or path.exists()  # it may be through already
        _spin(chance.uniform(0, 0.02))
        maker.kill()
        maker.communicate()
        with EventLog.open(path, create=True) as log:
            log.append([decision("first")], ADA)
        assert verify(path).checked == 1


FILL = """
import os, sys
from pathlib import Path
from coordinator.errors import CoordError
from coordinator.eventlog.store import EventLog
from coordinator.eventlog.verify import verify
from coordinator.model.event import SYSTEM, Draft
place = Path(sys.argv[1])
(place / "ballast").write_bytes(b"x" * 100_000)
log = EventLog.open(place / "events.db", create=True)
draft = Draft("run.started", "milestone", {"text": "x" * 2000})
count = 0
try:
    for count in range(10_000):
        log.append([draft], SYSTEM)
except CoordError as error:
    print(count, log.head(), error.message, "/", error.remedy)
(place / "ballast").unlink()
log.append([draft], SYSTEM)
log.close()
print(verify(place / "events.db"))
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="makes a small disk with unshare")
def test_a_full_disk_loses_nothing_and_says_so(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=600k tmpfs "$1" && shift && exec "$@"'
    small = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh", str(tmp_path)]
    if subprocess.run([*small, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no user namespaces here")
    done = subprocess.run(
        [*small, sys.executable, "-c", FILL, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    full, verdict = done.stdout.splitlines()
    appended, head, *words = full.split()
    assert int(appended) == int(head) > 5
    assert " ".join(words) == "the disk is full: the event was not written / free some space and repeat"
    assert verdict.startswith(f"Verdict(ok=True, checked={int(head) + 1},")
