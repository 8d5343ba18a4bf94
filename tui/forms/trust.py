"""Asking whether a project that came from elsewhere, or what came with a commit, may run here."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from coordinator.errors import CoordError
from coordinator.model.text import amount, clip, plain, plain_lines
from coordinator.model.trust import Ask, Shown
from coordinator.views.spans import Span
from tui.forms.form import Form
from tui.forms.host import FormHost
from tui.messages import Done, Failed, FormClosed
from tui.paint.ink import Spans
from tui.widgets.footer import Hint

_ROWS = 6
"""Files that the card names."""
_WIDEST = 200
_INKS = {"+": "good", "-": "failed", "@": "quiet"}


class TrustForm(Form, can_focus=True):
    """Names what would run. No key that one may be typing trusts it: neither Enter nor `y`."""

    HELP = (
        "Nothing of a project that came from elsewhere runs before you trust it; looking at it is safe. "
        "d shows every file that decides what runs, T trusts them as they are shown, Esc only looks."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("T", "agree", "trust it", show=False),
        Binding("d,enter", "show_all", "show all of it", show=False),
    ]

    def __init__(self, host: FormHost, asked: Ask, shown: Sequence[Shown]) -> None:
        super().__init__()
        self.host = host
        later = "Are these changes yours?" if asked.direct else "Trust what came with a commit?"
        self.border_title = Content("Trust this project?" if asked.first else later)
        self._asked = asked
        self._shown = tuple(shown)

    def compose(self) -> ComposeResult:
        yield Static(Content("\n".join(self._lines())))

    def _lines(self) -> list[str]:
        if self._asked.nobodys:
            problem = self._asked.problem
            return [plain(problem.message), plain(problem.remedy)]
        lines = ["It came from elsewhere. Until you trust it, it is only looked at."] if self._asked.first else []
        decides = "This decides what runs on your machine:" if self._shown else "No file of it starts a program yet."
        past = "Changed past coord while agents were at work; it is in force:"
        lines.append(past if self._asked.direct else decides)
        named = (f"  {one.path}  {one.change}: {one.gist}" for one in self._shown[:_ROWS])
        lines.extend(clip(plain(line), _WIDEST) for line in named)
        more = len(self._shown) - _ROWS
        return [*lines, f"  and {amount(more, 'more file')}"] if more > 0 else lines

    def hints(self) -> tuple[Hint, ...]:
        trust: tuple[Hint, ...] = (
            () if self._asked.nobodys else (("T", "they are mine" if self._asked.direct else "trust it", "form.agree"),)
        )
        show: tuple[Hint, ...] = (("d", "show all of it", "form.show"),) if self._shown else ()
        return (*show, *trust, ("esc", "only look", "form.leave"))

    def act(self, hint: str) -> Callable[[], None] | None:
        own = {"form.agree": self.action_agree, "form.show": self.action_show_all}
        return own.get(hint) or super().act(hint)

    def action_show_all(self) -> None:
        if self._shown:
            self.host.read("What would run here", _pages(self._shown))

    def action_agree(self) -> None:
        if not self._asked.nobodys:
            self._give()

    @work(thread=True, group="trust")
    def _give(self) -> None:
        try:
            self.app.post_message(Done(self.host.source.give_trust(self._asked)))
        except CoordError as error:
            self.app.post_message(Failed(error.message, error.remedy))
        self.post_message(FormClosed())


def _pages(shown: Sequence[Shown]) -> list[Spans]:
    lines: list[Spans] = []
    for one in shown:
        lines.append([Span(f"{plain(one.path)}  {one.change}", "brand")])
        lines += [[Span(row, _INKS.get(row[:1], "text"))] for row in plain_lines(one.diff)]
    return lines
