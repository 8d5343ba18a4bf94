"""How a life of the loop ends. Pure."""

from coordinator.lazy.dataclass import dataclass
from coordinator.model.queue import live_attempts
from coordinator.model.snapshot import LoopState, Snapshot


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a life of the loop ended, or how far there is nothing left for it to do."""

    state: str
    """`finished`, `idle`, `halted`, `stuck` or `stopped`."""
    reason: str
    exit_code: int


def outcome(snapshot: Snapshot) -> Outcome | None:
    """Why a loop that runs until nothing is left may end now; None while there is something to wait for.

    A pause, an open question and a change under review are waited for: a human ends them.
    """
    loop = snapshot.loop
    if snapshot.unfinished or snapshot.live_flows:
        return None
    if loop.state is LoopState.FINISHED:
        return Outcome("finished", loop.reason, 0)
    if loop.state is LoopState.IDLE:
        return Outcome("idle", loop.reason, 0)
    if live_attempts(snapshot):
        return None
    if loop.state in (LoopState.HALTED, LoopState.STUCK):
        return Outcome(loop.state.value, loop.reason, 1)
    return None
