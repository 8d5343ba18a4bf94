"""Finding prompts by what was typed: a number, the beginning of one, or words of the title. Pure."""

from collections.abc import Collection, Iterable

from coordinator.model.prompt import Prompt
from coordinator.model.text import plain


def matches(query: str, prompts: Iterable[Prompt], chosen: Collection[int] = ()) -> list[int]:
    """Numbers of the prompts that a query means, the likeliest first; those already chosen are left out.

    Digits mean a number or its beginning (`7`, `07`), then a title with these digits; words are found in any order.
    """
    text = plain(query).casefold().strip()
    if not text:
        return []
    found = []
    for prompt in prompts:
        rank = _rank(text, prompt)
        if rank is not None and prompt.number not in chosen:
            found.append((rank, prompt.number))
    return [number for _, number in sorted(found)]


def _rank(text: str, prompt: Prompt) -> int | None:
    """How well a prompt fits, 0 best; None when it does not."""
    if text.isascii() and text.isdigit():
        digits = text.lstrip("0") or "0"
        if digits == str(prompt.number):
            return 0
        if str(prompt.number).startswith(digits):
            return 1
    title = plain(prompt.title).casefold()
    if title.startswith(text):
        return 2
    words = text.split()
    if all(any(word.startswith(part) for word in title.split()) for part in words):
        return 3
    return 4 if all(part in title for part in words) else None


def nearest(query: str, numbers: Collection[int]) -> tuple[int, ...]:
    """The three numbers nearest to a typed one that does not exist, ascending; empty when it is no number."""
    text = query.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return ()
    return tuple(sorted(sorted(numbers, key=lambda n: abs(n - int(text)))[:3]))
