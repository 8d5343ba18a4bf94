"""What a person keeps on this machine: theirs alone, whole, and never in anybody's way."""

import os
import threading
from pathlib import Path

import pytest

from coordinator.client.choices import chosen_sizes, chosen_theme, keep_sizes, keep_theme
from coordinator.client.ports import Sizes
from coordinator.client.recent import MOST, recent, remember
from coordinator.storage.user_state import keep, kept


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "coord"


def test_choices_are_there_again_beside_each_other(state: Path) -> None:
    assert (chosen_theme(), chosen_sizes()) == ("", {})
    keep_theme("nord")
    keep_sizes("wide", Sizes(left=40, events=9))
    keep_sizes("narrow", Sizes(agents=7))
    keep_sizes("wide", Sizes(left=44))
    assert chosen_theme() == "nord"
    assert chosen_sizes() == {"wide": Sizes(left=44), "narrow": Sizes(agents=7)}
    assert (state / "screen.json").stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700


def test_what_nobody_would_have_kept_counts_for_nothing(state: Path) -> None:
    state.mkdir()
    kept_file = state / "screen.json"
    for text in (
        "[]",
        "{",
        '{"theme": 7, "sizes": [1]}',
        '{"sizes": {"wide": {"left": "40", "events": -1, "agents": true, "x": 1}}}',
    ):
        kept_file.write_text(text)
        assert chosen_theme() == ""
        assert chosen_sizes().get("wide", Sizes()) == Sizes()
    kept_file.unlink()
    os.mkfifo(kept_file)
    assert chosen_theme() == ""


def test_two_at_once_lose_nothing_of_each_other() -> None:
    def add(name: str) -> None:
        for count in range(20):
            new = {f"{name}{count}": count}
            keep("both.json", lambda before, new=new: before | new)

    threads = [threading.Thread(target=add, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept("both.json")) == 40


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    keep_theme("nord")
    assert chosen_theme() == ""


def test_projects_are_listed_newest_first_without_those_that_are_gone(tmp_path: Path, state: Path) -> None:
    roots = [tmp_path / name for name in "abc"]
    for root in roots:
        (root / ".coord").mkdir(parents=True)
        remember(str(root))
    remember(str(roots[0]))
    assert recent() == tuple(str(roots[place]) for place in (0, 2, 1))
    (roots[2] / ".coord").rmdir()
    assert recent() == (str(roots[0]), str(roots[1]))
    assert (state / "projects.json").stat().st_mode & 0o777 == 0o600


def test_no_more_projects_are_kept_than_anybody_looks_at(tmp_path: Path, state: Path) -> None:
    for place in range(MOST + 5):
        (tmp_path / str(place) / ".coord").mkdir(parents=True)
        remember(str(tmp_path / str(place)))
    assert len(recent()) == MOST
    (state / "projects.json").write_text('{"projects": ["relative", 7, "/a\\u0000b", null]}')
    assert recent() == ()
