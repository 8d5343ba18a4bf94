"""What the voice is told to be: its pages of instructions, and what holds beside them. The same in every turn."""

from functools import cache

from coordinator.client.reading import instructions

PAGES = ("COORDINATION", "PROMPT_CURATION", "EMERGENT_SURGERY")


@cache
def system() -> str:
    """The steady part of every request. CoordError when a page is missing."""
    return instructions(PAGES)
