"""What a plan changes, brought to a version of the file that the plan didn't know: by value, never by replacing it."""

import json
from collections.abc import Mapping, Sequence

from coordinator.errors import CoordError
from coordinator.formats.flat_yaml import Nested, Value
from coordinator.formats.frontmatter import Frontmatter, parse, patch
from coordinator.formats.prompt_schema import number_in_name, status_of
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.problem import Problem
from coordinator.model.prompt import PromptStatus
from coordinator.model.step import StepState

DONE = "it is done by now, and done work is never rewritten"
_ENDED = (StepState.MERGED.value, StepState.FAILED.value, StepState.PENDING.value, StepState.BLOCKED.value)
"""States of an attempt that a plan has nothing to ask of any more."""


@dataclass(frozen=True, slots=True)
class Merge:
    """What becomes of a file."""

    content: bytes
    lost: str = ""
    """Why something of the plan is not in it, as the end of a sentence; empty when all of it is."""


def merge(name: str, base: bytes | None, wanted: bytes, present: bytes) -> Merge:
    """The `present` version with what the plan makes of `base` to have it `wanted`; `base` None: there was no file.

    Where both changed the same thing, the present version stays as it is there. A prompt that is done stays whole.
    """
    if base is None:
        return _appeared(name, wanted, present)
    if name.endswith(".json"):
        return _records(base, wanted, present)
    fronts = [parse(version, "", mend=True) for version in (base, wanted, present)]
    old, new, now = fronts
    if isinstance(old, Problem) or isinstance(new, Problem) or isinstance(now, Problem):
        text = merged_text(base, wanted, present)
        return Merge(present, "the same lines were changed since") if text is None else Merge(text)
    whole = _documents(old, new, now, base, wanted, present)
    is_prompt = number_in_name(name) is not None
    done_since = status_of(now) is PromptStatus.DONE is not status_of(old)
    if is_prompt and done_since and (whole.lost or whole.content != present):
        return Merge(present, DONE)
    return whole


def _appeared(name: str, wanted: bytes, present: bytes) -> Merge:
    """Somebody else's file stands where the plan made one, or it is the plan's own and has been worked on since."""
    made, there = parse(wanted, "", mend=True), parse(present, "", mend=True)
    if isinstance(made, Frontmatter) and isinstance(there, Frontmatter):
        number = made.values.get("number")
        if number is not None and number == there.values.get("number"):
            return Merge(present)
    elif number_in_name(name) is None:
        start = _common_start(wanted, present)
        text = merged_text(wanted[:start], wanted, present)
        if start and text is not None:
            return Merge(text)
    return Merge(present, "another file stands there since")


def _common_start(one: bytes, other: bytes) -> int:
    """Length of the whole lines that both begin with."""
    length = 0
    for mine, yours in zip(one.splitlines(keepends=True), other.splitlines(keepends=True), strict=False):
        if mine != yours:
            break
        length += len(mine)
    return length


# ── records


def _records(base: bytes, wanted: bytes, present: bytes) -> Merge:
    """JSON objects, key by key."""
    try:
        old, new, now = (_object(version) for version in (base, wanted, present))
    except ValueError:
        return Merge(present, "it can't be read any more")
    changes = {key: value for key, value in new.items() if old.get(key) != value}
    if now.get("state") != old.get("state") and now.get("state") in _ENDED and not changes.items() <= now.items():
        return Merge(present, f"the attempt is {now['state']} by now")
    taken = {key: value for key, value in changes.items() if now.get(key) == old.get(key)}
    lost = sorted(key for key in changes.keys() - taken.keys() if now.get(key) != changes[key])
    said = f"{', '.join(lost)} changed since" if lost else ""
    if not taken:
        return Merge(present, said)
    return Merge(json.dumps(now | taken, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n", said)


def _object(data: bytes) -> dict[str, Any]:
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError
    return value


# ── documents with frontmatter


def _documents(
    old: Frontmatter, new: Frontmatter, now: Frontmatter, base: bytes, wanted: bytes, present: bytes
) -> Merge:
    """Frontmatter value by value, then the bodies line by line."""
    values, lost = _values(old.values, new.values, now.values)
    gone = [key for key in old.values if key not in new.values and key in now.values]
    body = merged_text(base[old.body :], wanted[new.body :], present[now.body :])
    if body is None:
        lost.append("its text")
        body = present[now.body :]
    try:
        front = patch(present[: now.body] + body, {key: _written(value) for key, value in values.items()})
    except CoordError:
        lost += values
        front = present[: now.body] + body
    lost += gone  # a key that the plan takes out stays, and does no harm
    return Merge(front, f"{', '.join(dict.fromkeys(lost))} changed since" if lost else "")


def _values(
    old: Mapping[str, Value], new: Mapping[str, Value], now: Mapping[str, Value]
) -> tuple[dict[str, Value], list[str]]:
    """The values to be set, and the keys that both changed."""
    values: dict[str, Value] = {}
    lost: list[str] = []
    for key, wanted in new.items():
        before, present = old.get(key), now.get(key)
        if wanted in (before, present):
            continue
        listed = isinstance(wanted, tuple) and isinstance(present, tuple) and not isinstance(wanted, Nested)
        if present == before and not isinstance(wanted, Nested):
            values[key] = wanted
        elif listed and isinstance(before or (), tuple):
            both = _members(before or (), wanted, present)  # type: ignore[arg-type]
            if both != present:
                values[key] = both
        else:
            lost.append(key)
    return values, lost


def _members(old: Sequence[str], new: Sequence[str], now: Sequence[str]) -> tuple[str, ...]:
    """What is listed now, without what the plan took out and with what it put in."""
    stays = [item for item in now if item in new or item not in old]
    return (*stays, *(item for item in new if item not in old and item not in now))


def _written(value: Value) -> Any:
    """A value as it is written without quotes, where it reads the same."""
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    return int(value) if value.isdigit() and value.isascii() and str(int(value[:18])) == value else value


# ── texts


class _Change(NamedTuple):
    start: int
    end: int
    lines: list[bytes]


def merged_text(base: bytes, wanted: bytes, present: bytes) -> bytes | None:
    """Both changes of `base`, line by line; None where they touch the same lines.

    What both add at the same place stands one after the other, the present first; what is there already once.
    """
    if wanted in (base, present):
        return present
    if present == base:
        return wanted
    lines = base.splitlines(keepends=True)
    theirs, ours = _changes(lines, present), _changes(lines, wanted)
    together = list(theirs)
    for change in ours:
        touched = [other for other in theirs if _touch(change, other)]
        if not touched:
            together.append(change)
        elif len(touched) > 1 or (both := _both(touched[0], change)) is None:
            return None
        else:
            together[together.index(touched[0])] = both
    result: list[bytes] = []
    place = 0
    for change in sorted(together, key=lambda one: (one.start, one.end)):
        result += lines[place : change.start] + change.lines
        place = change.end
    return b"".join(result + lines[place:])


def _changes(lines: list[bytes], version: bytes) -> list[_Change]:
    from difflib import SequenceMatcher

    other = version.splitlines(keepends=True)
    found = SequenceMatcher(None, lines, other, autojunk=False).get_opcodes()
    return [_Change(i1, i2, other[j1:j2]) for tag, i1, i2, j1, j2 in found if tag != "equal"]


def _touch(one: _Change, other: _Change) -> bool:
    if one.start == one.end and other.start == other.end:
        return one.start == other.start
    return one.start < other.end and other.start < one.end


def _both(theirs: _Change, ours: _Change) -> _Change | None:
    """The two as one change; None where they can't be."""
    if theirs == ours:
        return theirs
    if theirs.start < theirs.end or ours.start < ours.end:
        return None
    count = len(ours.lines)
    places = range(len(theirs.lines) - count + 1)
    if any(theirs.lines[place : place + count] == ours.lines for place in places):
        return theirs
    gap = [b""] if not theirs.lines or theirs.lines[-1].endswith(b"\n") else [b"\n"]
    return theirs._replace(lines=[*theirs.lines, *gap, *ours.lines])
