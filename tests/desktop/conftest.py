"""Projects that are gone with the test."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.project import Project, project


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Makes projects; see `support.project.project`."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **values: stack.enter_context(project(tmp_path, *args, **values))
