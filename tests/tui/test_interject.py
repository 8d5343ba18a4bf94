"""Interjecting on the screen: by keys alone, on real files."""

from functools import partial
from itertools import count
from pathlib import Path

import pytest
from support import scenes
from support.onscreen import screen_text, shown, until
from support.steering import Desk, path_of, plain_project, steered
from support.still import StillSource
from textual.events import Key

from coordinator.apply.plans import planning
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import prompt_work
from coordinator.storage.documents import append_summary
from coordinator.storage.paths import Layout
from coordinator.storage.runs import write_step
from coordinator.views.plan_preview import Outlook
from tui.forms.stages import Stage
from tui.widgets.graph import PromptGraph


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """1 is done; 2 waits for it, 3 for 2, 4 for 3; 5 stands alone."""
    chain = {1: (), 2: (1,), 3: (2,), 4: (3,), 5: ()}
    return plain_project(tmp_path, chain, {1: {"status": "done"}, 5: {"title": "Benchmarks against the naive limiter"}})


async def test_title_and_two_enters_put_a_prompt_behind_the_selected_one(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("i")
        await desk.type("Reject negative costs")
        assert "before 03" in desk.line("Reject negative costs new")
        assert "now after 06 too" in desk.line("Prompt 3")
        assert "06-planned-reject-negative-costs.prompt.md" in desk.line("Effect")
        await desk.press("enter")
        assert "+dependencies: [2, 6]" in desk.text
        assert set(desk.prompts()) == {1, 2, 3, 4, 5}
        await desk.press("enter")
        await desk.closed()
        prompts = desk.prompts()
        assert prompts[6].title == "Reject negative costs"
        assert prompts[6].dependencies == (2,)
        assert prompts[3].dependencies == (2, 6)
        assert prompts[4].dependencies == (3,)
        assert [event.subject for event in desk.events("plan.applied")] == ["prompt:6"]
        assert desk.app.main.selected == 6
        assert "new" not in desk.line("Reject negative costs")
        await desk.sees("takes it back")


async def test_run_before_is_chosen_on_the_graph_without_leaving_the_field(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("i")
        await desk.type("x")
        await desk.press("tab", "tab", "backspace", "down", "down", "space")
        assert desk.app.main.selected == 4
        assert desk.form.field("before").value == (4,)
        assert "▌" in desk.line("Prompt 4")
        await desk.press("space", "up", "space", "ctrl+s")
        await desk.closed()
        assert desk.prompts()[3].dependencies == (2, 6)
        assert desk.prompts()[4].dependencies == (3,)


async def test_rows_are_marked_on_the_graph_itself_and_escape_comes_back(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("i")
        await desk.type("x")
        await desk.press("tab", "tab", "ctrl+g")
        await until(lambda: desk.app.main.panel == "prompts", "the focus on the graph")
        await desk.sees("run before: space marks")
        await desk.press("down", "down", "space")
        assert "▌" not in desk.line("x new")
        await desk.press("down", "down", "space", "escape")
        assert desk.form.field("before").has_focus
        assert desk.form.field("before").value == (3, 4)
        await desk.press("ctrl+g")
        await until(lambda: desk.app.main.panel == "prompts", "the focus on the graph again")
        await desk.press("space", "enter")
        assert desk.form.field("before").has_focus
        assert desk.form.field("before").value == (3,)
        assert PromptGraph.BORDER_TITLE in desk.line("─ Prompts ─")


async def test_numbers_and_words_of_titles_are_completed_and_unknown_ones_explained(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("i")
        await desk.type("x")
        await desk.press("tab", "backspace")
        await desk.type("naive bench")
        assert "05 Benchmarks against the naive limiter" in desk.line("Run after")
        assert desk.app.main.selected == 5
        await desk.press("enter")
        await desk.type("4,")
        assert desk.form.field("after").value == (5, 4)
        await desk.type("77")
        assert "there is no prompt 77; the nearest are 03, 04, 05" in desk.line("Run after")
        await desk.press("ctrl+s")
        assert desk.form.stage is Stage.EDIT
        await desk.press("backspace", "backspace")
        await desk.type("qq")
        assert "no title has “qq”" in desk.line("Run after")


@pytest.mark.slow
async def test_what_may_mean_several_prompts_is_asked_about_and_what_means_one_is_taken(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("i")
        await desk.type("x")
        await desk.press("tab", "tab", "backspace")
        await desk.type("prompt")
        await desk.press("tab", "ctrl+s")
        assert desk.form.stage is Stage.EDIT
        assert desk.form.field("before").has_focus
        await desk.press("down", "enter")
        assert desk.form.field("before").value == (2,)
        await desk.press("backspace")
        await desk.type("4")
        await desk.press("ctrl+s")
        await desk.closed()
        assert desk.prompts()[4].dependencies == (3, 6)


@pytest.mark.slow
async def test_escape_changes_nothing_and_keeps_what_was_typed(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        before, head = desk.files(), len(desk.events())
        await desk.press("space", "down", "i")
        await desk.type("Half a thought")
        await desk.press("tab", "tab", "5", "enter", "enter")
        assert desk.form.stage is Stage.CONFIRM
        await desk.press("escape")
        assert desk.form.stage is Stage.EDIT
        await desk.press("escape")
        await desk.closed()
        assert (desk.files(), len(desk.events())) == (before, head)
        assert desk.app.main.selected == 3
        assert desk.app.main.graph.marked == {2}
        assert "Half a thought" not in desk.line("Prompt 3")
        await desk.press("i")
        assert desk.form.field("title").value == "Half a thought"
        assert desk.form.field("before").value == (5,)
        await desk.press("ctrl+n")
        await until(lambda: desk.form.field("title").value == "", "a fresh form")
        await desk.press("ctrl+n")
        await until(lambda: desk.form.field("title").value == "Half a thought", "the draft")


async def test_leaving_the_screen_asks_only_when_something_typed_would_be_lost(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("i", "x", "escape")
        await desk.closed()
        await desk.press("q")
        await desk.sees("What you typed is lost with the screen: interject.")
        await desk.press("escape")
        await desk.closed()
        assert desk.app.is_running
        desk.app.main.drafts.clear()
        await desk.pilot.press("q")
        await until(lambda: not desk.app.is_running, "the end")


async def test_a_form_that_was_only_looked_at_leaves_no_draft(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("i", "escape")
        await desk.closed()
        assert desk.app.main.drafts == {}


async def test_before_a_done_prompt_is_refused_and_what_still_waits_is_offered(layout: Layout) -> None:
    async with steered(layout, selected=5) as desk:
        await desk.press("i")
        await desk.type("x")
        await desk.press("tab", "tab", "1", "enter")
        assert "prompt 01 is done" in desk.line("Refused")
        await desk.press("enter")
        assert desk.form.stage is Stage.REFUSED
        assert "b before 02 instead" in desk.text
        await desk.press("b")
        assert desk.form.stage is Stage.CONFIRM
        await desk.press("enter")
        await desk.closed()
        assert desk.prompts()[2].dependencies == (1, 6)


async def test_a_cycle_is_refused_and_each_end_of_it_can_be_dropped(layout: Layout) -> None:
    async with steered(layout, selected=3) as desk:
        await desk.press("i")
        await desk.type("x")
        await desk.press("tab", "tab", "ctrl+u", "2", "enter", "enter")
        assert "cycle: 02 → 03 → new → 02" in desk.line("Refused")
        await desk.press("b")
        assert desk.form.field("before").value == ()
        assert desk.form.stage is Stage.CONFIRM


def running(layout: Layout, number: int) -> None:
    """An attempt in flight, as the loop writes it."""
    at = "2026-03-01T14:00:00Z"
    attempt = Attempt(
        prompt_work(number), 1, "run-1", 1, StepState.RUNNING, at, at, f"executor-{number:02d}-1", window="@99"
    )
    layout.attempt("run-1", prompt_work(number), 1).mkdir(parents=True)
    (layout.run("run-1") / "run.json").write_text('{"id": "run-1"}')
    write_step(layout, attempt)


@pytest.mark.slow
async def test_before_a_running_prompt_asks_what_becomes_of_it(layout: Layout) -> None:
    running(layout, 2)
    async with steered(layout, selected=1) as desk:
        await desk.press("i")
        await desk.type("x")
        await desk.press("tab", "tab", "ctrl+u", "2", "enter")
        assert "prompt 02 is in progress (executor-02-1)" in desk.line("Refused")
        await desk.press("enter", "f")
        assert desk.form.stage is Stage.CONFIRM
        assert "prompt 02 finishes as it is; 03 waits for the new prompt" in desk.text
        await desk.press("escape")
        assert "let it finish" in desk.line("It runs")
        await desk.press("ctrl+s")
        await desk.closed()
        assert desk.prompts()[2].dependencies == (1,)
        assert desk.prompts()[3].dependencies == (2, 6)


@pytest.mark.slow
async def test_an_editor_that_saves_while_a_plan_is_applied_loses_nothing(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("i")
        await desk.type("x")
        await desk.press("enter")
        with planning(layout):
            await desk.pilot.press("enter")
            assert desk.form.stage is Stage.APPLYING
            path_of(layout, 3).write_text(path_of(layout, 3).read_text() + "\nwritten meanwhile\n")
        await until(lambda: desk.form.stage is Stage.EDIT, "the form to ask again")
        await desk.sees("03-planned-prompt-3.prompt.md changed meanwhile: this is the plan for how things are now")
        assert desk.events("plan.applied") == []
        await desk.press("enter", "enter")
        await desk.closed()
        assert "written meanwhile" in path_of(layout, 3).read_text()
        assert desk.prompts()[3].dependencies == (2, max(desk.prompts()))


@pytest.mark.slow
async def test_an_agent_that_reports_while_a_plan_is_applied_does_not_send_it_back(layout: Layout) -> None:
    report = partial(append_summary, layout, number=1, agent="executor-01-1")
    report(text="I begin", at="2026-03-01T14:00:00Z")
    ticks = count(scenes.NOW)
    async with steered(layout, selected=2, clock=lambda: float(next(ticks))) as desk:
        await desk.press("i")
        await desk.type("x")
        await desk.press("shift+tab")
        await desk.type("why")
        await desk.press("enter")
        with planning(layout):
            await desk.pilot.press("enter")
            assert desk.form.stage is Stage.APPLYING
            report(text="I am done", at="2026-03-01T14:05:00Z")
        await desk.closed()
        assert len(desk.events("plan.applied")) == 1
        said = desk.files()["alignment.md"].decode()
        assert said.index("> I am done") < said.index("Steering by") < said.index("why")


async def test_a_review_that_would_show_something_else_by_now_goes_back_to_the_fields(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("i")
        await desk.type("x")
        await desk.press("enter")
        path_of(layout, 3).write_text(path_of(layout, 3).read_text().replace("[2]", "[2, 5]"))
        await until(lambda: desk.form.stage is Stage.EDIT, "the form to notice")
        await desk.sees("03-planned-prompt-3.prompt.md changed meanwhile: this is the plan for how things are now")
        await desk.press("enter", "enter")
        await desk.closed()
        assert desk.prompts()[3].dependencies == (2, 5, 6)


async def test_a_change_elsewhere_and_the_time_do_not_disturb_the_review(layout: Layout) -> None:
    ticks = count(scenes.NOW)
    async with steered(layout, selected=2, clock=lambda: float(next(ticks))) as desk:
        await desk.press("i")
        await desk.type("x")
        await desk.press("shift+tab")
        await desk.type("why")  # goes into a document, with the time
        await desk.press("enter")
        assert desk.form.stage is Stage.CONFIRM
        path_of(layout, 3).write_text(path_of(layout, 3).read_text() + "\nmore\n")
        await until(lambda: desk.app.main.snapshot.prompts[3].source.endswith(b"more\n"), "the snapshot")
        assert desk.form.stage is Stage.CONFIRM
        await desk.press("enter")
        await desk.closed()
        assert "\nmore\n\n## Engineer Steering\n" in path_of(layout, 3).read_text()


async def test_hostile_text_is_shown_as_text_and_stays_in_one_line(layout: Layout) -> None:
    path_of(layout, 2).write_text(
        path_of(layout, 2).read_text().replace("title: Prompt 2", 'title: "[b]x[/b] \\e[31mred"')
    )
    async with steered(layout, selected=2) as desk:
        await desk.press("i")
        await desk.type("[red]a")
        desk.form.field("title").insert("\x1b[31m\x07\u202eb\n", 6)
        await desk.pilot.pause()
        assert "[b]x[/b]" in desk.line("Run after")
        assert "[red]a" in desk.line("Title")
        assert "\x1b" not in desk.form.field("title").value
        await desk.press("ctrl+s")
        await desk.closed()
        assert desk.prompts()[6].title == "[red]a[31mb"


async def test_other_services_wait_while_a_form_is_open(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("i", "ctrl+g")
        await until(lambda: desk.app.main.panel == "prompts", "the focus on the graph")
        await desk.press("q")
        await desk.sees("A form is open")
        assert desk.app.is_running


async def test_a_long_plan_is_made_aside_and_the_newest_request_wins() -> None:
    async with shown(StillSource(scenes.many(2000))) as (app, pilot):
        app.main.select(1001)
        desk = Desk(app, pilot, Layout(Path("/nowhere")))
        await pilot.press("i", *"abc", "enter")
        await until(lambda: not desk.form.busy, "the plan", timeout=30)
        assert isinstance(desk.form.found, Outlook)
        assert desk.form.found.plan.prompts_after[0].title == "abc"
        assert desk.form.stage is Stage.CONFIRM


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_what_is_typed_and_what_is_planned_stay_in_sight(size: tuple[int, int]) -> None:
    async with shown(StillSource(scenes.many(300)), size=size) as (app, pilot):
        app.main.select(160)
        await pilot.press("i", "N", "e", "w")
        await until(lambda: "New new" in screen_text(app), "the planned row")
        await pilot.press("tab", "tab", *"277")
        await until(lambda: app.main.selected == 277, "the match")
        await pilot.pause()
        graph = app.main.graph
        assert 0 <= graph.cursor - graph.scroll_offset.y < graph.scrollable_content_region.height


async def test_how_many_go_before_a_new_prompt_that_others_wait_for_is_said_and_what_helps() -> None:
    async with shown(StillSource(scenes.many(300))) as (app, pilot):
        app.main.select(150)
        desk = Desk(app, pilot, Layout(Path("/nowhere")))
        await desk.press("i", *"New")
        found = desk.form.found
        assert isinstance(found, Outlook)
        before, _, rest = "".join(span.text for span in found.effect).partition(" others are ahead of it")
        place = found.plan.order_after.index(301)
        running = 3
        pending = [n for n in found.plan.order_after[:place] if n > 150]
        assert before.split()[-1] == str(len(pending) - running)
        assert rest.startswith("; priority high lets it go first.")
        desk.form.field("priority").value = "high"
        await until(lambda: "others are ahead" not in desk.text and "waits for 301" in desk.text, "its new place")


async def test_a_panel_that_was_on_its_way_to_the_focus_does_not_take_it_from_a_form(layout: Layout) -> None:
    async with steered(layout) as desk:
        desk.app.main.select(2)
        await desk.app.main.open_service("interject")
        await desk.type("here")
        assert desk.form.field("title").value == "here"


async def test_without_unicode_every_key_of_a_form_is_readable() -> None:
    environ = {"LANG": "C.UTF-8", "COORD_ASCII": "1"}
    async with shown(StillSource(scenes.bucket()), environ=environ) as (app, pilot):
        app.main.select(9)
        await pilot.press("i", "x")
        await pilot.pause()
        assert "enter go on" in screen_text(app).splitlines()[-1]
        assert "?" not in screen_text(app).splitlines()[-1]


async def test_what_is_typed_ahead_of_the_form_goes_into_it(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        for char in "iquery":
            desk.app.post_message(Key(char, char))
        await until(lambda: desk.app.main.form is not None and "title" in desk.form.fields, "the form")
        await until(lambda: desk.form.field("title").value == "query", "the title")


async def test_keys_that_come_all_at_once_do_what_they_do_one_by_one(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("i")
        keys = [*"quick", "tab", "tab", "backspace", "4", "enter", "tab", "tab", "tab", "tab", *"why", "ctrl+s"]
        for key in keys:
            desk.app.post_message(Key(key, key if len(key) == 1 else None))
        await desk.closed()
        assert desk.prompts()[6].title == "quick"
        assert desk.prompts()[4].dependencies == (3, 6)
        assert "why" in layout.alignment.read_text()
