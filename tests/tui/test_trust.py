"""A project that nobody here trusts opens with a card: what would run, a key to trust it, and one to only look."""

from pathlib import Path

import pytest
from support import scenes
from support.onscreen import screen_text, shown, until
from support.project import prompt_text
from support.still import StillSource

from coordinator.client.project import ProjectSource
from coordinator.errors import Refused
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import Snapshot
from coordinator.model.trust import Ask, Content
from coordinator.storage.paths import Layout
from tui.app import CoordApp
from tui.forms.trust import TrustForm
from tui.screens.reader import Reading

ASKED = Ask(True, tuple(Content(f".coord/suites/s{n}.md", str(n)) for n in range(9)))


def untrusted(asked: Ask = ASKED) -> Snapshot:
    return replace(scenes.bucket(), untrusted=asked)


def given(source: StillSource) -> list[object]:
    return [asked for asked in source.asked if isinstance(asked, tuple) and asked[0] == "trust"]


async def card(app: CoordApp) -> None:
    await until(lambda: isinstance(app.main.form, TrustForm) and app.main.form.has_focus, "the card")
    await until(lambda: "Trust this project?" in screen_text(app), "the card to be painted")


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_the_card_names_what_would_run_and_no_key_one_types_trusts_it(size: tuple[int, int]) -> None:
    source = StillSource(untrusted())
    async with shown(source, size=size) as (app, pilot):
        await card(app)
        text = screen_text(app)
        assert "Trust this project?" in text
        assert "s0.md  new: command: make 0" in text
        assert "and 3 more files" in text
        await pilot.press("y", "enter")
        await until(lambda: isinstance(app.screen, Reading), "all of it")
        assert "+command: make 0" in screen_text(app)
        await pilot.press("escape")
        assert given(source) == []
        await pilot.press("escape")
        await until(lambda: app.main.form is None, "only looking")
        await pilot.press("T")
        await card(app)
        await pilot.press("T")
        await until(lambda: app.main.form is None, "the end of the card")
        assert given(source) == [("trust", ASKED)]


async def test_a_trusted_project_opens_without_a_card() -> None:
    source = StillSource(scenes.bucket())
    async with shown(source) as (app, pilot):
        await pilot.press("T")
        assert app.main.form is None
        assert "Trust" not in screen_text(app)


async def test_what_changed_while_it_was_shown_is_not_trusted() -> None:
    source = StillSource(untrusted())
    source.refusal = Refused("the project changed since it was shown", "look again")
    async with shown(source) as (app, pilot):
        await card(app)
        await pilot.press("T")
        await until(lambda: "changed since it was shown" in screen_text(app), "the refusal")


async def test_the_state_of_a_loop_elsewhere_can_not_be_trusted_away() -> None:
    source = StillSource(untrusted(Ask(True, nobodys=(".coord/journal/x.json",))))
    async with shown(source) as (app, pilot):
        await card(app)
        assert "git rm -r --cached" in screen_text(app)
        await pilot.press("T")
        assert given(source) == []


async def test_a_real_project_is_trusted_from_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    layout = Layout(tmp_path / "project")
    layout.prompts.mkdir(parents=True)
    (layout.prompts / "01-planned-a.prompt.md").write_text(prompt_text(1))
    layout.config.write_text("runtime: scripted\n")
    EventLog.open(layout.events_db, create=True).close()
    async with shown(ProjectSource(layout)) as (app, pilot):
        await card(app)
        assert "coord.yaml  new: runtime: scripted" in screen_text(app)
        await pilot.press("T")
        await until(lambda: app.main.form is None, "the end of the card")
        await until(lambda: app.main.snapshot is not None and app.main.snapshot.untrusted is None, "trust")
