"""A piece of text with the name of its style: what lines on a screen or in a terminal are made of."""

from coordinator.lazy.typing import NamedTuple


class Span(NamedTuple):
    """A piece of a line. Its text may be anything: it is made safe when it is painted."""

    text: str
    ink: str = "text"
    act: str = ""
    """Id of the action that a click on it does."""
