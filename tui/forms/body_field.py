"""The body of a prompt in a form: a count of what is in it, written in $EDITOR."""

from coordinator.formats.prompt_body import CRITERIA, has_criteria, items
from coordinator.views.spans import Span
from tui.forms.fields import Changed, Painted
from tui.paint.ink import Spans


class BodyField(Painted):
    """Shows how much stands in a body; the key for $EDITOR opens it."""

    def __init__(self, value: str = "", *, empty: str, id: str) -> None:
        """`empty` is what the prompt gets while nothing is written."""
        super().__init__(id=id)
        self._value = value
        self._empty = empty

    @property
    def value(self) -> str:
        return self._value

    @value.setter
    def value(self, text: str) -> None:
        if text != self._value:
            self._value = text
            self.refresh()
            if self.is_mounted:
                self.post_message(Changed())

    def spans(self, width: int) -> Spans:
        words = [Span(describe(self._value))] if self._value.strip() else [Span(self._empty, "quiet")]
        return [*words, Span("   ^e", "key"), Span(" opens $EDITOR", "quiet")]


def describe(body: str) -> str:
    """`3 tasks, 2 criteria`; what there is to count in a body."""
    counts = [(items(body, "tasks"), "task", "tasks"), (items(body, CRITERIA), "criterion", "criteria")]
    parts = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
    if not has_criteria(body):
        parts.append("no acceptance criteria")
    lines = len(body.strip().splitlines())
    return ", ".join(parts) if len(parts) > 1 or has_criteria(body) else f"{lines} lines, {parts[0]}"


def without_blanks(body: str) -> str:
    """A body as an editor left it, without the template's items that were never filled in."""
    lines = [line for line in body.splitlines() if line.strip() not in ("-", "*", "- [ ]")]
    return "\n".join(lines).strip() + "\n" if any(line.strip() for line in lines) else ""
