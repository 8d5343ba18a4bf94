"""Words on the border of a panel."""

from textual.content import Content
from textual.widget import Widget

Words = Content | str


class Titled(Widget):
    """A panel that sets its words again and again, and is painted again only when they differ.

    Textual itself paints a whole widget whenever its title is set, also to what it is already. As a base it comes after
    those that have a style sheet: Textual takes over that of the first one only.
    """

    _title: Words | None = None
    _subtitle: Words | None = None

    def entitle(self, *, title: Words | None = None, subtitle: Words | None = None) -> None:
        """Write on the border; None leaves a place as it is. That words are the same is told by their text alone."""
        if title is not None and title != self._title:
            self.border_title = self._title = title
        if subtitle is not None and subtitle != self._subtitle:
            self.border_subtitle = self._subtitle = subtitle
