"""A screen of panels: which has the focus, which page of a narrow screen is in sight, and the form over the bottom."""

from typing import TYPE_CHECKING

from textual import events, on
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.messages import FormClosed
from tui.panel_sizes import MEDIUM, SHORT, TALL, VAST, WIDE

if TYPE_CHECKING:
    from tui.forms.form import Form

PANELS = ("prompts", "agents", "window", "events")
"""Ids of the panels in the order of the Tab key."""
SECOND_PAGE = ("agents", "window")
"""What a narrow screen shows on its other page."""


class Panels(Screen[None]):
    """Subclasses compose the panels, and a container `#bottom` around the events."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide"), (VAST, "-vast")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (SHORT, "-short"), (MEDIUM, "-medium"), (TALL, "-tall")]  # noqa: RUF012
    ALLOW_IN_MAXIMIZED_VIEW = "Header, Footer"
    AUTO_FOCUS = "#prompts"

    _heading = ""
    """Id of the panel that is about to get the focus."""
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """As Textual has it, but that the two panels are painted again, and not all of the screen."""
    _focus_asked = 0
    """How often something was to have the focus: only the last of them gets it."""
    _narrow = False
    """The screen was narrow at its last resize."""

    def take_size(self) -> None:
        """Have the classes of the screen's size from the beginning: Textual sets them after a first layout without."""
        for at_hand, breakpoints in zip(
            self.app.size, (self.HORIZONTAL_BREAKPOINTS, self.VERTICAL_BREAKPOINTS), strict=True
        ):
            self.add_class(max((least, name) for least, name in breakpoints if at_hand >= least)[1])
        self._narrow = self.has_class("-narrow")

    def sight_changed(self) -> None:
        """Called after other panels came into sight, or another one has the focus."""

    def on_resize(self, event: events.Resize) -> None:
        """A narrow screen has other panels in sight. Any other resize posts nothing: that would resize once more."""
        narrow = event.size.width < self.HORIZONTAL_BREAKPOINTS[1][0]
        if narrow is not self._narrow:
            self._narrow = narrow
            self.call_after_refresh(self.sight_changed)

    # ── focus

    @property
    def panel(self) -> str:
        """Id of the panel that has the focus; empty in a form."""
        node: object = self.focused
        while isinstance(node, Widget):
            if node.id in PANELS:
                return node.id
            node = node.parent
        return ""

    def in_sight(self, name: str) -> bool:
        """Whether a panel is visible."""
        if self.maximized is not None:
            return self.maximized.id == name
        if not self.has_class("-narrow"):
            return True
        return (name in SECOND_PAGE) == self.has_class("-second")

    def focus_panel(self, name: str) -> None:
        """Focus a panel, on whichever page of a narrow screen it is."""
        self.show_page(name)
        panel = self.query_one(f"#{name}")
        target = panel if panel.can_focus else next(child for child in panel.query(Widget) if child.can_focus)
        self._heading = name
        # A panel of the other page can take the focus only once the page was laid out.
        self._focus_asked += 1
        self.call_after_refresh(self._focus_panel, target, self.form, self._focus_asked)

    def _focus_panel(self, target: Widget, form: "Form | None", asked: int) -> None:
        """Focus a panel, unless something else was to have the focus since: a form, a line to type in."""
        if self.form is form and asked == self._focus_asked:
            self.set_focus(target)

    def focus_line(self, line: Widget) -> None:
        """Focus something to type in, at once: what is typed ahead is for it."""
        self._focus_asked += 1
        self.set_focus(line)

    def show_page(self, name: str) -> None:
        """Bring a panel in sight: end the zoom of another one, turn to its page."""
        if self.maximized is not None and self.maximized.id != name:
            self.minimize()
        # On a wide screen both pages are there: to style all of it anew, at each change of the focus, takes longest.
        self.set_class(name in SECOND_PAGE, "-second", update=self.has_class("-narrow"))

    def on_descendant_focus(self) -> None:
        if self.panel:
            self.show_page(self.panel)
        self._heading = ""
        self.call_after_refresh(self.sight_changed)

    def action_panel_next(self) -> None:
        self._step_panel(1)

    def action_panel_previous(self) -> None:
        self._step_panel(-1)

    def _step_panel(self, by: int) -> None:
        # Keys may come faster than the focus moves: go on from where it is going.
        panel = self._heading or self.panel
        here = PANELS.index(panel) if panel else 0
        self.focus_panel(PANELS[(here + by) % len(PANELS)])

    def action_panel_prompts(self) -> None:
        self.focus_panel("prompts")

    def action_panel_agents(self) -> None:
        self.focus_panel("agents")

    def action_panel_window(self) -> None:
        self.focus_panel("window")

    def action_panel_events(self) -> None:
        self.focus_panel("events")

    def action_zoom(self) -> None:
        if self.maximized is not None:
            self.minimize()
        elif self.panel:
            self.maximize(self.query_one(f"#{self.panel}"), container=False)
        self.call_after_refresh(self.sight_changed)

    # ── forms, in the place of the events

    @property
    def form(self) -> "Form | None":
        """The form that is open."""
        if not self.has_class("-form"):
            return None
        from tui.forms.form import Form

        return next(iter(self.query(Form)), None)

    async def open_form(self, form: "Form") -> None:
        """Show a form where the events are; one at a time."""
        if self.form is not None:
            return
        if self.maximized is not None:
            self.minimize()
        self.add_class("-form")
        self.remove_class("-second")
        self.app.clear_notifications()  # they would lie over its last lines
        await self.query_one("#bottom").mount(form)
        form.start()
        self.sight_changed()

    @on(FormClosed)
    async def close_form(self) -> None:
        """End the open form; the events come back."""
        form = self.form
        if form is not None:
            await form.remove()
        self.remove_class("-form")
        self.focus_panel("prompts")
        self.sight_changed()
