"""One registry: keys, footer, palette and help say the same."""

from itertools import combinations

import pytest
from support import scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource
from textual.binding import Binding
from textual.command import CommandPalette
from textual.widgets import Input

from coordinator.client.ports import Preferences
from coordinator.views.attention import needs
from tui.actions import ACTIONS, BY_ID, Action, Scope, bindings, key_of, unknown_keys
from tui.context import Context
from tui.forms.registry import form_of
from tui.palette import offered, title_of
from tui.screens.reader_pages import help_lines
from tui.widgets.agents import Agents
from tui.widgets.events import EventList
from tui.widgets.graph import PromptGraph
from tui.widgets.window import LiveWindow

CONTEXTS = {
    "nothing yet": Context(),
    "busy": Context(snapshot=scenes.bucket(), selected=6, agent=scenes.bucket().agents[1], panel="prompts"),
    "events": Context(snapshot=scenes.bucket(), selected=6, panel="events", search="sql"),
    "stopped": Context(snapshot=scenes.stopped(), selected=1, panel="prompts"),
    "landed": Context(snapshot=scenes.bucket(), selected=1, panel="prompts"),
    "failed": Context(snapshot=scenes.bucket(), selected=10, panel="prompts"),
    "troubled": Context(snapshot=scenes.troubled(), selected=4, panel="window"),
}


def keys_of(action: Action) -> set[str]:
    return {key.strip() for key in action.keys.split(",") if key.strip()}


def test_no_two_actions_share_a_key_where_both_can_be_reached() -> None:
    for one, other in combinations(ACTIONS, 2):
        if one.scope is other.scope or Scope.MAIN in (one.scope, other.scope):
            assert not keys_of(one) & keys_of(other), f"{one.id} and {other.id}"


@pytest.mark.parametrize("panel", [PromptGraph, Agents, LiveWindow])
def test_no_panel_takes_a_key_of_the_screen(panel: type) -> None:
    main = {key for action in ACTIONS if action.scope is Scope.MAIN for key in keys_of(action)}
    own = {binding.key for binding in Binding.make_bindings(panel.BINDINGS)}
    assert not main & own


def test_services_have_the_keys_that_they_are_known_by() -> None:
    services = ("interject", "patch", "edit", "surgery", "kill", "restart", "review", "undo")
    assert "".join(BY_ID[service].keys for service in services) == "ipesx,Krvu"


def test_ids_are_unique_and_everything_is_described() -> None:
    assert len(BY_ID) == len(ACTIONS)
    for action in ACTIONS:
        assert action.tooltip
        assert action.label_in(CONTEXTS["busy"])


async def test_every_action_has_a_form_or_a_method() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, _):
        for action in ACTIONS:
            owner = app.main if hasattr(app.main, f"action_{action.method}") else app
            does = form_of(action.form) if action.form else getattr(owner, f"action_{action.method}", None)
            assert callable(does), action.id


def test_footer_palette_help_and_bindings_come_from_the_same_actions() -> None:
    context = CONTEXTS["events"]
    helped = "\n".join("".join(span.text for span in line) for line in help_lines(context, {}, []))
    bound = {binding.id for scope in Scope for binding in bindings(scope)}
    for action in ACTIONS:
        assert action.tooltip in helped
        assert (action.id in bound) == bool(action.keys)
    for action in offered(context):
        assert title_of(action, context, {}).lower().startswith(action.label_in(context).lower())


async def test_the_palette_offers_actions_and_prompts_and_does_them() -> None:
    source = StillSource(scenes.bucket())
    async with shown(source) as (app, pilot):
        await pilot.press("ctrl+p")
        await until(lambda: isinstance(app.screen, CommandPalette), "the palette")
        app.screen.query_one(Input).value = "pause loop"
        await until(lambda: "Pause loop" in screen_text(app) and "Attach" not in screen_text(app), "the found command")
        await pilot.press("enter", "enter")
        await until(lambda: ("loop", "pause") in source.asked, "the wish")
        await pilot.press("ctrl+p")
        await until(lambda: isinstance(app.screen, CommandPalette), "the palette again")
        app.screen.query_one(Input).value = "benchmarks"
        await until(lambda: "07 Benchmarks" in screen_text(app), "the found prompt")
        await pilot.press("enter", "enter")
        await until(lambda: app.main.selected == 7, "prompt 7 to be selected")


async def test_the_users_own_keys_replace_ours_everywhere() -> None:
    source = StillSource(scenes.bucket(), preferences=Preferences(keys={"zoom": "ctrl+z", "nonsense": "x"}))
    async with shown(source, size=(240, 140)) as (app, pilot):
        await until(lambda: "no action is called nonsense" in screen_text(app), "the warning")
        await pilot.press("Z")
        assert app.main.maximized is None
        await pilot.press("ctrl+z")
        assert app.main.maximized is app.main.graph
        assert "^z unzoom" in screen_text(app)
        await pilot.press("question_mark")
        await until(lambda: "^z" in screen_text(app) and "What every key" in screen_text(app), "the help")


async def test_lists_move_by_the_keys_of_vim_and_nothing_ends_an_agent_by_them() -> None:
    async with shown(StillSource(scenes.long_plan())) as (app, pilot):
        graph = app.main.graph
        await pilot.press("g")
        assert graph.cursor == 0
        await pilot.press("j", "j", "k")
        assert graph.cursor == 1
        await pilot.press("ctrl+d")
        half = graph.cursor
        assert half > 2
        await pilot.press("ctrl+u")
        assert graph.cursor == 1
        await pilot.press("G")
        assert graph.cursor == graph.row_count() - 1
        await pilot.press("k")
        assert (graph.cursor, app.main.form) == (graph.row_count() - 2, None)


async def test_the_users_own_keys_move_in_lists_too() -> None:
    source = StillSource(scenes.bucket(), preferences=Preferences(keys={"list.down": "ctrl+n", "graph.map": "w"}))
    async with shown(source) as (app, pilot):
        assert "no action is called" not in screen_text(app)
        await pilot.press("home", "ctrl+n")
        assert app.main.graph.cursor == 1
        await pilot.press("j")
        assert app.main.graph.cursor == 1


def test_unknown_ids_of_the_keymap_are_found() -> None:
    assert unknown_keys({"zoom": "x", "zooom": "y"}) == ["zooom"]


@pytest.mark.parametrize(
    ("action", "keymap", "written"),
    [
        ("help", {}, "?"),
        ("palette", {}, "^p"),
        ("attach", {}, "a"),
        ("problems", {}, "!"),
        ("help", {"help": "f1"}, "f1"),
        ("events.details", {"events.details": "ctrl+o,enter"}, "^o"),
    ],
)
def test_keys_are_written_as_people_call_them(action: str, keymap: dict[str, str], written: str) -> None:
    assert key_of(BY_ID[action], keymap) == written


async def test_a_key_that_can_not_act_says_why() -> None:
    async with shown(StillSource(scenes.stopped())) as (app, pilot):
        await pilot.press("a")
        await until(lambda: "No agent has a window for 01" in screen_text(app), "the reason")


def test_events_list_has_the_keys_of_its_scope_only_there() -> None:
    own = {binding.id for binding in Binding.make_bindings(EventList.BINDINGS)}
    assert own == {action.id for action in ACTIONS if action.scope is Scope.EVENTS}


def test_needs_come_most_urgent_first() -> None:
    assert [need.kind for need in needs(scenes.bucket())] == ["question", "permission", "review"]
    assert [need.kind for need in needs(scenes.troubled())] == ["halted", "problem"]
    assert needs(scenes.stopped()) == ()
