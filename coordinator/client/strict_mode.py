"""Strict mode, for those who turn it on or ask about it."""

from collections.abc import Sequence

from coordinator.apply import strict_setup
from coordinator.lazy.typing import NamedTuple
from coordinator.model.event import Actor
from coordinator.model.problem import Problem
from coordinator.observe.project import Project
from coordinator.observe.trust import require_known

DEFAULT_USER = strict_setup.DEFAULT_USER
"""Whose name agents run under, where nobody says another."""


class StrictMode(NamedTuple):
    """Under which users agents run, and what is missing for it."""

    gate: str | None
    """The user that runs suites; None: strict mode is off, or can't be had."""
    agents: tuple[str, ...]
    problems: list[Problem]


def examine(project: Project) -> StrictMode:
    """How it stands with strict mode here."""
    users, problems = strict_setup.examine_strict(project.layout)
    if users is None:
        return StrictMode(None, (), problems)
    return StrictMode(users.gate.name, tuple(user.name for user in users.agents), problems)


def set_up(project: Project, actor: Actor, users: Sequence[str], agents: int) -> list[str]:
    """Turn it on; a sentence for each thing done. Refused where nobody trusts the project."""
    require_known(project.layout, actor)
    return strict_setup.set_up(project.layout, users, agents)
