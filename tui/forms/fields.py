"""The fields of a form: a line of text, several lines, a choice, and what all of them tell the form."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.document._edit import Edit
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea
from textual.widgets.text_area import EditResult

from coordinator.model.text import bare
from coordinator.views.spans import Span
from tui.paint.ink import Spans, ink_of, paint

EDITOR = Binding("ctrl+e", "screen.form_act('form.editor')", show=False)
"""Opens $EDITOR, also where a text field has that key for the end of the line."""


class Changed(Message):
    """The engineer changed a field."""


class Entered(Message):
    """Enter in a field: go on with the form."""


class Stepped(Message):
    """Up or down out of a field: go to its neighbour."""

    def __init__(self, by: int) -> None:
        super().__init__()
        self.by = by


class Immediate:
    """Mixed into a field: its keys act the moment it gets them.

    Textual runs a binding only once the key has bubbled up to the app; characters that were typed right behind it are
    in the field by then, and a burst of keys acts in another order than it was typed in.
    """

    async def act_at_once(self, event: events.Key) -> bool:
        """Run the binding of a key, if the field has one itself."""
        assert isinstance(self, Widget)
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            if await self.app.run_action(binding.action, self):
                event.stop()
                event.prevent_default()
                return True
        return False


def typed(text: str) -> str:
    """What was typed or pasted, without the characters that a terminal would act on; lines stay lines."""
    return "\n".join(bare(line.replace("\t", "    ")) for line in text.splitlines()) + "\n" * text.endswith("\n")


class Row(Horizontal):
    """A label and its field."""

    DEFAULT_CSS = """
    Row { height: auto; }
    Row > .label { width: 13; color: $text-muted; }
    Row:focus-within > .label { color: $title; text-style: bold; }
    """

    def __init__(self, label: str, field: Widget) -> None:
        super().__init__()
        self.label = label
        self.field = field
        self.id = f"row-{field.id}"

    def compose(self) -> ComposeResult:
        yield Static(Content(self.label), classes="label")
        yield self.field


class TextField(Immediate, Input):
    """One line of text."""

    DEFAULT_CSS = """
    TextField, TextField:focus { border: none; height: 1; padding: 0; background: transparent; background-tint: 0%; }
    TextField { width: 1fr; }
    TextField:focus { text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
        EDITOR,
    ]

    def __init__(self, value: str = "", *, placeholder: str = "", id: str) -> None:
        super().__init__(typed(value), placeholder=placeholder, id=id, select_on_focus=False)
        self.cursor_blink = False

    async def on_key(self, event: events.Key) -> None:
        await self.act_at_once(event)

    def replace(self, text: str, start: int, end: int) -> None:
        super().replace(typed(text), start, end)

    def on_paste(self, event: events.Paste) -> None:
        """Several lines become one, instead of losing all but the first."""
        event.prevent_default()
        event.stop()
        self.replace(" ".join(event.text.split()), *sorted(self.selection))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(Changed())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(Entered())

    def action_step(self, by: int) -> None:
        self.post_message(Stepped(by))


class ProseField(Immediate, TextArea):
    """Some lines of text: it grows with them. Enter goes on with the form, ctrl+j begins a line."""

    DEFAULT_CSS = """
    ProseField, ProseField:focus { border: none; padding: 0; background: transparent; }
    ProseField { width: 1fr; height: auto; max-height: 4; scrollbar-size-vertical: 1; }
    ProseField .text-area--placeholder { color: $hint; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [EDITOR]
    each_line: ClassVar[bool] = False
    """Enter begins a line; on an empty one it goes on with the form."""

    def __init__(self, text: str = "", *, placeholder: str = "", id: str) -> None:
        super().__init__(
            typed(text), compact=True, highlight_cursor_line=False, placeholder=Content(placeholder), id=id
        )
        self.cursor_blink = False

    @property
    def value(self) -> str:
        return self.text

    @value.setter
    def value(self, text: str) -> None:
        self.text = typed(text)

    def edit(self, edit: Edit) -> EditResult:
        edit.text = typed(edit.text)
        return super().edit(edit)

    def render_lines(self, crop: Region) -> list[Strip]:
        # A form that was closed is painted once more before the layout knows; its styles are gone by then.
        return super().render_lines(crop) if self.is_attached else [Strip.blank(crop.width)] * crop.height

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "ctrl+j" or (event.key == "enter" and self.each_line and self._line().strip()):
            event.prevent_default()
            event.stop()
            self.insert("\n")
        elif event.key == "enter":
            event.prevent_default()
            event.stop()
            self.post_message(Entered())
        else:
            await self.act_at_once(event)

    def _line(self) -> str:
        return str(self.document.get_line(self.cursor_location[0]))

    def action_cursor_up(self, select: bool = False) -> None:
        if not select and self.get_cursor_up_location()[0] == self.cursor_location[0] == 0:
            self.post_message(Stepped(-1))
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        if not select and self.get_cursor_down_location() in (self.cursor_location, self.document.end):
            self.post_message(Stepped(1))
        else:
            super().action_cursor_down(select)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.post_message(Changed())


class ItemsField(ProseField):
    """A list, one item a line."""

    each_line = True

    @property
    def items(self) -> tuple[str, ...]:
        return tuple(line.strip() for line in self.text.splitlines() if line.strip())


class Painted(Immediate, Widget, can_focus=True):
    """A field that paints its line itself."""

    DEFAULT_CSS = """
    Painted { height: 1; width: 1fr; }
    Painted > .ink--caret { background: $foreground; color: $background; }
    Painted:ansi > .ink--caret { background: ansi_default; color: ansi_default; text-style: reverse; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"ink--caret"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", show=False),
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
        EDITOR,
    ]

    def spans(self, width: int) -> Spans:
        """What the field shows."""
        raise NotImplementedError

    def ink(self, name: str) -> Style:
        return ink_of(self, name)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        return paint(self.spans(width), width, self.ink) if self.is_attached else Strip.blank(width)

    async def on_key(self, event: events.Key) -> None:
        if not await self.act_at_once(event):
            self.other_key(event)

    def other_key(self, event: events.Key) -> None:
        """A key that no binding has."""

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def action_enter(self) -> None:
        self.post_message(Entered())

    def action_step(self, by: int) -> None:
        self.post_message(Stepped(by))


Option = tuple[str, str, str]
"""Value, words for it, the key that chooses it."""


class ChoiceField(Painted):
    """One of a few, by left and right or by its key."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", show=False),
        Binding("right,space", "turn(1)", show=False),
    ]

    def __init__(self, options: Sequence[Option], value: str = "", *, id: str) -> None:
        super().__init__(id=id)
        self.options = tuple(options)
        self._value = value
        self._note = ""

    @property
    def note(self) -> str:
        """What there is to know about the choice, beside it."""
        return self._note

    @note.setter
    def note(self, text: str) -> None:
        self._note = text
        self.refresh()

    @property
    def value(self) -> str:
        """The value that is chosen; empty while none is."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        if value != self._value:
            self._value = value
            self.refresh()
            if self.is_mounted:
                self.post_message(Changed())

    def spans(self, width: int) -> Spans:
        spans = []
        for value, words, key in self.options:
            if value == self._value:
                spans.append(Span(f" {words} ", "cursor" if self.has_focus else "cursor-blurred"))
            else:
                at = words.find(key) if self.has_focus and key else -1
                head, tail = (words[:at], words[at + 1 :]) if at >= 0 else (words, "")
                spans += [
                    Span(f" {head}", "quiet"),
                    *([Span(key, "key")] if at >= 0 else []),
                    Span(f"{tail} ", "quiet"),
                ]
            spans.append(Span(" "))
        return [*spans, Span(f"  {self._note}", "quiet")] if self._note else spans

    def action_turn(self, by: int) -> None:
        values = [value for value, _, _ in self.options]
        here = values.index(self._value) if self._value in values else -1 if by > 0 else 0
        self.value = values[(here + by) % len(values)]

    def other_key(self, event: events.Key) -> None:
        for value, _, key in self.options:
            if key and event.character == key:
                event.stop()
                self.value = value

    def on_click(self, event: events.Click) -> None:
        column = 0
        for value, words, _ in self.options:
            if column <= event.x < column + len(words) + 2:
                self.value = value
            column += len(words) + 3
