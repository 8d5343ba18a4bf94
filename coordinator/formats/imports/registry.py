"""The forms by name. A form is read when it is asked for."""

from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import chain

from coordinator.errors import UsageError
from coordinator.lazy.typing import NamedTuple
from coordinator.model.imported import Detected, Form, Tree
from coordinator.model.text import plain

SURE = 0.5
"""From this confidence on a form is one; below it is what is left where there is none."""

_MODULES = {
    "backlog.md": "backlog_md",
    "task-master": "task_master",
    "spec-kit": "spec_kit",
    "beads": "beads",
    "ralph": "ralph",
    "code-task": "code_task",
    "gsd": "gsd",
    "ccpm": "ccpm",
    "tickets": "tickets",
    "beans": "beans",
    "ai-task-manager": "ai_task_manager",
    "swarm": "swarm",
    "subagents": "subagents",
    "github": "github",
    "checklist": "checklist",
}
"""Name → module of this package. The order in which forms are listed, and in which the first of equals counts."""
LAST = ("checklist",)
"""Forms that half of all files have."""


class Found(NamedTuple):
    """A form that files have."""

    form: Form
    detected: Detected


def names() -> tuple[str, ...]:
    return tuple(_MODULES)


def form(name: str) -> Form:
    """UsageError, which names the nearest, when there is none of that name."""
    module = _MODULES.get(name)
    if module is None:
        from difflib import get_close_matches

        close = get_close_matches(name, _MODULES, 1, 0.4)
        raise UsageError(
            f"there is no format `{name}`",
            f"did you mean `{close[0]}`?" if close else f"formats are {', '.join(names())}",
        )
    found: Form = import_module(f"{__package__}.{module}").FORM
    return found


def forms() -> Iterator[Form]:
    return (form(name) for name in _MODULES)


def detect(tree: Tree) -> list[Found]:
    """The forms that the files may have, the surest first; of those that are never sure only where none is."""
    found: list[Found] = []
    for each in forms():
        if each.name in LAST and any(one.detected.confidence >= SURE for one in found):
            continue
        detected = each.detect(tree)
        if detected is not None:
            found.append(Found(each, detected))
    return sorted(found, key=lambda one: -one.detected.confidence)


def choose(tree: Tree, name: str, place: str) -> Found:
    """The form that the files have, or the one that is named. UsageError when there is none, or more than one.

    `place`: what people call where the files are.
    """
    if name:
        asked = form(name)
        detected = asked.detect(tree)
        if detected is None:
            raise UsageError(f"nothing in {plain(place)} is {asked.line}{_why(tree, [asked])}", _known())
        return Found(asked, detected)
    found = detect(tree)
    sure = [one for one in found if one.detected.confidence >= SURE]
    if len(sure) > 1:
        told = "; ".join(f"{one.form.name} ({one.detected.evidence})" for one in sure)
        raise UsageError(f"{plain(place)} has tasks in more than one format: {told}", "name one: --format NAME")
    if not found:
        raise UsageError(f"no tasks are known in {plain(place)}{_why(tree, forms())}", _known())
    return (sure or found)[0]


def _why(tree: Tree, asked: Iterable[Form]) -> str:
    """What may be the reason that nothing is known: a file that was not read, or is torn."""
    problems = chain(tree.problems, (one for each in asked for one in each.read(tree).problems if not one.warning))
    first = next(problems, None)
    if first is None:
        return ""
    where = f"{first.path}:{first.line}: " if first.line else ""
    return f": {where}{first.message}"


def _known() -> str:
    return f"formats are {', '.join(names())}"
