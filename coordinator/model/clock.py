"""The clock, and moments as text: UTC, ISO 8601."""

import time
from datetime import datetime


def utc_now() -> str:
    """This moment, with milliseconds: `2027-01-15T08:00:00.123Z`."""
    seconds, rest = divmod(time.time_ns(), 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest // 1_000_000:03d}Z"


def iso(seconds: float) -> str:
    """A moment in Unix seconds, to the second: `2027-01-15T08:00:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def timestamp(text: str) -> float:
    """Unix seconds of such a text; 0.0 for anything else."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def wall(text: str) -> str:
    """`14:02:11` in the zone of the machine; what was written, for anything that is no time."""
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return text[11:19]


def day_and_time(text: str) -> str:
    """`2026-03-01 14:02:11`, in the zone of the machine."""
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return text
