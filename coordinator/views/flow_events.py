"""What is said of events of flows: routings, seals, and what somebody changed that is not its own. Pure."""

from collections.abc import Mapping

_MOST = 5
"""Names or reasons that one line tells."""
_LONGEST = 300
"""Characters of a word of an event."""


def routed(data: Mapping[str, object], about: str, _: str) -> str:
    """`07 code-critic → implementer.2, round 2: 3 open items: round 2 of 3`."""
    came, to, reason = (_word(data, key) for key in ("from", "to", "reason"))
    if not to:
        ending = "failed" if data.get("outcome") == "failed" else "through"
        return _joined(": ", _joined(" ", about, _word(data, "pipeline"), ending), reason)
    way = f"{came} → {to}" if came else to
    nth = data.get("round")
    round_ = f"round {nth}" if isinstance(nth, int) and nth > 1 else ""
    recommended = _word(data, "recommended")
    other = f"{came} recommended {recommended}" if recommended and recommended not in to and came else ""
    return _joined("; ", _joined(": ", _joined(" ", about, _joined(", ", way, round_)), reason), other)


def sealed(data: Mapping[str, object], about: str, _: str) -> str:
    """`07 cleanup sealed: VERIFIED on 0123456789, 2 suites green`, or why it is not."""
    word = "sealed" if data.get("sealed") is True else "not sealed"
    runs = data.get("suites")
    suites = [one for one in runs if isinstance(one, Mapping)] if isinstance(runs, list | tuple) else []
    green = sum(one.get("exit") == 0 and one.get("timed_out") is not True for one in suites)
    commit = _word(data, "commit")[:10]
    shown = [
        _joined(" on ", _word(data, "status"), commit),
        f"{green} of {len(suites)} suites green" if suites else "no suite ran",
    ]
    why = data.get("reasons")
    reasons = [str(one)[:_LONGEST] for one in why[:_MOST]] if isinstance(why, list | tuple) else []
    return _joined(": ", _joined(" ", about, word), "; ".join(reasons) if reasons else _joined(", ", *shown))


def violated(data: Mapping[str, object], about: str, _: str) -> str:
    """`07 implementer changed what is not its own: tests/test_a.py, and 2 more; because …`."""
    given = data.get("files")
    files = [str(one)[:_LONGEST] for one in given] if isinstance(given, list | tuple) else []
    untold = data.get("more")
    left = max(0, len(files) - _MOST) + (untold if isinstance(untold, int) else 0)
    more = f" and {left} more" if left else ""
    told = f"{', '.join(files[:_MOST])}{more}"
    others = data.get("beside")
    names = ", ".join(str(one)[:_LONGEST] for one in others[:_MOST]) if isinstance(others, list | tuple) else ""
    who = _joined(" or ", about, f"{names} beside it" if names else "")
    said = _joined(": ", _joined(" ", who, "changed what is not its own"), told)
    return _joined("; ", said, _word(data, "reason", "text"))


def published(data: Mapping[str, object], about: str, _: str) -> str:
    """`02 implementer published ac_status.json`."""
    return _joined(" ", about, "published", _word(data, "name"))


def _word(data: Mapping[str, object], *keys: str) -> str:
    found = (data.get(key) for key in keys)
    return next((str(value)[:_LONGEST].strip() for value in found if value not in (None, "")), "")


def _joined(between: str, *parts: str) -> str:
    return between.join(part for part in parts if part)


SAY = {"routed": routed, "sealed": sealed, "violated": violated, "published": published}
"""By the last part of a kind."""
