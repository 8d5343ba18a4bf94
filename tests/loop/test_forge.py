"""The forge gate in the loop: pushed, merged by somebody on a bare remote, seen, and the next prompt builds on it."""

from collections.abc import Callable

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.model.work import prompt_work

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
        wait_until(lambda b=branch: repo.git("branch", "--list", b, cwd=bare), message=branch)
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
    assert loop.wait(90) == 0
    assert repo.head() == repo.git("rev-parse", "main", cwd=bare)
    assert repo.status() == ""
    assert len(made.events("run.at_forge")) == 3
    assert made.events("problem.found") == []
    refused = made.coord("review", "1", "--approve", check=False)
    assert refused.returncode == 3


GH = """\
#!/usr/bin/env python3
import json, os, subprocess, sys
args, folder = sys.argv[1:], os.environ["FAKE_GH"]
branch = next((a.split("=", 1)[1] for a in args if a.startswith("--head=")), "")
if args[:2] == ["pr", "create"]:
    open(folder + "/" + branch.replace("/", "+"), "w").close()
elif args[:2] == ["pr", "list"]:
    there = os.path.exists(folder + "/" + branch.replace("/", "+"))
    url = "https://github.com/acme/limit/pull/" + branch[-1]
    print(json.dumps([{"url": url, "state": "OPEN", "mergeCommit": None}] if there else []))
elif args[:2] == ["pr", "view"]:
    tip = subprocess.run(["git", "rev-parse", "coord/01-" + args[2][-1]], capture_output=True, text=True).stdout.strip()
    link = "https://github.com/acme/limit/actions/runs/5/job/7"
    check = {"name": "unit", "status": "COMPLETED", "conclusion": "FAILURE", "detailsUrl": link}
    print(json.dumps({"headRefOid": tip, "reviews": [], "statusCheckRollup": [check]}))
elif args[0] == "api":
    at = {"path": "file-1.txt", "line": 1, "side": "RIGHT", "body": "Name the unit.", "user": {"login": "ada"}}
    more = {"id": args[1][-20:], "author_association": "OWNER", "diff_hunk": "@@ -0,0 +1 @@\\n+by attempt 1"}
    print(json.dumps([{**at, **more}] if "/pulls/1/" in args[1] else []))
elif args[0] == "run":
    print("unit\\tRun\\tassert 1 == 2")
"""


def test_failed_checks_and_comments_of_the_forge_go_to_the_agent_once(make: Make) -> None:
    made = make({1: []}, gate="forge", forge="gh", max_attempts=1)
    repo, bare, folder = made.repository, made.repository.root.parent / "remote.git", made.repository.root.parent / "gh"
    repo.git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    repo.git("remote", "add", "origin", str(bare))
    repo.git("push", "--quiet", "origin", "main")
    folder.mkdir()
    program = made.command.parent / "gh"
    program.write_text(GH)
    program.chmod(0o755)
    made.own_environment["FAKE_GH"] = str(folder)
    made.start_loop()
    wait_until(lambda: len(made.events("change.commented")) == 2, message="what both pull requests say")
    first, second = made.events("change.commented")
    assert first.data["note"] == "at the forge: 1 check failed, 1 comment"
    assert second.data["note"] == "at the forge: 1 check failed"
    assert [one["id"] for one in first.data["comments"]] == ["C1", "C2"]  # type: ignore[attr-defined]
    told = (made.layout.attempt("run-1", prompt_work(1), 2) / "prompt.txt").read_text()
    assert "> Name the unit." in told
    assert "> assert 1 == 2" in told
    assert "`by attempt 1`" in told
    assert len(made.attempts(1)) == 2  # its agent was given it once, as often as `max_attempts` says
    assert made.states() == {1: "change-open"}
    shown = made.coord("review", "1").stdout
    assert "Name the unit." in shown
    assert "The check unit failed" in shown
