"""The numbers of success criteria: `SC-1`, `SC-2`, …, one for a text and for ever, however the list is edited. Pure.

The log pins them: `run.criteria` tells which text has which number as soon as the loop sees one that has none yet, and
`criterion.accepted` does when a human is faster, for the others too. Texts are known again by their digests, since the
log has them without what looks like a secret.
"""

from collections.abc import Callable, Iterable, Mapping

from coordinator.lazy import regex
from coordinator.model.event import Event
from coordinator.model.milestone_names import PerMilestone
from coordinator.model.round import Criterion, digest_of

KIND = "run.criteria"
"""The loop tells the numbers of criteria: `criteria`, number → text to be read; `digests`, number → its SHA-256."""
EVENTS = (KIND, "criterion.accepted", "milestone.created")
_ID = regex.compile(r"SC-([1-9][0-9]{0,5})")
_MOST = 1000
"""Numbers of one milestone that are kept; further criteria are counted on from them as they stand."""
_SHOWN = 150
"""Characters of a text that an event has: a thousand of them fit into one."""
_DIGEST = regex.compile(r"[0-9a-f]{64}")


class Numbers:
    """Which text has which number, up to the last event fed. Another milestone begins with `SC-1`, or where it was."""

    def __init__(self) -> None:
        self.known: Mapping[str, str] = {}
        """Number → digest of its text; the very same while nothing is new."""
        self._others = PerMilestone()

    def feed(self, event: Event) -> None:
        """Take the next event; those of other kinds change nothing."""
        if event.kind == "milestone.created":
            self.known = self._others.turn(event, self.known)
            return
        if event.kind == "criterion.accepted":
            number = event.subject.partition(":")[2]
            self._pin({number: event.data.get("text")}, {number: event.data.get("digest")})
        if event.kind in (KIND, "criterion.accepted"):
            texts, digests = (event.data.get(key) for key in ("criteria", "digests"))
            self._pin(texts if isinstance(texts, dict) else {}, digests if isinstance(digests, dict) else {})

    def _pin(self, texts: Mapping[object, object], digests: Mapping[object, object]) -> None:
        """A number keeps its first text, and is taken by whatever it was told of: it is never to be told again."""
        known = dict(self.known)
        for number, text in texts.items():
            fits = isinstance(number, str) and _ID.fullmatch(number) and isinstance(text, str) and text
            if fits and number not in known and len(known) < _MOST:
                digest = digests.get(number)
                whole = isinstance(digest, str) and _DIGEST.fullmatch(digest)
                known[str(number)] = str(digest) if whole else digest_of(str(text))
        if known != self.known:
            self.known = known


def numbered(texts: Iterable[str], known: Mapping[str, str]) -> tuple[Criterion, ...]:
    """Criteria in the order of the list; a text that has no number gets the next one that none ever had."""
    numbers = {digest: number for number, digest in reversed(tuple(known.items()))}  # a text has its first number
    highest = max((int(match[1]) for number in known if (match := _ID.fullmatch(number))), default=0)
    found = []
    for text in dict.fromkeys(texts):
        digest = digest_of(text)
        if digest not in numbers:
            highest += 1
            numbers[digest] = f"SC-{highest}"
        found.append(Criterion(numbers[digest], text))
    return tuple(found)


def unnumbered(criteria: Iterable[Criterion], known: Mapping[str, str]) -> tuple[Criterion, ...]:
    """Those whose number the log does not have yet, and can take."""
    new = [one for one in criteria if one.id not in known and _ID.fullmatch(one.id)]
    return tuple(new[: _MOST - len(known)])


def told(criteria: Iterable[Criterion], clean: Callable[[str], str]) -> dict[str, object]:
    """The numbers of criteria, as the data of an event that tells them; empty for none.

    `clean` takes secrets out of a text, which has to be done before it is cut.
    """
    listed = tuple(criteria)
    if not listed:
        return {}
    return {
        "criteria": {one.id: clean(one.text)[:_SHOWN] for one in listed},
        "digests": {one.id: one.digest for one in listed},
    }
