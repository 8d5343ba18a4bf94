"""The conversation on the screen in a test's hands: a real project, and a process in the place of the voice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.onscreen import until
from support.stand_in import StandIn
from support.steering import Desk, steered

from coordinator.client import chatting
from coordinator.storage.paths import Layout
from tui.forms.plan_form import PlanForm
from tui.screens.chat import ChatScreen


class Talk(Desk):
    """The screen of the conversation, and what its voice heard."""

    voice: StandIn

    @property
    def chat(self) -> ChatScreen:
        screen = self.app.get_screen("chat")
        assert isinstance(screen, ChatScreen)
        return screen

    @property
    def form(self) -> PlanForm:
        form = self.chat.plan_form
        assert form is not None, f"no form is open:\n{self.text}"
        return form

    @property
    def said(self) -> str:
        """All that was said, whatever of it is in sight."""
        return self.chat.transcript.text

    def _planning(self) -> bool:
        form = self.chat.plan_form if self.app.is_screen_installed("chat") else None
        return form is not None and form.busy

    async def say(self, text: str) -> None:
        """Say something, and hear all of the answer."""
        await self.type(text)
        await self.press("enter")
        await self.turn()

    async def turn(self) -> None:
        """Hear the voice until it is the engineer's turn."""
        talk = self.chat.talk
        await until(lambda: talk is not None and talk.ready is not None and not talk.busy, "the end of the turn", 20)
        await self.pilot.pause()

    async def card(self) -> None:
        """To the card that waits."""
        await until(lambda: self.chat.plan_form is not None, "the card")
        await self.press("enter")
        await until(lambda: self.form.has_focus, "the focus on the card")


@asynccontextmanager
async def talking(
    layout: Layout, voice: StandIn, size: tuple[int, int] = (160, 45), selected: int | None = None
) -> AsyncIterator[Talk]:
    """The conversation of a project, opened, once its voice is ready."""
    before, chatting.voice_command = chatting.voice_command, lambda root: voice.command
    try:
        async with steered(layout, selected=selected, size=size) as desk:
            talk = Talk(desk.app, desk.pilot, layout)
            talk.voice = voice
            await desk.pilot.press("c")
            await talk.turn()
            yield talk
    finally:
        chatting.voice_command = before
