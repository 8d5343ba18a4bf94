"""The forge gate on a plain bare remote, and with a tool for pull requests beside it."""

import json
import os
import stat
from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.forge import Remote, pass_forge
from coordinator.changes.gate import MergeRequest
from coordinator.changes.outcome import AtForge, Merged, Outcome, Refused, Waiting
from coordinator.changes.pull_request import Tool, find_tool
from coordinator.changes.worktrees import Removed, WorktreeInfo, create, remove
from coordinator.errors import CoordError
from coordinator.model.work import prompt_work

GH = """\
#!/usr/bin/env python3
import json, os, subprocess, sys
folder = os.environ["FAKE_GH"]
with open(folder + "/calls", "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
state = folder + "/state.json"
if sys.argv[1:3] == ["pr", "create"]:
    json.dump([{"url": "https://forge.example/1", "state": "OPEN", "mergeCommit": None}], open(state, "w"))
elif os.path.exists(state):
    print(open(state).read())
else:
    print("[]")
"""

GLAB = GH.replace('["pr", "create"]', '["mr", "create"]').replace(
    '"url": "https://forge.example/1", "state": "OPEN", "mergeCommit": None',
    '"web_url": "https://forge.example/1", "state": "opened", "merge_commit_sha": None, "squash_commit_sha": None',
)


class Forge:
    """A project with a bare remote, and the clone of somebody who merges there."""

    def __init__(self, folder: Path, repo: Repository) -> None:
        self.repo, self.bare, self.clone = repo, folder / "remote.git", folder / "clone"
        repo.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        repo.git("remote", "add", "origin", str(self.bare))
        repo.git("push", "--quiet", "origin", "main")
        repo.git("clone", "--quiet", str(self.bare), str(self.clone))

    def work(self, number: int = 7, **files: str) -> WorktreeInfo:
        info = create(self.repo.layout, prompt_work(number), 1)
        for name, text in (files or {"a": "one\n", "b": "two\n"}).items():
            self.repo.commit({f"{name}.txt": text}, f"Add {name}", cwd=info.path)
        return info

    def look(self, info: WorktreeInfo, tool: str = "none") -> Outcome:
        request = MergeRequest(info.work, 1, "--Add it", base="main", start=info.base)
        return pass_forge(self.repo.layout, request, Remote("origin", tool), body="> said")

    def there(self, *git: str) -> str:
        """A command of the one who merges, followed by a push."""
        self.repo.git("fetch", "--quiet", "origin", cwd=self.clone)
        self.repo.git("pull", "--quiet", cwd=self.clone)
        self.repo.git(*git, cwd=self.clone)
        return self.clone.name

    def push(self) -> str:
        self.repo.git("push", "--quiet", "origin", "main", cwd=self.clone)
        return self.repo.git("rev-parse", "HEAD", cwd=self.clone)


@pytest.fixture
def forge(tmp_path: Path, repo: Repository) -> Forge:
    return Forge(tmp_path, repo)


def test_a_change_is_pushed_once_and_waits(forge: Forge) -> None:
    info = forge.work()
    before = forge.repo.head()
    for _ in range(2):
        outcome = forge.look(info)
        assert isinstance(outcome, AtForge), outcome
        assert "pushed as origin/coord/07-1" in outcome.reason
    assert forge.repo.git("rev-parse", "refs/heads/coord/07-1", cwd=forge.bare) == forge.repo.head("coord/07-1")
    assert forge.repo.head() == before


@pytest.mark.parametrize("fast_forward", [True, False])
def test_a_merge_on_the_remote_is_seen_and_the_base_branch_follows(forge: Forge, fast_forward: bool) -> None:
    info = forge.work()
    forge.look(info)
    forge.there("merge", "--quiet", "--ff" if fast_forward else "--no-ff", "--no-edit", "origin/coord/07-1")
    landed = forge.push()
    outcome = forge.look(info)
    assert isinstance(outcome, Merged), outcome
    assert outcome.commit == landed
    assert len(outcome.commits) == 2
    assert forge.repo.head() == landed
    assert forge.repo.status() == ""
    assert (forge.repo.root / "b.txt").read_text() == "two\n"


def test_a_squash_is_seen_by_its_patch_and_its_worktree_can_go(forge: Forge) -> None:
    info = forge.work()
    forge.look(info)
    forge.there("merge", "--quiet", "--squash", "origin/coord/07-1")
    forge.repo.git("commit", "--quiet", "-m", "Squashed", cwd=forge.clone)
    squashed = forge.repo.git("rev-parse", "HEAD", cwd=forge.clone)
    forge.repo.commit({"other.txt": "x\n"}, cwd=forge.clone)
    forge.push()
    outcome = forge.look(info)
    assert isinstance(outcome, Merged), outcome
    assert outcome.commit == squashed
    tip = forge.repo.head("coord/07-1")
    assert remove(forge.repo.layout, prompt_work(7), 1, "main", merged_as=squashed, merged_tip=tip) == Removed()


def test_a_rebase_is_seen_commit_by_commit(forge: Forge) -> None:
    info = forge.work()
    forge.look(info)
    forge.repo.commit({"other.txt": "x\n"}, cwd=forge.clone)
    forge.push()
    forge.there("cherry-pick", "origin/main..origin/coord/07-1")
    landed = forge.push()
    outcome = forge.look(info)
    assert isinstance(outcome, Merged), outcome
    assert outcome.commit == landed
    assert forge.repo.head() == landed


@pytest.mark.parametrize("half", ["origin/coord/07-1~1", "origin/coord/07-1"])
def test_half_of_a_change_is_not_the_change(forge: Forge, half: str) -> None:
    info = forge.work()
    forge.look(info)
    forge.repo.commit({"other.txt": "x\n"}, cwd=forge.clone)
    forge.push()
    forge.there("cherry-pick", half)
    forge.push()
    assert isinstance(forge.look(info), AtForge)


def test_other_work_on_the_remote_is_not_taken_before_a_merge(forge: Forge) -> None:
    info = forge.work()
    before = forge.repo.head()
    forge.repo.commit({"other.txt": "x\n"}, cwd=forge.clone)
    forge.push()
    assert isinstance(forge.look(info), AtForge)
    assert forge.repo.head() == before


def merged_there(forge: Forge) -> WorktreeInfo:
    info = forge.work()
    forge.look(info)
    forge.there("merge", "--quiet", "--no-ff", "--no-edit", "origin/coord/07-1")
    forge.push()
    return info


def test_own_commits_on_the_base_branch_make_it_wait_and_pulling_helps(forge: Forge) -> None:
    info = merged_there(forge)
    own = forge.repo.commit({"mine.txt": "x\n"})
    outcome = forge.look(info)
    assert isinstance(outcome, Waiting)
    assert "git pull" in outcome.reason
    assert forge.repo.head() == own
    forge.repo.git("pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main")
    assert isinstance(forge.look(info), Merged)


def test_the_engineers_changes_in_the_way_make_it_wait(forge: Forge) -> None:
    info = merged_there(forge)
    (forge.repo.root / "a.txt").write_text("mine\n")
    outcome = forge.look(info)
    assert isinstance(outcome, Waiting)
    assert outcome.files == ("a.txt",)
    assert (forge.repo.root / "a.txt").read_text() == "mine\n"
    (forge.repo.root / "a.txt").unlink()
    assert isinstance(forge.look(info), Merged)


def test_a_branch_deleted_there_is_not_offered_again_unasked(forge: Forge) -> None:
    info = forge.work()
    forge.look(info)
    forge.repo.git("branch", "--quiet", "-D", "coord/07-1", cwd=forge.bare)
    outcome = forge.look(info)
    assert isinstance(outcome, Waiting)
    assert "coord review 7 --reject" in outcome.reason
    forge.repo.git("push", "--quiet", "origin", "coord/07-1")
    assert isinstance(forge.look(info), AtForge)


def test_nothing_is_forced_on_the_remote(forge: Forge) -> None:
    info = forge.work()
    forge.look(info)
    forge.there("switch", "--quiet", "coord/07-1")
    theirs = forge.repo.commit({"c.txt": "theirs\n"}, cwd=forge.clone)
    forge.repo.git("push", "--quiet", "origin", "coord/07-1", cwd=forge.clone)
    forge.repo.commit({"d.txt": "ours\n"}, cwd=info.path)
    outcome = forge.look(info)
    assert isinstance(outcome, Waiting)
    assert "does not take coord/07-1" in outcome.reason
    assert forge.repo.git("rev-parse", "coord/07-1", cwd=forge.bare) == theirs


def test_what_the_gate_refuses_is_not_pushed(forge: Forge) -> None:
    info = create(forge.repo.layout, prompt_work(7), 1)
    forge.repo.commit({".coord/x": "x\n"}, cwd=info.path)
    assert isinstance(forge.look(info), Refused)
    assert forge.repo.git("branch", "--list", "coord/*", cwd=forge.bare) == ""


def test_a_missing_remote_or_base_branch_is_said_in_plain_words(repo: Repository, forge: Forge) -> None:
    info = forge.work()
    forge.repo.git("remote", "rename", "origin", "upstream")
    outcome = forge.look(info)
    assert isinstance(outcome, Waiting)
    assert "git remote add origin URL" in outcome.reason
    forge.repo.git("init", "--quiet", "--bare", str(forge.bare) + "2")
    forge.repo.git("remote", "add", "origin", str(forge.bare) + "2")
    outcome = forge.look(info)
    assert isinstance(outcome, Waiting)
    assert "git push origin main" in outcome.reason
    forge.repo.git("remote", "set-url", "origin", str(forge.bare) + "-gone")
    with pytest.raises(CoordError):
        forge.look(info)


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a `gh` that notes what it is asked, first on PATH; its state is what the forge would say."""
    folder = tmp_path / "gh"
    folder.mkdir()
    (folder / "gh").write_text(GH)
    (folder / "gh").chmod((folder / "gh").stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_GH", str(folder))
    return folder


def calls(gh: Path) -> list[list[str]]:
    return [json.loads(line) for line in (gh / "calls").read_text().splitlines()]


def say(gh: Path, state: str, commit: str = "") -> None:
    merge = {"oid": commit} if commit else None
    (gh / "state.json").write_text(json.dumps([{"url": "https://x/1", "state": state, "mergeCommit": merge}]))


def test_a_pull_request_is_opened_once_with_the_words_of_the_agent(forge: Forge, gh: Path) -> None:
    info = forge.work()
    for _ in range(2):
        outcome = forge.look(info, "gh")
        assert isinstance(outcome, AtForge)
        assert outcome.url == "https://forge.example/1"
    opened = [call for call in calls(gh) if call[1] == "create"]
    ends = ["--head=coord/07-1", "--base=main", "--title=07 --Add it", "--body=> said"]
    assert opened == [["pr", "create", *ends]]


def test_the_forges_word_counts_for_a_squash_that_was_edited(forge: Forge, gh: Path) -> None:
    info = forge.work()
    forge.look(info, "gh")
    edited = forge.repo.commit({"a.txt": "one, edited\n"}, cwd=forge.clone)
    say(gh, "MERGED", edited)
    assert isinstance(forge.look(info, "gh"), AtForge)  # nobody can fetch it yet
    forge.push()
    outcome = forge.look(info, "gh")
    assert isinstance(outcome, Merged), outcome
    assert outcome.commit == edited


def test_a_merge_request_of_gitlab_goes_the_same_way(forge: Forge, gh: Path) -> None:
    (gh / "glab").write_text(GLAB)
    (gh / "glab").chmod(0o755)
    info = forge.work()
    for _ in range(2):
        outcome = forge.look(info, "glab")
        assert isinstance(outcome, AtForge)
        assert outcome.url == "https://forge.example/1"
    ends = [
        "--source-branch=coord/07-1",
        "--target-branch=main",
        "--title=07 --Add it",
        "--description=> said",
        "--yes",
    ]
    assert [call for call in calls(gh) if call[1] == "create"] == [["mr", "create", *ends]]
    asked = next(call for call in calls(gh) if call[1] == "list")
    assert asked == ["mr", "list", "--source-branch=coord/07-1", "--all", "--per-page=1", "--output=json"]
    edited = forge.repo.commit({"a.txt": "one, edited\n"}, cwd=forge.clone)
    forge.push()
    merged = {"web_url": "https://x/1", "state": "merged", "merge_commit_sha": None, "squash_commit_sha": edited}
    (gh / "state.json").write_text(json.dumps([merged]))
    outcome = forge.look(info, "glab")
    assert isinstance(outcome, Merged), outcome
    assert outcome.commit == edited


def test_a_closed_pull_request_waits_for_a_human(forge: Forge, gh: Path) -> None:
    info = forge.work()
    forge.look(info, "gh")
    say(gh, "CLOSED")
    outcome = forge.look(info, "gh")
    assert isinstance(outcome, Waiting)
    assert "closed unmerged" in outcome.reason


def test_a_tool_that_fails_or_babbles_is_an_error_with_a_way_on(gh: Path) -> None:
    (gh / "state.json").write_text("not JSON")
    with pytest.raises(CoordError, match="something else than JSON"):
        Tool("gh", gh).find("coord/07-1")
    (gh / "gh").write_text("#!/bin/sh\necho 'not logged in \033[31m' >&2; exit 4\n")
    with pytest.raises(CoordError, match="not logged in") as error:
        Tool("gh", gh).find("coord/07-1")
    assert "\033" not in error.value.message
    assert "forge: none" in error.value.remedy


@pytest.mark.parametrize(
    ("setting", "url", "name"),
    [
        ("auto", "git@github.com:a/b.git", "gh"),
        ("auto", "https://user@github.example.com/a/b", "gh"),
        ("auto", "/srv/github/bare.git", None),
        ("auto", "ssh://git@gitlab.com/a/b", None),
        ("none", "https://github.com/a/b", None),
        ("gh", "/srv/bare.git", "gh"),
    ],
)
def test_the_tool_follows_setting_address_and_what_is_installed(
    gh: Path, monkeypatch: pytest.MonkeyPatch, setting: str, url: str, name: str | None
) -> None:
    monkeypatch.setenv("PATH", str(gh))
    found = find_tool(setting, url, gh)
    assert (found.name if found else None) == name


def test_a_tool_that_is_set_but_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CoordError, match="glab isn't installed"):
        find_tool("glab", "x", tmp_path)
