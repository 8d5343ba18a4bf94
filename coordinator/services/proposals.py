"""What may be proposed by one who may not decide: which services, in which words, and what a plan of it may touch."""

from __future__ import annotations

from coordinator.errors import Refused, UsageError
from coordinator.lazy.typing import TYPE_CHECKING, cast
from coordinator.model.plan import ALIGNMENT, Kill, Plan, Record, Steer
from coordinator.model.prompt import PromptStatus
from coordinator.model.text import clip, plain
from coordinator.services.dispatch import LOOP
from coordinator.services.registry import SERVICES
from coordinator.services.several import Own, plan_several

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coordinator.model.snapshot import Snapshot
    from coordinator.services.several import Asked

PROPOSABLE: tuple[str, ...] = (
    *("interject", "patch", "edit", "surgery", "cancel", "kill", "restart"),
    *("many", "pause", "resume"),
)
"""Not among them: `review`, a verdict of who has looked; `intent`, which is the engineer's."""
MOST = 20
"""Steps of one proposal: more than that nobody reads before they say yes."""
MANY: tuple[str, ...] = ("tell", "kill", "restart", "pause", "priority", "cancel")
"""What may be proposed to be done to several: not `permit`, which answers for the engineer."""
_STEERING = ("pause", "resume")
_ENDING = ("kill", "restart", "cancel")
"""What of it ends work, or begins it again."""
KEYS = ("title", "type", "priority", "dependencies", "skills", "validation_suites", "agent", "model", "timeout")
"""What a proposed edit may set in a prompt's frontmatter: how far the prompt is is nobody's opinion."""


def check_steps(steps: Sequence[Asked | Own]) -> None:
    """Refuse what may not be proposed, whatever the project is like. Raises Refused, and UsageError for bad values.

    What the engineer made of a step is held against nothing but the service: those are their own words.
    """
    if not steps:
        raise UsageError("there is nothing in the proposal", "propose at least one step")
    if len(steps) > MOST:
        raise Refused(f"the proposal has {len(steps)} steps", f"propose at most {MOST} at once")
    for step in steps:
        if step.service not in PROPOSABLE:
            name = clip(plain(step.service), 40)
            raise Refused(f"`{name}` can't be proposed", f"what can be: {', '.join(PROPOSABLE)}")
        if isinstance(step, Own):
            continue
        SERVICES[step.service].ask(step.values)
        if step.service == "many":
            _check_many(step.values)
        set_by_hand = step.values.get("values") if step.service == "edit" else None
        for key in set_by_hand if isinstance(set_by_hand, dict) else ():
            if key not in KEYS:
                raise Refused(f"`{clip(plain(str(key)), 40)}` can't be proposed", f"an edit may set {', '.join(KEYS)}")


def _check_many(values: Mapping[str, object]) -> None:
    """Refuse to answer agents, and to end work by a filter: what that means may be another thing in each step."""
    do = values.get("do")
    if do not in MANY:
        raise Refused(f"`many {clip(plain(str(do)), 40)}` can't be proposed", f"what can be: {', '.join(MANY)}")
    if do in _ENDING and (values.get("where") or values.get("agents")):
        raise Refused(f"`many {do}` can only be proposed for prompts by their numbers", "give `numbers` alone")


def plan_proposal(snapshot: Snapshot, steps: Sequence[Asked | Own], *, who: str, at: str, proposer: str) -> Plan:
    """The plan of a proposal, for a human to confirm; `at`: UTC, ISO 8601.

    Raises Refused and UsageError as the services do, StepRefused for one of several; Refused for a service that can't
    be proposed, a status that is set by hand, and a file that is neither a prompt nor the alignment document; what is
    asked of the loop may change where a step pauses or resumes dispatch.
    """
    check_steps(steps)
    plan = plan_several(snapshot, steps, who=who, at=at, proposer=proposer)
    _refuse_done(snapshot, plan)
    steers = any(step.service in _STEERING for step in steps)
    _refuse_elsewhere(snapshot, plan, (ALIGNMENT, LOOP) if steers else (ALIGNMENT,))
    return plan


def harm(plan: Plan) -> tuple[str, ...]:
    """What of a plan ends work or reaches an agent, in sentences for its card; empty: nothing does."""
    ended = [e.work.label for e in plan.effects if isinstance(e, Kill)]
    told = [f"It ends the agent of {name}." for name in ended]
    told += [f"It tells the agent of {e.work.label}: {e.text}" for e in plan.effects if isinstance(e, Steer)]
    return (*told, *(f"Prompt {number:02d} is not going to be run." for number in _cancelled(plan)))


def ended_by(plan: Plan, steps: Sequence[Asked]) -> frozenset[int]:
    """The prompts whose work a proposal ends, or begins again: only of those that the engineer named it may."""
    killed = {e.prompt for e in plan.effects if isinstance(e, Kill)}
    again = {int(str(step.values["number"])) for step in steps if step.service in _ENDING}
    several = [step.values for step in steps if step.service == "many" and step.values.get("do") in _ENDING]
    named = {int(str(number)) for values in several for number in cast("list[int]", values.get("numbers") or ())}
    return frozenset({*killed, *_cancelled(plan), *again, *named})


def _cancelled(plan: Plan) -> list[int]:
    records = [e for e in plan.effects if isinstance(e, Record) and e.kind == "prompt.cancelled"]
    return [int(record.subject.partition(":")[2]) for record in records]


def _refuse_done(snapshot: Snapshot, plan: Plan) -> None:
    """Refused where a prompt would be done by a proposal."""
    for prompt in plan.prompts_after:
        before = snapshot.prompts.get(prompt.number)
        if prompt.status is PromptStatus.DONE and (before is None or before.status is not PromptStatus.DONE):
            raise Refused(f"the proposal says that prompt {prompt.label} is done", "only its change can show that")


def _refuse_elsewhere(snapshot: Snapshot, plan: Plan, documents: Sequence[str]) -> None:
    """Refused where a plan touches anything but prompts and these documents."""
    prompts = {prompt.path for prompt in snapshot.prompts.values()}
    folder = snapshot.settings.prompts_folder
    for edit in plan.edits:
        fresh = edit.change == "create" and edit.path.rpartition("/")[0] == folder
        if not fresh and edit.path not in prompts and edit.path not in documents:
            raise Refused(f"the proposal touches {plain(edit.path)}", "prompts and the alignment document can change")
