"""What a plan would do, in the terms of the screen: the rows that it changes, and sentences about it. Pure."""

from collections.abc import Callable, Mapping, Sequence

from coordinator.errors import CoordError
from coordinator.formats.digest import sha256
from coordinator.formats.frontmatter import split
from coordinator.formats.prompt_body import STEERING
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.model.expectation import expected
from coordinator.model.forecast import forecast, rough
from coordinator.model.graph import SATISFIED, Graph
from coordinator.model.plan import ALIGNMENT, LASTING, Kill, Permit, Plan, Steer
from coordinator.model.problem import Problem
from coordinator.model.prompt import Priority, Prompt, PromptStatus
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState, derive_step
from coordinator.views.import_text import is_import
from coordinator.views.prompt_row import names
from coordinator.views.spans import Span

Planner = Callable[[Snapshot], Plan]
"""A request to a service, waiting for the snapshot to plan on."""

_THEN = {"requeue": "queued again", "fail": "failed", "hold": "held until you restart it"}
_FIELDS = (
    ("title", "title"),
    ("type", "type"),
    ("priority", "priority"),
    ("patches_prompts", "what it patches"),
    ("agent", "agent"),
    ("model", "model"),
    ("pipeline", "pipeline"),
    ("timeout", "timeout"),
    ("skills", "skills"),
    ("validation_suites", "suites"),
)
_CROWD = 10
"""Prompts ahead of a new one that are worth a word."""
_FEW = 4
"""Agents that are named one by one."""
_SHORTEST = 30.0
"""Seconds of a delay that are worth a word."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """A plan, with what the screen shows of it before it is applied."""

    plan: Plan
    gone: frozenset[int]
    """Numbers of the prompts whose files it takes away."""
    effect: tuple[Span, ...]
    """What is going to happen, in plain sentences."""
    alarms: tuple[str, ...]
    """What to know before saying yes: running agents that are touched, warnings."""


def foresee(planner: Planner, snapshot: Snapshot, now: float) -> Outlook | CoordError:
    """Plan on a snapshot, and look at what comes of it; the refusal, when the service refuses. `now`: Unix seconds."""
    try:
        plan = planner(snapshot)
    except CoordError as error:
        return error
    return outlook(plan, snapshot, now)


def outlook(plan: Plan, snapshot: Snapshot, now: float) -> Outlook:
    """What a plan made for this snapshot does to its prompts."""
    here = {prompt.path: prompt for prompt in snapshot.prompts.values()}
    gone = frozenset(here[edit.path].number for edit in plan.edits if edit.change == "delete" and edit.path in here)
    planned = {prompt.number: prompt for prompt in plan.prompts_after}
    effect = [Span(plan.summary)] if is_import(plan) else _sentences(plan, snapshot, planned, gone, now)
    return Outlook(plan, gone, tuple(effect), (*plan.invalidates, *plan.warnings))


def essence(plan: Plan) -> object:
    """What an engineer agreed to: equal for two plans that do the same, wherever in a file the lines stand."""
    edits = [(e.path, e.change, tuple(changed_lines(e.diff))) for e in plan.edits]
    return (tuple(edits), plan.effects, plan.warnings, plan.invalidates, plan.order_after)


def only_reported(before: Plan, after: Plan) -> bool:
    """The same plan once more: all that changed under it is that an agent reported into the alignment document."""
    was = {edit.path: edit.before for edit in before.edits if edit.path != ALIGNMENT}
    now = {edit.path: edit.before for edit in after.edits if edit.path != ALIGNMENT}
    return was == now and essence(before) == essence(after)


def changed_lines(diff: str) -> list[str]:
    """The added and removed lines of a unified diff."""
    return [line for line in diff.splitlines() if line[:1] in "+-" and line[:4] not in ("+++ ", "--- ")]


def came_true(plan: Plan, snapshot: Snapshot) -> bool:
    """The snapshot was taken after the plan's files were written."""
    here = {prompt.path: prompt.digest or sha256(prompt.source) for prompt in snapshot.prompts.values()}
    for edit in plan.edits:
        if edit.path == ALIGNMENT:
            continue  # it grows by other hands too
        if (edit.path in here or edit.path.endswith(".prompt.md")) and here.get(edit.path) == edit.before:
            return False
    return True


# ── sentences


def _sentences(
    plan: Plan, snapshot: Snapshot, planned: Mapping[int, Prompt], gone: frozenset[int], now: float
) -> list[Span]:
    graph = snapshot.graph.with_prompt(*planned.values()) if planned else snapshot.graph
    ended = {effect.prompt for effect in plan.effects if isinstance(effect, Kill)}
    parts: list[list[Span]] = []
    for number, prompt in planned.items():
        old = snapshot.prompts.get(number)
        if old is None:
            parts.append([Span("New file "), Span(prompt.path.rpartition("/")[2], "strong")])
            waiting = _waiting(number, graph, snapshot, planned)
            parts += [*waiting, *(_ahead(prompt, graph, plan, snapshot) if waiting else [])]
        else:
            parts += _changes(old, prompt, frozenset(planned) - frozenset(snapshot.prompts), number in ended)
    parts += [[Span(f"{number:02d} {_title(snapshot, number)} goes away")] for number in sorted(gone)]
    parts += _agents(plan, snapshot)
    parts += _words(plan, snapshot, planned)
    parts += _delay(plan, snapshot, planned, now) if not gone else []
    new = [expected(snapshot, prompt).sentence for number, prompt in planned.items() if number not in snapshot.prompts]
    parts += [[Span(said.rstrip("."), "quiet")] for said in dict.fromkeys(new)]
    spans: list[Span] = []
    for part in parts:
        spans += [Span(" ")] if spans else []
        spans += [*part[:-1], part[-1]._replace(text=part[-1].text + ".")]
    return spans


def _waiting(number: int, graph: Graph, snapshot: Snapshot, planned: Mapping[int, Prompt]) -> list[list[Span]]:
    """Who waits for a new prompt, and what waits for those."""
    direct = [d for d in graph.dependents.get(number, ()) if d in planned]
    if not direct:
        return []
    steps = snapshot.steps
    behind = [n for n in sorted(graph.descendants(number)) if n not in direct]
    behind = [n for n in behind if n not in steps or steps[n].state not in SATISFIED]
    verb = "waits" if len(direct) == 1 else "wait"
    tail = f", and behind that {names(behind, 3)}" if behind else ""
    return [[Span(names(direct, 3), "badge"), Span(f" {verb} for {number:02d} too{tail}")]]


def _ahead(new: Prompt, graph: Graph, plan: Plan, snapshot: Snapshot) -> list[list[Span]]:
    """How many go before a new prompt that others wait for, only because their numbers are lower."""
    place = plan.order_after.index(new.number) if new.number in plan.order_after else 0
    before = frozenset(plan.order_after[:place]) - graph.ancestors(new.number)
    ahead = [n for n in before if n in snapshot.steps and snapshot.steps[n].state is StepState.PENDING]
    if new.priority is Priority.HIGH or len(ahead) < _CROWD:
        return []
    return [[Span(f"{len(ahead)} others are ahead of it", "need"), Span("; priority high lets it go first", "quiet")]]


def _words(plan: Plan, snapshot: Snapshot, planned: Mapping[int, Prompt]) -> list[list[Span]]:
    """Where the engineer's own words go."""
    noted = [n for n, prompt in planned.items() if n in snapshot.prompts and _noted(snapshot.prompts[n], prompt)]
    places = [names(noted, 3)] if noted else []
    places += ["the alignment document"] if any(edit.path == ALIGNMENT for edit in plan.edits) else []
    return [[Span(f"Your words go into {' and '.join(places)}", "quiet")]] if places and plan.undoes is None else []


def _noted(old: Prompt, new: Prompt) -> bool:
    """The text only gains a note of the engineer."""
    before, after = _body(old).strip(), _body(new).strip()
    return before != after and after.startswith(before) and STEERING in after


def _changes(old: Prompt, new: Prompt, fresh: frozenset[int], ended: bool) -> list[list[Span]]:
    """What becomes different about a prompt.

    That it waits for a new prompt is said with that one; what becomes of it when its agent is `ended`, with the agent.
    """
    parts = []
    gains = [d for d in new.dependencies if d not in old.dependencies and d not in fresh]
    losses = [d for d in old.dependencies if d not in new.dependencies]
    if gains:
        parts.append([Span(old.label, "badge"), Span(f" waits for {names(gains, 3)} too")])
    if losses:
        parts.append([Span(old.label, "badge"), Span(f" no longer waits for {names(losses, 3)}")])
    if new.status is not old.status and not ended:
        word = "is queued again" if new.status is PromptStatus.PENDING else f"becomes {new.status.value}"
        parts.append([Span(old.label, "badge"), Span(f" {word}")])
    others = [word for field, word in _FIELDS if getattr(new, field) != getattr(old, field)]
    others += ["text"] if _body(new) != _body(old) and not _noted(old, new) else []
    if others:
        parts.append([Span(old.label, "badge"), Span(f" changes: {', '.join(others)}")])
    return parts


def _body(prompt: Prompt) -> str:
    found = split(prompt.source, prompt.path)
    return "" if isinstance(found, Problem) else found.text[found.body :]


def _agents(plan: Plan, snapshot: Snapshot) -> list[list[Span]]:
    """Who is ended, told or answered something; that nobody is, where that could be feared."""
    touched = [effect for effect in plan.effects if isinstance(effect, LASTING)]
    if len(touched) > _FEW:
        return [_in_short(touched)]
    parts = []
    for effect in touched:
        work = effect.work
        attempt = snapshot.attempt_of(work)
        agent = attempt.agent if attempt is not None else f"the agent of {work.label}"
        if isinstance(effect, Permit):
            parts.append([Span(agent, "need"), Span(f" is {'allowed' if effect.allow else 'denied'} what it asks for")])
        elif isinstance(effect, Steer):
            parts.append([Span(agent, "need"), Span(" is told at once")])
        elif not any(agent in warning for warning in plan.warnings):
            about = f"{effect.prompt:02d}" if work.kind == "prompt" else work.label
            parts.append([Span(agent, "need"), Span(f" is ended, {about} {_THEN[effect.then]}")])
    if not parts and not plan.invalidates and not any(isinstance(e, Kill) for e in plan.effects):
        parts.append([Span("Nobody running is touched", "quiet")])
    return parts


def _in_short(touched: Sequence[Kill | Steer | Permit]) -> list[Span]:
    """`20 agents are answered`: of many only how many."""
    counts = [
        (sum(isinstance(effect, kind) for effect in touched), word)
        for kind, word in ((Permit, "answered"), (Steer, "told at once"), (Kill, "ended"))
    ]
    return [
        Span(", ".join(f"{_count(n, 'agent')} {'is' if n == 1 else 'are'} {word}" for n, word in counts if n), "need")
    ]


def _delay(plan: Plan, snapshot: Snapshot, planned: Mapping[int, Prompt], now: float) -> list[list[Span]]:
    """How much longer all of it takes, by the same forecast as in the header."""
    before, after = forecast(snapshot, now), forecast(_as_planned(plan, snapshot, planned), now)
    if before.seconds is not None and after.seconds is not None:
        longer = after.seconds - before.seconds
        if abs(longer) < _SHORTEST:
            return []
        word = "longer" if longer > 0 else "less"
        return [[Span(f"All of it takes about {rough(abs(longer))} {word}", "quiet")]]
    longer_chain = len(after.critical_path) - len(before.critical_path)
    if longer_chain <= 0:
        return []
    return [[Span(f"The longest chain grows by {_count(longer_chain, 'prompt')}", "quiet")]]


def _as_planned(plan: Plan, snapshot: Snapshot, planned: Mapping[int, Prompt]) -> Snapshot:
    """The project as it would be, before anybody starts to work on it."""
    ended = {effect.prompt for effect in plan.effects if isinstance(effect, Kill)}
    steps = dict(snapshot.steps)
    for number, prompt in planned.items():
        known = steps.get(number)
        if known is None or number in ended or prompt.status is not snapshot.prompts[number].status:
            steps[number] = derive_step(prompt, None)
    graph = snapshot.graph.with_prompt(*planned.values()) if planned else snapshot.graph
    return replace(snapshot, graph=graph, prompts={**snapshot.prompts, **planned}, steps=steps)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _title(snapshot: Snapshot, number: int) -> str:
    return snapshot.prompts[number].title
