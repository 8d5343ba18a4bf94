"""Why the selected prompt runs, waits or can't run: always answered, in plain words."""

from typing import ClassVar

from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from coordinator.model.snapshot import Snapshot
from coordinator.views.prompt_row import badge
from coordinator.views.spans import Span
from coordinator.views.why import sentence, why
from tui.paint.ink import Spans, fit, ink_of, paint, wrap
from tui.paint.theme import UNICODE, Glyphs

_MOST = 6
"""Lines at most, however long the reasons are."""


class Why(Widget):
    """Title, kind and the sentence; one line in all where rows are rare."""

    HELP: ClassVar[str] = (
        "Why the selected prompt runs, waits or can't start, in a sentence, and what it holds back in turn."
    )
    BORDER_TITLE = "Why"
    DEFAULT_CSS = "Why { height: auto; }"

    def __init__(self, marks: Glyphs = UNICODE, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.marks = marks
        self._head: Spans = ()
        self._text = ""

    def show(self, snapshot: Snapshot, number: int | None, now: float) -> None:
        head, text = why_words(snapshot, number, now)
        if (head, text) != (self._head, self._text):
            before = self._height(self.content_size.width)
            self._head, self._text = head, text
            self.refresh(layout=self._height(self.content_size.width) != before)

    def ink(self, name: str) -> Style:
        return ink_of(self, name)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._height(width)

    def _height(self, width: int) -> int:
        return max(2, len(self._lay(width, _MOST)))

    def _lay(self, width: int, height: int) -> list[Spans]:
        """The lines for this size; a single one gets the number and the sentence."""
        width = max(1, width)
        if height <= 1:
            return [fit([*self._head[:1], Span(" " if self._head else ""), Span(self._text, "quiet")], width)]
        lines: list[Spans] = [fit([Span(" "), *self._head], width)]
        body = wrap([Span(self._text, "quiet")], width - 2)
        room = height - 1
        if len(body) > room:
            last = [*body[room - 1], *body[room]]
            body = [*body[: room - 1], fit(last, width - 2, self.marks.ellipsis)]
        return [*lines, *([Span(" "), *line] for line in body)]

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        lines = self._lay(width, self.size.height)
        return paint(lines[y], width, self.ink) if y < len(lines) else Strip.blank(width, self.ink("text"))


def why_words(snapshot: Snapshot, number: int | None, now: float) -> tuple[Spans, str]:
    """The head line and the sentence."""
    if not snapshot.prompts:
        return (Span("No prompts yet", "strong"),), (
            "Write one here (interject) or into .coord/prompts; `coord demo` in a terminal shows a whole run."
        )
    if number is None or number not in snapshot.prompts:
        return (Span("Nothing selected", "strong"),), "Move with the arrow keys, or click a prompt."
    prompt = snapshot.prompts[number]
    head = [Span(prompt.label, "strong"), Span(f" {prompt.title}")]
    kind = badge(prompt)
    if kind is not None:
        head.append(Span(f"  {kind.text}", "badge"))
    if prompt.priority.rank != 1:
        head.append(Span(f"  {prompt.priority.value} priority", "quiet"))
    return tuple(head), sentence(why(snapshot, number, now))
