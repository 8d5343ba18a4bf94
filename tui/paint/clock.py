"""Times as people read them at a glance."""

from datetime import UTC, datetime

from coordinator.model.loop_state import timestamp
from coordinator.model.text import age


def since(iso: str, now: float) -> str:
    """The age of a moment given as UTC ISO 8601; empty for anything else."""
    then = timestamp(iso)
    return age(now - then) if then else ""


def utc(seconds: float) -> str:
    """A moment of a clock as UTC ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def wall(iso: str) -> str:
    """`14:02:11` in the zone of the machine; what was written, for anything that is no time."""
    try:
        return datetime.fromisoformat(iso).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return iso[11:19]


def day_and_time(iso: str) -> str:
    """`2026-03-01 14:02:11`, in the zone of the machine."""
    try:
        return datetime.fromisoformat(iso).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return iso


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
