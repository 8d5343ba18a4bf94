"""An attempt's branch is what its record says: whatever else in the repository has the usual name stays untouched."""

from collections.abc import Callable

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.model.work import prompt_work


def test_a_run_beside_another_project_of_the_repository_merges_its_own_branch(make: Callable[..., Project]) -> None:
    project = make({1: []})
    repository = project.repository
    repository.git("switch", "--quiet", "-c", "coord/01-1")
    theirs = repository.commit({"theirs.txt": "theirs\n"})
    repository.git("switch", "--quiet", "main")
    project.coord("loop", "--until-idle")
    attempt = project.snapshot().steps[1].attempt
    assert attempt is not None
    assert (attempt.branch, attempt.state.value) == ("coord/project/01-1", "merged")
    assert (repository.head("coord/01-1"), repository.head("coord/project/01-1")) == (theirs, "")
    assert repository.git("ls-tree", "--name-only", "main").split("\n") == ["README.md", "file-1.txt", "src"]
    assert repository.git("log", "-1", "--format=%s", "main") == "Merge coord/project/01-1: Prompt 1"


def test_a_failing_post_checkout_hook_is_told_and_stops_nothing(make: Callable[..., Project]) -> None:
    project = make({1: []}, gate="review")
    hook = project.repository.root / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no network >&2\nexit 3\n")
    hook.chmod(0o755)
    (project.layout.scripts / "01.sh").write_text(project.until() + WRITE)
    project.start_loop()
    project.wait_for(1, "running")
    told = "the post-checkout hook failed: no network"
    assert project.snapshot().steps[1].reason == told
    (problem,) = project.events("problem.worktree")
    assert problem.data["reason"] == told
    project.release()
    project.wait_for(1, "change-open")
    assert project.snapshot().steps[1].reason == ""


@pytest.mark.parametrize("inner", [False, True])
def test_what_earlier_attempts_left_goes_with_the_merge_if_it_holds_nothing(
    make: Callable[..., Project], inner: bool
) -> None:
    more = "git worktree add -q -d .inner; " if inner else ""
    script = (
        'case "$COORD_ATTEMPT" in\n1) exit 1;;\n'
        f"2) echo 2 >two.txt; git add -A; git commit -qm Two; {more}exit 1;;\nesac\n"
    )
    project = make({1: []}, {1: script + WRITE}, max_attempts=3, retry_backoff=0)
    assert project.run_loop() == 0
    wait_until(lambda: not project.layout.worktree(prompt_work(1), 3).exists(), message="its worktree to go")
    kept = [count for count in (1, 2, 3) if project.layout.worktree(prompt_work(1), count).exists()]
    branches = project.repository.git("for-each-ref", "--format=%(refname:short)", "refs/heads/coord").split()
    assert (kept, branches) == (([2], ["coord/01-2"]) if inner else ([], []))
