"""The bell: rings for what waits for a human and did not before, and only if that is wanted."""

import os
import stat
from pathlib import Path

import pytest
from support import scenes
from support.onscreen import shown, until
from support.still import StillSource

from coordinator.client.ports import Preferences
from coordinator.desktop.notifications import notify
from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import Snapshot
from coordinator.views.attention import waiting_for_you


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
