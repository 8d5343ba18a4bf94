"""What all forms have in common: a border, keys of their own, and a way out."""

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical

from tui.messages import FormClosed
from tui.widgets.footer import Hint


class Form(Vertical):
    """A panel over the events; leaving it changes nothing."""

    HELP: ClassVar[str] = ""
    DEFAULT_CSS = """
    Form { border: round $border-blurred; padding: 0 1; height: auto; background: transparent;
           border-subtitle-color: $text-muted; border-title-color: $text-muted; }
    Form:focus-within { border: round $border; border-title-color: $title; border-title-style: bold; }
    .-ascii Form { border: ascii $border-blurred; }
    .-ascii Form:focus-within { border: ascii $border; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave", show=False)]

    def hints(self) -> tuple[Hint, ...]:
        """Key, label and id for the footer while the form is open."""
        return (("esc", "leave", "form.leave"),)

    def act(self, hint: str) -> Callable[[], None] | None:
        """What a click on a hint does."""
        return {"form.leave": self.action_leave}.get(hint)

    @property
    def gives_way(self) -> bool:
        """Nothing can be done or lost in it: another form may take its place."""
        return False

    def start(self) -> None:
        """Take the focus, at the first thing to fill in."""
        self.focus()

    def project_changed(self) -> None:
        """Another snapshot is there; most forms are about what does not change."""

    def action_leave(self) -> None:
        self.post_message(FormClosed())
