"""Taking over what milestones left: a prompt runs after all, a finding becomes a prompt, a group of findings one."""

from collections.abc import Iterable, Sequence

from coordinator.errors import Refused, UsageError
from coordinator.formats.frontmatter import patch
from coordinator.formats.prompt_text import new_prompt
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.model.backlog import Left, backlog, is_left
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.plan import FileEdit, Plan, Record
from coordinator.model.prompt import PromptType
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import amount, clip, plain
from coordinator.services.feedback import body_for, report_of
from coordinator.services.planning import PlanBuilder, file_edit, numbers_text
from coordinator.services.specification import take_over

SERVICE = "backlog"
_MOST_LISTED = 3


@dataclass(frozen=True, slots=True)
class TakeOver:
    names: tuple[str, ...]
    """`7` for prompt 07, `f12` for finding 012, or the name of a group for all that is in it."""
    findings: tuple[Feedback, ...] = ()
    """All there are."""
    who: str = ""


def plan_take(snapshot: Snapshot, request: TakeOver) -> Plan:
    """Plan to take over some of the backlog. UsageError without any name; Refused for what is not in it."""
    if not request.names:
        raise UsageError("nothing is named", "coord backlog take 7 f12, or the name of a group")
    groups = backlog(snapshot, request.findings)
    known = {item.name: item for items in groups.values() for item in items}
    findings = {item.number: item for item in request.findings}
    builder = PlanBuilder(snapshot, SERVICE)
    edits: list[FileEdit] = []
    taken: set[str] = set()
    for name in dict.fromkeys(name.strip().casefold().removeprefix("#") for name in request.names):
        chosen = groups.get(name) or ((known[name.lstrip("0")],) if name.lstrip("0") in known else ())
        if not chosen:
            raise Refused(f"there is no {clip(plain(name), 40)} in the backlog", _remedy(groups))
        new = [item for item in chosen if item.name not in taken]
        taken.update(item.name for item in new)
        for item in new:
            if item.kind == "prompt":
                take_over(builder, builder.prompts[item.number])
        found = [findings[item.number] for item in new if item.kind == "feedback"]
        if found:
            edits += _as_prompt(builder, found, name, request.who)
    _warn(builder)
    plan = builder.build(f"take over {amount(len(taken), 'item')} of the backlog: {_listed(known, sorted(taken))}")
    return replace(plan, edits=(*plan.edits, *edits))


def _as_prompt(builder: PlanBuilder, found: list[Feedback], group: str, who: str) -> list[FileEdit]:
    """One prompt for these findings, and their files, which name it."""
    number = builder.next_number()
    one = found[0]
    title = one.title if len(found) == 1 else f"{group.capitalize()} of the backlog: {amount(len(found), 'finding')}"
    prompt, content = new_prompt(
        path=builder.new_path(number, PromptType.PLANNED, title),
        number=number,
        title=title,
        type=PromptType.PLANNED,
        dependencies=(),
        priority=min((item.priority for item in found), key=lambda priority: priority.rank),
        patches_prompts=(),
        body=body_for(one) if len(found) == 1 else _body(found),
        created_by=who,
    )
    builder.create(prompt, content)
    edits = []
    for item in found:
        prompts = (*item.prompts, number)
        told: dict[str, str | list[int]] = {"status": FeedbackStatus.PLANNED.value, "prompts": list(prompts)}
        builder.effects.append(Record("feedback.planned", item.subject, {**told, "title": item.title}))
        edits.append(file_edit(item.path, item.document, patch(item.document, told)))
    return edits


def _body(found: Sequence[Feedback]) -> str:
    """The findings one after the other, quoted: they are reports, no orders of the engineer's."""
    reports = "".join(report_of(item) or f"Finding {item.label}: {plain(item.title)}\n\n" for item in found)
    criteria = "".join(f"- {item.title}: it does not happen any more, and a test shows that.\n" for item in found)
    return (
        f"## Tasks\n\n{reports}- Check each finding; mend its cause, and every other place that has it.\n"
        "- Add tests that fail without the mend.\n\n"
        f"## Acceptance Criteria\n\n{criteria}"
    )


def _warn(builder: PlanBuilder) -> None:
    """A prompt that builds on another one of the backlog does not wait for it: that one never runs."""
    before = builder.snapshot.prompts
    for number, prompt in builder.prompts.items():
        if number in before and is_left(before[number]) and prompt.status is not before[number].status:
            still = [d for d in prompt.dependencies if d in builder.prompts and is_left(builder.prompts[d])]
            if still:
                builder.warnings.append(
                    f"prompt {prompt.label} does not wait for {numbers_text(still)}, left in the backlog: take it too?"
                )


def _remedy(groups: Iterable[str]) -> str:
    names = ", ".join(groups)
    return f"`coord backlog` lists it; its groups are {names}" if names else "it is empty"


def _listed(known: dict[str, Left], names: list[str]) -> str:
    shown = ", ".join(known[name].title for name in names[:_MOST_LISTED])
    return shown + (" …" if len(names) > _MOST_LISTED else "")
