"""The intent of a milestone: what is to be true, what is not, and how to tell; its rules, and how two of them differ.

How they stand in `milestone.md` is the matter of `coordinator.formats.intent_text`.
"""

from collections.abc import Mapping

from coordinator.errors import UsageError
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.model.text import clip, plain, plain_lines

LONGEST_GOAL, LONGEST_ITEM, MOST_ITEMS = 10_000, 1_000, 100
"""Characters of a goal, characters of an item, and items of a list: an intent is read by every agent."""
PLACEHOLDER = "What is to be true when this is done."
"""The goal that `coord init` writes; it counts as none."""
_MARKER = regex.compile(r"\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)?(?:\[[ xX]\]\s+)?")


@dataclass(frozen=True, slots=True)
class Intent:
    """What an engineer wants of a milestone. Made by `intent`, so that it reads back from a file as it is."""

    goal: str = ""
    """Paragraphs."""
    non_goals: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()
    """Success criteria; a line each, as of all lists."""

    def to_json(self) -> dict[str, object]:
        return {
            "goal": self.goal,
            "non_goals": list(self.non_goals),
            "constraints": list(self.constraints),
            "success_criteria": list(self.criteria),
        }


@dataclass(frozen=True, slots=True)
class Version:
    """An intent as the log has it."""

    seq: int
    at: str
    """UTC, ISO 8601."""
    by: str
    intent: Intent


PARTS: Mapping[str, str] = {
    "non_goals": "non-goal",
    "constraints": "constraint",
    "criteria": "success criterion",
}
"""The lists of an intent, and what one item of each is called."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one part of an intent."""

    part: str
    """`goal`, `non-goal`, `constraint` or `success criterion`."""
    added: tuple[str, ...]
    """Items; of the goal: lines."""
    removed: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        return {"part": self.part, "added": list(self.added), "removed": list(self.removed)}


def intent(
    goal: str = "",
    non_goals: tuple[str, ...] = (),
    constraints: tuple[str, ...] = (),
    criteria: tuple[str, ...] = (),
) -> Intent:
    """An intent of these words, made safe: controls out, items on one line without their bullets, empty ones gone."""
    text = "\n".join(line.rstrip() for line in plain_lines(_uncommented(goal))).strip()
    lists = (tuple(filter(None, map(_item, items))) for items in (non_goals, constraints, criteria))
    return Intent("" if text == PLACEHOLDER else text, *lists)


def checked(wanted: Intent) -> Intent:
    """The intent itself, if agents can go by it; UsageError naming what is missing, too long or contradictory."""
    if not wanted.goal:
        raise UsageError("the intent has no goal", "--goal 'what is to be true when this is done'")
    if len(wanted.goal) > LONGEST_GOAL:
        raise UsageError(f"the goal has {len(wanted.goal):,} characters", f"keep it below {LONGEST_GOAL:,}")
    for part, name in PARTS.items():
        _check_items(getattr(wanted, part), name)
    ruled_out = {item.casefold() for item in wanted.non_goals}
    for item in (*wanted.criteria, *wanted.constraints):
        if item.casefold() in ruled_out:
            raise UsageError(
                f"`{clip(item, 60)}` is asked for and ruled out at once", "take it out of one of the lists"
            )
    return wanted


def differences(before: Intent, after: Intent) -> tuple[Change, ...]:
    """What is there now and was not, and the other way round; a part that is the same is left out."""
    changes = []
    if before.goal != after.goal:
        added, removed = _of_lines(before.goal.splitlines(), after.goal.splitlines())
        changes.append(Change("goal", added, removed))
    for part, name in PARTS.items():
        old, new = getattr(before, part), getattr(after, part)
        if old != new:
            added = tuple(item for item in new if item not in old)
            removed = tuple(item for item in old if item not in new)
            changes.append(Change(name, added, removed))
    return tuple(changes)


def _of_lines(old: list[str], new: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Lines that are there now and were not, and the other way round."""
    if not old or not new:
        return tuple(new), tuple(old)
    from difflib import ndiff

    lines = list(ndiff(old, new))
    added, removed = (tuple(line[2:] for line in lines if line.startswith(sign)) for sign in ("+ ", "- "))
    return added, removed


def summary(changes: tuple[Change, ...]) -> str:
    """The changes in a few words: `goal changed, 2 constraints added`."""
    words = []
    for change in changes:
        if change.part == "goal":
            words.append("goal changed")
            continue
        counts = [
            f"{len(items)} {verb}" for items, verb in ((change.added, "added"), (change.removed, "removed")) if items
        ]
        words.append(f"{_plural(change.part)}: {', '.join(counts) or 'another order'}")
    return "; ".join(words) or "as it was"


def from_data(data: Mapping[str, object]) -> Intent:
    """The intent that an `intent.set` event carries; whatever is missing or odd is left out."""
    lists = (data.get(key) for key in ("non_goals", "constraints", "success_criteria"))
    items = (tuple(map(str, found)) if isinstance(found, list | tuple) else () for found in lists)
    goal = data.get("goal")
    return intent(goal if isinstance(goal, str) else "", *items)


def _check_items(items: tuple[str, ...], name: str) -> None:
    if len(items) > MOST_ITEMS:
        raise UsageError(f"{len(items)} {_plural(name)} are more than anybody keeps in mind", f"at most {MOST_ITEMS}")
    seen: set[str] = set()
    for item in items:
        if len(item) > LONGEST_ITEM:
            raise UsageError(f"a {name} has {len(item):,} characters", f"keep each below {LONGEST_ITEM:,}")
        if item.casefold() in seen:
            raise UsageError(f"the {name} `{clip(item, 60)}` is there twice", "say it once")
        seen.add(item.casefold())


def _item(text: str) -> str:
    """An item on one line; a bullet or box that was written in front of it is no part of it."""
    line = " ".join(plain(_uncommented(text)).split())
    while (match := _MARKER.match(line)) and match.end():
        line = line[match.end() :]
    return line


def _uncommented(text: str) -> str:
    """A text without what stands between `<!--` and `-->`."""
    kept, place = [], 0
    while (start := text.find("<!--", place)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[place:start])
        place = end + 3
    return "".join((*kept, text[place:]))


def _plural(name: str) -> str:
    return "success criteria" if name == "success criterion" else f"{name}s"
