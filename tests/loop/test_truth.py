"""A step ends by its hand-off and its gate: what becomes of prompt files meanwhile ends nothing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import WRITE, Project, project, prompt_text
from support.wait import wait_until

Make = Callable[..., Project]


def file_of(made: Project, number: int) -> Path:
    (path,) = made.layout.prompts.glob(f"{number:02d}-*")
    return path


def claim(made: Project, number: int, status: str) -> str:
    """A line of a script, or of a person's shell: the file of a prompt says something else from now on."""
    path = made.layout.prompts / f"{number:02d}-planned-prompt-{number}.prompt.md"
    return f"sed -i 's/^status: .*/status: {status}/' '{path}'\n"


def problems(made: Project) -> list[str]:
    """What is wrong, but for changes past coord: `test_direct` is about these."""
    found = json.loads(made.coord("validate", "--json", check=False).stdout)["problems"]
    return [problem["code"] for problem in found if problem["code"] != "changed-directly"]


@pytest.mark.slow
def test_an_agent_that_writes_done_into_its_own_file_ends_nothing(make: Make) -> None:
    made = make({1: [], 2: [1]}, gate="review")
    script = WRITE.replace("coord agent", made.until("claim") + claim(made, 1, "done") + made.until() + "coord agent")
    made.layout.scripts.joinpath("01.sh").write_text(script)
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "running")
    made.release("claim")
    wait_until(lambda: "status: done" in file_of(made, 1).read_text(), message="its claim")
    assert made.states() == {1: "running", 2: "pending"}
    assert "ended-early" in problems(made)
    made.release()
    made.wait_for(1, "change-open")
    assert made.states()[2] == "pending"
    assert "ended-early" in problems(made)
    refused = made.coord("edit", "1", "--set", "status=pending", "--yes", check=False)
    assert (refused.returncode, "coord review 1" in refused.stderr) == (3, True)
    made.coord("review", "1", "--approve")
    made.wait_for(2, "change-open")
    made.coord("review", "2", "--approve")
    assert loop.wait(90) == 0
    assert made.states() == {1: "merged", 2: "merged"}
    assert "ended-early" not in problems(made)
    assert made.repository.git("show", "main:file-1.txt") == "by attempt 1"


@pytest.mark.parametrize("status", ["done", "cancelled"])
def test_what_an_agent_that_fails_wrote_into_its_file_does_not_outlive_it(make: Make, status: str) -> None:
    made = make({1: [], 2: [1]})
    made.layout.scripts.joinpath("01.sh").write_text(claim(made, 1, status) + "coord agent fail --reason no\n")
    assert made.run_loop() == 1
    assert made.states() == {1: "failed", 2: "pending"}
    assert "status: failed" in file_of(made, 1).read_text()


@pytest.mark.slow
def test_a_human_ends_what_failed_by_a_word_and_not_what_is_under_way(make: Make) -> None:
    made = make({1: [], 2: [1]}, {1: "coord agent fail --reason no\n"})
    loop = made.start_loop("--until-idle")
    assert loop.wait(90) == 1
    path = file_of(made, 1)
    path.write_text(path.read_text().replace("status: failed", "status: done"))  # past coord: nobody's word
    assert made.states() == {1: "failed", 2: "pending"}
    assert problems(made) == ["ended-early"]
    made.coord("edit", "1", "--set", "status=done", "--yes")
    assert made.states() == {1: "merged", 2: "pending"}
    assert problems(made) == []
    assert made.run_loop() == 0


def test_done_is_not_said_of_a_change_that_waits_for_its_review(make: Make) -> None:
    made = make({1: []}, gate="review")
    loop = made.start_loop()
    made.wait_for(1, "change-open")
    for arguments in (
        ("--set", "status=done"),
        ("--set", "status=cancelled"),
        ("--set", "title=x,", "--set", "status=done"),
    ):
        refused = made.coord("edit", "1", *arguments, "--yes", check=False)
        assert (refused.returncode, "coord review 1" in refused.stderr) == (3, True)
    loop.terminate()
    assert loop.wait(90) == 0
    assert made.states() == {1: "change-open"}


def test_an_attempt_whose_file_is_gone_is_shown_reviewed_and_merged_and_the_run_waits_for_it(make: Make) -> None:
    made = make({1: [], 2: [1]}, gate="review")
    made.layout.scripts.joinpath("01.sh").write_text(made.until() + WRITE)
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "running")
    path = file_of(made, 1)
    wait_until(lambda: "in_progress" in path.read_text(), message="the file to be marked")
    path.rename(path.with_name("aside"))
    assert made.states() == {1: "running", 2: "pending"}
    assert problems(made) == ["file-gone"]
    made.release()
    made.wait_for(1, "change-open")
    assert made.states() == {1: "change-open", 2: "pending"}
    assert "coord/01-1" in made.coord("review", "1").stdout
    made.coord("review", "1", "--approve")
    made.wait_for(2, "change-open")
    assert not path.exists()
    path.with_name("aside").rename(path)
    wait_until(lambda: "status: done" in path.read_text(), message="the file to tell, now that it is back")
    assert problems(made) == []
    made.coord("review", "2", "--approve")
    assert loop.wait(90) == 0


def test_an_agent_that_removes_its_file_is_settled_and_the_run_ends_when_it_has_merged(make: Make) -> None:
    made = make({1: []})
    made.layout.scripts.joinpath("01.sh").write_text(f"rm '{made.layout.prompts}'/01-*\n" + WRITE)
    assert made.run_loop() == 0
    assert made.repository.git("show", "main:file-1.txt") == "by attempt 1"
    assert made.attempts(1)[0]["state"] == "merged"
    plan = json.loads(made.coord("interject", "--title", "Next", "--json", "--yes").stdout)
    assert plan["number"] == 2


def test_an_attempt_without_its_file_is_killed_and_given_up(make: Make) -> None:
    made = make({1: [], 2: [1]}, {1: "sleep 60\n"})
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "running")
    file_of(made, 1).unlink()
    made.coord("kill", "1", "--fail", "--yes")
    made.wait_for(1, "failed")
    assert loop.wait(90) == 1
    assert problems(made) == ["file-gone"]
    restarted = made.coord("restart", "1", "--yes", check=False)
    assert (restarted.returncode, "is gone" in restarted.stderr) == (3, True)
    made.coord("cancel", "1", "--yes")
    assert made.states() == {2: "pending"}
    assert not list(made.layout.prompts.glob("01-*"))


@pytest.mark.slow
def test_a_file_that_takes_the_number_of_what_is_merged_is_not_run_and_not_written(make: Make) -> None:
    made = make({1: []}, gate="auto")
    assert made.run_loop() == 0
    file_of(made, 1).unlink()
    path = made.add(1, title="Something else")
    before = path.read_bytes()
    made.add(3, 1)
    assert made.run_loop() == 1
    assert path.read_bytes() == before
    assert made.states() == {1: "merged", 3: "merged"}
    assert "status: done" in file_of(made, 3).read_text()
    assert len(made.attempts(1)) == 1
    (found,) = json.loads(made.coord("validate", "--json", check=False).stdout)["problems"]
    assert (found["code"], "04" in found["remedy"]) == ("number-taken", True)
    path.rename(path.with_name("04-planned-something-else.prompt.md"))
    path.with_name("04-planned-something-else.prompt.md").write_bytes(before.replace(b"number: 1", b"number: 4"))
    made.layout.scripts.joinpath("04.sh").write_text(WRITE)
    assert made.run_loop() == 0
    assert made.states() == {3: "merged", 4: "merged", 1: "merged"}


def test_a_file_that_becomes_another_prompt_while_its_agent_works_is_left_alone(make: Make) -> None:
    made = make({1: []})
    made.layout.scripts.joinpath("01.sh").write_text(made.until() + WRITE)
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "running")
    path = file_of(made, 1)
    wait_until(lambda: "in_progress" in path.read_text(), message="the file to be marked")
    path = made.add(1, title="Something else")
    before = path.read_bytes()
    made.layout.scripts.joinpath("01.sh").write_text(WRITE)
    assert problems(made) == ["number-taken"]
    made.release()
    assert loop.wait(90) == 1
    assert made.states() == {1: "merged"}
    assert path.read_bytes() == before
    assert made.snapshot().prompts[1].title == "Prompt 1"


def test_a_run_lands_where_it_began_whatever_is_checked_out_meanwhile(make: Make) -> None:
    made = make({1: [], 2: [1]}, gate="review")
    git = made.repository.git
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "change-open")
    git("switch", "-q", "-c", "hotfix")
    made.coord("review", "1", "--approve")
    made.wait_for(2, "change-open")
    loop.terminate()
    assert loop.wait(90) == 1
    git("switch", "-q", "--detach")
    loop = made.start_loop("--until-idle")
    made.coord("review", "2", "--approve")
    assert loop.wait(90) == 0
    assert git("show", "main:file-1.txt", "main:file-2.txt").split() == ["by", "attempt", "1"] * 2
    assert git("rev-list", "--count", "main..hotfix") == "0"
    run = json.loads((made.layout.run("run-1") / "run.json").read_text())
    assert (run["base_branch"], run["prompts"]) == ("main", ".coord/prompts")
    assert {step["base_branch"] for n in (1, 2) for step in made.attempts(n)} == {"main"}


def test_a_loop_on_another_branch_says_where_the_unfinished_run_lands(make: Make) -> None:
    made = make({1: []}, gate="review")
    loop = made.start_loop()
    made.wait_for(1, "change-open")
    loop.terminate()
    loop.wait(90)
    made.repository.git("switch", "-q", "-c", "hotfix")
    loop = made.start_loop()
    told = "it began on main and lands there, though hotfix is checked out now"
    wait_until(lambda: told in made.said(), message="it to say so")
    loop.terminate()
    loop.wait(90)


def test_a_detached_head_waits_and_fails_nothing(make: Make) -> None:
    made = make({1: []})
    made.repository.git("switch", "-q", "--detach")
    loop = made.start_loop("--until-idle")
    wait_until(lambda: made.events("problem.found"), message="it to say that no branch is checked out")
    assert "no branch is checked out" in str(made.events("problem.found")[0].data["reason"])
    assert made.states() == {1: "pending"}
    assert made.attempts(1) == []
    made.repository.git("switch", "-q", "main")
    assert loop.wait(90) == 0
    assert made.states() == {1: "merged"}


@pytest.mark.slow
def test_folders_of_branches_are_name_spaces(tmp_path: Path) -> None:
    with project(tmp_path, {}, prompt_folders='["plans/{branch}"]') as made:
        git, root = made.repository.git, made.layout.root

        def plan(branch: str) -> Path:
            path = root / "plans" / branch / "01-first.md"
            path.parent.mkdir(parents=True)
            path.write_text(prompt_text(1, title=f"First on {branch}"))
            return path

        made.layout.scripts.joinpath("01.sh").write_text(WRITE.replace("file-$COORD_PROMPT", "file-$COORD_ATTEMPT"))
        first = plan("main")
        assert made.run_loop() == 0
        git("switch", "-q", "-c", "hotfix")
        second = plan("hotfix")
        assert made.states() == {1: "pending"}
        assert problems(made) == []
        assert made.run_loop() == 0
        assert made.states() == {1: "merged"}
        assert [step["branch"] for step in made.attempts(1)] == ["coord/01-1", "coord/01-2"]
        assert {"file-1.txt", "file-2.txt"} <= set(git("ls-tree", "--name-only", "hotfix").split())
        assert "file-2.txt" not in git("ls-tree", "--name-only", "main")
        assert "status: done" in first.read_text()
        assert "status: done" in second.read_text()
        git("switch", "-q", "main")
        assert made.states() == {1: "merged"}
        assert made.snapshot().prompts[1].title == "First on main"


def test_the_folder_of_an_unfinished_run_stays_that_of_its_base(tmp_path: Path) -> None:
    with project(tmp_path, {}, prompt_folders='["plans/{branch}"]', gate="review") as made:
        path = made.layout.root / "plans" / "main" / "01-first.md"
        path.parent.mkdir(parents=True)
        path.write_text(prompt_text(1))
        made.layout.scripts.joinpath("01.sh").write_text(WRITE)
        loop = made.start_loop("--until-idle")
        made.wait_for(1, "change-open")
        made.repository.git("switch", "-q", "-c", "hotfix")
        assert made.states() == {1: "change-open"}
        made.coord("review", "1", "--approve")
        assert loop.wait(90) == 0
        assert made.repository.git("show", "main:file-1.txt") == "by attempt 1"
        assert made.states() == {}  # the next run is one on hotfix


@pytest.mark.slow
def test_what_is_merged_into_another_branch_is_not_built_on_and_why_says_where_it_is(make: Make) -> None:
    made = make({1: []})
    git = made.repository.git
    git("branch", "hotfix")
    assert made.run_loop() == 0
    commit = made.attempts(1)[0]["merged_as"]
    git("switch", "-q", "hotfix")
    made.add(2, 1)
    loop = made.start_loop()
    made.sees(lambda snapshot: snapshot.loop.state.value == "stuck", message="it to be stuck")
    assert made.states() == {1: "merged", 2: "pending"}
    assert problems(made) == ["merged-elsewhere"]
    merged = made.attempts(1)[0]["merged_as"]
    assert f"`git merge {str(merged)[:10]}`" in made.coord("validate", check=False).stdout
    why = made.coord("why", "2").stdout
    assert f"merged into main as {commit[:10]}, which hotfix does not have" in " ".join(why.split())
    git("merge", "-q", "main")
    made.wait_for(2, "merged")
    loop.terminate()
    loop.wait(90)
    assert made.attempts(2)[0]["base_branch"] == "hotfix"
    assert problems(made) == []


@pytest.mark.slow
def test_a_branch_that_carries_the_files_off_ends_no_run(make: Make) -> None:
    made = make({1: [], 2: [1]})
    git = made.repository.git
    git("switch", "-q", "-c", "empty")
    git("switch", "-q", "main")
    made.layout.scripts.joinpath("01.sh").write_text(made.until() + WRITE)
    git("add", "-f", ".coord/prompts")
    git("commit", "-qm", "The plan")
    loop = made.start_loop()
    made.wait_for(1, "running")
    git("switch", "-q", "--discard-changes", "empty")  # of the files that the loop has marked
    made.release()
    made.wait_for(1, "merged")
    made.sees(lambda snapshot: snapshot.loop.state.value == "stuck", message="it to wait for the files")
    assert made.states() == {1: "merged", 2: "blocked"}
    assert made.snapshot().milestone.status == "open"
    git("switch", "-q", "main")
    made.wait_for(2, "merged")
    loop.terminate()
    loop.wait(90)
    assert {step["base_branch"] for n in (1, 2) for step in made.attempts(n)} == {"main"}
