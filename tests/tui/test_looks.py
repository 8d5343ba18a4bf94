"""How the screens look: every character and colour as it was last meant. CONTRIBUTING.md: how to accept a change."""

import time
from collections.abc import Callable, Iterator

import pytest
from support.gallery import PICTURES

from tui.paint.theme import DARK, LIGHT

SIZES = ((80, 24), (160, 45))
KEPT = [name for name, picture in PICTURES.items() if picture.kept]


@pytest.fixture(autouse=True)
def _anywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times in UTC, and all colours, whatever is set here."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    with monkeypatch.context() as zone:
        zone.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", KEPT)
def test_looks(name: str, size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(PICTURES[name].app(DARK), terminal_size=size, run_before=PICTURES[name].play), _HOW


@pytest.mark.parametrize("name", ["main", "review"])
def test_looks_in_the_light(name: str, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(PICTURES[name].app(LIGHT), terminal_size=(160, 45), run_before=PICTURES[name].play), _HOW


_HOW = "it looks otherwise than before: build/looks.html shows both; if that was meant, `make accept-looks`"
