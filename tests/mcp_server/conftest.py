"""One project whose server answers all tests of a module."""

from collections.abc import Iterator

import pytest
from support.project import Project, project
from support.thin import end_server


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("mcp"), {1: []}) as one:
        yield one
        end_server(one)
