"""How an open change may have got into the base branch by hand, and what is not taken for it."""

import pytest
from support.repository import Repository

from coordinator.changes.gate import MergeRequest, find_landed
from coordinator.changes.worktrees import create
from coordinator.model.work import prompt_work

SQUASH = [("merge", "--squash", "coord/07-1"), ("commit", "-m", "Squashed")]
WAYS: dict[str, tuple[list[tuple[str, ...]], str]] = {
    "a merge": (
        [("merge", "--no-ff", "--no-edit", "coord/07-1"), ("commit", "--allow-empty", "-m", "Later")],
        "main~1",
    ),
    "a fast-forward": ([("merge", "--ff-only", "coord/07-1")], "coord/07-1"),
    "a squash": ([*SQUASH, ("commit", "--allow-empty", "-m", "Later")], "main~1"),
    "a rebase": ([("commit", "--allow-empty", "-m", "First"), ("cherry-pick", "coord/07-1~1", "coord/07-1")], "main"),
    "a rebase in pieces": (
        [("cherry-pick", "coord/07-1~1"), ("commit", "--allow-empty", "-m", "x"), ("cherry-pick", "coord/07-1")],
        "main",
    ),
    "a packed branch": ([("merge", "--no-ff", "--no-edit", "coord/07-1"), ("pack-refs", "--all")], "main"),
    "a branch that is gone": (
        [
            ("merge", "--no-ff", "--no-edit", "coord/07-1"),
            ("worktree", "remove", ".coord/worktrees/07-1"),
            ("branch", "-D", "coord/07-1"),
        ],
        "main",
    ),
    "nothing": ([("commit", "--allow-empty", "-m", "x")], ""),
    "half of it": ([("cherry-pick", "coord/07-1~1")], ""),
    "an edited squash": ([SQUASH[0], ("rm", "-qf", "two.txt"), SQUASH[1]], ""),
    "a merge elsewhere": ([("switch", "-c", "other"), ("merge", "--no-ff", "--no-edit", "coord/07-1")], ""),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("opened_before", [True, False])
def test_what_was_merged_by_hand_since_it_was_opened_is_found(repo: Repository, way: str, opened_before: bool) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    first = repo.commit({"one.txt": "1\n"}, cwd=info.path)
    made = repo.commit({"two.txt": "2\n"}, cwd=info.path)
    opened = repo.head()
    commands, expected = WAYS[way]
    for command in commands:
        repo.git(*command)
    landed = repo.head(expected) if expected else ""
    opened = opened if opened_before else repo.head("main")
    repo.git("commit", "--allow-empty", "-m", "And on")
    request = MergeRequest(prompt_work(7), 1, branch="coord/07-1", start=info.base, made=made, opened=opened)
    found = find_landed(repo.layout, request, repo.head("main"), opened)
    if landed and opened_before:
        assert found is not None
        assert (found.commit, found.commits) == (landed or made, (first, made))
    else:
        assert found is None  # an agent that merges itself is done before its change is opened
