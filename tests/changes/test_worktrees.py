import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.repository import Repository

from coordinator.changes import readonly
from coordinator.changes.command import run_git
from coordinator.changes.git import Git, GitError
from coordinator.changes.temporary_checkout import temporary_checkout
from coordinator.changes.worktrees import Kept, Removed, create, existing, remove
from coordinator.errors import CoordError
from coordinator.model.work import prompt_work
from coordinator.storage.paths import Layout


def test_create_makes_branch_and_worktree_from_the_checked_out_branch(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    assert info.path == repo.layout.worktree(prompt_work(7), 1)
    assert (info.branch, info.base_branch, info.base) == ("coord/07-1", "main", repo.head())
    assert info.cwd == info.path
    assert (info.cwd / "README.md").read_text() == "A project.\n"
    assert repo.git("symbolic-ref", "HEAD", cwd=info.path) == "refs/heads/coord/07-1"
    assert (info.adopted, info.warning) == (False, "")
    assert existing(repo.layout) == [(7, 1)]
    assert repo.status() == ""


def test_create_starts_from_the_configured_branch(repo: Repository) -> None:
    repo.git("branch", "develop")
    head = repo.commit({"later.txt": "later\n"})
    info = create(repo.layout, prompt_work(7), 1, "develop")
    assert (info.base_branch, info.base) == ("develop", repo.head("develop"))
    assert info.base != head


def test_create_reads_a_packed_base_branch(repo: Repository) -> None:
    repo.git("pack-refs", "--all")
    assert create(repo.layout, prompt_work(7), 1).base == repo.head()


@pytest.mark.parametrize("name", ["with space", "日本語プロジェクト", "quo'te\"s $(x) `y`", "-dash", "per%cent #{x}"])
def test_create_works_in_any_folder(tmp_path: Path, name: str) -> None:
    repo = Repository(tmp_path / name)
    info = create(repo.layout, prompt_work(7), 1)
    repo.commit({"a.txt": "a\n"}, cwd=info.path)
    assert create(repo.layout, prompt_work(7), 1).adopted
    repo.git("merge", "--quiet", "coord/07-1")
    assert remove(repo.layout, prompt_work(7), 1) == Removed()


def test_a_project_below_the_repository_works_in_its_own_folder(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "mono", project="services/täglich neu")
    info = create(repo.layout, prompt_work(7), 1)
    assert info.path == repo.root / "services/täglich neu/.coord/worktrees/07-1"
    assert info.cwd == info.path / "services/täglich neu"
    assert (info.cwd / "code.py").read_text() == "one\n"
    assert create(repo.layout, prompt_work(7), 1).cwd == info.cwd


def test_a_project_folder_that_was_never_committed_is_told(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "mono")
    layout = Layout(repo.root / "new")
    layout.coord.mkdir(parents=True)
    with pytest.raises(CoordError, match="new/ is not in the commits of main"):
        create(layout, prompt_work(7), 1)


def test_create_through_a_linked_checkout_as_project(repo: Repository, tmp_path: Path) -> None:
    repo.git("worktree", "add", "--quiet", "-b", "feature", str(tmp_path / "linked"))
    layout = Layout(tmp_path / "linked")
    layout.coord.mkdir()
    info = create(layout, prompt_work(7), 1)
    assert info.base_branch == "feature"
    assert create(layout, prompt_work(7), 1).adopted


def test_create_through_a_symlink_adopts_what_it_made(repo: Repository, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(repo.root)
    layout = Layout(tmp_path / "link")
    assert not create(layout, prompt_work(7), 1).adopted
    assert create(layout, prompt_work(7), 1).adopted
    assert create(repo.layout, prompt_work(7), 1).adopted


def test_no_commit_yet_is_told_with_the_way_on(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "empty")], check=True)
    with pytest.raises(CoordError, match="no commit yet") as caught:
        create(Layout(tmp_path / "empty"), prompt_work(1), 1)
    assert "git commit" in caught.value.remedy


def test_a_detached_head_needs_a_configured_branch(repo: Repository) -> None:
    repo.git("switch", "--quiet", "--detach")
    with pytest.raises(CoordError, match="detached HEAD") as caught:
        create(repo.layout, prompt_work(1), 1)
    assert "base_branch" in caught.value.remedy
    assert create(repo.layout, prompt_work(1), 1, "main").base_branch == "main"


@pytest.mark.parametrize("name", ["main^", "-x", "a..b", "a b", "main~1", "@{-1}", "x:y", "a.lock/../b", "/x", "x/"])
def test_a_base_that_cannot_be_a_branch_is_refused(repo: Repository, name: str) -> None:
    with pytest.raises(CoordError, match="can't be the name of a branch"):
        create(repo.layout, prompt_work(1), 1, name)


def test_a_base_branch_that_is_not_there_is_told(repo: Repository) -> None:
    with pytest.raises(CoordError, match="no branch mian"):
        create(repo.layout, prompt_work(1), 1, "mian")


def test_a_branch_called_coord_is_told_with_the_way_on(repo: Repository) -> None:
    repo.git("branch", "coord")
    with pytest.raises(CoordError) as caught:
        create(repo.layout, prompt_work(1), 1)
    assert "rename the branch `coord`" in caught.value.remedy


def test_create_again_adopts_the_worktree_with_what_is_in_it(repo: Repository) -> None:
    first = create(repo.layout, prompt_work(7), 1)
    repo.commit({"a.txt": "a\n"}, cwd=first.path)
    repo.write({"b.txt": "b\n"}, cwd=first.path)
    repo.commit({"moved.txt": "main moved\n"})
    again = create(repo.layout, prompt_work(7), 1)
    assert again.adopted
    assert again.base == first.base
    assert (again.path / "b.txt").read_text() == "b\n"


def test_a_deleted_worktree_is_made_again(repo: Repository) -> None:
    first = create(repo.layout, prompt_work(7), 1)
    repo.git("worktree", "lock", str(first.path))
    subprocess.run(["rm", "-r", str(first.path)], check=True)
    head = repo.commit({"moved.txt": "main moved\n"})
    again = create(repo.layout, prompt_work(7), 1)
    assert (again.adopted, again.base) == (True, head)
    assert repo.status(cwd=again.path) == ""


def test_a_deleted_worktree_with_commits_is_only_resumed_when_asked(repo: Repository) -> None:
    first = create(repo.layout, prompt_work(7), 1)
    made = repo.commit({"a.txt": "a\n"}, cwd=first.path)
    subprocess.run(["rm", "-r", str(first.path)], check=True)
    with pytest.raises(CoordError, match="exists, with commits that main doesn't have"):
        create(repo.layout, prompt_work(7), 1)
    assert repo.head("coord/07-1") == made
    again = create(repo.layout, prompt_work(7), 1, resume=True)
    assert again.base == first.base
    assert repo.git("rev-parse", "HEAD", cwd=again.path) == made


def test_an_old_branch_without_commits_of_its_own_starts_from_the_base_of_today(repo: Repository) -> None:
    repo.git("branch", "coord/07-1")
    head = repo.commit({"moved.txt": "main moved\n"})
    info = create(repo.layout, prompt_work(7), 1)
    assert info.base == head
    assert repo.head("coord/07-1") == head


def test_a_branch_that_the_engineer_has_checked_out_is_left_alone(repo: Repository) -> None:
    repo.git("switch", "--quiet", "-c", "coord/07-1")
    with pytest.raises(CoordError, match="checked out") as caught:
        create(repo.layout, prompt_work(7), 1, "main")
    assert "its next attempt gets another name" in caught.value.remedy


def test_a_strange_folder_in_the_way_is_put_aside_whole(repo: Repository) -> None:
    strange = repo.layout.worktree(prompt_work(7), 1)
    repo.write({"notes.txt": "of somebody\n"}, cwd=strange)
    info = create(repo.layout, prompt_work(7), 1)
    assert "kept as 07-1.stray-1" in info.warning
    assert (repo.layout.worktrees / "07-1.stray-1" / "notes.txt").read_text() == "of somebody\n"
    assert repo.status(cwd=info.path) == ""


def test_an_empty_folder_in_the_way_is_used(repo: Repository) -> None:
    repo.layout.worktree(prompt_work(7), 1).mkdir(parents=True)
    assert create(repo.layout, prompt_work(7), 1).warning == ""


def test_a_file_or_dangling_link_in_the_way_is_put_aside(repo: Repository) -> None:
    repo.layout.worktrees.mkdir()
    repo.layout.worktree(prompt_work(7), 1).write_text("a file\n")
    repo.layout.worktree(prompt_work(8), 1).symlink_to("nowhere")
    assert "07-1.stray-1" in create(repo.layout, prompt_work(7), 1).warning
    assert "08-1.stray-1" in create(repo.layout, prompt_work(8), 1).warning


def test_a_moved_project_keeps_its_worktrees(repo: Repository, tmp_path: Path) -> None:
    first = create(repo.layout, prompt_work(7), 1)
    repo.write({"b.txt": "b\n"}, cwd=first.path)
    repo.root.rename(tmp_path / "elsewhere")
    layout = Layout(tmp_path / "elsewhere")
    info = create(layout, prompt_work(7), 1)
    assert (info.adopted, info.warning) == (True, "")
    assert (layout.worktree(prompt_work(7), 1) / "b.txt").read_text() == "b\n"


@pytest.mark.parametrize("name", ["worktrees/07-1/index.lock", "refs/heads/coord/07-1.lock"])
def test_a_stale_lock_of_a_whole_worktree_is_removed(repo: Repository, name: str) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    lock = repo.root / ".git" / name
    lock.touch()
    os.utime(lock, (0, 0))
    assert create(repo.layout, prompt_work(7), 1).warning == ""
    assert not lock.exists()
    repo.commit({"a.txt": "a\n"}, cwd=info.path)


@pytest.mark.parametrize("missing", ["HEAD", "commondir", "index"])
def test_a_worktree_that_git_was_giving_up_when_it_died_is_made_again(repo: Repository, missing: str) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    (repo.root / ".git/worktrees/07-1" / missing).unlink()
    for name in ("README.md", "src/app.py"):
        (info.path / name).unlink()
    (info.path / "src").rmdir()
    again = create(repo.layout, prompt_work(7), 1)
    assert (again.base, repo.status(cwd=again.path)) == (repo.head(), "")
    assert len(repo.git("worktree", "list").splitlines()) == 2


def test_work_in_a_worktree_that_git_cannot_read_is_kept_aside(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    repo.write({"mine.txt": "mine\n"}, cwd=info.path)
    (repo.root / ".git/worktrees/07-1/HEAD").unlink()
    again = create(repo.layout, prompt_work(7), 1)
    assert "07-1.stray-1" in again.warning
    assert (info.path.with_name("07-1.stray-1") / "mine.txt").read_text() == "mine\n"
    assert repo.status(cwd=again.path) == ""


def make_a_temporary_one(repo: Repository) -> None:
    with temporary_checkout(Git(repo.root), repo.layout, repo.head()) as folder:
        assert (folder / "README.md").exists()


BESIDE: dict[str, Callable[[Repository], object]] = {
    "list": lambda repo: Git(repo.root).checkouts(),
    "make": lambda repo: create(repo.layout, prompt_work(7), 1),
    "make one to look at": lambda repo: readonly.create(repo.layout, prompt_work(7), 1, repo.head()),
    "make a temporary one": make_a_temporary_one,
    "delete a branch": lambda repo: Git(repo.root).run("branch", "-D", "--", "unused", writes=True),
}


@pytest.mark.parametrize("beside", BESIDE)
def test_a_worktree_that_somebody_else_is_making_is_waited_for(
    repo: Repository, monkeypatch: pytest.MonkeyPatch, beside: str
) -> None:
    repo.git("branch", "unused")
    repo.git("worktree", "add", "-q", "--detach", str(repo.root.parent / "other"), "main")
    half = repo.root / ".git/worktrees/other/commondir"
    whole = half.read_text()
    half.write_text("")
    monkeypatch.setattr("coordinator.changes.git._PATIENCE", 0.0)
    with pytest.raises(GitError, match="commondir"):
        BESIDE[beside](repo)
    repo.git("update-ref", "refs/heads/unused", "main")
    monkeypatch.setattr("coordinator.changes.git._PATIENCE", 60.0)

    def look(*args: str, **how: Any) -> Any:
        done = run_git(*args, **how)
        if done.status and "commondir" in done.err:
            half.write_text(whole)
        return done

    monkeypatch.setattr("coordinator.changes.git.run_git", look)
    BESIDE[beside](repo)
    assert half.read_text() == whole


def test_a_stale_lock_on_the_branch_is_removed(repo: Repository) -> None:
    lock = repo.root / ".git/refs/heads/coord/07-1.lock"
    repo.write({".git/refs/heads/coord/07-1.lock": ""})
    os.utime(lock, (0, 0))
    assert create(repo.layout, prompt_work(7), 1).base == repo.head("coord/07-1")
    assert not lock.exists()


@pytest.mark.parametrize("name", ["worktrees/07-1/index.lock", "refs/heads/coord/07-1.lock"])
def test_the_lock_of_a_living_process_stays(repo: Repository, name: str) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    lock = repo.root / ".git" / name
    lock.touch()
    with subprocess.Popen(["cat"], cwd=info.path, stdin=subprocess.PIPE) as living:
        assert "seems to be at work" in create(repo.layout, prompt_work(7), 1).warning
        assert lock.exists()
        assert living.stdin is not None
        living.stdin.close()


def test_a_failing_post_checkout_hook_is_told_and_the_worktree_used(repo: Repository) -> None:
    hook = repo.root / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch prepared\necho no network >&2\nexit 3\n")
    hook.chmod(0o755)
    info = create(repo.layout, prompt_work(7), 1)
    assert info.warning == "the post-checkout hook failed: no network"
    assert (info.path / "prepared").exists()


def test_what_a_hook_leaves_running_does_not_hold_up(repo: Repository) -> None:
    hook = repo.root / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nsleep 600 &\necho $! > daemon\n")
    hook.chmod(0o755)
    info = create(repo.layout, prompt_work(7), 1)
    os.kill(int((info.path / "daemon").read_text()), signal.SIGKILL)
    assert info.warning == ""


def test_a_command_that_takes_too_long_is_ended(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.changes.command.WRITE_TIMEOUT", 0.5)
    repo.git("config", "filter.slow.smudge", "sleep 600")
    repo.commit({".gitattributes": "*.txt filter=slow\n", "a.txt": "a\n"})
    with pytest.raises(CoordError, match=r"did not end within 0\.5 s"):
        create(repo.layout, prompt_work(7), 1)
    repo.git("config", "filter.slow.smudge", "cat")
    monkeypatch.undo()
    assert repo.status(cwd=create(repo.layout, prompt_work(7), 1).path) == ""


def test_remove_takes_a_merged_worktree_and_its_branch(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    repo.commit({"a.txt": "a\n"}, cwd=info.path)
    assert remove(repo.layout, prompt_work(7), 1) == Kept("coord/07-1 is not merged")
    repo.git("merge", "--quiet", "coord/07-1")
    assert remove(repo.layout, prompt_work(7), 1) == Removed()
    assert not info.path.exists()
    assert repo.head("coord/07-1") == ""
    assert existing(repo.layout) == []
    assert remove(repo.layout, prompt_work(7), 1) == Removed()


@pytest.mark.parametrize("left", ["new.txt", "README.md"])
def test_remove_keeps_what_is_not_committed(repo: Repository, left: str) -> None:
    repo.git("config", "status.showUntrackedFiles", "no")  # with which git itself would remove it
    info = create(repo.layout, prompt_work(7), 1)
    repo.write({left: "not committed\n"}, cwd=info.path)
    kept = remove(repo.layout, prompt_work(7), 1)
    assert isinstance(kept, Kept)
    assert left in kept.reason
    assert (info.path / left).read_text() == "not committed\n"


@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize(
    "command",
    [
        ("worktree", "add", "--quiet", "--detach", "in/ner"),
        ("clone", "--quiet", ".", "in/ner"),
        ("clone", "--quiet", "--bare", ".", "in/ner/.git"),
        ("clone", "--quiet", "--bare", ".", "in/ner"),
    ],
)
def test_remove_keeps_what_has_another_worktree_or_repository_in_it(
    repo: Repository, command: tuple[str, ...], ignored: bool
) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    repo.write({".git/info/exclude": "in/\n" if ignored else ""})
    repo.git(*command, cwd=info.path)
    kept = remove(repo.layout, prompt_work(7), 1)
    assert isinstance(kept, Kept)
    assert "in/" in kept.reason
    assert (info.path / "in/ner").exists()


@pytest.mark.parametrize("mark", ["skip-worktree", "assume-unchanged"])
def test_remove_keeps_a_change_that_git_was_told_not_to_look_at(repo: Repository, mark: str) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    repo.git("update-index", f"--{mark}", "README.md", cwd=info.path)
    before = (info.path / "README.md").read_text()
    repo.write({"README.md": "mine\n"}, cwd=info.path)
    kept = remove(repo.layout, prompt_work(7), 1)
    assert isinstance(kept, Kept)
    assert "README.md" in kept.reason
    assert (info.path / "README.md").read_text() == "mine\n"
    (info.path / "README.md").write_text(before)
    assert remove(repo.layout, prompt_work(7), 1) == Removed()


def test_ignored_files_and_the_empty_shell_of_a_repository_go(repo: Repository) -> None:
    repo.write({".git/info/exclude": "node_modules\n.env\n"})
    info = create(repo.layout, prompt_work(7), 1)
    repo.write({".env": "KEY=1\n", "node_modules/a/index.js": "1\n"}, cwd=info.path)
    repo.git("init", "--quiet", "--template=", "node_modules/empty", cwd=info.path)
    assert remove(repo.layout, prompt_work(7), 1) == Removed()
    assert not info.path.exists()


def test_a_repository_in_the_place_of_a_worktree_is_kept_aside(repo: Repository) -> None:
    repo.git("clone", "--quiet", "--no-checkout", ".", str(repo.layout.worktree(prompt_work(7), 1)))
    assert "kept as 07-1.stray-1" in create(repo.layout, prompt_work(7), 1).warning
    assert repo.git("log", "--format=%s", cwd=repo.layout.worktrees / "07-1.stray-1") == "Work"


def test_remove_keeps_commits_on_a_detached_head(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    repo.git("switch", "--quiet", "--detach", cwd=info.path)
    repo.commit({"a.txt": "a\n"}, cwd=info.path)
    assert remove(repo.layout, prompt_work(7), 1) == Kept("07-1 has commits that are not on its branch")


def test_remove_keeps_a_locked_worktree(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    repo.git("worktree", "lock", "--reason", "mine", str(info.path))
    kept = remove(repo.layout, prompt_work(7), 1)
    assert isinstance(kept, Kept)
    assert "lock" in kept.reason
    assert info.path.exists()


def test_remove_keeps_a_folder_that_is_not_a_worktree(repo: Repository) -> None:
    repo.write({"notes.txt": "of somebody\n"}, cwd=repo.layout.worktree(prompt_work(7), 1))
    assert remove(repo.layout, prompt_work(7), 1) == Kept("07-1 is not a worktree of this repository")


def test_remove_of_a_squashed_change_keeps_the_branch(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    tip = repo.commit({"a.txt": "a\n"}, cwd=info.path)
    squash = repo.commit({"a.txt": "a\n"}, "Squashed")
    assert remove(repo.layout, prompt_work(7), 1, merged_as=squash, merged_tip=tip) == Removed()
    assert not info.path.exists()
    assert repo.head("coord/07-1") == tip
    later = create(repo.layout, prompt_work(7), 1, resume=True)
    repo.commit({"b.txt": "b\n"}, cwd=later.path)
    assert isinstance(remove(repo.layout, prompt_work(7), 1, merged_as=squash, merged_tip=tip), Kept)
