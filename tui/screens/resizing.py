"""The screen whose panels can be made larger and smaller: by keys, and for good."""

from textual import events, on

from coordinator.client.ports import Sizes
from tui.messages import Remark, SizesChosen
from tui.panel_sizes import COLUMNS, ROWS, Room, fitting, with_left, with_taller
from tui.screens.host import Navigator
from tui.screens.panels import Panels


class ResizingScreen(Panels):
    """Subclasses compose `#left` and `#right`, `#agents` and `#events`, and `#why` below the prompts."""

    host: Navigator
    _fitted: tuple[Sizes, str] = (Sizes(), "")
    """Which sizes the panels have, and which of them has the whole screen."""

    @property
    def layout_name(self) -> str:
        """Sizes are kept by the layout that they were chosen in."""
        return "narrow" if self._room.narrow else "wide"

    def action_split_left(self) -> None:
        self._move_split(-COLUMNS)

    def action_split_right(self) -> None:
        self._move_split(COLUMNS)

    def action_panel_taller(self) -> None:
        self._make_taller(ROWS)

    def action_panel_lower(self) -> None:
        self._make_taller(-ROWS)

    def action_panel_reset(self) -> None:
        self._choose(Sizes())

    def _move_split(self, by: int) -> None:
        if self.layout_name == "narrow":
            self.app.post_message(
                Remark("There is one column here: the screen is narrow. Tab brings the other panels.")
            )
            return
        left = round(100 * self.query_one("#left").outer_size.width / max(1, self.size.width))
        self._choose(with_left(self._chosen, left, by))

    def _make_taller(self, by: int) -> None:
        if self.maximized is not None:
            self.app.post_message(Remark("The panel has the whole screen; Z takes that back."))
            return
        now = Sizes(0, self._lines("events"), self._lines("agents"))
        self._choose(with_taller(self._chosen, self.panel or "events", self._room, now, by))

    @property
    def _chosen(self) -> Sizes:
        return self.host.sizes.get(self.layout_name, Sizes())

    def _choose(self, sizes: Sizes) -> None:
        if sizes != self._chosen:
            self.app.post_message(SizesChosen(self.layout_name))
            self.host.sizes[self.layout_name] = sizes
            self.fit_panels()

    @on(events.Resize)
    def _resized(self) -> None:
        self.fit_panels()

    def watch_maximized(self) -> None:
        self.fit_panels()

    def fit_panels(self) -> None:
        """Give the panels the sizes that were chosen, as far as this screen has room."""
        shown = fitting(self._chosen, self._room)
        alone = (self.maximized.id or "") if self.maximized is not None else ""
        if (shown, alone) == self._fitted or not self.query("#events"):
            return
        self._fitted = shown, alone
        for name, share in (("left", shown.left), ("right", 100 - shown.left)):
            self.query_one(f"#{name}").styles.width = f"{share}fr" if shown.left else None
        for name, lines in (("events", shown.events), ("agents", shown.agents)):
            styles = self.query_one(f"#{name}").styles
            styles.height = lines if lines and name != alone else None
            styles.max_height = lines if lines and name != alone else None

    @property
    def _room(self) -> Room:
        return Room(*self.app.size)

    def _lines(self, name: str) -> int:
        return self.query_one(f"#{name}").outer_size.height
