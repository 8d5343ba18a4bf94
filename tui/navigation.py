"""Where keys, pills and the palette lead: the screens that the app opens, and the forms over the main one."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from textual import work
from textual.app import App

from coordinator.client.ports import Sizes, Source
from coordinator.errors import CoordError
from tui.context import asks_permission, offered, target_of
from tui.messages import Failed, Remark
from tui.paint.theme import Glyphs
from tui.screens.main import MainScreen

if TYPE_CHECKING:  # forms and other screens are read when the first one opens
    from coordinator.client.noting import Noted
    from coordinator.model.event import Event
    from coordinator.model.own_command import OwnCommand
    from coordinator.model.prompt import Prompt
    from coordinator.model.snapshot import Agent, Question, Snapshot
    from coordinator.model.trust import Ask
    from coordinator.views.copying import Copy


class Navigation(App[None]):
    """A `Navigator`: the ways from the main screen, the app has the rest. Subclasses set what screens work with."""

    source: Source
    marks: Glyphs
    on_tour: bool
    keys: Mapping[str, str]
    clock: Callable[[], float]
    """Unix seconds."""
    main: MainScreen
    done: "list[tuple[float, Noted]]"
    sizes: dict[str, Sizes]
    commands: "tuple[OwnCommand, ...]"

    # ── forms over the main screen

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
        await self.main.open_form(TrustForm(self.main, asked, shown))

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
        from coordinator.model.selecting import alike
        from tui.forms.permit import PermitForm

        there = self.main.snapshot.agents if self.main.snapshot is not None else ()
        await self.main.open_form(PermitForm(self.main, agent, alike(there, agent)))

    @work(group="forms")
    async def tell(self, agent: "Agent") -> None:
        """Open the form that sends an agent words."""
        from tui.forms.tell import TellForm

        try:
            await asyncio.to_thread(self.source.check_tell, agent)
        except CoordError as error:
            self.post_message(Failed(error.message, error.remedy))
            return
        await self.main.open_form(TellForm(self.main, agent))

    @work(group="forms")
    async def ask_back(self, question: "Question") -> None:
        """Open the form that answers a question."""
        from coordinator.model.decisions import decision_of
        from tui.forms.answer import AnswerForm
        from tui.forms.decision import DecisionForm

        waiting = len(self.main.snapshot.open_questions) if self.main.snapshot else 1
        kind = AnswerForm if decision_of(question) is None else DecisionForm
        await self.main.open_form(kind(self.main, question, waiting))

    # ── other programs

    def action_attach(self) -> None:
        agent = self.main.context().agent
        if agent is not None:
            self.attach_to(agent)

    def attach_to(self, agent: "Agent") -> None:
        """Go into an agent's own window."""
        from tui.attach import attach

        attach(self, self.source, agent)

    @work(group="forms")
    async def run_own(self, command: "OwnCommand") -> None:
        """Run a command of the project's own about what is selected; where that is due, after a look at its words."""
        from tui.acts.own import subject_of
        from tui.forms.confirm import Confirm
        from tui.screens.own_windows import effects, whole_words

        context = self.main.context()
        if context.snapshot is None:
            return
        try:
            ready = await asyncio.to_thread(self.source.ready_command, command, context.snapshot, subject_of(context))
        except CoordError as error:
            self.post_message(Failed(error.message, error.remedy))
            return
        run = partial(self.report, partial(self.source.run_command, ready))
        if not ready.asks:
            run()
            return
        form, page = Confirm(f"Run {ready.name}", effects(ready), "run it", run), whole_words(ready)

        def ask(_: None) -> None:
            self.call_later(self.main.open_form, form)

        if page is None:
            await self.main.open_form(form)
        else:
            self.push_screen(page, ask)

    def report(self, do: Callable[[], str]) -> object:
        """Do it in a thread, and tell how it went."""
        raise NotImplementedError

    @work(group="settings", exclusive=True)
    async def read_own_windows(self) -> None:
        """Go into the one window of a command of the project's own that there is, or choose one."""
        from tui.attach import go_into
        from tui.screens.own_windows import entries
        from tui.screens.reader import Listing

        found = await asyncio.to_thread(self.source.own_windows)

        def go(row: int | None) -> None:
            if row is not None:
                go_into(self, partial(self.source.attach_own, found[row]))

        if len(found) > 1:
            self.push_screen(Listing("Command windows", entries(found), lambda _: "go there", self.marks), go)
        elif found:
            go(0)
        else:
            self.post_message(Remark("No command of your own has a window: `commands` in coord.yaml names some."))

    def action_own_windows(self) -> None:
        self.read_own_windows()

    def edit_text(self, text: str, name: str) -> str | None:
        """Let $EDITOR work on a copy of a text; None when nothing was changed, or it can't be used here."""
        from tui.editor import edit_text

        return edit_text(self, text, name)

    def edit_file(self, path: str, line: int) -> None:
        """Let $EDITOR work on a file of the project itself."""
        from tui.editor import edit_file

        edit_file(self, self.source, path, line)

    @work(group="scrollback", exclusive=True)
    async def search_window(self, agent: "Agent") -> None:
        """Search what an agent's window shows, and what scrolled out of it, as it is now."""
        from coordinator.views.spans import Span
        from tui.screens.reader import Reading

        try:
            screen = await asyncio.to_thread(self.source.scrollback, agent)
        except CoordError as error:
            self.post_message(Failed(error.message, error.remedy))
            return
        lines = [[Span(line)] for line in screen.plain().splitlines()]
        self.push_screen(Reading(f"Window of {agent.name or agent.id}", lines, searching=True))

    # ── taking along

    def action_copy(self) -> None:
        """Choose what to copy of the page in front."""
        from tui.screens.copying import Copies, CopyMenu, of_context

        def chosen(copy: "Copy | None") -> None:
            if copy is not None:
                self.copy(copy)

        page, main = self.screen, self.main
        if isinstance(page, Copies):
            found = page.copies()
        else:
            found = of_context(main.context(), main.log_panel.list.current, main.window.screen_shown)
        if found:
            self.push_screen(CopyMenu(found, self.marks), chosen)
        else:
            self.post_message(Remark("There is nothing here to copy."))

    def action_command_log(self) -> None:
        """What was done from this screen, as commands."""
        from tui.screens.command_log import CommandLog

        def chosen(row: int | None) -> None:
            if row is not None:
                self.copy(page.copy(row))

        if self.done:
            page = CommandLog(self.done, self.marks)
            self.push_screen(page, chosen)
        else:
            self.post_message(Remark("Nothing was done from this screen yet."))

    @work(group="copies")
    async def copy(self, chosen: "Copy") -> None:
        """Copy to the clipboard of the terminal, and into the buffer of its tmux."""
        copied = await asyncio.to_thread(self.source.copy, chosen.text)
        self.copy_to_clipboard(copied)
        self.post_message(Remark(chosen.said(copied)))

    # ── reading

    def read_prompt(self, prompt: "Prompt") -> None:
        from coordinator.views.acceptance import acceptance_rows
        from tui.screens.reader import Reading
        from tui.screens.reader_pages import prompt_lines

        snapshot = self.main.snapshot
        shown = acceptance_rows(snapshot, prompt.number) if snapshot is not None else []
        if snapshot is not None and prompt.number in snapshot.pipelines:
            from coordinator.views.pipeline_page import PipelinePage, overview

            there = PipelinePage(prompt.number, prompt.title, 1, snapshot.pipelines[prompt.number])
            shown = [*shown, *([[]] if shown else []), *overview(there)]
        lines = [*shown, *([[]] if shown else []), *prompt_lines(prompt)]
        used = snapshot.used.get(prompt.number) if snapshot is not None else None
        told = f"  {used.words}" if used is not None and used.words else ""
        self.push_screen(Reading(f"{prompt.label} {prompt.title}  {prompt.path}{told}", lines))

    def action_prompt_details(self) -> None:
        number = target_of(self.main.context())
        if number is not None and self.main.snapshot is not None:
            self.read_details(self.main.snapshot, number)

    @work(group="pipeline", exclusive=True)
    async def read_details(self, snapshot: "Snapshot", number: int) -> None:
        """Show a prompt's tasks, criteria, hand-off and files; git is asked for these in a thread."""
        from coordinator.views.prompt_details import sections, whole
        from tui.screens.reader import Reading

        attempt = snapshot.steps[number].attempt
        change = None
        if attempt is not None and attempt.branch:
            with suppress(CoordError):  # the other sections stand without it
                change = await asyncio.to_thread(self.source.work, attempt)
        prompt = snapshot.prompts[number]
        self.push_screen(Reading(f"{prompt.label} {prompt.title}", whole(sections(snapshot, number, change))))

    def read_event(self, event: "Event") -> None:
        from tui.screens.reader_pages import event_page

        self.push_screen(event_page(event))

    def replay(self, seq: int | None) -> None:
        """Go back to an event, or to the newest one."""
        from tui.screens.replay import ReplayScreen

        def left(number: int | None) -> None:
            if number is not None and self.main.snapshot is not None and number in self.main.snapshot.prompts:
                self.main.select(number)

        self.push_screen(ReplayScreen(self, seq), left)

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
        edit = lambda row: self.edit_file(problems[row].path, problems[row].line)  # noqa: E731
        self.push_screen(Listing("Problems", problem_entries(problems), verb, self.marks, edit), opened)

    def action_review(self) -> None:
        from tui.screens.review import Review

        number = offered(self.main.context(), "review").about
        if number is not None:
            self.push_screen(Review(self, number), partial(self._reviewed, number))

    def _reviewed(self, number: int, action: str | None) -> None:
        """Do what the review was left for, about its prompt."""
        if action:
            self.main.select(number)
            self.call_after_refresh(self.main.action_act, action)

    def action_milestone(self) -> None:
        from tui.screens.milestone import MilestoneScreen

        if self.main.snapshot is not None:
            self.push_screen(MilestoneScreen(self, self.main.snapshot))

    def action_chat(self) -> None:
        """Talk with the coordinator; the conversation goes on where it was left."""
        from tui.screens.chat import ChatScreen

        if not self.is_screen_installed("chat"):
            self.install_screen(ChatScreen(self, self.main.snapshot, self.main.selected), "chat")
        screen = self.get_screen("chat", ChatScreen)
        if screen.is_mounted and self.main.snapshot is not None:
            screen.project_changed(self.main.snapshot)
        self.push_screen(screen)

    def action_criteria(self) -> None:
        from tui.screens.criteria import CriteriaScreen

        if self.main.snapshot is not None:
            self.push_screen(CriteriaScreen(self, self.main.snapshot))

    def action_findings(self) -> None:
        from tui.screens.findings import FindingsScreen

        if self.main.snapshot is not None:
            self.push_screen(FindingsScreen(self, self.main.snapshot))

    def action_compound(self) -> None:
        from tui.screens.compound import CompoundScreen

        if self.main.snapshot is not None:
            self.push_screen(CompoundScreen(self, self.main.snapshot))

    def action_runs(self) -> None:
        from tui.screens.runs import RunsScreen

        if self.main.snapshot is not None:
            self.push_screen(RunsScreen(self, self.main.snapshot))

    def action_settings(self) -> None:
        self.read_settings()

    @work(group="settings", exclusive=True)
    async def read_settings(self) -> None:
        """Show every setting; Enter on one opens the form that changes it."""
        from tui.forms.setting import SettingForm
        from tui.screens.reader import Listing
        from tui.screens.settings_page import setting_entries

        try:
            found = await asyncio.to_thread(self.source.settings)
        except CoordError as error:
            self.post_message(Failed(error.message, error.remedy))
            return

        def opened(row: int | None) -> None:
            if row is not None:
                self.call_later(self.main.open_form, SettingForm(self.main, found[row]))

        verb = lambda row: "change" if found[row].in_place else ""  # noqa: E731
        edit = lambda row: self.edit_file(found[row].path, found[row].line or 1)  # noqa: E731
        self.push_screen(Listing("Settings", setting_entries(found), verb, self.marks, edit), opened)

    def action_artifacts(self) -> None:
        number = target_of(self.main.context())
        if number is not None:
            self.read_pipeline(number)

    @work(group="pipeline", exclusive=True)
    async def read_pipeline(self, number: int) -> None:
        """Show the turns of a prompt's pipeline, and what they made."""
        from tui.screens.reader import Listing
        from tui.screens.reader_pages import pipeline_entries

        try:
            page = await asyncio.to_thread(self.source.pipeline, number)
        except CoordError as error:
            self.post_message(Failed(error.message, error.remedy))
            return
        self.push_screen(Listing(page.heading, pipeline_entries(page), lambda _: "", self.marks))

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
        verb = lambda row: "answer" if questions[row].open else "overrule" if questions[row].taken else ""  # noqa: E731
        self.push_screen(Listing("Questions", entries, verb, self.marks), opened)

    def action_page_help(self) -> None:
        """What the page that lies over the main screen is for, and its keys."""
        from tui.screens.page_help import help_page
        from tui.widgets.footer import Footer

        foot = next(iter(self.screen.query(Footer)), None)
        self.push_screen(help_page(self.screen, foot.hints if foot is not None else ()))

    def action_help(self) -> None:
        from tui.screens.reader import Reading
        from tui.screens.reader_pages import help_lines

        self.push_screen(Reading("Help", help_lines(self.main.context(), self.keys, self.main.helps())))
