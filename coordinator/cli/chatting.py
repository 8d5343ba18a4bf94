"""A conversation in a terminal: whose turn it is, what is printed, and what a line that was typed means."""

import sys
from contextlib import suppress
from queue import SimpleQueue

from coordinator.cli.chat_card import Card
from coordinator.cli.report import say, style, styled
from coordinator.client.chatting import Voice
from coordinator.client.look import look
from coordinator.client.named_files import named_files
from coordinator.client.opening import Project
from coordinator.errors import CoordError
from coordinator.model.conversation import (
    Ask,
    Cancel,
    Earlier,
    Message,
    Proposal,
    Ready,
    Retry,
    Say,
    Text,
    Tool,
    Trouble,
    TurnEnd,
)
from coordinator.model.text import amount, plain, plain_lines
from coordinator.services.slash import command_of, commands, first_number, refs_of, replaced, ways_on
from coordinator.views.chat_words import proposal_title, proposer_words, ready_words, tool_words, trouble_words

_SHOWN = 4
"""Turns of an earlier session that are shown again."""
_HELP = "ctrl-c ends an answer, ctrl-d leaves. @7 @executor-07-1 @src/app.py refer to something; tab completes."


def converse(project: Project, text: str | None) -> int:
    """Talk until the engineer leaves, or, with a text, about that alone; 1 where an answer ended in trouble."""
    talk = _Talk(project)
    try:
        talk.begin(quiet=text is not None)
        if text is not None:
            talk.say(text)
            return 1 if talk.troubled else 0
        talk.go_on()
        return 0
    finally:
        talk.voice.close()


class _Talk:
    def __init__(self, project: Project) -> None:
        self._project = project
        self._root = str(project.layout.root)
        self._heard: SimpleQueue[Message] = SimpleQueue()
        self.voice = Voice(self._root, self._heard.put)
        self._ready: Ready | None = None
        self._proposed: list[Proposal] = []
        self._asked: Ask | None = None
        self.troubled = False
        self._midline = False
        """Something stands on the line already."""

    # ── what the voice says

    def begin(self, quiet: bool) -> None:
        """Start the voice; say who it is, or what is missing, and what was said last."""
        earlier: list[Earlier] = []
        self.voice.open()
        while self._ready is None and not self.troubled:
            message = self._heard.get()
            if isinstance(message, Earlier):
                earlier.append(message)
            else:
                self._hear(message)
        for one in [] if quiet else earlier[-_SHOWN:]:
            lead = "› " if one.who == "engineer" else "  "
            for line in plain_lines(one.text):
                print(style(f"{lead}{line}", "dim"))
        if self._ready is not None and self._ready.missing:
            styled([("! ", "yellow"), (self._ready.missing, "")])
            say("Every service works without it: /help lists them.")
        elif not quiet and self._ready is not None:
            styled([(ready_words(self._ready), "dim")])

    def _hear(self, message: Message) -> bool:
        """Show a message; whether it ends the turn."""
        match message:
            case Text():
                self._print(message.delta)
            case Tool():
                self._line([("· ", "dim"), (tool_words(message), "dim")])
            case Ask():
                self._asked = message
                self._line([("? ", "yellow"), (message.question, "bold")])
                for place, option in enumerate(message.options[:9], start=1):
                    self._line([(f"  {place} ", "cyan"), (option.label, "")])
                    self._line([("    ", ""), (option.tradeoff, "dim")] if option.tradeoff else [])
            case Proposal():
                self._proposed.append(message)
                count = f", {amount(len(message.steps), 'step')}" if len(message.steps) > 1 else ""
                self._line([("◆ ", "magenta"), (f"Proposed: {proposal_title(message)}{count}", "magenta")])
            case Trouble():
                self.troubled = True
                self._line([("! ", "yellow"), (trouble_words(message), ""), ("   /retry tries again", "dim")])
            case Ready():
                self._ready = message
            case TurnEnd():
                self._end_line()
                return True
            case _:
                pass
        return False

    def _print(self, delta: str) -> None:
        """Words as they come; what a terminal would act on is made harmless."""
        sys.stdout.write("\n".join(plain(line.replace("\t", "    ")) for line in delta.split("\n")))
        sys.stdout.flush()
        self._midline = not delta.endswith("\n")

    def _line(self, parts: list[tuple[str, str]]) -> None:
        if parts:
            self._end_line()
            styled(parts)
            sys.stdout.flush()

    def _end_line(self) -> None:
        if self._midline:
            print()
            self._midline = False

    def _turn(self) -> None:
        """Hear the voice until it is the engineer's turn; ctrl-c ends its answer."""
        self.troubled = False
        while True:
            try:
                if self._hear(self._heard.get()):
                    return
            except KeyboardInterrupt:
                self._line([("ends…", "dim")])
                self.voice.tell(Cancel())

    # ── what the engineer says

    def say(self, text: str) -> None:
        """Say something, hear the answer, and decide on what is proposed."""
        self._asked = None
        self.voice.tell(Say(text, "", refs_of(text)))
        self._turn()
        self._decide()

    def _decide(self) -> None:
        while self._proposed:
            proposal = self._proposed.pop(0)
            try:
                decided = Card(self._project, proposal, proposer_words(self._ready)).decide()
            except CoordError as error:
                from coordinator.cli.report import fail

                fail(error)
                continue
            if decided is not None:
                self.voice.tell(decided)
                self._turn()

    def go_on(self) -> None:
        """Take lines until the engineer leaves."""
        self._complete_words()
        while True:
            try:
                line = input("› ").strip()
            except EOFError:
                print()
                return
            except KeyboardInterrupt:
                print()
                continue
            if line == "/quit":
                return
            if line and not self._do(line):
                option = self._option(line)
                if option:
                    styled([("  ", ""), (option, "dim")])
                self.say(line)

    def _option(self, line: str) -> str:
        asked = self._asked
        chosen = int(line) if line.isascii() and line.isdigit() and len(line) == 1 else 0
        return asked.options[chosen - 1].label if asked is not None and 0 < chosen <= len(asked.options) else ""

    def _do(self, line: str) -> bool:
        """Do a `/` command, those of services as `coord` has them; False for words."""
        command = command_of(line)
        if command is None:
            return False
        name, rest = command
        if name == "help":
            for each, about in {**commands(), "quit": "Leave."}.items():
                styled([(f"  /{each:<12}", "cyan"), (about, "dim")])
            say(_HELP)
        elif name == "retry":
            self.voice.tell(Retry())
            self._turn()
            self._decide()
        else:
            _run(self._root, name, rest)
        return True

    def _complete_words(self) -> None:
        """History and completion, where Python has them."""
        with suppress(ImportError):
            import readline

            found: list[str] = []

            def complete(word: str, state: int) -> str | None:
                if state == 0:
                    before = readline.get_line_buffer()[: readline.get_endidx()]
                    start = readline.get_begidx()
                    ways = ways_on(before, look(self._project), lambda path: named_files(self._root, path))
                    found[:] = [replaced(before, way)[start:] for way in ways]
                return found[state] if state < len(found) else None

            readline.set_completer_delims(" ")
            readline.set_completer(complete)
            readline.parse_and_bind("tab: complete")


def _run(root: str, name: str, rest: str) -> None:
    """Run `coord NAME …`; words that are no options become the title where a service asks for one."""
    import shlex

    from coordinator.cli.commands import run
    from coordinator.cli.declared import run_plain
    from coordinator.cli.report import fail
    from coordinator.services.registry import SERVICES

    try:
        words = shlex.split(rest)
    except ValueError:
        words = rest.split()
    titled = name in SERVICES and "title" in {each.name for each in SERVICES[name].inputs}
    if titled and words and not words[0].startswith("-"):
        words = ["--title", rest]
    elif words and first_number(words[0]) is not None:
        words[0] = str(first_number(words[0]))
    try:
        code = run_plain(root, [name, *words])
        if code is None:
            run(["-C", root, name, *words])
    except CoordError as error:
        fail(error)
    except (SystemExit, KeyboardInterrupt):
        print()
