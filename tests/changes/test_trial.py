"""Suites run on a commit that nobody has merged, all of them, and nothing of it stays."""

import os
from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.setup import Wanted
from coordinator.changes.trial import TrialRequest, Tried, named_in, try_suites
from coordinator.model.seal import SuiteRun
from coordinator.model.work import prompt_work


def suite(repo: Repository, name: str, command: str, timeout: float = 30) -> None:
    path = repo.layout.suites / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\ncommand: {command}\ntimeout: {timeout}\n---\n")


def tried(repo: Repository, *names: str, commit: str = "", **more: object) -> Tried:
    at = commit or repo.git("rev-parse", "main")
    return try_suites(repo.layout, TrialRequest(prompt_work(7), 1, at, names, "run-1", **more))  # type: ignore[arg-type]


def leftovers(repo: Repository) -> list[str]:
    return [name for name in os.listdir(repo.layout.worktrees) if name.startswith("seal-")]


def test_every_suite_runs_whatever_the_one_before_came_to(repo: Repository) -> None:
    suite(repo, "red", "echo broken; exit 3")
    suite(repo, "green", "test -f src/app.py && echo $COORD_ROLE $COORD_PROMPT")
    found = tried(repo, "red", "green")
    assert [(run.name, run.exit, run.output) for run in found.runs] == [
        ("red", 3, "broken\n"),
        ("green", 0, "suite 7\n"),
    ]
    assert [run.green for run in found.runs] == [False, True]
    assert all(len(run.digest) == 64 for run in found.runs)
    assert found.unrun == ()
    assert leftovers(repo) == []


def test_it_sees_the_commit_and_nothing_else(repo: Repository) -> None:
    suite(repo, "look", "git rev-parse HEAD; test ! -e new.txt")
    (repo.root / "new.txt").write_text("not committed\n")
    (found,) = tried(repo, "look").runs
    assert (found.exit, found.output.strip()) == (0, repo.git("rev-parse", "main"))


def test_one_that_never_ends_is_ended(repo: Repository) -> None:
    suite(repo, "long", "sleep 600", timeout=0.3)
    (found,) = tried(repo, "long").runs
    assert (found.green, found.timed_out, found.words) == (False, True, "suite long: timed out")


def test_what_is_no_suite_is_told(repo: Repository) -> None:
    suite(repo, "unit", "true")
    suite(repo, "empty", "''")
    found = tried(repo, "unit", "units", "empty")
    assert [run.name for run in found.runs] == ["unit"]
    assert [text.partition(":")[0] for text in found.unrun] == ["units", "empty"]


def test_a_checkout_that_can_not_be_made_ready_runs_none(repo: Repository) -> None:
    suite(repo, "unit", "true")
    setup = repo.layout.coord / "setup.sh"
    setup.write_text("#!/bin/sh\nexit 7\n")
    setup.chmod(0o755)
    found = tried(repo, "unit", setup=Wanted())
    assert found.runs == ()
    assert found.unrun[0].startswith("unit: ")
    assert leftovers(repo) == []


def test_what_a_killed_one_left_is_cleared_up(repo: Repository) -> None:
    suite(repo, "unit", "true")
    tried(repo, "unit")
    left = Path(repo.layout.worktrees / "seal-07-1-left")
    repo.git("worktree", "add", "--quiet", "--detach", str(left), "main")
    other = repo.layout.worktrees / "seal-07-12-other"
    other.mkdir()
    tried(repo, "unit")
    assert leftovers(repo) == [other.name]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("suite unit; suite other", ("unit",)),
        ("suite units, and Suite Unit.", ("unit",)),
        ("suite unit-2, suite unit.x", ()),
        ("unit", ()),
    ],
)
def test_suites_are_known_by_being_named(repo: Repository, text: str, names: tuple[str, ...]) -> None:
    suite(repo, "unit", "true")
    assert named_in(repo.layout, (text,)) == names


def test_a_red_one_is_told_in_words() -> None:
    assert SuiteRun("unit", 2).words == "suite unit: exit 2"
