"""What a voice is: something that takes a turn of the conversation, with tools that look and propose."""

from collections.abc import Callable, Sequence

from coordinator.assistant.tools import Tools
from coordinator.client.chat_files import Turn
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import Protocol
from coordinator.model.conversation import Message, Trouble

Tell = Callable[[Message], None]
"""Says something to the one who shows it."""


class Troubled(Exception):
    """A turn can't go on, for a reason that a human can do something about."""

    def __init__(self, kind: str, message: str, retry_at: str = "") -> None:
        super().__init__(message)
        self.trouble = Trouble(kind, message, retry_at)


@dataclass(frozen=True, slots=True)
class Brief:
    """What a turn begins with."""

    system: str
    """Instructions; the same in every turn."""
    history: Sequence[Turn]
    """What was said before, oldest first."""
    context: str
    """Where the project stands, quoted."""
    words: str
    """What the engineer says."""
    may_spend: Callable[[], None]
    """Asked before each request. Raises Troubled when the budget is used up."""


class Voice(Protocol):
    """A model that speaks, by whatever way."""

    @property
    def name(self) -> str:
        """One of `coordinator.model.conversation.VOICES`."""
        ...

    @property
    def model(self) -> str: ...

    async def warm_up(self) -> None:
        """Load what takes a while, before the first words need it."""
        ...

    async def turn(self, brief: Brief, tools: Tools, tell: Tell) -> None:
        """Say `text`, `tool`, `proposal`, `ask` and `usage`, until it is the engineer's turn. Raises Troubled."""
        ...

    async def draft(self, brief: Brief, tell: Tell) -> None:
        """Write a text, without tools: say `text` and `usage`. Raises Troubled."""
        ...

    async def close(self) -> None: ...
