"""How long from the end of one station's agent to the start of the next one's, with eight prompts at work at once.

20 prompts with 6 stations each; beside it what comes between two prompts of a chain, with the same agents. From the
time stamp of `exit.json`, which the launch script writes last, to that of the `started` folder, which the next one
makes first of all. Agents rest before they hand off, as real ones think: what is measured is coord, not them.
"""

import statistics
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from bench.report import Row, print_rows

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.piped import pipeline
from support.project import Project, project

from coordinator.model.work import prompt_work, stage_work

PROMPTS, AT_ONCE = 20, 8
STATIONS = ("one", "two", "three", "four", "five", "six")
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
    """Between stations, beside what is between prompts: median and 95th percentile."""
    prompts50, prompts95 = _spread(list(_between_prompts()))
    stations50, stations95 = _spread(list(_between_stations()))
    name = "between prompts"
    return [
        Row(f"station → station, {AT_ONCE} at once, p50", stations50, "ms", name, prompts50, target_ratio=1.0),
        Row(f"station → station, {AT_ONCE} at once, p95", stations95, "ms", name, prompts95, target_ratio=1.0),
    ]


def _between_stations() -> Iterator[float]:
    """Milliseconds between the turns of each pipeline."""
    with tempfile.TemporaryDirectory() as folder, project(Path(folder), {}, max_parallel=AT_ONCE) as made:
        pipeline(made, "\n".join(STATIONS))
        for number in range(1, PROMPTS + 1):
            made.add(number, script=f"case $COORD_TURN in one) {WORK};; *) {LOOK};; esac\n", pipeline="duo")
        _run(made)
        for number in range(1, PROMPTS + 1):
            places = [made.layout.attempt("run-1", stage_work(number, station), 1) for station in STATIONS]
            yield from (_between(*pair) for pair in pairwise(places))


def _between_prompts() -> Iterator[float]:
    """Milliseconds between the prompts of each chain."""
    with tempfile.TemporaryDirectory() as folder, project(Path(folder), {}, max_parallel=AT_ONCE) as made:
        for number in range(1, AT_ONCE * CHAIN + 1):
            before = [number - AT_ONCE] if number > AT_ONCE else []
            made.add(number, *before, script=WORK)
        _run(made)
        for number in range(AT_ONCE + 1, AT_ONCE * CHAIN + 1):
            pair = (made.layout.attempt("run-1", prompt_work(n), 1) for n in (number - AT_ONCE, number))
            yield _between(*pair)


def _run(made: Project) -> None:
    made.repository.commit({f"src/{n // 20}/module_{n}.py": f"value = {n}\n" * 40 for n in range(200)})
    code = made.run_loop(timeout=600)
    assert code == 0, made.said()[-3000:]


def _between(ended: Path, begun: Path) -> float:
    return ((begun / "started").stat().st_mtime_ns - (ended / "exit.json").stat().st_mtime_ns) / 1e6


def _spread(times: list[float]) -> tuple[float, float]:
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


if __name__ == "__main__":
    print_rows(main())
