"""Actors and drafts for the log, and processes of their own that append to it."""

import os
import subprocess
import sys
from pathlib import Path

from coordinator.model.event import Actor, ActorKind, Draft

ROOT = Path(__file__).parents[2]
ADA = Actor(ActorKind.HUMAN, "ada")
EXECUTOR = Actor(ActorKind.AGENT, "executor-07-1", "executor")
PLANNER = Actor(ActorKind.AGENT, "planner-1", "planner")


def decision(text: object = "use WAL", subject: str = "prompt:7", id: str = "") -> Draft:
    return Draft("decision.recorded", subject, {"text": text}, id)


_BODY = """
import itertools, os, sys, time
from pathlib import Path
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Actor, ActorKind, Draft
path, name, count, over = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
log = EventLog.open(path, create=True)
actor = Actor(ActorKind.AGENT, name, "executor")
print("ready", flush=True)
sys.stdin.readline()
for i in itertools.count():
    if i >= count and (not over or os.path.exists(over)):
        break
    start = time.perf_counter()
    event, = log.append([Draft("decision.recorded", "prompt:7", {"text": f"{name} {i}", "at": time.time_ns()})], actor)
    sys.stdout.write(f"{event.id} {event.seq} {time.perf_counter() - start} {time.time_ns()}\\n")
    sys.stdout.flush()
log.close()
"""


def start_writer(path: Path, name: str, count: int, over: str = "") -> "subprocess.Popen[str]":
    """A process that appends `count` events as soon as it gets a line, and then goes on until the file `over` is there.

    It prints `ready`, then for each event, once it is acknowledged, its id, sequence number, seconds, and the time.
    """
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", _BODY, str(path), name, str(count), over],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    )


def run_python(code: str, *arguments: object, **environ: str) -> str:
    """What a fresh interpreter prints for a piece of code."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
