"""How long after a dependency has landed, or a question was answered, the next agent's process runs.

The landing is seen from outside, by inotify on the base branch's ref; an answer counts from when it is given. The start
is the time stamp of the `started` folder that the launch script makes first of all. Floor: `git worktree add` alone, by
each agent in turn, so that the machine is as busy as it is for what is measured; it waits until the next worktree is
ready, as it is long before a real agent ends.
"""

import statistics
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

PROMPTS = 31
AGENT = """\
ahead="$COORD_ROOT/.coord/worktrees/.$(printf %02d $((COORD_PROMPT + 1)))-1.warm"
tries=0
while [ $tries -lt {tries} ] && ! grep -q '"ready": true' "$ahead" 2>/dev/null; do
  tries=$((tries + 1))
  sleep 0.02
done
place="$COORD_ROOT/../floor-$COORD_PROMPT"
begin=$(date +%s%N)
git -C "$COORD_ROOT" worktree add -q -b "floor-$COORD_PROMPT" "$place"
echo $(($(date +%s%N) - begin)) >"$place.ns"
git -C "$COORD_ROOT" worktree remove --force "$place"
git -C "$COORD_ROOT" branch -qD "floor-$COORD_PROMPT"
echo 1 >"file-$COORD_PROMPT.txt"
git add -A && git commit -qm "Write file $COORD_PROMPT"
coord agent done --summary done
"""
ANSWERS = 20
ASKER = "coord ask 'May the next one start?'\ncoord agent done --no-change --summary done\n"
SMALL, ORDINARY = 200, 3000
"""Files in the repository, 20 a folder."""


def main() -> list[Row]:
    """A chain of prompts, each waiting for the one before; 30 hand-overs with worktrees made ahead, and without."""
    name = "git worktree add"
    warm = []
    for files in (SMALL, ORDINARY):
        (warm50, warm95), (floor50, floor95) = _chain(1, files)
        said = f"landed → next agent's process, {files:,} files"
        warm.append(Row(f"{said}, p50", warm50, "ms", name, floor50, target_ratio=0.4))
        warm.append(Row(f"{said}, p95", warm95, "ms", name, floor95, target_ratio=0.6))
    (cold50, cold95), (add50, add95) = _chain(0, SMALL)
    return [
        *warm,
        Row("… with `warm: 0`, p50", cold50, "ms", name, add50, target_value=add50 + 15),
        Row("… with `warm: 0`, p95", cold95, "ms", name, add95, target_value=add95 + 15),
        *_answers(add50),
    ]


def _chain(warm: int, files: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Median and 95th percentile, in milliseconds, of what is measured, and of the floor."""
    with tempfile.TemporaryDirectory() as folder:
        chain = {number: [number - 1] if number > 1 else [] for number in range(1, PROMPTS + 1)}
        agents = dict.fromkeys(chain, AGENT.format(tries=500 if warm else 0))
        agents[PROMPTS] = AGENT.format(tries=0)
        with project(Path(folder), chain, agents, warm=warm) as made:
            made.repository.commit({f"src/{n // 20}/module_{n}.py": f"value = {n}\n" * 40 for n in range(files)})
            landed = _landings(made)
            started = _starts(made)
            floor = [int(path.read_text()) / 1e6 for path in Path(folder).glob("floor-*.ns")]
    waits = [(start - max(t for t in landed if t < start)) / 1e6 for start in started[1:]]
    return _spread(waits), _spread(floor)


def _spread(times: list[float]) -> tuple[float, float]:
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


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


if __name__ == "__main__":
    print_rows(main())
