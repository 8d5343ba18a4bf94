"""Import: tasks of another tool become prompts. What is pending follows its source, what has run is never touched."""

from collections.abc import Iterable, Mapping, Sequence

from coordinator.errors import CoordError, Refused, UsageError
from coordinator.formats.frontmatter import patch
from coordinator.formats.import_text import (
    IMPORTED,
    LABELS,
    PARENT,
    PATH,
    SOURCE,
    Stated,
    body_of,
    changed_since,
    digests,
    labels_of,
    name_of,
    stated,
    stated_by,
    title_of,
)
from coordinator.formats.prompt_body import has_criteria
from coordinator.formats.prompt_text import new_prompt, parse_prompt, replace_body
from coordinator.formats.scalars import Scalar
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import NamedTuple
from coordinator.model.graph import Graph
from coordinator.model.imported import Item, Items, TaskStatus
from coordinator.model.plan import Plan, Record
from coordinator.model.problem import Problem
from coordinator.model.prompt import Priority, Prompt, PromptStatus, PromptType
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import amount, plain
from coordinator.services.import_links import ENDED, Links, link, shown
from coordinator.services.planning import PlanBuilder

MOST = 10_000
"""Tasks of one import."""
_SAID = 6
"""Lines of one kind that are warnings of the plan; `left_out` has all of them."""
PROMPT_STATUSES = {
    TaskStatus.TODO: PromptStatus.PENDING,
    TaskStatus.IN_PROGRESS: PromptStatus.PENDING,
    TaskStatus.BLOCKED: PromptStatus.BLOCKED,
    TaskStatus.DONE: PromptStatus.DONE,
    TaskStatus.CANCELLED: PromptStatus.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Import:
    """What is imported."""

    form: str
    """`backlog.md`: the first part of `source:`."""
    place: str
    """The folder or file that was read, relative to the project's root; `.` for all of it."""
    items: Items
    who: str = ""
    online: bool = False
    """What was read is not in files: `place` says nothing of where its tasks are."""


@dataclass(slots=True)
class _Work:
    """An import while it is planned."""

    request: Import
    builder: PlanBuilder
    items: dict[str, Item]
    here: dict[str, Prompt]
    """Key → the prompt that it became earlier."""
    numbers: dict[str, int]
    """Key → the number of its prompt, the new ones included."""
    links: Links
    left_out: list[Problem] = field(default_factory=list)
    rows: list[dict[str, object]] = field(default_factory=list)


def plan_import(snapshot: Snapshot, request: Import) -> Plan:
    """Plan prompts for tasks that have none, and bring those that are still pending up to date.

    UsageError when there are no tasks, Refused where what people changed here and there together would make a cycle.
    """
    if not request.items.items:
        why = f": {request.items.problems[0].message}" if request.items.problems else ""
        raise UsageError(f"no task could be read from {plain(request.place)}{why}", "name another folder or --format")
    work = _begin(snapshot, request)
    for key, number in work.numbers.items():
        item = work.items[key]
        if key in work.here:
            _update(work, item, work.here[key])
        else:
            _create(work, item, number)
    _name_vanished(work)
    _refuse_cycle(work)
    return _sealed(work)


def imported_prompts(prompts: Iterable[Prompt], form: str) -> dict[str, Prompt]:
    """The prompts that came from tasks of a form, by what `source:` calls them. Of two, the one of the lower number."""
    found: dict[str, Prompt] = {}
    for prompt in sorted(prompts, key=lambda one: one.number):
        source = prompt.extra.get(SOURCE, "")
        if source.startswith(f"{form}:"):
            found.setdefault(source, prompt)
    return found


def within(path: str, place: str) -> bool:
    """Whether a file is part of what was read."""
    return place in (".", path) or path.startswith(f"{place.rstrip('/')}/")


# ── which tasks there are


def _begin(snapshot: Snapshot, request: Import) -> _Work:
    builder, left_out = PlanBuilder(snapshot, "import"), list(request.items.problems)
    known = imported_prompts(snapshot.prompts.values(), request.form)
    items: dict[str, Item] = {}
    here: dict[str, Prompt] = {}
    named: dict[str, Item] = {}
    for place, item in enumerate(request.items.items):
        if len(items) >= MOST:
            left_out.append(_too_many(item, len(request.items.items) - place))
            break
        name = name_of(request.form, item)
        problem = _refusal(named.get(name), item) or _elsewhere(request, known, item)
        if problem is not None:
            left_out.append(problem)
            continue
        items[item.key] = named[name] = item
        prompt = known.get(name)
        if prompt is not None:
            here[item.key] = prompt
    wanted = [key for key, item in items.items() if key in here or _wanted(snapshot, items, item, left_out)]
    links = link(items, frozenset(wanted).__contains__)
    numbers: dict[str, int] = {}
    following = builder.next_number()
    for key in wanted:
        if key in here:
            numbers[key] = here[key].number
        else:
            numbers[key], following = following, following + 1
    return _Work(request, builder, items, here, numbers, links, [*left_out, *links.left_out])


def _refusal(first: Item | None, item: Item) -> Problem | None:
    """Why a task can't be one; `first`: the one before it that people would call the same."""
    if not item.key.strip() or not (item.title.strip() or item.key.strip()):
        return _problem(item, "no-id", "a task without an id", "give it one there")
    if first is not None:
        where = f"{plain(first.path)}:{first.line}"
        return _problem(
            item, "duplicate-id", f"{shown(item.key)} stands in {where} already", "give it another id there"
        )
    return None


def _too_many(item: Item, count: int) -> Problem:
    message = f"there are {amount(count, 'task')} more than {MOST:,}, from {shown(item.key)} on"
    return _problem(item, "too-many", message, "import a part of them")


def _elsewhere(request: Import, known: Mapping[str, Prompt], item: Item) -> Problem | None:
    """A task of the same name as one that was imported from another place."""
    prompt = known.get(name_of(request.form, item))
    before = prompt.extra.get(PATH, "") if prompt is not None else ""
    if prompt is None or not before or request.online or within(before, request.place):
        return None
    message = f"{shown(item.key)} is prompt {prompt.label} already, from {plain(before)}"
    return _problem(item, "other-source", message, f"if it was moved, correct `{PATH}:` of prompt {prompt.label}")


def _wanted(snapshot: Snapshot, items: Mapping[str, Item], item: Item, left_out: list[Problem]) -> bool:
    """Whether a task becomes a prompt; why not is noted."""
    name = shown(item.key)
    whole = items.get(item.parent)
    if item.status in ENDED:
        left_out.append(_problem(item, item.status.value, f"{name} is {item.status.value}", "it gets no prompt"))
    elif whole is not None and whole.status is TaskStatus.CANCELLED:
        message = f"{name} is a part of {shown(whole.key)}, which is cancelled"
        left_out.append(_problem(item, "cancelled", message, "it gets no prompt"))
    elif snapshot.settings.require_criteria and not has_criteria(body_of(item)):
        message = f"{name} has no acceptance criteria, and this project demands them"
        left_out.append(_problem(item, "no-criteria", message, "write them there"))
    else:
        return True
    return False


def _problem(item: Item, code: str, message: str, remedy: str) -> Problem:
    return Problem(plain(item.path), item.line, code, message, remedy, warning=True)


# ── what becomes of them


class _Values(NamedTuple):
    """What a task's prompt is to say."""

    title: str
    body: str
    stated: Stated
    dependencies: tuple[int, ...]
    parent: int | None


def _values(work: _Work, item: Item) -> _Values:
    title, body = title_of(item), body_of(item)
    dependencies = tuple(work.numbers[key] for key in work.links.waits.get(item.key, ()))
    parent = work.numbers.get(item.parent) if item.parent != item.key else None
    priority = item.priority or Priority.MEDIUM
    all_of_it = stated(title, body, PROMPT_STATUSES[item.status], dependencies, priority, parent)
    return _Values(title, body, all_of_it, dependencies, parent)


def _create(work: _Work, item: Item, number: int) -> None:
    values = _values(work, item)
    more: dict[str, Scalar | Sequence[Scalar]] = {SOURCE: name_of(work.request.form, item), PATH: plain(item.path)}
    if values.parent is not None:
        more[PARENT] = values.parent
    if labels := labels_of(item):
        more[LABELS] = labels
    more[IMPORTED] = digests(values.stated)
    prompt, content = new_prompt(
        path=work.builder.new_path(number, PromptType.PLANNED, values.title),
        number=number,
        title=values.title,
        type=PromptType.PLANNED,
        dependencies=values.dependencies,
        priority=item.priority or Priority.MEDIUM,
        patches_prompts=(),
        body=values.body,
        created_by=work.request.who,
        status=PROMPT_STATUSES[item.status],
        more=more,
    )
    work.builder.create(prompt, content)
    if item.status is TaskStatus.IN_PROGRESS:
        message = f"{shown(item.key)} is in progress there"
        work.left_out.append(_problem(item, "in-progress", message, f"somebody may be at it: {prompt.label} is new"))
    _row(work, item, prompt, "new", parent=values.parent)


def _update(work: _Work, item: Item, prompt: Prompt) -> None:
    """Take over what changed in the source, where the prompt was not changed here as well."""
    made = _values(work, item)
    values, parent = made.stated, made.parent
    now, imported = stated_by(prompt), prompt.extra.get(IMPORTED, "")
    changed = changed_since(imported, values) if imported else frozenset(values)
    changed = frozenset(key for key in changed if now[key] != values[key])
    if not _may_change(work.builder.snapshot, prompt):
        _row(work, item, prompt, "kept", parent=parent)
        return
    ours = changed & changed_since(imported, now) if imported else frozenset()
    for key in sorted(ours):
        message = f"{key} of {shown(item.key)} was changed there and in prompt {prompt.label}"
        work.left_out.append(_problem(item, "changed-twice", message, f"prompt {prompt.label} stays as it is"))
    taken = changed - ours
    content = _updated(item, prompt, made, taken)
    if content == prompt.source:
        _row(work, item, prompt, "same", parent=parent)
        return
    edited = parse_prompt(content, prompt.path, (p.path for p in work.builder.prompts.values()))
    if isinstance(edited, Problem):
        raise CoordError(f"prompt {prompt.label} would not be readable: {edited.message}", edited.remedy)
    work.builder.set_source(prompt.number, content, edited)
    if "status" in taken and edited.status is PromptStatus.CANCELLED:
        data = {"reason": f"cancelled in {work.request.form}", "attempt": 0}
        work.builder.effects.append(Record("prompt.cancelled", f"prompt:{prompt.number}", data))
    _row(work, item, edited, "changed", sorted(taken), parent=parent)


def _updated(item: Item, prompt: Prompt, made: _Values, taken: frozenset[str]) -> bytes:
    """The prompt's file with what is taken over."""
    values = made.stated
    fresh: dict[str, Scalar | Sequence[Scalar]] = {}
    for key in ("title", "status", "priority"):
        if key in taken:
            fresh[key] = values[key]
    if "dependencies" in taken:
        fresh["dependencies"] = [int(number) for number in values["dependencies"].split()]
    if "parent" in taken:
        fresh[PARENT] = int(values["parent"]) if values["parent"] else "none"
    if taken:
        now = stated_by(prompt)
        old = dict(part.partition("=")[::2] for part in prompt.extra.get(IMPORTED, "").split())
        whole = {**now, **{key: values[key] for key in taken}}
        new = dict(part.partition("=")[::2] for part in digests(whole).split())
        fresh[IMPORTED] = " ".join(f"{key}={(new if key in taken else {**new, **old})[key]}" for key in new)
    if plain(item.path) != prompt.extra.get(PATH):
        fresh[PATH] = plain(item.path)
    content = patch(prompt.source, fresh) if fresh else prompt.source
    return replace_body(content, made.body) if "body" in taken else content


def _may_change(snapshot: Snapshot, prompt: Prompt) -> bool:
    """Nothing of it has run, and it is not ended."""
    step = snapshot.steps[prompt.number]
    untouched = step.attempt is None and step.state in (StepState.PENDING, StepState.BLOCKED) and not prompt.attempts
    return untouched and not prompt.lost and prompt.status in (PromptStatus.PENDING, PromptStatus.BLOCKED)


def _row(
    work: _Work, item: Item, prompt: Prompt, change: str, changed: Sequence[str] = (), *, parent: int | None
) -> None:
    """What became of one task: a row of `items`."""
    work.rows.append(
        {
            "source": name_of(work.request.form, item),
            "path": plain(item.path),
            "line": item.line,
            "change": change,
            "changed": list(changed),
            "number": prompt.number,
            "title": prompt.title,
            "status": prompt.status.value,
            "dependencies": list(prompt.dependencies),
            "satisfied": [shown(key) for key in work.links.satisfied.get(item.key, ())],
            "priority": prompt.priority.value,
            "criteria": len(item.criteria),
            "parent": parent,
        }
    )


# ── what is said of it


def _name_vanished(work: _Work) -> None:
    """Name what was imported from here and is not there any more."""
    names = {name_of(work.request.form, item) for item in work.request.items.items}
    repositories = {name.rpartition("#")[0] for name in names}
    for name, prompt in imported_prompts(work.builder.snapshot.prompts.values(), work.request.form).items():
        if work.request.online:
            read = name.rpartition("#")[0] in repositories
        else:
            read = within(prompt.extra.get(PATH, ""), work.request.place)
        gone = read and name not in names
        if gone and not prompt.status.ended:
            message = f"{shown(name)} is not there any more; prompt {prompt.label} stays"
            remedy = f"if nobody needs it: coord cancel {prompt.number}"
            path = prompt.extra.get(PATH, work.request.place)
            work.left_out.append(Problem(path, 0, "vanished", message, remedy, (prompt.number,), warning=True))


def _refuse_cycle(work: _Work) -> None:
    before = {frozenset(cycle) for cycle in work.builder.snapshot.graph.cycles}
    for cycle in Graph.of(work.builder.prompts.values()).cycles:
        if frozenset(cycle) not in before:
            drawn = " → ".join(f"{number:02d}" for number in cycle)
            raise Refused(
                f"with dependencies that were given here, that is a cycle: {drawn}",
                f"take one of them out: coord edit {cycle[0]} --set dependencies=…",
            )


def _sealed(work: _Work) -> Plan:
    counts = {
        change: sum(row["change"] == change for row in work.rows) for change in ("new", "changed", "same", "kept")
    }
    builder, form, place = work.builder, work.request.form, plain(work.request.place)
    builder.warnings += _warnings(work.left_out)
    parts = [amount(counts["new"], "new prompt")]
    if counts["changed"]:
        parts.append(f"{counts['changed']} changed")
    if counts["same"] + counts["kept"]:
        parts.append(f"{counts['same'] + counts['kept']} as they are")
    left_out = [problem.to_json() for problem in work.left_out]
    more = {"format": form, "place": place, "read": len(work.request.items.items), "items": work.rows}
    summary = f"{form} in {place}: {', '.join(parts)}"
    if not counts["new"] and not counts["changed"]:
        summary = f"{form} in {place}: nothing has changed"
    return builder.build(summary, more={**more, "left_out": left_out})


_QUIET = ("done",)
"""Codes of what is only counted: it needs nobody."""


def _warnings(left_out: Sequence[Problem]) -> list[str]:
    """What is left out, for people: a few of each kind, and how many more."""
    by_code: dict[str, list[Problem]] = {}
    for problem in left_out:
        by_code.setdefault(problem.code, []).append(problem)
    said: list[str] = []
    for code, problems in by_code.items():
        if code in _QUIET:
            said.append(f"{amount(len(problems), 'task')} done already: no prompt")
            continue
        few = problems if len(problems) <= _SAID else problems[: _SAID - 1]
        said += [f"{_where(problem)}{problem.message}: {problem.remedy}" for problem in few]
        if len(few) < len(problems):
            said.append(f"and {len(problems) - len(few)} more of these ({code})")
    return said


def _where(problem: Problem) -> str:
    return f"{problem.path}:{problem.line}: " if problem.path and problem.line else ""
