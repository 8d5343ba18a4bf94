"""The hand-off of an attempt as the log holds it: the event is what counts, files are written from it. Pure."""

from collections.abc import Iterable, Mapping

from coordinator.lazy.dataclass import fields, replace
from coordinator.lazy.typing import Any
from coordinator.model.event import ActorKind, Event
from coordinator.model.step import Receipt
from coordinator.model.work import WorkId, work_about

HAND_OFF = "handoff.given"
OUTCOMES = ("done", "failed", "blocked")
Key = tuple[str, WorkId, int]
"""An attempt: its run, what it is for, its number."""
_LISTS = tuple(f.name for f in fields(Receipt) if f.default == ())


class HandOffs:
    """Who handed off what, up to the last event fed."""

    def __init__(self) -> None:
        self._given: dict[Key, tuple[Receipt, ...]] = {}

    def feed(self, events: Iterable[Event]) -> None:
        """Take the next events, in order; those of other kinds are skipped."""
        for event in events:
            if event.kind != HAND_OFF:
                continue
            key, receipt = _key(event), receipt_of(event)
            if key is not None and receipt is not None:
                self._given[key] = (*self._given.get(key, ()), receipt)

    def of(self, run: str, work: WorkId, attempt: int, agent: str = "") -> tuple[Receipt, ...]:
        """The hand-offs of an attempt, oldest first: the last one counts. `agent`: those of nobody else."""
        given = self._given.get((run, work, attempt), ())
        if not agent or all(receipt.agent == agent for receipt in given):
            return given
        return tuple(receipt for receipt in given if receipt.agent == agent)


def receipt_of(event: Event) -> Receipt | None:
    """The receipt that an event holds, of the agent that wrote it; None for what is no agent's hand-off."""
    data = event.data
    outcome, summary = data.get("outcome"), data.get("summary")
    if event.actor_kind != ActorKind.AGENT or outcome not in OUTCOMES or not isinstance(summary, str):
        return None
    at, seq, digest = data.get("at"), data.get("log_seq"), data.get("log_hash")
    lists: dict[str, Any] = {name: _texts(data.get(name)) for name in _LISTS if name in data}
    return Receipt(
        str(outcome),
        summary,
        event.actor,
        at if isinstance(at, str) else event.ts,
        no_change=data.get("no_change") is True,
        next=str(data.get("next") or ""),
        log_seq=seq if type(seq) is int else 0,
        log_hash=digest if isinstance(digest, str) else "",
        **lists,
    )


def said_by(receipt: Receipt, attempt: int) -> Mapping[str, object]:
    """What the event of a hand-off tells: the attempt, and the whole receipt without what is empty."""
    told = {f.name: getattr(receipt, f.name) for f in fields(Receipt)}
    return {"attempt": attempt} | {
        name: list(value) if isinstance(value, tuple) else value for name, value in told.items() if value
    }


def words_of(receipt: Receipt) -> Receipt:
    """What a hand-off says, whenever it was written: of two with the same words, the second is the first again."""
    return replace(receipt, at="", log_seq=0, log_hash="")


def _key(event: Event) -> Key | None:
    work, attempt = work_about(event.subject), event.data.get("attempt")
    return (event.run, work, attempt) if event.run and work is not None and type(attempt) is int else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()
