"""When to read which pane. Pure: times come in, times go out."""

from collections.abc import Collection

from coordinator.lazy.dataclass import dataclass

FOCUSED = 1 / 30
"""Least seconds between two looks at the pane in focus; the first change after a rest is looked at at once."""
IN_SIGHT = 1 / 10
LOOKS = 80
"""Looks a second at all panes in sight, however many: with a wall of busy ones each moves slower."""
CHECK = 5.0
"""Seconds after which a quiet pane is looked at all the same: a lost notice must not freeze a screen."""
POLL_FOCUSED = 1 / 10
"""Seconds between two looks where nothing tells of changes; doubled while nothing changes."""
POLL_IN_SIGHT = 1 / 2
POLL_QUIET = 2.0


@dataclass(slots=True)
class _Pane:
    changed: bool = True
    gone: bool = False
    last: float = float("-inf")
    patience: float = 0.0
    """Seconds to the next look while polling."""


class Pace:
    """Decides which panes are due, so that a change is seen at once and none is read too often."""

    def __init__(self) -> None:
        self._panes: dict[str, _Pane] = {}
        self._focused: str | None = None
        self._told = False
        self._interval = IN_SIGHT

    @property
    def panes(self) -> Collection[str]:
        """Panes in sight."""
        return self._panes.keys()

    def by_control(self, told: bool) -> None:
        """Say whether changes are told, by `changed`; otherwise panes are polled."""
        self._told = told

    def show(self, panes: Collection[str], focused: str | None) -> set[str]:
        """Set what is in sight and in focus; returns what was not in sight before, due at once."""
        new = {pane for pane in panes if pane not in self._panes}
        self._panes = {pane: self._panes.get(pane) or _Pane() for pane in panes}
        self._focused = focused
        self._interval = max(IN_SIGHT, len(panes) / LOOKS)
        return new

    def changed(self, pane: str) -> None:
        """Note that a pane may look different."""
        if state := self._panes.get(pane):
            state.changed, state.gone = True, False

    def all_changed(self) -> None:
        for pane in self._panes:
            self.changed(pane)

    def was_read(self, pane: str, now: float, *, gone: bool = False, same: bool = False) -> None:
        """Note a look at a pane: its changes up to now are covered."""
        if state := self._panes.get(pane):
            floor = POLL_FOCUSED if pane == self._focused else POLL_IN_SIGHT
            state.patience = min(max(state.patience, floor) * 2, POLL_QUIET) if same or gone else floor
            state.changed, state.gone, state.last = False, gone, now

    def due(self, now: float) -> list[str]:
        """Panes to read now, the one in focus first.

        Changed ones out of focus that will be due soon are taken along with others: what is read together is painted
        together, and panes that go on printing come into step.
        """
        moments = {pane: at for pane, state in self._panes.items() if (at := self._due_at(pane, state)) is not None}
        due = [pane for pane, at in moments.items() if at <= now]
        if any(pane != self._focused for pane in due):
            due += [pane for pane, at in moments.items() if now < at <= now + self._interval / 2 and self._along(pane)]
        return sorted(due, key=lambda pane: pane != self._focused)

    def _along(self, pane: str) -> bool:
        return self._panes[pane].changed and pane != self._focused

    def next_due(self) -> float | None:
        """The moment at which a pane will be due if nothing happens; None: never."""
        moments = [at for pane, state in self._panes.items() if (at := self._due_at(pane, state)) is not None]
        return min(moments, default=None)

    def _due_at(self, pane: str, state: _Pane) -> float | None:
        if state.changed:
            return state.last + (FOCUSED if pane == self._focused else self._interval)
        if not self._told:
            return state.last + state.patience
        return None if state.gone else state.last + CHECK
