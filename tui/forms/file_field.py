"""A whole file in a form: opened in $EDITOR, kept until the plan is applied."""

from coordinator.lazy.dataclass import dataclass
from coordinator.views.spans import Span
from tui.forms.fields import Changed, Painted
from tui.paint.ink import Spans


@dataclass(frozen=True, slots=True)
class Written:
    """A file as the engineer's editor left it."""

    digest: str
    """SHA-256 of the version that was opened: what is on disk has to be that one still."""
    text: str


class FileField(Painted):
    """Shows what is in the file, and whether it was edited."""

    def __init__(self, value: Written | None, words: str, *, id: str) -> None:
        """`words` tell what is in the file."""
        super().__init__(id=id)
        self._value = value
        self.words = words

    @property
    def value(self) -> Written | None:
        """None: as it is on disk."""
        return self._value

    def write(self, digest: str, text: str, words: str) -> None:
        """Take over what the editor left."""
        self._set(Written(digest, text), words)

    def forget(self, words: str) -> None:
        """Go back to what is on disk."""
        self._set(None, words)

    def _set(self, value: Written | None, words: str) -> None:
        self._value, self.words = value, words
        self.refresh()
        self.post_message(Changed())

    def spans(self, width: int) -> Spans:
        edited = [Span(", edited", "badge")] if self._value is not None else []
        return [Span(self.words), *edited, Span("   ^e", "key"), Span(" opens the file in $EDITOR", "quiet")]
