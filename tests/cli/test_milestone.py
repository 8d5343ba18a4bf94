"""The milestone on one page, its two words for humans, and events that other tools append."""

from pathlib import Path

import pytest
from support.command import coord, said

from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.model.ids import uuid7
from coordinator.storage.paths import Layout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    assert coord("init", "--title", "Rate limiting", at=tmp_path).code == 0
    return tmp_path


def test_the_page_gathers_intent_attachments_artifacts_and_decisions(root: Path) -> None:
    coord("intent", "set", "--goal", "Share limits.", "--criterion", "green", at=root)
    coord("link", "#12", "--title", "The report", at=root)
    coord("decide", "use WAL", at=root)
    page = coord("milestone", "--json", at=root).json
    assert (page["title"], page["status"]) == ("Rate limiting", "open")
    assert page["intent"]["goal"] == "Share limits."
    assert page["intent"]["recorded"] is True
    assert [(a["ref"], a["type"], a["title"]) for a in page["attachments"]] == [("#12", "issue", "The report")]
    assert [d["text"] for d in page["decisions"]] == ["use WAL"]
    assert page["artifacts"] == []
    assert page["counts"]["total"] == 0
    shown = coord("milestone", at=root).out
    assert all(words in shown for words in ("Rate limiting", "Share limits.", "- green", "The report", "use WAL"))


def test_of_many_decisions_people_see_the_newest(root: Path) -> None:
    for number in range(12):
        coord("decide", f"decision {number}.", at=root)
    shown = coord("milestone", at=root).out
    assert "decision 11." in shown
    assert "decision 1." not in shown
    assert "the newest 10 of 12" in shown


def test_a_human_closes_and_reopens_it_once(root: Path) -> None:
    done = coord("milestone", "close", "--reason", "shipped", "--json", at=root).json
    assert done["status"] == "done"
    assert coord("status", "--json", at=root).json["milestone"]["status"] == "done"
    again = coord("milestone", "close", at=root)
    assert (again.code, "done already" in again.err) == (3, True)
    assert coord("milestone", "reopen", at=root).code == 0
    assert coord("milestone", "--json", at=root).json["status"] == "open"
    with EventLog(Layout(root).events_db) as log:
        events = log.tail(10, Filter(kinds=("milestone.status",)))
    assert [said(event.data) for event in events] == [{"status": "done", "reason": "shipped"}, {"status": "open"}]


def test_an_agent_may_not_close_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COORD_AGENT", "executor-07-1")
    for verb in ("close", "reopen"):
        refused = coord("milestone", verb, at=root)
        assert (refused.code, "only a human" in refused.err) == (3, True)


def test_other_tools_append_events_once_by_id(root: Path) -> None:
    append = ("log", "append", "decision.recorded", "--data", '{"text": "from a hook"}', "--id", uuid7(), "--json")
    first, again = coord(*append, at=root).json, coord(*append, at=root).json
    assert first == again
    assert (first["subject"], said(first["data"])) == ("milestone", {"text": "from a hook"})


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["decision.recorded", "--data", "[1]"], "not a JSON object"),
        (["decision.recorded", "--data", "{"], "not a JSON object"),
        (["nonsense.made"], "no kind of event"),
        (["decision.recorded", "--id", "7"], "can't be the id"),
    ],
)
def test_what_is_no_event_is_not_appended(root: Path, arguments: list[str], word: str) -> None:
    refused = coord("log", "append", *arguments, at=root)
    assert (refused.code, word in refused.err) == (2, True)
    with EventLog(Layout(root).events_db) as log:
        assert log.head() == 0
