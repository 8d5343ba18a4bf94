"""Tasks of other tools: found, read, and planned as prompts."""

import os
from pathlib import Path

from coordinator.client.opening import Project
from coordinator.errors import Refused
from coordinator.lazy.typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from coordinator.formats.imports.registry import Found
    from coordinator.model.imported import Tree
    from coordinator.model.plan import Plan
    from coordinator.model.snapshot import Snapshot
    from coordinator.services.importing import Import
    from coordinator.services.write_back import WriteBack


class Offer(NamedTuple):
    """Tasks that a project has already."""

    form: str
    line: str
    """What the form is, in a few words."""
    place: str
    """Relative to the project's root."""
    tasks: int
    """That are not done."""


def read_tasks(project: Project, place: Path, form: str = "", who: str = "") -> "Import":
    """What there is to import at a place. UsageError when that is nothing, or not clear.

    Refused for an agent whose command the loop carries out: it would read with the loop's rights.
    """
    from coordinator.lazy.dataclass import replace
    from coordinator.services.importing import Import

    tree, name, found = read_form(project, place, form)
    items = found.form.read(tree)
    return Import(found.form.name, name, replace(items, problems=(*tree.problems, *items.problems)), who or _engineer())


def read_form(project: Project, place: Path, form: str = "") -> "tuple[Tree, str, Found]":
    """The files at a place, what the place is called, and which form they have. Raises like `read_tasks`."""
    from coordinator.formats.imports import registry
    from coordinator.observe.task_files import read_tree

    if os.environ.get("COORD_DOOR"):
        raise Refused("files can't be named from here", "ask a human to import them")
    if is_online(str(place)) and not place.exists():
        from coordinator.observe.github_issues import read_issues
        from coordinator.observe.trust import require_trust

        require_trust(project.layout)  # gh asks git, and git does what the repository's settings say
        online = read_issues(project.layout.root, str(place))
        return online, str(place), registry.choose(online, "github", str(place))
    forms = [registry.form(form)] if form else list(registry.forms())
    tree, name = read_tree(project.layout.root, place, lambda path: any(each.may_be(path) for each in forms))
    return tree, name, registry.choose(tree, form, str(place))


def plan_tasks(project: Project, snapshot: "Snapshot", place: str, form: str = "") -> "Plan":
    """The plan that makes prompts of the tasks at a place, relative to the project's root. Raises like the service."""
    from coordinator.services.importing import plan_import

    where = Path(place) if is_online(place) else project.layout.root / place
    return plan_import(snapshot, read_tasks(project, where, form))


def find_tasks(project: Project) -> list[Offer]:
    """Tasks of other tools in a project, those that are not done; none that could be anybody's, such as checklists."""
    from coordinator.formats.imports import registry
    from coordinator.model.imported import TaskStatus
    from coordinator.observe.task_files import read_tree

    forms = [form for form in registry.forms() if form.name not in registry.LAST]
    root = project.layout.root
    tree, _ = read_tree(root, root, lambda path: any(form.may_be(path) for form in forms))
    offers: list[Offer] = []
    for form in forms:
        detected = form.detect(tree)
        if detected is None or detected.confidence < registry.SURE:
            continue
        items = form.read(tree).items
        left = sum(item.status not in (TaskStatus.DONE, TaskStatus.CANCELLED) for item in items)
        if left:
            paths = {item.path for item in items}
            place = paths.pop() if len(paths) == 1 else os.path.commonpath([os.path.dirname(path) for path in paths])
            offers.append(Offer(form.name, form.line, place or ".", left))
    return offers


def formats() -> tuple[str, ...]:
    """Names of the forms that are known."""
    from coordinator.formats.imports.registry import names

    return names()


def is_online(place: str) -> bool:
    """Whether a place is no folder or file: `github`, `github:OWNER/NAME`."""
    from coordinator.storage.task_places import is_online

    return is_online(place)


def places(project: Project) -> dict[str, str]:
    """What the setting `write_back` names: place → format."""
    return dict(project.config.write_back)


def look_back(project: Project, place: str, form: str) -> "WriteBack":
    """What would be written back at a place, relative to the project's root."""
    from coordinator.apply.write_back import look_back
    from coordinator.client.look import look

    return look_back(project.layout, look(project), place, form)


def write_back(project: Project, place: str, form: str) -> "WriteBack":
    """Write back what has become of the tasks of a place. Refused for an agent, and where nobody trusts the project."""
    from coordinator.apply.humans import humans_only
    from coordinator.apply.write_back import write_back
    from coordinator.client.look import look

    humans_only(project.layout, "write back what became of tasks")
    return write_back(project.layout, look(project), place, form)


def _engineer() -> str:
    from coordinator.client.steering import actor

    return actor().name
