"""The page of settings: each with its value, where that comes from, what it is for and what else it may be."""

from collections.abc import Sequence

from coordinator.model.setting import Setting
from coordinator.model.text import clip, plain
from coordinator.views.spans import Span
from tui.paint.ink import Spans, pad
from tui.screens.reader import Entry

_ORIGINS = {"default": "default", "project": "coord.yaml", "you": "you"}


def setting_entries(settings: Sequence[Setting]) -> list[Entry]:
    """A row for each; what somebody decided stands out."""
    width = max((len(one.name) for one in settings), default=0) + 2
    return [Entry(_row(one, width), _details(one)) for one in settings]


def _row(setting: Setting, width: int) -> Spans:
    ink = "quiet" if setting.origin == "default" else "strong"
    origin = pad(_ORIGINS[setting.origin], 12)
    value = clip(plain(setting.value), 200) or '""'
    return [Span(pad(setting.name, width), "text"), Span(origin, "quiet"), Span(value, ink)]


def _details(setting: Setting) -> list[Spans]:
    come = {
        "default": "nobody decided: the default",
        "project": f"coord.yaml, line {setting.line}",
        "you": "chosen on the screen, for all projects whose settings name none",
    }
    facts = [
        ("value", plain(setting.value) or '""'),
        ("from", come[setting.origin]),
        ("default", plain(setting.default) or "as said above"),
        ("takes", setting.takes),
    ]
    lines: list[Spans] = [[Span(plain(setting.about), "text")], []] if setting.about else []
    lines += [[Span(pad(f"  {name}", 11), "quiet"), Span(text)] for name, text in facts]
    if not setting.in_place:
        lines += [[], [Span("  A mapping: e opens coord.yaml in $EDITOR.", "quiet")]]
    return lines
