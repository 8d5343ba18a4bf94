from support.repository import Repository

from coordinator.changes.worktrees import Kept, Removed, create, existing, remove


def test_create_makes_branch_and_worktree_from_the_checked_out_branch(repo: Repository) -> None:
    info = create(repo.layout, 7, 1)
    assert info.path == repo.layout.worktree(7, 1)
    assert (info.branch, info.base_branch, info.base) == ("coord/07-1", "main", repo.head())
    assert info.cwd == info.path
    assert (info.cwd / "README.md").read_text() == "A project.\n"
    assert repo.git("symbolic-ref", "HEAD", cwd=info.path) == "refs/heads/coord/07-1"
    assert not info.adopted
    assert existing(repo.layout) == [(7, 1)]
    assert repo.status() == ""


def test_create_again_adopts_the_worktree_with_what_is_in_it(repo: Repository) -> None:
    first = create(repo.layout, 7, 1)
    repo.commit({"a.txt": "a\n"}, cwd=first.path)
    repo.write({"b.txt": "b\n"}, cwd=first.path)
    repo.commit({"moved.txt": "main moved\n"})
    again = create(repo.layout, 7, 1)
    assert again.adopted
    assert again.base == first.base
    assert (again.path / "b.txt").read_text() == "b\n"


def test_remove_takes_a_merged_worktree_and_its_branch(repo: Repository) -> None:
    info = create(repo.layout, 7, 1)
    repo.commit({"a.txt": "a\n"}, cwd=info.path)
    assert remove(repo.layout, 7, 1) == Kept("coord/07-1 is not merged")
    repo.git("merge", "--quiet", "coord/07-1")
    assert remove(repo.layout, 7, 1) == Removed()
    assert not info.path.exists()
    assert repo.head("coord/07-1") == ""
    assert existing(repo.layout) == []
