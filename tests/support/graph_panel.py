"""The graph panel alone in an app, and snapshots to show in it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from support import build
from support.build import NOW, agent, prompt, snapshot
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from coordinator.model.prompt import Prompt, PromptStatus, PromptType
from coordinator.model.snapshot import AgentState, Snapshot
from coordinator.model.step import StepState
from tui.paint.theme import DARK, UNICODE, Glyphs, themes
from tui.widgets.graph import PromptGraph

attempt = partial(build.attempt, ago=133)


class Watched(PromptGraph):
    """Counts which lines are asked to be painted again."""

    def __init__(self, marks: Glyphs) -> None:
        super().__init__(marks)
        self.repainted: set[int] = set()
        self.rendered = 0

    def refresh_line(self, y: int) -> None:
        self.repainted.add(y)
        super().refresh_line(y)

    def render_line(self, y: int):  # type: ignore[no-untyped-def]
        self.rendered += 1
        return super().render_line(y)


class Alone(App[None]):
    def __init__(self, shown: Snapshot, marks: Glyphs, theme: str) -> None:
        super().__init__()
        self.shown, self.marks = shown, marks
        self.told: list[tuple[str, object]] = []
        for each in themes():
            self.register_theme(each)
        self.theme = theme

    def compose(self) -> ComposeResult:
        yield Watched(self.marks)

    def on_mount(self) -> None:
        self.query_one(Watched).show(self.shown, NOW)

    def on_prompt_graph_selected(self, message: PromptGraph.Selected) -> None:
        self.told.append(("selected", message.number))

    def on_prompt_graph_activated(self, message: PromptGraph.Activated) -> None:
        self.told.append(("activated", message.number))

    def on_marked_rows_marked(self, message: PromptGraph.Marked) -> None:
        self.told.append(("marked", set(message.marked)))


class Stage:
    """What the tests look at and act on."""

    def __init__(self, app: Alone, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot
        self.graph = app.query_one(Watched)

    def lines(self) -> list[str]:
        """The text on screen, without the scroll bar."""
        strips = [self.graph.render_line(y) for y in range(self.graph.scrollable_content_region.height)]
        return [strip.text.rstrip() for strip in strips]

    def row(self, label: str) -> str:
        """The line of a prompt."""
        (found,) = [line for line in self.lines() if line[1:].split()[1:2] == [label]]
        return found

    def labels(self) -> list[str]:
        return [line[1:].split()[1] for line in self.lines() if line]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def show(self, shown: Snapshot, now: float = NOW) -> None:
        self.graph.repainted.clear()
        self.graph.show(shown, now)
        await self.pilot.pause()


@asynccontextmanager
async def stage(
    shown: Snapshot, size: tuple[int, int] = (80, 14), marks: Glyphs = UNICODE, theme: str = DARK
) -> AsyncIterator[Stage]:
    app = Alone(shown, marks, theme)
    async with app.run_test(size=size) as pilot:
        app.query_one(Watched).focus()
        await pilot.pause()
        yield Stage(app, pilot)


async def wait_for(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came true")


def every_state() -> Snapshot:
    return snapshot(
        [
            prompt(1, title="Parse limits", status=PromptStatus.DONE),
            prompt(2, 1, title="Token bucket"),
            prompt(3, 1, title="Redis backend"),
            prompt(4, 1, title="HTTP headers"),
            prompt(5, 2, title="Clock steps back", type=PromptType.USER_PATCH, patches_prompts=(1,)),
            prompt(6, title="Metrics", status=PromptStatus.IN_PROGRESS, attempts=2),
            prompt(7, title="Rewrite", status=PromptStatus.CANCELLED, type=PromptType.EMERGENT),
            prompt(8, title="Free"),
            prompt(9, 99, title="Lost"),
        ],
        attempts=[
            attempt(1, StepState.MERGED),
            attempt(2, StepState.RUNNING),
            attempt(3, StepState.RUNNING),
            attempt(4, StepState.CHANGE_OPEN, added=184, removed=12),
            attempt(6, StepState.FAILED, count=2),
        ],
        agents=(agent(3, AgentState.PERMISSION, runtime="codex"),),
    )


def chain(count: int, **values: object) -> list[Prompt]:
    return [prompt(n, *([n - 1] if n > 1 else []), **values) for n in range(1, count + 1)]
