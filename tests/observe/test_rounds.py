"""Which findings an iteration has: those of its milestone, whatever that is called by now."""

from contextlib import closing
from pathlib import Path

import pytest
from support.command import coord

from coordinator.client.look import look
from coordinator.client.opening import open_project
from coordinator.client.running import gather
from coordinator.client.steering import Steering
from coordinator.formats.spec_text import read_spec
from coordinator.observe.observer import Observer
from coordinator.services.specification import RunSpec, plan_run
from coordinator.storage.feedback import read_findings
from coordinator.storage.paths import Layout

TEXT = "# Words\n\nWords are kept.\n\n## Acceptance Criteria\n\n- a word is kept\n"
OTHER = "# Sorting\n\nSort a list.\n\n## Acceptance Criteria\n\n- [3, 1] becomes [1, 3]\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    assert coord("init", "--title", "Words", at=tmp_path).code == 0
    return tmp_path


def open_ones(root: Path) -> list[str]:
    with closing(Observer(Layout(root))) as observer:
        there = observer.snapshot().round
    assert there is not None
    return [item.label for item in there.feedback if item.open]


def begin(root: Path, text: str) -> None:
    """Take a specification for the milestone, without a loop."""
    project = open_project(str(root))
    snapshot = look(project)
    request = gather(project, snapshot, RunSpec(read_spec(text.encode(), "spec.md")))
    Steering(project).apply(plan_run(snapshot, request))


def test_an_open_finding_stays_when_its_milestone_gets_another_title_or_an_id(root: Path) -> None:
    milestone = Layout(root).milestone
    milestone.write_text(milestone.read_text().replace("---\n", "---\niterate: true\n", 1))
    assert coord("intent", "set", "--goal", "Keep", "--criterion", "a word is kept", at=root).code == 0
    assert coord("feedback", "file", "--title", "Words get lost at noon", "--priority", "high", at=root).code == 0
    assert open_ones(root) == ["001"]
    assert coord("intent", "set", "--title", "Kept words", at=root).code == 0
    assert "Kept words" in milestone.read_text()
    assert open_ones(root) == ["001"]
    milestone.write_text(milestone.read_text().replace("---\n", "---\nid: M1\n", 1))
    assert open_ones(root) == ["001"]
    begin(root, OTHER)
    assert "id: M2" in milestone.read_text()
    assert open_ones(root) == []
    assert [item.milestone for item in read_findings(Layout(root)).items] == ["M1"]


def test_findings_of_another_milestone_are_none_of_this_one(root: Path) -> None:
    begin(root, TEXT)
    assert coord("feedback", "file", "--title", "Words get lost at noon", "--priority", "high", at=root).code == 0
    begin(root, OTHER)
    assert open_ones(root) == []
    assert coord("feedback", "reopen", "1", "--yes", at=root).code == 0
    assert open_ones(root) == []
    begin(root, TEXT)
    assert open_ones(root) == ["001"]
