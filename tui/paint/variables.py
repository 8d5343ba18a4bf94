"""Colours of our own that every theme gets, made of its others: words that can be read wherever they stand."""

from collections.abc import Mapping

from textual.color import Color

from tui.paint.contrast import readable_on

_GROUNDS = ("background", "surface", "panel")
_TINT = 0.05
"""Share of the foreground that lies over a field that has the focus."""


def with_readable(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a theme, and besides:

    | variable | is |
    |---|---|
    | `$title` | the title of the panel that has the focus |
    | `$typed` | what is typed into a field |
    | `$hint` | what an empty field says of itself |
    | `$caret`, `$under-caret` | where the next letter goes, and the letter there |
    | `$told-success`, `$told-warning`, `$told-error` | the title of a remark |
    """
    foreground = Color.parse(variables["foreground"])
    grounds = [Color.parse(variables[name]) for name in _GROUNDS]
    if foreground.ansi is not None or any(ground.ansi is not None for ground in grounds):
        hints = {"title": variables["border"], "typed": "ansi_default", "hint": variables["text-muted"]}
        hints |= {"caret": "ansi_white", "under-caret": "ansi_black"}
        return {**variables, **hints, **{f"told-{name}": variables[name] for name in ("success", "warning", "error")}}
    tinted = [ground.blend(foreground, _TINT) for ground in grounds]
    under = [ground.rich_color for ground in (*grounds, *tinted)]
    wanted = {
        "title": Color.parse(variables["border"]),
        "typed": foreground,
        "hint": grounds[-1].blend(foreground, 0.6),
        **{f"told-{name}": Color.parse(variables[name]) for name in ("success", "warning", "error")},
    }
    found = {name: Color.from_rich_color(readable_on(colour.rich_color, *under)).hex for name, colour in wanted.items()}
    return {**variables, **found, "caret": variables["foreground"], "under-caret": variables["background"]}
