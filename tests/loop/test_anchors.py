"""The log's head stands in receipts and merge commits, so that a log rewritten as a whole, or cut off, is found."""

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.project import NOTHING, Project

from coordinator.eventlog import tables
from coordinator.eventlog.chain import GENESIS, row_hash
from coordinator.eventlog.verify import verify

Make = Callable[..., Project]


@pytest.fixture
def made(make: Make) -> Project:
    """A project with two merged prompts."""
    project = make({1: [], 2: [1]})
    assert project.run_loop() == 0
    return project


def rewrite(path: Path, *statements: str) -> None:
    """What the owner of the file can do: change rows behind the guards, and compute the whole chain anew."""
    connection = sqlite3.connect(path, isolation_level=None)
    for trigger in tables.TRIGGERS:
        connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        connection.execute(statement)
    prev = GENESIS
    for row in connection.execute("SELECT * FROM events ORDER BY seq").fetchall():
        columns = (*row[:10], prev)
        prev = row_hash(columns)
        connection.execute("UPDATE events SET prev_hash = ?, hash = ? WHERE seq = ?", (columns[10], prev, row[0]))
    for sql in tables.TRIGGERS.values():
        connection.execute(sql)
    connection.close()
    assert verify(path).ok, "the chain alone does not tell"


def verdict(made: Project) -> dict[str, Any]:
    done = made.coord("log", "verify", "--json", check=False)
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if told["ok"] else 1)
    return told


def receipts(made: Project) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(made.layout.runs.rglob("receipt.json"))]


def trailers(made: Project) -> list[list[str]]:
    """Of the merge commits, the newest first."""
    messages = str(made.repository.git("log", "--merges", "--format=%B"))
    return [line.split() for line in re.findall(r"^Coord-Log: (.*)$", messages, re.MULTILINE)]


def test_receipts_and_merge_commits_note_the_head_of_the_log(made: Project) -> None:
    hashes = {event.seq: event.hash for event in made.events()}
    first = made.events()[0].id
    noted = [(receipt["log_seq"], receipt["log_hash"]) for receipt in receipts(made)]
    assert len(noted) == 2
    assert all(hashes[seq] == digest for seq, digest in noted)
    assert len(trailers(made)) == 2
    assert all(hashes[int(seq)] == digest and of == first for seq, digest, of in trailers(made))


def test_an_honest_log_fits_all_anchors(made: Project) -> None:
    told = verdict(made)
    assert (told["ok"], told["anchors"], told["bad_seq"], told["foreign"]) == (True, 4, None, 0)
    assert told["checked"] == len(made.events())
    assert "4 anchors in receipts and merge commits fit" in made.coord("log", "verify").stdout


@pytest.mark.slow
def test_a_chain_computed_anew_is_found_by_the_first_anchor_behind_the_change(made: Project) -> None:
    rewrite(made.layout.events_db, "UPDATE events SET actor = 'mallory' WHERE seq = 2")
    told = verdict(made)
    first = min(receipt["log_seq"] for receipt in receipts(made))
    assert (told["ok"], told["bad_seq"], told["witness"]) == (False, first, "receipt of 01-1")
    assert "rewritten" in told["reason"]


@pytest.mark.slow
def test_a_merge_commit_finds_what_the_receipts_do_not(made: Project) -> None:
    newest = max(int(seq) for seq, _, _ in trailers(made))
    for path in made.layout.runs.rglob("receipt.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"log_seq": 0}))
    rewrite(made.layout.events_db, f"UPDATE events SET ts = '2020-01-01T00:00:00.000Z' WHERE seq = {newest}")
    told = verdict(made)
    assert (told["ok"], told["bad_seq"], told["anchors"]) == (False, newest, 1)
    assert told["witness"].startswith("merge commit ")


@pytest.mark.slow
def test_a_log_that_began_anew_is_found_by_its_receipts(made: Project) -> None:
    another = "0192f3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f"
    rewrite(made.layout.events_db, f"UPDATE events SET id = '{another}' WHERE seq = 1")
    told = verdict(made)
    assert (told["ok"], told["foreign"], told["witness"]) == (False, 2, "receipt of 01-1")


def test_a_cut_tail_is_found(made: Project) -> None:
    newest = max(int(seq) for seq, _, _ in trailers(made))
    rewrite(made.layout.events_db, f"DELETE FROM events WHERE seq >= {newest}")
    told = verdict(made)
    assert (told["ok"], told["bad_seq"]) == (False, newest)
    assert "gone" in told["reason"]
    assert "✗" in made.coord("log", "verify", check=False).stdout


def test_what_an_agent_commits_is_no_anchor(make: Make) -> None:
    forged = f"Coord-Log: 1 {'a' * 64} 0192f3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f"
    script = (
        "git commit -q --allow-empty -m one && git checkout -q -b side HEAD~1 && echo 1 >x && git add -A && "
        f"git commit -qm x && git checkout -q - && git merge -q --no-ff -m 'Merge' -m '{forged}' side && "
        "coord agent done --summary merged\n"
    )
    made = make({1: []}, {1: script})
    assert made.run_loop() == 0
    assert forged.split()[1:] in trailers(made)
    told = verdict(made)
    assert (told["ok"], told["anchors"], told["foreign"]) == (True, 2, 0)


def test_a_project_without_git_has_anchors_in_receipts(make: Make, tmp_path: Path) -> None:
    made = make({1: []}, {1: NOTHING}, isolation="shared")
    (made.layout.root / ".git").rename(tmp_path / "git")
    assert made.run_loop() == 0
    told = verdict(made)
    assert (told["ok"], told["anchors"]) == (True, 1)
    rewrite(made.layout.events_db, "UPDATE events SET actor = 'mallory' WHERE seq = 1")
    assert not verdict(made)["ok"]


def test_receipts_from_before_there_were_anchors_are_no_witness(made: Project) -> None:
    for path in made.layout.runs.rglob("receipt.json"):
        values = json.loads(path.read_text())
        path.write_text(json.dumps({key: value for key, value in values.items() if not key.startswith("log_")}))
    assert (verdict(made)["ok"], verdict(made)["anchors"]) == (True, 2)
