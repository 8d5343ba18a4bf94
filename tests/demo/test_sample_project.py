"""The sample project's scripts do real work, and their branches merge in any order that the dependencies allow."""

import json
import os
import random
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from coordinator.observe.observer import Observer
from coordinator.storage.packaged import packaged
from coordinator.storage.paths import Layout
from coordinator.storage.project import IGNORED

RECORDER = """#!/bin/sh
printf '%s\\n' "$*" >>"$COORD_ROOT/calls"
[ "$1" != ask ] || echo "$COORD_TEST_ANSWER"
"""


class Project:
    """A copy of the sample project in git, and the agents' command recorded."""

    def __init__(self, root: Path, answer: str) -> None:
        self.root = root / "tokenbucket"
        shutil.copytree(packaged("sample_project"), self.root, ignore=shutil.ignore_patterns("__pycache__"))
        bin_dir = root / "bin"
        bin_dir.mkdir()
        coord = bin_dir / "coord"
        coord.write_text(RECORDER)
        coord.chmod(coord.stat().st_mode | stat.S_IXUSR)
        self.environ = {
            **os.environ,
            "PATH": f"{bin_dir}{os.pathsep}{os.environ['PATH']}",
            "COORD_ROOT": str(self.root),
            "COORD_TEST_ANSWER": answer,
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{who}_{what}": "test@example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        (self.root / ".coord/scripts/pace").write_text("0\n")
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Start")

    def git(self, *arguments: str) -> str:
        return self.sh("git", *arguments).stdout

    def sh(
        self, *argv: str, cwd: Path | None = None, ok: bool = True, stdin: str = "", **extra: str
    ) -> subprocess.CompletedProcess[str]:
        env = {**self.environ, **extra}
        done = subprocess.run(
            argv, cwd=cwd or self.root, env=env, input=stdin, capture_output=True, text=True, timeout=60
        )
        assert not ok or done.returncode == 0, f"{argv}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done

    def attempt(self, number: int, attempt: int = 1, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one attempt in a worktree of its own, as the loop does."""
        label = f"{number:02d}"
        worktree = self.root / ".coord/worktrees" / f"{label}-{attempt}"
        self.git("worktree", "add", "--quiet", "-b", f"coord/{label}-{attempt}", str(worktree), "main")
        script = str(self.root / ".coord/scripts" / f"{label}.sh")
        return self.sh("sh", script, cwd=worktree, ok=ok, COORD_PROMPT=str(number), COORD_ATTEMPT=str(attempt))

    def calls(self) -> str:
        return (self.root / "calls").read_text()

    def planned(self, number: int, title: str) -> None:
        """Run a prompt that a Planner made, on a branch of its own, and merge it."""
        worktree = self.root / ".coord/worktrees" / f"{number}-1"
        self.git("worktree", "add", "--quiet", "-b", f"coord/{number}-1", str(worktree), "main")
        script = str(self.root / ".coord/scripts/default.sh")
        told = {"COORD_PROMPT": str(number), "COORD_ATTEMPT": "1"}
        text = f"# How to execute a prompt\n\n# Prompt {number}: {title}\n\nDo it.\n\n## How to speak, and how to end\n"
        self.sh("sh", script, cwd=worktree, stdin=text, **told)
        self.git("merge", "--quiet", "--no-edit", f"coord/{number}-1")

    def is_green(self, tests: str) -> bool:
        return self.sh("python3", "-m", "unittest", tests, ok=False).returncode == 0


def dependencies() -> dict[int, set[int]]:
    found = {}
    for path in packaged("sample_project/.coord/prompts").glob("*.prompt.md"):
        text = path.read_text()
        number = re.search(r"^number: (\d+)$", text, re.MULTILINE)
        listed = re.search(r"^dependencies: \[(.*)\]$", text, re.MULTILINE)
        assert number is not None, path
        assert listed is not None, path
        found[int(number[1])] = {int(n) for n in listed[1].split(",") if n.strip()}
    return found


@pytest.mark.parametrize(
    ("seed", "answer"), [(1, "when it is opened"), pytest.param(2, "only when asked", marks=pytest.mark.slow)]
)
def test_branches_merge_in_any_order_and_the_end_is_green(tmp_path: Path, seed: int, answer: str) -> None:
    rng = random.Random(seed)
    project = Project(tmp_path, answer)
    waits, merged = dependencies(), set[int]()
    while waits:
        ready = [n for n, needs in waits.items() if needs <= merged]
        rng.shuffle(ready)
        for number in ready:  # all from the same base: as parallel as it can get
            project.attempt(number, attempt=2)
        rng.shuffle(ready)
        for number in ready[: rng.randint(1, len(ready))]:
            project.git("merge", "--quiet", "--no-edit", f"coord/{number:02d}-2")
            project.sh("python3", "-m", "unittest")
            merged.add(number)
            del waits[number]
        for number in ready:
            project.git("worktree", "remove", "--force", f".coord/worktrees/{number:02d}-2")
            project.git("branch", "-D", f"coord/{number:02d}-2")
    assert project.sh("python3", "-m", "unittest").stderr.count("OK") == 1
    assert ("self.forget()" in (project.root / "tokenbucket/store.py").read_text()) is (answer == "when it is opened")


def test_first_attempt_of_06_fails_for_a_reason_and_hands_it_on(tmp_path: Path) -> None:
    project = Project(tmp_path, "")
    project.attempt(2)
    project.git("merge", "--quiet", "coord/02-1")
    first = project.attempt(6, ok=False)
    assert first.returncode == 1
    assert "test_a_busy_client_keeps_its_bucket" in first.stdout or "FAILED (failures=1)" in first.stdout
    assert "agent fail --verdict first-in-first-out eviction" in project.calls()
    project.attempt(6, attempt=2)
    assert "agent done" in project.calls()


def test_the_trivial_prompt_changes_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path, "")
    project.attempt(10)
    assert project.git("rev-list", "main..coord/10-1") == ""
    assert project.git("-C", ".coord/worktrees/10-1", "status", "--porcelain") == ""


def test_every_prompt_has_a_script_and_depends_on_prompts_that_exist() -> None:
    scripts = {int(path.stem) for path in packaged("sample_project/.coord/scripts").glob("[0-9]*.sh")}
    waits = dependencies()
    assert scripts == set(waits)
    assert set().union(*waits.values()) <= set(waits)


def test_the_sample_is_a_sound_project() -> None:
    layout = Layout(packaged("sample_project"))
    snapshot = Observer(layout).snapshot()
    assert snapshot.problems == ()
    assert set(snapshot.prompts) == set(dependencies())
    assert all(b"## Acceptance Criteria" in prompt.source for prompt in snapshot.prompts.values())
    assert (layout.coord / ".gitignore").read_text() == IGNORED


CLOCK, COST = "Let the store go on when the clock steps back", "A negative cost fills a bucket of the store"
"""Titles of what the Planner of the second iteration wants."""


@pytest.mark.parametrize(
    ("answer", "order"), [("when it is opened", (CLOCK, COST)), ("only when asked", (COST, CLOCK))]
)
def test_what_the_first_round_misses_is_there_and_what_the_planner_wants_mends_it(
    tmp_path: Path, answer: str, order: tuple[str, str]
) -> None:
    project = Project(tmp_path, answer)
    for number in (2, 4, 9):
        project.attempt(number, attempt=2)
        project.git("merge", "--quiet", "--no-edit", f"coord/{number:02d}-2")
    security = str(project.root / ".coord/scripts/security.sh")
    assert not project.is_green("acceptance.test_clock")
    project.sh("sh", security)
    assert "agent feedback --json -" in project.calls()
    for number, title in enumerate(order, 12):
        project.planned(number, title)
    assert project.is_green("acceptance.test_clock")
    assert project.is_green("tests.test_store")
    calls = len(project.calls())
    assert "I have found nothing" in project.sh("sh", security).stdout
    assert "feedback" not in project.calls()[calls:]


def test_a_prompt_that_nobody_has_a_script_for_is_taken_down(tmp_path: Path) -> None:
    project = Project(tmp_path, "")
    project.planned(12, "Make it blue")
    assert "Make it blue" in (project.root / "notes/prompt-12.md").read_text()


def decided(page: dict[str, object], *titles: str) -> dict[str, object]:
    """What the Planner's script makes of the milestone's page, and of the prompts that there are."""
    script = (packaged("sample_project/.coord/scripts") / "planner.sh").read_text()
    rules = script.partition("<<'PY'\n")[2].partition("\nPY\n")[0]
    known = json.dumps({"prompts": [{"title": title} for title in titles]})
    argv = [sys.executable, "-c", rules, known]
    done = subprocess.run(argv, input=json.dumps(page), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_the_scripted_planner_judges_by_what_there_is() -> None:
    clock = {"id": "SC-4", "text": "A clock that steps back locks nobody out.", "status": "failed"}
    low = {"number": 2, "title": "Long names", "priority": "low", "status": "open", "location": ""}
    high = {"number": 1, "title": "A negative cost fills it", "priority": "high", "status": "open", "location": "x"}
    page: dict[str, object] = {"criteria": [clock], "feedback": [], "verdicts": []}
    assert decided(page)["prompts"] == []  # nobody has looked yet
    page |= {"verdicts": [{"met": "yes"}], "feedback": [low, high]}
    plan = decided(page)
    assert [item["title"] for item in plan["prompts"]] == [CLOCK, "A negative cost fills it"]  # type: ignore[attr-defined]
    assert plan["prompts"][1]["dependencies"] == ["clock"]  # type: ignore[index]
    assert plan["feedback"] == [{"number": 2, "status": "backlog", "reason": "it costs nobody anything today"}]
    again = decided(page | {"feedback": []}, CLOCK)
    assert (again["decision"], again["blocker"]) == ("STUCK", f"SC-4 {clock['text']}")
    done = decided(page | {"feedback": [], "criteria": [clock | {"status": "witnessed"}]})
    assert done["decision"] == "DONE"
