"""How far a run is, what its loop does and how long that will take, in the words that every view has for it. Pure."""

from collections import Counter
from collections.abc import Mapping

from coordinator.lazy.typing import TYPE_CHECKING, NamedTuple
from coordinator.model.snapshot import LoopState, Snapshot
from coordinator.model.step import StepState

if TYPE_CHECKING:
    from coordinator.model.forecast import Forecast

_HOLDS_BACK = ("question", "permission", "input", "halted", "stuck", "setup", "review")
"""While one of these waits, nobody knows when work ends: only how much of it there is."""


class Counts(NamedTuple):
    """Prompts by how far they are."""

    merged: int
    review: int
    live: int
    failed: int
    """Blocked ones too."""
    total: int
    """Without the cancelled ones."""

    @property
    def words(self) -> str:
        """`3/4 merged`."""
        return far_words(self.merged, self.total)


def counts_of(snapshot: Snapshot) -> Counts:
    states = Counter(step.state for step in snapshot.steps.values())
    return Counts(
        merged=states[StepState.MERGED],
        review=states[StepState.CHANGE_OPEN],
        live=sum(count for state, count in states.items() if state.live) + len(snapshot.live_flows),
        failed=states[StepState.FAILED] + states[StepState.BLOCKED],
        total=states.total() - states[StepState.SKIPPED],
    )


def far_of(counts: Mapping[str, int]) -> str:
    """The same of counts by the names of states, as JSON has them."""
    return far_words(counts[StepState.MERGED.value], counts["total"] - counts[StepState.SKIPPED.value])


def far_words(merged: int, total: int) -> str:
    """`3/4 merged`: cancelled prompts are no part of what is to be done."""
    return f"{merged}/{total} merged" if total else "no prompts"


def waits_for_you(snapshot: Snapshot) -> bool:
    """Something that holds work up waits for a human."""
    from coordinator.views.attention import needs  # `coord status` asks only where it matters

    return any(need.kind in _HOLDS_BACK for need in needs(snapshot))


def loop_word(snapshot: Snapshot, live: int) -> str:
    """`running`, `paused`, …; `waits for you` where nobody works and a human has to do something first."""
    loop = snapshot.loop
    if loop.state is LoopState.RUNNING and not live and waits_for_you(snapshot):
        return "waits for you"
    return loop.state.value


def left_words(snapshot: Snapshot, ahead: "Forecast") -> str:
    """`about 40 min left`; `of work left` while nobody knows when it goes on."""
    words = ahead.words
    return words.replace(" left", " of work left") if words and waits_for_you(snapshot) else words
