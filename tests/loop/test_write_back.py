"""What became of imported tasks, in their tool's own files: by the loop as it runs, and by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.command import coord
from support.foreign_tasks import TOOLS, Task
from support.project import Project

from coordinator.apply import write_back as applied
from coordinator.apply.write_back import write_back
from coordinator.errors import StalePlan, UsageError
from coordinator.storage.files import write_atomic

Make = Callable[..., Project]
SETTING = "\n  backlog: backlog.md"
TASKS = [Task(1, "One"), Task(2, "Two", after=(1,))]
FAIL = "coord agent fail --summary 'no'\n"


def with_tasks(make: Make, scripts: Mapping[int, str] | None = None, **settings: object) -> Project:
    made = make({}, **settings)
    for number, script in (scripts or {}).items():
        (made.layout.scripts / f"{number:02d}.sh").write_text(script)
    for path, text in TOOLS["backlog.md"].write(TASKS).items():
        (made.layout.root / path).parent.mkdir(parents=True, exist_ok=True)
        (made.layout.root / path).write_text(text)
    (made.layout.root / "backlog/config.yml").write_text('statuses: ["To Do", "In Progress", "Blocked", "Done"]\n')
    assert coord("import", str(made.layout.root / "backlog"), "--yes", at=made.layout.root).code == 0
    return made


def files(made: Project) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((made.layout.root / "backlog/tasks").iterdir())}


def test_the_loop_says_what_became_of_tasks_and_changes_nothing_else(make: Make) -> None:
    write = 'echo x >"f$COORD_PROMPT"; git add -A; git commit -qm x; coord agent done --summary x\n'
    made = with_tasks(make, {1: write, 2: FAIL}, write_back=SETTING)
    before = files(made)
    made.run_loop()
    assert made.states() == {1: "merged", 2: "failed"}
    after = files(made)
    assert after["task-1 - One.md"] == before["task-1 - One.md"].replace("status: To Do", "status: Done")
    assert after["task-2 - Two.md"] == before["task-2 - Two.md"].replace("status: To Do", "status: Blocked")
    again = coord("import", str(made.layout.root / "backlog"), "--yes", at=made.layout.root)
    assert "nothing has changed" in again.out


def test_the_loop_tells_of_a_task_that_somebody_else_has_changed_and_leaves_it(make: Make) -> None:
    made = with_tasks(make, {1: FAIL, 2: FAIL}, write_back=SETTING)
    path = made.layout.root / "backlog/tasks/task-1 - One.md"
    path.write_text(path.read_text().replace("status: To Do", "status: Done"))
    made.run_loop()
    assert "status: Done" in path.read_text()
    (found,) = [one for one in made.events("problem.found") if one.data.get("code") == "status-conflict"]
    assert found.subject == "prompt:1"
    assert str(found.data["message"]).startswith("TASK-1 was set to `Done` there, while prompt 01 is ")


def test_without_the_setting_nothing_is_written_but_by_hand(make: Make) -> None:
    made = with_tasks(make, {1: FAIL, 2: FAIL})
    root, before = made.layout.root, files(made)
    made.run_loop()
    assert files(made) == before
    shown = coord("import", str(root / "backlog"), "--write-back", "--dry-run", at=root)
    assert (shown.code, "01 backlog.md:TASK-1: To Do → blocked" in shown.out) == (0, True)
    assert files(made) == before
    done = coord("import", str(root / "backlog"), "--write-back", "--yes", "--json", at=root)
    assert done.json == {
        "written": [
            {
                "source": "backlog.md:TASK-1",
                "number": 1,
                "path": "backlog/tasks/task-1 - One.md",
                "line": 3,
                "before": "To Do",
                "status": "blocked",
            }
        ],
        "problems": [],
        "applied": True,
    }
    assert "status: Blocked" in files(made)["task-1 - One.md"]
    again = coord("import", str(root / "backlog"), "--write-back", "--yes", at=root)
    assert "nothing to write" in again.out


def test_writing_back_needs_a_place_and_a_yes(make: Make) -> None:
    made = with_tasks(make)
    root = made.layout.root
    nowhere = coord("import", "--write-back", "--yes", at=root)
    assert (nowhere.code, "the setting `write_back` names none" in nowhere.err) == (2, True)
    unasked = coord("import", "backlog", "--write-back", at=root)
    assert (unasked.code, "nobody is there to confirm" in unasked.err) == (2, True)
    missing = coord("import", "--yes", at=root)
    assert (missing.code, "import needs a folder or a file" in missing.err) == (2, True)


def test_a_file_that_is_saved_at_the_same_moment_is_planned_for_again(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = with_tasks(make, {1: FAIL, 2: FAIL})
    made.run_loop()
    path = made.layout.root / "backlog/tasks/task-1 - One.md"
    saves = ["A note.\n", "And another.\n"]

    def saved_between(target: Path, data: bytes, *, expect: str) -> None:
        if saves and "backlog" in str(target):
            path.write_text(path.read_text() + saves.pop())
        write_atomic(target, data, expect=expect)

    monkeypatch.setattr(applied, "write_atomic", saved_between)
    done = write_back(made.layout, made.snapshot(), "backlog", "backlog.md")
    assert [one.source for one in done.changes] == ["backlog.md:TASK-1"]
    text = path.read_text()
    assert text.endswith("And another.\nA note.\n")
    assert "status: Blocked" in text

    def always_saved(target: Path, data: bytes, *, expect: str) -> None:
        raise StalePlan("it has changed meanwhile", "look again")

    path.write_text(text.replace("Blocked", "To Do"))
    monkeypatch.setattr(applied, "write_atomic", always_saved)
    kept = write_back(made.layout, made.snapshot(), "backlog", "backlog.md")
    assert (kept.changes, [one.code for one in kept.problems]) == ((), ["status-conflict"])
    assert "status: To Do" in path.read_text()


def test_nothing_is_written_where_a_folder_has_become_a_link(make: Make, tmp_path: Path) -> None:
    made = with_tasks(make, {1: FAIL, 2: FAIL})
    made.run_loop()
    folder, outside = made.layout.root / "backlog", tmp_path / "outside"
    folder.rename(outside)
    folder.symlink_to(outside)
    before = {path: path.read_bytes() for path in outside.rglob("*.md")}
    with pytest.raises(UsageError, match="backlog is a link by now"):
        write_back(made.layout, made.snapshot(), "backlog", "backlog.md")
    assert {path: path.read_bytes() for path in outside.rglob("*.md")} == before


def test_a_file_that_becomes_a_link_at_the_same_moment_is_not_followed(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = with_tasks(make, {1: FAIL, 2: FAIL})
    made.run_loop()
    path, outside = made.layout.root / "backlog/tasks/task-1 - One.md", tmp_path / "outside.md"
    outside.write_bytes(path.read_bytes())

    def linked_between(target: Path, data: bytes, *, expect: str) -> None:
        if "backlog" in str(target) and not path.is_symlink():
            path.unlink()
            path.symlink_to(outside)
        write_atomic(target, data, expect=expect)

    monkeypatch.setattr(applied, "write_atomic", linked_between)
    write_back(made.layout, made.snapshot(), "backlog", "backlog.md")
    assert "status: To Do" in outside.read_text()
