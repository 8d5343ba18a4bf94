"""The last line: the keys that act here and now, and nothing else."""

from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from coordinator.views.spans import Span
from tui.messages import ActionAsked
from tui.paint.ink import columns, ink_of, paint

Hint = tuple[str, str, str]
"""Key, label, id of the action."""

_KEEP = ("help", "palette", "panel.next", "quit", "form.leave")
"""Never left out: they lead to everything else, and out."""


class Footer(Widget):
    """Keys and labels; a click does what the key does."""

    DEFAULT_CSS = "Footer { height: 1; dock: bottom; background: $panel; }"
    hints: tuple[Hint, ...] = ()

    def show(self, hints: tuple[Hint, ...]) -> None:
        if hints != self.hints:
            self.hints = hints
            self.refresh()

    def ink(self, name: str) -> Style:
        return ink_of(self, name)

    def render_line(self, y: int) -> Strip:
        return paint(footer_spans(self.hints, self.size.width), self.size.width, self.ink)

    def on_click(self, event: events.Click) -> None:
        action = event.style.meta.get("act", "")
        if action:
            self.post_message(ActionAsked(action))


def footer_spans(hints: tuple[Hint, ...], width: int) -> list[Span]:
    """As many hints as fit, those on the left first; those that lead to the others always stay."""
    room = width - sum(columns(_spans([hint])) for hint in hints if hint[2] in _KEEP)
    shown = []
    for hint in hints:
        needs = columns(_spans([hint]))
        if hint[2] in _KEEP:
            shown.append(hint)
        elif needs <= room:
            room -= needs
            shown.append(hint)
    while columns(_spans(shown)) > width:
        shown.pop()
    return _spans(shown)


def _spans(hints: list[Hint]) -> list[Span]:
    spans: list[Span] = []
    for key, label, action in hints:
        spans += [Span(" ", act=action), Span(key, "key", action), Span(f" {label} ", "quiet", action)]
    return spans
