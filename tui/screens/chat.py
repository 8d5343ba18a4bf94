"""The conversation with the coordinator: a page of its own, beside the graph where there is room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer

from coordinator.model.conversation import Cancel, Retry, Say
from coordinator.model.snapshot import Agent, Snapshot
from coordinator.services.registry import SERVICES
from coordinator.services.slash import Way, command_of, commands, first_number, refs_of, ways_on
from coordinator.views.spans import Span
from tui.actions import BY_ID, key_of
from tui.context import Context
from tui.forms.composer import Composer, Ways
from tui.forms.fields import Entered
from tui.forms.proposal import ProposalForm
from tui.forms.registry import form_of
from tui.messages import ActionAsked, Remark, VoiceSaid
from tui.paint.titled import Titled
from tui.screens.cards import CardScreen
from tui.screens.conversation import Conversation
from tui.screens.host import Navigator
from tui.widgets.footer import Footer, Hint
from tui.widgets.graph import PromptGraph
from tui.widgets.header import Header
from tui.widgets.transcript import Transcript
from tui.widgets.window import LiveWindow

if TYPE_CHECKING:
    from coordinator.model.conversation import Message as Said

_PLACEHOLDER = "Ask, or say what you want; / for commands, @ for prompts, agents, files"
_PREFERRED = ("python", "bash", "diff", "json", "yaml")
"""Languages whose colours are there before the first code comes."""
_HELP = (
    ("enter", "says it; ^j begins a line, up and down recall what you said"),
    ("/", "a service by its form, such as /patch 7; Tab takes a way to go on"),
    ("@", "refers to a prompt, an agent or a file: @7 @executor-07-1 @src/app.py"),
    ("1 to 9", "answers a question of the coordinator with that option"),
    ("esc", "ends its answer; once more goes back to the main screen. What you typed stays"),
    ("^r", "tries again after a trouble"),
    ("enter", "on an empty line goes to the card of a proposal"),
    ("card", "enter applies it, e edits the chosen step, x takes it out, n rejects it, d shows the diff, esc: later"),
    ("tab", "to the text and to the graph, and back"),
)


class _Said(Vertical, Titled):
    """The panel around the text."""


class ChatScreen(CardScreen):
    """Says what the voice says, and does nothing that nobody confirmed."""

    AUTO_FOCUS = "#words"
    DEFAULT_CSS = """
    ChatScreen { background: $background; color: $foreground; }
    ChatScreen #talking { height: 1fr; }
    ChatScreen #beside { width: 2fr; }
    ChatScreen #talk { width: 3fr; }
    ChatScreen #writing { height: auto; max-height: 9; padding: 0 1; }
    ChatScreen #transcript { height: 1fr; min-height: 3; }
    ChatScreen.-narrow #beside { display: none; }
    ChatScreen.-narrow.-graph #beside { display: block; width: 1fr; }
    ChatScreen.-narrow.-graph #talk { display: none; }
    ChatScreen.-form ProposalForm { max-height: 50vh; }
    ChatScreen #bottom { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "retry", show=False),
        Binding("tab", "part(1)", show=False),
        Binding("shift+tab", "part(-1)", show=False),
        Binding("question_mark", "help", show=False),
        Binding("i,slash", "write", show=False),
    ]

    def __init__(self, host: Navigator, snapshot: Snapshot | None, selected: int | None) -> None:
        super().__init__()
        self.host = host
        self.source = host.source
        self.marks = host.marks
        self.snapshot = snapshot
        self.selected = selected
        self.window = LiveWindow(self.marks)
        self._clock: Timer | None = None

    def compose(self) -> ComposeResult:
        self.take_size()
        self.header = Header(self.marks, id="header")
        self.graph = PromptGraph(self.marks, id="prompts", classes="panel")
        self.transcript = Transcript(self.marks, id="transcript")
        self.ways = Ways(self.marks, id="ways")
        self.composer = Composer(self.ways, self.ways_on, placeholder=_PLACEHOLDER, id="words")
        self.footer = Footer(id="footer")
        self.talk = Conversation(self.transcript, self.marks)
        yield self.header
        with Horizontal(id="talking"):
            with Vertical(id="beside"):
                yield self.graph
            with Vertical(id="talk"):
                with _Said(classes="panel", id="said") as self.said:
                    yield self.transcript
                with Vertical(classes="panel", id="writing"):
                    yield self.ways
                    yield self.composer
        with Vertical(id="bottom"):
            pass
        yield self.footer

    def on_mount(self) -> None:
        self.project_changed()
        if self.selected is not None:
            self.graph.selected = self.selected
        self._warm_up()
        self.voice = self.source.voice(self._said)
        self.voice.open()
        self.update_keys()

    @work(thread=True, group="colours", exit_on_error=False)
    def _warm_up(self) -> None:
        """Read what colours code before the first code comes."""
        from tui.paint.syntax import code_pieces

        for language in _PREFERRED:
            code_pieces(["x = 1"], language)

    # ── the project

    def project_changed(self, snapshot: Snapshot | None = None) -> None:
        """Show the project as it is now. A `Follows`."""
        self.snapshot = snapshot or self.snapshot
        if self.snapshot is None or self.talk is None:
            return
        now = self.clock()
        self.header.show(self.snapshot, now)
        self.graph.show(self.snapshot, now)
        if self.form is not None:
            self.form.project_changed()

    def context(self) -> Context:
        return Context(self.snapshot, self.graph.selected, panel=self.panel)

    def select(self, number: int, *, focus: bool = True) -> None:
        self.graph.selected = number
        self.selected = number

    @on(PromptGraph.Selected)
    def _prompt_selected(self, message: PromptGraph.Selected) -> None:
        self.selected = message.number

    @on(PromptGraph.Activated)
    def _prompt_opened(self, message: PromptGraph.Activated) -> None:
        if self.snapshot is not None and message.number in self.snapshot.prompts:
            self.host.read_prompt(self.snapshot.prompts[message.number])

    def choose_agent(self, agent: Agent) -> None:
        """There is no list of agents here."""

    # ── what the voice says

    def _said(self, said: Said) -> None:
        """Called from a thread."""
        self.post_message(VoiceSaid(said))

    @on(VoiceSaid)
    def _heard(self, message: VoiceSaid) -> None:
        assert self.talk is not None
        self.talk.hear(message.said)
        for text in self.talk.said_before:
            self.composer.remember(text)
        self.talk.said_before.clear()
        if self.talk.ended:
            self.call_later(self._turn_ended)
        if self.talk.busy and self._clock is None:
            self._clock = self.set_interval(1.0, self._tick)
        self._entitle()
        self.update_keys()

    async def _turn_ended(self) -> None:
        """Show what waits for a word of the engineer."""
        if self._clock is not None:
            self._clock.stop()
            self._clock = None
        self._entitle()
        if self.form is None and self.talk is not None and self.talk.waiting:
            await self._open_card(self.talk.waiting[0], armed=False)

    def _tick(self) -> None:
        self._entitle()

    def _entitle(self) -> None:
        """Write on the border what happens, what it cost, and how much more there is to read."""
        talk = self.talk
        if talk is None:
            return
        more = "there is more below, End shows it" if self.transcript.more_below else talk.used
        self.said.entitle(title=Content(talk.title(self.clock())), subtitle=Content(more))

    @on(Transcript.Grown)
    def _grown(self) -> None:
        if self.is_mounted:
            self._entitle()

    # ── what the engineer says

    def ways_on(self, before: str) -> Sequence[Way]:
        """How what stands before the cursor may go on."""
        return ways_on(before, self.snapshot, self.source.named_files)

    @on(Entered)
    async def _entered(self, message: Entered) -> None:
        message.stop()
        talk = self.talk
        if talk is None:
            return
        if not self.composer.text.strip():
            await self._to_card()
            return
        command = command_of(self.composer.text.strip())
        if command is not None:
            self.composer.take()
            await self._do(*command)
        elif talk.busy:
            self.app.post_message(Remark("It still answers: Esc ends that. What you typed stays."))
        else:
            self.say(self.composer.take())

    def say(self, text: str, shown: str = "") -> None:
        """Say something to the voice: a turn begins. `shown` stands in the conversation, where it says more."""
        if self.talk is not None and self.voice is not None:
            self.talk.say(shown or text)
            self.transcript.following = True
            selected = "" if self.graph.selected is None else str(self.graph.selected)
            self.voice.tell(Say(text, selected, refs_of(text)))
            self._entitle()
            self.update_keys()

    @on(Composer.Chose)
    def _chose(self, message: Composer.Chose) -> None:
        """A digit: the option of the question that is open, else the beginning of what is written."""
        option = self.talk.option(message.digit) if self.talk is not None else None
        if option is not None:
            self.composer.text = ""
            self.say(str(message.digit), shown=option)

    @on(Composer.Wondered)
    def _wondered(self) -> None:
        self.action_help()

    @on(Composer.Left)
    def _left(self) -> None:
        self.action_back()

    @on(Composer.Went)
    def _went(self, message: Composer.Went) -> None:
        self.action_part(message.by)

    def action_back(self) -> None:
        """Escape: end the answer, else leave the page. What was typed stays."""
        if self.talk is not None and self.talk.busy and not self.talk.ending and self.voice is not None:
            self.talk.cancelled()
            self.voice.tell(Cancel())
            self._entitle()
        else:
            self.app.pop_screen()

    def action_form_back(self) -> None:
        if self.form is not None:
            super().action_form_back()
        elif not self.composer.has_focus:
            self.composer.focus()
        else:
            self.action_back()

    def action_retry(self) -> None:
        """Try the last turn again."""
        talk = self.talk
        if talk is None or self.voice is None or not talk.troubled:
            self.app.post_message(Remark("There is nothing to try again."))
            return
        talk.retried()
        self.voice.tell(Retry())
        self._entitle()
        self.update_keys()

    def action_write(self) -> None:
        self.composer.focus()

    def action_part(self, by: int) -> None:
        """To the next part of the screen: words, text, graph, card."""
        narrow = self.has_class("-narrow")
        form = self.form
        card = [form] if isinstance(form, ProposalForm) else []
        parts = [self.composer, *card, self.transcript, *([] if narrow else [self.graph])]
        here = next((place for place, part in enumerate(parts) if part.has_focus), 0)
        there = parts[(here + by) % len(parts)]
        if isinstance(there, ProposalForm):
            there.arm()
        else:
            there.focus()

    def action_help(self) -> None:
        from tui.paint.ink import pad

        lines = [[Span("The conversation", "brand")]]
        lines += [[Span(pad(f"  {key}", 12), "key"), Span(words, "quiet")] for key, words in _HELP]
        lines += [[], [Span("Commands", "brand")]]
        lines += [[Span(pad(f"  /{name}", 14), "key"), Span(line, "quiet")] for name, line in commands().items()]
        self.read("Help", lines)

    # ── commands

    async def _do(self, name: str, rest: str) -> None:
        """Do what a `/` asks for: the form of a service, with what was said of it."""
        if name == "help":
            self.action_help()
            return
        if name == "retry":
            self.action_retry()
            return
        if self.form is not None:
            await self.close_form()
        number = first_number(rest)
        if number is not None and self.snapshot is not None and number in self.snapshot.prompts:
            self.select(number)
            rest = rest.partition(" ")[2].strip()
        asked = {each.name for each in SERVICES[name].inputs} if name in SERVICES else ()
        words_go_to = next((field for field in ("title", "reason") if field in asked), "")
        if rest and words_go_to:
            self.drafts.setdefault(form_of(name).draft_key(self), {words_go_to: rest})
        if name == "review":
            self.host.action_review()
        elif name == "intent":
            self.app.post_message(Remark(f"The milestone's page has it: {key_of(BY_ID['milestone'], self.host.keys)}"))
        else:
            await self.open_service(name)

    async def action_act(self, action_id: str) -> None:
        if BY_ID[action_id].form:
            await self.open_service(BY_ID[action_id].form)

    # ── the focus

    def focus_panel(self, name: str) -> None:
        """To the graph for a form that chooses on it, else to the words."""
        if self.form is None:
            self.remove_class("-graph")
            self.composer.focus()
        elif name == "prompts":
            self.add_class("-graph")
            self.call_after_refresh(self.graph.focus)

    def in_sight(self, name: str) -> bool:
        return name == "prompts" and not self.has_class("-narrow")

    def on_descendant_focus(self) -> None:
        self.set_class(self.panel == "prompts", "-graph")
        super().on_descendant_focus()
        self.update_keys()

    def show_page(self, name: str) -> None:
        """There are no pages here but the graph, which has a class of its own."""

    def sight_changed(self) -> None:
        self.update_keys()

    # ── keys

    def update_keys(self) -> None:
        if not self.is_mounted:
            return
        form = self.form
        talk = self.talk
        if form is not None and not (isinstance(form, ProposalForm) and not form.armed):
            self.footer.show(form.hints())
            return
        self.footer.show(self._hints(waits=form is not None or bool(talk and talk.waiting)))

    def _hints(self, waits: bool) -> tuple[Hint, ...]:
        enter, talk = self.marks.enter, self.talk
        card = ((enter, "to the proposal", "chat.card"),) if waits and not self.composer.text else ()
        own = card or ((enter, "say it", "chat.say"),)
        again = (("^r", "retry", "chat.retry"),) if talk is not None and talk.troubled else ()
        leave = "end the answer" if talk is not None and talk.busy else "back"
        more = (("/", "commands", "chat.help"), ("tab", "text", "chat.part"), ("?", "help", "help"))
        return (*own, *again, *more, ("esc", leave, "form.leave"))

    @on(ActionAsked)
    async def _asked(self, message: ActionAsked) -> None:
        form = self.form
        does = {
            "chat.retry": self.action_retry,
            "chat.help": self.action_help,
            "help": self.action_help,
            "chat.part": lambda: self.action_part(1),
            "form.leave": self.action_back,
        }
        do = form.act(message.action) if form is not None else does.get(message.action)
        if do is not None:
            self.call_later(do)
        elif message.action == "chat.card":
            await self._to_card()
