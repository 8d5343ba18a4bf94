"""What people and machines do to a running plan: the loop says what is in the way, loses nothing, and goes on after."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.fulldisk import fill, tight_disk
from support.project import NOTHING, WRITE, Project, project
from support.wait import wait_until
from support.whole import check_base, check_log, check_told_once, check_whole

from coordinator.model.work import prompt_work

Make = Callable[..., Project]


def waiting(make: Make, after: str = WRITE, **settings: object) -> Project:
    """A project whose only agent runs, and waits for `release` to do what comes after."""
    made = make({1: []}, **settings)
    (made.layout.scripts / "01.sh").write_text(made.until() + after)
    made.start_loop("--until-idle")
    made.wait_for(1, "running")
    return made


def reason_of(made: Project, *words: str) -> str:
    """What the step says, once it says all of these."""
    wait_until(
        lambda: all(word in made.snapshot().steps[1].reason for word in words),
        message=f"{words} to be said",
    )
    return made.snapshot().steps[1].reason


def test_a_base_that_moves_under_a_change_keeps_both(make: Make) -> None:
    made = waiting(make)
    theirs = made.repository.commit({"theirs.txt": "theirs\n"})
    made.release()
    made.wait_for(1, "merged")
    assert made.repository.git("log", "-1", "--format=%P").split()[0] == theirs
    assert made.repository.git("show", "main:file-1.txt") == "by attempt 1"
    check_base(made, theirs, "after")


def test_a_change_lands_when_the_engineer_commits_what_is_in_the_way(make: Make) -> None:
    made = waiting(make, "sed -i 's/^line 20$/line 20 by an agent/' src/app.py; git commit -qam Agent\n" + NOTHING)
    lines = (made.repository.root / "src/app.py").read_text()
    made.repository.write({"src/app.py": lines.replace("line 1\n", "line 1 by hand\n")})
    made.release()
    reason_of(made, "src/app.py", "commit or move them")
    assert "uncommitted changes in" in made.coord("status").stdout
    assert made.repository.git("log", "--format=%s", "main") == "Work"
    mine = made.repository.commit({"src/app.py": (made.repository.root / "src/app.py").read_text()})
    made.wait_for(1, "merged")
    both = lines.replace("line 1\n", "line 1 by hand\n").replace("line 20\n", "line 20 by an agent\n")
    assert (made.repository.root / "src/app.py").read_text() == both
    check_base(made, mine, "after")


def test_on_a_detached_head_nothing_starts_and_it_goes_on_when_a_branch_is_there(make: Make) -> None:
    made = make({1: []})
    made.repository.git("checkout", "--quiet", "--detach")
    loop = made.start_loop("--until-idle")
    wait_until(lambda: "detached HEAD" in made.said(), message="the loop to say what is in the way")
    assert made.attempts(1) == []
    made.repository.git("switch", "--quiet", "main")
    assert loop.wait(90) == 0, made.said()
    assert made.states() == {1: "merged"}


def test_a_head_detached_meanwhile_stays_while_the_change_lands_on_its_branch(make: Make) -> None:
    made = waiting(make)
    made.repository.git("checkout", "--quiet", "--detach")
    here = made.repository.head("HEAD")
    made.release()
    made.wait_for(1, "merged")
    assert (made.repository.head("HEAD"), made.repository.status()) == (here, "")
    assert made.repository.git("show", "main:file-1.txt") == "by attempt 1"


def test_a_base_branch_renamed_meanwhile_is_waited_for(make: Make) -> None:
    made = waiting(make)
    made.repository.git("branch", "-m", "main", "trunk")
    made.release()
    reason_of(made, "there is no branch main")
    made.repository.git("branch", "-m", "trunk", "main")
    made.wait_for(1, "merged")
    assert made.repository.git("show", "main:file-1.txt") == "by attempt 1"


@pytest.mark.parametrize("after", [WRITE, NOTHING])
def test_a_worktree_deleted_under_its_agent_is_never_taken_for_no_change(make: Make, after: str) -> None:
    made = waiting(make, after)
    shutil.rmtree(made.layout.worktree(prompt_work(1), 1))
    made.release()
    made.wait_for(1, "failed")
    assert made.snapshot().steps[1].reason
    assert made.events("step.merged") == []
    wait_until(lambda: not made.snapshot().loop.alive, message="the loop's end")
    made.coord("restart", "1", "--yes")
    assert made.run_loop() == 0
    assert [attempt["state"] for attempt in made.attempts(1)][-1] == "merged"
    check_told_once(made, "after")


def test_work_that_git_cannot_see_is_never_taken_for_no_change(make: Make) -> None:
    made = waiting(make, "echo work >file-1.txt; rm .git; coord agent done --summary done; exit 0\n")
    made.release()
    made.wait_for(1, "failed")
    assert made.events("step.merged") == []
    assert (made.layout.worktree(prompt_work(1), 1) / "file-1.txt").read_text() == "work\n"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with tight_disk(tmp_path, 12) as disk:
        yield disk


def test_a_full_disk_stops_the_work_and_loses_none_of_it(small_disk: Path) -> None:
    with project(small_disk, {1: []}, gate="review") as made:
        start = made.repository.head()
        loop = made.start_loop("--until-idle")
        made.wait_for(1, "change-open")
        work = made.repository.head("coord/01-1")
        filler = fill(small_disk)
        with made.layout.config.open("r+") as config:  # in place: that needs no space
            text = config.read()
            config.seek(0)
            config.write(text.replace("gate: review", "gate: auto  "))
        assert made.coord("status", check=False).returncode == 0
        assert made.repository.head() == start
        filler.unlink()
        made.wait_for(1, "merged", timeout=60)
        assert loop.wait(90) == 0, made.said()
        check_log(made, "after")
        check_whole(made, start, "after", known=[work])
