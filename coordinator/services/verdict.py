"""What is wrong with a verdict before anybody runs a command of it."""

from collections.abc import Mapping, Sequence

from coordinator.lazy.typing import Any
from coordinator.model.round import Criterion
from coordinator.model.text import clip, plain


def against_verdict(criteria: Sequence[Criterion], given: Mapping[str, Any]) -> tuple[str, ...]:
    """Every reason why a verdict, with the keys of `coord agent verdict`, can't be taken; none: it can.

    `criteria`: those of the milestone; where it has none, any id will do.
    """
    known = {criterion.id for criterion in criteria}
    claims: Sequence[Mapping[str, str]] = given.get("criteria") or ()
    named = [claim["id"] for claim in claims]
    met = given["met"]
    reasons = []
    strange = sorted({name for name in named if known and name not in known})
    if strange:
        reasons.append(f"there is no criterion {_listed(strange)}; there is {_listed(sorted(known, key=in_order))}")
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        reasons.append(f"{_listed(twice)} is judged twice")
    if met == "yes":
        open_ = [claim["id"] for claim in claims if claim["status"] != "met"]
        if open_:
            reasons.append(f"the milestone can't be met while {_listed(open_)} is not")
        left = sorted(known - set(named), key=in_order)
        if left:
            reasons.append(f"the milestone is not met without a word on {_listed(left)}")
        if given.get("gaps"):
            reasons.append("what has gaps is not met: say partly, or leave the gaps out")
    return tuple(reasons)


def in_order(name: str) -> tuple[str, int, str]:
    """Sorts SC-10 behind SC-2."""
    head, _, number = name.rpartition("-")
    return (head, int(number), "") if number.isascii() and number.isdigit() else (name, 0, number)


def _listed(names: Sequence[str]) -> str:
    shown = [clip(plain(name), 40) for name in names[:12]]
    return ", ".join(shown) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
