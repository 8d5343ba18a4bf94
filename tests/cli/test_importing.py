"""`coord import`: what a folder of another tool becomes, and what of it is never read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import coord
from support.foreign_tasks import TOOLS, Task
from support.project import Project

from coordinator.model.imported import TaskStatus

Make = Callable[..., Project]
LIST = "# Plan\n\n- [ ] Write\n  - [ ] part\n- [x] Old\n"


@pytest.fixture
def empty(make: Make) -> Project:
    made: Project = make({})
    (made.layout.root / "docs").mkdir()
    (made.layout.root / "docs/plan.md").write_text(LIST)
    return made


def prompts(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(project.layout.prompts.glob("*.md"))}


def test_import_shows_applies_and_is_taken_back(empty: Project) -> None:
    root = empty.layout.root
    shown = coord("import", str(root / "docs"), "--dry-run", at=root)
    assert shown.code == 0, shown.err
    assert "import: checklist in docs: 2 new prompts" in shown.out
    assert "+ 01 Write   docs/plan.md#write · after 02" in shown.out
    assert "! 1 task done already: no prompt" in shown.out
    assert prompts(empty) == {}
    done = coord("import", str(root / "docs"), "--yes", "--json", at=root).json
    assert done["applied"]
    assert list(prompts(empty)) == ["01-planned-write.prompt.md", "02-planned-part.prompt.md"]
    assert coord("validate", at=root).code == 0
    assert [event["kind"] for event in events(root)].count("plan.applied") == 1
    assert coord("undo", "--yes", at=root).code == 0
    assert prompts(empty) == {}


def events(root: Path) -> list[dict[str, object]]:
    import json

    return [json.loads(line) for line in coord("log", "--json", at=root).out.splitlines()]


def test_importing_twice_changes_nothing_and_logs_nothing(empty: Project) -> None:
    root = empty.layout.root
    assert coord("import", str(root / "docs"), "--yes", at=root).code == 0
    before, logged = prompts(empty), len(events(root))
    again = coord("import", str(root / "docs"), "--yes", at=root)
    assert again.code == 0
    assert "nothing has changed" in again.out
    assert (prompts(empty), len(events(root))) == (before, logged)


def test_import_asks_for_a_format_where_it_is_not_clear_and_knows_its_own(empty: Project) -> None:
    root = empty.layout.root
    unknown = coord("import", str(root / "docs"), "--format", "checklst", "--dry-run", at=root)
    assert (unknown.code, "did you mean `checklist`?" in unknown.err) == (2, True)
    (root / "none").mkdir()
    nothing = coord("import", str(root / "none"), "--dry-run", at=root)
    assert nothing.code == 2
    assert "no tasks are known in" in nothing.err
    gone = coord("import", str(root / "gone"), "--dry-run", at=root)
    assert (gone.code, "there is nothing at" in gone.err) == (2, True)


def test_import_follows_no_link_waits_for_no_pipe_and_names_them(empty: Project, tmp_path: Path) -> None:
    root, outside = empty.layout.root, tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("- [ ] secret\n")
    docs = root / "docs"
    (docs / "link.md").symlink_to(outside / "secret.md")
    (docs / "folder").symlink_to(outside)
    (docs / "loop").symlink_to(docs)
    os.mkfifo(docs / "pipe.md")
    (docs / "b\nad.md").write_text("- [ ] name\n")
    (docs / "node_modules").mkdir()
    (docs / "node_modules/readme.md").write_text("- [ ] theirs\n")
    deep = docs.joinpath(*"abcdefghijklmnop")
    deep.mkdir(parents=True)
    (deep / "deep.md").write_text("- [ ] deep\n")
    plan = coord("import", str(docs), "--dry-run", "--json", at=root).json
    assert [row["title"] for row in plan["items"]] == ["Write", "part"]
    named = {(one["path"], one["code"]) for one in plan["left_out"]} - set(DONE)
    links = {(f"docs/{name}", "link") for name in ("link.md", "folder", "loop")}
    deepest = "docs/" + "/".join("abcdefghijklm")
    assert named == {*links, ("docs/pipe.md", "no-file"), ("docs/b ad.md", "bad-name"), (deepest, "too-deep")}
    shown = coord("import", str(docs), "--dry-run", at=root).out
    assert "docs/pipe.md is no file: nothing is read" in shown


def test_what_is_too_large_is_a_problem_and_the_rest_is_read(empty: Project) -> None:
    root = empty.layout.root
    with open(root / "docs/huge.md", "wb") as file:
        file.truncate(64 * 1024 * 1024)
    plan = coord("import", str(root / "docs"), "--dry-run", "--json", at=root).json
    assert [(one["path"], one["code"]) for one in plan["left_out"]] == [("docs/huge.md", "unreadable"), *DONE]
    assert len(plan["items"]) == 2


DONE = [("docs/plan.md", "done")]


def test_a_folder_outside_of_the_project_can_be_imported(empty: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "plan.md").write_text("- [ ] Elsewhere\n")
    plan = coord("import", str(other), "--yes", "--json", at=empty.layout.root).json
    assert plan["items"][0]["path"] == "../other/plan.md"
    assert plan["items"][0]["title"] == "Elsewhere"


# ── coord init


def backlog(root: Path) -> None:
    for path, text in (
        TOOLS["backlog.md"].write([Task(1, "One", TaskStatus.DONE), Task(2, "Two"), Task(3, "Three")]).items()
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "README.md").write_text("- [ ] a checklist is anybody's\n")


def test_init_tells_of_tasks_that_are_there_and_imports_them_when_asked(tmp_path: Path) -> None:
    backlog(tmp_path)
    made = coord("init", at=tmp_path)
    assert made.code == 0, made.err
    assert (
        "Found 2 tasks of Backlog.md in backlog/tasks: `coord import backlog/tasks` makes prompts of them." in made.out
    )
    assert list((tmp_path / ".coord/prompts").iterdir()) == []
    again = coord("init", "--import", at=tmp_path)
    assert again.code == 0, again.err
    assert "✓ applied" in again.out
    assert len(list((tmp_path / ".coord/prompts").iterdir())) == 2


def test_init_tells_programs_what_is_there(tmp_path: Path) -> None:
    backlog(tmp_path)
    made = coord("init", "--json", "--import", at=tmp_path).json
    assert made["found"] == [{"format": "backlog.md", "place": "backlog/tasks", "tasks": 2}]
    assert len(made["imported"]) == 1
    assert len(list((tmp_path / ".coord/prompts").iterdir())) == 2
    assert coord("undo", made["imported"][0], "--yes", at=tmp_path).code == 0


def test_init_says_nothing_of_tasks_where_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("- [ ] a checklist is anybody's\n")
    assert "Found" not in coord("init", at=tmp_path).out
