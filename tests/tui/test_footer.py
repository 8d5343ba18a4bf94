"""The last line: what the situation asks first, at every width; each key shown does what it says, none is missing."""

import pytest
from support import iterating, piping, scenes
from support.gallery import PICTURES
from support.onscreen import screen_text, shown, until
from support.still import StillSource
from textual.widget import Widget

from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import Loop, LoopState, Snapshot
from tui.actions import BY_ID, Scope
from tui.app import CoordApp
from tui.context import Context
from tui.footing import footing
from tui.selection import agent_of
from tui.widgets.footer import LEADS, Footer, Hint, footer_spans

PANELS = ("prompts", "agents", "window", "events")
SITUATIONS: dict[str, tuple[Snapshot, int | None, str]] = {
    "an agent asks": (scenes.bucket(), 6, "need permit"),
    "a change waits": (scenes.bucket(), 5, "need permit review"),
    "a prompt failed": (scenes.bucket(), 10, "need permit restart"),
    "all is well": (replace(scenes.bucket(), questions=(), agents=(), reviews={}), 4, "need"),
    "a prompt landed": (scenes.bucket(), 1, "need permit"),
    "nobody runs it": (scenes.stopped(), 1, "loop.toggle"),
    "it is paused": (
        replace(scenes.stopped(), loop=Loop(LoopState.PAUSED, "paused", 3, alive=True, asked="paused")),
        1,
        "loop.toggle",
    ),
    "files can't be read": (scenes.troubled(), 4, "need problems"),
    "not trusted": (scenes.untrusted(), None, "trust"),
    "nothing there": (scenes.empty(), None, ""),
    "an iteration": (iterating.iterating(), 2, ""),
    "a pipeline": (piping.piped(), 2, ""),
    "a crowd": (scenes.crowd(), 1, ""),
}
WIDTHS = range(40, 201)
CASES = [(name, panel, search) for name in SITUATIONS for panel in PANELS for search in ("", "sql")]


def context_of(name: str, panel: str, search: str) -> Context:
    snapshot, selected, _ = SITUATIONS[name]
    agent = agent_of(snapshot, selected) or next(iter(snapshot.agents), None)
    return Context(snapshot, selected, agent, panel, search)


def keys_shown(hints: tuple[Hint, ...], width: int, extra: frozenset[str] = frozenset()) -> list[str]:
    spans = footer_spans(hints, width, extra)
    assert sum(len(span.text) for span in spans) <= width
    return [span.act for span in spans if span.ink == "key"]


@pytest.mark.parametrize(("name", "panel", "search"), CASES)
def test_at_every_width_it_shows_what_the_situation_asks_then_the_panels_keys_and_the_ways_out(
    name: str, panel: str, search: str
) -> None:
    context = context_of(name, panel, search)
    foot = footing(context)
    hints = foot.hints(context, {})
    asked, own = [a.id for a in foot.asked], [a.id for a in foot.own]
    leads = list(LEADS)
    for width in WIDTHS:
        acts = keys_shown(hints, width, foot.extra)
        assert acts[: len(asked)] == asked
        assert acts[len(asked) : len(asked) + len(own)] == own
        assert acts[-4:] == leads
        assert acts == [act for _, _, act in hints if act in acts], "in one order at all widths"
    assert set(SITUATIONS[name][2].split()) <= set(asked)


@pytest.mark.parametrize(("name", "panel", "search"), CASES)
def test_each_key_shown_can_do_something_there(name: str, panel: str, search: str) -> None:
    context = context_of(name, panel, search)
    foot = footing(context)
    for action in (*foot.asked, *foot.own, *foot.more, *foot.leads):
        assert not action.when(context), f"{action.id} only says: {action.when(context)}"
        assert action.scope in (Scope.MAIN, panel)


@pytest.mark.parametrize(("name", "panel", "search"), CASES)
def test_no_key_that_works_for_the_situation_is_missing_where_there_is_room(name: str, panel: str, search: str) -> None:
    context = context_of(name, panel, search)
    foot = footing(context)
    shown_there = set(keys_shown(foot.hints(context, {}), 400, foot.extra))
    for action in BY_ID.values():
        works = action.footer and not action.when(context) and not action.moot(context)
        reached = action.scope in (Scope.MAIN, panel) and action.footer_in in ("", panel)
        assert (action.id in shown_there) == bool(works and reached), action.id


def test_words_go_before_keys_and_those_that_lead_elsewhere_first() -> None:
    context = context_of("an agent asks", "agents", "")
    foot = footing(context)
    lines = {width: line_of(foot.hints(context, {}), width, foot.extra) for width in (160, 80, 60, 40)}
    assert lines[160].startswith(" n needs you  y permit 06  a attach 06 ")
    assert lines[80].startswith(" n needs you  y permit 06  a attach 06  x kill  r restart ")
    assert lines[60].startswith(" n needs  y permit ")
    for width in (80, 60, 40):
        assert [key for key in "nyaxr" if f" {key} " in lines[width]] == list("nyaxr")
        assert " t " not in lines[width]  # an agent that asks can't be told anything
    assert "q quit" in lines[160]


def line_of(hints: tuple[Hint, ...], width: int, extra: frozenset[str] = frozenset()) -> str:
    return "".join(span.text for span in footer_spans(hints, width, extra))


async def test_while_a_search_is_typed_no_key_is_shown_that_would_type_a_letter() -> None:
    async with shown(StillSource(scenes.bucket(), scenes.bucket_events())) as (app, pilot):
        await pilot.press("4")
        await until(lambda: "/ search" in screen_text(app).splitlines()[-1], "the keys of the events")
        await pilot.press("slash")
        await until(lambda: app.main.log_panel.typing, "the search")
        await until(lambda: "keep the search" in screen_text(app).splitlines()[-1], "its keys")
        assert all(len(key) > 1 or not key.isalpha() for key, _, _ in app.main.footer.hints)
        await pilot.press("r", "e", "d", "enter")
        await until(lambda: "o its prompt" in screen_text(app).splitlines()[-1], "the keys of what was found")
        assert "end search" in screen_text(app).splitlines()[-1]
        await pilot.press("escape")
        await until(lambda: "end search" not in screen_text(app).splitlines()[-1], "the keys of all events")


SOME = ("main", "main-events", "interject", "interject-confirm", "edit", "answer", "kill", "stop", "review", "agents")
SIZES = ((80, 24), (40, 24))


@pytest.mark.parametrize("name", [n if n in SOME else pytest.param(n, marks=pytest.mark.slow) for n in PICTURES])
async def test_each_key_of_each_page_and_form_is_one_that_something_there_takes(name: str) -> None:
    picture = PICTURES[name]
    app = picture.app("coord-dark")
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        await picture.play(pilot)
        foot = next(iter(app.screen.query(Footer)), None)
        if foot is None:
            return  # a page that says its keys itself
        for width in WIDTHS:
            acts = keys_shown(foot.hints, width, frozenset(foot.extra))
            assert set(acts) >= {act for _, _, act in foot.hints if act not in foot.extra}, width
        for hint in foot.hints:
            missing = [key for key in names_of(hint[0]) if not taken(app, key)]
            assert not missing, f"{hint} in {name}: nothing takes {missing}"


_NAMES = {
    "↵": "enter",
    "esc": "escape",
    "?": "question_mark",
    "/": "slash",
    "!": "exclamation_mark",
    ">": "greater_than_sign",
    "<": "less_than_sign",
    "]": "right_square_bracket",
}
_PAIRS = {"←→": ("left", "right"), "← →": ("left", "right"), "[ ]": ("left_square_bracket", "right_square_bracket")}


def names_of(written: str) -> tuple[str, ...]:
    """Textual's names of what the footer writes: `^s`, `1-3`, `← →`."""
    if written in _PAIRS:
        return _PAIRS[written]
    if len(written) == 3 and written[1] == "-":
        return tuple(str(digit) for digit in range(int(written[0]), int(written[2]) + 1))
    if written.startswith("^") and len(written) > 1:
        return (f"ctrl+{written[1:]}",)
    return (_NAMES.get(written, written),)


def taken(app: CoordApp, key: str) -> bool:
    """A binding in reach of the focus has this key, or a widget there looks at keys itself."""
    if key in app.screen.active_bindings:
        return True
    node: object = app.screen.focused or app.screen
    while isinstance(node, Widget):
        ours = [vars(kind) for kind in type(node).__mro__ if kind.__module__.startswith("tui.")]
        if any(own.keys() & {"on_key", "_on_key", f"key_{key}"} for own in ours):
            return True
        node = node.parent
    return False
