"""Going into an agent's window: what happens when tmux, or the terminal, does not play along."""

import sys

from support import scenes
from support.onscreen import screen_text, shown, until
from support.still import StillSource

from coordinator.errors import CoordError
from coordinator.model.snapshot import Agent
from tui.attach import run_here


class Gone(StillSource):
    def attach(self, agent: Agent) -> None:
        raise CoordError(f"the window of {agent.id} is gone", "its last screen stays in sight here")


async def test_a_terminal_that_can_not_be_handed_over_gets_the_command_to_type() -> None:
    source = StillSource(scenes.bucket())
    source.command = ("tmux", "-L", "coord-1", "attach-session", "-t", "=coord:@6")
    async with shown(source) as (app, pilot):
        await pilot.press("a")
        await until(lambda: "can't be handed over" in screen_text(app), "the toast")
        assert "tmux -L coord-1" in screen_text(app)
        assert ("attach", "executor-06-1") in source.asked
        assert app.is_running


async def test_within_the_same_tmux_nothing_is_suspended() -> None:
    source = StillSource(scenes.bucket())
    source.command = None
    async with shown(source) as (app, pilot):
        await pilot.press("a")
        await until(lambda: ("attach", "executor-06-1") in source.asked, "the switch")
        await pilot.pause()
        assert "can't be handed over" not in screen_text(app)


async def test_a_window_that_is_gone_is_told() -> None:
    async with shown(Gone(scenes.bucket())) as (app, pilot):
        await pilot.press("a")
        await until(lambda: "the window of executor-06-1 is gone" in screen_text(app), "the toast")


async def test_the_shown_window_is_the_one_to_attach_to() -> None:
    source = StillSource(scenes.bucket())
    source.command = None
    async with shown(source) as (app, pilot):
        app.main.select(9)
        await until(lambda: "a attach 06" in screen_text(app), "the label: 09 has no agent, 06 is shown")
        app.main.select(4)
        await until(lambda: "a attach 04" in screen_text(app), "the label")
        await pilot.press("a")
        await until(lambda: ("attach", "executor-04-1") in source.asked, "the switch")


def test_a_command_that_works_says_nothing() -> None:
    assert run_here([sys.executable, "-c", "pass"]) == ""


def test_a_command_that_fails_says_why_in_its_own_words() -> None:
    script = "import sys; sys.exit('sessions should be nested with care')"
    assert run_here([sys.executable, "-c", script]) == "sessions should be nested with care"
    assert run_here([sys.executable, "-c", "raise SystemExit(3)"]).endswith("ended with status 3")


def test_a_missing_command_raises_nothing_while_the_app_is_suspended() -> None:
    assert run_here(["no-such-tmux"]) == "no-such-tmux could not be started: No such file or directory"
    assert "could not be run" in run_here(["tmux", "\0"])
