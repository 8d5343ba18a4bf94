"""When a limit of a model service ends, by the words of an agent's CLI. Pure: what isn't plainly told stays unknown."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from coordinator.agents.runtime import Said
from coordinator.lazy import regex
from coordinator.model.snapshot import AgentState

_FARTHEST = 31 * 86_400.0
"""Seconds: what is farther away is no limit but a misunderstanding."""
COUNTED_WITHIN = 3.0
"""Seconds by which a countdown on a screen may be off."""
_CLOCK_REACH = 12 * 3600.0
"""Seconds within which a time without a date has to come: a time that has just passed would else be tomorrow's."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_AMOUNT = (
    r"\d{1,6}(?:\.\d{1,9})?\s*(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])"
)
_ABOUT = r"\b(?:retry(?:ing)?|try\s+again|resets?|available\s+again|continuing\s+automatically)"
_IN = regex.compile(rf"{_ABOUT}\s+(?:in|after)\s+({_AMOUNT}(?:(?:\s*,?\s*(?:and\s+)?|)(?:{_AMOUNT}))*)", re.IGNORECASE)
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_AT = regex.compile(
    rf"{_ABOUT}\s+(?:(?:at|on)\s+)?(?:{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?:(?P<year>\d{{4}}),?\s+)?"
    r"(?:at\s+)?)?(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?(?P<half>\s*[ap]m)?(?![\w:])"
    r"(?:\s*(?:\((?P<place>[^()]{1,64})\)|(?-i:(?P<zone>UTC|GMT(?:[+-]\d{1,2}(?::\d\d)?)?|[A-Z]{2,5})\b)))?",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def reset_time(said: Said, at: float, local: tzinfo | None = None) -> float | None:
    """Unix time when the limit ends that a CLI spoke of at `at` (Unix seconds); None: it is none, or doesn't tell."""
    if said.state is not AgentState.RATE_LIMITED:
        return None
    if said.resets_at is not None:
        return said.resets_at if at < said.resets_at <= at + _FARTHEST else None
    return reset_in_words(said.when, at, local)


def reset_in_words(text: str, at: float, local: tzinfo | None = None) -> float | None:
    """Unix time of `retrying in 12s`, `resets 3pm (Europe/Berlin)` and the like, said at `at`; None for all else.

    `local`: the zone of times without one; None: the machine's own.
    """
    waits = _IN.search(text)
    if waits:
        seconds = sum(_seconds(amount) for amount in re.findall(_AMOUNT, waits[1], re.IGNORECASE))
        return at + seconds if 0 < seconds <= _FARTHEST else None
    clock = _AT.search(text)
    return _moment(clock, at, local) if clock else None


def _seconds(amount: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)\s*([a-z]+)", amount.lower()).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS["ms" if unit in ("ms", "millisecond", "milliseconds") else unit[0]]


def _moment(match: "re.Match[str]", at: float, local: tzinfo | None) -> float | None:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = (match["half"] or "").strip().lower()
    if not half and match["minute"] is None:
        return None  # a bare number may be anything
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + (12 if half == "pm" else 0) if half else hour
    try:
        now = datetime.fromtimestamp(at, UTC).astimezone(local)
        zone = _zone(match, now)
        if zone is None:
            return None
        now = now.astimezone(zone)
        if match["month"]:
            return _on_a_date(match, now, hour, minute)
        found = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        found += timedelta(days=found <= now)
        moment = found.timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return moment if at < moment <= at + _CLOCK_REACH else None


def _on_a_date(match: "re.Match[str]", now: datetime, hour: int, minute: int) -> float | None:
    month = _MONTHS.index(match["month"].lower()) + 1
    years = (int(match["year"]),) if match["year"] else (now.year, now.year + 1)
    for year in years:
        found = datetime(year, month, int(match["day"]), hour, minute, tzinfo=now.tzinfo).timestamp()
        if 0 < found - now.timestamp() <= _FARTHEST:
            return found
    return None


def _zone(match: "re.Match[str]", now: datetime) -> tzinfo | None:
    """The zone that is named, the local one if none is; None for a name that nobody here knows."""
    if match["place"]:
        from zoneinfo import ZoneInfo

        try:
            return ZoneInfo(match["place"])
        except (LookupError, ValueError, OSError):
            return None
    name = (match["zone"] or "").upper()
    if not name or name == (now.tzname() or "").upper():
        return now.tzinfo
    offset = re.fullmatch(r"(?:UTC|GMT)(?:([+-]\d{1,2})(?::(\d\d))?)?", name)
    if offset is None:
        return None
    hours, minutes = int(offset[1] or 0), int(offset[2] or 0)
    return timezone(timedelta(hours=hours, minutes=-minutes if (offset[1] or "").startswith("-") else minutes))
