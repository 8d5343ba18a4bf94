"""What people merge by hand, in whatever way, is noticed for every gate; what an agent merges by itself is not."""

import json
from collections.abc import Callable

import pytest
from support.project import Project
from support.wait import wait_until

from coordinator.model.step import Attempt
from coordinator.model.work import prompt_work

Make = Callable[..., Project]

WAYS = {
    "merge": "git merge -q --no-ff --no-edit coord/01-1",
    "fast-forward": "git merge -q --ff-only coord/01-1",
    "squash": "git merge -q --squash coord/01-1; git commit -qm Squashed",
}
TWICE = "echo 1 >one.txt; git add -A; git commit -qm One; echo 2 >two.txt; git add -A; git commit -qm Two\n"
DONE = "coord agent done --summary done\n"


def by_hand(made: Project, script: str) -> None:
    made.repository.git("-c", f"alias.do=!{script}", "do")


def attempt_of(made: Project, number: int) -> Attempt:
    attempt = made.snapshot().steps[number].attempt
    assert attempt is not None
    return attempt


@pytest.mark.parametrize("way", ["merge", "squash"])
def test_a_change_that_was_merged_by_hand_is_noticed_at_once(make: Make, way: str) -> None:
    made = make({1: [], 2: [1]}, {1: TWICE + DONE}, gate="review")
    made.start_loop()
    made.wait_for(1, "change-open")
    by_hand(made, WAYS[way])
    made.wait_for(1, "merged")
    attempt = attempt_of(made, 1)
    landed = made.repository.git("rev-list", "main").split("\n")
    assert attempt.merged_as in landed
    assert len(attempt.commits) == 2
    (event,) = made.events("step.merged")
    assert (event.data["by_hand"], event.data["commit"]) == (True, attempt.merged_as)
    made.wait_for(2, "change-open")
    wait_until(lambda: not made.layout.worktree(prompt_work(1), 1).exists(), message="its worktree to be cleared")


def test_what_was_merged_while_no_loop_ran_is_noticed_when_one_starts(make: Make) -> None:
    made = make({1: []}, {1: TWICE + DONE}, gate="review")
    loop = made.start_loop()
    made.wait_for(1, "change-open")
    loop.terminate()
    loop.wait()
    by_hand(made, WAYS["squash"])
    assert made.run_loop() == 0
    assert made.states() == {1: "merged"}


def test_half_of_a_change_is_not_taken_for_all_of_it(make: Make) -> None:
    made = make({1: [], 2: []}, {1: TWICE + DONE}, gate="review")
    made.start_loop()
    made.wait_for(1, "change-open")
    made.wait_for(2, "change-open")
    by_hand(made, "git cherry-pick coord/01-1~1; git merge -q --no-ff --no-edit coord/02-1")
    made.wait_for(2, "merged")
    assert made.states() == {1: "change-open", 2: "merged"}


def test_what_keeps_a_merge_waiting_is_seen_to_be_gone_at_once(make: Make) -> None:
    """The gate tries again after up to half a minute; a merge by hand meanwhile needs no such patience."""
    made = make({1: []}, {1: "echo agent >>README.md; git commit -qam Agent\n" + DONE})
    made.repository.write({"README.md": "mine\n"})
    made.start_loop()
    made.sees(lambda snapshot: "are in the way" in snapshot.steps[1].reason, message="the merge to wait")
    made.repository.git("checkout", "--", "README.md")
    made.repository.git("merge", "--quiet", "--no-ff", "--no-edit", "coord/01-1")
    made.wait_for(1, "merged")
    assert attempt_of(made, 1).merged_as == made.repository.head()


@pytest.mark.parametrize("way", ["fast-forward", "squash"])
def test_what_an_agent_merges_itself_waits_for_the_review(make: Make, way: str) -> None:
    script = f"{TWICE}cd $COORD_ROOT && {WAYS[way]}\n{DONE}"
    made = make({1: [], 2: []}, {1: script}, gate="review")
    made.start_loop()
    made.wait_for(1, "change-open")
    made.wait_for(2, "change-open")
    by_hand(made, "git merge -q --no-ff --no-edit coord/02-1")
    made.wait_for(2, "merged")
    assert made.states() == {1: "change-open", 2: "merged"}
    if way == "fast-forward":
        assert attempt_of(made, 1).reason == "its commits are on main already, and no gate let them in"
        assert len(made.events("problem.past_the_gate")) == 1
    made.coord("review", "1", "--approve")
    made.wait_for(1, "merged")
    assert attempt_of(made, 1).merged_as in made.repository.git("rev-list", "main").split("\n")


@pytest.mark.slow
@pytest.mark.parametrize("living", [True, False])
def test_a_human_says_as_which_commit_an_edited_change_landed(make: Make, living: bool) -> None:
    made = make({1: [], 2: [1]}, {1: TWICE + DONE}, gate="review")
    old = made.repository.head()
    loop = made.start_loop()
    made.wait_for(1, "change-open")
    if not living:
        loop.terminate()
        loop.wait()
    by_hand(made, "git merge -q --squash coord/01-1; echo edited >two.txt; git commit -qam Edited")
    for name, told in (("coord/01-1", "is not part of main"), (old, "was there before"), ("nonsense", "no commit")):
        refused = made.coord("review", "1", "--landed", name, check=False)
        assert (refused.returncode, told in refused.stderr) == (3, True), refused.stderr
    agent = {"COORD_ROOT": str(made.layout.root), "COORD_AGENT": "executor-01-1", "COORD_ROLE": "executor"}
    refused = made.coord("review", "1", "--landed", "main", check=False, **agent)
    assert refused.returncode == 3
    landed = made.repository.head()
    assert (
        made.coord("review", "1", "--landed", "main").stdout == f"✓ coord/01-1 of prompt 01 landed as {landed[:10]}\n"
    )
    made.wait_for(1, "merged")
    assert attempt_of(made, 1).merged_as == landed
    (approved,) = made.events("change.approved")
    assert (approved.actor_kind, approved.data["landed"]) == ("human", landed)
    if not living:
        made.start_loop()
    made.wait_for(2, "change-open")
    assert made.repository.head() == landed
    wait_until(lambda: not made.layout.worktree(prompt_work(1), 1).exists(), message="its worktree to be cleared")
    left = {
        one["name"]: one["holds"] for one in json.loads(made.coord("clean", "--dry-run", "--json").stdout)["leftovers"]
    }
    assert left["coord/01-1"].startswith(f"the commits of what landed as {landed[:12]}")
