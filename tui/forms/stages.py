"""Where a form over a plan stands, what it offers instead of what was refused, and its words. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from coordinator.errors import CoordError
from coordinator.model.plan import Plan
from tui.forms.review import stale_sentence
from tui.forms.said import Line
from tui.steering import Outlook
from tui.widgets.ink import Span, Spans

LABEL = 13
"""Columns of the labels at the left."""


class Stage(Enum):
    EDIT = "edit"
    """Fields are being filled in."""
    REFUSED = "refused"
    """Enter was pressed, and the service refuses: what is allowed is on keys."""
    CONFIRM = "confirm"
    """The plan is shown, waiting for the yes."""
    APPLYING = "applying"
    DONE = "done"
    """Applied; the next snapshot shows it."""


SHOWS_PLAN = (Stage.CONFIRM, Stage.APPLYING, Stage.DONE)


@dataclass(frozen=True, slots=True)
class Offer:
    """Something allowed instead of what was refused."""

    key: str
    label: str
    do: Callable[[], object]
    retry: bool = True
    """Go on to the review when the plan is granted now."""


def labelled(label: str, ink: str, spans: Spans) -> Line:
    """A line below the fields, its label in their column."""
    return Line(Span(label.ljust(LABEL), ink), spans)


def now_different(before: Plan | None, found: Outlook | CoordError | str) -> str:
    """What changed since a plan was made, and what there is instead."""
    after = found.plan.edits if isinstance(found, Outlook) else ()
    sentence = stale_sentence(before.edits if before is not None else (), after)
    return f"{sentence}: this is the plan for how things are now" if isinstance(found, Outlook) else f"{sentence}:"
