"""A project's first minutes: it is made, and its files are checked."""

import os

from coordinator.lazy.typing import TYPE_CHECKING, NamedTuple
from coordinator.model.problem import Problem
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from coordinator.model.snapshot import Snapshot


class Made(NamedTuple):
    """What came of making a project."""

    paths: list[str]
    """What was made or changed, relative to its root."""
    untrusted: bool
    """Its folder was here before, and nobody here trusts what is in it."""


def levels() -> dict[str, str]:
    """How much agents may do by themselves: the name of each level, and what it is in words."""
    from coordinator.agents.leave import LEVELS

    return dict(LEVELS)


def leeways(level: str) -> dict[str, tuple[str, str]]:
    """Agent CLI → what it does at this level, in words, and its arguments for that; empty where it has none."""
    from coordinator.agents.registry import find_runtime, packaged_runtimes

    found = {name: find_runtime(name, {}).leeways.get(level) for name in packaged_runtimes()}
    return {name: (one.words, one.arguments) for name, one in found.items() if one is not None}


def make_project(project: Project, *, title: str, prompts: str, agents_may: str = "ask") -> Made:
    """Make what is missing; what is there stays as it is. `prompts`: a folder of prompts of another harness.

    `agents_may`: one of `levels`, written into the settings as arguments of each agent CLI.
    """
    from coordinator.eventlog.store import EventLog
    from coordinator.observe.trust import is_trusted, trust_own
    from coordinator.storage.project import create_project

    layout = project.layout
    fresh = not layout.coord.exists()
    arguments = {name: words for name, (_, words) in leeways(agents_may).items() if words}
    made = create_project(layout.root, title=title, prompts=below(project, prompts), arguments=arguments)
    if fresh:
        trust_own(layout)
    if not layout.events_db.exists():
        EventLog.open(layout.events_db, create=True).close()
        made.append(layout.rel(layout.events_db))
    return Made(made, not fresh and not is_trusted(layout))


def below(project: Project, folder: str) -> str:
    """The folder relative to the project's root, as settings have it."""
    root = str(project.layout.root)
    return os.path.relpath(folder, root) if os.path.isabs(folder) else os.path.normpath(folder) if folder else ""


def unread(project: Project, snapshot: "Snapshot", folder: str) -> Problem | None:
    """A folder of prompts with files of which none is read as one, and none is faulty; None for any other."""
    from coordinator.storage.branch import in_branch
    from coordinator.storage.unused import unread_folder

    shown = in_branch(below(project, folder), project.layout.root)
    found = unread_folder(project.layout, shown, snapshot.prompts.values())
    return None if any(p.path.startswith(f"{shown}/") for p in snapshot.problems) else found


def validate(project: Project) -> tuple[Problem, ...]:
    """What is wrong with prompt files, graph and findings, and what of them has no effect."""
    from coordinator.agents.registry import packaged_runtimes
    from coordinator.client.look import look
    from coordinator.storage.feedback import read_findings
    from coordinator.storage.lookers import find_lookers
    from coordinator.storage.unused import find_unused

    snapshot, folders = look(project), project.config.prompt_folders
    unused = find_unused(project.layout, snapshot.prompts.values(), packaged_runtimes(), folders)
    found = (*read_findings(project.layout).problems, *unused, *find_lookers(project.layout))
    return (*snapshot.problems, *found)
