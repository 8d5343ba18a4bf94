"""Submodules in worktrees: there without the network, checked before they go, never merged where nobody has them."""

import shutil
from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.gate import MergeRequest, merge_attempt
from coordinator.changes.git import Git
from coordinator.changes.outcome import Merged, Outcome, Refused
from coordinator.changes.submodules import submodules_in
from coordinator.changes.takeover import take_over
from coordinator.changes.worktrees import Kept, Removed, WorktreeInfo, create, remove
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import prompt_work

ALLOW = ("-c", "protocol.file.allow=always")


@pytest.fixture
def parent(repo: Repository, tmp_path: Path) -> Repository:
    """A project with a submodule that has one of its own; where they came from is gone since: there is no network."""
    for name in ("inner", "outer"):
        origin = Repository(tmp_path / name)
        if name == "outer":
            origin.git(*ALLOW, "submodule", "add", "--quiet", str(tmp_path / "inner"), "deep/in")
            origin.git("commit", "--quiet", "-am", "With a submodule")
    repo.git(*ALLOW, "submodule", "add", "--quiet", str(tmp_path / "outer"), "lib/sub")
    repo.git(*ALLOW, "submodule", "update", "--quiet", "--init", "--recursive")
    repo.git("commit", "--quiet", "-am", "With a submodule")
    for name in ("inner", "outer"):
        (tmp_path / name).rename(tmp_path / f"{name}.gone")
    return repo


def merge(repo: Repository, info: WorktreeInfo, *suites: str) -> Outcome:
    return merge_attempt(repo.layout, MergeRequest(prompt_work(7), 1, base="main", start=info.base, suites=suites))


def move(repo: Repository, info: WorktreeInfo) -> str:
    """A commit in the submodule, and one that points to it."""
    made = repo.commit({"lib.txt": "new\n"}, cwd=info.path / "lib/sub")
    repo.git("add", "lib/sub", cwd=info.path)
    repo.git("commit", "--quiet", "-m", "Move", cwd=info.path)
    return made


def test_a_worktree_has_the_submodules_that_the_engineers_checkout_has(parent: Repository, tmp_path: Path) -> None:
    info = create(parent.layout, prompt_work(7), 1)
    assert info.warning == ""
    assert (info.path / "lib/sub/deep/in/src/app.py").is_file()
    assert parent.status(cwd=info.path) == ""
    assert parent.git("remote", "get-url", "origin", cwd=info.path / "lib/sub") == str(tmp_path / "outer")
    assert parent.git("config", "--get", "submodule.lib/sub.url") == str(tmp_path / "outer")
    assert create(parent.layout, prompt_work(7), 1).adopted
    assert remove(parent.layout, prompt_work(7), 1) == Removed()
    assert not info.path.exists()
    assert not (parent.root / ".git/worktrees/07-1").exists()


def test_a_submodule_that_was_moved_goes_with_its_worktree(parent: Repository) -> None:
    parent.git("mv", "lib/sub", "moved")
    parent.git("commit", "--quiet", "-m", "Move")
    info = create(parent.layout, prompt_work(7), 1)
    assert (info.path / "moved/deep/in/src/app.py").is_file()
    assert remove(parent.layout, prompt_work(7), 1) == Removed()


def test_a_submodule_that_the_engineer_does_not_have_is_left_alone(parent: Repository) -> None:
    parent.git("submodule", "deinit", "--quiet", "lib/sub")
    info = create(parent.layout, prompt_work(7), 1)
    assert (info.warning, list((info.path / "lib/sub").iterdir())) == ("", [])
    assert remove(parent.layout, prompt_work(7), 1) == Removed()


def test_a_pointer_that_the_store_can_not_follow_is_told(parent: Repository) -> None:
    parent.git("update-index", "--cacheinfo", f"160000,{'1' * 40},lib/sub")
    parent.git("commit", "--quiet", "-m", "Broken")
    assert create(parent.layout, prompt_work(7), 1).warning.startswith(
        "the submodule lib/sub can't be had from your store: "
    )


def test_suites_have_the_submodules(parent: Repository) -> None:
    info = create(parent.layout, prompt_work(7), 1)
    parent.commit({"a.txt": "a\n"}, cwd=info.path)
    parent.suite("there", "test -f lib/sub/deep/in/src/app.py")
    assert isinstance(merge(parent, info, "there"), Merged)
    assert len(parent.git("worktree", "list").splitlines()) == 2


def test_a_pointer_that_only_the_worktree_can_follow_is_refused_with_the_way_on(parent: Repository) -> None:
    info = create(parent.layout, prompt_work(7), 1)
    made = move(parent, info)
    refused = merge(parent, info)
    assert isinstance(refused, Refused)
    assert refused.reason == f"coord/07-1 sets lib/sub to {made[:10]}, a commit that only its worktree has"
    command = refused.remedy.split("`")[1]
    parent.git(*command.split(" ")[1:])
    assert isinstance(merge(parent, info), Merged)
    assert parent.git("rev-parse", "main:lib/sub") == made
    assert remove(parent.layout, prompt_work(7), 1) == Removed()


def test_a_pointer_that_nobody_has_is_refused_with_the_way_on(parent: Repository, tmp_path: Path) -> None:
    parent.git("submodule", "deinit", "--quiet", "lib/sub")
    shutil.rmtree(parent.root / ".git/modules/lib")
    (tmp_path / "outer.gone").rename(tmp_path / "outer")
    made = parent.commit({"lib.txt": "new\n"}, cwd=tmp_path / "outer")
    info = create(parent.layout, prompt_work(7), 1)
    parent.git("update-index", "--cacheinfo", f"160000,{made},lib/sub", cwd=info.path)
    parent.git("commit", "--quiet", "-m", "Move", cwd=info.path)
    refused = merge(parent, info)
    assert isinstance(refused, Refused)
    assert refused.reason == f"coord/07-1 sets lib/sub to {made[:10]}, a commit that nobody here has"
    command = refused.remedy.split("`")[1]
    parent.git(*ALLOW, *command.split(" ")[1:])
    assert isinstance(merge(parent, info), Merged)


def test_a_pointer_that_nobody_has_lands_where_the_base_branch_has_it_too(parent: Repository) -> None:
    info = create(parent.layout, prompt_work(7), 1)
    parent.git("submodule", "deinit", "--quiet", "--force", "lib/sub")
    shutil.rmtree(parent.root / ".git/modules/lib")
    shutil.rmtree(parent.root / ".git/worktrees/07-1/modules")
    for place in (info.path, parent.root):
        parent.git("update-index", "--cacheinfo", f"160000,{'1' * 40},lib/sub", cwd=place)
        parent.git("commit", "--quiet", "-m", "Move", cwd=place)
    parent.commit({"a.txt": "a\n"}, cwd=info.path)
    assert isinstance(merge(parent, info), Merged)


def test_a_submodule_that_lies_in_the_checkout_itself_vouches_for_its_pointer(repo: Repository, tmp_path: Path) -> None:
    Repository(tmp_path / "origin")
    repo.git("clone", "--quiet", str(tmp_path / "origin"), "sub")
    repo.git("submodule", "--quiet", "add", str(tmp_path / "origin"), "sub")
    repo.git("commit", "--quiet", "-m", "With a submodule")
    info = create(repo.layout, prompt_work(7), 1)
    made = repo.commit({"lib.txt": "new\n"}, cwd=repo.root / "sub")
    repo.git("update-index", "--cacheinfo", f"160000,{made},sub", cwd=info.path)
    repo.git("commit", "--quiet", "-m", "Move", cwd=info.path)
    assert isinstance(merge(repo, info), Merged)


def test_a_repository_that_was_added_by_mistake_is_refused(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    repo.git("clone", "--quiet", ".", "vendor/thing", cwd=info.path)
    repo.git("add", "vendor/thing", cwd=info.path)
    repo.git("commit", "--quiet", "-m", "Vendor", cwd=info.path)
    refused = merge(repo, info)
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("coord/07-1 has vendor/thing as a repository of its own")


@pytest.mark.parametrize("place", ["lib/sub", "lib/sub/deep/in"])
@pytest.mark.parametrize("what", ["commit", "branch", "stash", "file", "edit"])
def test_a_worktree_whose_submodule_holds_something_stays(parent: Repository, place: str, what: str) -> None:
    info = create(parent.layout, prompt_work(7), 1)
    folder = info.path / place
    if what in ("commit", "branch"):
        before = parent.git("rev-parse", "HEAD", cwd=folder)
        parent.git("switch", "--quiet", "-c", "mine", cwd=folder)
        parent.commit({"x.txt": "x\n"}, cwd=folder)
        if what == "branch":
            parent.git("switch", "--quiet", "--detach", before, cwd=folder)
    else:
        parent.write({"new.txt" if what == "file" else "README.md": "x\n"}, cwd=folder)
        if what == "stash":
            parent.git("stash", "--quiet", cwd=folder)
    kept = remove(parent.layout, prompt_work(7), 1)
    assert isinstance(kept, Kept)
    assert folder.is_dir()


@pytest.mark.parametrize("killed", [False, True])
def test_the_next_attempt_takes_over_a_worktree_with_submodules_as_it_was_left(
    parent: Repository, killed: bool
) -> None:
    last, mine = (
        Attempt(prompt_work(7), k, "run-1", 1, StepState.FAILED, "", branch=f"coord/07-{k}", base_branch="main")
        for k in (1, 2)
    )
    old, new = create(parent.layout, prompt_work(7), 1).path, parent.layout.worktree(prompt_work(7), 2)
    parent.commit({"a.txt": "a\n"}, cwd=old)
    made = parent.commit({"lib.txt": "new\n"}, cwd=old / "lib/sub")
    parent.write({"src/app.py": "edited\n", "new.txt": "new\n"}, cwd=old)
    parent.write({"deep/in/src/app.py": "edited\n"}, cwd=old / "lib/sub")
    parent.git("branch", "coord/07-2", "coord/07-1")
    left = parent.status(cwd=old), parent.status(cwd=old / "lib/sub")
    if killed:
        parent.git("symbolic-ref", "HEAD", "refs/heads/coord/07-2", cwd=old)
        old.rename(new)
    assert take_over(parent.layout, mine, last)
    assert not old.exists()
    taken = create(parent.layout, prompt_work(7), 2)
    assert (taken.path, taken.adopted, taken.warning) == (new, True, "")
    assert (parent.status(cwd=new), parent.status(cwd=new / "lib/sub")) == left
    assert (new / "lib/sub/deep/in/src/app.py").read_text() == "edited\n"
    for place in ("", "lib/sub", "lib/sub/deep/in"):
        assert parent.git("rev-parse", "--show-toplevel", cwd=new / place) == str(new / place)
    assert parent.git("rev-parse", "HEAD", cwd=new / "lib/sub") == made
    git = Git(parent.root)
    admin = git.admin(new)
    assert admin is not None
    assert {place for place, _ in submodules_in(git, new, admin)} == {new / "lib/sub", new / "lib/sub/deep/in"}
