"""Events with weight: what an attempt goes through by itself is one line, all else stands in full. Pure."""

from collections.abc import Iterable, Sequence

from coordinator.lazy.typing import NamedTuple
from coordinator.model.event import Event
from coordinator.model.text import plain
from coordinator.views.event_text import actor_name, describe
from coordinator.views.event_values import as_text

ROUTINE = frozenset(
    {
        *("step.pending", "step.dispatched", "step.prepared", "step.running", "step.change_open"),
        *("agent.started", "agent.status", "agent.exited", "agent.told"),
        *("stage.pending", "stage.dispatched", "stage.prepared", "stage.started", "stage.ended"),
    }
)
"""Kinds that tell how an attempt gets on. Of these, what somebody has to see stands in full all the same."""
_ASKS = ("permission", "waiting-for-input", "paused")
"""States in which an agent waits for a human."""
_PATH = 6
"""Steps of the way that are told behind the newest one."""


class EventLine(NamedTuple):
    """A line of the log as people read it."""

    events: tuple[Event, ...]
    """Oldest first; more than one only of an attempt's routine."""

    @property
    def newest(self) -> Event:
        return self.events[-1]

    @property
    def before(self) -> str:
        """What came before the newest one, in a few words: `dispatched, started (codex), running`."""
        words = [told(event) for event in self.events[:-1]]
        left = ["…"] if len(words) > _PATH else []
        return ", ".join((*left, *words[-_PATH:]))


def in_full(events: Iterable[Event]) -> list[EventLine]:
    """A line an event."""
    return [EventLine((event,)) for event in events]


def gathered(events: Sequence[Event]) -> list[EventLine]:
    """Each attempt's routine in one line, where its newest event stands; all else in lines of their own, in order.

    `events`: ascending. Each of them is in exactly one line, and the lines ascend by their newest events.
    """
    at_hand: dict[tuple[str | None, str], list[Event]] = {}
    newest: dict[int, str] = {}
    places: dict[int, list[Event]] = {}
    for event in events:
        key = _routine_of(event, newest)
        line = at_hand.setdefault(key, []) if key is not None else []
        if line:
            del places[line[-1].seq]
        line.append(event)
        places[event.seq] = line
    return [EventLine(tuple(line)) for line in places.values()]


def told(event: Event) -> str:
    """What an event of a routine says, without whose it is: `running`, `started (codex)`."""
    text, number = describe(event).text, event.prompt
    owner = f"{number:02d}" if number is not None else plain(actor_name(event.subject.partition(":")[2]))
    return " ".join(text.removeprefix(f"{owner} ").split())


def _routine_of(event: Event, newest: dict[int, str]) -> tuple[str | None, str] | None:
    """Run and agent of the attempt whose routine an event is a part of; None: it stands in full.

    `newest`: by prompt the agent that was told of last, for events that name none.
    """
    if event.kind not in ROUTINE or not _calm(event):
        return None
    head, _, rest = event.subject.partition(":")
    number, agent = event.prompt, rest if head == "agent" else as_text(event.data.get("agent") or "")
    if not agent and number is not None:
        attempt = event.data.get("attempt")
        agent = newest.get(number, f"{number}") if attempt is None else f"executor-{number:02d}-{attempt}"
    if number is not None:
        newest[number] = agent
    return event.run, agent or event.subject


def _calm(event: Event) -> bool:
    """Nobody has to see it: it is the loop's own, and nothing went wrong."""
    data = event.data
    if event.actor_kind != "system":
        return False
    if event.kind == "agent.exited":
        return data.get("status") in (0, None)
    if event.kind == "agent.status":
        return not data.get("stuck") and data.get("state") not in _ASKS
    return not (event.kind.endswith(".pending") and data.get("reason"))
