"""What an action is: something to do on a key, with its words, its place in the footer, and why it can't act. Pure."""

from collections.abc import Callable
from enum import StrEnum

from coordinator.lazy.dataclass import dataclass
from coordinator.model.own_command import OwnCommand
from tui.context import Context, Reason


class Group(StrEnum):
    """Headings of the help screen."""

    STEER = "Steering the work"
    CHOOSE = "Many at once"
    LOOP = "The loop"
    NEEDS_YOU = "What needs you"
    LOOK = "Looking around"
    EVENTS = "Events"
    OWN = "Your own commands"
    SCREEN = "The screen"


class Scope(StrEnum):
    """Where a key acts: everywhere on the main screen, or only while that panel has the focus."""

    MAIN = "main"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do: a form, or `action_<id>` of the main screen or the app (dots become underscores)."""

    id: str
    keys: str
    """Comma-separated; empty for what only the palette offers."""
    label: str | Callable[[Context], str]
    """One or two words for the footer."""
    tooltip: str
    """A sentence for palette and help."""
    group: Group
    scope: Scope = Scope.MAIN
    when: Callable[[Context], Reason] = lambda _: ""
    footer: int = 0
    """Place in the footer, left to right; 0: not shown there."""
    footer_in: str = ""
    """The panel whose footer shows it, though its key acts in all; empty: every panel's."""
    moot: Callable[[Context], bool] = lambda _: False
    """All that its key would do here is to name another one: not worth a place in the footer."""
    palette: bool = True
    """Worth a line in the palette."""
    written: str = ""
    """How the key is written; empty: as it is called."""
    form: str = ""
    """The service whose form it opens; empty: it has a method, or only what it does to many."""
    many: str = ""
    """What it does to all that are marked, as the service `many` calls it; empty: it is about one."""
    command: OwnCommand | None = None
    """What it runs, for one that comes from the project's settings."""

    def label_in(self, context: Context) -> str:
        return self.label if isinstance(self.label, str) else self.label(context)

    @property
    def method(self) -> str:
        return self.id.replace(".", "_")
