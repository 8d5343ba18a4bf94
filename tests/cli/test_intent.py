"""The intent on the command line: set by humans, in versions, and never at the cost of what else stands in the file."""

from pathlib import Path

import pytest
from support.command import coord

from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Event
from coordinator.storage.paths import Layout

AGENT = {"COORD_AGENT": "executor-07-1", "COORD_ROLE": "executor", "COORD_PROMPT": "7"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    assert coord("init", "--title", "Rate limiting", at=tmp_path).code == 0
    return tmp_path


def milestone(root: Path) -> Path:
    return Layout(root).milestone


def events(root: Path, *kinds: str) -> list[Event]:
    with EventLog(Layout(root).events_db) as log:
        return list(log.tail(1000, Filter(kinds=kinds)))


def set_first(root: Path) -> int:
    done = coord(
        "intent",
        "set",
        "--goal",
        "Clients share limits.",
        "--criterion",
        "green",
        "--non-goal",
        "Async",
        "--json",
        at=root,
    )
    assert done.code == 0, done.err
    seq: int = done.json["seq"]
    return seq


def test_what_was_set_is_shown_logged_and_written(root: Path) -> None:
    seq = set_first(root)
    shown = coord("intent", "show", "--json", at=root).json
    assert shown["goal"] == "Clients share limits."
    assert shown["non_goals"] == ["Async"]
    assert shown["success_criteria"] == ["green"]
    assert (shown["seq"], shown["recorded"], shown["title"]) == (seq, True, "Rate limiting")
    assert "Clients share limits." in coord("intent", at=root).out
    assert "## Goal\n\nClients share limits.\n" in milestone(root).read_text()
    (event,) = events(root, "intent.set")
    assert event.actor_kind == "human"
    assert event.data["success_criteria"] == ["green"]


def test_a_part_that_is_not_given_stays_and_so_does_every_other_byte(root: Path) -> None:
    set_first(root)
    path = milestone(root)
    path.write_text(path.read_text() + "\n## Notes\n\nkeep  me \n")
    before = path.read_text()
    assert coord("intent", "set", "--constraint", "stdlib only", "--constraint", "one file", at=root).code == 0
    after = path.read_text()
    assert after.replace("\n- stdlib only\n- one file\n", "") == before
    assert coord("intent", "show", "--json", at=root).json["non_goals"] == ["Async"]


def test_the_title_is_set_in_the_frontmatter(root: Path) -> None:
    assert coord("intent", "set", "--title", "Limits: v2", "--goal", "g", at=root).code == 0
    assert coord("status", "--json", at=root).json["milestone"]["title"] == "Limits: v2"


def test_a_file_holds_a_whole_intent(root: Path, tmp_path: Path) -> None:
    set_first(root)
    source = tmp_path / "intent.md"
    source.write_text("---\ntitle: x\n---\n## Goal\n\nAnother.\n\n## Constraints\n\n- one\n")
    assert coord("intent", "set", "--file", str(source), "--criterion", "two", at=root).code == 0
    shown = coord("intent", "show", "--json", at=root).json
    assert (shown["goal"], shown["non_goals"]) == ("Another.", [])
    assert (shown["constraints"], shown["success_criteria"]) == (["one"], ["two"])
    assert coord("intent", "set", "--file", "-", at=root, stdin="## Goal\n\nPiped.\n").code == 0
    assert coord("intent", "show", "--json", at=root).json["goal"] == "Piped."


def test_versions_can_be_seen_and_compared(root: Path) -> None:
    first = set_first(root)
    second = coord("intent", "set", "--criterion", "green", "--criterion", "fast", "--json", at=root).json["seq"]
    third = coord("intent", "set", "--goal", "Other.", "--json", at=root).json["seq"]

    then = coord("intent", "show", "--as-of", str(second - 1), "--json", at=root).json
    assert (then["seq"], then["success_criteria"]) == (first, ["green"])
    newest = coord("intent", "diff", "--json", at=root).json
    assert (newest["from"], newest["to"]) == (second, third)
    assert newest["changes"] == [{"part": "goal", "added": ["Other."], "removed": ["Clients share limits."]}]
    between = coord("intent", "diff", str(first), str(second), "--json", at=root).json
    assert between["changes"] == [{"part": "success criterion", "added": ["fast"], "removed": []}]
    since = coord("intent", "diff", str(first), "--json", at=root).json
    assert [change["part"] for change in since["changes"]] == ["goal", "success criterion"]
    assert "+ fast" in coord("intent", "diff", str(first), at=root).out


def test_before_the_first_version_there_is_nothing_to_compare(root: Path) -> None:
    refused = coord("intent", "diff", at=root)
    assert refused.code == 3
    assert "coord intent set" in refused.err


def test_an_edit_by_hand_is_noticed_and_becomes_a_version_on_request(root: Path) -> None:
    set_first(root)
    path = milestone(root)
    path.write_text(path.read_text().replace("- green", "- green\n- and clean"))
    shown = coord("intent", "show", "--json", at=root).json
    assert shown["success_criteria"] == ["green", "and clean"]
    assert shown["recorded"] is False
    assert "edited by hand" in coord("intent", "show", at=root).out
    before = path.read_bytes()
    assert coord("intent", "set", at=root).code == 0
    assert path.read_bytes() == before
    assert coord("intent", "show", "--json", at=root).json["recorded"] is True
    assert coord("intent", "set", at=root).code == 3


def test_a_dry_run_shows_the_diff_and_changes_nothing(root: Path) -> None:
    before = milestone(root).read_bytes()
    shown = coord("intent", "set", "--goal", "g", "--dry-run", at=root)
    assert shown.code == 0
    assert "+g" in shown.out
    assert milestone(root).read_bytes() == before
    assert events(root) == []


def test_undo_brings_the_earlier_version_back_into_force(root: Path) -> None:
    set_first(root)
    before = milestone(root).read_bytes()
    assert coord("intent", "set", "--goal", "Wrong.", at=root).code == 0
    assert coord("undo", "--yes", at=root).code == 0
    assert milestone(root).read_bytes() == before
    shown = coord("intent", "show", "--json", at=root).json
    assert shown["recorded"] is True
    assert shown["goal"] == "Clients share limits."


@pytest.mark.parametrize(
    ("options", "word"),
    [(["--criterion", "x"], "no goal"), (["--goal", "g", "--non-goal", "a", "--criterion", "A"], "ruled out")],
)
def test_an_intent_that_nobody_can_go_by_is_refused_with_a_way_out(root: Path, options: list[str], word: str) -> None:
    before = milestone(root).read_bytes()
    refused = coord("intent", "set", *options, at=root)
    assert refused.code == 2
    assert word in refused.err
    assert milestone(root).read_bytes() == before


def test_a_milestone_that_can_not_be_read_is_left_alone(root: Path) -> None:
    milestone(root).write_bytes(b"no frontmatter\n")
    refused = coord("intent", "set", "--goal", "g", at=root)
    assert refused.code == 3
    assert "---" in refused.err
    assert milestone(root).read_bytes() == b"no frontmatter\n"


def test_an_agent_may_look_but_not_set(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_first(root)
    before = milestone(root).read_bytes()
    for name, value in AGENT.items():
        monkeypatch.setenv(name, value)
    assert coord("intent", "show", at=root).code == 0
    refused = coord("intent", "set", "--goal", "mine", at=root)
    assert refused.code == 3
    assert "only a human" in refused.err
    assert milestone(root).read_bytes() == before
    (denied,) = events(root, "access.denied")
    assert denied.data["actor"] == "executor-07-1"
    assert denied.data["kind"] == "intent.set"


def test_the_title_in_a_files_frontmatter_is_the_milestones_unless_another_is_given(root: Path) -> None:
    document = "---\ntitle: Fair limits\nowner: ada\n---\n## Goal\n\nShare them.\n"
    assert coord("intent", "set", "--file", "-", at=root, stdin=document).code == 0
    assert "title: Fair limits" in milestone(root).read_text()
    more = ("--goal", "Share them all.", "--title", "Said here")
    assert coord("intent", "set", "--file", "-", *more, at=root, stdin=document).code == 0
    assert "title: Said here" in milestone(root).read_text()
