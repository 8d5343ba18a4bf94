"""How long after a dependency has landed, or a question was answered, the next agent's process runs.

The landing is seen from outside, by inotify on the base branch's ref; an answer counts from when it is given. The start
is the time stamp of the `started` folder that the launch script makes first of all. Floor: `git worktree add` alone.
"""

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.report import Row, print_rows
from coordinator.apply.plans import answer
from coordinator.filewatch.folders import InotifyFolders
from coordinator.filewatch.stop import Stop
from coordinator.model.event import Actor, ActorKind

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.project import Project, project
from support.wait import wait_until

from coordinator.model.work import prompt_work

PROMPTS = 41
AGENT = """\
echo 1 >"file-$COORD_PROMPT.txt"
git add -A && git commit -qm "Write file $COORD_PROMPT"
coord agent done --summary done
"""
ANSWERS = 20
ASKER = "coord ask 'May the next one start?'\ncoord agent done --no-change --summary done\n"
FILES = 200
"""In the repository: as many as a small project has."""


def main() -> list[Row]:
    """A chain of prompts, each waiting for the one before; 40 hand-overs."""
    with tempfile.TemporaryDirectory() as folder:
        chain = {number: [number - 1] if number > 1 else [] for number in range(1, PROMPTS + 1)}
        with project(Path(folder), chain, dict.fromkeys(chain, AGENT)) as made:
            made.repository.commit({f"src/module_{n}.py": f"value = {n}\n" * 40 for n in range(FILES)})
            landed = _landings(made)
            floor = [_worktree_add(made, n) for n in range(30)]
            started = _starts(made)
    waits = [(start - max(t for t in landed if t < start)) / 1e6 for start in started[1:]]
    p50, p95 = statistics.median(waits), statistics.quantiles(waits, n=20)[-1]
    add50, add95 = statistics.median(floor), statistics.quantiles(floor, n=20)[-1]
    name = "git worktree add"
    return [
        Row("landed → next agent's process, p50", p50, "ms", name, add50, target_value=add50 + 15),
        Row("landed → next agent's process, p95", p95, "ms", name, add95, target_value=add95 + 15),
        *_answers(add50),
    ]


def _answers(floor: float) -> list[Row]:
    """A chain of prompts whose agents each ask something and end: the next one starts when that is answered."""
    with tempfile.TemporaryDirectory() as folder:
        chain = {number: [number - 1] if number > 1 else [] for number in range(1, ANSWERS + 2)}
        with project(Path(folder), chain, dict.fromkeys(chain, ASKER)) as made:
            made.start_loop()
            waits = sorted(_answer(made, number) for number in range(1, ANSWERS + 1))
    name = "git worktree add"
    return [
        Row("answered → next agent's process, p50", statistics.median(waits), "ms", name, floor, target_value=100),
        Row("answered → next agent's process, slowest", waits[-1], "ms", name, floor, target_value=100),
    ]


def _answer(made: Project, number: int) -> float:
    """Milliseconds from the answer to the question of a prompt, which is settled by then, to the start of the next."""
    wait_until(lambda: made.snapshot().prompts[number].status == "done", message=f"prompt {number}", timeout=60)
    (asked,) = [event for event in made.events("question.asked") if event.prompt == number]
    started = made.layout.attempt("run-1", prompt_work(number + 1), 1) / "started"
    before = time.time_ns()
    answer(made.layout, str(asked.seq), "go on", Actor(ActorKind.HUMAN, "ada"))
    wait_until(started.exists, message="the start")
    return (started.stat().st_mtime_ns - before) / 1e6


def _landings(made: Project) -> list[int]:
    """Run the loop to its end; the moments (ns) at which the base branch moved."""
    folders, stop = InotifyFolders(), Stop()
    moments: list[int] = []
    folders.want([made.repository.root / ".git/refs/heads"])

    def watch() -> None:
        while paths := folders.wait(stop):
            moments.extend(time.time_ns() for path in paths if path.name == "main")

    thread = threading.Thread(target=watch)
    thread.start()
    code = made.run_loop(timeout=300)
    stop.set()
    thread.join()
    assert code == 0, made.said()
    return moments


def _starts(made: Project) -> list[int]:
    runs = made.layout.runs / "run-1/prompts"
    return sorted((path / "attempt-1/started").stat().st_mtime_ns for path in runs.iterdir())


def _worktree_add(made: Project, number: int) -> float:
    """Milliseconds of the bare command."""
    place = made.layout.worktrees / f"bench-{number}"
    start = time.perf_counter()
    subprocess.run(
        ["git", "worktree", "add", "-q", "-b", f"bench-{number}", str(place)], cwd=made.repository.root, check=True
    )
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    print_rows(main())
