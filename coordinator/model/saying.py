"""What was said beside the prompts: decisions, the engineer's words, notes; and which of it an agent is told. Pure."""

from collections.abc import Collection, Iterable, Sequence

from coordinator.lazy.dataclass import dataclass

NEWEST = 20
"""Sayings of a kind that an agent is told."""
_RESERVED = NEWEST // 2
"""Of these, as many are about its own line of work, where there are that many: a flood about all drowns none."""


@dataclass(frozen=True, slots=True)
class Saying:
    """Something that somebody said. Untrusted text, unless `human`."""

    text: str
    who: str = ""
    """Who said it: a login, or an agent's id."""
    at: str = ""
    """UTC, ISO 8601; empty where nobody noted it."""
    prompt: int | None = None
    """The prompt that it is about; None: everything."""
    human: bool = False
    to: str = ""
    """The question that it answers; untrusted text."""


def chosen(sayings: Iterable[Saying], line: Collection[int], most: int = NEWEST) -> tuple[tuple[Saying, ...], int]:
    """The newest sayings about a line of work or about everything, oldest first; and how many of them are left out.

    `sayings` come oldest first. `line`: the prompt, those that it builds on and those that it patches. What is said
    twice is told once, in its newest place.
    """
    last = {_key(saying): saying for saying in sayings if saying.prompt is None or saying.prompt in line}
    fitting = sorted(enumerate(last.values()), key=lambda pair: (pair[1].at, pair[0]))
    own = [place for place, (_, saying) in enumerate(fitting) if saying.prompt is not None][-min(_RESERVED, most) :]
    rest = [place for place in range(len(fitting) - 1, -1, -1) if place not in own][: most - len(own)]
    return tuple(fitting[place][1] for place in sorted({*own, *rest})), len(fitting) - len(own) - len(rest)


def stands_in(text: str, *texts: str) -> bool:
    """Whether words are told already, in one of these texts, however their lines are broken, quoted or listed."""
    words = bare_words(text)
    return any(words in bare_words(other) for other in texts)


def bare_words(text: str) -> str:
    """The words of a text without line breaks, marks of quotations and lists, and escapes of headings."""
    lines = (line.strip().lstrip(">").strip() for line in text.splitlines())
    return " ".join(" ".join(line.removeprefix("- ").removeprefix("\\").split()) for line in lines).strip()


def without_told(sayings: Sequence[Saying], *texts: str) -> tuple[Saying, ...]:
    """The sayings that do not stand in one of these texts anyway."""
    known = [bare_words(text) for text in texts if text.strip()]
    return tuple(saying for saying in sayings if not any(bare_words(saying.text) in text for text in known))


def _key(saying: Saying) -> tuple[str, str]:
    return bare_words(saying.to), bare_words(saying.text)
