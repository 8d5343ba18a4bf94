"""`coord runs` tells of the runs of other tools too, and of one of them in detail."""

from hashlib import sha256
from pathlib import Path

import pytest
from support.command import coord
from support.foreign_runs import PLOT, SWARM, everything, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    assert coord("init", "--title", "Limits", at=everything(tmp_path)).code == 0
    return tmp_path


def test_they_are_listed_beside_the_own_ones(root: Path) -> None:
    shown = coord("runs", at=root).out
    assert "of other tools:" in shown
    assert "UNVERIFIED      gate              2026-05-02 08:00  Rate limits  2 left, 1 pending, 3 mismatches" in shown
    found = coord("runs", "--json", at=root).json
    assert found["runs"] == []
    assert {run["tool"] for run in found["foreign"]} == {"swarm", "subagents", "plot", "all-hands"}


@pytest.mark.parametrize("name", [SWARM, f".runs/{SWARM}", f"./.runs/{SWARM}/"])
def test_one_of_them_has_a_page(root: Path, name: str) -> None:
    shown = coord("runs", name, at=root).out
    for line in (
        "Rate limits",
        "swarm · UNVERIFIED · gate · 2026-05-02 08:00",
        "gate    UNVERIFIED     BOUNCE → 3 2026-05-02 08:00",
        "  a test fails",
        "1 of 2 criteria passed, 2 implemented  (.runs/gh-12/build/ac_status.json)",
        "  RW-001 MAJOR src/a.py:4: Round up",
        "2 tasks left: `coord import .runs/gh-12` makes prompts of them",
    ):
        assert line in shown.splitlines(), shown
    page = coord("runs", name, "--json", at=root).json
    assert (page["ledger"]["passed"], page["worklists"][0]["pending"]) == (1, 1)


def test_what_is_left_becomes_prompts(root: Path) -> None:
    plan = coord("import", str(root / ".runs" / SWARM), "--json", "--yes", at=root).json
    assert [row["source"] for row in plan["items"]] == [f"swarm:{SWARM}/ST-002", f"swarm:{SWARM}/RW-001"]


def test_a_run_that_is_not_there_is_refused_with_the_nearest(root: Path) -> None:
    refused = coord("runs", "plot-1a2b3c4e", at=root)
    assert (refused.code, f"did you mean `{PLOT}`?" in refused.err) == (2, True)


def test_texts_of_others_are_safe_to_print(root: Path) -> None:
    write(
        root,
        {".runs/evil/run_meta.json": {"task_title": "a\u001b]0;x\u0007b\u202e", "created_at": "2027-01-01\u001b[2J"}},
    )
    for words in (("runs",), ("runs", "evil")):
        shown = coord(*words, at=root).out
        assert "\x1b" not in shown
        assert "\u202e" not in shown


def test_its_files_receipts_and_criteria_are_listed_as_those_of_ours(root: Path) -> None:
    found = coord("artifacts", SWARM, "--json", at=root).json
    names = [one["name"] for one in found["artifacts"]]
    assert names == sorted(names)
    assert "signal/requirements.md" in names
    for one in found["artifacts"]:
        data = (root / one["path"]).read_bytes()
        assert (one["bytes"], one["digest"]) == (len(data), sha256(data).hexdigest())
    assert [(one["name"], one["status"], one["sealed"]) for one in found["receipts"]] == [
        ("build/build_receipt.json", "VERIFIED", False),
        ("gate/gate_receipt.json", "UNVERIFIED", False),
    ]
    assert any("index.json says VERIFIED" in text for text in found["problems"])
    acs = coord("ledger", SWARM, "--json", at=root).json["acs"]
    assert [(one["id"], one["state"]) for one in acs] == [("AC-1", "passed"), ("AC-2", "open")]
    shown = coord("artifacts", f".runs/{SWARM}", at=root).out
    assert "of another tool  gate/gate_receipt.json: UNVERIFIED, BOUNCE  by gate" in shown
    assert "1 of 1 met" in coord("ledger", "old", at=root).out


def test_without_a_run_of_ours_the_newest_of_another_tool_is_listed(root: Path) -> None:
    assert {one["run"] for one in coord("artifacts", "--json", at=root).json["artifacts"]} == {SWARM}
    assert coord("artifacts", "7", at=root).code == 3
    assert coord("artifacts", "nobodys", at=root).code == 2
