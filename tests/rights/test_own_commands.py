"""A project's own commands: nothing of a clone runs before it is trusted, and nothing for an agent."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import Project
from support.trusting import clone, commit, pull, trust

from coordinator.client.own_commands import ready, run
from coordinator.errors import Refused
from coordinator.model.own_command import OwnCommand, Ready, Subject
from coordinator.observe.observer import Observer
from coordinator.observe.project import Project as Opened
from coordinator.storage.paths import Layout
from coordinator.storage.user_state import kept

TOUCH = OwnCommand("touch", "touch ran")
pytestmark = pytest.mark.usefixtures("state")


def get_ready(folder: Path, command: OwnCommand = TOUCH) -> Ready:
    observer = Observer(Layout(folder))
    try:
        return ready(Opened(Layout(folder)), command, observer.snapshot(), Subject())
    finally:
        observer.close()


def test_a_clone_offers_and_runs_nothing_before_it_is_trusted(upstream: Path) -> None:
    (upstream / ".coord" / "coord.yaml").write_text("commands: [{name: touch, run: touch ran}]\n")
    commit(upstream)
    there = clone(upstream)
    with pytest.raises(Refused, match="came from elsewhere"):
        get_ready(there)
    with pytest.raises(Refused, match="came from elsewhere"):
        run(Opened(Layout(there)), Ready("touch", "touch ran", str(there), False, "touch ran"))
    trust(there)
    found = get_ready(there)
    assert found.asks, "trust is no leave for words that nobody saw"
    (upstream / ".coord" / "coord.yaml").write_text("commands: [{name: touch, run: touch more}]\n")
    commit(upstream)
    pull(there)
    with pytest.raises(Refused, match="nobody here has seen it"):
        run(Opened(Layout(there)), found)
    assert not Opened(Layout(there)).terminals.alive()
    assert not kept("commands.json")


def test_the_words_are_asked_about_once_in_each_project_and_again_when_they_change(
    make: Callable[..., Project],
) -> None:
    project = make({1: ()})
    trust(project.layout.root)
    opened = Opened(project.layout)
    found = get_ready(project.layout.root)
    assert found.asks
    run(opened, found)
    assert not get_ready(project.layout.root).asks
    assert not get_ready(project.layout.root, TOUCH._replace(name="other")).asks
    assert get_ready(project.layout.root, TOUCH._replace(confirm=True)).asks
    assert get_ready(project.layout.root, TOUCH._replace(run="touch more")).asks


def test_an_agent_runs_none(make: Callable[..., Project], monkeypatch: pytest.MonkeyPatch) -> None:
    project = make({1: ()})
    trust(project.layout.root)
    found = get_ready(project.layout.root)
    monkeypatch.setenv("COORD_AGENT", "executor-01-1")
    monkeypatch.setenv("COORD_ROLE", "executor")
    with pytest.raises(Refused, match="only a human may"):
        run(Opened(project.layout), found)
    assert not project.terminals.alive()


def test_paths_are_absolute_and_an_agents_command_runs_in_its_worktree(make: Callable[..., Project]) -> None:
    project = make({1: ()}, {1: "sleep 600\n"})
    root = project.layout.root
    trust(root)
    project.start_loop()
    project.wait_for(1, "running")
    observer = Observer(project.layout)
    snapshot = observer.snapshot()
    observer.close()
    agent, attempt = snapshot.agents[0], snapshot.steps[1].attempt
    assert attempt is not None
    opened, worktree = Opened(project.layout), str(root / attempt.worktree)
    command = OwnCommand("look", "ls {worktree} {path}", "agent")
    found = ready(opened, command, snapshot, Subject(None, agent))
    assert found.folder == worktree
    assert found.words == f"ls {worktree} {root / snapshot.prompts[1].path}"
    assert ready(opened, command._replace(on="prompt"), snapshot, Subject(1)).folder == str(root)
    gone = found._replace(folder=f"{worktree}-gone")
    with pytest.raises(Refused, match="is gone"):
        run(opened, gone)
