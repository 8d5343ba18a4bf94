"""A plan of very many files: staged several at a time, and as whole as a small one."""

import resource
from pathlib import Path

import pytest

from coordinator.errors import CoordError
from coordinator.formats.digest import sha256
from coordinator.model.plan import FileEdit
from coordinator.storage import journal
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


def test_where_one_of_them_can_not_be_written_none_is(tmp_path: Path) -> None:
    layout = made(tmp_path)
    edits = [FileEdit(f".coord/prompts/{n}.md", "create", b"x", None) for n in range(100)]
    edits[50] = FileEdit(".coord/prompts/50.md", "create", b"x" * 100_000, None)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(CoordError, match="apply the plan"):
            journal.apply_edits(layout, "p1", edits)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(layout.prompts.iterdir()) == []
    assert not journal.pending(layout)
