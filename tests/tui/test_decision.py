"""A Planner's decision on the screen: its plan as any plan is shown, on the graph too, and a yes or a reason."""

from support import build, scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource
from textual.widgets import Input

from coordinator.errors import Refused
from coordinator.lazy.dataclass import replace
from coordinator.model.decisions import APPLY, REFUSE
from coordinator.model.plan import Plan
from coordinator.services.initiative import Initiative, plan_initiative
from tui.forms.decision import DecisionForm

ID = build.event_id(9)
ASKED = replace(
    build.question(None, "The Planner of iteration 2 has a plan. Apply it?", about="plan:77", options=(APPLY, REFUSE)),
    id=ID,
    asker="loop",
    subject="flow:planner/2",
    context="a hole is left\n\n+ Close the hole",
)


def planned(source_snapshot: object) -> Plan:
    prompts = [{"title": "Close the hole", "body": "## Tasks\n\n- do it\n", "dependencies": [1]}]
    given = {"decision": "CONTINUE", "reason": "a hole is left", "prompts": prompts}
    return plan_initiative(source_snapshot, Initiative(given, who="planner-2-1"))  # type: ignore[arg-type]


def source_with() -> StillSource:
    snapshot = replace(scenes.bucket(), questions=(ASKED,))
    source = StillSource(snapshot, scenes.bucket_events())
    source.decided = planned(snapshot)
    return source


async def test_the_plan_is_shown_whole_before_the_yes() -> None:
    source = source_with()
    async with shown(source) as (app, pilot):
        await pilot.press("n")
        await until(lambda: isinstance(app.main.form, DecisionForm) and "CONTINUE" in screen_text(app), "the plan")
        text = screen_text(app)
        assert "a hole is left" in text
        assert "CONTINUE: 1 new prompt" in text
        assert "-planned-close-the-hole.prompt.md" in text
        assert "order" in text
        assert text.count("Close the hole") >= 1, "it is drawn on the graph"
        await pilot.press("d")
        await until(lambda: "Diff" in screen_text(app) and "+title: Close the hole" in screen_text(app), "the diff")
        await pilot.press("escape")
        await until(lambda: "CONTINUE" in screen_text(app), "the form again")
        await pilot.press("1", "enter")
        await until(lambda: ("answer", ID, APPLY) in source.asked, "the answer")
        await until(lambda: app.main.form is None, "the form's end")
        assert "Close the hole" not in screen_text(app)


async def test_words_of_ones_own_refuse_it() -> None:
    source = source_with()
    async with shown(source) as (app, pilot):
        await pilot.press("n")
        await until(lambda: isinstance(app.main.form, DecisionForm) and "CONTINUE" in screen_text(app), "the plan")
        for key, does in (("2", "do not apply"), ("1", "apply"), ("tab", "answer")):
            await pilot.press(key)
            await until(lambda does=does: f"↵ {does}" in screen_text(app), does)  # type: ignore[misc]
        await pilot.press(*"do less", "enter")
        await until(lambda: ("answer", ID, "do less") in source.asked, "the answer")


async def test_a_plan_that_can_not_be_applied_any_more_says_why() -> None:
    source = source_with()
    source.decided = Refused("the plan can't be taken: edit of 02: it is done", "")
    async with shown(source) as (app, pilot):
        await pilot.press("n")
        await until(lambda: "edit of 02: it is done" in screen_text(app), "the reason")
        await pilot.press("d")
        await pilot.pause()
        assert isinstance(app.main.form, DecisionForm)
        await pilot.press("tab")
        assert isinstance(app.focused, Input)
        await pilot.press("d")
        assert app.focused.value == "d"
