"""Ages and amounts as people read them at a glance."""

from coordinator.model.clock import timestamp
from coordinator.model.text import age


def since(iso: str, now: float) -> str:
    """The age of a moment given as UTC ISO 8601; empty for anything else."""
    then = timestamp(iso)
    return age(now - then) if then else ""


def tokens(count: int | None) -> str:
    """`950`, `18k`, `1.2M`; a dash when nobody knows."""
    if count is None:
        return "–"
    if count < 1000:
        return str(count)
    if count < 999_500:
        return f"{count / 1000:.0f}k"
    return f"{count / 1_000_000:.1f}M"


def dollars(amount: float | None) -> str:
    return "–" if amount is None else f"${amount:.2f}"
