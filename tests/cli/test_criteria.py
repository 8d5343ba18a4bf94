"""`coord witnesses` lists what shows each criterion, `coord accept` is a human's word on one."""

from pathlib import Path

import pytest
from support.command import coord

from coordinator.eventlog.store import EventLog
from coordinator.model.event import SYSTEM, Draft
from coordinator.storage.paths import Layout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    assert coord("init", "--title", "Rate limiting", at=tmp_path).code == 0
    listed = ("--criterion", "it counts", "--criterion", "it reads well")
    assert coord("intent", "set", "--goal", "Limit rates", *listed, at=tmp_path).code == 0
    return tmp_path


def statuses(root: Path) -> dict[str, tuple[str, str]]:
    found = coord("witnesses", "--json", at=root)
    assert found.code == 0, found.err
    return {one["id"]: (one["text"], one["status"]) for one in found.json["criteria"]}


def test_a_human_accepts_a_criterion_as_it_is_worded_and_no_other(root: Path) -> None:
    assert statuses(root) == {"SC-1": ("it counts", "open"), "SC-2": ("it reads well", "open")}
    done = coord("accept", "sc-2", "--reason", "I read it", "--json", at=root)
    assert done.code == 0, done.err
    assert (done.json["accepted_by"] is not None, done.json["reason"]) == (True, "I read it")
    again = coord("accept", "SC-2", "--reason", "I read it twice", "--json", at=root)
    assert again.json["seq"] == done.json["seq"]
    assert statuses(root) == {"SC-1": ("it counts", "open"), "SC-2": ("it reads well", "accepted")}
    # another order keeps the number, another text is another criterion
    listed = ("--criterion", "it reads well", "--criterion", "it reads very well")
    assert coord("intent", "set", *listed, at=root).code == 0
    assert statuses(root) == {"SC-2": ("it reads well", "accepted"), "SC-3": ("it reads very well", "open")}
    # the log does not have all words of this one
    assert coord("intent", "set", "--criterion", "Login with PASSWORD=hunter2hunter2 works", at=root).code == 0
    ((name, _),) = statuses(root).items()
    assert coord("accept", name, "--reason", "I logged in", at=root).code == 0
    assert [status for _, status in statuses(root).values()] == ["accepted"]


def test_what_cannot_be_accepted_or_run_says_why(root: Path) -> None:
    unknown = coord("accept", "SC-9", "--reason", "R", at=root)
    assert unknown.code == 3
    assert "there are: SC-1, SC-2" in unknown.err
    assert coord("accept", "SC-1", "--reason", "  ", at=root).code == 2
    unclaimed = coord("witnesses", "--run", "SC-1", at=root)
    assert unclaimed.code == 3
    assert "coord accept SC-1 --reason" in unclaimed.err


def test_no_agent_accepts_a_criterion_or_has_a_command_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COORD_AGENT", "verifier-1-1")
    monkeypatch.setenv("COORD_ROLE", "verifier")
    for words in (("accept", "SC-1", "--reason", "I say so"), ("witnesses", "--run", "SC-1")):
        refused = coord(*words, at=root)
        assert refused.code == 3, refused
    with EventLog.open(Layout(root).events_db) as log:
        kinds = [event.kind for event in log.tail(50)]
    assert "criterion.accepted" not in kinds
    assert kinds.count("access.denied") == 2


def test_people_read_what_ran_and_what_is_hostile_in_it_is_text(root: Path) -> None:
    with EventLog.open(Layout(root).events_db) as log:
        told = {"command": "make \x1b[31mtest", "exit": 1, "commit": "c" * 40, "digest": "d", "output": "red"}
        log.append([Draft("run.criteria", "milestone", {"criteria": {"SC-7": "it counts"}})], SYSTEM, "run-1")
        log.append([Draft("witness.run", "criterion:SC-7", told)], SYSTEM, "run-1")
    shown = coord("witnesses", at=root)
    assert shown.code == 0
    assert "\x1b[31m" not in shown.out
    assert "failed with exit status 1 on cccccccccc" in shown.out
    assert [one["id"] for one in coord("witnesses", "--json", at=root).json["criteria"]] == ["SC-7", "SC-8"]
