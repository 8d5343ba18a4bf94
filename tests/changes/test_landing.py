"""The engineer's checkout while a change lands: nothing of it is ever lost, stashed or overwritten."""

from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.gate import MergeRequest, merge_attempt
from coordinator.changes.git import Git
from coordinator.changes.land import land
from coordinator.changes.lock import locked
from coordinator.changes.outcome import Merged, Outcome, Waiting
from coordinator.changes.worktrees import create
from coordinator.model.work import prompt_work


@pytest.fixture
def base(repo: Repository) -> str:
    """An attempt that changes README.md and adds a.txt and cache/x; the commit it started from."""
    info = create(repo.layout, prompt_work(7), 1)
    repo.commit({"README.md": "New.\n", "a.txt": "a\n", "cache/x": "x\n"}, cwd=info.path)
    return info.base


def merge(repo: Repository, base: str = "main") -> Outcome:
    return merge_attempt(repo.layout, MergeRequest(prompt_work(7), 1, title="日本語", base=base))


def test_unrelated_changes_survive_untouched(repo: Repository, base: str) -> None:
    repo.write({"src/app.py": "half a thought\n", "staged.txt": "staged\n", "untracked.txt": "mine\n"})
    repo.git("add", "staged.txt")
    before = repo.git("diff"), repo.git("diff", "--cached"), repo.status()
    assert isinstance(merge(repo), Merged)
    assert (repo.git("diff"), repo.git("diff", "--cached"), repo.status()) == before
    assert (repo.root / "README.md").read_text() == "New.\n"
    assert repo.git("stash", "list") == ""


@pytest.mark.parametrize("name", ["README.md", "a.txt"])
@pytest.mark.parametrize("staged", [False, True])
def test_changes_in_the_way_are_waited_for(repo: Repository, base: str, name: str, staged: bool) -> None:
    repo.write({name: "mine, not committed\n"})
    if staged:
        repo.git("add", name)
    before = repo.status()
    outcome = merge(repo)
    assert isinstance(outcome, Waiting)
    assert outcome.files == (name,)
    assert (repo.head(), repo.status()) == (base, before)
    assert (repo.root / name).read_text() == "mine, not committed\n"
    repo.git("rm", "--quiet", "--cached", "--ignore-unmatch", name)
    (repo.root / name).unlink()
    repo.git("reset", "--quiet", "--hard")
    assert isinstance(merge(repo), Merged)


def test_an_ignored_file_in_the_way_is_not_overwritten(repo: Repository, base: str) -> None:
    repo.commit({".gitignore": "a.txt\ncache/\n"})
    repo.write({"a.txt": "my secrets\n", "cache/x": "my cache\n"})
    outcome = merge(repo)
    assert isinstance(outcome, Waiting)
    assert set(outcome.files) == {"a.txt", "cache/x"}
    assert (repo.root / "a.txt").read_text() == "my secrets\n"


def test_files_in_the_way_are_told_by_their_names(repo: Repository) -> None:
    names = ("-dash", 'quo"te', "with space", "ünï")
    info = create(repo.layout, prompt_work(7), 1)
    repo.commit(dict.fromkeys(names, "theirs\n"), cwd=info.path)
    repo.write(dict.fromkeys(names, "mine\n"))
    outcome = merge(repo)
    assert isinstance(outcome, Waiting)
    assert outcome.files == names


def test_a_folder_in_the_way_is_waited_for(repo: Repository, base: str) -> None:
    repo.write({"a.txt/notes": "mine\n"})
    outcome = merge(repo)
    assert isinstance(outcome, Waiting)
    assert (repo.root / "a.txt/notes").read_text() == "mine\n"


def test_settings_of_the_engineer_change_nothing(repo: Repository, base: str) -> None:
    for key, value in {
        "merge.autoStash": "true",
        "branch.main.mergeOptions": "--squash --no-commit",
        "merge.ff": "false",
        "merge.verifySignatures": "true",
        "merge.stat": "true",
        "core.quotePath": "true",
        "diff.external": "/bin/false",
        "log.showSignature": "true",
        "i18n.commitEncoding": "latin1",
        "i18n.logOutputEncoding": "latin1",
        "core.editor": "/bin/false",
        "color.ui": "always",
        "status.showUntrackedFiles": "no",
    }.items():
        repo.git("config", key, value)
    repo.write({"src/app.py": "half a thought\n", "README.md": "mine\n"})
    waiting = merge(repo)
    assert isinstance(waiting, Waiting)
    assert (waiting.files, repo.status()) == (("README.md",), " M README.md\n M src/app.py")
    repo.write({"README.md": "A project.\n"})
    assert isinstance(merge(repo), Merged)
    assert (repo.root / "src/app.py").read_text() == "half a thought\n"
    commit = repo.git("cat-file", "commit", "HEAD")
    assert "Merge coord/07-1: 日本語" in commit
    assert "\nencoding " not in commit
    assert repo.git("stash", "list") == ""


@pytest.mark.parametrize(
    "hook", ["pre-merge-commit", "post-merge", "reference-transaction", "commit-msg", "pre-commit"]
)
def test_hooks_do_not_block_a_merge(repo: Repository, base: str, hook: str) -> None:
    path = repo.root / ".git/hooks" / hook
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(0o755)
    assert isinstance(merge(repo), Merged)


def test_the_environment_points_git_nowhere_else(repo: Repository, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent/index")
    monkeypatch.setenv("GIT_WORK_TREE", "/nonexistent")
    monkeypatch.setenv("GIT_TRACE", "1")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "From the environment")
    assert isinstance(merge(repo), Merged)
    assert repo.git("log", "-1", "--format=%an") == "From the environment"


def test_a_missing_identity_is_made_up_for(
    repo: Repository, base: str, own_git_settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_git_settings.write_text("[user]\n\tuseConfigOnly = true\n")
    assert isinstance(merge(repo), Merged)
    assert repo.git("log", "-1", "--format=%an <%ae> %cn") == "coord <coord@localhost> coord"


def test_a_base_that_is_not_checked_out_moves_alone(repo: Repository, base: str) -> None:
    repo.git("switch", "--quiet", "-c", "feature")
    repo.write({"README.md": "mine\n"})
    outcome = merge(repo)
    assert outcome == Merged(repo.head("main"), (repo.head("coord/07-1"),))
    assert (repo.head("feature"), repo.status()) == (base, " M README.md")


def test_a_detached_checkout_stays_where_it_is(repo: Repository, base: str) -> None:
    repo.git("switch", "--quiet", "--detach")
    assert isinstance(merge(repo), Merged)
    assert repo.head("HEAD") == base


def test_a_base_checked_out_elsewhere_is_brought_along(repo: Repository, base: str, tmp_path: Path) -> None:
    repo.git("switch", "--quiet", "-c", "feature")
    repo.git("worktree", "add", "--quiet", str(tmp_path / "other place"), "main")
    repo.write({"a.txt": "mine\n"}, cwd=tmp_path / "other place")
    outcome = merge(repo)
    assert isinstance(outcome, Waiting)
    assert "other place" in outcome.reason
    (tmp_path / "other place/a.txt").unlink()
    assert isinstance(merge(repo), Merged)
    assert repo.status(cwd=tmp_path / "other place") == ""


def test_a_checkout_of_the_base_that_is_gone_is_told(repo: Repository, base: str, tmp_path: Path) -> None:
    repo.git("switch", "--quiet", "-c", "feature")
    repo.git("worktree", "add", "--quiet", str(tmp_path / "other"), "main")
    (tmp_path / "other").rename(tmp_path / "away")
    outcome = merge(repo)
    assert isinstance(outcome, Waiting)
    assert "gone" in outcome.reason


@pytest.mark.parametrize("name", ["index.lock", "ORIG_HEAD.lock", "HEAD.lock", "refs/heads/main.lock"])
def test_another_git_command_at_work_is_waited_for(repo: Repository, base: str, name: str) -> None:
    lock = repo.root / ".git" / name
    lock.touch()
    outcome = merge(repo)
    assert isinstance(outcome, Waiting)
    assert lock.name in outcome.reason
    assert lock.exists()
    assert repo.head() == base
    lock.unlink()
    assert isinstance(merge(repo), Merged)


def conflicting_branch(repo: Repository) -> None:
    repo.git("switch", "--quiet", "-c", "topic")
    repo.commit({"src/app.py": "topic\n"})
    repo.git("switch", "--quiet", "main")
    repo.commit({"src/app.py": "main\n"})


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (("merge", "topic"), ("merge", "--abort")),
        (("rebase", "topic"), ("rebase", "--abort")),
        (("rebase", "--apply", "topic"), ("rebase", "--abort")),
        (("cherry-pick", "topic"), ("cherry-pick", "--abort")),
        (("revert", "--no-edit", "HEAD~1"), ("revert", "--abort")),
    ],
)
def test_an_operation_under_way_is_waited_for(
    repo: Repository, base: str, start: tuple[str, ...], end: tuple[str, ...]
) -> None:
    conflicting_branch(repo)
    head = repo.commit({"src/app.py": "main again\n"})
    repo.git(*start, check=False)
    before = repo.status()
    outcome = merge(repo)
    assert isinstance(outcome, Waiting), outcome
    assert (repo.head(), repo.status()) == (head, before)
    repo.git(*end)
    assert isinstance(merge(repo), Merged)


def test_a_bisect_goes_on_beside_a_merge(repo: Repository, base: str) -> None:
    for number in range(4):
        repo.commit({"src/app.py": f"{number}\n"})
    repo.git("bisect", "start", "HEAD", "HEAD~4")
    detached = repo.head("HEAD")
    assert isinstance(merge(repo), Merged)
    assert repo.head("HEAD") == detached
    repo.git("bisect", "reset")
    assert (repo.head("HEAD"), repo.status()) == (repo.head("main"), "")


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_branch_that_moved_meanwhile_is_never_set_back(repo: Repository, base: str, elsewhere: bool) -> None:
    moved = repo.commit({"b.txt": "b\n"})
    if elsewhere:
        repo.git("switch", "--quiet", "-c", "feature")
    with locked(repo.root / ".git/lock", 0) as hold:
        assert hold is not None
        found = land(Git(repo.root), "main", repo.head("coord/07-1"), base, hold)
    assert found == Waiting("main moved during the merge")
    assert repo.head() == moved
