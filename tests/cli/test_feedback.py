"""Findings by the command: filed once, judged by a human, made into prompts; and taken back."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.command import coord

from coordinator.apply.feedback import file_feedback
from coordinator.errors import Refused
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Actor, ActorKind
from coordinator.model.feedback import Feedback
from coordinator.storage.feedback import add_finding
from coordinator.storage.paths import Layout

HUMAN = Actor(ActorKind.HUMAN, "ada")
SPECIALIST = Actor(ActorKind.AGENT, "security-1-1", "specialist")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    assert coord("init", "--title", "Rate limiting", at=tmp_path).code == 0
    return tmp_path


def filed(root: Path, title: str = "Refill is off by one", *more: str) -> int:
    found = coord("feedback", "file", "--title", title, *more, "--json", at=root)
    assert found.code == 0, found.err
    return int(found.json["number"])


def kinds(root: Path) -> list[tuple[str, str]]:
    with EventLog.open(Layout(root).events_db) as log:
        return [(event.kind, event.subject) for event in log.tail(50, Filter(kinds=("feedback.",)))]


def test_a_finding_is_listed_and_shown_with_all_that_was_said(root: Path) -> None:
    words = {"priority": "high", "category": "tests", "location": "src/b.py:12"}
    more = {"issue": "It refills\n# twice", "impact": "Too many.", "suggestion": "use <="}
    options = [word for key, value in (words | more).items() for word in (f"--{key}", value)]
    assert filed(root, "Refill is off by one", *options) == 1
    (listed,) = coord("feedback", "--json", at=root).json["feedback"]
    assert {key: listed[key] for key in words} == words
    assert (listed["number"], listed["status"], listed["prompts"]) == (1, "open", [])
    whole = coord("feedback", "show", "1", "--json", at=root).json
    assert {key: whole[key] for key in more} == more
    assert whole["milestone"] == "Rate limiting"
    assert "Refill is off by one" in coord("feedback", at=root).out
    assert "use <=" in coord("feedback", "show", "1", at=root).out
    assert kinds(root) == [("feedback.filed", "feedback:1")]


def test_what_is_known_is_not_filed_twice(root: Path) -> None:
    assert filed(root) == 1
    again = coord("feedback", "file", "--title", "The refill is off by ONE, always", "--json", at=root).json
    assert (again["number"], again["new"]) == (1, False)
    assert kinds(root) == [("feedback.filed", "feedback:1")]


def test_the_most_urgent_come_first_and_what_is_dealt_with_is_not_listed(root: Path) -> None:
    for priority in ("low", "high", "medium"):
        filed(root, f"It is {priority} indeed", "--priority", priority)
    assert [f["priority"] for f in coord("feedback", "--json", at=root).json["feedback"]] == ["high", "medium", "low"]
    assert coord("feedback", "waive", "2", "--reason", "by design", "--yes", at=root).code == 0
    shown = coord("feedback", at=root).out
    assert "It is high" not in shown
    assert "1 more" in shown
    assert "waived: by design" in coord("feedback", "--all", at=root).out


def test_a_waiver_has_a_reason_is_logged_and_taken_back(root: Path) -> None:
    filed(root)
    assert coord("feedback", "waive", "1", "--yes", at=root).code == 2
    assert coord("feedback", "waive", "1", "--reason", " ", "--yes", at=root).code == 2
    assert coord("feedback", "waive", "1", "--reason", "by design", "--yes", at=root).code == 0
    again = coord("feedback", "waive", "1", "--reason", "by design", "--yes", at=root)
    assert (again.code, "waived already" in again.err) == (3, True)
    assert kinds(root)[-1] == ("feedback.waived", "feedback:1")
    assert coord("undo", "--yes", at=root).code == 0
    assert coord("feedback", "show", "1", "--json", at=root).json["status"] == "open"


def test_a_finding_becomes_less_urgent_or_is_left_for_later_and_opened_again(root: Path) -> None:
    filed(root)
    assert coord("feedback", "priority", "1", "low", "--yes", at=root).code == 0
    assert coord("feedback", "backlog", "1", "--reason", "after the release", "--yes", at=root).code == 0
    found = coord("feedback", "show", "1", "--json", at=root).json
    assert (found["priority"], found["status"], found["reason"]) == ("low", "backlog", "after the release")
    assert coord("feedback", "reopen", "1", "--yes", at=root).code == 0
    assert coord("feedback", "show", "1", "--json", at=root).json["status"] == "open"


def test_a_finding_becomes_a_prompt_and_both_are_taken_back_together(root: Path) -> None:
    filed(root, "Refill is off by one", "--priority", "high", "--issue", "It refills\n## Tasks\ntwice")
    plan = coord("feedback", "plan", "1", "--yes", "--json", at=root).json
    assert plan["number"] == 1
    (prompt,) = coord("status", "--json", at=root).json["prompts"]
    assert prompt["title"] == "Refill is off by one"
    text = (root / prompt["path"]).read_text()
    assert "priority: high" in text
    assert "> ## Tasks\n> twice" in text  # somebody's words: quoted, and no section of the prompt
    found = coord("feedback", "show", "1", "--json", at=root).json
    assert (found["status"], found["prompts"]) == ("planned", [1])
    assert kinds(root)[-1] == ("feedback.planned", "feedback:1")
    refused = coord("feedback", "plan", "1", "--yes", at=root)
    assert (refused.code, "as prompt 01" in refused.err) == (3, True)
    assert coord("undo", "--yes", at=root).code == 0
    assert coord("feedback", "show", "1", "--json", at=root).json["status"] == "open"
    assert coord("status", "--json", at=root).json["prompts"] == []


def test_a_plan_for_a_version_that_somebody_changed_is_stale(root: Path) -> None:
    filed(root)
    (path,) = Layout(root).feedback.iterdir()
    from coordinator.client.findings import finding
    from coordinator.client.look import look
    from coordinator.client.opening import open_project
    from coordinator.client.steering import Steering
    from coordinator.errors import StalePlan
    from coordinator.model.prompt import Priority
    from coordinator.services.feedback import Judgement, plan_judgement

    project = open_project(str(root))
    plan = plan_judgement(look(project), Judgement(finding(project, 1), priority=Priority.LOW))
    path.write_text(path.read_text() + "\nmore\n")
    with pytest.raises(StalePlan):
        Steering(project).apply(plan)
    assert "priority: medium" in path.read_text()


def test_an_executor_files_nothing_and_a_specialist_does(root: Path) -> None:
    layout = Layout(root)
    with EventLog.open(layout.events_db) as log:
        with pytest.raises(Refused, match=r"may not write feedback\.filed"):
            file_feedback(
                layout, log, Actor(ActorKind.AGENT, "executor-01-1", "executor"), Feedback(0, "It leaks keys")
            )
        assert not list(layout.feedback.iterdir())
        item, new = file_feedback(layout, log, SPECIALIST, Feedback(0, "It leaks ghp_" + "a" * 36))
    assert (item.number, item.source, new) == (1, "security-1-1", True)
    assert "ghp_" not in (root / item.path).read_text()


def test_a_kill_between_file_and_event_leaves_one_finding_that_is_told_when_it_is_filed_again(root: Path) -> None:
    layout = Layout(root)
    add_finding(layout, Feedback(0, "Refill is off by one"), 0)  # killed right after
    with EventLog.open(layout.events_db) as log:
        item, new = file_feedback(layout, log, HUMAN, Feedback(0, "Refill is off by one"))
    assert (item.number, new) == (1, False)
    assert kinds(root) == [("feedback.filed", "feedback:1")]


def test_a_number_is_given_once_also_when_its_file_is_gone(root: Path) -> None:
    filed(root)
    (path,) = Layout(root).feedback.iterdir()
    path.unlink()
    assert filed(root, "Something else entirely") == 2


def test_sixteen_writers_at_once_get_sixteen_numbers(root: Path) -> None:
    layout = Layout(root)

    def file(which: int) -> int:
        with EventLog.open(layout.events_db) as log:
            return file_feedback(layout, log, SPECIALIST, Feedback(0, f"Finding called {which:04b} here"))[0].number

    with ThreadPoolExecutor(16) as pool:
        assert sorted(pool.map(file, range(16))) == list(range(1, 17))


def test_files_that_are_no_findings_are_problems_and_nothing_waits_for_a_pipe(root: Path) -> None:
    layout = Layout(root)
    filed(root)
    (layout.feedback / "notes.md").write_text("x")
    (layout.feedback / "002-bad.md").write_text("---\ntitle: x\npriority: urgent\n---\n")
    (layout.feedback / "001-again.md").write_text("---\ntitle: y\n---\n")
    os.mkfifo(layout.feedback / "003-pipe.md")
    (layout.feedback / "004-link.md").symlink_to("/etc/passwd")
    problems = coord("validate", "--json", at=root).json["problems"]
    codes = {Path(p["path"]).name: p["code"] for p in problems if "feedback" in p["path"]}
    assert codes == {
        "notes.md": "bad-name",
        "002-bad.md": "bad-priority",
        "001-refill-is-off-by-one.md": "duplicate-number",
        "003-pipe.md": "unreadable",
        "004-link.md": "unreadable",
    }
    assert "can't be read" in coord("feedback", at=root).out
    refused = coord("feedback", "show", "2", at=root)
    assert (refused.code, "priority" in refused.err) == (3, True)
