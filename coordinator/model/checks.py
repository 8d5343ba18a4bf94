"""What is known of the acceptance criteria of prompts."""

from collections.abc import Mapping

from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.round import Acceptance, Asked, Criterion, Witness

Check = tuple[str, str]
"""Criterion, and what a question about a command is about."""


@dataclass(frozen=True, slots=True)
class Handed:
    """An acceptance criterion of a prompt, with what its hand-off names to show it."""

    criterion: Criterion
    commands: tuple[str, ...] = ()
    since: int = 0
    """The newest event when it was handed off: what ran up to then ran for another hand-off."""


@dataclass(frozen=True, slots=True)
class Checks:
    """Acceptance criteria of prompts, with all that is known of them."""

    base: str
    """Commit that the base branch is at; empty: none."""
    criteria: tuple[Handed, ...] = ()
    runs: Mapping[Check, Witness] = field(default_factory=dict)
    """The newest run of each."""
    asked: Mapping[Check, Asked] = field(default_factory=dict)
    """The newest run that a human asked for, done or not."""
    left: Mapping[Check, int] = field(default_factory=dict)
    """Those that may not run unasked → sequence number of the event that tells it."""
    accepted: Mapping[str, Acceptance] = field(default_factory=dict)
    began: Mapping[str, int] = field(default_factory=dict)
    """As of `Round`."""
    allowed: frozenset[str] = frozenset()
    """Commands of the project's suites."""
