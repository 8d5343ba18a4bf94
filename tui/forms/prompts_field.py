"""The field that holds prompts: chosen on the graph, or typed as numbers and words of titles."""

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from coordinator.model.prompt import Prompt
from coordinator.model.text import plain
from coordinator.views.prompt_row import names
from coordinator.views.spans import Span
from tui.forms.complete import matches, nearest
from tui.forms.fields import EDITOR, Changed, Painted, typed
from tui.paint.ink import Spans, clip, columns, fit

_LEAST_TITLE = 8
"""Columns below which a chip shows its number only."""


class PromptsField(Painted):
    """Chips of the chosen prompts, then what is being typed, then what that would add.

    While it has the focus, the cursor of the graph is the candidate: up and down move it, space takes it or leaves it
    out. Typing moves it to the likeliest match.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "far('page', -1)", show=False),
        Binding("pagedown", "far('page', 1)", show=False),
        Binding("home", "far('edge', -1)", show=False),
        Binding("end", "far('edge', 1)", show=False),
        Binding("backspace", "back", show=False),
        Binding("ctrl+u", "clear", show=False),
        Binding("comma", "take", show=False),
        EDITOR,
    ]

    class Pointed(Message):
        """The candidate is another one: `number`, or the graph's cursor moved by `action` and `by`."""

        def __init__(self, number: int | None = None, action: str = "", by: int = 0) -> None:
            super().__init__()
            self.number = number
            self.action = action
            self.by = by

    class Toggled(Message):
        """Take the prompt under the graph's cursor, or leave it out."""

    def __init__(self, value: Iterable[int] = (), *, empty: str = "", id: str) -> None:
        """`empty` is what no prompt means here."""
        super().__init__(id=id)
        self._value = tuple(value)
        self._empty = empty
        self._prompts: dict[int, Prompt] = {}
        self._choice = 0
        self.query_text = ""

    def know(self, prompts: Iterable[Prompt]) -> None:
        """Take over which prompts there are; those that are gone are no longer chosen."""
        self._prompts = {prompt.number: prompt for prompt in prompts}
        kept = tuple(number for number in self._value if number in self._prompts)
        if kept != self._value:
            self.value = kept
        self.refresh()

    @property
    def value(self) -> tuple[int, ...]:
        """The chosen prompts, in the order in which they were chosen."""
        return self._value

    @value.setter
    def value(self, numbers: Iterable[int]) -> None:
        chosen = tuple(dict.fromkeys(numbers))
        if chosen != self._value:
            self._value = chosen
            self.refresh()
            if self.is_mounted:
                self.post_message(Changed())

    @property
    def found(self) -> list[int]:
        """What the typed text may mean, the likeliest first."""
        return matches(self.query_text, self._prompts.values(), self._value)

    @property
    def unclear(self) -> str:
        """Why the typed text can't be taken, as a sentence; empty when it can, or nothing is typed."""
        if not self.query_text.strip() or self.found:
            return ""
        return self._unknown()

    # ── what it shows

    def spans(self, width: int) -> Spans:
        tail = self._tail()
        spans = self._chips(max(width - columns(tail), width // 2))
        return fit([*spans, *tail], width)

    def _chips(self, width: int) -> list[Span]:
        """A chip a prompt; titles are cut, then left out, when there are many."""
        if not self._value:
            return []
        ink = "cursor" if self.has_focus else "cursor-blurred"
        labels = [f"{number:02d}" for number in self._value]
        room = (width - sum(len(label) + 3 for label in labels)) // len(labels) - 1
        spans = []
        for number, label in zip(self._value, labels, strict=True):
            title = plain(self._prompts[number].title) if number in self._prompts else ""
            words = f" {clip(title, room)}" if title and room >= _LEAST_TITLE else ""
            spans += [Span(f" {label}{words} ", ink), Span(" ")]
        return spans

    def _tail(self) -> list[Span]:
        if not self.has_focus and self.query_text.strip():
            return [Span(f"{self.query_text} ?", "need")]
        if not self.has_focus:
            return [] if self._value else [Span(self._empty, "quiet")]
        cursor = Span(" ", "caret")
        if not self.query_text:
            return [cursor, Span(" a number or words, or \u2191\u2193 and space on the graph", "quiet")]
        found = self.found
        if not found:
            return [Span(self.query_text, "strong"), cursor, Span(f" {self._unknown()}", "need")]
        prompt = self._prompts[found[self._choice % len(found)]]
        more = f"   {self._choice % len(found) + 1}/{len(found)} \u2191\u2193" if len(found) > 1 else ""
        goal = f" {prompt.label} {clip(plain(prompt.title), 40)}"
        return [Span(self.query_text, "strong"), cursor, Span(goal, "badge"), Span(f"  enter takes it{more}", "quiet")]

    def _unknown(self) -> str:
        text = plain(self.query_text.strip())
        if text.isdigit() and int(text[:9]) in self._value:
            return f"{text} is chosen already"
        if text.isdigit():
            near = nearest(text, self._prompts)
            return f"there is no prompt {text}" + (f"; the nearest are {names(near, 3)}" if near else "")
        return f"no title has \u201c{clip(text, 20)}\u201d"

    # ── what keys do

    def other_key(self, event: events.Key) -> None:
        char = event.character
        if char is None or not event.is_printable:
            return
        event.stop()
        event.prevent_default()
        if char == " " and not self.query_text:
            self.post_message(self.Toggled())
        elif char == " " and self.query_text.strip().isdigit():
            self.take()
        else:
            self._type(self.query_text + char)

    def on_paste(self, event: events.Paste) -> None:
        """Numbers as other tools write them: `2, 3` or `02 03`."""
        event.stop()
        for word in typed(event.text).replace(",", " ").split():
            self._type(self.query_text + word)
            self.take()

    def _type(self, text: str) -> None:
        unclear = self.unclear
        self.query_text = text.lstrip()
        self._choice = 0
        self._point()
        if unclear != self.unclear:
            self.post_message(Changed())

    def _point(self) -> None:
        """Put the graph's cursor on what the text means."""
        found = self.found
        self.refresh()
        if found:
            self.post_message(self.Pointed(found[self._choice % len(found)]))

    def take(self) -> bool:
        """Choose what was typed; False when it means nothing."""
        found = self.found
        if not found:
            return False
        number = found[self._choice % len(found)]
        self.query_text = ""
        self._choice = 0
        self.value = (*self._value, number)
        self.refresh()
        return True

    def toggle(self, number: int) -> None:
        """Choose a prompt, or leave it out again."""
        chosen = self._value
        self.value = tuple(n for n in chosen if n != number) if number in chosen else (*chosen, number)

    def action_take(self) -> None:
        self.take()

    def action_enter(self) -> None:
        if self.query_text.strip():
            self.take()
        else:
            super().action_enter()

    def action_move(self, by: int) -> None:
        if self.query_text and self.found:
            self._choice += by
            self._point()
        else:
            self.post_message(self.Pointed(action="move", by=by))

    def action_far(self, action: str, by: int) -> None:
        self.post_message(self.Pointed(action=action, by=by))

    def action_back(self) -> None:
        if self.query_text:
            self._type(self.query_text[:-1])
        else:
            self.value = self._value[:-1]

    def action_clear(self) -> None:
        self.query_text = ""
        self.value = ()
        self.refresh()

    def settle(self) -> bool:
        """Take what was typed if it means one prompt and no other; False when something unclear is left."""
        found = self.found
        text = self.query_text.strip()
        if found and (len(found) == 1 or (text.isdigit() and int(text) == found[0])):
            self.take()
        return not self.query_text.strip()

    def on_blur(self) -> None:
        self.settle()
        self.refresh()
