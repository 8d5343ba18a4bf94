"""The graph: its rules beside the standard library's topological sort, its panel beside an app with one word in it."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from graphlib import TopologicalSorter
from random import Random

from textual.app import App, ComposeResult
from textual.widgets import Static

from bench.graph_demo import GraphDemo, large
from bench.report import Row, print_rows
from coordinator.model.graph import Graph
from coordinator.model.prompt import Priority, Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.views.graph_rails import layout
from coordinator.views.prompt_row import Facts
from tui.widgets.graph import PromptGraph

ROUNDS = 15
PAINTS = 5
SIZE = (160, 45)


def main() -> list[Row]:
    """Rules for 1,000 and 10,000 prompts; rails, facts and the panel for 1,000."""
    return [*_rules(1_000), *_rules(10_000), *_drawing(large(1_000, time.time()))]


def prompts(count: int) -> list[Prompt]:
    """Each waits for up to two of the thirty before it; priorities are mixed."""
    random = Random(1)
    made = []
    for number in range(1, count + 1):
        before = range(max(1, number - 30), number)
        some = sorted(random.sample(before, min(len(before), random.randint(0, 2))))
        made.append(
            Prompt(
                number,
                f"Task {number}",
                f".coord/prompts/{number}.prompt.md",
                dependencies=tuple(some),
                priority=random.choice(list(Priority)),
            )
        )
    return made


def _rules(count: int) -> list[Row]:
    made = prompts(count)
    graph = Graph.of(made)
    built, sorted_, kept, rails = (float("inf"),) * 4
    for _ in range(ROUNDS):  # taken in turns: what slows the machine down meets all
        sorted_ = min(
            sorted_, _time(lambda: [*TopologicalSorter({p.number: p.dependencies for p in made}).static_order()])
        )
        built = min(built, _time(lambda: Graph.of(made)))
        kept = min(kept, _time(lambda: graph.updated(made)))
        rails = min(rails, _time(lambda: layout(graph)))
    name = f"graph of {count:,}"
    return [
        Row(f"{name}, built", built, "ms", "graphlib's order alone", sorted_, target_ratio=1.5),
        Row(f"{name}, nothing changed", kept, "ms", "building", built, target_ratio=0.25),
        Row(f"{name}, laid out as rails", rails, "ms", "building", built, target_ratio=10),
    ]


def _drawing(shown: Snapshot) -> list[Row]:
    now = time.time()
    drawn = layout(shown.graph)
    cells = min(_time(lambda: list(drawn.rows())) for _ in range(ROUNDS))
    facts = min(_time(lambda: _all_facts(shown, now)) for _ in range(ROUNDS))
    trivial, panel = float("inf"), float("inf")
    for _ in range(PAINTS):
        trivial = min(trivial, _started("trivial"))
        panel = min(panel, _started("panel"))
    page = asyncio.run(pages(shown, now))
    return [
        Row("1,000 rows of rails drawn", cells, "ms", target_value=50),
        Row("1,000 facts", facts, "ms", target_value=30),
        Row("panel of 1,000, command to first paint", panel, "ms", "an app with one word", trivial, target_ratio=1.5),
        Row("panel of 1,000, a page further", page, "ms", target_value=33),
    ]


def _all_facts(shown: Snapshot, now: float) -> None:
    facts = Facts(shown)
    for number in shown.graph.order:
        facts.of(number, now)


class Trivial(App[None]):
    """The least that an app of Textual can show."""

    def compose(self) -> ComposeResult:
        yield Static("hello")


def _started(name: str) -> float:
    """Milliseconds from starting a process to the end of its first complete screen."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bench.graph", name], check=True)
    return (time.perf_counter() - began) * 1e3


async def paint_once(app: App[None]) -> None:
    """Run an app until its first complete screen; for other benchmarks too."""
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()


async def pages(shown: Snapshot, now: float, turns: int = 20) -> float:
    """Milliseconds of processor time from a page key's action to its painted page; the mean of all."""
    app = GraphDemo(shown, now)
    async with app.run_test(size=SIZE) as pilot:
        graph = app.query_one(PromptGraph)
        await pilot.pause()
        began = time.process_time()
        for _ in range(turns):
            painted = asyncio.Event()
            graph.action_page(1)
            graph.call_after_refresh(painted.set)
            await painted.wait()
        return (time.process_time() - began) * 1e3 / turns


def _time(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return (time.perf_counter() - began) * 1e3


if __name__ == "__main__":
    if sys.argv[1:]:
        moment = time.time()
        asyncio.run(paint_once(Trivial() if sys.argv[1] == "trivial" else GraphDemo(large(1_000, moment), moment)))
    else:
        print_rows(main())
