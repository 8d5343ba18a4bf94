"""Initiative: what a Planner decides in an iteration, checked as a whole and made one plan of many edits."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from coordinator.errors import CoordError, Refused
from coordinator.formats.frontmatter import patch
from coordinator.formats.learnings import read_learnings
from coordinator.formats.prompt_text import new_prompt, parse_prompt
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, field, replace
from coordinator.lazy.typing import Any
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.flow import ROLES
from coordinator.model.graph import Graph
from coordinator.model.may_be_done import refusals_of_done
from coordinator.model.plan import Plan, Record
from coordinator.model.problem import Problem
from coordinator.model.prompt import Priority, Prompt, PromptStatus, PromptType
from coordinator.model.round import Decision
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import amount, clip, plain
from coordinator.model.work import DIRECT
from coordinator.services.edit import Edit, edited_source
from coordinator.services.planning import (
    PlanBuilder,
    check_body,
    check_title,
    is_done,
    is_ended,
    known,
    refuse_done,
    refuse_in_flight,
    refuse_lost,
)

SERVICE = "initiative"
LEARNINGS = ".coord/learnings.md"
EDITABLE = ("title", "body", "priority", "dependencies", "pipeline", "agent", "model", "skills", "status")
"""What a Planner may set of a prompt that is there. What judges the work, suites and gates, is not for it to set."""
_TASK = ("title", "body")
"""What a prompt asks for."""
_AGENT = regex.compile(r"[A-Za-z][A-Za-z0-9_-]*-\d+-\d+")
"""What agents of the loop are called: `planner-2-1`."""
_FAILURE = 120
"""Characters of what a failure says."""
_WORK = {"prompts": "new prompts", "edits": "edits", "cancel": "cancellations"}
_LET_END = "let it end first: it is done, or fails, in this iteration"


class PlanRefused(Refused):
    """A Planner's plan can't be taken; `reasons` are all that speak against it."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(
            f"the plan can't be taken, nothing of it is kept: {'; '.join(reasons)}",
            "mend all of that, and hand the whole plan in again: coord agent plan --json -",
        )


@dataclass(frozen=True, slots=True)
class Initiative:
    """What a Planner handed in, and what the snapshot does not hold of what it is about."""

    given: Mapping[str, Any]
    """With the keys of `coord agent plan`, checked one by one."""
    findings: Sequence[Feedback] = ()
    """All that there are."""
    learnings: bytes | None = None
    """`learnings.md` as it is; None: there is none."""
    who: str = ""
    """The Planner's id."""
    decision: int | None = None
    """Number of the event that it was decided with; None: it is only being checked."""
    pipelines: Collection[str] | None = None
    """Names of the pipelines that there are; None: that is not asked."""

    def items(self, key: str) -> Sequence[Any]:
        return self.given.get(key) or ()


@dataclass(slots=True)
class _Work:
    """An initiative while it is planned."""

    snapshot: Snapshot
    request: Initiative
    builder: PlanBuilder
    reasons: list[str] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    """Key of a new prompt → its number."""
    numbers: list[int] = field(default_factory=list)
    """Of the new prompts, in their order."""

    def refuse(self, where: str, why: str) -> None:
        self.reasons.append(f"{where}: {why}" if where else why)

    def attempt(self, where: str, do: Callable[..., None], *given: Any) -> None:
        """Do one part; what speaks against it is one reason more, and the others are looked at all the same."""
        try:
            do(self, *given)
        except CoordError as error:
            self.refuse(where, f"{error.message}, {error.remedy}" if error.remedy else error.message)


def plan_initiative(snapshot: Snapshot, request: Initiative) -> Plan:
    """Plan all of what a Planner decided. Raises PlanRefused with every reason that speaks against it."""
    work = _Work(snapshot, request, PlanBuilder(snapshot, SERVICE))
    _number(work)
    for item, number in zip(request.items("prompts"), work.numbers, strict=True):
        work.attempt(f"new prompt {_shown(item.get('key') or item['title'])}", _create, item, number)
    for number, count in _counted([edit["number"] for edit in request.items("edits")]):
        if count > 1:
            work.refuse(f"edit of {number:02d}", "it is edited twice: make it one edit")
    for edit in request.items("edits"):
        work.attempt(f"edit of {edit['number']:02d}", _edit, edit)
    for number, _ in _counted(request.items("cancel")):
        work.attempt(f"cancelling {number:02d}", _cancel, number)
    _judge_findings(work)
    _curate(work)
    work.reasons += _cycles(work)
    work.reasons += _against_decision(work)
    if work.reasons:
        raise PlanRefused(list(dict.fromkeys(work.reasons)))
    told = {"decision": request.given["decision"], "reason": request.given["reason"]}
    plan = work.builder.build(_summary(work), reason=request.given["reason"], more=told)
    return replace(plan, decision=request.decision)


# ── new prompts


def _number(work: _Work) -> None:
    """Give each new prompt its number, so that each may depend on any other."""
    items, first = work.request.items("prompts"), work.builder.next_number()
    most = work.snapshot.settings.max_prompts
    if len(items) > most:
        work.refuse("", f"{len(items)} new prompts are more than one plan may have: {most} (max_prompts)")
    for number, item in enumerate(items, first):
        work.numbers.append(number)
        key = str(item.get("key") or "").strip()
        if not key:
            continue
        if key in work.keys:
            work.refuse(f"new prompt {_shown(key)}", "its key is another one's too")
        if key.isdigit():
            work.refuse(f"new prompt {_shown(key)}", "a key that is a number would be taken for a prompt")
        work.keys.setdefault(key, number)


def _check_pipeline(work: _Work, name: object) -> None:
    there = work.request.pipelines
    if name and there is not None and str(name).casefold() not in (DIRECT, *there):
        raise Refused(f"there is no pipeline {_shown(name)}", f"one of {', '.join((DIRECT, *there))}")


def _create(work: _Work, item: Mapping[str, Any], number: int) -> None:
    title, body = check_title(item["title"]), item["body"]
    check_body(work.snapshot, body)
    if item.get("parent") is not None:
        known(work.snapshot, item["parent"])
    _check_pipeline(work, item.get("pipeline"))
    more = {key: item[key] for key in ("parent", "pipeline", "agent", "model") if item.get(key)}
    kind = PromptType(item.get("type") or PromptType.PLANNED)
    prompt, content = new_prompt(
        path=work.builder.new_path(number, kind, title),
        number=number,
        title=title,
        type=kind,
        dependencies=_resolved(work, item.get("dependencies") or ()),
        priority=Priority(item.get("priority") or Priority.MEDIUM),
        patches_prompts=(),
        body=body,
        created_by=work.request.who,
        more=more,
    )
    work.builder.create(prompt, content)


def _resolved(work: _Work, names: Sequence[int | str]) -> tuple[int, ...]:
    """The numbers that dependencies stand for. Refused for what is no prompt."""
    unknown = [name for name in names if name not in work.keys and name not in work.snapshot.prompts]
    if unknown:
        shown = ", ".join(_shown(name) if isinstance(name, str) else f"{name:02d}" for name in unknown)
        raise Refused(f"it depends on {shown}, which is neither a prompt nor a key of this plan")
    return tuple(dict.fromkeys(work.keys[name] if isinstance(name, str) else name for name in names))


# ── prompts that are there


def _edit(work: _Work, edit: Mapping[str, Any]) -> None:
    prompt = _unbegun(work, edit["number"], "edited")
    values = dict(edit["set"])
    strange = [key for key in values if key not in EDITABLE]
    if strange:
        raise Refused(
            f"{', '.join(map(_shown, strange))} is not for a Planner to set", f"it may set {', '.join(EDITABLE)}"
        )
    _refuse_status(work, prompt, values)
    task = [key for key in _TASK if key in values]
    if task and _is_humans(prompt) and not work.builder.attempts_of(prompt.number):
        raise Refused(
            f"a human asked for it, and its {' and '.join(task)} stay as they are until it was tried",
            "set its priority or dependencies, or plan a prompt beside it",
        )
    _check_pipeline(work, values.get("pipeline"))
    body = values.pop("body", None)
    if isinstance(values.get("dependencies"), list):
        values["dependencies"] = ", ".join(map(str, _resolved(work, values["dependencies"])))
    written = {key: ", ".join(map(str, v)) if isinstance(v, list) else str(v) for key, v in values.items()}
    if "title" in written:
        written["title"] = check_title(written["title"])
    content = edited_source(prompt, Edit(prompt.number, written, None if body is None else str(body)))
    if content == prompt.source:
        raise Refused("it already says that")
    check_body(work.snapshot, content.decode("utf-8"))
    read = parse_prompt(content, prompt.path, (other.path for other in work.snapshot.prompts.values()))
    if isinstance(read, Problem):
        raise Refused(f"it would not be readable: {read.message}", read.remedy)
    _resolved(work, [number for number in read.dependencies if number not in work.numbers])
    work.builder.set_source(prompt.number, content, read)


def _refuse_status(work: _Work, prompt: Prompt, values: Mapping[str, Any]) -> None:
    """Only a prompt that came to nothing is given another status: it is to run again."""
    if "status" not in values:
        return
    step = work.snapshot.steps[prompt.number]
    if str(values["status"]).strip() != PromptStatus.PENDING:
        raise Refused("its status is not for a Planner to say", "pending runs again what failed; `cancel` gives it up")
    if step.state not in (StepState.FAILED, StepState.BLOCKED):
        raise Refused(f"it is {step.state.value}, and runs by itself")
    if step.attempt is not None and step.attempt.held:
        raise Refused("it is held until a human lets it go on")


def _cancel(work: _Work, number: int) -> None:
    prompt = _unbegun(work, number, "cancelled")
    if _is_humans(prompt):
        raise Refused("a human asked for it, and only a human gives it up", "let it run, or ask them: coord ask")
    if any(edit["number"] == number for edit in work.request.items("edits")):
        raise Refused("it is edited by the same plan", "do one of both")
    work.builder.set_values(number, {"status": "cancelled"}, status=PromptStatus.CANCELLED)
    data = {"reason": work.request.given["reason"], "attempt": work.builder.attempts_of(number)}
    work.builder.effects.append(Record("prompt.cancelled", f"prompt:{number}", data))
    waiting = [n for n in work.snapshot.graph.dependents.get(number, ()) if not is_ended(work.snapshot, n)]
    if waiting:
        work.builder.warnings.append(f"{', '.join(f'{n:02d}' for n in waiting)} no longer wait for {prompt.label}")


def _is_humans(prompt: Prompt) -> bool:
    """A human made it: it says so, or it is a patch that no agent claims."""
    maker = prompt.created_by or ""
    if maker in ROLES or _AGENT.fullmatch(maker):
        return False
    return bool(maker) or prompt.type is PromptType.USER_PATCH


def _unbegun(work: _Work, number: int, doing: str) -> Prompt:
    """A prompt that a Planner may touch: nobody is at it, and nothing of it has landed."""
    prompt = known(work.snapshot, number)
    if is_done(work.snapshot, number):
        raise Refused(f"it is done, and done work is never {doing}", "plan a new prompt that corrects it")
    refuse_done(work.snapshot, number, doing)
    refuse_lost(prompt)
    step = work.snapshot.steps[number]
    refuse_in_flight(prompt, step, _LET_END)
    if step.state is StepState.SKIPPED:
        raise Refused("it is cancelled")
    return prompt


# ── findings and learnings


def _judge_findings(work: _Work) -> None:
    """Say in the files of findings what becomes of them: planned by prompts that resolve them, or left for later."""
    here = {item.number: item for item in work.request.findings}
    resolved: dict[int, list[int]] = {}
    for item, number in zip(work.request.items("prompts"), work.numbers, strict=True):
        for finding in dict.fromkeys(item.get("resolves") or ()):
            resolved.setdefault(finding, []).append(number)
    said = {one["number"]: one for one in work.request.items("feedback")}
    if len(said) < len(work.request.items("feedback")):
        work.refuse("", "a finding is named twice in `feedback`")
    for number in sorted({*resolved, *said}):
        if number not in here:
            work.refuse(f"finding {number:03d}", "there is none of that number")
        else:
            one = said.get(number, {})
            work.attempt(f"finding {number:03d}", _judge, here[number], resolved.get(number, []), one)


def _judge(work: _Work, item: Feedback, prompts: Sequence[int], said: Mapping[str, Any]) -> None:
    status = FeedbackStatus(said.get("status") or FeedbackStatus.PLANNED)
    if item.status is FeedbackStatus.WAIVED:
        raise Refused("a human waived it")
    if status is FeedbackStatus.BACKLOG and prompts:
        raise Refused("it can't be left for later by the plan that resolves it")
    if status is FeedbackStatus.BACKLOG and item.priority is not Priority.LOW:
        raise Refused(f"it is {item.priority.value}: only a human puts that off", "resolve it, or leave it open")
    left = [number for number in item.prompts if _is_yet_to_come(work, number)]
    if status is FeedbackStatus.PLANNED and not (left or prompts):
        raise Refused("no prompt of this plan has it in `resolves`", "name it there; then it is planned by itself")
    ended = [number for number in item.prompts if number not in left]
    every = tuple(dict.fromkeys((*ended, *left, *prompts)))  # the newest one tells whether it is mended
    changes: dict[str, Any] = {"status": status.value, **({"prompts": list(every)} if every != item.prompts else {})}
    reason = " ".join(str(said.get("reason") or "").split())
    if reason:
        changes["reason"] = reason
    work.builder.document(item.path, item.document, patch(item.document, changes))
    told = {
        "status": status.value,
        "prompts": list(every),
        "title": item.title,
        **({"reason": reason} if reason else {}),
    }
    work.builder.effects.append(Record("feedback.planned", item.subject, told))


def _is_yet_to_come(work: _Work, number: int) -> bool:
    prompt = work.builder.prompts.get(number)
    return prompt is not None and _is_left(work, prompt)


def _curate(work: _Work) -> None:
    text = str(work.request.given.get("learnings") or "").strip("\n")
    after = f"{text}\n".encode("utf-8", "replace")
    if not text.strip() or after == work.request.learnings:
        return
    work.builder.document(LEARNINGS, work.request.learnings, after)
    work.builder.effects.append(Record("learning.curated", "milestone", {"learnings": len(read_learnings(text))}))


# ── the whole


def _cycles(work: _Work) -> Iterator[str]:
    """Cycles that were not there before."""
    before = {frozenset(cycle) for cycle in work.snapshot.graph.cycles}
    names = {number: key for key, number in work.keys.items()}
    for cycle in Graph.of(work.builder.prompts.values()).cycles:
        if frozenset(cycle) not in before:
            drawn = " → ".join(_shown(names[n]) if n in names else f"{n:02d}" for n in cycle)
            yield f"that is a cycle: {drawn}"


def _against_decision(work: _Work) -> Iterator[str]:
    """What the decision itself does not go with."""
    decision, given = Decision(work.request.given["decision"]), work.request.given
    planned = [words for key, words in _WORK.items() if given.get(key)]
    if decision is not Decision.CONTINUE and planned:
        yield f"{decision.value} goes with no {' nor '.join(planned)}: CONTINUE with them"
    if decision is Decision.STUCK and not str(given.get("blocker") or "").strip():
        yield "STUCK needs a `blocker`: what is in the way, and who could take it away"
    if decision is Decision.DONE:
        yield from refusals_of_done(work.snapshot)
    if decision is Decision.CONTINUE:
        if not any(_is_left(work, prompt) for prompt in work.builder.prompts.values()):
            yield "CONTINUE leaves nothing to be done: plan prompts, or decide DONE or STUCK"
        yield from _against_third_tries(work)


def _against_third_tries(work: _Work) -> Iterator[str]:
    """What failed twice in the same way is looked into first; what failed so waits for that."""
    there = work.snapshot.round
    if there is None or not there.unexplained:
        return
    looks = {item for item in work.numbers if _looks_for_a_cause(work.builder.prompts.get(item))}
    if not looks:
        for one in there.unexplained:
            who = ", ".join(f"{number:02d}" for number in one.prompts)
            yield (
                f"{who} failed twice in the same way ({clip(plain(one.words), _FAILURE)}): before anything else, plan "
                "one prompt of `type: emergent` that finds out why, and have what is tried again depend on it"
            )
        return
    graph = Graph.of(work.builder.prompts.values())
    again = {edit["number"] for edit in work.request.items("edits") if "status" in edit["set"]}
    for number in sorted(again & {number for one in there.unexplained for number in one.prompts}):
        if not looks & graph.ancestors(number):
            yield f"{number:02d} failed twice in the same way: have it depend on the prompt that finds out why"


def _looks_for_a_cause(prompt: Prompt | None) -> bool:
    return prompt is not None and prompt.type is PromptType.EMERGENT


def _is_left(work: _Work, prompt: Prompt) -> bool:
    if prompt.number in work.snapshot.steps and is_ended(work.snapshot, prompt.number):
        return False
    return not prompt.status.ended


def _summary(work: _Work) -> str:
    request = work.request
    counts = (
        (len(work.numbers), "new prompt"),
        (len(request.items("edits")), "edit"),
        (len(set(request.items("cancel"))), "cancellation"),
        (
            sum(effect.kind == "feedback.planned" for effect in work.builder.effects if isinstance(effect, Record)),
            "finding",
        ),
    )
    parts = [amount(count, what) for count, what in counts if count]
    if any(isinstance(effect, Record) and effect.kind == "learning.curated" for effect in work.builder.effects):
        parts.append("learnings")
    intent = clip(plain(" ".join(str(request.given.get("intent") or "").split())), 120)
    return f"{request.given['decision']}: {', '.join(parts) or 'nothing to change'}" + (f"; {intent}" if intent else "")


def _counted(numbers: Sequence[int]) -> list[tuple[int, int]]:
    return [(number, list(numbers).count(number)) for number in dict.fromkeys(numbers)]


def _shown(name: object) -> str:
    return f"`{clip(plain(str(name)), 40)}`"
