"""A prompts folder of another harness: coord works on it, and keeps its own files to itself."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.foreign import FILES, RUNNABLE, write_foreign
from support.project import NOTHING, Project, project, prompt_text
from support.steering import steered
from support.wait import wait_until

from coordinator.apply.plans import apply
from coordinator.errors import StalePlan
from coordinator.model.event import Actor, ActorKind
from coordinator.observe.observer import Observer
from coordinator.services.interjection import Interjection, plan_interjection

FOLDER = ".planning/main/prompts"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    """A project whose prompts are those of another harness, in a folder called after the branch."""
    with project(tmp_path, {}, prompt_folders='[".planning/{branch}/prompts"]') as made:
        write_foreign(made.layout.root / FOLDER)
        made.layout.scripts.joinpath("default.sh").write_text(NOTHING)
        yield made


def in_folder(made: Project) -> dict[str, str]:
    return {path.name: path.read_bytes().decode() for path in (made.layout.root / FOLDER).iterdir()}


def test_the_prompts_of_another_harness_are_run_where_they_are(tmp_path: Path) -> None:
    with project(tmp_path, {}, prompt_folders="[.planning/main/prompts]") as made:
        folder = made.layout.root / ".planning" / "main" / "prompts"
        folder.mkdir(parents=True)
        (folder / "01-first.md").write_text(prompt_text(1))
        (folder / "02-second.md").write_text(prompt_text(2, 1))
        (folder.parent / "notes.md").write_text("not a prompt\n")
        for number in (1, 2):
            (made.layout.scripts / f"{number:02d}.sh").write_text(NOTHING)
        assert made.run_loop() == 0
        assert made.states() == {1: "merged", 2: "merged"}
        assert "status: done" in (folder / "02-second.md").read_text()
        left = {path.name for path in (made.layout.root / ".planning").rglob("*") if path.is_file()}
        assert left == {"01-first.md", "02-second.md", "notes.md"}
        assert list(made.layout.prompts.iterdir()) == []


def test_what_other_harnesses_write_is_understood_and_what_is_not_hides_nothing(made: Project) -> None:
    snapshot = made.snapshot()
    assert {n: p.title for n, p in snapshot.prompts.items()} == {
        1: "Setup: the database",
        2: "[X] Write the API",
        3: "Web client",
        4: "日本語のタスク: 翻訳",
        5: "Übersetzung prüfen",
        6: "`code` first, 100% covered",
        7: "Last: don't forget",
    }
    assert {n: p.status.value for n, p in snapshot.prompts.items()} == {
        1: "done",
        2: "pending",
        3: "pending",
        4: "in_progress",
        5: "done",
        6: "in_progress",
        7: "pending",
    }
    assert snapshot.graph.dependencies == {1: (), 2: (1,), 3: (2, 1), 4: (2, 3), 5: (), 6: (3, 4), 7: (6, 1)}
    assert [(problem.path.rpartition("/")[2], problem.code) for problem in snapshot.problems] == [
        ("008-no-frontmatter.md", "no-frontmatter"),
        ("009-empty.md", "empty"),
        ("010-odd-status.md", "bad-status"),
    ]
    assert snapshot.highest_number == 10


@pytest.mark.slow
def test_a_foreign_folder_is_run_to_its_end_and_only_values_change_and_hand_offs_are_added(made: Project) -> None:
    for name in ("008-no-frontmatter.md", "009-empty.md", "010-odd-status.md"):
        (made.layout.root / FOLDER / name).unlink()
    assert made.run_loop() == 0, made.said()
    assert set(made.states().values()) == {"merged"}
    merged = [event.prompt for event in made.events("step.merged")]
    assert merged == list(RUNNABLE)
    after = in_folder(made)
    for number in RUNNABLE:
        name = next(name for name in after if name.startswith(f"{number:03d}-"))
        assert "attempts: 1\n" in after[name]
        as_it_was = re.sub(r"^(attempts|commits): .*\n", "", after[name], flags=re.MULTILINE)
        before = re.sub(
            r"^(status: *['✅ ]*)[\w -]*?(['\r\n]|   #)", r"\1done\2", FILES[name], count=1, flags=re.MULTILINE
        )
        assert as_it_was.startswith(before), name
        told = rf"\s*## Attempt 1 · done · executor-{number:02d}-1 · \S+\s+> nothing to do\s*"
        assert re.fullmatch(told, as_it_was.removeprefix(before)), name
    assert {name: after[name] for name in ("001-setup-database.md", "005-umlaute.md", "README.md", "notes-2.md")} == {
        name: FILES[name] for name in ("001-setup-database.md", "005-umlaute.md", "README.md", "notes-2.md")
    }
    assert after.keys() == FILES.keys() - {"008-no-frontmatter.md", "009-empty.md", "010-odd-status.md"}
    assert list(made.layout.prompts.iterdir()) == []


def test_an_agent_does_not_write_into_the_folder_that_the_loop_writes_into(made: Project) -> None:
    made.repository.git("add", "--all")
    made.repository.git("commit", "-qm", "The prompts are tracked")
    done = "coord agent done --summary x\n"
    mark = f"sed -i 's/todo/done/' {FOLDER}/002-api-endpoints.md && git commit -qam 'Say so' && {done}"
    (made.layout.scripts / "02.sh").write_text(mark)
    loop = made.start_loop()
    wait_until(lambda: len(made.attempts(2)) > 1, message="it to be sent back")
    loop.terminate()
    reason = made.attempts(2)[0]["reason"]
    assert f"coord/02-1 touches {FOLDER}/, which belongs to the loop: {FOLDER}/002-api-endpoints.md" in reason


@pytest.mark.slow
def test_while_a_file_can_not_be_used_the_rest_is_done_and_the_loop_says_what_is_left(made: Project) -> None:
    assert made.run_loop() == 1
    assert set(made.states().values()) == {"merged"}
    assert "3 prompt files can't be used: coord validate" in made.said()


def test_new_prompts_go_there_in_the_names_that_are_used_there(made: Project) -> None:
    plan = json.loads(
        made.coord("interject", "--title", "Check: it twice", "--after", "3", "--before", "7", "--json", "--yes").stdout
    )
    assert plan["number"] == 11
    after = in_folder(made)
    assert after["011-check-it-twice.md"].startswith("---\nnumber: 11\n")
    assert after["007-last.md"] == FILES["007-last.md"].replace("setup-database]", "setup-database, 11]")
    made.coord("undo", "--yes")
    assert in_folder(made) == FILES
    assert list(made.layout.prompts.iterdir()) == []


def test_numbers_are_unique_over_all_folders(made: Project) -> None:
    (made.layout.root / FOLDER / "030-by-the-other.md").write_text(prompt_text(30))
    made.add(31)
    plan = json.loads(made.coord("interject", "--title", "New", "--json", "--yes").stdout)
    assert plan["number"] == 32
    assert [edit["path"] for edit in plan["edits"]] == [f"{FOLDER}/032-new.md"]
    (made.layout.root / FOLDER / "31-again.md").write_text(prompt_text(31))
    (twins,) = (p for p in made.snapshot().problems if p.code == "duplicate-number")
    assert "031-planned" not in twins.message
    assert f"{FOLDER}/31-again.md" in twins.message


def test_editing_keeps_what_another_harness_wrote(made: Project) -> None:
    made.coord("edit", "3", "--set", "priority=high", "--yes")
    assert in_folder(made)["003-web-client.md"] == FILES["003-web-client.md"].replace(
        "files: *.ts\n", "files: *.ts\npriority: high\n"
    )
    made.coord("edit", "2", "--set", "title=Write it", "--yes")
    assert in_folder(made)["002-api-endpoints.md"] == FILES["002-api-endpoints.md"].replace(
        "[X] Write the API ", "Write it "
    )


def test_a_number_that_the_other_harness_took_meanwhile_is_not_used_again(made: Project) -> None:
    plan = plan_interjection(made.snapshot(), Interjection(title="New", who="ada", at="2026-01-01T00:00:00Z"))
    theirs = made.layout.root / FOLDER / "011-theirs.md"
    theirs.write_text(prompt_text(11))
    with pytest.raises(StalePlan, match="the number 11 was taken meanwhile"):
        apply(made.layout, plan, Actor(ActorKind.HUMAN, "ada"))
    assert "011-new.md" not in in_folder(made)


async def test_the_screen_shows_and_steers_a_foreign_folder(made: Project) -> None:
    async with steered(made.layout, selected=7) as desk:
        await desk.sees("日本語のタスク")
        assert "3 problems" in desk.text
        await desk.press("i")
        await desk.type("one more")
        await desk.press("enter", "enter")
        await desk.closed()
        await desk.sees("one more")
    assert "011-one-more.md" in in_folder(made)


def test_a_dependency_by_name_is_found_when_its_file_comes_later(made: Project) -> None:
    folder = made.layout.root / FOLDER
    observer = Observer(made.layout)
    (folder / "020-early.md").write_text("---\ntitle: Early\nstatus: todo\ndependencies: [late]\n---\n")
    (problem,) = (p for p in observer.snapshot().problems if p.path.endswith("020-early.md"))
    assert problem.code == "bad-dependency"
    (folder / "021-late.md").write_text("---\ntitle: Late\nstatus: todo\n---\n")
    assert observer.refresh([folder / "021-late.md"]).graph.dependencies[20] == (21,)
    (folder / "021-late.md").unlink()
    assert 20 not in observer.refresh([folder / "021-late.md"]).prompts
    wait_until(
        lambda: time.time() > (folder / "020-early.md").stat().st_ctime + 0.1, message="its time stamp to settle"
    )
    observer.refresh([folder])
    (folder / "021-late.md").write_text("---\ntitle: Late\nstatus: todo\n---\n")
    assert observer.refresh([folder]).graph.dependencies[20] == (21,)
    (folder / "022-late.md").write_text("---\ntitle: Another\nstatus: todo\n---\n")
    assert 20 not in observer.refresh([folder]).prompts, "two are called so"
    observer.close()
