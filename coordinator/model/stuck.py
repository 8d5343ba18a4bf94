"""Whether an agent at work gets anywhere, judged by when its traces changed last. Pure; it only gives a warning."""

from enum import StrEnum

from coordinator.lazy.dataclass import dataclass
from coordinator.model.clock import iso

OFTEN = 5
"""Times in a row that the very same call has to come before it counts as going round in circles."""
_LATELY = 1 / 3
"""Share of the limit within which tokens or output must have grown to say that they grow."""
_CALL = 80
"""Characters of a call that are told."""
_READERS = frozenset({"planner", "verifier", "specialist", "coordinator"})
"""Roles that change no files: for them only silence is a bad sign."""


class Cause(StrEnum):
    """Why an agent is thought to be stuck."""

    SILENT = "silent"
    SPINNING = "spinning"
    MUTE = "mute"
    PRINTING = "printing"
    STILL = "still"
    REPEATING = "repeating"


_WORDS = {
    Cause.SILENT: "no new tokens for {}",
    Cause.SPINNING: "tokens grow, but no file changed for {}",
    Cause.MUTE: "no output at all for {}",
    Cause.PRINTING: "it prints, but no file changed for {}",
    Cause.STILL: "no file changed for {}",
    Cause.REPEATING: "the same command again and again for {}",
}


@dataclass(frozen=True, slots=True)
class Stuck:
    """An agent that seems to get nowhere."""

    cause: Cause
    since: float
    """Unix seconds of what was its last progress."""
    call: str = ""
    """What it does again and again; untrusted text."""

    def words(self, now: float) -> str:
        """`no new tokens for 15m`; may end with untrusted text."""
        said = _WORDS[self.cause].format(span(now - self.since))
        return f"{said}: {self.call}" if self.call else said

    @property
    def since_iso(self) -> str:
        return iso(self.since)


@dataclass(frozen=True, slots=True)
class Marks:
    """When the traces of an agent changed last; all in Unix seconds."""

    began: float
    """From when on it counts: its start, and whatever it or a human said since."""
    files: float = 0.0
    """A file of its worktree, or its commits."""
    tokens: float | None = None
    """None: nobody counts them."""
    output: float | None = None
    """Its window. None: nobody can tell."""
    call: str = ""
    """The call that its last ones were, all of them the same."""
    calls: int = 0
    """How many they were."""
    calling: float = 0.0
    """When the first of them came."""

    @property
    def changed(self) -> float:
        """When there was something to show for its work."""
        return max(self.began, self.files)

    @property
    def alive(self) -> float:
        """When it did anything at all."""
        return max(self.changed, (self.output if self.tokens is None else self.tokens) or 0.0)


def judge_stuck(marks: Marks, now: float, limit: float, *, role: str = "executor") -> Stuck | None:
    """What is wrong with an agent that is at work, after `limit` seconds without progress; None: nothing."""
    circling = max(marks.began, marks.calling)
    if marks.calls >= OFTEN and now - circling >= limit:
        return Stuck(Cause.REPEATING, circling, marks.call[:_CALL])
    counted, seen = marks.tokens is not None, marks.output is not None
    if now - marks.alive >= limit and (counted or seen):
        return Stuck(Cause.SILENT if counted else Cause.MUTE, marks.alive)
    goes_on = now - marks.alive < limit * _LATELY or not (counted or seen)
    if now - marks.changed >= limit and goes_on and role not in _READERS:
        return Stuck(Cause.SPINNING if counted else Cause.PRINTING if seen else Cause.STILL, marks.changed)
    return None  # or it has fallen silent, but not for long enough


def next_doubt(marks: Marks, limit: float, role: str = "executor") -> float:
    """Unix seconds before which, whatever happens, `judge_stuck` finds nothing but circles."""
    return (marks.alive if role in _READERS else marks.changed) + limit


def span(seconds: float) -> str:
    """`40s`, `15m`, `1h04`: a length of time, without seconds where they say nothing."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    return f"{whole // 60}m" if whole < 3600 else f"{whole // 3600}h{whole % 3600 // 60:02d}"
