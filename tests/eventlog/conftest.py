"""A log on a real disk, and those who write to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coordinator.eventlog.store import EventLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture
def log(path: Path) -> Iterator[EventLog]:
    with EventLog.open(path, create=True) as opened:
        yield opened
