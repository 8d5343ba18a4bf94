"""Every screen and every form, each in a scene that stands still: what pictures and comparisons of the looks show."""

from collections.abc import Awaitable, Callable
from typing import Any

from support import pages, scenes
from support.onscreen import until
from support.still import StillSource
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from coordinator.client.ports import Preferences
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass
from tui.app import CoordApp
from tui.screens.milestone import MilestoneScreen
from tui.screens.replay import ReplayScreen
from tui.screens.review import Review

Play = Callable[[Pilot[None]], Awaitable[None]]
_ENDLESS = ("snapshots", "replay")
"""Groups of workers that wait for what comes."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A scene, and the keys that lead to what is shown."""

    keys: str = ""
    """Names of keys, with blanks between them."""
    scene: str = "bucket"
    """A function of `support.scenes`."""
    selected: int | None = None
    """The prompt that is selected before the keys."""
    words: str = ""
    """What is typed after them."""
    then: str = ""
    """Keys after the words."""
    ascii: bool = False
    refusal: CoordError | None = None
    """What the source answers to every wish."""
    kept: bool = False
    """A main state of its screen: its looks are compared in tests."""

    def app(self, theme: str) -> CoordApp:
        """The app on the scene, at the moment of all scenes."""
        snapshot = getattr(scenes, self.scene)()
        events = scenes.bucket_events() if snapshot.head else []
        source = StillSource(snapshot, events, scenes.screens(), Preferences(theme))
        source.changes = {4: pages.work(), 5: pages.change()}
        source.page, source.undo, source.refusal = pages.milestone(), pages.undo(), self.refusal
        environ = {"LANG": "C.UTF-8", "COORD_ASCII": "1" if self.ascii else "0"}
        return CoordApp(source, environ, clock=lambda: scenes.NOW)

    async def play(self, pilot: Pilot[Any]) -> None:
        """Come to what is shown, from the app's beginning."""
        app = pilot.app
        assert isinstance(app, CoordApp)
        await settled(app, pilot)
        if self.selected is not None:
            app.main.select(self.selected)
            await settled(app, pilot)
        for key in (*self.keys.split(), *map(_key, self.words), *self.then.split()):
            await pilot.press(key)
            await settled(app, pilot)


def _key(character: str) -> str:
    return {" ": "space", ",": "comma", ".": "full_stop", "-": "minus", "#": "number_sign"}.get(character, character)


async def settled(app: CoordApp, pilot: Pilot[Any]) -> None:
    """Wait until nothing is on its way to the screen, and no cursor blinks."""
    await until(lambda: not app.is_running or app.main.snapshot is not None, "the first snapshot", 60)
    for _ in range(2):  # what a worker brought may begin another one
        await pilot.pause()
        await until(lambda: not _busy(app), "what the screen shows", 60)
    await pilot.pause()
    for field in app.screen.query("Input, TextArea"):
        assert isinstance(field, Input | TextArea)
        field.cursor_blink = False
        field._cursor_visible = True
    await pilot.pause()


def _busy(app: CoordApp) -> bool:
    screen, form = app.screen, app.main.plan_form
    if isinstance(screen, Review | MilestoneScreen) and screen.page is None:
        return True
    if isinstance(screen, ReplayScreen) and screen.snapshot is None:
        return True
    if app.main.log_panel.busy or (form is not None and form.busy):
        return True
    return any(not worker.is_finished and worker.group not in _ENDLESS for worker in app.workers)


PICTURES: dict[str, Picture] = {
    # the main screen
    "main": Picture(kept=True),
    "main-agents": Picture("2", kept=True),
    "main-window": Picture("3"),
    "main-events": Picture("4 up up"),
    "main-search": Picture("4 slash", words="redis", then="enter"),
    "main-map": Picture("m", kept=True),
    "main-zoom": Picture("Z"),
    "main-ascii": Picture(ascii=True, kept=True),
    "main-wide-titles": Picture(scene="wide_titles"),
    "main-emergent": Picture(scene="laboratory"),
    "main-many": Picture(scene="long_plan"),
    "main-crowd": Picture("2", scene="crowd"),
    "main-empty": Picture(scene="empty", kept=True),
    "main-stopped": Picture(scene="stopped"),
    "main-troubled": Picture(scene="troubled", kept=True),
    "main-remark": Picture("a", scene="stopped"),
    "main-failure": Picture("l", refusal=CoordError("the loop does not answer", "`coord doctor` says what it lacks")),
    # pages over it
    "help": Picture("question_mark", kept=True),
    "palette": Picture("ctrl+p", words="pr"),
    "prompt": Picture("enter", selected=9),
    "event": Picture("4 up up enter"),
    "problems": Picture("exclamation_mark", scene="troubled", kept=True),
    "questions": Picture("Q"),
    "agents": Picture("A", kept=True),
    "agents-crowd": Picture("A", scene="crowd"),
    "milestone": Picture("M", kept=True),
    "milestone-link": Picture("M l", words="#12"),
    "review": Picture("v", selected=5, kept=True),
    "review-approve": Picture("v a", selected=5),
    "review-reject": Picture("v r", selected=5, words="name the unit"),
    "replay": Picture("H up up up", kept=True),
    # forms
    "answer": Picture("n", kept=True),
    "interject": Picture("i", selected=3, words="Limits per route", kept=True),
    "interject-confirm": Picture("i", selected=3, words="Limits per route", then="enter"),
    "patch": Picture("p", selected=2, words="Buckets never fill", kept=True),
    "edit": Picture("e", selected=7, kept=True),
    "surgery": Picture("s", scene="laboratory", selected=2, kept=True),
    "surgery-verdicts": Picture("s i right x right k", scene="laboratory", selected=2),
    "kill": Picture("x", selected=4, kept=True),
    "restart": Picture("r", selected=10, kept=True),
    "undo": Picture("u"),
    "permit": Picture("y", scene="asking", kept=True),
    "tell": Picture("t", scene="asking", selected=4, words="the table is called buckets"),
    "trust": Picture(scene="untrusted", kept=True),
    "stop": Picture("L"),
    "leave": Picture("i", selected=3, words="Limits", then="escape q"),
}
