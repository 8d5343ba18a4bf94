"""Pages of milestones are written into their project, and nowhere else."""

import os
from pathlib import Path

import pytest

from coordinator.errors import CoordError, Refused
from coordinator.model.feedback import Feedback
from coordinator.model.prompt import Priority
from coordinator.storage.documents import examine_milestone, is_milestone_id
from coordinator.storage.feedback import add_finding
from coordinator.storage.milestones import earlier_milestones, handover_of, read_handover, write_page
from coordinator.storage.paths import Layout

PAGE = ".coord/milestones/M1-handover.md"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "project")
    made.coord.mkdir(parents=True)
    return made


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "M0.md").write_text("---\ntitle: Another's\n---\n")
    (folder / "M1-handover.md").write_text("another's\n")
    return folder


def test_a_page_is_written_and_found(layout: Layout) -> None:
    assert write_page(layout, "M1", "first\n") == PAGE
    assert write_page(layout, "M1", "second\n") == PAGE
    assert (handover_of(layout, "M1"), read_handover(layout, "M1")) == (PAGE, "second\n")


def test_a_folder_that_leads_outside_is_neither_written_nor_read(layout: Layout, outside: Path) -> None:
    layout.milestones.symlink_to(outside)
    layout.feedback.symlink_to(outside)
    before = sorted(os.listdir(outside))
    with pytest.raises(Refused, match="outside of the project"):
        write_page(layout, "M1", "ours\n")
    with pytest.raises(Refused, match="outside of the project"):
        add_finding(layout, Feedback(1, "A hole", Priority.HIGH), 0)
    assert sorted(os.listdir(outside)) == before
    assert (outside / "M1-handover.md").read_text() == "another's\n"
    assert not earlier_milestones(layout)
    assert (handover_of(layout, "M1"), read_handover(layout, "M1")) == ("", "")


def test_a_folder_that_is_a_link_within_the_project_is_as_good_as_any(layout: Layout) -> None:
    (layout.root / "pages").mkdir()
    layout.milestones.symlink_to(layout.root / "pages")
    assert write_page(layout, "M1", "ours\n") == PAGE
    assert read_handover(layout, "M1") == "ours\n"
    assert (layout.root / "pages" / "M1-handover.md").is_file()


@pytest.mark.parametrize("planted", ["link", "pipe", "folder"])
def test_what_stands_in_the_place_of_a_page_is_refused_and_not_taken_for_one(
    layout: Layout, outside: Path, planted: str
) -> None:
    layout.milestones.mkdir()
    place, target = layout.milestones / "M1-handover.md", outside / "M1-handover.md"
    if planted == "link":
        place.symlink_to(target)
    elif planted == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    with pytest.raises(CoordError, match="not a regular file"):
        write_page(layout, "M1", "ours\n")
    assert target.read_text() == "another's\n"
    assert (handover_of(layout, "M1"), read_handover(layout, "M1")) == ("", "")


@pytest.mark.parametrize("name", ["M1-handover", "M1-Handover", "x-handover"])
def test_no_milestone_is_called_like_a_page_of_another(layout: Layout, name: str) -> None:
    assert not is_milestone_id(name)
    layout.milestone.write_text(f"---\ntitle: T\nid: {name}\n---\n")
    milestone, problem = examine_milestone(layout)
    assert milestone.id == ""
    assert problem is not None
    assert (problem.code, problem.line) == ("bad-id", 3)
    assert is_milestone_id("handover")
