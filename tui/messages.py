"""Every message of the app on one page: what workers and panels tell the screen.

Messages that come in floods replace their older, unhandled ones (`can_replace`): only the newest state counts.
They are neither compared nor printed: methods for that would cost the first picture more than all else on this page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coordinator.errors import CoordError
    from coordinator.model.change import Change, ChangePage, Check
    from coordinator.model.conversation import Message as Said
    from coordinator.model.event import Event
    from coordinator.model.foreign_run import ForeignRuns
    from coordinator.model.pane_screen import Screen as PaneScreen
    from coordinator.model.plan import PastPlan, Plan
    from coordinator.model.run import RunReport
    from coordinator.model.snapshot import Snapshot
    from coordinator.views.milestone_page import MilestonePage
    from coordinator.views.plan_preview import Outlook, Planner
    from coordinator.views.runs import RunPage

T = TypeVar("T")


@dataclass(eq=False, repr=False)
class SnapshotArrived(Message, bubble=False):
    """The project changed, or was read for the first time."""

    snapshot: Snapshot

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SnapshotArrived)


@dataclass(eq=False, repr=False)
class PaneDrawn(Message, bubble=False):
    """A visible agent window shows something new."""

    pane: str
    screen: PaneScreen

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, PaneDrawn) and message.pane == self.pane


@dataclass(eq=False, repr=False)
class SizesChosen(Message):
    """The panels of a layout of the main screen are to have other sizes."""

    layout: str


@dataclass(eq=False, repr=False)
class LastScreenRead(Message, bubble=False):
    """What an ended agent's window showed at the end."""

    agent: str
    screen: PaneScreen


@dataclass(eq=False, repr=False)
class Failed(Message, bubble=False):
    """Something could not be done; the reason and the way out go into a toast."""

    message: str
    remedy: str = ""


@dataclass(eq=False, repr=False)
class Done(Message, bubble=False):
    """Something was done, in a sentence."""

    message: str


@dataclass(eq=False, repr=False)
class Remark(Message, bubble=False):
    """A short sentence for a toast: why a key does nothing here."""

    sentence: str


@dataclass(eq=False, repr=False)
class FirstPainted(Message, bubble=False):
    """The first snapshot is on the screen."""


@dataclass(eq=False, repr=False)
class Waiting(Message, bubble=False):
    """Things began to wait for the engineer: the bell may ring."""

    project: str
    things: Sequence[str]


@dataclass(eq=False, repr=False)
class ActionAsked(Message):
    """A click asks for an action: on a key of the footer, on a pill of the header."""

    action: str
    need: str = ""
    """Kind of the need whose pill was clicked."""


@dataclass(eq=False, repr=False)
class FormClosed(Message):
    """The form in the place of the events was left."""


@dataclass(eq=False, repr=False)
class PlanMade(Message, bubble=False):
    """A thread made the plan that a form asked for."""

    found: Outlook | CoordError
    wanted: tuple[Planner, Snapshot]
    """What it was asked for: an older request is of no use any more."""


@dataclass(eq=False, repr=False)
class PastPlansRead(Message, bubble=False):
    """A thread read which plans were applied."""

    plans: tuple[PastPlan, ...]


@dataclass(eq=False, repr=False)
class ChangeRead(Message, bubble=False):
    """A thread read the change that is to be reviewed."""

    found: ChangePage | CoordError
    number: int
    """The prompt whose change it was asked for."""


@dataclass(eq=False, repr=False)
class Checked(Message, bubble=False):
    """A thread tried the merge of the change that is reviewed, and its suites."""

    found: Check | CoordError
    number: int
    """The prompt whose change it was asked for."""


@dataclass(eq=False, repr=False)
class Judged(Message, bubble=False):
    """A verdict was given, in a sentence, or could not be."""

    found: str | CoordError
    next: int | None = None
    """The prompt whose change is to be looked at next."""


@dataclass(eq=False, repr=False)
class MilestoneRead(Message, bubble=False):
    """A thread read the milestone's page."""

    found: MilestonePage | CoordError


@dataclass(eq=False, repr=False)
class ItemsRead(Message, Generic[T], bubble=False):
    """A thread read what can be judged on a page."""

    found: Sequence[T] | CoordError


@dataclass(eq=False, repr=False)
class RunsRead(Message, bubble=False):
    """A thread read the list of runs."""

    found: Sequence[RunReport] | CoordError
    foreign: ForeignRuns | None = None
    """Those of other tools."""


@dataclass(eq=False, repr=False)
class RunRead(Message, bubble=False):
    """A thread read one run."""

    found: RunPage


@dataclass(eq=False, repr=False)
class IntentPlanned(Message, bubble=False):
    """A thread made the plan for what the editor left."""

    found: Plan | CoordError


@dataclass(eq=False, repr=False)
class MomentCame(Message, bubble=False):
    """A thread found how everything stood right after an event."""

    seq: int
    snapshot: Snapshot
    now: float
    """Unix seconds of that moment."""
    head: int
    """Number of the newest event."""
    events: tuple[Event, ...] | None
    """Those around it; None where the ones that are shown still do."""


@dataclass(eq=False, repr=False)
class MomentSought(Message):
    """Go to an event of the replay."""

    seq: int


@dataclass(eq=False, repr=False)
class ReplayRead(Message, bubble=False):
    """How far a thread has read the log, on its way to a moment."""

    seq: int

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ReplayRead)


@dataclass(eq=False, repr=False)
class WorkSeen(Message, bubble=False):
    """What an attempt has made so far, read from git."""

    prompt: int
    change: Change


@dataclass(eq=False, repr=False)
class VoiceSaid(Message, bubble=False):
    """The coordinator's voice said something, or asked, or proposed."""

    said: Said


@dataclass(eq=False, repr=False)
class PlanApplied(Message, bubble=False):
    """A plan is applied; the next snapshot shows it."""

    plan: Plan
    notes: tuple[str, ...]
    """What else there is to say about it."""


@dataclass(eq=False, repr=False)
class PlanNotApplied(Message, bubble=False):
    """A plan could not be applied. Refused: nothing was written; any other error came after the files."""

    plan: Plan
    error: CoordError
    fresh: Snapshot | None
    """How things are now, when the plan was stale."""
