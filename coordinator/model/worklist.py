"""The worklist of a critic: what it found, who is to look after it, and what came of that. Pure."""

from enum import StrEnum

from coordinator.lazy.dataclass import dataclass


class Fate(StrEnum):
    """What became of an item."""

    PENDING = "PENDING"
    RESOLVED = "RESOLVED"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One thing to do, with what its file says word by word; empty: nothing."""

    id: str
    summary: str = ""
    severity: str = ""
    """`CRITICAL`, `MAJOR` or `MINOR`."""
    fate: Fate = Fate.PENDING
    source_id: str = ""
    category: str = ""
    file: str = ""
    line: int = 0
    """1-based; 0 where it is about no line."""
    route_to: str = ""
    """The station that is to look after it."""
    evidence: str = ""
    resolution: str = ""

    @property
    def place(self) -> str:
        """`src/limits.py:12`."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file


@dataclass(frozen=True, slots=True)
class Worklist:
    """What a critic handed in."""

    items: tuple[WorkItem, ...] = ()
    further_round_helps: bool = True
    """The critic says that another round of its author would bring something."""
    source: str = ""
    """The text that it was read from, with all that nobody here understands."""

    @property
    def pending(self) -> int:
        """How many items are still to be done."""
        return self.count(Fate.PENDING)

    def count(self, fate: Fate) -> int:
        return sum(item.fate is fate for item in self.items)

    def routed_to(self, station: str) -> tuple[WorkItem, ...]:
        """What a station is to look after: pending, and meant for it or for nobody."""
        wanted = ("", station.casefold())
        return tuple(i for i in self.items if i.fate is Fate.PENDING and i.route_to.casefold() in wanted)
