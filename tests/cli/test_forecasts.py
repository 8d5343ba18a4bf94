"""What a prompt takes and what waited for a human, on the command line: from the project's own log."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.project import WRITE, Project, project
from support.wait import wait_until

from coordinator.eventlog.store import EventLog
from coordinator.model.clock import timestamp
from coordinator.model.event import SYSTEM, Draft


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path, {1: [], 2: [1]}, {}) as found:
        yield found


def finished(made: Project, count: int) -> None:
    drafts = [
        Draft(
            "agent.exited",
            f"agent:executor-90-{n}",
            {
                "prompt": 90,
                "attempt": n,
                "status": 0,
                "runtime": "scripted",
                "outcome": "done",
                "seconds": n * 60.0,
                "tokens": n * 1000,
                "cost_usd": n / 10,
            },
        )
        for n in range(1, count + 1)
    ]
    with EventLog(made.layout.events_db) as log:
        log.append(drafts, SYSTEM)


def status(made: Project) -> dict[str, Any]:
    return dict(json.loads(made.coord("status", "--json").stdout))


def test_too_little_is_said_to_be_too_little(made: Project) -> None:
    finished(made, 4)
    words = "too few attempts finished to tell what it takes (4 of 5)"
    assert f"next prompt  {words}" in made.coord("status").stdout
    assert f"T{words[1:]}." in made.coord("why", "1").stdout
    nothing = {"samples": 4, "basis": None, "tokens": None, "cost_usd": None, "minutes": None}
    assert json.loads(made.coord("why", "1", "--json").stdout)["forecast"] == nothing


def test_status_and_why_tell_what_a_prompt_takes_and_plans_say_it_too(made: Project) -> None:
    finished(made, 10)
    words = "takes about 5 min, 5k tokens, $0.50; nine of ten within 9 min, 9k tokens, $0.90 (10 attempts of scripted)"
    assert f"next prompt  {words}" in made.coord("status").stdout
    assert f"It {words}." in made.coord("why", "2").stdout
    told = {
        "samples": 10,
        "basis": "scripted",
        "tokens": {"p50": 5000, "p90": 9000},
        "cost_usd": {"p50": 0.5, "p90": 0.9},
        "minutes": {"p50": 5.0, "p90": 9.0},
    }
    assert [prompt["forecast"] for prompt in status(made)["prompts"]] == [told, told]


def test_a_question_that_was_answered_is_time_that_waited_for_a_human_wherever_it_is_told(made: Project) -> None:
    (made.layout.scripts / "01.sh").write_text("coord ask Which? --option a --wait\n" + WRITE)
    loop = made.start_loop("--until-idle")
    (asked,) = wait_until(lambda: made.events("question.asked"), message="the question")
    wait_until(lambda: time.time() - timestamp(asked.ts) > 0.1, message="a wait that is told, to a tenth of a second")
    assert made.answer_until_over(loop) == 0
    (answered,) = made.events("question.answered")
    told = status(made)["waited_for_human_s"]
    assert told["total"] == told["questions"] > 0
    assert told["permissions"] == told["reviews"] == 0
    assert json.loads(made.coord("milestone", "--json").stdout)["waited_for_human_s"] == told
    (run,) = made.events("run.finished")
    (done,) = made.events("milestone.status")
    assert run.data["waited_for_human_s"] == done.data["waited_for_human_s"] == told
    (ended, *_) = made.events("agent.exited")
    assert (ended.data["runtime"], ended.data["outcome"]) == ("scripted", "done")
    assert asked.ts < answered.ts


def test_a_review_counts_from_the_opened_change_to_the_verdict(tmp_path: Path) -> None:
    with project(tmp_path, {1: []}, {}, gate="review") as made:
        made.start_loop()
        made.wait_for(1, "change-open")
        while_open = status(made)["waited_for_human_s"]
        made.coord("review", "1", "--approve")
        made.wait_for(1, "merged")
        (approved,) = made.events("change.approved")
        assert approved.data["opened"]
        told = status(made)["waited_for_human_s"]
        assert told["total"] == told["reviews"] >= while_open["reviews"] >= 0
        assert told["reviews"] > 0
