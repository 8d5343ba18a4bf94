"""Commands of the project's own: in the palette, on their keys, in windows of their own, and never unasked."""

from collections.abc import Callable

from support import scenes
from support.onscreen import screen_text, shown, until
from support.project import Project
from support.still import StillSource
from textual.command import CommandPalette
from textual.widgets import Input

from coordinator.client.ports import Preferences
from coordinator.client.project import ProjectSource
from coordinator.model.own_command import OwnCommand, OwnWindow
from coordinator.terminals.listing import Window
from coordinator.terminals.server import Terminals
from tui.app import CoordApp
from tui.forms.confirm import Confirm
from tui.screens.reader import Reading

Make = Callable[..., Project]
MAKE = OwnCommand("unit tests", "make test-{number}", "prompt", "f6")
ASKS = OwnCommand("deploy", "./deploy {title}", "prompt", "f7", True)
TAKEN = OwnCommand("clash", "true", "any", "i")


def still() -> StillSource:
    return StillSource(scenes.bucket(), preferences=Preferences(commands=(MAKE, ASKS, TAKEN)))


def ran(source: StillSource) -> list[object]:
    return [what for what in source.asked if isinstance(what, tuple) and what[0] == "own"]


def asks(app: CoordApp) -> bool:
    return isinstance(app.main.form, Confirm) and app.main.form.has_focus


async def test_a_key_runs_it_about_what_is_selected_and_it_is_noted() -> None:
    source = still()
    async with shown(source) as (app, pilot):
        app.main.select(4)
        await pilot.press("f6")
        await until(lambda: ("own", "make test-4") in source.asked, "it to run")
        await until(lambda: app.done, "the note")
        assert app.done[0][1].command == "(cd /project && sh -c 'make test-4')"


async def test_one_that_asks_shows_its_exact_words_and_runs_only_then() -> None:
    source = still()
    async with shown(source) as (app, pilot):
        app.main.select(6)
        await pilot.press("f7")
        await until(lambda: asks(app), "the question")
        await until(lambda: "./deploy '" in screen_text(app), "the words")
        await pilot.press("escape")
        await until(lambda: app.main.form is None, "the end of the question")
        assert not ran(source)
        await pilot.press("f7")
        await until(lambda: asks(app), "the question again")
        await pilot.press("y")
        await until(lambda: ran(source), "it to run")


async def test_words_that_no_card_has_room_for_are_read_before_they_are_asked_about() -> None:
    long = OwnCommand("long", "\n".join(f"echo {row}" for row in range(40)), "any", "f6", True)
    source = StillSource(scenes.bucket(), preferences=Preferences(commands=(long,)))
    async with shown(source, size=(80, 24)) as (app, pilot):
        await pilot.press("f6")
        await until(lambda: isinstance(app.screen, Reading) and app.screen.focused, "the page")
        await until(lambda: "echo 9" in screen_text(app), "more of the words than a card shows")
        await pilot.press("escape")
        await until(lambda: asks(app), "the question")
        assert not ran(source)
        await pilot.press("y")
        await until(lambda: ran(source), "it to run")


async def test_the_palette_offers_it_and_a_key_that_is_taken_stays_what_it_was() -> None:
    source = still()
    async with shown(source) as (app, pilot):
        await until(lambda: "clash: the key i is that of interject" in screen_text(app), "the warning")
        await pilot.press("ctrl+p")
        await until(lambda: isinstance(app.screen, CommandPalette), "the palette")
        app.screen.query_one(Input).value = "clash"
        await until(lambda: "Clash" in screen_text(app), "the command")
        assert "Clash  (" not in screen_text(app)
        await pilot.press("enter", "enter")
        await until(lambda: ("own", "true") in source.asked, "it to run")


async def test_the_help_has_them_with_their_keys() -> None:
    async with shown(still(), size=(160, 140)) as (app, pilot):
        await pilot.press("question_mark")
        await until(lambda: "Your own commands" in screen_text(app), "the help")
        assert "f6        unit tests      make test-{number}" in screen_text(app)


async def test_where_a_value_is_missing_it_says_so_and_runs_nothing() -> None:
    command = OwnCommand("look", "ls {worktree}", "prompt", "f6")
    source = StillSource(scenes.stopped(), preferences=Preferences(commands=(command,)))
    async with shown(source) as (app, pilot):
        await pilot.press("f6")
        await until(lambda: "look needs {worktree}" in screen_text(app), "the reason")
        assert not ran(source)


async def test_of_several_windows_one_is_chosen() -> None:
    source = still()
    source.own = (OwnWindow("@3", "unit tests"), OwnWindow("@5", "deploy"))
    source.command = None
    async with shown(source) as (app, pilot):
        await pilot.press("W")
        await until(lambda: "@5  deploy" in screen_text(app), "the windows")
        await pilot.press("down", "enter")
        await until(lambda: ("attach own", "@5") in source.asked, "the way there")


async def test_it_runs_in_a_window_that_stays_until_it_was_read(make: Make) -> None:
    project = make({1: ()}, commands="[{name: my tests, run: 'pwd >ran; (exit 3)', key: f6}]")
    app = CoordApp(ProjectSource(project.layout))
    async with app.run_test(size=(160, 45), notifications=True) as pilot:
        await until(lambda: app.main.snapshot is not None, "the project")
        await pilot.press("f6")
        await until(lambda: asks(app), "the question: it is the first time")
        await until(lambda: "pwd >ran; (exit 3)" in screen_text(app), "the words")
        assert not project.terminals.alive()
        await pilot.press("y")
        await until(lambda: "any key closes this window" in text_of(project.terminals), "its end")
        assert "my tests ended with status 3" in text_of(project.terminals)
        assert (project.layout.root / "ran").read_text().strip() == str(project.layout.root)
        await pilot.press("f6")
        await until(lambda: len(own(project.terminals)) == 2, "the second: nobody asks again")
        first, second = own(project.terminals)
        project.terminals.send_key(first.pane, "x")
        await until(lambda: [window.id for window in own(project.terminals)] == [second.id], "it to close")
        await until(lambda: "any key closes" in text_of(project.terminals), "the end of the second")
        await pilot.press("W")
        await until(lambda: f":{second.id}" in screen_text(app).replace("\n", ""), "the way there")
        app.source.close()


def own(terminals: Terminals) -> list[Window]:
    return [window for window in terminals.windows() if "command" in window.mark]


def text_of(terminals: Terminals) -> str:
    return "".join(terminals.capture(window.pane) for window in own(terminals))
