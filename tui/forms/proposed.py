"""A proposal in the hands of the engineer: its steps as they are by now, each with the form of its service."""

from collections.abc import Callable, Mapping
from typing import Any

from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.conversation import Proposal, ProposedStep
from coordinator.model.snapshot import Snapshot
from coordinator.services.edit import edited_source
from coordinator.services.inputs import Input, Kind
from coordinator.services.proposals import PROPOSABLE
from coordinator.services.registry import SERVICES
from coordinator.services.several import Own
from coordinator.views.plan_preview import Planner
from tui.forms.cards import Verdict, Verdicts
from tui.forms.edit import EditForm
from tui.forms.host import Draft, FormHost
from tui.forms.plan_form import PlanForm
from tui.forms.registry import form_of


@dataclass(frozen=True, slots=True)
class CardStep:
    """One step, as it was proposed or as the engineer made it."""

    proposed: ProposedStep
    own: Planner | None = None
    """What the engineer asks for instead."""
    draft: Draft | None = None
    """What was in the form that they asked it with."""

    @property
    def service(self) -> str:
        return self.proposed.service

    @property
    def asked(self) -> ProposedStep | Own:
        """What is to be planned."""
        return self.proposed if self.own is None else Own(self.service, self.own)


@dataclass(slots=True)
class Card:
    """A proposal that waits, or of which something came."""

    proposal: Proposal
    steps: list[CardStep] = field(default_factory=list)
    state: str = ""
    """Empty while it waits; else what came of it."""

    def __post_init__(self) -> None:
        self.steps = [CardStep(step) for step in self.proposal.steps]

    @property
    def edited(self) -> bool:
        """It is not any more what was proposed."""
        return len(self.steps) != len(self.proposal.steps) or any(step.own is not None for step in self.steps)


def step_words(step: CardStep) -> str:
    """A step on a line: the service, and the values that say most."""
    values = step.proposed.values
    told = [f"{key} {_brief(value)}" for key, value in values.items() if key not in ("number", "body") and value]
    number = values.get("number")
    head = f"{step.service} {number:02d}" if isinstance(number, int) and not isinstance(number, bool) else step.service
    return f"{head}{', edited' if step.own is not None else ''}: {' · '.join(told)}" if told else head


def _brief(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={text}" for key, text in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


# ── the form of a step, filled in


class StepEditor:
    """Takes what the form of a step asks for; a `Taker`."""

    def __init__(
        self, step: CardStep, snapshot: Snapshot, take: Callable[[Planner, Draft], object], leave: Callable[[], object]
    ) -> None:
        """`snapshot` is the project as the steps ahead of it leave it."""
        self._step = step
        self.snapshot = snapshot
        self.take = take
        self.leave = leave

    def form(self, host: FormHost) -> PlanForm | None:
        """The form, filled in; None where the service has none that could be."""
        service, values = self._step.service, self._step.proposed.values
        if service not in PROPOSABLE:
            return None
        number = values.get("number")
        if isinstance(number, int) and host.snapshot is not None and number in host.snapshot.prompts:
            host.select(number, focus=False)
        draft = self._step.draft
        form = form_of(service)(host, draft if draft is not None else _draft(self._step.proposed))
        form.taker = self
        return form

    def started(self, form: PlanForm) -> None:
        if isinstance(form, EditForm) and self._step.draft is None:
            _show_edit(form, self._step.proposed.values)


def _draft(step: ProposedStep) -> Draft:
    try:
        return draft_of(step)
    except (TypeError, ValueError):  # values of other kinds than the service has: the form begins empty
        return {}


def draft_of(step: ProposedStep) -> Draft:
    """What is in the fields of a service's form when they say what was proposed."""
    values = step.values
    if step.service == "surgery":
        return _surgery(values)
    found = {}
    for asked in SERVICES[step.service].inputs:
        given = asked.name in values or step.service != "edit"  # which shows the prompt as it is
        if given and asked.kind not in (Kind.PROMPT, Kind.VALUES, Kind.NOTES):
            found[asked.name] = _in_field(asked, values.get(asked.name, asked.default))
    return found


def _in_field(asked: Input, value: Any) -> Any:
    match asked.kind:
        case Kind.PROMPTS:
            return tuple(n for n in value if isinstance(n, int)) if isinstance(value, list | tuple) else ()
        case Kind.TEXTS:
            return "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        case Kind.FLAG:
            return "yes" if value else "no"
    return str(value or "")


def _surgery(values: Mapping[str, Any]) -> Draft:
    improve = {int(number): str(words) for number, words in dict(values.get("improve") or {}).items()}
    chosen = dict.fromkeys(values.get("keep") or (), Verdict.KEEP) | dict.fromkeys(improve, Verdict.IMPROVE)
    chosen |= dict.fromkeys(values.get("eliminate") or (), Verdict.ELIMINATE)
    return {"cards": Verdicts(chosen, improve), "rationale": str(values.get("rationale") or "")}


def _show_edit(form: EditForm, values: Mapping[str, Any]) -> None:
    """Show a prompt's file as it was proposed: not every key and no body has a field of its own."""
    prompt = form.prompt
    changes, body = values.get("values"), values.get("body")
    if prompt is None or not (changes or body):
        return
    try:
        asked = SERVICES["edit"].ask({"number": prompt.number, "values": changes, "body": body})
        content = edited_source(prompt, asked)
    except CoordError:
        return  # why it can't be is said by the plan of what the fields hold
    form.show_file(prompt, content.decode("utf-8", "replace"))
