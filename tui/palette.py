"""The command palette: every action that can be done now, and every prompt by number or title."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol, runtime_checkable

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import Matcher

from coordinator.model.text import plain
from tui.actions import Action, all_actions, key_of
from tui.context import Context

_MOST_PROMPTS = 50


@runtime_checkable
class GoesOver(Protocol):
    """What the list of projects needs of the app that shows it."""

    elsewhere: Sequence[str]

    async def go_over_to(self, root: str) -> None: ...


class Projects(Provider):
    """Feeds the palette from the projects that were opened last, newest first. Paths are data, never markup."""

    @property
    def host(self) -> GoesOver:
        app: object = self.app
        assert isinstance(app, GoesOver)
        return app

    async def discover(self) -> Hits:
        for root in self.host.elsewhere:
            shown = plain(root)
            yield DiscoveryHit(Content(shown), partial(self.host.go_over_to, root), text=shown)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for root in self.host.elsewhere:
            shown = plain(root)
            score = matcher.match(shown)
            if score > 0:
                yield Hit(score, highlighted(matcher, shown), partial(self.host.go_over_to, root), text=shown)


class Commanded(Protocol):
    """The screen that commands act on."""

    def context(self) -> Context: ...

    def select(self, number: int) -> None: ...

    async def action_act(self, action_id: str) -> None: ...


@runtime_checkable
class PaletteHost(Protocol):
    """What the palette needs of the app that shows it."""

    keys: Mapping[str, str]

    @property
    def main(self) -> Commanded: ...


class Commands(Provider):
    """Feeds the palette from the registry and the snapshot. Titles are data: they never become markup."""

    @property
    def host(self) -> PaletteHost:
        app: object = self.app
        assert isinstance(app, PaletteHost)
        return app

    async def discover(self) -> Hits:
        context = self.host.main.context()
        for action in offered(context):
            title = title_of(action, context, self.host.keys)
            yield DiscoveryHit(Content(title), self._do(action), text=title, help=plain(action.tooltip))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        context = self.host.main.context()
        for action in offered(context):
            title = title_of(action, context, self.host.keys)
            score = max(matcher.match(title), matcher.match(action.tooltip) * 0.5)
            if score > 0:
                yield Hit(score, highlighted(matcher, title), self._do(action), text=title, help=plain(action.tooltip))
        if context.snapshot is None:
            return
        found = 0
        for number, prompt in context.snapshot.prompts.items():
            title = plain(f"{prompt.label} {prompt.title}")
            score = matcher.match(title)
            if score > 0:
                found += 1
                if found > _MOST_PROMPTS:
                    return
                choose = partial(self.host.main.select, number)
                yield Hit(score * 0.9, highlighted(matcher, title), choose, text=title, help="Select this prompt")

    def _do(self, action: Action) -> Callable[[], Awaitable[None]]:
        return partial(self.host.main.action_act, action.id)


def offered(context: Context) -> list[Action]:
    """Actions that have something to act on now, whatever panel has the focus."""
    return [action for action in all_actions(context) if action.palette and not action.when(context)]


def title_of(action: Action, context: Context, keymap: Mapping[str, str]) -> str:
    """`Pause loop  (l)`"""
    label = action.label_in(context)
    key = f"  ({key_of(action, keymap)})" if action.keys or action.id in keymap else ""
    return label[:1].upper() + label[1:] + key


def highlighted(matcher: Matcher, text: str) -> Content:
    """The text with the matching characters emphasised; unlike Textual's own, it reads no markup."""
    content = Content(text)
    score, offsets = matcher.fuzzy_search.match(matcher.query, text)
    if score:
        for offset in offsets:
            content = content.stylize(matcher.match_style, offset, offset + 1)
    return content
