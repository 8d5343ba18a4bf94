"""The line at the bottom of a page on which something is decided."""

from collections.abc import Callable

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from coordinator.errors import CoordError
from coordinator.model.text import plain


class Ask(Vertical, can_focus=True):
    """Says what Enter does, with a place for words where some are needed."""

    def __init__(self) -> None:
        super().__init__(Static(id="effect"), Static(id="refusal"), Input(id="words"), id="ask")

    @property
    def words(self) -> str:
        """What is written in it."""
        return self._input.value.strip()

    @property
    def _input(self) -> Input:
        return self.query_one("#words", Input)

    def say(self, effect: str, placeholder: str, *, wordless: bool) -> None:
        """Take the focus, empty, to say what Enter does; its screen has it displayed by then."""
        self.query_one("#effect", Static).update(Content(plain(effect)))
        self.query_one("#refusal", Static).update("")
        self._input.value, self._input.placeholder = "", placeholder
        (self if wordless else self._input).focus()

    def refuse(self, error: CoordError) -> None:
        """Say why it was not done."""
        self.query_one("#refusal", Static).update(Content(plain(f"{error.message}. {error.remedy}".strip())))


def attempted(do: Callable[[], str]) -> str | CoordError:
    """Do what the line says; what was done in a sentence, or why not, faults of coord's own included."""
    try:
        return do()
    except CoordError as error:
        return error
    except Exception as error:
        return CoordError(f"{type(error).__name__}: {error}", "This is a fault of coord; the rest goes on.")
