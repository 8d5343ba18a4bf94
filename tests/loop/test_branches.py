"""An attempt's branch is what its record says: whatever else in the repository has the usual name stays untouched."""

from collections.abc import Callable

from support.project import Project


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
