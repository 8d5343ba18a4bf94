"""The contract of a station: what it is given, what it hands in, and what of its changes stays on the branch."""

import json
from collections.abc import Callable

from support.project import Project
from support.stations import COMMIT, write_flow, write_pipeline, write_scripts

from coordinator.model.step import StepState

Make = Callable[..., Project]


def merged(made: Project, *words: str) -> None:
    """Run the loop to its end; the prompt is merged by then."""
    made.run_loop(*words)
    step = made.snapshot().steps[1]
    assert step.state is StepState.MERGED, f"{step}\n{made.said()[-4000:]}"


def violated(made: Project) -> list[tuple[str, list[str]]]:
    return [(event.subject, event.data["files"]) for event in made.events("ownership.violated")]


def out_of(made: Project, path: str) -> str:
    return (made.layout.root / made.attempts(1)[-1]["directory"] / path).read_text()


def test_an_implementer_that_edits_a_test_is_told_of_and_its_code_alone_lands(make: Make) -> None:
    made = make({})
    made.repository.commit({"tests/test_a.py": "assert app() == 1\n"})
    write_flow(made, "implementer", writes="['**', '!@tests', '!.coord/**']")
    write_flow(made, "reader")
    write_pipeline(made, "duo", "implementer", "reader")
    work = 'echo "def app(): return 1" >app.py; echo "assert True" >tests/test_a.py; echo x >tests/test_b.py\n'
    write_scripts(made, {"implementer": work + COMMIT, "reader": "cat tests/test_a.py >seen.txt; rm seen.txt\n"})
    made.add(1, pipeline="duo")
    merged(made)
    assert violated(made) == [("stage:1/implementer", ["tests/test_a.py", "tests/test_b.py"])]
    git = made.repository.git
    assert git("show", "main:app.py") == "def app(): return 1"
    assert git("show", "main:tests/test_a.py") == "assert app() == 1"
    assert "tests/test_b.py" not in git("ls-tree", "-r", "--name-only", "main")
    (event,) = made.events("ownership.violated")
    assert "+assert True" in (made.layout.root / str(event.data["patch"])).read_text()


def test_a_critic_that_edits_code_leaves_no_trace_in_it(make: Make) -> None:
    made = make({})
    write_flow(made, "author", writes="['**']")
    write_flow(made, "critic", outputs="[critique.md]")
    write_pipeline(made, "duo", "author", "critic")
    fixes = 'echo better >work.txt; echo new >other.txt; git add other.txt; echo fine >"$COORD_OUT/critique.md"\n'
    write_scripts(
        made, {"author": "echo work >work.txt\n" + COMMIT, "critic": fixes + COMMIT + "echo worse >work.txt\n"}
    )
    made.add(1, pipeline="duo")
    merged(made)
    assert violated(made) == [("stage:1/critic", ["other.txt", "work.txt"])]
    assert made.repository.git("show", "main:work.txt") == "work"
    assert "other.txt" not in made.repository.git("ls-tree", "-r", "--name-only", "main")


def test_what_is_handed_in_reaches_who_reads_it_and_nobody_else(make: Make) -> None:
    made = make({})
    write_flow(made, "asker", outputs="[requirements.md, notes.md?]")
    write_flow(made, "builder", reads="[requirements.md]", writes="['**']", outputs="[changes.md]")
    write_flow(made, "looker", reads="[changes.md, missing.md?]")
    write_pipeline(made, "trio", "asker", "builder", "looker")
    write_scripts(
        made,
        {
            "asker": 'echo "it flies" >"$COORD_OUT/requirements.md"; echo n >"$COORD_OUT/notes.md"\n',
            "builder": 'ls "$COORD_IN"; cp "$COORD_IN/requirements.md" built.txt; echo c >"$COORD_OUT/changes.md"\n'
            + COMMIT,
            "looker": '[ "$(ls "$COORD_IN")" = changes.md ]; [ "$COORD_ROUND" = 1 ]\n',
        },
    )
    made.add(1, pipeline="trio")
    merged(made)
    assert made.repository.git("show", "main:built.txt") == "it flies"
    (folder,) = made.layout.runs.glob("*/trio/01-1")
    assert sorted(path.name for path in folder.iterdir()) == ["changes.md", "notes.md", "requirements.md"]
    assert violated(made) == []


def test_what_a_station_does_not_own_is_told_and_stays_behind(make: Make) -> None:
    made = make({})
    write_flow(made, "asker", outputs="[requirements.md, ac_status.json#description]")
    write_flow(made, "builder", reads="[ac_status.json]", outputs="['ac_status.json#impl_status']", writes="['**']")
    write_pipeline(made, "duo", "asker", "builder")
    ledger = json.dumps({"acs": {"AC-1": {"description": "It flies"}}})
    others = json.dumps({"acs": {"AC-1": {"impl_status": "done", "verify_status": "passed"}}})
    write_scripts(
        made,
        {
            "asker": f"""echo r >"$COORD_OUT/requirements.md"; echo '{ledger}' >"$COORD_OUT/ac_status.json"\n""",
            "builder": f"""echo '{others}' >"$COORD_OUT/ac_status.json"; echo mine >"$COORD_OUT/requirements.md"
echo w >w.txt\n{COMMIT}""",
        },
    )
    made.add(1, pipeline="duo")
    merged(made)
    assert violated(made) == [
        ("stage:1/builder", ["out/requirements.md", "ac_status.json: AC-1.verify_status"]),
    ]
    (folder,) = made.layout.runs.glob("*/duo/01-1")
    assert (folder / "requirements.md").read_text() == "r\n"
    acs = json.loads((folder / "ac_status.json").read_text())["acs"]
    assert acs == {"AC-1": {"description": "It flies", "impl_status": "done"}}


def test_a_hand_off_without_what_it_owes_is_refused_by_name_until_it_is_there(make: Make) -> None:
    made = make({})
    write_flow(made, "asker", outputs="[requirements.md, data.json]", writes="[docs/**]")
    write_pipeline(made, "solo", "asker")
    tries = """\
! coord agent done --summary early 2>err.txt
grep "not done yet: it hands in no requirements.md; no data.json" err.txt
echo r >"$COORD_OUT/requirements.md"; echo '{' >"$COORD_OUT/data.json"
! coord agent done --summary early 2>err.txt
grep "no data.json (not JSON" err.txt
echo '{}' >"$COORD_OUT/data.json"; mkdir docs; echo d >docs/d.md
! coord agent done --summary early 2>err.txt
grep "uncommitted work in its worktree: docs/" err.txt
git add docs; git commit -qm docs
"""
    write_scripts(made, {"asker": tries})
    made.add(1, pipeline="solo")
    merged(made)
    assert violated(made) == [("stage:1/asker", ["err.txt"])]
    assert made.repository.git("show", "main:docs/d.md") == "d"


def test_a_hand_off_whose_output_is_taken_away_again_has_failed(make: Make) -> None:
    made = make({})
    write_flow(made, "asker", outputs="[requirements.md]")
    write_pipeline(made, "solo", "asker retries=0")
    script = (
        'set -eu\necho r >"$COORD_OUT/requirements.md"\ncoord agent done --summary x\nrm "$COORD_OUT/requirements.md"\n'
    )
    (made.layout.scripts / "asker.sh").write_text(script)
    made.add(1, pipeline="solo")
    made.start_loop()
    (asked,) = made.sees(lambda snapshot: [q for q in snapshot.questions if not q.answered])
    assert "it handed off without requirements.md" in asked.text
    made.coord("answer", asked.id, "abort")
    made.wait_for(1, "failed")


def test_what_a_killed_station_changed_is_taken_back_before_the_next_begins(make: Make) -> None:
    made = make({})
    write_flow(made, "critic")
    write_flow(made, "author", writes="['**']")
    write_pipeline(made, "duo", "critic retries=0", "author")
    write_scripts(made, {"author": "echo own >own.txt\n" + COMMIT})
    (made.layout.scripts / "critic.sh").write_text(f"echo bad >bad.txt\n{COMMIT}echo worse >worse.txt\n{made.until()}")
    made.add(1, pipeline="duo")
    made.start_loop()
    tree = made.layout.worktrees / "01-1"
    made.sees(lambda snapshot: snapshot.stages and (tree / "worse.txt").exists())
    made.coord("kill", "01-1-critic", "--fail", "--yes")
    (asked,) = made.sees(lambda snapshot: [q for q in snapshot.questions if not q.answered])
    made.coord("answer", asked.id, "skip")
    made.wait_for(1, "merged")
    assert violated(made) == [("stage:1/critic", ["bad.txt", "worse.txt"])]
    names = made.repository.git("ls-tree", "-r", "--name-only", "main").splitlines()
    assert "own.txt" in names
    assert not {"bad.txt", "worse.txt"} & set(names)


def test_a_project_in_a_folder_of_its_repository_is_where_a_station_works(make: Make) -> None:
    made = make({}, inside="app")
    write_flow(made, "author", writes="['src/**']")
    write_pipeline(made, "solo", "author")
    write_scripts(made, {"author": "mkdir src; echo mine >src/a.txt; echo mine >b.txt; echo mine >../c.txt\n" + COMMIT})
    made.add(1, pipeline="solo")
    merged(made)
    assert violated(made) == [("stage:1/author", ["app/b.txt", "c.txt"])]
    assert made.repository.git("show", "main:app/src/a.txt") == "mine"
