"""What models cost, where that is known: US dollars for a million tokens."""

from collections.abc import Mapping

_PRICES: Mapping[str, tuple[float, float]] = {
    "claude-fable-5-1": (10.0, 50.0),
    "claude-opus-5-5": (4.0, 20.0),
    "claude-opus-5": (5.0, 25.0),
    "claude-opus-4-7": (5.0, 25.0),
    "claude-opus-4-6": (5.0, 25.0),
    "claude-opus-4-5": (5.0, 25.0),
    "claude-sonnet-5-5": (2.0, 10.0),
    "claude-sonnet-5": (2.0, 10.0),
    "claude-sonnet-4-5": (3.0, 15.0),
    "claude-haiku-4-5": (1.0, 5.0),
}
"""Model → input and output. A model that is not here costs nobody knows what."""
_WRITTEN, _READ = 1.25, 0.1
"""What input costs that is put into the cache, and what is taken from it, in terms of other input."""


def cost(model: str, *, input: int, written: int, read: int, output: int) -> float | None:
    """US dollars for these tokens; None for a model whose price is not known."""
    price = _PRICES.get(model) or _PRICES.get(model.rpartition("-20")[0])
    if price is None:
        return None
    return ((input + written * _WRITTEN + read * _READ) * price[0] + output * price[1]) / 1_000_000
