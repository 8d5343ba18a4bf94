"""Findings by the command: filed once, judged by a human, made into prompts; and taken back."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.command import coord

from coordinator.apply.feedback import file_feedback
from coordinator.client.look import look
from coordinator.client.opening import open_project
from coordinator.errors import Refused
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Actor, ActorKind, Draft
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


def again(root: Path, *more: str) -> tuple[int, bool]:
    told = coord("feedback", "file", "--title", "Refill is off by one", *more, "--json", at=root).json
    return told["number"], told["new"]


def test_what_was_planned_and_is_over_and_is_found_still_is_filed_again(root: Path) -> None:
    assert again(root, "--priority", "high") == (1, True)
    assert coord("feedback", "plan", "1", "--yes", at=root).code == 0
    assert again(root, "--priority", "high") == (1, False)  # its prompt has not run
    loop = Actor(ActorKind.SYSTEM, "loop")
    with EventLog.open(Layout(root).events_db) as log:
        log.append([Draft("step.merged", "prompt:1", {})], loop)
        assert again(root, "--priority", "high") == (2, True)
        (told,) = log.tail(1, Filter(kinds=("feedback.filed",)))
    assert told.data["again"] == [1]
    assert again(root, "--priority", "high") == (2, False)  # and once
    assert coord("feedback", "waive", "2", "--reason", "by design", "--yes", at=root).code == 0
    assert again(root, "--priority", "high") == (2, False)  # a human's word on it stands


def test_what_is_cancelled_is_over_too_and_what_runs_again_is_not(root: Path) -> None:
    filed(root)
    assert coord("feedback", "plan", "1", "--yes", at=root).code == 0
    assert coord("cancel", "1", "--yes", at=root).code == 0
    with EventLog.open(Layout(root).events_db) as log:
        log.append([Draft("step.dispatched", "prompt:1", {})], Actor(ActorKind.SYSTEM, "loop"))
        assert again(root) == (1, False)
        log.append([Draft("prompt.cancelled", "prompt:1", {})], HUMAN)
    assert again(root) == (2, True)


def test_what_is_more_urgent_is_filed_beside_what_says_less_unless_a_human_made_that_less_urgent(root: Path) -> None:
    assert filed(root, "Secrets in the log", "--priority", "low") == 1
    assert filed(root, "All customer secrets in the log, readable by anyone", "--priority", "high") == 2
    assert coord("feedback", "priority", "2", "low", "--yes", at=root).code == 0
    assert filed(root, "All customer secrets in the log, readable by anyone", "--priority", "high") == 2


def test_a_finding_of_another_milestone_says_nothing_of_this_one(root: Path) -> None:
    milestone = Layout(root).milestone
    filed(root, "Refill is off by one", "--priority", "high")
    with EventLog.open(Layout(root).events_db) as log:
        before = {"id": "M1", "title": "Rate limiting"}
        log.append([Draft("milestone.created", "milestone", {"id": "M2", "title": "Next", "before": before})], HUMAN)
    (path,) = Layout(root).feedback.iterdir()
    path.write_text(path.read_text().replace("milestone: Rate limiting", "milestone: M1"))
    milestone.write_text("---\ntitle: Next\nid: M2\n---\n")
    assert again(root, "--priority", "high") == (2, True)
    assert again(root, "--priority", "high") == (2, False)


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


def test_findings_that_cannot_be_read_are_known_to_the_iteration(root: Path) -> None:
    layout = Layout(root)
    layout.milestone.write_text(layout.milestone.read_text().replace("---\n", "---\niterate: true\n", 1))
    filed(root)
    (layout.feedback / "002-bad.md").write_text("---\ntitle: x\npriority: High!\n---\n")
    (layout.feedback / "notes.md").write_text("no finding at all\n")
    assert _unread(root) == (".coord/feedback/002-bad.md",)
    layout.feedback.rename(root / "elsewhere")
    assert _unread(root) == ()
    layout.feedback.write_text("no folder")
    assert _unread(root) == (".coord/feedback",)


def test_what_humans_say_of_findings_by_coord_is_not_astray_and_what_is_written_into_their_files_is(root: Path) -> None:
    layout = Layout(root)
    layout.milestone.write_text(layout.milestone.read_text().replace("---\n", "---\niterate: true\n", 1))
    for number in range(1, 7):
        filed(root, f"Finding called {number} here", "--priority", "high")
    for words in ("waive 1 --reason r", "backlog 2", "priority 3 low", "plan 4", "plan 5", "reopen 5", "reopen 1"):
        assert coord("feedback", *words.split(), "--yes", at=root).code == 0
    assert _astray(root) == ()
    assert coord("undo", "--yes", at=root).code == 0
    assert _astray(root) == ()
    first, *_, fifth, sixth = sorted(layout.feedback.iterdir())
    first.write_text(first.read_text().replace("status: waived", "status: backlog"))
    fifth.write_text(fifth.read_text().replace("priority: high", "priority: low"))
    sixth.unlink()
    told = ("001 (high) is backlog in its file", "005 (high) is low in its file", "006 (high) has no file")
    assert all(f"feedback {words}" in found for words, found in zip(told, _astray(root), strict=True))
    # what was written by hand is a human's word once it is said as one, whatever the file says already
    assert "if that is your word, coord feedback priority 5 low; else put it back" in _astray(root)[1]
    for words in ("backlog 1", "priority 5 low"):
        assert f"coord feedback {words}" in " ".join(_astray(root))
        assert coord("feedback", *words.split(), "--yes", at=root).code == 0
    assert [words[:12] for words in _astray(root)] == ["feedback 006"]
    refused = coord("feedback", "priority", "5", "low", "--yes", at=root)
    assert (refused.code, "is low already" in refused.err) == (3, True)


def _astray(root: Path) -> tuple[str, ...]:
    there = look(open_project(str(root))).round
    assert there is not None
    return tuple(there.astray.values())


def _unread(root: Path) -> tuple[str, ...]:
    there = look(open_project(str(root))).round
    assert there is not None
    return there.unread
