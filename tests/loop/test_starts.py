"""Agents that start at the same time: what holds up one start holds up no other."""

from collections.abc import Callable

from support.project import NOTHING, Project
from support.wait import wait_until

Make = Callable[..., Project]


def post_checkout(made: Project, text: str) -> None:
    """Give the engineer's repository a hook that git runs in each new worktree."""
    hook = made.repository.root / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\n{text}")
    hook.chmod(0o755)


def test_four_prompts_whose_worktrees_take_long_are_all_under_way_at_once(make: Make) -> None:
    made = make({1: [], 2: [], 3: [], 4: []}, dict.fromkeys((1, 2, 3, 4), NOTHING))
    begun = made.layout.coord / "begun"
    begun.mkdir()
    post_checkout(made, f': >"{begun}/$$"\n{made.until()}')
    made.start_loop("--max-parallel", "4")
    wait_until(lambda: len(list(begun.iterdir())) == 4, message="all four hooks to run")
    made.release()
    for number in (1, 2, 3, 4):
        made.wait_for(number, "merged")


def test_a_prompt_that_is_being_started_can_be_killed(make: Make) -> None:
    made = make({1: [], 2: []}, {1: NOTHING, 2: NOTHING})
    begun = made.layout.coord / "begun"
    post_checkout(made, f'case $PWD in *01-1) : >"{begun}"; {made.until()} ;; esac\n')
    made.start_loop("--max-parallel", "2")
    wait_until(begun.exists, message="the hook")
    made.wait_for(2, "merged")
    assert made.agents(1)
    made.coord("kill", "1", "--hold", "--yes")
    made.wait_for(1, "blocked")
    wait_until(lambda: not made.agents(1), message="the end of its hook")
