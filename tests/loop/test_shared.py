"""Agents in the project's own folder: without git, or where a prompt asks for it; said plainly, one at a time."""

import json
import shutil
from collections.abc import Callable

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.model.work import prompt_work

Make = Callable[..., Project]
PLAIN = 'echo "by $COORD_PROMPT" >"file-$COORD_PROMPT.txt"\ncoord agent done --summary "wrote $COORD_PROMPT"\n'


def without_git(made: Project) -> Project:
    shutil.rmtree(made.repository.root / ".git")
    return made


@pytest.mark.slow
def test_a_project_without_git_runs_one_agent_at_a_time_in_its_folder_and_says_so(make: Make) -> None:
    made = without_git(make({1: [], 2: [], 3: [1]}, max_parallel=3, gate="review"))
    for number in (1, 2, 3):
        (made.layout.scripts / f"{number:02d}.sh").write_text(made.until(f"go-{number}") + PLAIN)
    loop = made.start_loop("--until-idle")
    for number in (1, 2, 3):
        made.wait_for(number, "running")
        live = [n for n, state in made.states().items() if state in ("running", "dispatched")]
        assert live == [number]
        if number == 1:
            (because,) = json.loads(made.coord("why", "2", "--json").stdout)["because"]
            assert (because["code"], because["subject"]) == ("folder", "prompt:1")
            assert "after 01, same folder" in made.coord("graph").stdout
        made.release(f"go-{number}")
        made.wait_for(number, "merged")
    assert loop.wait(90) == 0
    assert (made.layout.root / "file-3.txt").read_text() == "by 3\n"
    told = made.events("problem.shared_folder")
    assert len(told) == 3
    assert "`git init` gives worktrees and review" in str(told[0].data["reason"])
    assert "can't take it back" in str(told[0].data["reason"])
    prompt = (made.layout.attempt("run-1", prompt_work(1), 1) / "prompt.txt").read_text()
    assert "project's own folder" in prompt
    assert "nobody else works in it" not in prompt
    assert made.snapshot().milestone.status == "done"
    refused = made.coord("review", "1", check=False)
    assert (refused.returncode, "worked in the project's own folder" in refused.stderr) == (3, True)


@pytest.mark.slow
def test_a_shared_prompt_runs_beside_worktrees_and_its_commits_are_recorded(make: Make) -> None:
    made = make({}, max_parallel=3)
    made.add(1, script=made.until("one") + WRITE, isolation="shared")
    made.add(2, script=made.until("two") + WRITE)
    made.add(3, script=WRITE, isolation="shared")
    loop = made.start_loop("--until-idle")
    for number in (1, 2):
        made.wait_for(number, "running")
    assert made.states()[3] == "pending"
    made.release("two")
    made.wait_for(2, "merged")
    made.release("one")
    assert loop.wait(90) == 0
    assert made.states() == {1: "merged", 2: "merged", 3: "merged"}
    commits = made.snapshot().prompts[1].commits
    assert [made.repository.git("log", "-1", "--format=%s", sha) for sha in commits] == ["Write file 1"]
    assert made.repository.git("branch", "--list", "coord/01-*", "coord/03-*") == ""
    assert made.repository.status() == ""


def test_a_shared_agent_that_fails_or_is_killed_leaves_the_folder_as_it_is_and_can_be_run_again(make: Make) -> None:
    script = 'if [ "$COORD_ATTEMPT" = 1 ]; then echo half >half.txt; exit 3; fi\n' + PLAIN
    made = without_git(make({1: []}, {1: script}))
    assert made.run_loop() == 1
    assert (made.layout.root / "half.txt").read_text() == "half\n"
    made.coord("restart", "1", "--yes")
    loop = made.start_loop("--until-idle")
    assert loop.wait(90) == 0
    assert made.states() == {1: "merged"}


def test_a_killed_loop_takes_a_shared_agent_over(make: Make) -> None:
    made = without_git(make({1: []}))
    (made.layout.scripts / "01.sh").write_text(made.until() + PLAIN)
    loop = made.start_loop()
    made.wait_for(1, "running")
    loop.kill()
    loop.wait()
    second = made.start_loop("--until-idle")
    wait_until(lambda: made.events("run.resumed"), message="the second loop")
    made.release()
    assert second.wait(90) == 0
    assert len(made.attempts(1)) == 1
