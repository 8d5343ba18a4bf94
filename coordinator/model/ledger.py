"""The ledger of acceptance criteria: who says what of each, and what becomes of two versions of it. Pure."""

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, replace

SECTIONS = ("tests_written", "impl_status", "verify_status")
"""Fields of a criterion that each belong to another role: who writes tests, who implements, who checks it."""
DESCRIBED = "description"
_SHOWN = "evidence"
"""Belongs to whoever owns the last of the sections."""
_OWN = regex.compile(r"(?i)AC-([0-9]{1,9})")
_SHARED = regex.compile(r"AC-([0-9]{1,9})-[0-9]|([0-9]{1,9})/")
_BETWEEN = regex.compile(r"[\s_./-]+")


class State(StrEnum):
    """What a word in a section comes to."""

    PASSED = "passed"
    FAILED = "failed"
    OPEN = "open"
    DEFERRED = "deferred"
    NOT_APPLICABLE = "not_applicable"


_WORDS = {
    word: state
    for state, words in {
        State.PASSED: "passed,pass,passing,done,complete,completed,verified,met,satisfied,ok,yes,true,green,"
        "implemented,written,witnessed,resolved,covered",
        State.FAILED: "failed,fail,failing,red,broken,not met,not satisfied,error,regressed",
        State.OPEN: "open,pending,todo,to do,unknown,not started,in progress,partial,partly,no,none,false,missing,"
        "blocked",
        State.DEFERRED: "deferred,postponed,waived,later",
        State.NOT_APPLICABLE: "not applicable,na,n a,none needed,not needed",
    }.items()
    for word in words.split(",")
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One criterion, with what its file says word by word; empty: nothing."""

    id: str
    description: str = ""
    tests_written: str = ""
    impl_status: str = ""
    verify_status: str = ""
    evidence: str = ""
    updated_at: str = ""

    @property
    def state(self) -> State:
        """What was found when it was checked."""
        return state_of(self.verify_status)


@dataclass(frozen=True, slots=True)
class Ledger:
    """All criteria of a run, in the order in which they stand there."""

    entries: tuple[Entry, ...] = ()
    form: str = "acs"
    """Which of the shapes its file has; it is written back in the same."""
    source: str = ""
    """The text that it was read from, with all that nobody here understands."""

    def find(self, name: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.id == name), None)


@dataclass(frozen=True, slots=True)
class Merged:
    """What comes of a version that somebody handed in."""

    ledger: Ledger
    foreign: tuple[str, ...] = ()
    """What it says where others have the say, such as `AC-1.impl_status`; none of it is in the ledger."""


def state_of(word: str) -> State:
    """What a word of a section means; one that nobody knows leaves it open."""
    return _known(word) or State.OPEN


def merge(base: Ledger | None, given: Ledger, fields: Collection[str]) -> Merged:
    """The ledger with what somebody says of it who owns these fields of each criterion.

    What is left out of the given version stays as it was: nobody takes a criterion away. A criterion that is new
    brings its description with it.
    """
    known = {entry.id: entry for entry in base.entries} if base is not None else {}
    foreign: list[str] = []
    made = dict(known)
    for entry in given.entries:
        old = known.get(entry.id)
        foreign += _foreign(old, entry, fields)
        made[entry.id] = _merged(old or Entry(entry.id, entry.description), entry, fields)
    whole = given if base is None or not base.source else base
    return Merged(replace(whole, entries=tuple(made.values())), tuple(foreign))


def joined(parts: Mapping[int, Ledger]) -> Ledger:
    """One ledger of those of several prompts, by their numbers; each criterion is called as `shared_id` says."""
    return Ledger(
        tuple(
            replace(entry, id=shared_id(number, entry.id))
            for number, part in sorted(parts.items())
            for entry in part.entries
        )
    )


def with_part(whole: Ledger, number: int, part: Ledger) -> Ledger:
    """One ledger of several prompts with what that of a prompt says now in the place of what it said."""
    others = tuple(entry for entry in whole.entries if number_of(entry.id) != number)
    entries = (*others, *joined({number: part}).entries)
    return replace(whole, entries=tuple(sorted(entries, key=lambda entry: number_of(entry.id))))


def number_of(shared: str) -> int:
    """The prompt whose criterion is called so among those of others; 0 for none."""
    match = _SHARED.match(shared)
    return int(match[1] or match[2]) if match else 0


def shared_id(number: int, name: str) -> str:
    """What a prompt's criterion is called among those of others: `AC-07-1` for `AC-1`, else `07/REQ-1`."""
    match = _OWN.fullmatch(name.strip())
    return f"AC-{number:02d}-{int(match[1])}" if match else f"{number:02d}/{name}"


def open_entries(ledger: Ledger) -> tuple[Entry, ...]:
    """Criteria that nobody found to be met, in order; one that is put off is open too."""
    return tuple(entry for entry in ledger.entries if entry.state not in (State.PASSED, State.NOT_APPLICABLE))


def contradictions(ledger: Ledger, sections: Collection[str] = ()) -> Iterator[str]:
    """Where the sections of one criterion can't all be true: checked and found met, but never built or tested.

    `sections`: those that somebody was to fill in; one of these that is empty says that it was not done.
    """
    for entry in ledger.entries:
        if entry.state is not State.PASSED:
            continue
        for section, did in (("impl_status", "implemented"), ("tests_written", "tested")):
            word = getattr(entry, section)
            undone = _known(word) in (State.FAILED, State.OPEN) if word else section in sections
            if undone:
                told = f"says `{word}`" if word else "is empty"
                yield f"{entry.id} is said to be met, and {section} {told}: it was not {did}"


def counts(ledger: Ledger) -> dict[str, int]:
    """How many criteria there are, and how many of each state."""
    states = [entry.state for entry in ledger.entries]
    return {"total": len(states)} | {state.value: states.count(state) for state in State}


def _known(word: str) -> State | None:
    """None for words of one's own, such as the names of tests that were written."""
    text = _BETWEEN.sub(" ", word.strip().casefold())
    if text.isdigit():  # of tests, how many were written
        return State.PASSED if int(text[:9]) else State.OPEN
    return _WORDS.get(text)


def _owned(fields: Collection[str]) -> set[str]:
    return {*fields, *((_SHOWN,) if SECTIONS[-1] in fields else ())}


def _merged(old: Entry, new: Entry, fields: Collection[str]) -> Entry:
    said = {name: getattr(new, name) for name in _owned(fields) if getattr(new, name, "")}
    if not old.description and new.description:
        said[DESCRIBED] = new.description
    if any(getattr(old, name, "") != value for name, value in said.items()) and new.updated_at:
        said["updated_at"] = new.updated_at
    return replace(old, **said)


def _foreign(old: Entry | None, new: Entry, fields: Collection[str]) -> Iterator[str]:
    """What a version says that its writer has no say in; repeating what stands there already is none."""
    before = old or Entry(new.id, new.description)
    for name in (DESCRIBED, *SECTIONS, _SHOWN):
        value = getattr(new, name)
        if name in _owned(fields) or not value or value == getattr(before, name):
            continue
        if name == DESCRIBED and not before.description:
            continue
        if name == _SHOWN and not before.evidence and not new.verify_status:
            continue  # a note of who implements: nobody's claim
        yield f"{new.id}.{name}"
