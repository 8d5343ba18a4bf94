"""Learnings: notes on how to work better, and which of them an agent is given. Pure."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass

LONGEST = 1_900
"""Characters of learnings that an agent is given; with their title they are at most 2,000."""
_WORD = regex.compile(r"[\w-]{2,}")
_PLACE = regex.compile(r"[\w.@~*/-]{2,}")
_ENDING = regex.compile(r"[A-Za-z]\w{0,7}")
_SIGN_OF_PATTERN = regex.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Learning:
    """A note. Untrusted text: agents noted it, and a planner or an engineer kept it."""

    text: str
    paths: tuple[str, ...] = ()
    """Files, folders or patterns that it is about; none: it is about no place in particular."""
    tags: tuple[str, ...] = ()
    """Words for when it matters; neither paths nor tags: always."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A `learning.noted` event: what somebody would have liked to know. Untrusted text."""

    text: str
    by: str
    at: str
    """UTC, ISO 8601."""
    seq: int
    paths: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        about = {"paths": list(self.paths), "tags": list(self.tags)}
        return {"text": self.text, "by": self.by, "at": self.at, "seq": self.seq, **about}


@dataclass(frozen=True, slots=True)
class Given:
    """The learnings that an agent is given."""

    learnings: tuple[Learning, ...] = ()
    left: int = 0
    """How many there are besides, which don't fit its work, or for which there is no room."""
    source: bytes = b""
    """The file that they come from, whole."""


def pick(
    learnings: Sequence[Learning], texts: Iterable[str], paths: Iterable[str] = (), *, most: int = LONGEST
) -> Given:
    """The learnings that fit a piece of work: those about its files first, then its words, then those for all.

    `texts`: what the work is described by; `paths`: files that it is known to touch. Of the same kind those that stand
    first go first; one for which there is no room is left out, and shorter ones after it are not.
    """
    described = " ".join(texts)
    words = {word.casefold() for word in _WORD.findall(described)}
    places = {*paths, *(place for word in _PLACE.findall(described) if _is_path(place := word.strip(".,:;")))}
    ranked = sorted((rank, place) for place, one in enumerate(learnings) if (rank := _rank(one, words, places)))
    taken: list[Learning] = []
    room = most
    for _, place in ranked:
        size = len(learnings[place].text) + 5  # its mark and its line break
        if size <= room:
            taken.append(learnings[place])
            room -= size
    return Given(tuple(taken), len(learnings) - len(taken))


def _is_path(word: str) -> bool:
    """Whether a word may be a path: it has a slash, or ends as the name of a file does."""
    stem, _, ending = word.rpartition(".")
    return "/" in word.strip("/") or word.endswith("/") or bool(stem and _ENDING.fullmatch(ending))


def _rank(learning: Learning, words: set[str], places: set[str]) -> int:
    """1 about its files, 2 about its words, 3 about everything; 0: about something else."""
    if any(_covers(pattern, place) for pattern in learning.paths for place in places):
        return 1
    if any(_tagged(tag, words) for tag in learning.tags):
        return 2
    return 0 if learning.paths or learning.tags else 3


def _tagged(tag: str, words: set[str]) -> bool:
    parts = _WORD.findall(tag.casefold())
    return bool(parts) and all(part in words for part in parts)


def _covers(pattern: str, place: str) -> bool:
    """Whether a path is the one that is meant, lies in that folder, holds that file or fits that pattern."""
    pattern, place = (text.strip().removeprefix("./").rstrip("/") for text in (pattern, place))
    if not pattern or not place:
        return False
    if _SIGN_OF_PATTERN.search(pattern):
        return fnmatchcase(place, pattern) or fnmatchcase(place, pattern.replace("**/", ""))
    return place == pattern or place.startswith(pattern + "/") or pattern.startswith(place + "/")
