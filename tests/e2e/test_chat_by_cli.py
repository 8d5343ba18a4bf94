"""The whole conversation with a real agent CLI as the voice: on the screen and in a terminal."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.agent_clis import home, installed_clis
from support.chat_api import Answer, Call, ChatApi
from support.cli_api import CliApi
from support.codex_api import CodexApi
from support.onscreen import until
from support.project import Project
from support.steering import plain_project, steered
from support.talking import Talk
from support.terminal import Terminal
from support.wait import wait_until

from coordinator.storage.paths import Layout
from tui.forms.proposal import ProposalForm

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LOOK = Call("mcp__coord__graph")
PLAN = Call(
    "mcp__coord__propose_plan",
    {
        "title": "Stop and measure",
        "why": "numbers first",
        "steps": [
            {"service": "pause", "values": {"reason": "to measure"}},
            {"service": "interject", "values": {"title": "Measure first", "after": [1], "before": [2]}},
        ],
    },
)
ANSWERS = (Answer("I look.", [LOOK]), Answer("Measure first.", [PLAN]), Answer("It is there now."))
IN_CODEX = tuple(
    Answer(one.text, [Call(call.tool.replace("coord__", "coord."), call.input) for call in one.calls])
    for one in ANSWERS
)
By = Callable[[Layout, str], dict[str, str]]


@pytest.fixture
def by_cli(tmp_path: Path) -> Iterator[By]:
    """The environment in which the real CLI speaks for a project, with these answers."""
    binaries = installed_clis()
    begun: list[ChatApi] = []

    def start(layout: Layout, cli: str) -> dict[str, str]:
        begun.append(CliApi(ANSWERS) if cli == "claude" else CodexApi(IN_CODEX))
        layout.config.write_text(layout.config.read_text() + f"chat: {cli}\n")
        own = home(tmp_path / "home", layout.root, begun[0].url)
        return own | {"PATH": str(binaries)}

    yield start
    for api in begun:
        api.close()


@pytest.mark.parametrize("cli", ["claude", "codex"])
async def test_on_the_screen_a_plan_is_looked_for_proposed_and_confirmed(
    tmp_path: Path, by_cli: By, monkeypatch: pytest.MonkeyPatch, cli: str
) -> None:
    layout = plain_project(tmp_path / "project", {1: (), 2: (1,)}, {1: {"status": "done"}})
    own = by_cli(layout, cli)
    monkeypatch.setenv("PATH", own.pop("PATH"), prepend=":")
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    async with steered(layout) as steering:
        desk = Talk(steering.app, steering.pilot, steering.layout)
        await desk.pilot.press("c")
        await until(lambda: desk.app.is_screen_installed("chat"), "the conversation")
        await desk.turn()
        await desk.type("what first?")
        await desk.press("enter")
        await until(lambda: desk.chat.plan_form is not None, "the card", 180)
        assert "Measure first." in desk.said
        await desk.card()
        assert isinstance(desk.form, ProposalForm)
        await desk.press("enter")
        await until(lambda: "It is there now." in desk.said, "what it says to that", 180)
        assert '"state": "paused"' in layout.loop_json.read_text()
        (event,) = desk.events("plan.applied")
        assert str(event.data["proposer"]).startswith("coordinator")


@pytest.mark.parametrize("cli", ["claude", "codex"])
def test_in_a_terminal_the_same(make: Callable[..., Project], by_cli: By, cli: str) -> None:
    made = make({1: (), 2: (1,)})
    own = by_cli(made.layout, cli)
    made.own_environment |= own | {"PATH": f"{own['PATH']}:{made.environment()['PATH']}"}
    terminal = Terminal(120, 80)
    try:
        terminal.open(made, "chat")
        terminal.wait_for("›")
        terminal.press("-l", "what first?")
        terminal.press("Enter")
        terminal.wait_for("◆ Proposed:", "pause dispatch", "y applies it", timeout=180)
        assert not made.layout.loop_json.exists()
        terminal.press("-l", "y")
        terminal.press("Enter")
        terminal.wait_for("✓ applied", "It is there now.", timeout=180)
        assert next(made.layout.prompts.glob("03*")).read_text().count("Measure first")
        assert '"state": "paused"' in made.layout.loop_json.read_text()
        wait_until(lambda: terminal.has_ended() or terminal.press("C-d"), message="the end")
    finally:
        terminal.close()
