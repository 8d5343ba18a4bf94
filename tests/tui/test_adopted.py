"""Windows that coord did not open, on the screen: looked at like an agent's, and left alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.foreigners import Foreigners, foreigners
from support.onscreen import until
from support.project import NOTHING, Project, project
from support.steering import Desk, steered
from support.terminal import Terminal

from coordinator.views.attention import waiting_for_you
from tui.context import only_shown


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Foreigners]:
    with foreigners(tmp_path / "others") as made:
        yield made


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


@pytest.fixture
def made(tmp_path: Path, other: Foreigners) -> Iterator[Project]:
    with project(tmp_path / "p", {7: [], 8: []}, {7: NOTHING}, adopt=f'["{other.socket}/work:*"]') as made:
        yield made


async def adopted_row(desk: Desk, name: str) -> None:
    """Put the cursor of the agents on a window."""
    await desk.sees(name)
    await desk.pilot.press("2")
    await until(lambda: desk.app.main.agents.current is not None, "the agents")


@pytest.mark.slow
async def test_its_row_says_what_it_shows_and_its_window_is_live(made: Project, other: Foreigners) -> None:
    window = other.agent("work", "auth", "claude", "claude-permission-bash")
    other.window("coord", "a session called as ours are", "exec sleep 1000")
    async with steered(made.layout, size=(200, 50)) as desk:
        await adopted_row(desk, "work:auth")
        await desk.sees("permission")
        line = desk.line("adopted")
        assert "claude" in line
        await desk.sees("Do you want to proceed?")
        await desk.sees("work:auth · live window")
        other.tmux("respawn-window", "-k", "-t", window, "echo something new; exec cat")
        await desk.sees("something new")
        await desk.sees("unknown")
        assert other.tmux("list-clients").strip() == "", "no client is ever attached to watch"


@pytest.mark.slow
async def test_one_that_asks_for_somebody_is_among_what_needs_you(made: Project, other: Foreigners) -> None:
    async with steered(made.layout, size=(200, 50)) as desk:
        await desk.sees("Prompts")
        assert "window asks" not in desk.text
        other.agent("work", "auth", "claude", "claude-permission-bash")
        await desk.sees("1 window asks")
        (called,) = waiting_for_you(desk.app.main.snapshot).values()
        assert called.startswith("work:auth waits for somebody")
        await desk.press("n")
        await desk.sees("coord did not start it, and writes nothing to it")


async def test_the_keys_that_would_touch_it_say_why_they_do_not(made: Project, other: Foreigners) -> None:
    other.agent("work", "prompt 7", "claude", "claude-idle")
    async with steered(made.layout, selected=8) as desk:
        await adopted_row(desk, "work:prompt 7")
        await desk.sees("attach 07")
        for key in "xrty":
            await desk.pilot.press(key)
            await desk.sees("coord did not start work:prompt 7")
            assert desk.app.main.form is None
            desk.app.clear_notifications()
            await until(lambda: "coord did not start" not in desk.text, "the toast to go")
        for label in ("kill 07", "restart 07", "tell 07"):
            assert label not in desk.text
        await desk.pilot.press("1")
        await desk.sees("attach 07")
        assert only_shown(desk.app.main.context()) == ""
        await desk.pilot.press("x")
        await desk.sees("Nobody works on 08; there is nobody to end.")


async def test_the_page_of_agents_tells_where_it_is_and_to_go_there(made: Project, other: Foreigners) -> None:
    window = other.agent("work", "prompt 7", "codex", "codex-permission")
    async with steered(made.layout, size=(160, 50)) as desk:
        await desk.sees("work:prompt 7")
        await desk.pilot.press("A")
        await desk.sees(f"adopted-{other.socket}-{window[1:]}  adopted, codex, in work:prompt 7")
        await desk.sees("says its screen")
        await desk.sees("coord did not start it, and writes nothing to it: go into its window.")
        await desk.sees("touch /home/users/outside.txt")
        await desk.pilot.press("x")
        await desk.sees("coord did not start work:prompt 7, and")


async def test_a_window_that_comes_or_goes_is_seen_by_itself(
    made: Project, other: Foreigners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordinator.client.observing._PULSE", 0.05)
    async with steered(made.layout) as desk:
        await desk.sees("Nobody works")
        other.window("work", "late", "exec sleep 1000")
        second = other.window("work", "later", "exec sleep 1000")
        await desk.sees("work:later")
        await desk.sees("work:late ")
        other.tmux("kill-window", "-t", second)
        await until(lambda: "work:later" not in desk.text, "it to go")
        assert "work:late" in desk.text


def test_attaching_from_a_terminal_goes_there_and_comes_back(
    made: Project, other: Foreigners, terminal: Terminal
) -> None:
    other.window("work", "auth", "echo 'their own window'; exec cat")
    terminal.open(made)
    terminal.wait_for("work:auth", "their own window", "Prompts")
    terminal.press("2")
    terminal.press("a")
    terminal.wait_for("their own window", without="Prompts")
    other.tmux("detach-client", "-s", "work")
    terminal.wait_for("Prompts", "Events")
