"""GitHub issues by `gh`: read as tasks, and told what became of them; the tool is a script that remembers its calls."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import coord
from support.project import Project

from coordinator.apply.write_back import write_back

Make = Callable[..., Project]
SAMPLE = Path(__file__).parents[1] / "formats/imports/samples/github/github/issues.json"
GH = """\
#!/usr/bin/env python3
import json, os, sys
with open(os.environ["FAKE_GH"] + "/calls", "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
if os.path.exists(os.environ["FAKE_GH"] + "/fails"):
    sys.exit("HTTP 403: \\x1b[31mno\\nmore")
if sys.argv[1:3] == ["issue", "list"]:
    print(open(os.environ["FAKE_GH"] + "/issues.json").read())
"""


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tool, what it answers and what it was called with."""
    folder = tmp_path / "gh"
    folder.mkdir()
    (folder / "gh").write_text(GH)
    (folder / "gh").chmod(0o755)
    (folder / "issues.json").write_bytes(SAMPLE.read_bytes())
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_GH", str(folder))
    return folder


def calls(gh: Path) -> list[list[str]]:
    return [json.loads(line) for line in (gh / "calls").read_text().splitlines()]


def test_issues_become_prompts_and_are_told_of_the_merge_once(make: Make, gh: Path) -> None:
    made = make({}, gate="auto", write_back="\n  github:ada/list: close")
    root = made.layout.root
    plan = coord("import", "github:ada/list", "--yes", "--json", at=root)
    assert plan.code == 0, plan.err
    assert [row["source"] for row in plan.json["items"]] == [f"github:ada/list#{n}" for n in (10, 11, 12)]
    assert calls(gh)[0][:2] == ["issue", "list"]
    assert calls(gh)[0][-1] == "--repo=ada/list"
    again = coord("import", "github:ada/list", "--yes", at=root)
    assert "nothing has changed" in again.out
    script = 'echo x >x; git add x; git commit -qm x; coord agent done --summary "x"\n'
    (made.layout.scripts / "02.sh").write_text(script)
    (made.layout.scripts / "03.sh").write_text("coord agent fail --summary no\n")
    made.own_environment = {"PATH": f"{made._bin}:{gh}:{os.environ['PATH']}", "FAKE_GH": str(gh)}
    made.run_loop()
    assert made.states()[2] == "merged"
    told = [call for call in calls(gh) if call[:2] != ["issue", "list"]]
    assert [call[:3] for call in told] == [["issue", "comment", "11"], ["issue", "close", "11"]]
    commit = made.snapshot().prompts[2].commits[0]
    assert told[0][3] == f"--body=Merged by coord, as prompt 02.\n\n- {commit}"
    once = write_back(made.layout, made.snapshot(), "github:ada/list", "close")
    assert (once.changes, once.problems) == ((), ())


def test_by_hand_an_issue_is_commented_on_and_stays_open(make: Make, gh: Path) -> None:
    made = make({})
    root = made.layout.root
    assert coord("import", "github", "--yes", at=root).code == 0
    assert not any(word.startswith("--repo") for word in calls(gh)[0])
    (made.layout.scripts / "02.sh").write_text("coord agent done --no-change --summary x\n")
    (made.layout.scripts / "03.sh").write_text("coord agent fail --summary no\n")
    made.run_loop()
    (gh / "fails").touch()
    refused = coord("import", "github", "--write-back", "--yes", "--json", at=root)
    assert refused.code == 1
    assert refused.json["problems"][0]["message"] == "gh issue comment: HTTP 403: ·[31mno"
    (gh / "fails").unlink()
    done = coord("import", "github", "--write-back", "--yes", "--json", at=root)
    assert [one["source"] for one in done.json["written"]] == ["github:ada/list#11"]
    assert calls(gh)[-1][:3] == ["issue", "comment", "11"]


def test_what_is_no_repository_never_reaches_the_tool(make: Make, gh: Path) -> None:
    root = make({}).layout.root
    for place in ("github:--web", "github:ada/list/../x", "github:a b/c"):
        refused = coord("import", place, "--dry-run", at=root)
        assert (refused.code, "is no repository" in refused.err) == (2, True)
    assert not (gh / "calls").exists()


def test_without_the_tool_it_is_said_what_to_install(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make({}).layout.root
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = coord("import", "github", "--dry-run", at=root)
    assert (missing.code, "gh isn't installed" in missing.err) == (1, True)
