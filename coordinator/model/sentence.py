"""Events in words: actor, word, text, as they stand on the screen and in `coord log`."""

from dataclasses import dataclass

from coordinator.model.event import Event
from coordinator.model.text import plain


@dataclass(frozen=True, slots=True)
class Line:
    """The three parts of a readable event. Each is safe to print on one line."""

    actor: str
    word: str
    text: str

    def __str__(self) -> str:
        return f"{self.actor}  {self.word}  {self.text}".rstrip()


def describe(event: Event) -> Line:
    """An event as the words that a person reads."""
    text = next((event.data[k] for k in ("text", "summary", "title", "reason") if event.data.get(k)), "")
    return Line(plain(event.actor), plain(event.kind), plain(f"{event.subject} {text}"))
