"""What goes wrong around the loop: clear words, nothing lost, and a way on that really leads on."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.fulldisk import fill, tight_disk
from support.project import NOTHING, WRITE, Project, project
from support.wait import wait_until

from coordinator.model.work import prompt_work

Make = Callable[..., Project]


def reason(made: Project, number: int = 1) -> str:
    return made.snapshot().steps[number].reason


def opened(made: Project) -> None:
    """A loop runs, and the change of prompt 1 waits for its review."""
    made.start_loop()
    made.wait_for(1, "change-open")


def test_a_base_that_moved_under_the_change_is_merged_with_it(make: Make) -> None:
    made = make({1: []}, gate="review")
    opened(made)
    own = made.repository.commit({"engineer.txt": "mine\n"}, "Engineer's own")
    made.coord("review", "1", "--approve")
    made.wait_for(1, "merged")
    git = made.repository.git
    assert git("show", "main:engineer.txt") == "mine"
    assert git("show", "main:file-1.txt") == "by attempt 1"
    assert git("rev-parse", "main^1") == own


def test_a_detached_head_does_not_keep_an_approved_change_from_its_branch(make: Make) -> None:
    made = make({1: []}, gate="review")
    opened(made)
    made.repository.git("switch", "--quiet", "--detach")
    made.coord("review", "1", "--approve")
    made.wait_for(1, "merged")
    assert made.repository.git("show", "main:file-1.txt") == "by attempt 1"
    assert not (made.layout.root / "file-1.txt").exists()


def test_a_renamed_attempt_branch_is_not_replaced_and_merges_under_its_name_again(make: Make) -> None:
    made = make({1: []}, gate="review")
    opened(made)
    tip = made.repository.head("coord/01-1")
    made.repository.git("branch", "-m", "coord/01-1", "mine")
    refused = made.coord("review", "1", "--approve", check=False)
    assert refused.returncode in (1, 3)
    assert "coord/01-1 is gone" in refused.stderr
    assert "restore it under its name" in refused.stderr
    assert made.repository.head("mine") == tip
    made.repository.git("branch", "-m", "mine", "coord/01-1")
    made.coord("review", "1", "--approve")
    made.wait_for(1, "merged")


def test_a_renamed_base_branch_is_named_and_an_approved_change_waits_for_it(make: Make) -> None:
    made = make({1: []}, gate="review")
    opened(made)
    made.repository.git("branch", "-m", "main", "trunk")
    before = made.repository.head("trunk")
    made.coord("review", "1", "--approve")
    wait_until(lambda: "there is no branch main" in reason(made), message="the reason")
    assert made.states() == {1: "change-open"}
    assert made.repository.head("trunk") == before
    made.repository.git("branch", "-m", "trunk", "main")
    made.wait_for(1, "merged", timeout=60)
    assert made.repository.git("show", "main:file-1.txt") == "by attempt 1"


def test_a_worktree_deleted_by_hand_loses_no_commit_and_the_change_still_lands(make: Make) -> None:
    made = make({1: []}, gate="review")
    opened(made)
    shutil.rmtree(made.layout.worktree(prompt_work(1), 1))
    made.coord("review", "1", "--approve")
    made.wait_for(1, "merged")
    assert made.repository.git("show", "main:file-1.txt") == "by attempt 1"


@pytest.mark.slow
def test_a_worktree_deleted_under_a_running_agent_fails_in_words_and_a_restart_leads_on(make: Make) -> None:
    made = make({1: []})
    (made.layout.scripts / "01.sh").write_text(made.until() + WRITE)
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "running")
    shutil.rmtree(made.layout.worktree(prompt_work(1), 1))
    made.release()
    assert loop.wait(90) == 1
    assert reason(made)
    made.coord("restart", "1", "--yes")
    assert made.run_loop() == 0
    assert made.repository.git("show", "main:file-1.txt") == "by attempt 2"


@pytest.mark.parametrize("change", ["file-1.txt", "unrelated.txt"])
def test_the_engineers_dirty_tree_is_never_touched_and_holds_up_only_what_it_is_in_the_way_of(
    make: Make, change: str
) -> None:
    made = make({1: []}, gate="review")
    opened(made)
    mine = made.layout.root / change
    mine.write_text("mine\n")
    made.coord("review", "1", "--approve")
    if change == "unrelated.txt":
        made.wait_for(1, "merged")
        assert mine.read_text() == "mine\n"
        return
    wait_until(lambda: change in reason(made), message="the reason")
    assert made.states() == {1: "change-open"}
    assert mine.read_text() == "mine\n"
    mine.unlink()
    made.wait_for(1, "merged", timeout=60)


@pytest.mark.slow
def test_the_milestone_closes_on_the_final_merge_and_not_before(make: Make) -> None:
    made = make({1: [], 2: [1]}, {2: NOTHING}, gate="review")
    opened(made)
    assert made.snapshot().milestone.status == "open"
    made.coord("review", "1", "--approve")
    made.wait_for(2, "merged")
    made.sees(lambda snapshot: snapshot.milestone.status == "done", message="the milestone's end")
    (closed,) = made.events("milestone.status")
    assert closed.actor_kind == "system"
    assert closed.seq > max(event.seq for event in made.events("step.merged"))


def test_a_start_that_fails_is_a_failure_that_halts_and_is_never_left_in_progress(make: Make) -> None:
    made = make({2: [], 3: []}, max_parallel=1)
    made.add(1, script=WRITE, agent="no-such-cli")
    assert made.run_loop() == 1
    assert made.states() == {1: "failed", 2: "pending", 3: "pending"}
    assert "no-such-cli" in reason(made)
    assert made.snapshot().prompts[1].status.value == "failed"
    assert made.snapshot().loop.halted_by == (1,)
    assert "01 failed; restart, edit, patch or cancel to go on" in made.said()
    assert not any(window.mark for window in made.terminals.windows())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with tight_disk(tmp_path, 8) as disk:
        yield disk


@pytest.mark.slow
def test_a_full_disk_refuses_a_verdict_in_words_and_the_change_lands_once_there_is_room(small_disk: Path) -> None:
    with project(small_disk, {1: []}, gate="review") as made:
        opened(made)
        tip, base = made.repository.head("coord/01-1"), made.repository.head()
        filler = fill(small_disk)
        refused = made.coord("review", "1", "--approve", check=False)
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 2, refused.stderr
        filler.unlink()
        assert made.repository.head("coord/01-1") == tip
        assert made.repository.head() == base
        assert made.states() == {1: "change-open"}
        made.coord("review", "1", "--approve")
        made.wait_for(1, "merged")
        assert made.repository.git("show", "main:file-1.txt") == "by attempt 1"
