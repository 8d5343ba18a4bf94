"""Forms in which the coordinator's voice writes a first version of a text, which is edited as one's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType

from coordinator.model.conversation import Draft as Wanted
from coordinator.model.conversation import Drafted, Trouble
from coordinator.model.text import clip, plain, plain_lines
from coordinator.views.spans import Span
from tui.forms.service_form import ServiceForm
from tui.forms.stages import Stage, labelled
from tui.messages import VoiceSaid

if TYPE_CHECKING:
    from coordinator.client.ports import Voice
    from coordinator.model.conversation import Message as Said
    from tui.forms.message import Line
    from tui.widgets.footer import Hint

_MOST = 40_000
"""Characters of a draft: more than that nobody asked for."""


class DraftingForm(ServiceForm):
    """Nothing of a draft goes anywhere: it stands in its field until the engineer has the form planned."""

    DRAFTS: ClassVar[Sequence[str]] = ()
    """The fields that can be drafted; the first one is, unless another of them has the focus."""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+t", "draft", "draft", show=False, priority=True)]

    _voice: Voice | None = None
    _wanted_for = ""
    """The field that is drafted now; empty: none is."""
    _drafts = 0
    _parts: tuple[str, ...] = ()
    _said_of_it = ""
    """What is said of the draft: that it comes, or why there is none."""

    # ── what subclasses say

    def drafted_about(self) -> int | None:
        """The prompt whose failure or work it is about."""
        return self.host.target

    def told(self) -> Mapping[str, Any]:
        """What the form holds, for the one who writes."""
        return {name: _plain(value) for name, value in self.given().items() if value not in (None, "", (), [])}

    # ── asking

    @property
    def writing(self) -> bool:
        """A draft is on its way."""
        return bool(self._wanted_for)

    def action_draft(self) -> None:
        """Have the text of a field written; once more, or Escape, ends that."""
        if self._wanted_for:
            self._give_up("")
            return
        if self.stage is not Stage.EDIT:
            return
        focused = str(self.screen.focused.id) if self.screen.focused is not None else ""
        self._wanted_for = focused if focused in self.DRAFTS else self.DRAFTS[0]
        self._parts, self._drafts = (), self._drafts + 1
        self._said_of_it = "the coordinator writes…"
        if self._voice is None:
            self._voice = self.host.source.voice(self._hears)
            self._voice.open()
        about = self.drafted_about()
        selected = str(about) if about is not None else ""
        self._voice.tell(Wanted(f"d{self._drafts}", self.SERVICE, self._wanted_for, selected, self.told()))
        self.say()

    def _hears(self, said: Said) -> None:
        """Called from a thread."""
        self.post_message(VoiceSaid(said))

    @on(VoiceSaid)
    def _heard(self, message: VoiceSaid) -> None:
        said = message.said
        if not self._wanted_for:
            return
        if self.stage is not Stage.EDIT:
            self._give_up("")  # the plan is shown: what it holds stays what was seen
        elif isinstance(said, Trouble):
            self._give_up(said.message)
        elif isinstance(said, Drafted) and said.id == f"d{self._drafts}":
            self._parts += (said.delta,)
            length = sum(map(len, self._parts))
            self._said_of_it = f"the coordinator writes… {length} characters"
            if said.done or length > _MOST:
                self._take_draft()
            else:
                self.say()

    def _take_draft(self) -> None:
        """Put it below what stands in its field."""
        text = "\n".join(plain_lines("".join(self._parts)[:_MOST])).strip()
        field, self._wanted_for = self.field(self._wanted_for), ""
        self._said_of_it = "" if text else "the coordinator wrote nothing"
        if text:
            before = str(field.value or "").rstrip()
            field.value = f"{before}\n\n{text}" if before else text
        self.say()

    def _give_up(self, why: str) -> None:
        self._wanted_for, self._said_of_it = "", clip(plain(why), 200)
        self._end_voice()
        self.say()

    def action_leave(self) -> None:
        if self._wanted_for:
            self._give_up("")
        else:
            super().action_leave()

    def on_unmount(self) -> None:
        self._end_voice()

    def _end_voice(self) -> None:
        """End its process, in a thread: that takes a moment."""
        voice, self._voice = self._voice, None
        if voice is not None:
            threading.Thread(target=voice.close, daemon=True).start()

    # ── what is said

    def more_lines(self) -> list[Line]:
        said = [labelled("Draft", "quiet", [Span(self._said_of_it, "need")])] if self._said_of_it else []
        return [*super().more_lines(), *said]

    def arranged(self, effect: list[Line], more: list[Line]) -> list[Line]:
        return [*more, *effect]

    def field_changed(self) -> None:
        if not self._wanted_for:
            self._said_of_it = ""
        super().field_changed()

    def extra_hints(self) -> tuple[Hint, ...]:
        return (*super().extra_hints(), ("^t", "stop" if self._wanted_for else "draft", "form.draft"))

    def act(self, hint: str) -> Callable[[], None] | None:
        return self.action_draft if hint == "form.draft" else super().act(hint)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
