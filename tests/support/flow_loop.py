"""`coord loop` with a rule of the test's own in the place of those that say which flows of an iteration start.

Run as a program: `COORD_TEST_FLOWS="planner verifier"` names the flows of iteration 1 that start at once, each until
an attempt of it is over; the arguments are those of `coord`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from coordinator.cli.main import main
from coordinator.loop import rules
from coordinator.loop.actions import Dispatch
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.model.work import flow_work

if TYPE_CHECKING:
    from support.project import Project

FLOWS = "COORD_TEST_FLOWS"
DONE = "coord agent done --no-change --summary 'looked at all of it'\n"
"""A scripted specialist that finds nothing."""


def start(snapshot: Snapshot, now: float) -> Iterator[Dispatch]:
    for name in os.environ.get(FLOWS, "").split():
        work = flow_work(1, name)
        last = snapshot.flows.get(work)
        if snapshot.loop.asked == "running" and (last is None or last.state is StepState.PENDING):
            yield Dispatch(work, snapshot.flow_counts.get(name, 0) + 1)


def flow(made: "Project", name: str, script: str = DONE, **front: str) -> None:
    """A specialist of the project's own, with its script."""
    made.layout.flows.mkdir(exist_ok=True)
    lines = "".join(f"{key}: {value}\n" for key, value in {"role": "specialist", **front}.items())
    (made.layout.flows / f"{name}.md").write_text(f"---\n{lines}---\n# How to look\n\nLook at all of it.\n")
    (made.layout.scripts / f"{name}.sh").write_text(script)


@contextmanager
def loop(made: "Project", *flows: str, failpoint: str = "") -> Iterator["subprocess.Popen[bytes]"]:
    """A loop that starts these flows of iteration 1."""
    more = {FLOWS: " ".join(flows)} | ({"COORD_FAILPOINT": failpoint} if failpoint else {})
    command = [sys.executable, "-P", __file__, "-C", str(made.layout.root), "loop"]
    with (made.layout.root.parent / "loop.out").open("ab") as out:
        process = subprocess.Popen(
            command, env=made.environment(**more), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    rules.RULES = (*rules.RULES, start)
    main(sys.argv[1:])
