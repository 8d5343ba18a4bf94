"""Ending agents and starting them again on the screen: real agents in a real tmux, driven by keys alone."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.build import change
from support.onscreen import until
from support.project import WRITE, Project, project
from support.steering import plain_project, steered

from coordinator.model.change import Commit
from coordinator.model.work import prompt_work
from tui.forms.restart import lost
from tui.forms.stages import Stage

LOOSE = "echo half >half.txt\ngit commit -qm 'First half' --allow-empty\n"
"""A script that has one commit and a file that is in none."""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    """1 runs until it is released; 2 waits for it."""
    with project(tmp_path, {1: [], 2: [1]}) as made:
        (made.layout.scripts / "01.sh").write_text(LOOSE + made.until() + WRITE)
        made.start_loop()
        made.wait_for(1, "running")
        yield made


async def test_killing_ends_the_agent_says_what_is_lost_and_holds_its_prompt(made: Project) -> None:
    async with steered(made.layout, selected=1) as desk:
        await desk.sees("kill 01")
        await desk.press("x")
        await desk.sees("Not committed: half.txt.")
        assert "1 commit stays on coord/01-1." in desk.text
        assert "executor-01-1 is ended, 01 held until you restart it" in desk.text
        await desk.press("tab")
        await desk.type("wrong way")
        await desk.press("enter", "enter")
        await until(lambda: desk.app.main.form is None, "the form to close", timeout=30)
        assert made.agents(1) == []
        assert made.states()[1] == "blocked"
        assert "wrong way" in made.layout.alignment.read_text()
        assert "takes it back" not in desk.text
        await desk.sees("killed, held")
        assert "crashed" not in desk.text
        assert (made.layout.worktree(prompt_work(1), 1) / "half.txt").read_text() == "half\n"


@pytest.mark.slow
async def test_a_slow_kill_shows_that_it_goes_on_and_the_form_may_be_left(made: Project) -> None:
    (made.layout.scripts / "01.sh").write_text("trap '' TERM\n" + made.until())
    made.coord("kill", "1", "--requeue", "--yes")
    made.wait_for(1, "running")
    async with steered(made.layout, selected=1) as desk:
        await desk.sees("kill 01")
        await desk.press("x", "q", "enter")
        assert "01 queued again" in desk.text
        await desk.pilot.press("enter")
        await desk.sees("Ending agents, gracefully first")
        await desk.pilot.press("escape")
        await desk.closed()
        await until(lambda: "kill executor-01-2" in desk.text and "Done" in desk.text, "the end of it", timeout=30)


async def test_an_agent_whose_work_landed_before_it_was_killed_leaves_a_patch_to_make(made: Project) -> None:
    async with steered(made.layout, selected=1) as desk:
        await desk.sees("kill 01")
        await desk.press("x")
        await desk.sees("01 held until you restart it")
        made.release()
        await until(lambda: "patch it instead" in desk.text, "the patch", timeout=30)
        assert "restart it instead" not in desk.text


async def test_restarting_ends_the_running_attempt_and_tells_the_next_one_why(made: Project) -> None:
    async with steered(made.layout, selected=1) as desk:
        await desk.sees("restart 01")
        await desk.press("r")
        await desk.type("mind the clock")
        await desk.press("ctrl+s")
        await until(lambda: desk.app.main.form is None, "the form to close", timeout=30)
        await asyncio.to_thread(made.wait_for, 1, "running")
        assert [attempt["attempt"] for attempt in made.attempts(1)] == [1, 2]
        assert "mind the clock" in (made.layout.attempt("run-1", prompt_work(1), 2) / "prompt.txt").read_text()


@pytest.mark.slow
async def test_steering_an_agent_that_takes_no_messages_is_refused_and_changes_nothing(made: Project) -> None:
    before = (made.layout.root / made.snapshot().prompts[1].path).read_bytes()
    async with steered(made.layout, selected=1) as desk:
        await desk.press("e", "end")
        await desk.type(" better")
        await desk.press("enter", "enter", "t")
        assert "executor-01-1 is told at once" in desk.text
        await desk.press("enter")
        await desk.sees("takes no messages")
    assert (made.layout.root / made.snapshot().prompts[1].path).read_bytes() == before
    assert made.events("plan.applied") == []


async def test_a_restart_from_the_base_leaves_aside_what_the_last_attempt_did(made: Project) -> None:
    async with steered(made.layout, selected=1) as desk:
        await desk.sees("restart 01")
        await desk.press("r", "tab", "b")
        await desk.sees("has not committed stays in its worktree only")
        await desk.press("ctrl+s")
        await until(lambda: desk.app.main.form is None, "the form to close", timeout=30)
        await asyncio.to_thread(made.wait_for, 1, "running")
        assert [attempt.get("fresh", False) for attempt in made.attempts(1)] == [True, False]


async def test_a_failed_prompt_is_edited_before_it_starts_again(tmp_path: Path) -> None:
    failed = {"status": "failed", "attempts": 1}
    layout = plain_project(tmp_path, {1: (), 2: ()}, {1: failed})
    async with steered(layout, selected=1) as desk:
        await desk.press("r", "ctrl+e")
        await until(lambda: desk.app.main.plan_form is not None and desk.form.SERVICE == "edit", "the edit form")
        await until(lambda: "title" in desk.form.fields, "its fields")
        await desk.press("end", "x", "ctrl+s")
        await desk.closed()
        assert desk.prompts()[1].title == "Prompt 1x"
        assert desk.prompts()[1].status.value == "pending"


async def test_restarting_done_work_is_refused_and_a_patch_offered(tmp_path: Path) -> None:
    layout = plain_project(tmp_path, {1: ()}, {1: {"status": "done"}})
    async with steered(layout, selected=1) as desk:
        await desk.press("r", "enter")
        assert desk.form.stage is Stage.REFUSED
        await desk.press("p")
        await until(lambda: desk.app.main.plan_form is not None and desk.form.SERVICE == "patch", "the patch form")


def test_what_is_lost_is_told_in_words() -> None:
    assert lost(change(1)) == ("No commit yet.", "Nothing is uncommitted.")
    commits = (Commit("a", "x", "y", 0), Commit("b", "x", "y", 0))
    many = change(1, *commits, modified=("a", "b"), untracked=("c", "d"))
    assert lost(many) == ("2 commits stay on coord/01-1.", "Not committed: a, b, c and 1 more.")
