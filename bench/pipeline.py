"""How long from the end of one station's agent to the start of the next one's, with eight prompts at work at once.

20 prompts with 6 stations each; beside it what comes between two prompts of a chain, with the same agents. From the
time stamp of `exit.json`, which the launch script writes last, to that of the `started` folder, which the next one
makes first of all. Agents rest before they hand off, as real ones think: what is measured is coord, not them.

Of that coord's part ends with `launch.sh`, its last file before tmux opens a window. What the agents' own
start takes is measured beside it: windows that do nothing but make such a folder, as many at once.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

from bench.report import Row, print_rows

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.piped import pipeline
from support.project import Project, project
from support.wait import wait_until

from coordinator.agents.launch import keeper
from coordinator.model.work import prompt_work, stage_work

PROMPTS, AT_ONCE = 20, 8
STATIONS = ("one", "two", "three", "four", "five", "six")
OWN = 20.0
"""Milliseconds that coord may take between two stations, beside the start of the agent."""
CHAIN = 5
"""Prompts one after the other, in each of so many chains as prompts are at work at once."""
REST = "sleep $(($(od -An -N1 -tu1 /dev/urandom) % 4 + 2))\n"
"""Two to five seconds."""
LOOK = REST + 'coord agent done --summary "looked"\n'
WORK = (
    REST
    + 'echo "$COORD_TURN" >>"file-$COORD_PROMPT.txt"; git add -A; git commit -qm "Write file $COORD_PROMPT"\n'
    + 'coord agent done --summary "wrote"\n'
)


def main() -> list[Row]:
    """Between stations, beside what is between prompts: median and 95th percentile; and what of it is coord's."""
    prompts = _spread(list(_between_prompts()))
    whole, own, bare = (_spread(times) for times in _between_stations())
    between = f"station → station, {AT_ONCE} at once"
    rows = []
    for i, name in enumerate(("p50", "p95")):
        rows.append(Row(f"{between}, {name}", whole[i], "ms", "between prompts", prompts[i], target_ratio=1.0))
        rows.append(Row(f"… of it coord, until it opens a window, {name}", own[i], "ms", target_value=_aim(name, OWN)))
        rows.append(Row(f"… a window that does nothing, {name}", bare[i], "ms"))
    return [*rows, Row("… beyond such a window, p95", whole[1] - bare[1], "ms", target_value=OWN)]


def _aim(name: str, value: float) -> float | None:
    return value if name == "p95" else None


def _between_stations() -> tuple[list[float], list[float], list[float]]:
    """Milliseconds between the turns of each pipeline, of coord's part, and until bare windows do something."""
    with tempfile.TemporaryDirectory() as folder, project(Path(folder), {}, max_parallel=AT_ONCE) as made:
        pipeline(made, "\n".join(STATIONS))
        for number in range(1, PROMPTS + 1):
            made.add(number, script=f"case $COORD_TURN in one) {WORK};; *) {LOOK};; esac\n", pipeline="duo")
        _run(made)
        whole, own = list[float](), list[float]()
        for number in range(1, PROMPTS + 1):
            places = [made.layout.attempt("run-1", stage_work(number, station), 1) for station in STATIONS]
            for ended, begun in pairwise(places):
                whole.append(_between(ended, begun))
                own.append(_between(ended, begun, "launch.sh"))
        return whole, own, _bare_starts(made, Path(folder, "bare"))


def _bare_starts(made: Project, folder: Path) -> list[float]:
    """Milliseconds from when tmux is asked for a window until its program makes a folder, as many at once as agents."""
    folder.mkdir()
    names = iter(range(AT_ONCE * len(STATIONS)))

    def start(_: int) -> list[float]:
        took = []
        for name in names:
            place = folder / str(name)
            asked = time.time_ns()
            words = [*keeper(), "sh", "-c", f"mkdir {place}; {REST}"]
            made.terminals.open_window(words, cwd=folder, name=f"bare-{name}", env={}, mark={"bare": str(name)})
            wait_until(place.exists, timeout=60)
            took.append((place.stat().st_mtime_ns - asked) / 1e6)
        return took

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return [each for took in threads.map(start, range(AT_ONCE)) for each in took]


def _between_prompts() -> Iterator[float]:
    """Milliseconds between the prompts of each chain."""
    with tempfile.TemporaryDirectory() as folder, project(Path(folder), {}, max_parallel=AT_ONCE) as made:
        for number in range(1, AT_ONCE * CHAIN + 1):
            before = [number - AT_ONCE] if number > AT_ONCE else []
            made.add(number, *before, script=WORK)
        _run(made)
        for number in range(AT_ONCE + 1, AT_ONCE * CHAIN + 1):
            ended, begun = (made.layout.attempt("run-1", prompt_work(n), 1) for n in (number - AT_ONCE, number))
            yield _between(ended, begun)


def _run(made: Project) -> None:
    made.repository.commit({f"src/{n // 20}/module_{n}.py": f"value = {n}\n" * 40 for n in range(200)})
    code = made.run_loop(timeout=600)
    assert code == 0, made.said()[-3000:]


def _between(ended: Path, begun: Path, mark: str = "started") -> float:
    return ((begun / mark).stat().st_mtime_ns - (ended / "exit.json").stat().st_mtime_ns) / 1e6


def _spread(times: list[float]) -> tuple[float, float]:
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


if __name__ == "__main__":
    print_rows(main())
