"""How long after a dependency has landed the next agent's process runs, beside `git worktree add` alone.

The landing is seen from outside, by inotify on the base branch's ref; the start is the time stamp of the `started`
folder that the launch script makes first of all.
"""

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.report import Row, print_rows
from coordinator.events.notice import Stop
from coordinator.folders import InotifyFolders

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.project import Project, project

PROMPTS = 41
AGENT = """\
echo 1 >"file-$COORD_PROMPT.txt"
git add -A && git commit -qm "Write file $COORD_PROMPT"
coord agent done --summary done
"""
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
    ]


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
