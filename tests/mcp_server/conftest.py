"""One project whose server answers all tests of a module."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.project import Project, project
from support.thin import end_server


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("mcp"), {1: []}) as one:
        yield one
        end_server(one)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Makes projects of the test's own."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **values: stack.enter_context(project(tmp_path, *args, **values))
