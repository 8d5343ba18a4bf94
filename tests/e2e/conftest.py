"""Real projects, and real terminals to look at them."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.project import Project, project
from support.terminal import Terminal


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Makes projects; see `support.project.project`."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **values: stack.enter_context(project(tmp_path, *args, **values))


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()
