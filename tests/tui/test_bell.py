"""The bell: rings for what waits for a human and did not before, and only if that is wanted."""

import os
import stat
from pathlib import Path

import pytest
from support import scenes
from support.onscreen import UTF8, shown, until
from support.still import StillSource

from coordinator.client.ports import Preferences
from coordinator.desktop.notifications import notify
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import Snapshot
from coordinator.model.trust import Ask
from coordinator.views.attention import waiting_for_you
from tui.widgets.tour import TOUR


def calm() -> Snapshot:
    """A project in which nothing waits."""
    busy = scenes.bucket()
    settings = replace(busy.settings, gate="auto")
    return replace(busy, questions=(), agents=(), settings=settings)


@pytest.mark.parametrize(("bell", "rings"), [("none", 0), ("terminal", 1)])
async def test_the_terminal_rings_once_for_what_is_new(bell: str, rings: int, monkeypatch: pytest.MonkeyPatch) -> None:
    source = StillSource(calm(), preferences=Preferences(bell=bell))
    async with shown(source) as (app, _):
        rung: list[None] = []
        monkeypatch.setattr(app, "bell", lambda: rung.append(None))
        assert not waiting_for_you(calm()).keys() & waiting_for_you(scenes.bucket()).keys()
        for _ in range(2):
            asks = replace(scenes.bucket(), head=scenes.bucket().head + len(rung))
            source.put(asks)
            await until(lambda asks=asks: app.main.snapshot is asks, "the question")  # type: ignore[misc]
        assert len(rung) == rings


async def test_what_waited_when_the_screen_was_opened_does_not_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    source = StillSource(scenes.bucket(), preferences=Preferences(bell="terminal"))
    async with shown(source) as (app, _):
        rung: list[None] = []
        monkeypatch.setattr(app, "bell", lambda: rung.append(None))
        again = replace(scenes.bucket())
        source.put(again)
        await until(lambda: app.main.snapshot is again, "another look")
        assert not rung


async def test_the_desktop_is_told_who_asks_what() -> None:
    source = StillSource(calm(), preferences=Preferences(bell="desktop"))
    async with shown(source):
        source.put(scenes.bucket())
        await until(lambda: any(asked[0] == "notify" for asked in source.asked if isinstance(asked, tuple)), "a call")
        told = next(asked for asked in source.asked if isinstance(asked, tuple) and asked[0] == "notify")
        assert told[1].startswith("coord: ")
        assert " asks: " in told[2]


@pytest.mark.parametrize("bell", ["none", "desktop"])
async def test_addresses_are_told_the_same_once_whatever_the_bell(bell: str) -> None:
    source = StillSource(calm(), preferences=Preferences(bell=bell))
    async with shown(source) as (app, _):
        for _ in range(2):
            asks = replace(scenes.bucket())
            source.put(asks)
            await until(lambda asks=asks: app.main.snapshot is asks, "the question")  # type: ignore[misc]
        (told,) = [asked for asked in source.asked if isinstance(asked, tuple) and asked[0] == "tell addresses"]
        assert told[1].startswith("coord: ")
        assert " asks: " in told[2]


@pytest.mark.parametrize("which", ["demo", "untrusted"])
async def test_addresses_are_not_told_of_a_demo_nor_of_a_project_that_nobody_trusts(which: str) -> None:
    source = StillSource(calm())
    environ = UTF8 | ({TOUR: "demo"} if which == "demo" else {})
    async with shown(source, environ=environ) as (app, _):
        asks = scenes.bucket()
        if which == "untrusted":
            asks = replace(asks, untrusted=Ask(True))
        source.put(asks)
        await until(lambda: app.main.snapshot is asks, "the question")
        await until(lambda: app._message_queue.empty(), "all messages")
        assert not [asked for asked in source.asked if isinstance(asked, tuple) and asked[0] == "tell addresses"]


async def test_addresses_that_could_not_be_told_are_told_of_on_the_screen() -> None:
    source = StillSource(calm())
    source.tell_addresses = lambda title, text, failed: failed(CoordError("1 of 1 address could not", "try"))  # type: ignore[method-assign]
    async with shown(source) as (app, _):
        source.put(scenes.bucket())
        await until(lambda: any("could not" in toast.message for toast in app._notifications), "the word")


def test_a_milestone_that_is_done_calls() -> None:
    busy = scenes.bucket()
    done = replace(busy, milestone=replace(busy.milestone, status="done"))
    called = waiting_for_you(done).items() - waiting_for_you(busy).items()
    assert [text for _, text in called] == [f"the milestone is done: {busy.milestone.name}"]


def test_words_reach_the_notifier_as_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake, told = tmp_path / "notify-send", tmp_path / "told"
    fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >"{told}"\n')
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert notify("coord: x", "--icon=$(touch y) <b>&</b>")
    assert told.read_text().splitlines()[1:] == ["--", "coord: x", "--icon=$(touch y) &lt;b&gt;&amp;&lt;/b&gt;"]


def test_without_a_notifier_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not notify("coord", "a question")
