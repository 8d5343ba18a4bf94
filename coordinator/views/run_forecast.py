"""What starting a milestone that iterates is likely to cost, said before it does. Pure."""

from coordinator.lazy.dataclass import dataclass
from coordinator.model.expectation import LEAST, Expectation, expect, short
from coordinator.model.forecast import forecast, rough
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import amount


@dataclass(frozen=True, slots=True)
class RunForecast:
    """One iteration: its Planner, Verifier and specialists, besides the prompts that are planned in it."""

    roles: int
    """Agents that each iteration starts beside those of prompts."""
    each: Expectation
    """What one agent's work takes here."""
    left: int
    """Prompts that are left already."""
    max_iterations: int

    def to_json(self) -> dict[str, object]:
        return {
            "roles": self.roles,
            "prompts_left": self.left,
            "max_iterations": self.max_iterations,
            "each": self.each.to_json(),
        }

    @property
    def lines(self) -> tuple[str, ...]:
        """For people."""
        prompts = f", {amount(self.left, 'prompt')} that is left" if self.left == 1 else ""
        prompts = f", {self.left} prompts that are left" if self.left > 1 else prompts
        first = (
            f"An iteration starts {amount(self.roles, 'agent')} (Planner, Verifier, specialists)"
            f"{prompts} and the prompts that are planned in it; at most {amount(self.max_iterations, 'iteration')}."
        )
        if not self.each.told:
            return (first, f"What that costs nobody can tell yet: {self.each.samples} of {LEAST} agents finished here.")
        return (first, f"An agent here {self.each.words}.", f"The first iteration: {self._first}.")

    @property
    def _first(self) -> str:
        count = self.roles + self.left
        parts = []
        if self.each.seconds is not None:
            parts.append(f"{rough(self.each.seconds.p50 * count)} of work")
        if self.each.tokens is not None:
            parts.append(f"{short(self.each.tokens.p50 * count)} tokens")
        if self.each.cost_usd is not None:
            parts.append(f"${self.each.cost_usd.p50 * count:.2f}")
        more = " and what it plans besides" if self.left == 0 else ""
        return f"about {', '.join(parts)} for {amount(count, 'agent')}{more}"


def run_forecast(snapshot: Snapshot, specialists: int, now: float) -> RunForecast:
    """The forecast of a run that is to start; `now` in Unix seconds."""
    told = forecast(snapshot, now)
    each = expect(snapshot.samples, snapshot.settings.runtime)
    return RunForecast(2 + specialists, each, told.left, snapshot.settings.max_iterations)
