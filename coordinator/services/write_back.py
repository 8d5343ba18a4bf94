"""Writing back: what a tool's own files are to say of tasks whose prompts are at work, done or blocked. Pure."""

from collections.abc import Iterable, Mapping

from coordinator.formats.import_text import IMPORTED, PATH, changed_since, name_of, stated_by
from coordinator.formats.imports.text import patched
from coordinator.lazy.dataclass import dataclass, field, replace
from coordinator.model.imported import BytePatch, Form, Item, TaskStatus, Tree
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import plain
from coordinator.services.import_links import shown
from coordinator.services.importing import PROMPT_STATUSES, imported_prompts, within

_SAID: Mapping[StepState, TaskStatus] = {
    StepState.DISPATCHED: TaskStatus.IN_PROGRESS,
    StepState.RUNNING: TaskStatus.IN_PROGRESS,
    StepState.CHANGE_OPEN: TaskStatus.IN_PROGRESS,
    StepState.MERGED: TaskStatus.DONE,
    StepState.BLOCKED: TaskStatus.BLOCKED,
    StepState.FAILED: TaskStatus.BLOCKED,
}
"""What a step is to a tool that knows no attempts."""


@dataclass(frozen=True, slots=True)
class Change:
    """One task that gets another status there."""

    source: str
    """`backlog.md:TASK-12`."""
    number: int
    path: str
    line: int
    before: str
    """The word that stands there."""
    status: TaskStatus
    file: str = ""
    """Where it is written; empty: in the task's own file."""


@dataclass(frozen=True, slots=True)
class WriteBack:
    """What is going to be written."""

    changes: tuple[Change, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Path, as in the tree → the whole new content."""
    problems: tuple[Problem, ...] = ()
    """Tasks that stay as they are, and why; each names its prompt."""


def wanted(snapshot: Snapshot, form: str, place: str) -> dict[str, tuple[Prompt, TaskStatus]]:
    """What each task of a place is to say by the state of its prompt: `source:` → prompt and status."""
    found: dict[str, tuple[Prompt, TaskStatus]] = {}
    for source, prompt in imported_prompts(snapshot.prompts.values(), form).items():
        step = snapshot.steps.get(prompt.number)
        status = _SAID.get(step.state) if step is not None else None
        if status is not None and within(prompt.extra.get(PATH, ""), place):
            found[source] = (prompt, status)
    return found


def plan_online(snapshot: Snapshot, place: str, written: Mapping[str, str]) -> WriteBack:
    """Plan which issues of a repository are told that their prompt is merged: each once."""
    repository = place.partition(":")[2]
    changes = []
    for source, prompt in imported_prompts(snapshot.prompts.values(), "github").items():
        step = snapshot.steps.get(prompt.number)
        name, _, number = source.removeprefix("github:").rpartition("#")
        ours = (
            number.isascii() and number.isdigit() and name.casefold() in ("", repository.casefold() or name.casefold())
        )
        merged = step is not None and step.state is StepState.MERGED and step.attempt is not None
        if ours and merged and source not in written:
            changes.append(Change(source, prompt.number, place, 0, "open", TaskStatus.DONE))
    return WriteBack(tuple(changes))


def what_landed(snapshot: Snapshot, number: int) -> str:
    """What an issue is told of a merged prompt; Markdown, with nothing of an agent's own words in it."""
    prompt = snapshot.prompts[number]
    step = snapshot.steps[number]
    known = prompt.commits or (step.attempt.commits if step.attempt is not None else ())
    commits = "".join(f"\n- {commit}" for commit in known if commit.isalnum())
    return f"Merged by coord, as prompt {prompt.label}." + (f"\n{commits}" if commits else "")


def plan_write_back(
    snapshot: Snapshot, form: Form, tree: Tree, place: str, written: Mapping[str, str] | None = None
) -> WriteBack:
    """Plan what the files at a place are to say.

    `written`: what coord wrote there last, by `source:`. A task whose status is neither that nor the one that was
    imported was changed by somebody else: it stays as it is, and that is a problem.
    """
    asked = wanted(snapshot, form.name, place)
    items = form.read(tree).items if asked else ()
    problems: list[Problem] = []
    changes: list[Change] = []
    patches: dict[str, list[BytePatch]] = {}
    for source, item in _first_of_each(form, items).items():
        prompt, status = asked.get(source, (None, None))
        if prompt is None or status is None or item.status is status:
            continue
        if not _as_known(item, prompt, (written or {}).get(source, "")):
            problems.append(_conflict(item, prompt, status))
            continue
        made = form.write_back(tree, item, status)
        if isinstance(made, Problem):
            problems.append(replace(made, numbers=(prompt.number,)))
        elif made:
            file = made[0].path if made[0].path != item.path else ""
            changes.append(Change(source, prompt.number, item.path, item.line, item.word, status, file))
            for patch in made:
                patches.setdefault(patch.path, []).append(patch)
    files = {path: form.settle(path, patched(tree.files[path], tuple(each))) for path, each in patches.items()}
    return _checked(form, tree, items, WriteBack(tuple(changes), files, tuple(problems)))


def _first_of_each(form: Form, items: Iterable[Item]) -> dict[str, Item]:
    """The tasks by what `source:` calls them; of those with the same key the first, which is the one that counts."""
    found: dict[str, Item] = {}
    for item in items:
        found.setdefault(name_of(form.name, item), item)
    return found


def _as_known(item: Item, prompt: Prompt, written: str) -> bool:
    """Nobody else has changed the status there: it is the one that was imported, or that coord wrote."""
    if written == item.status.value:
        return True
    imported = prompt.extra.get(IMPORTED, "")
    if not imported:
        return item.status in (TaskStatus.TODO, TaskStatus.IN_PROGRESS)
    there = {**stated_by(prompt), "status": PROMPT_STATUSES[item.status].value}
    return "status" not in changed_since(imported, there)


def _conflict(item: Item, prompt: Prompt, status: TaskStatus) -> Problem:
    word = plain(item.word) or item.status.value
    is_so = "done" if status is TaskStatus.DONE else status.value
    message = f"{shown(item.key)} was set to `{word}` there, while prompt {prompt.label} is {is_so}"
    return Problem(
        plain(item.path), item.line, "status-conflict", message, "set it there as it is to be", (prompt.number,)
    )


def _checked(form: Form, tree: Tree, items: Iterable[Item], made: WriteBack) -> WriteBack:
    """The same, without files that would be read otherwise than is wanted."""
    if not made.files:
        return made
    wanted = {(change.path, change.source): change.status for change in made.changes}
    told: dict[str, dict[str, object]] = {}
    for item in items:
        status = wanted.get((item.path, name_of(form.name, item)), item.status)
        told.setdefault(item.path, {}).setdefault(item.key, (item.title, status))
    elsewhere = {change.path: change.file for change in made.changes if change.file}
    others = {path: data for path, data in tree.files.items() if elsewhere or path not in told}
    now: dict[str, dict[str, object]] = {}
    for item in form.read(Tree({**others, **made.files})).items:
        now.setdefault(item.path, {}).setdefault(item.key, (item.title, item.status))
    torn = {path for path in (*made.files, *elsewhere) if told.get(path) != now.get(path)}
    bad = sorted({elsewhere.get(path, path) for path in torn})
    problems = [
        Problem(plain(path), 0, "unwritable", "the file would no longer be read as it is", "change the status by hand")
        for path in bad
    ]
    return WriteBack(
        tuple(change for change in made.changes if (change.file or change.path) not in bad),
        {path: content for path, content in made.files.items() if path not in bad},
        (*made.problems, *problems),
    )
