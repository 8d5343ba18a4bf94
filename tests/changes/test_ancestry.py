"""Which merges a branch has, after everything that people do to branches."""

from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.ancestry import Ancestry, Work
from coordinator.changes.git import Git


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "r")


def land(repo: Repository, name: str) -> Work:
    """A change on a branch of its own, merged into what is checked out."""
    start = repo.head("HEAD")
    repo.git("checkout", "-q", "-b", f"work-{name}")
    tip = repo.commit({f"{name}.txt": name}, name)
    repo.git("checkout", "-q", "-")
    repo.git("merge", "-q", "--no-ff", "-m", f"Merge {name}", f"work-{name}")
    return Work(repo.head("HEAD"), start, tip)


def test_a_branch_has_what_was_merged_into_it_and_lacks_what_was_not(repo: Repository) -> None:
    repo.git("branch", "other")
    one, two = land(repo, "one"), land(repo, "two")
    assert Ancestry(repo.root).lacking("main", [one, two]) == frozenset()
    assert Ancestry(repo.root).lacking("other", [one, two]) == {one.merge, two.merge}
    repo.git("branch", "-f", "other", one.merge)
    assert Ancestry(repo.root).lacking("other", [one, two]) == {two.merge}


def test_it_follows_a_branch_that_goes_on_or_back_packed_or_not(repo: Repository) -> None:
    one = land(repo, "one")
    seen = Ancestry(repo.root)
    assert seen.lacking("main", [one]) == frozenset()
    two = land(repo, "two")
    assert seen.lacking("main", [one, two]) == frozenset()
    repo.git("pack-refs", "--all")
    assert seen.lacking("main", [one, two]) == frozenset()
    repo.git("reset", "-q", "--hard", one.merge)
    assert seen.lacking("main", [one, two]) == {two.merge}
    repo.git("reset", "-q", "--hard", two.merge)
    assert seen.lacking("main", [one, two]) == frozenset()


def test_work_that_a_rebase_made_other_commits_of_is_there(repo: Repository) -> None:
    start = repo.head("HEAD")
    one = land(repo, "one")
    repo.git("checkout", "-q", "-b", "upstream", start)
    repo.commit({"theirs.txt": "x"}, "theirs")
    repo.git("checkout", "-q", "main")
    repo.git("rebase", "-q", "upstream")
    assert Ancestry(repo.root).lacking("main", [one]) == frozenset()
    assert Ancestry(repo.root).lacking("upstream", [one]) == {one.merge}


def test_a_commit_that_is_gone_is_lacking_and_the_others_are_told(repo: Repository) -> None:
    one = land(repo, "one")
    gone = Work("f" * 40, "", "")
    assert Ancestry(repo.root).lacking("main", [one, gone]) == {gone.merge}


def test_git_is_asked_once_for_each_place_that_the_branch_comes_to(
    repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = [land(repo, name) for name in ("one", "two")]
    asked: list[str] = []
    run = Git.run

    def counted(self: Git, *args: str, **more: object) -> object:
        asked.append(args[0])
        return run(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Git, "run", counted)
    seen = Ancestry(repo.root)
    for _ in range(5):
        seen.lacking("main", works)
    assert asked.count("rev-list") == 1
    works.append(land(repo, "three"))
    for _ in range(5):
        seen.lacking("main", works)
    assert asked.count("rev-list") == 3  # whether the branch only went on, and the new one
