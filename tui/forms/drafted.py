"""What a form says first when it opens with what was typed before: where that is placed, and since when. Pure."""

from collections.abc import Mapping
from typing import Any

from coordinator.model.text import age
from coordinator.views.prompt_row import names
from coordinator.views.spans import Span
from tui.forms.message import Line

SINCE = "drafted since"
"""Beside the values of a draft: Unix seconds when the form was left. No field is called so."""
_PLACES = (("after", "after"), ("before", "before"), ("fixes", "fixing"))
"""Fields that say where a prompt goes, and how that is called."""


def draft_lines(draft: Mapping[str, Any], number: int | None, now: float, key: str) -> list[Line]:
    """The first line of a form over a draft; nothing without one. `number`: the prompt that the form is about."""
    if not draft:
        return []
    since = draft.get(SINCE)
    old = f", {age(max(0.0, now - since))} old" if isinstance(since, int | float) else ""
    said = [Span(_placed(draft, number) + old, "need"), Span("  "), Span(key, "key"), Span(" begins afresh", "quiet")]
    return [Line(Span("Draft ", "need"), said)]


def _placed(draft: Mapping[str, Any], number: int | None) -> str:
    if number is not None:
        return f"of {number:02d}"
    parts = []
    for name, word in _PLACES:
        value = draft.get(name)
        numbers = [value] if isinstance(value, int) else value if isinstance(value, tuple | list | frozenset) else []
        if numbers and all(isinstance(one, int) for one in numbers):
            parts.append(f"{word} {names(sorted(numbers), 2)}")
    return ", ".join(parts) or "placed nowhere yet"
