"""A plan of very many files: staged several at a time, and as whole as a small one."""

from pathlib import Path

import pytest

from coordinator.formats.digest import sha256
from coordinator.model.plan import FileEdit
from coordinator.storage import journal
from coordinator.storage.journal_entries import Entry
from coordinator.storage.paths import Layout
from coordinator.storage.project import create_project


def made(tmp_path: Path) -> Layout:
    create_project(tmp_path, title="M")
    return Layout(tmp_path)


def test_all_files_of_a_large_plan_are_placed(tmp_path: Path) -> None:
    layout = made(tmp_path)
    edits = [FileEdit(f".coord/prompts/{n}.md", "create", b"%d" % n, None) for n in range(300)]
    journal.apply_edits(layout, "p1", edits)
    assert {path.name: path.read_bytes() for path in layout.prompts.iterdir()} == {
        f"{n}.md": b"%d" % n for n in range(300)
    }
    gone = [FileEdit(f".coord/prompts/{n}.md", "delete", b"", sha256(b"%d" % n)) for n in range(300)]
    journal.apply_edits(layout, "p2", gone)
    assert list(layout.prompts.iterdir()) == []


def test_where_one_of_them_can_not_be_written_the_others_are_known(tmp_path: Path) -> None:
    entries = [Entry(f"{n}.md", None, b"x") for n in range(100)]
    targets = [str(tmp_path / entry.path) for entry in entries]
    targets[50] = str(tmp_path / "missing" / "50.md")
    staged: list[str | None] = []
    with pytest.raises(FileNotFoundError):
        journal._stage_all(entries, targets, staged)
    assert staged[50] is None
    assert {Path(path) for path in staged if path} == set(tmp_path.iterdir())
    assert len(set(tmp_path.iterdir())) == 99
