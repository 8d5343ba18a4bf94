"""Which milestones there are, and what each has while another one is the present one: folded from events. Pure."""

from collections.abc import Iterable, Mapping

from coordinator.lazy.typing import Any
from coordinator.model.event import Event


class PerMilestone:
    """Keeps a mapping of each milestone while another one is the present one."""

    def __init__(self) -> None:
        self._present = ""
        self._kept: dict[str, Mapping[str, Any]] = {}

    def turn(self, begun: Event, own: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the milestone of a `milestone.created` has; `own`: what the one before has.

        The present one that is only given its id keeps what is its own.
        """
        name, before = text_of(begun.data, "id"), begun.data.get("before")
        named = bool(name) and before is None and not begun.data.get("again") and not self._present
        left = (text_of(before, "id") if isinstance(before, dict) else "") or self._present
        self._present = name
        if named:
            return own
        if left:
            self._kept[left] = own
        return self._kept.pop(name, {}) if name else {}


class MilestoneNames:
    """Ids of milestones, up to the last event fed."""

    def __init__(self) -> None:
        self._present = ""
        self._known: frozenset[str] = frozenset()

    def feed(self, begun: Event) -> None:
        """Take the next `milestone.created`."""
        before = begun.data.get("before")
        left = text_of(before, "id") if isinstance(before, dict) else ""
        self._present = text_of(begun.data, "id")
        self._known |= {name for name in (left, self._present) if name}

    def others(self, present: Iterable[str], kept: Iterable[str]) -> frozenset[str]:
        """Names of every milestone but the present one, which has the names `present`; `kept`: ids that have a file."""
        return self._known.union(kept).difference(present, (self._present,))


def text_of(data: Mapping[str, Any], key: str) -> str:
    """A value of an event that is text; empty for anything else."""
    value = data.get(key)
    return value if isinstance(value, str) else ""
