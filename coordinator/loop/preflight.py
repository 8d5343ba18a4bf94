"""Before the loop starts: whether the agents that its prompts name would get to work at all."""

from collections.abc import Sequence
from pathlib import Path

from coordinator.agents.readiness import all_not_ready
from coordinator.errors import CoordError, Refused
from coordinator.lazy.dataclass import dataclass
from coordinator.model.loop_state import startable
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.storage.config import Config

_WAITING = (StepState.PENDING, StepState.FAILED, StepState.BLOCKED)
"""States of prompts for which an agent may still be started."""
_SHOWN = 4
"""Prompts that a sentence names."""


@dataclass(frozen=True, slots=True)
class Unready:
    """An agent that can't be started now, and whom that concerns."""

    runtime: str
    prompts: tuple[int, ...]
    error: CoordError

    @property
    def what(self) -> str:
        """`claude is not logged in (01, 02)`"""
        named = ", ".join(f"{number:02d}" for number in self.prompts[:_SHOWN])
        more = len(self.prompts) - _SHOWN
        return f"{self.error.message} ({named}{f' and {more} more' if more > 0 else ''})"

    @property
    def sentence(self) -> str:
        """All of it in one line, with the remedy."""
        return f"{self.what}: {self.error.remedy}"


def wanted(snapshot: Snapshot, config: Config) -> dict[str, tuple[int, ...]]:
    """Every runtime that a prompt may still be given to, with the numbers of these prompts."""
    found: dict[str, list[int]] = {}
    for number, prompt in snapshot.prompts.items():
        if snapshot.steps[number].state in _WAITING:
            found.setdefault(prompt.agent or config.runtime, []).append(number)
    return {name: tuple(numbers) for name, numbers in found.items()}


def unready(snapshot: Snapshot, config: Config, root: Path) -> tuple[Unready, ...]:
    """The agents that waiting prompts need and that are not ready; takes as long as the slowest CLI does."""
    prompts = wanted(snapshot, config)
    found = all_not_ready(tuple(prompts), {"command": config.command}, root)
    return tuple(Unready(name, prompts[name], error) for name, error in found.items())


def refusal(snapshot: Snapshot, found: Sequence[Unready]) -> Refused | None:
    """Why starting the loop is of no use: nothing is under way, and whatever could start needs an agent that can't."""
    able = startable(snapshot.graph, snapshot.prompts, snapshot.steps, snapshot.questions)
    lame = {number for one in found for number in one.prompts}
    busy = any(step.state.live or step.state is StepState.CHANGE_OPEN for step in snapshot.steps.values())
    if busy or not able or not lame.issuperset(able):
        return None
    blamed = [one for one in found if not set(one.prompts).isdisjoint(able)]
    message = "; ".join(one.what for one in blamed)
    return Refused(f"nothing can start: {message}", "; ".join(one.error.remedy for one in blamed))
