"""The last line: the keys that act here and now, and nothing else."""

from collections.abc import Collection

from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from coordinator.views.spans import Span
from tui.messages import ActionAsked
from tui.paint.ink import columns, ink_of, paint

Hint = tuple[str, str, str]
"""Key, label, id of the action."""

LEADS = ("panel.next", "palette", "help", "quit")
"""They lead to everything else, and out: the first to be written without words, never left out."""
_WAYS_OUT = ("form.leave", "form.back", "leave", "back", "search.end", "app.page_help", *LEADS)
"""Never left out, whatever else there is to do."""


class Footer(Widget):
    """Keys and labels; a click does what the key does."""

    DEFAULT_CSS = "Footer { height: 1; dock: bottom; background: $panel; }"
    hints: tuple[Hint, ...] = ()
    extra: Collection[str] = ()

    def show(self, hints: tuple[Hint, ...], extra: Collection[str] = ()) -> None:
        """`extra`: ids of those that may be left out where there is no room."""
        if hints != self.hints or extra != self.extra:
            self.hints, self.extra = hints, extra
            self.refresh()

    def ink(self, name: str) -> Style:
        return ink_of(self, name)

    def render_line(self, y: int) -> Strip:
        return paint(footer_spans(self.hints, self.size.width, self.extra), self.size.width, self.ink)

    def on_click(self, event: events.Click) -> None:
        action = event.style.meta.get("act", "")
        if action:
            self.post_message(ActionAsked(action))


def footer_spans(hints: tuple[Hint, ...], width: int, extra: Collection[str] = ()) -> list[Span]:
    """The hints in `width` columns: first the extra ones are left out, then words, from the right; keys last of all."""
    shown = [hint for hint in hints if hint[2] not in extra]
    room = width - columns(_spans(shown))
    if room >= 0:
        fit = set()
        for hint in hints:
            needs = columns(_spans([hint]))
            if hint[2] in extra and needs <= room:
                room -= needs
                fit.add(hint[2])
        return _spans([hint for hint in hints if hint[2] not in extra or hint[2] in fit])
    return _spans(_shortened(shown, width))


def _shortened(hints: list[Hint], width: int) -> list[Hint]:
    """With fewer words: those of the leads go first, then all from the right, each to its first word, and to none."""
    ways = [place for place, hint in enumerate(hints) if hint[2] in _WAYS_OUT]
    leads = [place for name in LEADS for place in ways if hints[place][2] == name]
    acts = [place for place in reversed(range(len(hints))) if place not in ways]
    out = [place for place in ways if place not in leads]
    steps = [(place, _bare) for place in leads]
    steps += [(place, _brief) for place in acts]
    steps += [(place, _brief) for place in out]
    steps += [(place, _bare) for place in [*acts, *out]]
    short = list(hints)
    for place, shorter in steps:
        if columns(_spans(short)) <= width:
            return short
        short[place] = shorter(short[place])
    while columns(_spans(short)) > width and any(hint[2] not in _WAYS_OUT for hint in short):
        del short[next(p for p in reversed(range(len(short))) if short[p][2] not in _WAYS_OUT)]
    return short


def _brief(hint: Hint) -> Hint:
    key, label, action = hint
    first = label.split(" ", 1)[0].rstrip(":,")
    return (key, label if first in ("not", "to", "the", "do", "go", "its") else first, action)


def _bare(hint: Hint) -> Hint:
    return (hint[0], "", hint[2])


def _spans(hints: list[Hint]) -> list[Span]:
    spans: list[Span] = []
    for key, label, action in hints:
        spans += [
            Span(" ", act=action),
            Span(key, "key", action),
            *([Span(f" {label} ", "quiet", action)] if label else []),
        ]
    return spans
