"""What work has used up so far. What nobody told is None, never 0."""

from collections.abc import Iterable

from coordinator.lazy.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens, money and time of agents."""

    tokens: int | None = None
    cost_usd: float | None = None
    seconds: float = 0.0

    def plus(self, other: "Spent") -> "Spent":
        """Both together, as far as either is known."""
        tokens = [count for count in (self.tokens, other.tokens) if count is not None]
        costs = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        return Spent(sum(tokens) if tokens else None, sum(costs) if costs else None, self.seconds + other.seconds)

    @property
    def words(self) -> str:
        """`18,200 tokens, $0.12`; empty when nobody told anything."""
        told = [f"{self.tokens:,} tokens"] if self.tokens is not None else []
        return ", ".join([*told, *([f"${self.cost_usd:.2f}"] if self.cost_usd is not None else [])])

    def told(self) -> dict[str, object]:
        """What is known of it, as data of an event."""
        known = {"tokens": self.tokens, "cost_usd": None if self.cost_usd is None else round(self.cost_usd, 6)}
        return {name: value for name, value in known.items() if value is not None}


NOTHING = Spent()


def total(parts: Iterable[Spent]) -> Spent:
    """All of them together."""
    tokens: list[int] = []
    costs: list[float] = []
    seconds = 0.0
    for part in parts:
        seconds += part.seconds
        if part.tokens is not None:
            tokens.append(part.tokens)
        if part.cost_usd is not None:
            costs.append(part.cost_usd)
    return Spent(sum(tokens) if tokens else None, sum(costs) if costs else None, seconds)
