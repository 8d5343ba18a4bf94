"""What failed in the iterations of a milestone, what of it is alike, and what of that somebody looks into."""

from collections import Counter
from collections.abc import Iterable, Iterator

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.model.event import ActorKind, Event
from coordinator.model.prompt import PromptType
from coordinator.model.round import PLANNER, Unexplained
from coordinator.model.step import Step, StepState
from coordinator.model.text import clip, plain

MOST_ALIKE = 3
"""Failures of one kind after which it is STUCK; after one fewer its cause is looked for first."""
_LONGEST = 200
"""Columns of the words of a failure."""
_VARIES = regex.compile(r"\b(?:[0-9a-f]{7,}|[0-9]+)\b")
"""What differs between two failures of one kind: commits and numbers."""


@dataclass(frozen=True, slots=True)
class _Look:
    """Somebody looks into failures, or a human has done something about them."""

    after: int
    """Failures that there were by then."""
    words: frozenset[str]
    by: int | None = None
    """The prompt that finds out why; None: a human's word, which stays."""


class FailureFold:
    """Failures since a human had a milestone that was stuck go on. Values stay the very same while nothing is new."""

    def __init__(self) -> None:
        self._found: tuple[tuple[int, str], ...] = ()
        """Prompt and words of each, oldest first."""
        self._attempts: frozenset[tuple[int, int]] = frozenset()
        """Prompt and attempt of each failure ever."""
        self._looks: tuple[_Look, ...] = ()

    def feed(self, event: Event) -> None:
        """Take the next event; those of other kinds change nothing."""
        number = event.prompt
        if number is None:
            return
        if event.kind in ("step.failed", "step.blocked") and event.actor_kind == ActorKind.SYSTEM:
            attempt = event.data.get("attempt")
            self._attempts |= {(number, attempt if type(attempt) is int else 0)}
            self._found = _with_failure(self._found, number, str(event.data.get("reason") or ""))
        elif event.kind == "prompt.created" and _looks_for_causes(event):
            self._looks += (_Look(len(self._found), frozenset(_often(self._found)), number),)
        elif event.kind in ("prompt.edited", "prompt.cancelled") and event.actor_kind == ActorKind.HUMAN:
            own = frozenset(words for other, words in self._found if other == number)
            own |= {words for look in self._looks if look.by == number for words in look.words}
            self._looks += (_Look(len(self._found), own),) if own else ()

    def begin_anew(self) -> None:
        """A human had it go on: what failed before does not count any more."""
        self._found, self._looks = (), ()

    def words(self, steps: Iterable[Step]) -> tuple[str, ...]:
        """Words of what failed, oldest first, alike ones in equal words; without prompts that are merged by now.

        `steps`: where the prompts stand. Their files are written before the log, so what they tell is heard first.
        """
        return tuple(words for _, _, words in self._counting(tuple(steps)))

    def unexplained(self, steps: Iterable[Step]) -> tuple[Unexplained, ...]:
        """What failed twice and more in the same way, and has not been looked into since the second time."""
        steps = tuple(steps)
        never = (StepState.SKIPPED, StepState.PENDING)
        here = {step.number for step in steps if step.state not in never}  # what never began found out nothing
        looks = [look for look in self._looks if look.by is None or look.by in here]
        failed = tuple(self._counting(steps))
        found = []
        for words in _often((number, said) for _, number, said in failed):
            places = [place for place, _, said in failed if said == words]
            if not any(words in look.words and look.after > places[MOST_ALIKE - 2] for look in looks):
                found.append(Unexplained(words, tuple(sorted({n for _, n, said in failed if said == words}))))
        return tuple(found)

    def _counting(self, steps: tuple[Step, ...]) -> Iterator[tuple[int, int, str]]:
        """Place, prompt and words of each failure that counts."""
        found = self._found
        for step in steps:
            ended = step.state in (StepState.FAILED, StepState.BLOCKED) and step.attempt is not None
            if ended and (step.number, step.attempt.attempt if step.attempt else 0) not in self._attempts:
                found = _with_failure(found, step.number, step.reason)
        merged = {step.number for step in steps if step.state is StepState.MERGED}
        return ((place, number, words) for place, (number, words) in enumerate(found) if number not in merged)


def failure_words(reason: str) -> str:
    """What a failure says, in words that are the same for another one of its kind."""
    first = next((line for line in reason.splitlines() if line.strip()), reason)
    return clip(" ".join(_VARIES.sub("…", plain(first).casefold()).split()), _LONGEST)


def _looks_for_causes(event: Event) -> bool:
    """A human or a Planner made an emergent prompt; the parts that Executors leave to others are emergent too."""
    if event.data.get("type") != PromptType.EMERGENT:
        return False
    return event.actor_kind == ActorKind.HUMAN or event.actor.partition("-")[0] == PLANNER


def _often(failed: Iterable[tuple[int, str]]) -> list[str]:
    """Words of what failed so often that nobody tries again before it is known why."""
    return [words for words, count in Counter(words for _, words in failed).items() if count >= MOST_ALIKE - 1]


def _with_failure(known: tuple[tuple[int, str], ...], number: int, reason: str) -> tuple[tuple[int, str], ...]:
    """Of one prompt every failure is alike: agents say the same in other words each time."""
    same = (words for other, words in known if other == number)
    return (*known, (number, next(same, None) or failure_words(reason or "it failed")))
