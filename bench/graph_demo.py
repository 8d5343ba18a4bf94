"""The graph panel alone, with made-up prompts: `python -m bench.graph_demo [COUNT]`."""

import os
import sys
import time
from collections.abc import Iterable, Mapping
from random import Random

from textual.app import App, ComposeResult
from textual.binding import Binding

from coordinator.lazy.dataclass import replace
from coordinator.model.clock import iso
from coordinator.model.graph import Graph
from coordinator.model.loop_state import judge
from coordinator.model.prompt import Priority, Prompt, PromptStatus, PromptType
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Agent, AgentState, Milestone, Snapshot
from coordinator.model.step import Attempt, Exit, Step, StepState, derive_step
from coordinator.model.work import prompt_work
from tui.paint.theme import DARK, LIGHT, glyphs, themes
from tui.widgets.graph import PromptGraph

_TITLES = (
    "Parse limits from TOML",
    "Token bucket core",
    "Command line",
    "Persist buckets to SQLite",
    "HTTP middleware headers",
    "Redis backend",
    "Benchmarks against the naive limiter",
    "Sliding window variant",
    "Survive a clock that steps back",
    "Publish metrics",
    "Rewrite in Rust",
)


def small(now: float) -> Snapshot:
    """One moment of a project of eleven prompts in which every state occurs; `now` in Unix seconds."""
    after = {2: (1,), 3: (1,), 4: (2,), 5: (2,), 6: (3,), 7: (9, 5), 8: (6,), 9: (2,), 10: (3,)}
    done, late, kinds = {1, 2, 3}, {7, 8}, {8: PromptType.EMERGENT, 9: PromptType.USER_PATCH, 11: PromptType.EMERGENT}
    status = {**dict.fromkeys(done, PromptStatus.DONE), 10: PromptStatus.FAILED, 11: PromptStatus.CANCELLED}
    prompts = [
        Prompt(
            number,
            title,
            f".coord/prompts/{number:02d}.prompt.md",
            type=kinds.get(number, PromptType.PLANNED),
            status=status.get(number, PromptStatus.PENDING),
            dependencies=after.get(number, ()),
            priority=Priority.LOW if number in late | {10, 11} else Priority.MEDIUM,
            patches_prompts=(2,) if number == 9 else (),
        )
        for number, title in enumerate(_TITLES, 1)
    ]
    attempts = {
        1: _attempt(1, StepState.MERGED, now, 900, took=242),
        2: _attempt(2, StepState.MERGED, now, 700, took=461),
        3: _attempt(3, StepState.MERGED, now, 600, took=190),
        4: _attempt(4, StepState.RUNNING, now, 133),
        5: replace(_attempt(5, StepState.CHANGE_OPEN, now, 300), added=184, removed=12),
        6: replace(_attempt(6, StepState.RUNNING, now, 40), runtime="codex"),
        10: replace(_attempt(10, StepState.FAILED, now, 200), attempt=2),
    }
    agents = (
        _agent(4, "claude", AgentState.WORKING, now, 133),
        _agent(6, "codex", AgentState.PERMISSION, now, 40),
    )
    return snapshot(prompts, attempts, agents)


def large(count: int, now: float, seed: int = 7) -> Snapshot:
    """A plan of `count` prompts in which each waits for up to three that came shortly before; a third is done."""
    random = Random(seed)
    prompts = []
    for number in range(1, count + 1):
        near = range(max(1, number - 12), number)
        prompts.append(
            Prompt(
                number,
                f"{random.choice(_TITLES)} {number}" if number % 9 else f"トークンバケットの時計 {number}",
                f".coord/prompts/{number:02d}.prompt.md",
                status=PromptStatus.DONE if number <= count // 3 else PromptStatus.PENDING,
                dependencies=tuple(sorted(random.sample(near, min(len(near), random.choice((0, 1, 1, 1, 2, 3)))))),
            )
        )
    first = [p.number for p in prompts if p.number > count // 3 and all(d <= count // 3 for d in p.dependencies)]
    attempts = {number: _attempt(number, StepState.RUNNING, now, 50 * number % 4000) for number in first[:3]}
    return snapshot(prompts, attempts)


def snapshot(
    prompts: Iterable[Prompt], attempts: Mapping[int, Attempt] | None = None, agents: tuple[Agent, ...] = ()
) -> Snapshot:
    """Make a snapshot of a running loop of three agents from prompts and their last attempts."""
    by_number = {prompt.number: prompt for prompt in prompts}
    steps: dict[int, Step] = {n: derive_step(p, (attempts or {}).get(n)) for n, p in by_number.items()}
    graph, settings = Graph.of(by_number.values()), Settings()
    loop = judge(
        graph=graph,
        prompts=by_number,
        steps=steps,
        questions=(),
        settings=settings,
        asked="running",
        alive=True,
        max_parallel=3,
    )
    milestone = Milestone("Rate limiting v1")
    return Snapshot(
        "tokenbucket", milestone, loop, graph, by_number, steps, "run-3", 2, agents=agents, settings=settings
    )


def _attempt(number: int, state: StepState, now: float, ago: float, took: float | None = None) -> Attempt:
    began = now - ago
    ended = Exit(0, iso(began + took)) if took is not None else None
    return Attempt(
        prompt_work(number), 1, "run-3", 1, state, iso(began), started=iso(began), runtime="claude", exit=ended
    )


def _agent(number: int, runtime: str, state: AgentState, now: float, ago: float) -> Agent:
    began = iso(now - ago)
    return Agent(f"executor-{number:02d}-1", "executor", number, 1, runtime, state, "hook", now - 1, began)


class GraphDemo(App[None]):
    """Nothing but the panel."""

    CSS = """
    PromptGraph { border: round $border; border-title-color: $border; border-subtitle-color: $text-muted; }
    """
    BINDINGS = [Binding("t", "theme", "Theme"), Binding("q", "quit", "Quit")]  # noqa: RUF012

    def __init__(self, shown: Snapshot, now: float) -> None:
        super().__init__()
        self.shown, self.now = shown, now
        for theme in themes():
            self.register_theme(theme)
        self.theme = DARK

    def compose(self) -> ComposeResult:
        yield PromptGraph(glyphs(os.environ))

    def on_mount(self) -> None:
        graph = self.query_one(PromptGraph)
        graph.show(self.shown, self.now)
        self.set_interval(1.0, lambda: graph.tick(time.time()))

    def action_theme(self) -> None:
        self.theme = LIGHT if self.theme == DARK else DARK


def main() -> None:
    now = time.time()
    GraphDemo(large(int(sys.argv[1]), now) if len(sys.argv) > 1 else small(now), now).run()


if __name__ == "__main__":
    main()
