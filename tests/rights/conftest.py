"""Projects that are gone with the test, and those that came from elsewhere."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.project import Project, project, prompt_text
from support.trusting import SUITE, commit, git


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Makes projects; see `support.project.project`."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **values: stack.enter_context(project(tmp_path, *args, **values))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this user keeps what is trusted: nothing is yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
    return tmp_path / "state"


@pytest.fixture
def upstream(tmp_path: Path, state: Path) -> Path:
    """Somebody else's project, with one prompt and one suite."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / ".coord" / "prompts").mkdir(parents=True)
    (folder / ".coord" / "prompts" / "01-planned-a.prompt.md").write_text(prompt_text(1))
    (folder / ".coord" / "suites").mkdir()
    (folder / ".coord" / "suites" / "fast.md").write_text(SUITE.format(command="true"))
    (folder / ".coord" / "coord.yaml").write_text("runtime: scripted\n")
    (folder / ".coord" / ".gitignore").write_text("events.db*\nruns/\njournal/\nplans/\n*.lock\nidentity\n.coord-*\n")
    commit(folder, "first")
    return folder
