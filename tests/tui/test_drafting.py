"""A first version of a text, written by the voice into its field: edited as one's own, planned by the engineer."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.onscreen import until
from support.stand_in import StandIn
from support.steering import Desk, plain_project, steered

from coordinator.client import chatting
from coordinator.model.conversation import Drafted, Message, Ready, Trouble
from coordinator.storage.paths import Layout
from tui.forms.drafting import DraftingForm
from tui.forms.stages import Stage

Opened = Callable[..., AbstractAsyncContextManager[tuple[Desk, StandIn]]]
BODY = ("## Tasks\n\n- find out \x1b[31mwhy", " it hung\n\n## Acceptance Criteria\n\n- it does not\n")
MISSING = "no voice: set ANTHROPIC_API_KEY, or log in to Claude Code"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    emergent = {"type": "emergent", "hypothesis": "faster"}
    return plain_project(tmp_path / "project", {1: (), 2: (1,)}, {1: {"status": "failed"}, 2: emergent})


@pytest.fixture
def opened(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Open a form with a key, with somebody in the place of the voice."""

    @asynccontextmanager
    async def begin(
        key: str, selected: int, *turns: Sequence[Any], ready: Message | None = None
    ) -> AsyncIterator[tuple[Desk, StandIn]]:
        voice = StandIn(tmp_path / "voice", *turns, **({"ready": (ready,)} if ready is not None else {}))
        monkeypatch.setattr(chatting, "voice_command", lambda root: voice.command)
        async with steered(layout, selected=selected, size=(100, 40)) as desk:
            await desk.press(key)
            yield desk, voice

    return begin


def drafting(desk: Desk) -> DraftingForm:
    assert isinstance(desk.form, DraftingForm)
    return desk.form


async def test_the_body_of_a_patch_is_drafted_from_the_failure_and_planned_only_by_the_engineer(opened: Opened) -> None:
    parts = [Drafted("d1", BODY[0]), Drafted("d1", BODY[1]), Drafted("d1", done=True)]
    async with opened("p", 1, parts) as (desk, voice):
        before = desk.files()
        await desk.type("It hangs")
        await desk.press("ctrl+t")
        await until(lambda: desk.form.field("body").value, "the draft")
        assert desk.form.field("body").value == "".join(BODY).replace("\x1b", "·").strip()
        (asked,) = voice.heard("draft")
        assert (asked["service"], asked["input"], asked["selected"]) == ("patch", "body", "1")
        assert asked["values"]["title"] == "It hangs"
        assert desk.files() == before
        await desk.press("ctrl+s")
        await desk.closed()
        assert b"find out" in desk.prompts()[3].source


async def test_a_draft_goes_below_what_stands_in_the_focused_field(opened: Opened) -> None:
    async with opened("p", 1, [Drafted("d1", "it hung at the lock", done=True)]) as (desk, voice):
        desk.form.field("went_wrong").focus()
        await desk.type("seen twice")
        await desk.press("ctrl+t")
        await until(lambda: "lock" in desk.form.field("went_wrong").value, "the draft")
        assert desk.form.field("went_wrong").value == "seen twice\n\nit hung at the lock"
        assert voice.heard("draft")[0]["input"] == "went_wrong"
        assert desk.form.field("body").value == ""


async def test_the_rationale_of_surgery_is_drafted_from_the_verdicts_and_what_is_known(opened: Opened) -> None:
    async with opened("s", 2, [Drafted("d1", "It is not needed.", done=True)]) as (desk, voice):
        await desk.press("x", "ctrl+t")
        await until(lambda: desk.form.field("rationale").value, "the draft")
        (asked,) = voice.heard("draft")
        assert (asked["service"], asked["input"], asked["selected"]) == ("surgery", "rationale", "2")
        assert asked["values"]["verdict on 02"] == "eliminate"
        assert "faster" in asked["values"]["what agents and git say of 02"]


async def test_without_a_voice_one_line_says_what_is_missing_and_the_form_goes_on(opened: Opened) -> None:
    turn = [Trouble("no_key", MISSING), Drafted("d1", done=True)]
    async with opened("p", 1, turn, ready=Ready("none", missing=MISSING)) as (desk, _):
        await desk.press("ctrl+t")
        await desk.sees(MISSING)
        assert desk.form.field("body").value == ""
        await desk.type("It hangs")
        await desk.press("ctrl+s")
        await desk.closed()
        assert 3 in desk.prompts()


async def test_escape_ends_a_draft_and_keeps_the_form_and_what_comes_late_is_dropped(opened: Opened) -> None:
    async with opened("p", 1, [Drafted("d1", "half"), {"until": "close"}]) as (desk, voice):
        await desk.type("It hangs")
        await desk.press("ctrl+t")
        await desk.sees("the coordinator writes… 4 characters")
        await desk.press("escape")
        await until(lambda: "the coordinator writes" not in desk.text, "the end of the draft")
        assert desk.form.field("title").value == "It hangs"
        assert desk.form.field("body").value == ""
        form = drafting(desk)
        assert form._voice is None
        voice.wait_heard("close")


async def test_a_voice_that_ends_in_the_middle_is_said_in_words(opened: Opened) -> None:
    async with opened("p", 1, [Drafted("d1", "half"), {"exit": 3}]) as (desk, _):
        await desk.press("ctrl+t")
        await desk.sees("voice has ended")
        assert desk.form.field("body").value == ""


async def test_a_draft_that_comes_while_the_plan_is_shown_changes_nothing_of_it(opened: Opened, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    turn = [{"file": str(go_on)}, Drafted("d1", "not what was shown", done=True)]
    async with opened("p", 1, turn) as (desk, voice):
        await desk.type("It hangs")
        await desk.press("ctrl+t", "enter")
        await until(lambda: desk.form.stage is Stage.CONFIRM, "the plan")
        go_on.touch()
        voice.wait_heard("draft")
        await until(lambda: not drafting(desk).writing, "the end of the draft")
        await desk.press("enter")
        await desk.closed()
        assert b"not what was shown" not in desk.prompts()[3].source
