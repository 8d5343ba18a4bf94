"""The plan of a staged prompt: tasks, who waits for whom, and the waves in which they run. Pure."""

from collections.abc import Iterator, Sequence

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import Any
from coordinator.model.staged_context import DESCRIPTION, INSTRUCTIONS, shortened
from coordinator.model.staged_phases import FIX

MOST_TASKS = 100
MOST_FILES = 10
"""Target files of a task."""
_ID = regex.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}")


@dataclass(frozen=True, slots=True)
class Task:
    """A part of the work that one agent does, in files that are its own meanwhile."""

    id: str
    description: str
    files: tuple[str, ...]
    """Relative to the root of the worktree."""
    instructions: str = ""
    dependencies: tuple[str, ...] = ()
    """Tasks that come before it."""
    lines: int = 0
    """Lines that it is likely to change; 0: nobody said."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "description", shortened(self.description, DESCRIPTION))
        object.__setattr__(self, "instructions", shortened(self.instructions, INSTRUCTIONS))

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "description": self.description,
            "targetFiles": list(self.files),
            "instructions": self.instructions,
            "dependencies": list(self.dependencies),
            "lines": self.lines,
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Task":
        """The same value again. KeyError, TypeError or ValueError for what is none."""
        texts = (given["targetFiles"], given["dependencies"])
        if not all(isinstance(item, str) for part in texts for item in part):
            raise ValueError("a list of texts")
        made = cls(
            str(given["id"]),
            str(given["description"]),
            tuple(texts[0]),
            str(given["instructions"]),
            tuple(texts[1]),
            int(given["lines"]),
        )
        if wrong := next(wrong_with((made,), alone=True), None):
            raise ValueError(wrong[1])
        return made


def is_task_id(text: str) -> bool:
    """Whether a task may be called so: a part of a path, that no further turn of another one can be taken for."""
    return _ID.fullmatch(text) is not None and text != FIX


def is_own_path(text: str) -> bool:
    """Whether it is a file of the worktree that a task may have: below its root, and neither git's nor coord's."""
    parts = text.split("/")
    named = all(part not in ("", ".", "..") for part in parts)
    return named and parts[0].casefold() not in (".git", ".coord") and text.isprintable() and "\\" not in text


def wrong_with(tasks: Sequence[Task], *, alone: bool = False) -> Iterator[tuple[str, str, str]]:
    """What keeps tasks from being a plan: the task, what is wrong, and what to do.

    `alone`: they are looked at one by one, and others may be missing.
    """
    if len(tasks) > MOST_TASKS:
        yield "", f"there are {len(tasks):,} tasks", f"{MOST_TASKS} are the most: make several prompts of it"
        return
    known = [task.id for task in tasks]
    for number, task in enumerate(tasks):
        if not is_task_id(task.id):
            yield task.id, "no task can be called so", "up to 20 letters, digits and dashes, such as T3"
        if task.id in known[:number]:
            yield task.id, "there is a task of that name already", "give one of them another name"
        if not 0 < len(task.files) <= MOST_FILES:
            message = f"it has {len(task.files)} target files" if task.files else "it has no target files"
            yield task.id, message, f"name 1 to {MOST_FILES} files that it may change"
        for file in task.files:
            if not is_own_path(file):
                yield task.id, f"`{file}` is no file that a task may change", "a path below the project's folder"
        if task.id in task.dependencies:
            yield task.id, "it waits for itself", "leave it out of `dependencies`"
        for other in task.dependencies:
            if other not in known and not alone:
                yield task.id, f"it waits for `{other}`, which is not there", f"there is {', '.join(known)}"
    if not alone:
        yield from _circle(tasks)


def _circle(tasks: Sequence[Task]) -> Iterator[tuple[str, str, str]]:
    left = {task.id: {other for other in task.dependencies if other != task.id} for task in tasks}
    left = {id_: others & left.keys() for id_, others in left.items()}
    while free := [id_ for id_, others in left.items() if not others & left.keys()]:
        for id_ in free:
            del left[id_]
    if left:
        first = next(iter(left))
        yield first, f"{', '.join(left)} wait for each other", "take one of these dependencies away"


def waves(tasks: Sequence[Task]) -> tuple[tuple[Task, ...], ...]:
    """The tasks in waves, each after the one before: a task stands behind all that it waits for.

    No two tasks of a wave have a file in common: of two that do, the later one of the plan moves to the next wave.
    """
    left, done, found = list(tasks), set[str](), []
    while left:
        wave: list[Task] = []
        taken: set[str] = set()
        for task in left:
            files = {file.casefold() for file in task.files}
            if done.issuperset(task.dependencies) and not taken & files:
                wave.append(task)
                taken |= files
        if not wave:
            raise ValueError("tasks wait for each other")
        done |= {task.id for task in wave}
        left = [task for task in left if task.id not in done]
        found.append(tuple(wave))
    return tuple(found)
