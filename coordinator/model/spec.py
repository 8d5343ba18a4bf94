"""A specification: what somebody wants, in their own words, and whether it is one that is known already. Pure."""

from collections import Counter
from enum import StrEnum

from coordinator.lazy.dataclass import dataclass, field, replace
from coordinator.model.intent import Intent

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Spec:
    """What was handed to `coord run`. Made by `coordinator.formats.spec_text.read_spec`."""

    title: str
    text: str
    """The whole of it; lines end with `\\n`."""
    intent: Intent = field(default_factory=Intent)
    """What of an intent its headings tell."""


class Likeness(StrEnum):
    IDENTICAL = "identical"
    SIMILAR = "similar"
    """The same thing in other words: one title, or more than half of the lines."""
    OTHER = "other"


def likeness(spec: Spec, known: Spec) -> Likeness:
    """What a specification is to one that is known. The lines are those of the new one, blank ones left out."""
    lines, before = _lines(spec.text), _lines(known.text)
    if lines == before:
        return Likeness.IDENTICAL
    if _words(spec.title) == _words(known.title):
        return Likeness.SIMILAR
    shared = sum((Counter(lines) & Counter(before)).values())
    return Likeness.SIMILAR if shared > len(lines) * _HALF else Likeness.OTHER


def taken_over(found: Intent, before: Intent, present: Intent) -> Intent:
    """The intent after a specification changed: it is the source of truth for what it says, and said.

    `found` is what it says now, `before` what it said when it was taken over last, `present` what holds. A part of
    which it says the same as before stays as it is, with what was answered or edited since.
    """
    parts = ("goal", "non_goals", "constraints", "criteria")
    return replace(
        present, **{part: getattr(found, part) for part in parts if getattr(found, part) != getattr(before, part)}
    )


def _lines(text: str) -> list[str]:
    return [line for line in map(str.strip, text.splitlines()) if line]


def _words(title: str) -> str:
    return " ".join(title.split()).casefold()
