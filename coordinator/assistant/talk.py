"""The conversation: turns that the engineer begins, one at a time, each of which can be cancelled and tried again.

No turn ever begins by itself, and none has more than one card: whatever the voice was told by what it read, the next
thing that happens is up to a human.
"""

import asyncio
import sys
import traceback
from collections.abc import Sequence

from coordinator.assistant.context import About, context, read_files
from coordinator.assistant.instructions import system
from coordinator.assistant.naming import named
from coordinator.assistant.quoting import bounded, line
from coordinator.assistant.tools import Tools
from coordinator.assistant.voice import Brief, Tell, Troubled, Voice
from coordinator.client.chat_files import ChatFiles, Turn
from coordinator.client.reading import Reading
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.clock import utc_now
from coordinator.model.conversation import (
    Ask,
    Cancel,
    Decided,
    Draft,
    Drafted,
    Earlier,
    Message,
    Option,
    Proposal,
    Retry,
    Say,
    Text,
    Trouble,
    TurnEnd,
    Usage,
)
from coordinator.services.registry import SERVICES

MOST_WORDS = 20_000
"""Characters that the engineer may say at once."""
_MOST_HISTORY = 30_000
"""Characters of what was said before."""
_EARLIER = 40
"""Turns of earlier sessions."""
_EVENTS = 40


@dataclass(slots=True)
class _Turn:
    """A turn as it comes about."""

    words: str
    about: About
    named: frozenset[int]
    said: list[str] = field(default_factory=list)
    """What the voice said, and notes of what it brought up."""
    shown: list[Message] = field(default_factory=list)


class Talk:
    """One conversation of one engineer about one project; belongs to the thread of its event loop."""

    def __init__(self, voice: Voice, reading: Reading, files: ChatFiles, tell: Tell, who: str) -> None:
        self._voice, self._reading, self._files, self._tell, self._who = voice, reading, files, tell, who
        self._history: list[Turn] = list(files.turns(_EARLIER))
        self._named: frozenset[int] = frozenset()
        """What the engineer has named in this session."""
        self._options: tuple[Option, ...] = ()
        """On offer since the last turn."""
        self._proposals: dict[str, Proposal] = {}
        """By id: those that nobody has decided on."""
        self._milestone = ""
        """What the project is at: usage is counted for it."""
        self._run_id = ""
        """The newest run; empty before the first."""
        self._unpriced = False
        """A request was made whose price nobody knows."""
        self._failed: _Turn | None = None
        self._running: asyncio.Task[None] | None = None
        self._waiting: list[Message] = []
        """What was said while a turn was under way."""
        self._drafts: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Tell what was said in earlier sessions."""
        for turn in self._history:
            self._tell(Earlier(turn.who, turn.text, turn.at))

    async def hear(self, message: Message) -> None:
        """Take what the engineer's side says; a turn goes on by itself until it ends."""
        match message:
            case Say() | Decided() | Retry():
                self._waiting.append(message)
                self._next()
            case Cancel():
                self._waiting.clear()
                await self._cancel()
            case Draft():
                task = asyncio.create_task(self._draft(message))
                self._drafts.add(task)
                task.add_done_callback(self._drafts.discard)

    async def close(self) -> None:
        """End whatever is under way."""
        self._waiting.clear()
        for draft in self._drafts:
            draft.cancel()
        await self._cancel()
        await self._voice.close()

    # ── turns

    def _next(self, *_: object) -> None:
        """Begin with what was said next, unless a turn is under way."""
        while self._waiting and (self._running is None or self._running.done()):
            match self._waiting.pop(0):
                case Say() as said:
                    self._start(self._turn_of(said))
                case Decided() as said:
                    self._decided(said)
                case Retry() if self._failed is not None:
                    again, self._failed = self._failed, None
                    self._start(_Turn(again.words, again.about, again.named))

    async def _cancel(self) -> None:
        if self._running is not None and not self._running.done():
            self._running.cancel()
            await asyncio.wait([self._running])

    def _start(self, turn: _Turn) -> None:
        if self._failed is not None:  # its words are part of the conversation all the same
            failed, self._failed = self._failed, None
            self._remember(failed, " (the answer broke off)")
        self._running = asyncio.create_task(self._run(turn))
        self._running.add_done_callback(self._next)

    async def _run(self, turn: _Turn) -> None:
        try:
            await self._take(turn)
        except asyncio.CancelledError:
            self._remember(turn, " (the engineer interrupted this)")
            self._tell(TurnEnd("cancelled"))
        except Troubled as error:
            self._give_up(turn, error.trouble)
        except CoordError as error:
            self._give_up(turn, Trouble("other", " ".join(part for part in (error.message, error.remedy) if part)))
        except Exception as error:  # a mistake of ours, or of what we stand on: whoever talks has to hear of it
            traceback.print_exc(file=sys.stderr)
            self._give_up(turn, Trouble("other", f"the coordinator's voice has a fault: {line(repr(error))}"))
        else:
            self._remember(turn, "")
            self._tell(TurnEnd("end"))

    def _give_up(self, turn: _Turn, trouble: Trouble) -> None:
        self._failed = turn
        if trouble.kind == "too_long":
            self._history = self._history[len(self._history) // 2 + 1 :]
        self._tell(trouble)
        self._tell(TurnEnd("error"))

    async def _take(self, turn: _Turn) -> None:
        if len(turn.words) > MOST_WORDS:
            raise Troubled("too_long", f"that is {len(turn.words):,} characters; say it in at most {MOST_WORDS:,}")
        steady = await asyncio.to_thread(system, self._reading)
        told, sources = await asyncio.to_thread(self._context, turn.about)
        brief = Brief(steady, self._recent(), told, bounded(turn.words, MOST_WORDS), self._may_spend)
        tools = Tools(self._reading, self._who, turn.named, read=sources)
        await self._voice.turn(brief, tools, lambda message: self._pass_on(turn, message))

    def _pass_on(self, turn: _Turn, message: Message) -> None:
        """What the voice says, on its way to the engineer."""
        match message:
            case Text():
                turn.said.append(message.delta)
            case Proposal():
                self._proposals[message.id] = message
                turn.said.append(f"\n(proposed: {message.title}: {line(message.why, 300)})")
            case Ask():
                self._options = message.options
                offered = "; ".join(option.label for option in message.options)
                turn.said.append(f"\n(asked: {line(message.question, 500)} {offered})")
            case Usage():
                self._count(message)
        self._tell(message)

    def _count(self, used: Usage) -> None:
        self._unpriced |= used.cost is None
        self._files.use(self._milestone, used.input + used.output + used.cached, used.cost, self._run_id)

    # ── what a turn begins with

    def _turn_of(self, said: Say) -> _Turn:
        words, options, self._options = said.text.strip(), self._options, ()
        chosen = words.rstrip(".) ")
        if chosen.isascii() and chosen.isdigit() and 0 < int(chosen[:9]) <= len(options):
            words = f"{chosen}: {options[int(chosen) - 1].label}"
            own = named(options[int(chosen) - 1].label, said.selected, said.refs)
        else:
            own = named(words, said.selected, said.refs)
        self._named |= own
        about = About(words, said.selected, said.refs)
        return _Turn(words, about, self._named)

    def _decided(self, said: Decided) -> None:
        proposal = self._proposals.pop(said.proposal, None)
        if proposal is None:  # of a voice that has ended since: nobody here knows of it
            self._tell(TurnEnd())
            return
        detail = f"\n{bounded(said.detail, 1000)}" if said.detail.strip() else ""
        words = f"[decision on the card “{proposal.title}”: {said.outcome}]{detail}"
        self._start(_Turn(words, About(words), self._named))

    def _context(self, about: About) -> tuple[str, list[str]]:
        """What is told of the project, and the sources of what others wrote in files that are shown."""
        snapshot = self._reading.look()
        self._milestone, self._run_id = snapshot.milestone.name, snapshot.run or ""
        events = self._reading.events(limit=_EVENTS)
        files = read_files(about.files(snapshot), self._reading.file)
        told = context(snapshot, about, self._reading.findings(), events, files)
        return told, [file.source for file in files if not file.why_not]

    def _recent(self) -> Sequence[Turn]:
        """The newest of what was said before, as much as there is room for."""
        kept: list[Turn] = []
        room = _MOST_HISTORY
        for turn in reversed(self._history):
            text = bounded(turn.text, 6000)
            room -= len(text)
            if room < 0:
                break
            kept.append(Turn(turn.who, text, turn.at))
        return tuple(reversed(kept))

    def _remember(self, turn: _Turn, note: str) -> None:
        said = "".join(turn.said).strip() + note
        for who, text in (("engineer", turn.words), ("coordinator", said.strip() or "(nothing)")):
            kept = Turn(who, bounded(text, MOST_WORDS), utc_now())
            self._history.append(kept)
            self._files.keep(kept)

    # ── budget

    def _may_spend(self) -> None:
        """Raises Troubled when the coordinator's own budget is used up."""
        settings = self._reading.settings()
        used = self._files.used(self._milestone)
        if settings.budget_tokens is not None and used.tokens >= settings.budget_tokens:
            raise _over("tokens", f"{used.tokens:,} of {settings.budget_tokens:,} tokens")
        if settings.budget_cost is not None and self._unpriced:
            told = f"nobody here knows what {line(self._voice.model, 60) or 'this model'} costs, so `chat_budget_cost`"
            raise Troubled("budget", f"{told} can't be kept: set `chat_budget_tokens` instead, or another `chat_model`")
        if settings.budget_cost is not None and used.cost >= settings.budget_cost:
            raise _over("cost", f"${used.cost:.2f} of ${settings.budget_cost:.2f}")

    # ── drafts

    async def _draft(self, asked: Draft) -> None:
        """Write a field of a form, beside the conversation."""
        try:
            words = _drafting(asked)
            about = About(words, asked.selected)
            told, _ = await asyncio.to_thread(self._context, about)
            brief = Brief(await asyncio.to_thread(system, self._reading), (), told, words, self._may_spend)
            await self._voice.draft(brief, lambda message: self._pass_on_draft(asked.id, message))
        except Troubled as error:
            self._tell(error.trouble)
        except CoordError as error:
            self._tell(Trouble("other", error.message))
        self._tell(Drafted(asked.id, done=True))

    def _pass_on_draft(self, draft: str, message: Message) -> None:
        match message:
            case Text():
                self._tell(Drafted(draft, message.delta))
            case Usage():
                self._count(message)
                self._tell(message)


def _over(what: str, used: str) -> Troubled:
    where = f"raise `chat_budget_{what}` in .coord/coord.yaml, and retry"
    return Troubled("budget", f"the coordinator has used its budget for this milestone ({used}): {where}")


def _drafting(asked: Draft) -> str:
    """What the voice is asked for a draft."""
    service = SERVICES.get(asked.service)
    inputs = service.inputs if service is not None else ()
    field = next((one for one in inputs if one.name == asked.input), None)
    if service is None or field is None:
        raise CoordError("there is no such field to draft for")
    held = "\n".join(f"{line(key, 60)}: {bounded(str(value), 2000)}" for key, value in asked.values.items() if value)
    return (
        f"Write the text for the field `{field.name}` ({field.about.help}) of this form: {service.help}\n"
        f"What the form holds by now:\n{held or 'nothing'}\n"
        "Answer with that text alone, in Markdown, ready to be used; the engineer edits it."
    )
