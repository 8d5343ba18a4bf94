"""The line at the bottom of a page on which something is decided."""

from textual.containers import Vertical
from textual.widgets import Input, Static


class Ask(Vertical, can_focus=True):
    """Says what Enter does, with a place for words where some are needed."""

    def __init__(self) -> None:
        super().__init__(Static(id="effect"), Static(id="refusal"), Input(id="words"), id="ask")
