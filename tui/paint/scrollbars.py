"""Scrollbars that say where the page is."""

from textual.scroll_view import ScrollView


class ScrolledView(ScrollView):
    """A page whose scrollbars are right from the moment at which they are shown.

    Textual moves a scrollbar when the page moves, but not one that is still hidden: a page that goes to its end when
    its lines come, and has a scrollbar for them only afterwards, would show it at the top.
    """

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        if shown:
            self.vertical_scrollbar.position = self.scroll_y

    def watch_show_horizontal_scrollbar(self, shown: bool) -> None:
        if shown:
            self.horizontal_scrollbar.position = self.scroll_x
