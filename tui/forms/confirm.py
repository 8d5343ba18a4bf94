"""Confirming: not "are you sure?", but what is going to happen."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from coordinator.model.text import plain
from tui.forms.form import Form
from tui.messages import FormClosed
from tui.widgets.footer import Hint


class Confirm(Form, can_focus=True):
    """Says what an action will do, and does it on `y` or Enter."""

    HELP = "Says what is going to happen; y or Enter does it, Esc leaves everything as it is."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "agree", "do it", show=False),
        Binding("n", "leave", "leave", show=False),
    ]

    def __init__(self, title: str, effects: Sequence[str], verb: str, do: Callable[[], object]) -> None:
        super().__init__()
        self.border_title = Content(plain(title))
        self._effects = tuple(effects)
        self._verb = verb
        self._do = do

    def compose(self) -> ComposeResult:
        yield Static(Content("\n".join(plain(line) for line in self._effects)))

    def hints(self) -> tuple[Hint, ...]:
        return (("y", self._verb, "form.agree"), ("esc", "not now", "form.leave"))

    def act(self, hint: str) -> Callable[[], None] | None:
        return self.action_agree if hint == "form.agree" else super().act(hint)

    def action_agree(self) -> None:
        self._do()
        self.post_message(FormClosed())
