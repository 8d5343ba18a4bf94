"""The app: themes, keys, the stream of snapshots, and the few things that reach beyond the screen."""

import asyncio
import gc
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events, on, work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette, Provider
from textual.driver import Driver
from textual.filter import LineFilter
from textual.notifications import Notify
from textual.screen import Screen

from coordinator.client.noting import Noted, noting
from coordinator.client.ports import Preferences, Source, Trouble, Wish
from coordinator.errors import CoordError
from coordinator.model.own_command import OwnCommand
from coordinator.model.text import plain
from tui.actions import unknown_keys
from tui.messages import Done, Failed, FirstPainted, Remark, SizesChosen, SnapshotArrived, Waiting
from tui.navigation import Navigation
from tui.paint.ascii import AsciiFilter
from tui.paint.scrolling import IDS
from tui.paint.theme import DARK, LIGHT, choose_theme, glyphs, themes
from tui.paint.variables import with_readable
from tui.screens.main import MainScreen
from tui.terminal_title import GIVE_BACK, KEEP, sequence, title_of
from tui.widgets.agents import SORTING, Agents
from tui.widgets.graph import PromptGraph
from tui.widgets.graph_marks import MarkedRows
from tui.widgets.tour import TOUR

_FIRST_PICTURE = 2.0
"""Seconds that the stream waits at most for its first snapshot to be painted."""


def _palette() -> type[Provider]:
    from tui.palette import Commands

    return Commands


def _with_free_keys(preferences: Preferences) -> tuple[tuple[OwnCommand, ...], tuple[str, ...]]:
    """The project's own commands, and which of their keys are taken."""
    if not any(command.key for command in preferences.commands):
        return preferences.commands, ()
    from tui.screens.own_keys import free_keys

    return free_keys(preferences.commands, preferences.keys)


class CoordApp(Navigation):
    """The screen over a source. Draws; everything that takes time happens in workers."""

    TITLE = "coord"
    CSS_PATH = Path(__file__).with_name("coord.tcss")
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_palette}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "leave", show=False, system=True),
        Binding("ctrl+z", "suspend", show=False, id="suspend"),
    ]

    def __init__(
        self, source: Source, environ: Mapping[str, str] | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        """`clock` gives Unix seconds."""
        super().__init__()
        self.clock = clock
        self.animation_level = "none"  # what scrolls smoothly arrives late, and live windows would pull it back
        environ = os.environ if environ is None else environ
        self.done: list[tuple[float, Noted]] = []
        """What was done from here, oldest first, with the time."""
        self.source = noting(source, lambda noted: self.done.append((clock(), noted)))
        self.environ = environ
        self.on_tour = environ.get(TOUR) == "demo"
        preferences = source.preferences()
        self.marks = glyphs(environ)
        self.keys = dict(preferences.keys)
        self._bell = preferences.bell
        self._title_said = ""
        self._toasts: dict[str, tuple[tuple[str, str, str], int]] = {}
        """What each toast in sight says, and how often that was said."""
        self._starting = False
        """A start of the loop was asked for, and is under way: agent CLIs take seconds to tell whether they can."""
        self.painted = threading.Event()
        """The first snapshot is on the screen."""
        self.set_class(not self.marks.boxes, "-ascii")
        for theme in themes():
            self.register_theme(theme)
        self.sizes = dict(preferences.sizes)
        chosen = preferences.chosen_theme if preferences.chosen_theme in self.available_themes else ""
        wanted = choose_theme(preferences.theme, environ, chosen)
        self.theme = wanted if wanted in self.available_themes else DARK
        self._theme_named = preferences.theme
        self._keeping = threading.Lock()
        self.elsewhere: tuple[str, ...] = ()
        """Roots of other projects, as they were asked for last."""
        self.going_to = ""
        """Root of the project that the screen was left for."""
        self._styled = self.theme
        self.stylesheet.set_variables(self.get_css_variables())
        self.commands, clashes = _with_free_keys(preferences)
        panels = (*PromptGraph.BINDINGS, *MarkedRows.BINDINGS, *Agents.BINDINGS, *SORTING)
        odd = unknown_keys(self.keys, IDS | {each.id for each in panels if isinstance(each, Binding) and each.id})
        self._odd_settings = [f"keys: no action is called {name}" for name in odd]
        self._odd_settings += [f"commands: {clash}" for clash in clashes]
        if self.theme != wanted:
            self._odd_settings.append(f"theme: there is none called {wanted}")
        self.set_keymap({name: keys for name, keys in self.keys.items() if name not in odd})
        self._first = source.first()
        self.main = MainScreen(self, self._first)

    def get_css_variables(self) -> dict[str, str]:
        return with_readable(super().get_css_variables())

    def get_default_screen(self) -> Screen[None]:
        return self.main

    def on_mount(self) -> None:
        self._follow_source()
        self.set_timer(_FIRST_PICTURE, self._started)
        for odd in self._odd_settings:
            self.notify(plain(odd), title="coord.yaml", severity="warning", markup=False)

    @on(FirstPainted)
    def _started(self) -> None:
        """The first picture is there, or is long in coming: what was put off for it may begin."""
        if not self.painted.is_set():
            self.painted.set()
            gc.freeze()
            gc.enable()
            self._keep(self.source.remember)

    def on_unmount(self) -> None:
        if self._title_said and self._driver is not None:
            self._driver.write(GIVE_BACK)
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
                self.call_from_thread(self._say_title, title_of(found))

    def _say_title(self, title: str) -> None:
        """Say in the terminal's title what waits."""
        driver = self._driver
        if driver is not None and title != self._title_said and self.is_running:
            driver.write((KEEP if not self._title_said else "") + sequence(title))
            self._title_said = title

    # ── words

    def on_notify(self, event: Notify) -> None:
        """Say once, and how often, what would stand there several times; called before the toast is put up."""
        new, count = event.notification, 1
        said = (new.message, new.title, new.severity)
        for shown in tuple(self._notifications):
            if self._toasts.get(shown.identity, (None, 0))[0] == said:
                count += self._toasts[shown.identity][1]
                self._unnotify(shown, refresh=False)
        there = {shown.identity for shown in self._notifications}
        self._toasts = {name: toast for name, toast in self._toasts.items() if name in there}
        self._toasts[new.identity] = (said, count)
        if count > 1:
            new.message = f"{new.message} ({count} times)"

    @on(Remark)
    def _remark(self, message: Remark) -> None:
        self.notify(plain(message.sentence), markup=False, timeout=4)

    @on(Waiting)
    def _ring(self, message: Waiting) -> None:
        """Call the engineer."""
        more = f" and {len(message.things) - 1} more" if len(message.things) > 1 else ""
        title, text = f"coord: {plain(message.project)}", plain(message.things[0]) + more
        seen = self.main.snapshot
        if not self.on_tour and seen is not None and seen.untrusted is None:
            self.source.tell_addresses(title, text, self._not_told)
        if self._bell == "desktop":
            self._notify_desktop(title, text)
        elif self._bell != "none":
            self.bell()

    @work(thread=True, group="bell", exit_on_error=False)
    def _notify_desktop(self, title: str, text: str) -> None:
        if not self.source.notify(title, text):
            self.call_from_thread(self.bell)

    def _not_told(self, error: CoordError) -> None:
        self.post_message(Failed(error.message, error.remedy))

    @on(Done)
    def _done(self, message: Done) -> None:
        self.notify(plain(message.message), markup=False)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        text = plain(message.message)
        if message.remedy:
            text += "\n" + plain(message.remedy)
        self.notify(text, title="That did not work", severity="error", timeout=12, markup=False)

    # ── the loop

    def action_loop_toggle(self) -> None:
        snapshot = self.main.snapshot
        if snapshot is None:
            return
        if not snapshot.loop.alive and self._starting:
            self.post_message(Remark("The loop is about to start: its agents are asked whether they can."))
        elif not snapshot.loop.alive:
            self._starting = True
            self._ask_loop(Wish.START)
        else:
            self._ask_loop(Wish.PAUSE if snapshot.loop.asked == "running" else Wish.RESUME)

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

    @work(thread=True, group="wishes")
    def report(self, do: Callable[[], str]) -> None:
        self._report(do)

    def _report(self, do: Callable[[], str]) -> None:
        """In a worker: do it, and tell how it went."""
        try:
            self.post_message(Done(do()))
        except CoordError as error:
            self.post_message(Failed(error.message, error.remedy))
        except Exception as error:
            self.post_message(Failed(f"{type(error).__name__}: {error}", "This is a fault of coord; the rest goes on."))

    # ── the screen itself

    def action_palette(self) -> None:
        self.action_command_palette()

    def action_theme(self) -> None:
        self.theme = DARK if self.theme == LIGHT else LIGHT
        self._keep(lambda: self.source.keep_theme(self.theme))
        if self._theme_named:
            self.post_message(Remark(f"Kept; but here coord.yaml names {self._theme_named}."))

    @work(group="projects", exclusive=True)
    async def action_projects(self) -> None:
        """Choose another project, of those that were opened last."""
        from tui.palette import Projects

        self.elsewhere = await asyncio.to_thread(self.source.projects)
        if not self.elsewhere:
            self.post_message(Remark("No other project was opened here so far."))
            return
        self.push_screen(CommandPalette(providers=[Projects], placeholder="Go over to the project …"))

    async def go_over_to(self, root: str) -> None:
        """Leave the screen for that of another project; where that would lose what was typed, it is said first."""

        def go() -> None:
            self.going_to = root
            self.exit()

        await self.main.leave_by(go)

    @on(SizesChosen)
    def _sizes_chosen(self, message: SizesChosen) -> None:
        self._keep(lambda: self.source.keep_sizes(message.layout, self.sizes[message.layout]))

    @work(thread=True, group="choices", exit_on_error=False)
    def _keep(self, what_is_chosen: Callable[[], None]) -> None:
        """Keep what was chosen on the screen, as it is by then: several in a row end with the newest."""
        with self._keeping:
            what_is_chosen()

    def action_suspend(self) -> None:
        """Into the background of the shell that it was started from, where there is one."""
        if self._driver is not None and self._driver.can_suspend:
            self.action_suspend_process()
        else:
            self.post_message(Remark("This screen can't be put in the background."))

    @on(Driver.SignalResume)
    def _back(self) -> None:
        """From the shell again: the terminal has forgotten all that was on it."""
        self.refresh(layout=True)

    def action_leave(self) -> None:
        """Ctrl+C leaves as it does everywhere else: nothing is lost, the loop is a process of its own."""
        self.exit()


def run_app(source: Source) -> tuple[int, str]:
    """Run the screen over a source until it is left; the exit code, and the root of the project to go on with."""
    app = CoordApp(source)
    try:
        app.run()
    finally:
        source.close()
    return app.return_code or 0, app.going_to
