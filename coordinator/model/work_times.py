"""What attempts took, and what waited for a human, folded from events one by one. Pure."""

from collections import deque
from collections.abc import Iterable, Mapping

from coordinator.model.clock import timestamp
from coordinator.model.event import Event
from coordinator.model.snapshot import Sample, Span

KINDS = ("questions", "permissions", "reviews")
"""What waits for a human."""
EVENTS = (
    *("question.asked", "question.answered", "run.asked", "change.approved", "change.rejected"),
    *("permission.answered", "agent.status", "milestone.created"),
)
"""Kinds of events that tell of it, but for `ENDS`: there is one of those for each attempt."""
ENDS = ("agent.exited", "agent.killed", "agent.lost")
_OPENS = ("question.asked", "run.asked")
OPENED = "opened"
"""Key of a verdict's data: when the change was opened, UTC, ISO 8601."""
KIND = "agent.exited"
"""The event of an attempt's end that tells what it took."""
NOTHING: Mapping[str, Span] = {}
MOST = 200
"""Finished attempts that are looked at: the newest."""


class Waiting:
    """What waited up to the last event fed; other kinds of events pass through without effect."""

    def __init__(self, open_: Mapping[str, Span] = NOTHING, closed: Iterable[Span] = ()) -> None:
        """To go on from what waited up to some event: what waits still, by question or agent, and what is over."""
        self.open: dict[str, Span] = dict(open_)
        self.closed: list[Span] = []
        self._own: dict[int, list[Span]] = {}
        """By prompt: those of `closed` that are about one."""
        self._spans: tuple[Span, ...] | None = None
        for span in closed:
            self._close(span)

    def feed(self, event: Event) -> None:
        """Take the next event."""
        at = timestamp(event.ts)
        if event.kind in _OPENS:
            self._begin(f"question:{event.id}", Span("questions", at, None, event.prompt))
        elif event.kind == "question.answered":
            self._end(f"question:{event.data.get('question')}", at)
        elif event.kind in ("change.approved", "change.rejected"):
            opened = event.data.get(OPENED)
            if isinstance(opened, str) and 0 < timestamp(opened) <= at:
                self._close(Span("reviews", timestamp(opened), at, event.prompt))
        elif event.kind == "agent.status" and event.data.get("state") == "permission":
            number = event.data.get("prompt")
            self._begin(event.subject, Span("permissions", at, None, number if isinstance(number, int) else None))
        elif event.kind == "permission.answered" or event.kind.startswith("agent."):
            self._end(event.subject, at)
        elif event.kind == "milestone.created":
            self.closed, self._own, self._spans = [], {}, None

    def asking(self) -> list[tuple[str, float]]:
        """The agents that ask for a permission, as subjects of events, and since when."""
        return [(key, span.start) for key, span in self.open.items() if span.kind == "permissions"]

    def held(self, prompt: int, start: float, end: float) -> float:
        """Seconds between two moments in which a prompt's agent waited for a human."""
        own = [(max(start, s.start), end) for s in self.open.values() if s.prompt == prompt]
        for span in reversed(self._own.get(prompt, ())):
            if span.end is None or span.end <= start:
                break  # they end one after the other
            own.append((max(start, span.start), min(end, span.end)))
        return union(own)

    def spans(self) -> tuple[Span, ...]:
        """All of them; the very same while nothing is new."""
        if self._spans is None:
            self._spans = (*self.closed, *self.open.values())
        return self._spans

    def _begin(self, key: str, span: Span) -> None:
        if key not in self.open:
            self.open[key] = span
            self._spans = None

    def _end(self, key: str, at: float) -> None:
        span = self.open.pop(key, None)
        if span is not None:
            self._close(Span(span.kind, span.start, max(span.start, at), span.prompt))

    def _close(self, span: Span) -> None:
        self.closed.append(span)
        self._spans = None
        if span.prompt is not None:
            self._own.setdefault(span.prompt, []).append(span)


def union(spans: list[tuple[float, float]]) -> float:
    """How long at least one of these (start, end) lasts; one that ends before it starts does not."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        if end > max(start, reached):
            total += end - max(start, reached)
            reached = end
    return total


def sample_of(event: Event, waiting: Waiting) -> Sample | None:
    """What a finished attempt took, without the time in which it waited for a human; None for all other events.

    An attempt that handed nothing off did not finish.
    """
    data = event.data
    seconds, tokens, number = _number(data.get("seconds")), data.get("tokens"), data.get("prompt")
    if event.kind != KIND or not data.get("outcome") or seconds is None or data.get("flow"):
        return None  # what looking or planning takes says nothing of prompts
    end = timestamp(event.ts)
    held = waiting.held(number, end - seconds, end) if isinstance(number, int) else 0.0
    return Sample(
        str(data.get("runtime") or ""),
        str(data.get("model") or ""),
        tokens if isinstance(tokens, int) and not isinstance(tokens, bool) else None,
        _number(data.get("cost_usd")),
        max(0.0, seconds - held),
    )


class Samples:
    """What finished attempts took, up to the last event fed: the newest of them."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=MOST)
        self._newest: tuple[Sample, ...] | None = ()

    def feed(self, event: Event, waiting: Waiting) -> None:
        """Take the next event, which `waiting` was fed before."""
        sample = sample_of(event, waiting) if event.kind == KIND else None
        if sample is not None:
            self._samples.append(sample)
            self._newest = None

    def newest(self) -> tuple[Sample, ...]:
        """Oldest first; the very same while none is new."""
        if self._newest is None:
            self._newest = tuple(self._samples)
        return self._newest


def _number(value: object) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12
    return float(value) if fits else None  # type: ignore[arg-type]
