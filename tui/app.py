"""The app: themes, keys, the stream of snapshots, and the few things that reach beyond the screen."""

import asyncio
import gc
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.filter import LineFilter
from textual.screen import Screen

from coordinator.client.ports import Source, Trouble, Wish
from coordinator.errors import CoordError
from coordinator.model.text import plain
from tui.actions import unknown_keys
from tui.context import asks_permission, offered
from tui.messages import Done, Failed, LastScreenRead, SnapshotArrived
from tui.paint.ascii import AsciiFilter
from tui.paint.theme import DARK, LIGHT, choose_theme, glyphs, themes
from tui.screens.main import MainScreen

if TYPE_CHECKING:
    from coordinator.model.event import Event
    from coordinator.model.prompt import Prompt
    from coordinator.model.snapshot import Agent, Question
    from coordinator.model.step import Attempt
    from coordinator.model.trust import Ask


_FIRST_PICTURE = 2.0
"""Seconds that the stream waits at most for its first snapshot to be painted."""


def _palette() -> type[Provider]:
    from tui.palette import Commands

    return Commands


class CoordApp(App[None]):
    """The screen over a source. Draws; everything that takes time happens in workers."""

    TITLE = "coord"
    CSS_PATH = Path(__file__).with_name("coord.tcss")
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_palette}
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "leave", show=False, system=True)]

    def __init__(
        self, source: Source, environ: Mapping[str, str] | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        """`clock` gives Unix seconds."""
        super().__init__()
        self.clock = clock
        self.animation_level = "none"  # what scrolls smoothly arrives late, and live windows would pull it back
        environ = os.environ if environ is None else environ
        self.source = source
        self.environ = environ
        preferences = source.preferences()
        self.marks = glyphs(environ)
        self.keys = dict(preferences.keys)
        self.bell_wanted = preferences.bell
        self._starting = False
        """A start of the loop was asked for, and is under way: agent CLIs take seconds to tell whether they can."""
        self.painted = threading.Event()
        """The first snapshot is on the screen."""
        self.set_class(not self.marks.boxes, "-ascii")
        for theme in themes():
            self.register_theme(theme)
        wanted = choose_theme(preferences.theme, environ)
        self.theme = wanted if wanted in self.available_themes else DARK
        self._styled = self.theme
        self.stylesheet.set_variables(self.get_css_variables())
        self._odd_settings = [f"keys: no action is called {name}" for name in unknown_keys(self.keys)]
        if self.theme != wanted:
            self._odd_settings.append(f"theme: there is none called {wanted}")
        self.set_keymap({name: keys for name, keys in self.keys.items() if name not in unknown_keys(self.keys)})
        self._first = source.first()
        self.main = MainScreen(source, self.marks, self._first)

    def get_default_screen(self) -> Screen[None]:
        return self.main

    def on_mount(self) -> None:
        self._follow_source()
        self.set_timer(_FIRST_PICTURE, self.started)
        for odd in self._odd_settings:
            self.notify(plain(odd), title="coord.yaml", severity="warning", markup=False)

    def started(self) -> None:
        """The first picture is there, or is long in coming: what was put off for it may begin."""
        if not self.painted.is_set():
            self.painted.set()
            gc.freeze()
            gc.enable()

    def on_unmount(self) -> None:
        self.source.close()

    def refresh_css(self, animate: bool = True) -> None:
        """Style all anew, for another theme: not for the first one, which Textual asks for as well."""
        if self.theme != self._styled:
            self._styled = self.theme
            super().refresh_css(animate)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        return ()

    def get_line_filters(self) -> Sequence[LineFilter]:
        filters = super().get_line_filters()
        return filters if self.marks.boxes else [*filters, AsciiFilter()]

    async def _on_key(self, event: events.Key) -> None:
        """Let a form, or the search, have what was typed ahead of it: keys on their way to the last panel in focus."""
        taker, focused = self.main.takes_words, self.main.focused
        if taker is None or focused is None or event.time >= self.main.words_since or not self.main.is_current:
            return
        if focused in taker.walk_children(with_self=True):
            event.prevent_default()
            focused._forward_event(events.Key(event.key, event.character))

    # ── the stream

    @work(thread=True, group="snapshots", exit_on_error=False)
    def _follow_source(self) -> None:
        if self._first is not None:
            self.painted.wait(_FIRST_PICTURE)  # another look can wait, and would only slow down the first picture
        for found in self.source.snapshots():
            if isinstance(found, Trouble):
                self.post_message(Failed(found.message, found.remedy))
            else:
                self.main.post_message(SnapshotArrived(found))

    # ── words

    def say(self, sentence: str) -> None:
        """A short remark: why a key does nothing here."""
        self.notify(plain(sentence), markup=False, timeout=4)

    def ring(self, project: str, waiting: Sequence[str]) -> None:
        """Call the engineer: something waits."""
        if self.bell_wanted == "desktop":
            more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
            self._notify_desktop(f"coord: {plain(project)}", plain(waiting[0]) + more)
        else:
            self.bell()

    @work(thread=True, group="bell", exit_on_error=False)
    def _notify_desktop(self, title: str, text: str) -> None:
        if not self.source.notify(title, text):
            self.call_from_thread(self.bell)

    @on(Done)
    def _done(self, message: Done) -> None:
        self.notify(plain(message.message), markup=False)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        text = plain(message.message)
        if message.remedy:
            text += "\n" + plain(message.remedy)
        self.notify(text, title="That did not work", severity="error", timeout=12, markup=False)

    # ── the loop and the questions

    def action_loop_toggle(self) -> None:
        snapshot = self.main.snapshot
        if snapshot is None:
            return
        if not snapshot.loop.alive and self._starting:
            self.say("The loop is about to start: its agents are asked whether they can.")
        elif not snapshot.loop.alive:
            self._starting = True
            self._ask_loop(Wish.START)
        else:
            self._ask_loop(Wish.PAUSE if snapshot.loop.asked == "running" else Wish.RESUME)

    def action_trust(self) -> None:
        asked = self.main.snapshot.asks if self.main.snapshot is not None else None
        if asked is not None:
            self.ask_trust(asked)

    @work(group="forms")
    async def ask_trust(self, asked: "Ask") -> None:
        """Show what of the project would run here, and ask whether it may."""
        from tui.forms.trust import TrustForm

        try:
            shown = await asyncio.to_thread(self.source.what_would_run, asked)
        except CoordError as error:
            self.post_message(Failed(error.message, error.remedy))
            return
        await self.main.open_form(TrustForm(asked, shown, self.source))

    async def action_loop_stop(self) -> None:
        from tui.forms.confirm import Confirm
        from tui.screens.reader_pages import stop_effects

        snapshot = self.main.snapshot
        if snapshot is not None:
            form = Confirm("Stop the loop", stop_effects(snapshot), "stop it", partial(self._ask_loop, Wish.STOP))
            await self.main.open_form(form)

    @work(thread=True, group="wishes")
    def _ask_loop(self, wish: Wish) -> None:
        try:
            self._report(lambda: self.source.ask_loop(wish))
        finally:
            self._starting = self._starting and wish is not Wish.START

    def _report(self, do: Callable[[], str]) -> None:
        """In a worker: do it, and tell how it went."""
        try:
            self.post_message(Done(do()))
        except CoordError as error:
            self.post_message(Failed(error.message, error.remedy))
        except Exception as error:
            self.post_message(Failed(f"{type(error).__name__}: {error}", "This is a fault of coord; the rest goes on."))

    def action_permit(self) -> None:
        agent = asks_permission(self.main.context())
        if agent is not None:
            self.permit(agent)

    def action_tell(self) -> None:
        agent = self.main.context().agent
        if agent is not None:
            self.tell(agent)

    @work(group="forms")
    async def permit(self, agent: "Agent") -> None:
        """Open the form that answers what an agent asks leave for."""
        from tui.forms.permit import PermitForm

        await self.main.open_form(PermitForm(agent, self.source, self.marks))

    @work(group="forms")
    async def tell(self, agent: "Agent") -> None:
        """Open the form that sends an agent words."""
        from tui.forms.tell import TellForm

        await self.main.open_form(TellForm(agent, self.source, self.marks))

    @work(group="forms")
    async def ask_back(self, question: "Question") -> None:
        """Open the form that answers a question."""
        from tui.forms.answer import AnswerForm

        waiting = len(self.main.snapshot.open_questions) if self.main.snapshot else 1
        await self.main.open_form(AnswerForm(question, waiting, self.source, self.marks))

    # ── reading

    @work(thread=True, group="screens", exit_on_error=False)
    def read_last_screen(self, attempt: "Attempt") -> None:
        """Show what an ended attempt's window showed at the end, if that is still known."""
        screen = self.source.last_screen(attempt)
        if screen is not None:
            self.main.post_message(LastScreenRead(attempt.agent, screen))

    def read_prompt(self, prompt: "Prompt") -> None:
        from tui.screens.reader import Reading
        from tui.screens.reader_pages import prompt_lines

        snapshot = self.main.snapshot
        used = snapshot.used.get(prompt.number) if snapshot is not None else None
        told = f"  {used.words}" if used is not None and used.words else ""
        self.push_screen(Reading(f"{prompt.label} {prompt.title}  {prompt.path}{told}", prompt_lines(prompt)))

    def read_event(self, event: "Event") -> None:
        from tui.screens.reader import Reading
        from tui.screens.reader_pages import event_lines

        self.push_screen(Reading(f"Event {event.seq}", event_lines(event)))

    def replay(self, seq: int | None) -> None:
        """Go back to an event, or to the newest one."""
        from tui.screens.replay import ReplayScreen

        def left(number: int | None) -> None:
            if number is not None and self.main.snapshot is not None and number in self.main.snapshot.prompts:
                self.main.select(number)

        self.push_screen(ReplayScreen(self.source, self.marks, seq), left)

    def read_problems(self) -> None:
        from tui.screens.reader import Listing
        from tui.screens.reader_pages import problem_entries

        problems = self.main.snapshot.problems if self.main.snapshot else ()

        def opened(row: int | None) -> None:
            number = goal(row) if row is not None else None
            if number is not None:
                self.main.select(number)

        def goal(row: int) -> int | None:
            known = self.main.snapshot.prompts if self.main.snapshot else {}
            return next((n for n in problems[row].numbers if n in known), None)

        verb = lambda row: "select its prompt" if goal(row) is not None else ""  # noqa: E731
        self.push_screen(Listing("Problems", problem_entries(problems), verb), opened)

    def action_review(self) -> None:
        from tui.screens.review import Review

        number = offered(self.main.context(), "review").about
        if number is not None:
            self.push_screen(Review(number, self.source, self.marks))

    def action_milestone(self) -> None:
        from tui.screens.milestone import MilestoneScreen

        if self.main.snapshot is not None:
            self.push_screen(MilestoneScreen(self.source, self.marks, self.main.snapshot))

    def action_problems(self) -> None:
        self.read_problems()

    def action_questions(self) -> None:
        from tui.screens.reader import Listing
        from tui.screens.reader_pages import question_entries

        questions = self.main.snapshot.questions if self.main.snapshot else ()

        def opened(row: int | None) -> None:
            if row is not None:
                self.ask_back(questions[row])

        entries = question_entries(questions, self.clock())
        self.push_screen(Listing("Questions", entries, lambda row: "answer" if questions[row].open else ""), opened)

    def action_help(self) -> None:
        from tui.screens.reader import Reading
        from tui.screens.reader_pages import help_lines

        self.push_screen(Reading("Help", help_lines(self.main.context(), self.keys, self.main.helps())))

    # ── the screen itself

    def action_palette(self) -> None:
        self.action_command_palette()

    def action_theme(self) -> None:
        self.theme = DARK if self.theme == LIGHT else LIGHT

    def action_leave(self) -> None:
        """Ctrl+C leaves as it does everywhere else: nothing is lost, the loop is a process of its own."""
        self.exit()

    def action_attach(self) -> None:
        agent = self.main.context().agent
        if agent is not None:
            self.attach_to(agent)

    def attach_to(self, agent: "Agent") -> None:
        """Go into an agent's own window."""
        from tui.attach import attach

        attach(self, agent)


def run_app(source: Source) -> int:
    """Run the screen over a source until it is left; returns the exit code."""
    app = CoordApp(source)
    try:
        app.run()
    finally:
        source.close()
    return app.return_code or 0
