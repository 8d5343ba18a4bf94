"""Every screen and every form, each in a scene that stands still: what pictures and comparisons of the looks show."""

from collections.abc import Awaitable, Callable
from typing import Any

from support import iterating, pages, piping, sayings, scenes
from support.onscreen import until
from support.still import StillSource
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from coordinator.client.ports import Preferences
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass
from tui.app import CoordApp
from tui.screens.chat import ChatScreen
from tui.screens.judging import JudgingScreen
from tui.screens.milestone import MilestoneScreen
from tui.screens.replay import ReplayScreen
from tui.screens.review import Review
from tui.screens.runs import RunsScreen

Play = Callable[[Pilot[None]], Awaitable[None]]
_IMPORT = "ctrl+p i m p o r t enter"
_COMPOUND = "ctrl+p c o m p o u enter"
_ENDLESS = ("snapshots", "replay")
"""Groups of workers that wait for what comes."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A scene, and the keys that lead to what is shown."""

    keys: str = ""
    """Names of keys, with blanks between them."""
    scene: str = "bucket"
    """A function of `support.scenes`, or `iterating`, or `deciding`."""
    selected: int | None = None
    """The prompt that is selected before the keys."""
    words: str = ""
    """What is typed after them."""
    then: str = ""
    """Keys after the words."""
    ascii: bool = False
    said: str = ""
    """What the coordinator answers: a name of `support.sayings`."""
    refusal: CoordError | None = None
    """What the source answers to every wish."""
    kept: bool = False
    """A main state of its screen: its looks are compared in tests."""

    def app(self, theme: str) -> CoordApp:
        """The app on the scene, at the moment of all scenes."""
        iterates = self.scene == "iterating"
        own = {"iterating": iterating.iterating, "deciding": iterating.deciding, "piped": piping.piped}
        named = "bucket" if self.scene == "sent_back" else self.scene
        snapshot = own[named]() if named in own else getattr(scenes, named)()
        page = iterating.page if iterates else pages.milestone
        events = scenes.bucket_events() if snapshot.head else []
        source = StillSource(snapshot, events, scenes.screens(), Preferences(theme))
        source.changes = {4: pages.work(), 5: pages.change()}
        if self.scene == "sent_back":
            source.changes[5] = pages.second_look()
        source.page, source.undo, source.refusal = page(), pages.undo(), self.refusal
        source.said = sayings.SAID.get(self.said, ())
        source.tasks = {"backlog": pages.tasks()}
        if iterates:
            source.worked, source.handed_over = iterating.worked(), iterating.handed_over()
        if self.scene == "piped":
            source.contents, source.foreign = piping.CONTENTS, piping.foreign()
        if self.scene == "deciding":
            source.decided = iterating.decided(snapshot)
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
        for keys in (*self.keys.split(), tuple(map(_key, self.words)), *self.then.split()):
            await pilot.press(*([keys] if isinstance(keys, str) else keys))
            await settled(app, pilot)


def _key(character: str) -> str:
    return {" ": "space", ",": "comma", ".": "full_stop", "-": "minus", "#": "number_sign"}.get(character, character)


async def settled(app: CoordApp, pilot: Pilot[Any]) -> None:
    """Wait until nothing is on its way to the screen, and no cursor blinks."""
    await until(lambda: not app.is_running or app.main.snapshot is not None, "the first snapshot", 60)
    for _ in range(2):  # what a worker brought may begin another one
        await pilot.pause()
        await until(lambda: not _busy(app), "what the screen shows", 60)
        await until(lambda: not _unpainted(app), "it to be painted", 60)
    await pilot.pause()
    for field in app.screen.query("Input, TextArea"):
        assert isinstance(field, Input | TextArea)
        field.cursor_blink = False
        field._cursor_visible = True
    await pilot.pause()


def _unpainted(app: CoordApp) -> bool:
    """The screen has been told what to show, and its timer has not come round yet."""
    screen = app.screen
    return screen._layout_required or screen._scroll_required or screen._repaint_required or bool(screen._dirty_widgets)


def _busy(app: CoordApp) -> bool:
    screen = app.screen
    form = screen.plan_form if isinstance(screen, ChatScreen) else app.main.plan_form
    if isinstance(screen, ChatScreen) and (screen.talk is None or screen.talk.busy or screen.talk.ready is None):
        return True
    if isinstance(screen, Review | MilestoneScreen) and screen.page is None:
        return True
    if isinstance(screen, JudgingScreen | RunsScreen) and not screen.read:
        return True
    if isinstance(screen, ReplayScreen):
        moment = screen.moments.current
        if screen.snapshot is None or (moment is not None and screen.timeline.seq != moment.seq):
            return True
    if app.main.log_panel.busy or app.main.details.busy or (form is not None and form.busy):
        return True
    return any(not worker.is_finished and worker.group not in _ENDLESS for worker in app.workers)


PICTURES: dict[str, Picture] = {
    # the main screen
    "main": Picture(kept=True),
    "main-agents": Picture("2", kept=True),
    "main-window": Picture("3"),
    "main-events": Picture("4 up up"),
    "main-details": Picture("d", selected=5),
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
    "main-iterating": Picture(scene="iterating", kept=True),
    "main-beginning": Picture(scene="beginning", kept=True),
    "main-piped": Picture(scene="piped", kept=True),
    "main-marked": Picture("g space j j V", kept=True),
    "mark": Picture("asterisk", selected=6, kept=True),
    "mark-filter": Picture("colon", words="status:waiting"),
    "many-kill": Picture("space j space x", selected=3),
    "many-cancel": Picture("space j space X enter", selected=7),
    "many": Picture("space j space X", selected=7, kept=True),
    "permit-alike": Picture("y", scene="asking_alike"),
    "main-remark": Picture("a", scene="stopped"),
    "main-failure": Picture("l", refusal=CoordError("the loop does not answer", "`coord doctor` says what it lacks")),
    # pages over it
    "help": Picture("question_mark", kept=True),
    "palette": Picture("ctrl+p", words="pr"),
    "prompt-piped": Picture("enter", scene="piped", selected=2),
    "artifacts": Picture("O", scene="piped", selected=2, kept=True),
    "artifacts-ledger": Picture("O down down down down down down down", scene="piped", selected=2),
    "artifacts-worklist": Picture("O down down down down down down down down", scene="piped", selected=2),
    "prompt": Picture("enter", selected=9, kept=True),
    "event": Picture("4 up up enter"),
    "problems": Picture("exclamation_mark", scene="troubled", kept=True),
    "questions": Picture("Q", kept=True),
    "questions-assumed": Picture("Q", scene="beginning"),
    "agents": Picture("A", kept=True),
    "agents-crowd": Picture("A", scene="crowd"),
    "milestone": Picture("M", kept=True),
    "milestone-link": Picture("M l", words="#12"),
    "milestone-iterating": Picture("M", scene="iterating", kept=True),
    "findings": Picture("M f", scene="iterating", kept=True),
    "findings-waive": Picture("M f down w", scene="iterating", words="we know"),
    "criteria": Picture("M c down", scene="iterating", kept=True),
    "criteria-of-prompt": Picture("M c down down down down down", scene="iterating"),
    "prompt-criteria": Picture("enter", scene="iterating", selected=2),
    "criteria-accept": Picture("M c down a", scene="iterating", words="saw it"),
    "runs": Picture("M u", scene="iterating", kept=True),
    "compound": Picture(_COMPOUND, kept=True),
    "compound-slip": Picture(_COMPOUND + " end"),
    "compound-take": Picture(_COMPOUND + " t", words="a clock may step back"),
    "handover": Picture("M h", scene="iterating", kept=True),
    "milestone-iterating-end": Picture("M end", scene="iterating"),
    "runs-foreign": Picture("M u down down down", scene="piped"),
    "decision": Picture("n", scene="deciding", kept=True),
    "decision-diff": Picture("n d", scene="deciding"),
    "review": Picture("v", selected=5, kept=True),
    "review-comment": Picture("v n down down down m", selected=5, words="name the unit"),
    "review-viewed": Picture("v v", selected=5),
    "review-second": Picture("v", scene="sent_back", selected=5, kept=True),
    "review-second-whole": Picture("v d", scene="sent_back", selected=5),
    "review-approve": Picture("v a", selected=5),
    "review-reject": Picture("v r", selected=5, words="name the unit"),
    "replay": Picture("H up up up", kept=True),
    "chat": Picture("c", words="how is it", then="enter", said="answer", kept=True),
    "chat-asks": Picture("c", words="what now", then="enter", said="ask"),
    "chat-ways": Picture("c slash", words="p"),
    "chat-trouble": Picture("c", words="how is it", then="enter", said="trouble"),
    "chat-japanese": Picture("c", scene="wide_titles", words="how is it", then="enter", said="japanese"),
    "chat-ascii": Picture("c", words="how is it", then="enter", said="answer", ascii=True),
    "chat-card": Picture("c", selected=3, words="what first", then="enter enter", said="card", kept=True),
    "chat-five": Picture("c", words="what now", then="enter enter down", said="five", kept=True),
    "chat-edit": Picture("c", words="what now", then="enter enter e", said="five"),
    "chat-help": Picture("c question_mark"),
    "copy": Picture("Y", selected=5, kept=True),
    "command-log": Picture("l at", kept=True),
    "settings": Picture("comma", kept=True),
    "window-search": Picture("3 slash", selected=4, words="table"),
    # forms
    "answer": Picture("n", kept=True),
    "setting": Picture("comma down down down down down down down enter", kept=True),
    "interject": Picture("i", selected=3, words="Limits per route", kept=True),
    "interject-confirm": Picture("i", selected=3, words="Limits per route", then="enter"),
    "patch": Picture("p", selected=2, words="Buckets never fill", kept=True),
    "patch-draft": Picture("p", selected=2, words="Buckets never fill", then="ctrl+t"),
    "edit": Picture("e", selected=7, kept=True),
    "surgery": Picture("s", scene="laboratory", selected=2, kept=True),
    "surgery-verdicts": Picture("s i right x right k", scene="laboratory", selected=2),
    "kill": Picture("x", selected=4, kept=True),
    "restart": Picture("r", selected=10, kept=True),
    "undo": Picture("u", kept=True),
    "import-empty": Picture(_IMPORT),
    "import": Picture(_IMPORT, words="backlog", kept=True),
    "import-confirm": Picture(_IMPORT, words="backlog", then="enter"),
    "import-wrong": Picture(_IMPORT, words="backlo"),
    "permit": Picture("y", scene="asking", kept=True),
    "tell": Picture("t", selected=4, words="the table is called buckets", kept=True),
    "trust": Picture(scene="untrusted", kept=True),
    "stop": Picture("L", kept=True),
    "leave": Picture("i", selected=3, words="Limits", then="escape q"),
}
