"""Emergent prompts side by side: a card each, with what there is to decide on it, and the verdict."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from coordinator.lazy.dataclass import dataclass
from coordinator.model.emergent import Analysis, Emergent
from coordinator.model.step import StepState
from coordinator.views.prompt_row import names
from coordinator.views.spans import Span
from coordinator.views.surgery_page import sections
from tui.forms.fields import Changed, Entered, Immediate
from tui.paint.ink import Spans, columns, fit, ink_of, pad, paint, wrap
from tui.paint.theme import Glyphs

_NARROWEST = 36
"""Columns of a card, its margin included."""
_WIDEST = 64
_LOWEST = 6
"""Rows of a card that has little to say."""


class Verdict(StrEnum):
    KEEP = "keep"
    IMPROVE = "improve"
    ELIMINATE = "eliminate"


_INKS = {Verdict.KEEP: "good", Verdict.IMPROVE: "need-strong", Verdict.ELIMINATE: "failed"}


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was decided so far."""

    chosen: Mapping[int, Verdict]
    improve: Mapping[int, str]
    """Prompt → what to improve about it."""

    def with_verdict(self, number: int, verdict: Verdict | None) -> "Verdicts":
        chosen = {n: v for n, v in self.chosen.items() if n != number}
        return Verdicts(chosen if verdict is None else {**chosen, number: verdict}, self.improve)

    def with_words(self, number: int, words: str) -> "Verdicts":
        return Verdicts(self.chosen, {**self.improve, number: words})

    def of(self, verdict: Verdict) -> tuple[int, ...]:
        return tuple(number for number, chosen in self.chosen.items() if chosen is verdict)


def card_lines(found: Analysis, width: int) -> list[Spans]:
    """The text of a card below its head."""
    lines: list[Spans] = []
    if found.card.dependents:
        lines.append([Span(f"{found.card.stands} {names(found.card.dependents, 4)}", "quiet")])
    for label, rows in sections(found):
        lines.append([Span(label, "brand")])
        lines += [[Span(" "), *line] for row in rows for line in wrap(row, max(1, width - 2))]
    return lines


class Cards(Immediate, Widget, can_focus=True):
    """As many cards as fit, around the chosen one. Left and right choose, up and down read on."""

    HELP: ClassVar[str] = "k keeps, i improves, x eliminates; backspace takes the verdict back."
    DEFAULT_CSS = "Cards { height: auto; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", show=False),
        Binding("right", "turn(1)", show=False),
        Binding("home", "edge(0)", show=False),
        Binding("end", "edge(-1)", show=False),
        Binding("up", "read(-1)", show=False),
        Binding("down", "read(1)", show=False),
        Binding("pageup", "read(-6)", show=False),
        Binding("pagedown", "read(6)", show=False),
        Binding("k", "decide('keep')", show=False),
        Binding("i", "decide('improve')", show=False),
        Binding("x", "decide('eliminate')", show=False),
        Binding("backspace", "decide('')", show=False),
        Binding("enter", "go_on", show=False),
        Binding("o", "open", show=False),
    ]

    class Chosen(Message):
        """Another card has the cursor."""

    class Opened(Message):
        """The chosen card is to be read whole."""

    def __init__(self, verdicts: Verdicts, marks: Glyphs, *, id: str) -> None:
        super().__init__(id=id)
        self.marks = marks
        self._cards: tuple[Emergent, ...] = ()
        self._known: dict[int, Analysis] = {}
        self._verdicts = verdicts
        self._place = 0
        self._first = 0
        self._read: dict[int, int] = {}
        """Prompt → lines of its card that are scrolled away."""

    def show(self, found: Sequence[Analysis]) -> None:
        """Take over the prompts; the chosen one stays chosen."""
        here = self.current
        self._known = {one.card.number: one for one in found}
        self._cards = cards = tuple(one.card for one in found)
        numbers = [card.number for card in cards]
        if here is not None and here.number in numbers:
            self._place = numbers.index(here.number)
        self._place = max(0, min(self._place, len(cards) - 1))
        self.refresh(layout=True)

    @property
    def cards(self) -> tuple[Emergent, ...]:
        return self._cards

    @property
    def current(self) -> Emergent | None:
        return self._cards[self._place] if self._place < len(self._cards) else None

    def choose(self, number: int) -> None:
        """Put the cursor on a prompt's card, if it has one."""
        self._place = next((i for i, card in enumerate(self._cards) if card.number == number), self._place)
        self.refresh()

    @property
    def value(self) -> Verdicts:
        """What was decided, on prompts that are still there."""
        there = {card.number for card in self._cards}
        chosen = {number: verdict for number, verdict in self._verdicts.chosen.items() if number in there}
        return Verdicts(chosen, self._verdicts.improve)

    def write(self, number: int, words: str) -> None:
        """What to improve about a prompt."""
        self._verdicts = self._verdicts.with_words(number, words)

    # ── painting

    def ink(self, name: str) -> Style:
        return ink_of(self, name)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As high as the longest card, but the graph keeps most of the screen."""
        wide = self._columns(width)[1] - 3
        longest = max((len(self.text_of(card, wide)) for card in self._cards), default=0)
        return max(_LOWEST, min(longest + 2, viewport.height * 2 // 5))

    def _columns(self, width: int) -> tuple[int, int]:
        """How many cards are in sight, and how wide each is."""
        count = max(1, min(len(self._cards), width // _NARROWEST))
        return count, min(_WIDEST, width // count)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if not self.is_attached:
            return Strip.blank(width)
        count, wide = self._columns(width)
        self._first = max(self._place - count + 1, min(self._first, self._place))
        spans: list[Span] = []
        for place in range(self._first, min(self._first + count, len(self._cards))):
            edge = Span("  " if place == self._first else self._edge, "line")
            line = fit(self._line(place, y, wide - 3), wide - 3, self.marks.ellipsis)
            spans += [edge, *line, Span(" " * (wide - 2 - columns(line)))]
        return paint(spans, width, self.ink)

    def text_of(self, card: Emergent, width: int) -> list[Spans]:
        """All that is known of a card, as lines of that width."""
        return card_lines(self._known[card.number], width)

    @property
    def _edge(self) -> str:
        return "│ " if self.marks.boxes else "| "

    def _line(self, place: int, y: int, width: int) -> Spans:
        """One line of a card: its title, its state and verdict, then its text."""
        card = self._cards[place]
        if y == 0:
            return self._head(card, place == self._place, width)
        if y == 1:
            return self._state(card)
        lines = self.text_of(card, width)
        top = max(0, min(self._read.get(card.number, 0), len(lines) - self._room))
        row = top + y - 2
        left = len(lines) - top - self._room
        if left > 0 and y == self.size.height - 1:
            return [Span(f"{left + 1} more lines", "quiet")]
        return lines[row] if row < len(lines) else []

    @property
    def _room(self) -> int:
        """Lines of a card's text that are in sight."""
        return max(1, self.size.height - 2)

    def _head(self, card: Emergent, chosen: bool, width: int) -> Spans:
        label, title = f"{card.number:02d} ", card.title
        if not chosen:
            return [Span(label, "quiet"), Span(title)]
        return [
            Span(pad(f"{label}{title}", width, self.marks.ellipsis), "cursor" if self.has_focus else "cursor-blurred")
        ]

    def _state(self, card: Emergent) -> Spans:
        verdict = self._verdicts.chosen.get(card.number)
        state = "cancelled" if card.state is StepState.SKIPPED else card.state.value
        if verdict is None:
            return [Span(state, "quiet")]
        glyph = {Verdict.KEEP: self.marks.done, Verdict.IMPROVE: "~", Verdict.ELIMINATE: self.marks.alarm}[verdict]
        words = self._verdicts.improve.get(card.number, "") if verdict is Verdict.IMPROVE else ""
        return [Span(f"{glyph} {verdict.value}", _INKS[verdict]), Span(f"  {words or state}", "quiet")]

    # ── keys

    async def on_key(self, event: events.Key) -> None:
        await self.act_at_once(event)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        _, wide = self._columns(self.size.width)
        self._go(self._first + event.x // wide)

    def _go(self, place: int) -> None:
        place = max(0, min(place, len(self._cards) - 1))
        if place != self._place:
            self._place = place
            self.refresh()
            self.post_message(self.Chosen())

    def action_turn(self, by: int) -> None:
        self._go(self._place + by)

    def action_edge(self, place: int) -> None:
        self._go(place % max(1, len(self._cards)))

    def action_read(self, by: int) -> None:
        card = self.current
        if card is not None:
            longest = len(self.text_of(card, self._columns(self.size.width)[1] - 3)) - self._room
            self._read[card.number] = max(0, min(self._read.get(card.number, 0) + by, longest))
            self.refresh()

    def action_decide(self, word: str) -> None:
        if self.current is not None:
            self._verdicts = self._verdicts.with_verdict(self.current.number, Verdict(word) if word else None)
            self.refresh()
            self.post_message(Changed())

    def action_open(self) -> None:
        self.post_message(self.Opened())

    def action_go_on(self) -> None:
        self.post_message(Entered())
