"""A conversation with the coordinator's voice in the test's own process, against a service on the loopback."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from support.project import prompt_text

from coordinator.assistant.talk import Talk
from coordinator.assistant.voice import Voice
from coordinator.assistant.voice_api import ApiVoice
from coordinator.client.chat_files import ChatFiles
from coordinator.client.opening import project_at
from coordinator.client.reading import Reading
from coordinator.lazy.typing import TypeVar
from coordinator.model.conversation import Decided, Message, Proposal, Say, Text, TurnEnd
from coordinator.storage.paths import Layout

M = TypeVar("M")


def made(root: Path, prompts: int = 7, **values: object) -> Layout:
    """A project without git and without a loop: prompts, one after the other, the first one done."""
    layout = Layout(root)
    layout.prompts.mkdir(parents=True)
    for number in range(1, prompts + 1):
        own = {"status": "done"} if number == 1 else {}
        text = prompt_text(number, *([number - 1] if number > 1 else []), **{**own, **values})
        (layout.prompts / f"{number:02d}-planned-prompt-{number}.prompt.md").write_text(text)
    return layout


def tree(root: Path) -> dict[str, bytes]:
    """Every file with its content, but for the log of what was looked at."""
    return {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


class Chat:
    """One engineer at it."""

    def __init__(self, layout: Layout, url: str, voice: Voice | None = None) -> None:
        """`url`: the service of the voice by the API, unless another voice is given."""
        project = project_at(str(layout.root))
        self.reading, self.files = Reading(project), ChatFiles(project)
        self.heard: list[Message] = []
        self._news = asyncio.Event()
        self.reading_root = layout.root
        self.talk = Talk(voice or ApiVoice(base_url=url), self.reading, self.files, self._hear, "ada")

    def _hear(self, message: Message) -> None:
        self.heard.append(message)
        self._news.set()

    async def until(self, is_so: Callable[[Message], bool]) -> list[Message]:
        """What is heard from now on, up to the first message for which it is so."""
        begun = len(self.heard)
        while not any(map(is_so, self.heard[begun:])):
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 60)
        return self.heard[begun:]

    async def turn(self, message: Message) -> list[Message]:
        """Say it, and hear the turn that comes of it."""
        await self.talk.hear(message)
        return await self.until(lambda one: isinstance(one, TurnEnd))

    async def say(self, text: str, selected: str = "", refs: tuple[str, ...] = ()) -> list[Message]:
        return await self.turn(Say(text, selected, refs))

    async def decide(self, proposal: Proposal, outcome: str, detail: str = "") -> list[Message]:
        return await self.turn(Decided(proposal.id, outcome, detail))

    async def close(self) -> None:
        await self.talk.close()
        self.reading.close()


def words(heard: list[Message]) -> str:
    return "".join(one.delta for one in heard if isinstance(one, Text))


def only(kind: type[M], heard: list[Message]) -> M:
    (found,) = [one for one in heard if isinstance(one, kind)]
    return found
