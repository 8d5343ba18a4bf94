"""Subtask: an executor leaves a part of its prompt to another agent, as a prompt that is a child of its own."""

from coordinator.errors import Refused
from coordinator.formats.prompt_body import body_for
from coordinator.formats.prompt_text import new_prompt
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.model.plan import Plan, Record
from coordinator.model.prompt import Priority, Prompt, PromptType
from coordinator.model.snapshot import Snapshot
from coordinator.services.planning import PlanBuilder, check_body, check_title, is_ended, known, refuse_lost

SERVICE = "subtask"
MOST = 10
"""Children that an attempt may make."""
DEEPEST = 3
"""Generations below a prompt that nobody's agent made."""


@dataclass(frozen=True, slots=True)
class Subtask:
    """What an executor asks for."""

    parent: int
    title: str
    body: str = ""
    """Empty: tasks and criteria made of the title."""
    priority: Priority = Priority.MEDIUM
    waits: bool = False
    """The parent waits for it; otherwise it comes after the parent."""
    who: str = ""


def made_before(snapshot: Snapshot, request: Subtask) -> Prompt | None:
    """The child that the same agent made with the same title: asked for twice, it is there once."""
    title = " ".join(request.title.split())
    mine = (p for p in snapshot.prompts.values() if (p.parent, p.created_by) == (request.parent, request.who))
    return next((prompt for prompt in mine if prompt.title == title), None)


def waited_for(snapshot: Snapshot, number: int) -> tuple[int, ...]:
    """Children of a prompt that it waits for and that have not ended."""
    here = snapshot.prompts
    own = [n for n in here[number].dependencies if n in here and here[n].parent == number] if number in here else []
    return tuple(child for child in own if not is_ended(snapshot, child))


def plan_subtask(snapshot: Snapshot, request: Subtask) -> Plan:
    """Plan a child of a prompt. Refused: one too many of the same agent, or of a child's child's child."""
    parent, title = known(snapshot, request.parent), check_title(request.title)
    body = request.body if request.body.strip() else body_for(title)
    check_body(snapshot, body)
    _refuse_many(snapshot, request, parent)
    builder = PlanBuilder(snapshot, SERVICE)
    number = builder.next_number()
    prompt, content = new_prompt(
        path=builder.new_path(number, PromptType.EMERGENT, title),
        number=number,
        title=title,
        type=PromptType.EMERGENT,
        dependencies=() if request.waits else (parent.number,),
        priority=request.priority,
        patches_prompts=(),
        body=body,
        created_by=request.who,
        more={"parent": parent.number},
    )
    builder.create(prompt, content)
    if request.waits:
        refuse_lost(parent)
        gained = (*parent.dependencies, number)
        builder.set_values(parent.number, {"dependencies": list(gained)}, dependencies=gained)
    order = f"before {parent.label}" if request.waits else f"after {parent.label}"
    plan = builder.build(f"{number:02d} {title}, {order}, a part of it")
    return replace(plan, parent=parent.number, effects=tuple(_of_parent(e, parent.number) for e in plan.effects))


def _of_parent(effect: object, parent: int) -> Record:
    """The record with the parent that gives its writer the right to it."""
    assert isinstance(effect, Record), "a child is made, and nobody is killed or told anything"
    return replace(effect, data={**effect.data, "parent": parent})


def _refuse_many(snapshot: Snapshot, request: Subtask, parent: Prompt) -> None:
    if is_ended(snapshot, parent.number):
        raise Refused(f"prompt {parent.label} has ended", "say what is left in your hand-off")
    mine = [p for p in snapshot.prompts.values() if (p.parent, p.created_by) == (parent.number, request.who)]
    if len(mine) >= MOST:
        raise Refused(f"{request.who} has made {MOST} children already", "say what is left in your hand-off")
    above, generations = parent, 1
    while above.parent is not None and above.parent in snapshot.prompts and generations <= DEEPEST:
        above, generations = snapshot.prompts[above.parent], generations + 1
    if generations > DEEPEST:
        raise Refused(f"prompt {parent.label} is a child of a child already", "do it yourself, or say that it is left")
