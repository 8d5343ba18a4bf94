"""A project for one who only reads, such as the coordinator's voice: whatever there is to see, and no way to change it.

Every text that it gives is untrusted.
"""

import threading

from coordinator.client.opening import Project
from coordinator.errors import Refused
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.event import Event
from coordinator.model.snapshot import Snapshot

if TYPE_CHECKING:
    from coordinator.eventlog.store import EventLog
    from coordinator.model.change import ChangePage
    from coordinator.model.feedback import Feedback
    from coordinator.model.witnesses import Standing
    from coordinator.observe.observer import Observer


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What the project says about the coordinator's voice."""

    voice: str = "auto"
    model: str = ""
    base_url: str = ""
    """Empty where the project is not trusted, whatever it says: a key goes there."""
    budget_tokens: int | None = None
    budget_cost: float | None = None
    """US dollars."""


class Reading:
    """One project, looked at again and again, by any thread. Raises CoordError, and nothing else on purpose."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._observer: Observer | None = None
        self._log: EventLog | None = None
        self._one_at_a_time = threading.RLock()

    @property
    def root(self) -> str:
        return str(self._project.layout.root)

    def close(self) -> None:
        if self._observer is not None:
            self._observer.close()
        if self._log is not None:
            self._log.close()

    def settings(self) -> ChatSettings:
        """As they are now."""
        from coordinator.observe.trust import is_trusted

        config = Project(self._project.layout).config
        base_url = config.chat_base_url if is_trusted(self._project.layout) else ""
        return ChatSettings(
            config.chat, config.chat_model, base_url, config.chat_budget_tokens, config.chat_budget_cost
        )

    def instructions(self) -> tuple[str, ...]:
        """The pages that the voice goes by: the project's own where it is trusted, else those that ship with coord."""
        from coordinator.model.flow import PAGES
        from coordinator.observe.trust import is_trusted
        from coordinator.storage.flows import read_page

        own = is_trusted(self._project.layout)
        return tuple(read_page(self._project.layout, name, own=own) for name in PAGES)

    def look(self) -> Snapshot:
        """The project as it is now; costs what changed since the last look."""
        from coordinator.observe.observer import Observer

        with self._one_at_a_time:
            if self._observer is None:
                self._observer = Observer(self._project.layout, lambda: self._project.findings)
            else:
                self._observer.refresh(None)
            return self._observer.snapshot()

    def events(
        self, *, kinds: tuple[str, ...] = (), subject: str = "", actor: str = "", text: str = "", limit: int
    ) -> tuple[Event, ...]:
        """The newest events for which all of this holds, oldest first."""
        from coordinator.eventlog.filters import Filter

        with self._one_at_a_time:
            if self._log is None:
                self._log = self._project.log()
            return self._log.tail(limit, Filter(kinds, actor, subject, text))

    def change(self, number: int) -> "ChangePage":
        """What the last attempt of a prompt changed. Refused when there is nothing to see."""
        from coordinator.observe.change_review import read_change

        return read_change(self._project.layout, self.look(), number)

    def screen(self, agent: str) -> str:
        """What an agent's window shows, or showed at the end, a line a row. Refused for one that is not there."""
        from coordinator.client.windows import Windows

        snapshot = self.look()
        attempt = next((one for one in snapshot.last_attempts if one.agent == agent), None)
        screen = None if attempt is None else Windows(self._project).last_screen(attempt)
        if screen is None:
            raise Refused("that agent has no window", "the agents are in the status")
        return screen.plain()

    def file(self, path: str) -> str:
        """The beginning of a text file of the project that git does not ignore. Refused for any other."""
        from coordinator.client.named_files import text_of

        return text_of(self._project.layout.root, path)

    def findings(self) -> "tuple[Feedback, ...]":
        """Every finding that can be read."""
        with self._one_at_a_time:
            return self._project.findings.read().items

    def standings(self) -> "tuple[Standing, ...]":
        """What is known of each criterion of the milestone, and of merged prompts."""
        from coordinator.model.acceptance import standings as of_prompts
        from coordinator.model.witnesses import standings

        snapshot = self.look()
        own = standings(snapshot.round) if snapshot.round is not None else ()
        return (*own, *(of_prompts(snapshot.checks) if snapshot.checks is not None else ()))

    def document(self, name: str) -> str:
        """`milestone` or `alignment`, whole; empty where there is none."""
        path = {"milestone": ".coord/milestone.md", "alignment": ".coord/alignment.md"}[name]
        return self.look().documents.get(path, b"").decode("utf-8", "replace")
