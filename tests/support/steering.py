"""Steering in tests: the real app over a project of plain files, driven by keys alone."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from support import scenes
from support.onscreen import line_with, screen_text, shown, until
from support.project import prompt_text
from textual.pilot import Pilot

from coordinator.client.project import ProjectSource
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Event
from coordinator.model.prompt import Prompt
from coordinator.observe.observer import Observer
from coordinator.storage.paths import Layout
from tui.app import CoordApp
from tui.forms.plan_form import PlanForm
from tui.forms.stages import Stage

_KEYS = {" ": "space", ",": "comma", "-": "minus", ".": "full_stop", "/": "slash", "'": "apostrophe"}


def plain_project(
    folder: Path, prompts: Mapping[int, Sequence[int]], values: Mapping[int, Mapping[str, object]] | None = None
) -> Layout:
    """A project without git and tmux: number → dependencies; `values` are further lines of a prompt's frontmatter."""
    layout = Layout(folder)
    layout.prompts.mkdir(parents=True)
    layout.config.write_text("runtime: scripted\n")
    layout.milestone.write_text("---\ntitle: A milestone\nstatus: open\n---\n")
    EventLog.open(layout.events_db, create=True).close()
    for number, needs in prompts.items():
        path_of(layout, number).write_text(prompt_text(number, *needs, **(values or {}).get(number, {})))
    return layout


def path_of(layout: Layout, number: int) -> Path:
    return layout.prompts / f"{number:02d}-planned-prompt-{number}.prompt.md"


class Desk:
    """The app in a test's hands: what it presses and what it reads."""

    def __init__(self, app: CoordApp, pilot: Pilot[None], layout: Layout) -> None:
        self.app, self.pilot, self.layout = app, pilot, layout

    async def press(self, *keys: str) -> None:
        """Press keys one by one; each plan is made before the next key."""
        for key in keys:
            await self.pilot.press(key)
            await until(lambda: not self._planning(), "the plan")

    async def type(self, text: str) -> None:
        await self.press(*(_KEYS.get(char, char) for char in text))

    def _planning(self) -> bool:
        form = self.app.main.plan_form
        return form is not None and form.busy and form.stage is not Stage.APPLYING

    @property
    def form(self) -> PlanForm:
        form = self.app.main.plan_form
        assert form is not None, f"no form is open:\n{self.text}"
        return form

    @property
    def text(self) -> str:
        return screen_text(self.app)

    def line(self, needle: str) -> str:
        return line_with(self.app, needle)

    async def closed(self) -> None:
        """Wait until the form has done its work."""
        await until(lambda: self.app.main.form is None, "the form to close")
        await self.pilot.pause()

    async def sees(self, needle: str) -> None:
        await until(lambda: needle in self.text, f"{needle!r} on screen:\n{self.text}")

    # ── the project

    def prompts(self) -> Mapping[int, Prompt]:
        observer = Observer(self.layout)
        try:
            return observer.snapshot().prompts
        finally:
            observer.close()

    def files(self) -> dict[str, bytes]:
        """Every prompt file and document with its bytes."""
        folders = (self.layout.prompts.iterdir(), self.layout.coord.glob("*.md"))
        return {path.name: path.read_bytes() for paths in folders for path in paths if path.is_file()}

    def events(self, *kinds: str) -> list[Event]:
        with EventLog(self.layout.events_db) as log:
            return [event for event in log.since(0, 100_000) if not kinds or event.kind in kinds]


@asynccontextmanager
async def steered(
    layout: Layout,
    selected: int | None = None,
    size: tuple[int, int] = (160, 45),
    clock: Callable[[], float] = lambda: scenes.NOW,
) -> AsyncIterator[Desk]:
    """The app on a project, with a prompt selected."""
    source = ProjectSource(layout)
    async with shown(source, size=size, clock=clock) as (app, pilot):
        if selected is not None:
            app.main.select(selected)
            await pilot.pause()
        yield Desk(app, pilot, layout)
