"""The forge gate in the loop: pushed, merged by somebody on a bare remote, seen, and the next prompt builds on it."""

from collections.abc import Callable

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

Make = Callable[..., Project]


@pytest.mark.slow
def test_a_plan_goes_on_when_its_changes_are_merged_on_the_remote(make: Make) -> None:
    made = make({1: [], 2: [1], 3: [2]}, {2: "test -e file-1.txt\n" + WRITE}, gate="forge")
    repo, bare = made.repository, made.repository.root.parent / "remote.git"
    repo.git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    repo.git("remote", "add", "origin", str(bare))
    repo.git("push", "--quiet", "origin", "main")
    clone = repo.root.parent / "clone"
    repo.git("clone", "--quiet", str(bare), str(clone))
    loop = made.start_loop("--until-idle")
    for number, how in ((1, "--squash"), (2, "--no-ff"), (3, "edited")):
        branch = f"coord/{number:02d}-1"
        wait_until(lambda b=branch: repo.git("branch", "--list", b, cwd=bare), timeout=30, message=branch)
        wait_until(lambda n=number: "origin/coord" in made.snapshot().steps[n].reason, message="the reason")
        assert made.states()[number] == "change-open"
        repo.git("pull", "--quiet", cwd=clone)
        repo.git("merge", "--quiet", how.replace("edited", "--squash"), "--no-edit", f"origin/{branch}", cwd=clone)
        if how == "edited":
            repo.write({"file-3.txt": "by a reviewer\n"}, cwd=clone)
        if how != "--no-ff":
            repo.git("commit", "--quiet", "-am", "Squashed", cwd=clone)
        repo.git("push", "--quiet", "origin", "main", cwd=clone)
        if how == "edited":
            landed = repo.git("rev-parse", "HEAD", cwd=clone)
            made.coord("review", "3", "--landed", landed)  # though nobody has fetched it yet
        made.wait_for(number, "merged", timeout=60)
    assert loop.wait(60) == 0
    assert repo.head() == repo.git("rev-parse", "main", cwd=bare)
    assert repo.status() == ""
    assert len(made.events("run.at_forge")) == 3
    assert made.events("problem.found") == []
    refused = made.coord("review", "1", "--approve", check=False)
    assert refused.returncode == 3
