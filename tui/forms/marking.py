"""Marking many at once: all that are like the selected one, or all that fit a filter."""

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from coordinator.errors import UsageError
from coordinator.model.selecting import alike, branch, select, wish_of
from coordinator.model.snapshot import AgentState, Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import amount, plain
from tui.forms.form import Form
from tui.forms.host import FormHost
from tui.forms.text_form import Choices
from tui.messages import FormClosed
from tui.paint.lines import Lines
from tui.widgets.footer import Hint


class Kind(NamedTuple):
    """Prompts that can be marked together."""

    words: str
    numbers: tuple[int, ...]


_STATES = {
    StepState.FAILED: "failed",
    StepState.BLOCKED: "held",
    StepState.CHANGE_OPEN: "waiting for review",
    StepState.RUNNING: "running",
    StepState.PENDING: "waiting to start",
}


def kinds(snapshot: Snapshot, selected: int | None) -> tuple[Kind, ...]:
    """What could be meant by "all like this one", the likeliest first; none of them empty."""
    found = []
    asking = [agent for agent in snapshot.agents if agent.state is AgentState.PERMISSION and agent.prompt is not None]
    mine = next((agent for agent in asking if agent.prompt == selected), None)
    if mine is not None and wish_of(mine):
        same = alike(asking, mine)
        found.append(
            Kind(f"all that ask for the same as {mine.at}: {plain(mine.doing)}", _numbers(a.prompt for a in same))
        )
    found.append(Kind("all that ask for permission", _numbers(agent.prompt for agent in asking)))
    step = snapshot.steps.get(selected) if selected is not None else None
    first = step.state if step is not None else None
    states = sorted(_STATES, key=lambda state: state is not first)
    found += (Kind(f"all {_STATES[state]}", _in_state(snapshot, state)) for state in states)
    if selected in snapshot.prompts and selected is not None:
        found.append(Kind(f"{selected:02d} and all that waits for it", branch(snapshot, selected)))
        before = tuple(n for n in snapshot.graph.order if n in snapshot.graph.ancestors(selected))
        found.append(Kind(f"all that {selected:02d} waits for", before))
    return tuple(kind for kind in found if kind.numbers)


def _numbers(found: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(sorted({number for number in found if number is not None}))


def _in_state(snapshot: Snapshot, state: StepState) -> tuple[int, ...]:
    both = (state, StepState.DISPATCHED) if state is StepState.RUNNING else (state,)
    return tuple(number for number in snapshot.graph.order if snapshot.steps[number].state in both)


class MarkForm(Form):
    """Kinds on number keys, and a line for a filter. Nothing but marks is changed."""

    HELP = (
        "Marks all that are alike: a number chooses at once. Or type a filter: words of titles, status:failed, "
        "agent:codex, type:emergent, after:7, branch:7, asks:npm, like:7, with - before a word for its contrary. The "
        "graph shows what it means while you type. What is marked, x r t y X P h then do one thing to."
    )
    DEFAULT_CSS = """
    MarkForm > Input { height: 1; border: none; padding: 0 1; background: $panel; margin-top: 1; }
    MarkForm > Input:focus { border: none; }
    MarkForm > #effect { color: $text-muted; height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "other", show=False),
        *[Binding(str(n), f"choose({n})", show=False) for n in range(1, 10)],
    ]

    def __init__(self, host: FormHost, found: Sequence[Kind], *, typing: bool) -> None:
        """`typing`: begin in the line of the filter."""
        super().__init__()
        self.host = host
        self._kinds = tuple(found)
        self._typing = typing or not found
        self._before = host.graph.marked
        self.border_title = Content("Mark")

    def compose(self) -> ComposeResult:
        if self._kinds:
            yield Choices(tuple(f"{kind.words}  ({len(kind.numbers)})" for kind in self._kinds))
        yield Input(placeholder="or a filter: status:failed title:auth", id="words")
        yield Static(id="effect")

    @property
    def line(self) -> Input:
        return self.query_one("#words", Input)

    def start(self) -> None:
        (self.line if self._typing else self.query_one(Choices)).focus()

    def action_other(self) -> None:
        self._typing = not self.line.has_focus or not self._kinds
        self.start()

    def action_choose(self, number: int) -> None:
        if number <= len(self._kinds):
            self._mark(self._kinds[number - 1].numbers)

    @on(Lines.Activated)
    def _taken(self, message: Lines.Activated) -> None:
        message.stop()
        self.action_choose(message.row + 1)

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        """Show what the filter means, and how many that are."""
        message.stop()
        found = self._found()
        if isinstance(found, str):
            self._say(found)
        else:
            self.host.mark(found)
            self._say(f"{amount(len(found), 'prompt')}" if message.value.strip() else "")

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        found = self._found()
        if not isinstance(found, str) and found:
            self._mark(found)
        else:
            self.app.bell()

    def _found(self) -> tuple[int, ...] | str:
        """What the filter means, or why it means nothing."""
        snapshot, text = self.host.snapshot, self.line.value.strip()
        if snapshot is None or not text:
            return tuple(self._before)
        try:
            return select(snapshot, text).numbers
        except UsageError as error:
            return f"{error.message}; {error.remedy}"

    def _say(self, text: str) -> None:
        self.query_one("#effect", Static).update(Content(plain(text)))

    def _mark(self, numbers: tuple[int, ...]) -> None:
        self.host.mark(tuple({*self._before, *numbers}))
        self.post_message(FormClosed())

    def action_leave(self) -> None:
        self.host.mark(self._before)
        super().action_leave()

    def hints(self) -> tuple[Hint, ...]:
        enter = self.host.marks.enter
        own: tuple[Hint, ...] = (("1-9", "mark", "form.mark"),) if self._kinds else ()
        return (*own, ("tab", "filter", "form.other"), (enter, "mark", "form.submit"), *super().hints())

    def act(self, hint: str) -> Callable[[], None] | None:
        return {"form.other": self.action_other, "form.mark": self.start}.get(hint) or super().act(hint)
