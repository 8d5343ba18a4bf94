"""Where a form over a plan stands, what it offers instead of what was refused, and its words. Pure."""

from collections.abc import Callable, Sequence
from enum import Enum

from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass
from coordinator.model.plan import Kill, Plan
from coordinator.views.plan_preview import Outlook
from coordinator.views.spans import Span
from tui.forms.message import Line
from tui.forms.review import stale_sentence
from tui.paint.ink import Spans
from tui.widgets.footer import Hint

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


def effect_lines(found: Outlook | CoordError | str, notice: str, offers: Sequence[Offer], enter: str) -> list[Line]:
    """What comes of the fields as they are. `enter`: the key that is to be pressed before those of the offers."""
    lines = [labelled("!", "need", [Span(notice, "need")])] if notice else []
    if isinstance(found, str):
        return [*lines, labelled("", "quiet", [Span(found, "quiet")])]
    if isinstance(found, CoordError):
        message = labelled("Refused", "failed", [Span(found.message, "failed")])
        return [*lines, message, labelled("", "quiet", _ways(found, offers, enter))]
    alarms = [labelled("!", "need", [Span(alarm, "need")]) for alarm in found.alarms]
    return [*lines, labelled("Effect", "quiet", found.effect), *alarms]


def _ways(error: CoordError, offers: Sequence[Offer], enter: str) -> Spans:
    """What is allowed instead, on keys where the form knows, else in the service's words."""
    if not offers:
        return [Span(error.remedy, "quiet")]
    spans = [Span(enter, "key"), Span(" then ", "quiet")] if enter else []
    for offer in offers:
        spans += [Span(offer.key, "key"), Span(f" {offer.label}   ")]
    return spans


def progress(plan: Plan, notice: str, seconds: float | None) -> list[Line]:
    """For how long a plan is being applied; before and after that (None) only the notice."""
    if seconds is None:
        return [Line(Span("! ", "need"), [Span(notice, "need")])] if notice else []
    kills = any(isinstance(effect, Kill) for effect in plan.effects)
    words = "Ending agents, gracefully first" if kills else "Applying"
    return [Line(Span(""), [Span(f"{words}… {int(seconds)}s", "need")])]


def stage_hints(stage: Stage, offers: Sequence[Offer], enter: str, back: str) -> tuple[Hint, ...]:
    """The keys of every stage but the first. `back`: what Escape does from the review."""
    match stage:
        case Stage.REFUSED:
            offered = tuple((offer.key, offer.label, f"offer.{offer.key}") for offer in offers)
            return (*offered, ("esc", "back", "form.leave"))
        case Stage.CONFIRM:
            return ((enter, "apply", "form.apply"), ("d", "diff", "form.diff"), ("esc", back, "form.leave"))
    return (("esc", "leave it to itself", "form.leave"),)
