"""What all services have in common on the screen: a plan while one types, a review, and the apply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.timer import Timer

from coordinator.errors import CoordError, StalePlan
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.views.plan_preview import Outlook, Planner, came_true, essence, foresee, only_reported
from tui.forms.drafted import draft_lines
from tui.forms.field_form import FieldForm
from tui.forms.host import Draft, FormHost
from tui.forms.message import Line, MessageLines
from tui.forms.prompts_field import PromptsField
from tui.forms.review import diff_lines, review_lines
from tui.forms.stages import SHOWS_PLAN, Offer, Stage, effect_lines, now_different, progress, stage_hints
from tui.messages import PlanMade
from tui.widgets.footer import Hint

_TRIES = 5
"""How often a plan is applied while agents report into the document that it writes into too."""
_AT_ONCE = 1500
"""Prompts up to which a plan is made while the key is handled: it takes less than two frames."""


class Taker(Protocol):
    """Somebody who wants to have what is asked for, and no plan of it yet."""

    snapshot: Snapshot
    """What is planned on here."""

    def started(self, form: PlanForm) -> None:
        """The form's fields are there."""

    def take(self, asked: Planner, typed: Draft) -> object:
        """Have it, with what was in the fields."""

    def leave(self) -> object:
        """The form is left, and nothing is asked for."""


class PlanForm(FieldForm):
    """A form over one service. Subclasses give the fields, and the request that they make.

    Nothing but `action_apply` changes anything; leaving keeps what was typed as a draft.
    """

    SERVICE: ClassVar[str]
    """Id of the action that opens the form."""
    ASIDE: ClassVar[bool] = False
    """Planning reads more than the snapshot: it happens in a thread, however few prompts there are."""
    taker: Taker | None = None
    """Who takes what the form asks for, in the place of its being applied here."""
    DEFAULT_CSS = """
    PlanForm { overflow-y: auto; scrollbar-size-vertical: 1; }
    PlanForm > #fields { height: auto; }
    PlanForm > #review { display: none; }
    PlanForm.-plan > #draft, PlanForm.-plan > #fields, PlanForm.-plan > #effect { display: none; }
    PlanForm.-plan > #review { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "apply", "apply", show=False),
        Binding("ctrl+n", "afresh", "begin anew", show=False),
    ]

    def __init__(self, host: FormHost, draft: Draft | None = None) -> None:
        super().__init__(host, draft)
        self.kept_under = self.draft_key(host)
        self._started = False
        self.stage = Stage.EDIT
        self.found: Outlook | CoordError | str = ""
        """What comes of the fields as they are: the plan, why it is refused, or what is missing."""
        self._wanted: tuple[Planner, Snapshot] | None = None
        """The newest request that a thread has to plan."""
        self._planning = False
        self._considered: Draft = {}
        """What was in the fields when the plan was asked for."""
        self._eager = False
        """Enter was pressed before the plan was there."""
        self._notice = ""
        self._agreed: Plan | None = None
        """The plan that the review showed first."""
        self._since = 0.0
        self._tries = 0
        self._at = ""
        self._clock: Timer | None = None
        self.title = plain(self.name_of(host))
        self.border_title = Content(self.title)

    # ── what subclasses say

    @classmethod
    def draft_key(cls, host: FormHost) -> str:
        """What a draft is kept under: forms about one prompt have one a prompt."""
        return cls.SERVICE

    @property
    def about(self) -> int | None:
        """The prompt that the form is about; None: it is about where another one goes, or about none."""
        return None

    def name_of(self, host: FormHost) -> str:
        """The form's title."""
        return self.SERVICE.capitalize()

    def request(self, snapshot: Snapshot) -> Planner | str:
        """What the fields ask of the service; a sentence when something is still missing."""
        raise NotImplementedError

    def offers(self) -> Sequence[Offer]:
        """What is allowed instead of what was refused."""
        return ()

    def extra_hints(self) -> tuple[Hint, ...]:
        """Keys of this form's own while fields are filled in."""
        return ()

    def more_lines(self) -> list[Line]:
        """What this form has to say besides the effect."""
        return []

    def arranged(self, effect: list[Line], more: list[Line]) -> list[Line]:
        """What stands below the fields: what comes of them, with what there is to say besides."""
        return [*effect, *more]

    def edit_body(self) -> None:
        """Open $EDITOR; forms without a text have nothing to open."""

    def compose(self) -> ComposeResult:
        if self.draft:
            yield MessageLines(most=3, id="draft")
        yield from super().compose()
        yield from self.words()

    def words(self) -> ComposeResult:
        """What is said below the fields, and instead of them."""
        yield MessageLines(least=1, most=5, id="effect")
        yield MessageLines(most=30, id="review")

    def start(self) -> None:
        self._started = True
        for line in self.query("#draft").results(MessageLines):
            line.show(draft_lines(self.draft, self.about, self.host.clock(), "^n"))
        super().start()
        if self.taker is not None:
            self.taker.started(self)
        self.replan()

    # ── planning

    def field_changed(self) -> None:
        self._notice = ""
        self.replan()

    def replan(self, snapshot: Snapshot | None = None) -> None:
        """Make the plan of the fields as they are now."""
        snapshot = self.seen if self.taker is not None else snapshot or self.seen
        if snapshot is None or self.stage in (Stage.APPLYING, Stage.DONE):
            return
        asked = self.unclear or self.request(snapshot)
        self._considered = self.values()
        self._wanted = None
        if isinstance(asked, str):
            self._take(asked)
        elif len(snapshot.prompts) <= _AT_ONCE and not self.ASIDE:
            self._take(foresee(asked, snapshot, self.host.clock()))
        else:
            self._wanted = (asked, snapshot)
            self._plan_aside()

    @property
    def seen(self) -> Snapshot | None:
        """The project that is planned on."""
        return self.taker.snapshot if self.taker is not None else self.host.snapshot

    def _settle(self) -> bool:
        """Plan what is in the fields at this moment; False while something typed is unclear."""
        clear = self.settle()
        if self.values() != self._considered:
            self.field_changed()
        return clear

    def _plan_aside(self) -> None:
        """Let a thread plan the newest request, once it is done with an older one."""
        if self._wanted is not None and not self._planning:
            self._planning = True
            self._foresee(self._wanted)

    @work(thread=True, group="planning", exit_on_error=False)
    def _foresee(self, wanted: tuple[Planner, Snapshot]) -> None:
        self.post_message(PlanMade(foresee(*wanted, self.host.clock()), wanted))

    @on(PlanMade)
    def _made(self, message: PlanMade) -> None:
        self._planning = False
        if self._wanted is message.wanted:
            self._wanted = None
            self._take(message.found)
        self._plan_aside()

    @property
    def busy(self) -> bool:
        """A plan is being made, or applied."""
        return self._wanted is not None or self.stage is Stage.APPLYING

    def _take(self, found: Outlook | CoordError | str) -> None:
        self.found = found
        self.host.show_plan(found if isinstance(found, Outlook) else None)
        if self.stage is Stage.REFUSED and not isinstance(found, CoordError):
            self._enter(Stage.EDIT)
        if self._eager:
            self._eager = False
            self.go_on()
        self.say()

    @property
    def gives_way(self) -> bool:
        return not self.fields and not self.busy and not isinstance(self.found, Outlook)

    @property
    def at(self) -> str:
        """When the engineer asks for it, UTC, ISO 8601: what a review shows stays as it is while time goes on."""
        if self.stage not in SHOWS_PLAN or not self._at:
            self._at = self.host.now_iso()
        return self._at

    # ── what is said

    def say(self) -> None:
        """Show what there is to say now."""
        key, more = "" if self.stage is Stage.REFUSED else self.host.marks.enter, self.more_lines()
        effect = effect_lines(self.found, self._notice, self.offers(), key)
        self.query_one("#effect", MessageLines).show(self.arranged(effect, more))
        if self.stage in SHOWS_PLAN and isinstance(self.found, Outlook):
            seconds = self.host.clock() - self._since if self.stage is Stage.APPLYING else None
            top = progress(self.found.plan, self._notice, seconds)
            self.query_one("#review", MessageLines).show([*top, *review_lines(self.found), *more])
        self.host.update_keys()

    def _tick(self) -> None:
        """A second went by while the plan is applied."""
        if self.stage is Stage.APPLYING:
            self.say()
        elif self._clock is not None:
            self._clock.stop()

    # ── stages

    @property
    def editable(self) -> bool:
        return self.stage is Stage.EDIT

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        self.set_class(stage in SHOWS_PLAN, "-plan")
        going = f" {self.host.marks.dot} this is going to happen" if stage in SHOWS_PLAN else ""
        self.border_title = Content(self.title + going)
        if stage is not Stage.EDIT:
            self.focus()

    def go_on(self) -> None:
        """Enter: to the review, to the ways out, or to what is missing."""
        if not self._settle():
            self.app.bell()
        elif self._wanted is not None:
            self._eager = True
        elif isinstance(self.found, Outlook) and self.taker is not None:
            asked = self.request(self.taker.snapshot)
            if not isinstance(asked, str):
                self.taker.take(asked, self.values())
        elif isinstance(self.found, Outlook):
            self._notice = ""
            self._agreed = self.found.plan
            self._enter(Stage.CONFIRM)
        elif isinstance(self.found, CoordError) and self.offers():
            self._enter(Stage.REFUSED)
        elif self.fields:
            self.app.bell()
        self.say()

    def back(self) -> None:
        """To the fields again."""
        self._enter(Stage.EDIT)
        self.focus_field()
        self.say()

    def action_apply(self) -> None:
        """Apply, from the fields too; a refusal is shown instead."""
        ready = self._settle() and self._wanted is None and isinstance(self.found, Outlook)
        if self.taker is not None or (self.stage is Stage.EDIT and not ready):
            self.go_on()
        elif self.stage in (Stage.EDIT, Stage.CONFIRM) and isinstance(self.found, Outlook):
            self._since = self.host.clock()
            self._notice = ""
            self._tries = _TRIES
            self._clock = self.set_interval(1.0, self._tick)
            self._apply(self.found.plan)

    def _apply(self, plan: Plan) -> None:
        self._tries -= 1
        self._enter(Stage.APPLYING)
        self.host.apply_plan(plan)
        self.say()

    def applied(self) -> None:
        """The plan is applied; it stays drawn until a snapshot shows it."""
        self._enter(Stage.DONE)
        self.say()
        self._close_if_true()

    def _close_if_true(self) -> None:
        snapshot = self.host.snapshot
        if snapshot is not None and isinstance(self.found, Outlook) and came_true(self.found.plan, snapshot):
            self.host.plan_came_true(self.found.plan)

    def refused(self, error: CoordError, fresh: Snapshot | None) -> None:
        """Nothing was written: plan for how things are now, say what changed, and ask again."""
        before = self.found.plan if isinstance(self.found, Outlook) else None
        self._enter(Stage.CONFIRM)
        self.replan(fresh)
        after = self.found.plan if isinstance(self.found, Outlook) and self._wanted is None else None
        again = isinstance(error, StalePlan) and self._tries > 0
        if again and before is not None and after is not None and only_reported(before, after):
            self._apply(after)
            return
        self._enter(Stage.EDIT)
        self.replan(fresh)
        self._notice = now_different(before, self.found) if isinstance(error, StalePlan) else error.message
        self._ask_again()

    def _ask_again(self) -> None:
        if not self.fields and isinstance(self.found, Outlook):
            self._agreed = self.found.plan
            self._enter(Stage.CONFIRM)
            self.say()
        else:
            self.back()

    def project_changed(self) -> None:
        """Another snapshot: what was planned may be another plan now."""
        if not self._started:
            return  # Its fields are not there yet; it plans with the newest snapshot when they are.
        if self.stage is Stage.DONE:
            self._close_if_true()
        elif self.stage is not Stage.APPLYING:
            self.know_prompts()
            self.replan()
            if self.stage is Stage.CONFIRM and self._wanted is None:
                self._check_agreed()

    def _check_agreed(self) -> None:
        """What the review shows must stay what it showed when the engineer began to read it."""
        agreed, found = self._agreed, self.found
        if agreed is None or not isinstance(found, Outlook) or essence(agreed) != essence(found.plan):
            self._notice = now_different(agreed, found)
            self._ask_again()

    # ── keys

    def action_afresh(self) -> None:
        """Begin with what the selection suggests; what was typed becomes the draft."""
        if self.stage is Stage.EDIT and self.fields:
            self.host.swap_draft()

    def action_leave(self) -> None:
        """One step back: from the review to the fields, from the fields out of the form. Nothing is changed."""
        if self.stage in (Stage.CONFIRM, Stage.REFUSED) and self.fields:
            self.back()
        elif self.taker is not None:
            self.taker.leave()
        else:
            self.host.leave_plan()

    def on_key(self, event: events.Key) -> None:
        does: dict[str, Callable[[], object]] = {}
        if self.stage is Stage.CONFIRM:
            does = {"enter": self.action_apply, "y": self.action_apply, "d": self.read_diff, "n": self.action_leave}
        elif self.stage is Stage.REFUSED:
            does = {offer.key: lambda offer=offer: self.take_offer(offer) for offer in self.offers()}  # type: ignore[misc]
        do = does.get(event.key) or does.get(event.character or "")
        if do is not None:
            event.stop()
            do()

    def take_offer(self, offer: Offer) -> None:
        """Do what is allowed instead, and go on."""
        self.back()
        offer.do()
        if offer.retry and self.is_mounted:
            self.replan()
            self.go_on()

    def read_diff(self) -> None:
        """All of the diff, over the screen."""
        if isinstance(self.found, Outlook):
            plan = self.found.plan
            self.host.read(f"Diff {self.host.marks.dot} {plan.summary}", diff_lines(plan))

    def hints(self) -> tuple[Hint, ...]:
        if self.host.panel == "prompts":
            goal = self.picks_for()
            mark: tuple[Hint, ...] = (("space", f"mark: {goal}", "form.mark"),) if goal else ()
            return (*mark, ("esc", "back to the form", "form.back"))
        enter = self.host.marks.enter
        if self.stage is not Stage.EDIT:
            return stage_hints(self.stage, self.offers(), enter, "back" if self.fields else "leave")
        if not self.fields:
            return (("esc", "leave", "form.leave"),)
        go = ((enter, "go on", "form.enter"), ("^s", "apply", "form.apply"), ("tab", "next", "form.next"))
        graph = (("^g", "graph", "form.graph"),) if self.query(PromptsField) else ()
        afresh = (("^n", "afresh", "form.afresh"),) if self.draft else ()
        return (*go, *self.extra_hints(), *graph, *afresh, ("esc", "leave", "form.leave"))

    def act(self, hint: str) -> Callable[[], None] | None:
        if hint.startswith("offer."):
            offer = next((offer for offer in self.offers() if hint == f"offer.{offer.key}"), None)
            return None if offer is None else lambda: self.take_offer(offer)
        does: dict[str, Callable[[], None]] = {
            "form.enter": self.go_on,
            "form.apply": self.action_apply,
            "form.diff": self.read_diff,
            "form.next": lambda: self.action_step(1),
            "form.graph": self.action_graph,
            "form.afresh": self.action_afresh,
            "form.editor": self.edit_body,
            "form.back": self.focus_field,
            "form.mark": self.host.graph.action_mark,
        }
        return does.get(hint) or super().act(hint)
