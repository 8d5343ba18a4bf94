"""Patching, editing and undoing on the screen: by keys alone, on real files."""

import asyncio
from pathlib import Path

import pytest
from support.onscreen import until
from support.steering import Desk, path_of, plain_project, steered
from textual.app import App

from coordinator.apply.plans import planning
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Actor, ActorKind, Draft
from coordinator.model.prompt import PromptType
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import prompt_work
from coordinator.storage.paths import Layout
from coordinator.storage.runs import write_step
from tui.forms.stages import Stage


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """1 is done; 2 waits for it, 3 for 2."""
    return plain_project(tmp_path, {1: (), 2: (1,), 3: (2,)}, {1: {"status": "done"}})


def running(layout: Layout, number: int) -> None:
    at = "2026-03-01T14:00:00Z"
    write_step(
        layout, Attempt(prompt_work(number), 1, "run-1", 1, StepState.RUNNING, at, at, f"executor-{number:02d}-1")
    )


async def test_news_of_the_project_do_no_harm_while_a_form_opens(layout: Layout) -> None:
    async with steered(layout, selected=1) as desk:
        main = desk.app.main
        main.call_later(main.open_service, "patch")
        async with asyncio.timeout(10):
            while main.plan_form is None or not main.plan_form.has_focus_within:
                main.project_changed()
                await asyncio.sleep(0)
        assert desk.form.found == "Write a title; the plan is drawn on the graph as you type."


# ── patch


@pytest.mark.slow
async def test_a_patch_carries_the_engineers_words_and_holds_what_waits(layout: Layout) -> None:
    async with steered(layout, selected=1) as desk:
        done = desk.files()["01-planned-prompt-1.prompt.md"]
        await desk.press("p")
        await desk.type("Clock")
        assert "02 still waits for that work" in desk.line("Hold others")
        assert "patches 01" in desk.line("Clock")
        await desk.press("tab", "tab")
        await desk.type("it stood still")
        await desk.press("tab")
        await desk.type("monotonic")
        await desk.press("tab")
        await desk.type("leap")
        await desk.press("enter")
        await desk.type("suspend")
        await desk.press("enter", "enter")
        assert desk.form.stage is Stage.CONFIRM
        await desk.press("enter")
        await desk.closed()
        made = desk.prompts()[4]
        text = made.source.decode()
        assert (made.type, made.patches_prompts, made.dependencies) == (PromptType.USER_PATCH, (1,), (1,))
        assert "## What Went Wrong\n\nit stood still\n" in text
        assert "## Engineer Feedback\n\nmonotonic\n" in text
        assert "## Specific Issues\n\n- leap\n- suspend\n" in text
        assert desk.prompts()[2].dependencies == (1, 4)
        assert desk.files()["01-planned-prompt-1.prompt.md"] == done
        assert "monotonic" in layout.alignment.read_text()


async def test_a_patch_without_a_prompt_to_fix_says_so(layout: Layout) -> None:
    async with steered(layout, selected=1) as desk:
        await desk.press("p", "tab", "backspace", "ctrl+s")
        assert "Name the prompts whose work it corrects." in desk.text
        assert desk.form.stage is Stage.EDIT


# ── edit


async def test_an_edit_changes_the_bytes_of_its_values_and_no_others(layout: Layout) -> None:
    source = path_of(layout, 3).read_text().replace("priority: medium", "priority:  medium   # for now\nown: {a: 1}")
    path_of(layout, 3).write_text(source)
    async with steered(layout, selected=3) as desk:
        await desk.press("e")
        assert "Nothing is changed yet." in desk.text
        await desk.press("end")
        await desk.type(" too")
        await desk.press("tab", "1", "enter", "tab", "h")
        assert "03 waits for 01 too" in desk.line("Effect")
        await desk.press("enter", "enter")
        await desk.closed()
        expected = source.replace("title: Prompt 3", "title: Prompt 3 too").replace("[2]", "[2, 1]")
        assert path_of(layout, 3).read_text() == expected.replace("priority:  medium", "priority:  high")


@pytest.mark.slow
async def test_marking_as_user_patch_asks_for_what_it_corrects_and_what_went_wrong(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("e", "tab", "tab", "tab", "tab", "y", "ctrl+s")
        assert "Name the prompts that it corrects." in desk.text
        await desk.press("tab", "1", "enter", "tab")
        await desk.type("lost writes")
        await desk.press("ctrl+s")
        await desk.closed()
        marked = desk.prompts()[2]
        assert (marked.type, marked.patches_prompts) == (PromptType.USER_PATCH, (1,))
        assert b"## What Went Wrong\n\nlost writes\n" in marked.source


async def test_a_done_prompt_is_patched_instead(layout: Layout) -> None:
    async with steered(layout, selected=1) as desk:
        await desk.press("e")
        assert "done work is never edited" in desk.line("Refused")
        await desk.press("p")
        await until(lambda: desk.app.main.plan_form is not None and desk.form.SERVICE == "patch", "the patch form")
        await until(lambda: "title" in desk.form.fields, "its fields")
        assert desk.form.field("fixes").value == (1,)
        await desk.press("escape")
        await desk.closed()
        assert len(desk.prompts()) == 3


def edited(desk: Desk, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """What $EDITOR leaves; the terminal itself is handed over in `test_steering_in_tmux`."""
    monkeypatch.setattr(desk.app.main, "edit_text", lambda before, name: text)


async def test_a_file_from_the_editor_is_checked_shown_and_saved_whole(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with steered(layout, selected=2) as desk:
        source = path_of(layout, 2).read_text()
        await desk.press("e")
        edited(desk, monkeypatch, source.replace("number: 2", "number: two"))
        await desk.press("ctrl+e", "ctrl+s")
        assert "02 would not be readable" in desk.line("Refused")
        edited(desk, monkeypatch, source.replace("title: Prompt 2", "title: Better  # yes") + "\nmore\n")
        await desk.press("e")
        assert desk.form.field("title").value == "Better"
        await desk.press("end", "s", "ctrl+s")
        await desk.closed()
        assert path_of(layout, 2).read_text() == source.replace("title: Prompt 2", "title: Betters  # yes") + "\nmore\n"


@pytest.mark.parametrize(("key", "kept"), [("o", "mine"), ("t", "theirs")])
async def test_a_file_saved_by_another_editor_meanwhile_is_never_silently_lost(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, key: str, kept: str
) -> None:
    async with steered(layout, selected=2) as desk:
        source = path_of(layout, 2).read_text()
        await desk.press("e", "tab", "tab", "h")
        edited(desk, monkeypatch, source + "\nmine\n")
        await desk.press("ctrl+e")
        path_of(layout, 2).write_text(source + "\ntheirs\n")
        await desk.sees("was saved by somebody else since you opened it")
        await desk.press("ctrl+s")
        assert desk.form.stage is Stage.REFUSED
        await desk.press(key)
        if kept == "mine":
            assert desk.form.stage is Stage.CONFIRM
            assert "-theirs" in desk.text
            await desk.press("enter")
            await desk.closed()
        assert path_of(layout, 2).read_text().endswith(f"\n{kept}\n")


@pytest.mark.slow
async def test_an_edit_planned_while_another_editor_saves_keeps_both(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("e", "end", "!", "enter")
        with planning(layout):
            await desk.pilot.press("enter")
            path_of(layout, 2).write_text(path_of(layout, 2).read_text() + "\ntheirs\n")
        await until(lambda: desk.form.stage is Stage.EDIT, "the form to ask again")
        await desk.press("enter", "enter")
        await desk.closed()
        assert desk.prompts()[2].title == "Prompt 2!"
        assert path_of(layout, 2).read_text().endswith("\ntheirs\n")


async def test_drafts_of_edits_stay_with_their_prompts(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("e", "end", "x", "escape")
        await desk.closed()
        await desk.press("down", "e")
        assert desk.form.field("title").value == "Prompt 3"
        await desk.press("escape")
        await desk.closed()
        await desk.press("up", "e")
        assert desk.form.field("title").value == "Prompt 2x"


async def test_an_edit_says_at_once_when_its_prompt_landed_meanwhile(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("e")
        assert "Nothing is changed yet." in desk.text
        path = path_of(layout, 2)
        path.write_text(path.read_text().replace("status: pending", "status: done"))
        await desk.sees("prompt 02 is done, and done work is never edited")
        await desk.press("enter", "p")
        await desk.sees("Patch")


async def test_a_form_is_not_covered_by_what_was_told_before(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    tell = App.notify
    monkeypatch.setattr(App, "notify", lambda app, *told, **how: tell(app, *told, **how | {"timeout": 600}))
    async with steered(layout, selected=2) as desk:
        await desk.press("e", "end", "x", "ctrl+s")
        await desk.closed()
        await desk.sees("u takes it back")
        await desk.press("i")
        await until(lambda: "u takes it back" not in desk.text, "the form alone")


# ── undo


async def test_undo_shows_what_it_takes_back_and_restores_every_byte(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        before = desk.files()
        await desk.press("i")
        await desk.type("Oops")
        await desk.press("ctrl+s")
        await desk.closed()
        assert desk.files() != before
        await desk.press("u")
        await until(lambda: desk.form.stage is Stage.CONFIRM, "what is taken back")
        await desk.sees("take back: 04 Oops, after 02, before 03")
        assert "goes away" in desk.line("Oops goes away")
        assert "03 no longer waits for 04" in desk.text
        await desk.press("enter")
        await desk.closed()
        assert desk.files() == before
        assert [event.kind for event in desk.events("plan.applied", "plan.undone")] == ["plan.applied", "plan.undone"]


async def test_undo_lets_one_choose_where_the_newest_plan_stays(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        before = path_of(layout, 3).read_bytes()
        for number in (3, 2):
            await desk.press("g", *["j"] * (number - 1), "e", "end", "x", "ctrl+s")
            await desk.closed()
        path_of(layout, 2).write_text(path_of(layout, 2).read_text() + "\nlater\n")
        await desk.press("u")
        await desk.sees("stays: .coord/prompts/02")
        await desk.sees("03 changes: title")
        assert "another plan" in desk.text.splitlines()[-1]
        await desk.press("k")
        await desk.sees("has changed since")
        await desk.press("j", "enter")
        await until(lambda: desk.form.stage is Stage.CONFIRM, "what is taken back")
        await desk.press("escape")
        assert desk.form.stage is Stage.EDIT
        await desk.press("enter", "enter")
        await desk.closed()
        assert path_of(layout, 3).read_bytes() == before


async def test_undo_says_why_it_can_not(layout: Layout) -> None:
    async with steered(layout, selected=2) as desk:
        await desk.press("u")
        await desk.sees("Nothing was applied yet.")
        assert desk.app.main.form is None
    with EventLog.open(layout.events_db) as log:
        log.append([Draft("decision.recorded", "milestone", {"text": "Begin."})], Actor(ActorKind.HUMAN, "ada"))
    async with steered(layout, selected=2) as desk:
        await desk.press("u")
        await desk.sees("there is no plan to take back")
        assert desk.text.splitlines()[-1].strip() == "esc leave"
        await desk.press("e")  # a form that only says no gives way
        await until(lambda: desk.form.SERVICE == "edit" and desk.form.has_focus_within, "the next form")
        await desk.press("end", "x", "ctrl+s")
        await desk.closed()
        path_of(layout, 2).write_text(path_of(layout, 2).read_text() + "\nlater\n")
        await desk.press("u")
        await desk.sees("02-planned-prompt-2.prompt.md has changed since")
        await desk.press("enter", "escape")
        await desk.closed()
        assert path_of(layout, 2).read_text().endswith("\nlater\n")
