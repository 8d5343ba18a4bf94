"""One line that leads through the demo: what there is to see or to do now, by what the project shows."""

from collections.abc import Callable

from textual.strip import Strip
from textual.widget import Widget

from coordinator.model.decisions import ABOUT
from coordinator.model.snapshot import LoopState, Snapshot
from coordinator.model.step import StepState
from coordinator.views.spans import Span
from tui.paint.ink import Spans, fit, ink_of, paint
from tui.paint.theme import Glyphs

TOUR = "COORD_TOUR"
"""Environment: `demo` has the screen show the way."""
KeyOf = Callable[[str], str]
"""How the key of an action is written."""
_OWN = 11
"""Prompts that the demo begins with: what is there besides, somebody has made on the way."""


class Tour(Widget):
    """The tip of the moment."""

    DEFAULT_CSS = "Tour { height: 1; background: $surface; }"

    def __init__(self, marks: Glyphs, key: KeyOf) -> None:
        super().__init__(id="tour")
        self.marks = marks
        self.key = key
        self._spans: Spans = ()

    def show(self, snapshot: Snapshot) -> None:
        spans = [Span(" Tour ", "brand"), *tip(snapshot, self.key, self.marks)]
        if spans != self._spans:
            self._spans = spans
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        return paint(fit(self._spans, width, self.marks.ellipsis), width, lambda name: ink_of(self, name))


def tip(snapshot: Snapshot, key: KeyOf, marks: Glyphs) -> list[Span]:
    """What to see or do now: what waits for the reader first, then what can be tried while agents work."""
    states = [step.state for step in snapshot.steps.values()]
    begun = any(state is not StepState.PENDING for state in states)
    if snapshot.loop.state is LoopState.FINISHED:
        return _line("done: ", ("replay", " goes through it again, "), ("quit", " leaves and sums it up"), key=key)
    if snapshot.loop.asked == "paused" and not begun:
        return _line("nothing runs yet: ", ("loop.toggle", " starts the agents: scripts, at no cost"), key=key)
    if not snapshot.loop.alive or snapshot.loop.asked != "running":
        return _line("the loop rests: ", ("loop.toggle", " lets it go on"), key=key)
    if snapshot.open_questions:
        first = snapshot.open_questions[0]
        if first.about.startswith(ABOUT):
            return _line("the Planner wants your yes: ", ("need", f", 1, {marks.enter}"), key=key)
        return _line("an agent asks you: ", ("need", f" opens it, 1 chooses, {marks.enter} answers"), key=key)
    return _while_they_work(snapshot, states, key)


def _while_they_work(snapshot: Snapshot, states: list[StepState], key: KeyOf) -> list[Span]:
    merged = states.count(StepState.MERGED)
    if merged and merged == len(states):
        return _line("a Verifier looks at the work: ", ("milestone", " shows what each criterion rests on"), key=key)
    if merged >= _OWN:
        return _line("what was found is mended: ", ("milestone", " shows findings and criteria"), key=key)
    if len(states) == _OWN and merged <= _OWN // 2:
        return _line("select 07, then ", ("interject", " puts a prompt before it, drawn as you type"), key=key)
    if merged <= _OWN // 2:
        return _line("", ("undo", " takes your plan back, "), ("patch", " patches the selected prompt"), key=key)
    if merged < _OWN - 1:
        return _line("", ("agent.status", " tells of every agent what it does, and what to do about it"), key=key)
    return _line("", ("replay", " goes back in time, "), ("help", " tells of the other keys"), key=key)


def _line(before: str, *parts: tuple[str, str], key: KeyOf) -> list[Span]:
    keyed = [span for action, words in parts for span in (Span(key(action), "key", action), Span(words))]
    return [Span(before), *keyed]
