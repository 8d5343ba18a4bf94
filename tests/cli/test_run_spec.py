"""`coord run`: a specification from a file or standard input becomes the milestone, and the loop takes it up."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.project import NOTHING, Project

from coordinator.client.history import History
from coordinator.client.look import look
from coordinator.client.opening import Project as Opened
from coordinator.client.running import gather, read_specification
from coordinator.client.steering import Steering
from coordinator.services.specification import RunSpec, plan_run

Make = Callable[..., Project]
TEXT = "# Primes\n\nPrint primes.\n\n## Acceptance Criteria\n\n- 2 is printed\n\n## Notes\n\nWhatever.\n"
OTHER = "# Sorting\n\nSort a list.\n\n## Done when\n\n- [3, 1] becomes [1, 3]\n"


def spec(made: Project, text: str = TEXT) -> str:
    path = made.layout.root / "spec.md"
    path.write_text(text)
    return str(path)


def run(made: Project, *words: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    return made.coord("run", *words, **more)


def told(made: Project, *words: str) -> Any:
    return json.loads(made.coord(*words, "--json").stdout)


def dry(made: Project, text: str, *words: str) -> Any:
    return json.loads(run(made, spec(made, text), "--dry-run", "--json", *words).stdout)


def begin(made: Project, text: str = TEXT) -> Any:
    """Take a specification over, without a loop: what a loop does with it is no matter here."""
    project = Opened(made.layout)
    snapshot = look(project)
    plan = plan_run(snapshot, gather(project, snapshot, RunSpec(read_specification(project, spec(made, text)))))
    Steering(project).apply(plan)
    return plan


def test_what_is_no_specification_is_refused_with_what_to_do(make: Make, tmp_path: Path) -> None:
    made = make({})
    (made.layout.root / "big.md").write_bytes(b"a" * 10 * 1024 * 1024)
    (made.layout.root / "binary").write_bytes(b"\x7fELF\0\0")
    (made.layout.root / "empty.md").write_text(" \n")
    for text, says in (
        ("nope.md", "nope.md"),
        ("big.md", "big.md has 10.0 MiB, more than any agent reads"),
        ("binary", "is no text"),
        ("empty.md", "is empty"),
        (spec(made, "# T\n"), "nothing in the specification tells when it is done"),
        (".coord/milestone.md", "is the milestone itself"),
        (".coord", "is not a file"),
    ):
        answer = made.coord("run", str(made.layout.root / text), "--yes", "--no-budget", check=False)
        assert answer.returncode in (2, 3), text
        assert says in answer.stderr, text
        assert answer.stderr.count("\n") == 2, text
    assert not made.events("plan.applied")


@pytest.mark.parametrize("words", [[], ["--budget", "0"], ["--budget", "much"], ["--budget", "5", "--no-budget"]])
def test_nothing_starts_before_somebody_said_what_it_may_cost(make: Make, words: list[str]) -> None:
    made = make({})
    answer = run(made, spec(made), "--yes", *words, check=False)
    assert answer.returncode == 2
    assert "budget" in answer.stderr
    assert not made.events("plan.applied")


def test_a_specification_from_standard_input_is_the_same_as_from_a_file(make: Make) -> None:
    made = make({})
    with Path(spec(made)).open() as source:
        words = [
            sys.executable,
            "-m",
            "coordinator.cli.main",
            "-C",
            str(made.layout.root),
            "run",
            "-",
            "--dry-run",
            "--json",
        ]
        piped = subprocess.run(words, stdin=source, capture_output=True, text=True, env=made.environment(), check=True)
    one, other = json.loads(piped.stdout), dry(made, TEXT)
    assert [edit["diff"] for edit in one["edits"]] == [edit["diff"] for edit in other["edits"]]
    assert other["milestone"]["criteria"] == [{"id": "SC-1", "text": "2 is printed"}]


def test_identical_similar_and_new_are_told_apart(make: Make) -> None:
    made = make({1: []})
    assert begin(made).summary == "M1 Primes: the specification of this milestone, with 1 criterion"
    assert dry(made, TEXT)["likeness"] == "identical"
    assert not dry(made, TEXT)["edits"]
    similar = dry(made, TEXT.replace("- 2 is printed", "- 2 is printed\n- 3 as well"))
    assert (similar["likeness"], similar["milestone"]["id"]) == ("similar", "M1")
    assert "+- 3 as well" in similar["edits"][0]["diff"]
    other = dry(made, OTHER)
    assert (other["likeness"], other["milestone"]["id"]) == ("other", "M2")
    assert [edit["path"] for edit in other["edits"]][:2] == [".coord/milestone.md", ".coord/milestones/M1.md"]
    assert dry(made, TEXT, "--new")["milestone"]["id"] == "M2"


def test_what_a_milestone_leaves_is_its_backlog_and_is_taken_over_one_by_one(make: Make) -> None:
    made = make({1: [], 2: []})
    made.coord("feedback", "file", "--title", "Crash on an empty list", "--priority", "high")
    begin(made)
    before = made.layout.milestone.read_bytes()
    begin(made, OTHER)
    assert (made.layout.milestones / "M1.md").read_bytes() == before
    assert {step.state.value for step in made.snapshot().steps.values()} == {"skipped"}
    groups = told(made, "backlog")["groups"]
    names = {group["name"]: [item["name"] for item in group["items"]] for group in groups}
    assert names == {"features": ["1", "2"], "bugs": ["f1"]}
    assert "M1" in made.coord("backlog").stdout
    made.coord("backlog", "take", "2", "bugs", "--yes")
    assert {n: step.state.value for n, step in made.snapshot().steps.items()} == {
        1: "skipped",
        2: "pending",
        3: "pending",
    }
    assert told(made, "backlog")["groups"][0]["items"][0]["name"] == "1"
    made.coord("undo", "--yes")
    assert {n: step.state.value for n, step in made.snapshot().steps.items()} == {1: "skipped", 2: "skipped"}


def test_the_text_of_an_earlier_milestone_goes_on_with_what_it_had_left(make: Make) -> None:
    made = make({1: []})
    made.coord("feedback", "file", "--title", "Crash on an empty list", "--priority", "high")
    begin(made)
    begin(made, OTHER)
    assert begin(made).summary == "M1 Primes goes on again; Sorting is set aside"
    assert [(one["id"], one["earlier"]) for one in told(made, "milestone", "list")["milestones"]] == [
        ("M1", False),
        ("M2", True),
    ]
    assert made.snapshot().steps[1].state.value == "pending"
    (finding,) = told(made, "feedback")["feedback"]
    assert finding["status"] == "open"
    assert told(made, "backlog")["groups"] == []


def test_earlier_milestones_stay_readable_and_undo_brings_the_last_one_back(make: Make) -> None:
    made = make({1: []})
    begin(made)
    made.coord("milestone", "close")
    begin(made, OTHER)
    listed = told(made, "milestone", "list")["milestones"]
    assert [(one["id"], one["title"], one["status"], one["earlier"]) for one in listed] == [
        ("M2", "Sorting", "open", False),
        ("M1", "Primes", "done", True),
    ]
    shown = told(made, "milestone", "show", "m1")
    assert (shown["specification"], shown["success_criteria"]) == (TEXT, ["2 is printed"])
    assert "2 is printed" in made.coord("milestone", "show", "M1").stdout
    assert made.coord("milestone", "show", "M7", check=False).returncode == 3
    made.coord("undo", "--yes")
    milestone = made.snapshot().milestone
    assert (milestone.id, milestone.status) == ("M1", "done")
    assert dry(made, OTHER)["milestone"]["id"] == "M3"  # M2 was another one
    begun = made.events("milestone.created")
    assert [(event.data["id"], event.data.get("again", False)) for event in begun] == [
        ("M1", False),
        ("M2", False),
        ("M1", True),
    ]
    with History(Opened(made.layout)) as history:
        film = history.film()
        titles = [film.at(event.seq).snapshot().milestone.title for event in begun]
        assert film.at(begun[0].seq - 1).snapshot().milestone.title not in titles
    assert titles == ["Primes", "Sorting", "Primes"]


def test_the_text_of_a_done_milestone_starts_nothing_and_says_so(make: Make) -> None:
    made = make({})
    begin(made)
    made.coord("milestone", "close")
    answer = run(made, spec(made), "--yes", "--no-budget")
    assert "M1 Primes is done, and the text says nothing new: nothing is started" in answer.stdout
    assert not made.snapshot().loop.alive


def test_an_agent_starts_no_milestone(make: Make) -> None:
    made = make({})
    answer = run(
        made, spec(made), "--yes", "--no-budget", check=False, COORD_AGENT="executor-01-1", COORD_ROLE="executor"
    )
    assert answer.returncode == 3
    assert made.events("access.denied")


def test_it_starts_the_loop_in_a_window_and_says_where_to_look(make: Make) -> None:
    made = make({1: []})
    made.add(1, script=made.until() + NOTHING)
    answer = run(made, spec(made), "--yes", "--budget", "2.50")
    assert "  SC-1  2 is printed\n" in answer.stdout
    assert "the loop runs in tmux window @" in answer.stdout
    made.wait_for(1, "running")
    run_ = told(made, "runs")["runs"][0]
    assert (run_["milestone"], run_["milestone_id"], run_["budget_usd"]) == ("Primes", "M1", 2.5)
    again = json.loads(run(made, spec(made), "--yes", "--json").stdout)
    assert again["loop"] == {"window": None, "started": False}
    made.coord("stop")


def test_without_a_repository_nothing_begins_that_nothing_could_show(make: Make) -> None:
    made = make({})
    (made.layout.root / ".git").rename(made.layout.root.parent / "git")
    before = made.layout.milestone.read_bytes()
    refused = run(made, spec(made), "--yes", check=False)
    assert refused.returncode == 3, refused.stderr
    assert "there is no git repository here" in refused.stderr
    assert "`git init`" in refused.stderr
    assert made.layout.milestone.read_bytes() == before
