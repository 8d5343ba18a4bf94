"""Prompt edit: validated before anything is saved; done prompts are immutable."""

from collections.abc import Mapping

from coordinator.errors import Refused, UsageError
from coordinator.formats.frontmatter import patch
from coordinator.formats.prompt_schema import meant_key
from coordinator.formats.prompt_text import parse_prompt, replace_body
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Literal
from coordinator.model.graph import Graph
from coordinator.model.plan import Kill, Plan, Steer
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import plain
from coordinator.model.textdiff import unified_diff
from coordinator.services.inputs import about
from coordinator.services.planning import (
    PlanBuilder,
    check_body,
    in_flight,
    known,
    numbers_text,
    refuse_done,
    refuse_lost,
)

RUNNING_CHOICES = "--running finish (it goes on with the old text), steer (it is told) or restart (it starts again)"


RUNNING = about(
    "What becomes of a prompt that is in progress.",
    label="It runs",
    choices=(
        ("finish", "finish with the old text", "f"),
        ("steer", "tell it now", "t"),
        ("restart", "restart it", "r"),
    ),
)


@dataclass(frozen=True, slots=True)
class Edit:
    """What the engineer wants a prompt to say."""

    number: int = field(metadata=about("The prompt to edit."))
    values: Mapping[str, str] = field(
        default_factory=dict,
        metadata=about(
            "Frontmatter key and new value as text; lists as `1, 2`.",
            command="Change one frontmatter value; repeatable.",
            option="set",
            metavar="KEY=VALUE",
        ),
    )
    """Frontmatter key → new value as text; lists as `1, 2`."""
    body: str | None = field(
        default=None, metadata=about("A new body in Markdown.", command="A new body; - for standard input.", file=True)
    )
    mark_user_patch: tuple[int, ...] = field(
        default=(),
        metadata=about("Make it a user-patch of these prompts.", label="Fixes", hint="name the prompts it corrects"),
    )
    went_wrong: str = field(
        default="",
        metadata=about(
            "With mark_user_patch: what went wrong.",
            command="With --mark-user-patch: what went wrong.",
            prose=True,
            hint="what you saw",
        ),
    )
    feedback: str = field(
        default="",
        metadata=about("Your words on it; they go to the alignment document too.", prose=True, hint="your words on it"),
    )
    issues: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "With mark_user_patch: specific issues.",
            command="With --mark-user-patch: a specific issue; repeatable.",
            option="issue",
            hint="specific ones, one a line",
        ),
    )
    running: Literal["finish", "steer", "restart"] | None = field(default=None, metadata=RUNNING)
    source: bytes | None = None
    """The whole file as an editor left it; excludes `values` and `body`."""
    who: str = ""
    at: str = ""


def plan_edit(snapshot: Snapshot, request: Edit) -> Plan:
    """Plan an edit of one prompt.

    Refused: a done prompt, a new number, a file that would have a problem (which is named), a cycle, a dependency that
    is not there, missing acceptance criteria where they are demanded; a running prompt without a choice.
    """
    prompt = known(snapshot, request.number)
    refuse_done(snapshot, request.number, "edited")
    refuse_lost(prompt)
    for other in request.mark_user_patch:
        known(snapshot, other)
    content = edited_source(prompt, request)
    edited = _read(snapshot, prompt, content)
    _refuse_end(snapshot, prompt, edited)
    if content == prompt.source and request.values.get("status", "").strip() == PromptStatus.DONE:
        return _said_done(snapshot, request, prompt)
    if content == prompt.source:
        raise Refused(f"prompt {prompt.label} already says that", "there is nothing to change")
    check_body(snapshot, content.decode("utf-8"))
    _check_graph(snapshot, edited)
    builder = PlanBuilder(snapshot, "edit")
    builder.set_source(prompt.number, content, edited)
    _resolve_running(snapshot, request, prompt, content, builder)
    if request.feedback.strip():
        builder.align(prompt.number, request.feedback, request.who, request.at)
    changed = ", ".join(sorted({*request.values, *(["text"] if request.body is not None or request.source else [])}))
    marked = f"marked as user-patch of {numbers_text(request.mark_user_patch)}" if request.mark_user_patch else ""
    return builder.build(
        f"{prompt.label} {edited.title}: {', '.join(part for part in (changed, marked) if part)}",
        reason=request.feedback,
    )


def _refuse_end(snapshot: Snapshot, prompt: Prompt, edited: Prompt) -> None:
    """Refuse another status for a prompt whose attempt is live or open: how that ends is its own gate's to say."""
    step = snapshot.steps[prompt.number]
    if not in_flight(step) or step.attempt is None or edited.status in (prompt.status, PromptStatus.IN_PROGRESS):
        return
    number, is_open = prompt.number, step.state is StepState.CHANGE_OPEN
    what = "its change is open" if is_open else f"{step.attempt.agent} is at work on it"
    first = f"review it: coord review {number}" if is_open else f"let it hand off, or end it first: coord kill {number}"
    raise Refused(
        f"prompt {prompt.label} can't be set to {edited.status.value}: {what}",
        f"{first}; to give it up: coord cancel {number} --kill-running",
    )


def _said_done(snapshot: Snapshot, request: Edit, prompt: Prompt) -> Plan:
    """A human's word that a prompt is done whose file said so already, past everybody."""
    builder = PlanBuilder(snapshot, "edit")
    builder.say_done(prompt.number)
    if request.feedback.strip():
        builder.align(prompt.number, request.feedback, request.who, request.at)
    return builder.build(f"{prompt.label} {prompt.title}: done, as its file says", reason=request.feedback)


def edited_source(prompt: Prompt, request: Edit) -> bytes:
    """The prompt's file as it would be; byte for byte the same outside of what the request changes."""
    if request.source is not None:
        if request.values or request.body is not None:
            raise UsageError("a whole file excludes single changes", "give either the file or --set/--body")
        content = request.source
    else:
        for key in request.values:
            meant = meant_key(key)
            if meant not in (None, key) and key not in prompt.extra:
                raise UsageError(f"there is no key `{plain(key)}`", f"did you mean `{meant}`?")
        changes = {key: _value(key, text) for key, text in request.values.items()}
        content = patch(prompt.source, changes) if changes else prompt.source
        if request.body is not None:
            content = replace_body(content, request.body)
    if request.mark_user_patch:
        marks: dict[str, str | list[int]] = {"type": "user-patch", "patches_prompts": list(request.mark_user_patch)}
        content = _with_sections(patch(content, marks), request)
    return content


_LISTS = ("dependencies", "patches_prompts", "skills", "validation_suites", "commits")


def _value(key: str, text: str) -> str | list[str] | list[int]:
    if key == "number":
        raise Refused("a prompt keeps its number for ever", "interject a new prompt instead")
    if key not in _LISTS:
        return " ".join(text.split())
    items = [item.strip() for item in text.strip().strip("[]").split(",") if item.strip()]
    if key in ("dependencies", "patches_prompts"):
        wrong = [item for item in items if not (item.isascii() and item.isdigit())]
        if wrong:
            raise UsageError(f"`{wrong[0]}` is no prompt number", f"write it as --set {key}=2,3")
        return [int(item) for item in items]
    return items


def _with_sections(content: bytes, request: Edit) -> bytes:
    """Append what went wrong, the feedback and the specific issues to a prompt that becomes a user-patch."""
    newline = "\r\n" if b"\r\n" in content else "\n"
    text = content.decode("utf-8")
    sections = [("What Went Wrong", request.went_wrong.strip()), ("Engineer Feedback", request.feedback.strip())]
    sections.append(("Specific Issues", "\n".join(f"- {issue}" for issue in request.issues)))
    for title, words in sections:
        if words:
            text = text.rstrip() + f"{newline * 2}## {title}{newline * 2}" + newline.join(words.splitlines()) + newline
    return text.encode("utf-8")


def _read(snapshot: Snapshot, prompt: Prompt, content: bytes) -> Prompt:
    read = parse_prompt(content, prompt.path, (other.path for other in snapshot.prompts.values()))
    if isinstance(read, Problem):
        raise Refused(f"{prompt.label} would not be readable, line {read.line}: {read.message}", read.remedy)
    if read.number != prompt.number:
        raise Refused("a prompt keeps its number for ever", f"put `number: {prompt.number}` back")
    return read


def _check_graph(snapshot: Snapshot, edited: Prompt) -> None:
    missing = [d for d in edited.dependencies if d not in snapshot.prompts]
    if missing:
        raise Refused(f"there is no prompt {numbers_text(missing)} to depend on", "`coord status` lists the prompts")
    graph = Graph.of({**snapshot.prompts, edited.number: edited}.values())
    fresh = [cycle for cycle in graph.cycles if edited.number in cycle]
    if fresh:
        drawn = " → ".join(f"{n:02d}" for n in fresh[0])
        raise Refused(f"that is a cycle: {drawn}", "leave one of these dependencies out")


def _resolve_running(snapshot: Snapshot, request: Edit, prompt: Prompt, content: bytes, builder: PlanBuilder) -> None:
    step = snapshot.steps[prompt.number]
    if not step.state.live or step.attempt is None:
        return
    attempt = step.attempt
    if request.running is None:
        raise Refused(f"prompt {prompt.label} is running ({attempt.agent})", f"choose: {RUNNING_CHOICES}")
    if request.running == "restart":
        builder.effects.append(Kill(prompt.number, attempt.attempt, "requeue", "the prompt was edited"))
    elif request.running == "steer":
        diff = unified_diff(prompt.path, prompt.source, content)
        text = f"The engineer changed your prompt ({prompt.path}). Read it again; the change:\n{diff}"
        builder.effects.append(Steer(prompt.number, attempt.attempt, text))
    else:
        builder.warnings.append(f"{attempt.agent} finishes with the old text")
