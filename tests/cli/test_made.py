"""`coord artifacts` and `coord ledger`: what pipelines made, as it lies there, and whether it is so."""

from pathlib import Path

import pytest
from support.command import coord

from coordinator.eventlog.store import EventLog
from coordinator.formats import seal_record
from coordinator.model.event import SYSTEM, Draft
from coordinator.model.pipeline import Position, Published, Turn
from coordinator.model.seal import Mismatch, SealRecord, SuiteRun, Verdict
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import prompt_work, turn_work
from coordinator.storage.files import sha256
from coordinator.storage.paths import Layout
from coordinator.storage.pipeline_state import write_state
from coordinator.storage.runs import new_run, write_step

AT = "2027-01-15T08:00:00Z"
FILES = {
    "requirements.md": b"# What is required\n",
    "ac_status.json": b'{"acs": {"AC-1": {"description": "it counts", "impl_status": "done", '
    b'"verify_status": "passed"},'
    b' "REQ-2": {"description": "it is \\u001b[31mquick", "verify_status": "failed"}}}',
    "build_receipt.json": b'{"status": "VERIFIED", "recommended_action": "PROCEED", "flow": "build"}',
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    assert coord("init", "--title", "Rate limiting", at=tmp_path).code == 0
    return tmp_path


def build(root: Path, *, sealed: bool = True, number: int = 7) -> Path:
    """A prompt whose pipeline is through; the folder with what it published."""
    layout = Layout(root)
    run = new_run(layout, "Rate limiting")
    work = prompt_work(number)
    attempt = Attempt(work, 1, run, 1, StepState.MERGED, AT, AT, f"executor-{number:02d}-1", pipeline="build")
    directory = layout.attempt(run, work, 1)
    directory.mkdir(parents=True)
    write_step(layout, attempt, new=True)
    published = tuple(Published(name, "cleanup.2", sha256(data), len(data), AT) for name, data in FILES.items())
    turns = (Turn("cleanup", "cleanup", state="done"), Turn("cleanup.2", "cleanup", state="done"))
    write_state(directory, Position("build", turns=turns, published=published, ended="done"))
    folder = layout.run(run) / "build" / f"{number:02d}-1"
    folder.mkdir(parents=True)
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    mismatches = () if sealed else (Mismatch("AC-1", "the ledger says `passed`", "suite unit: exit 1"),)
    verdict = Verdict("VERIFIED", sealed, () if sealed else ("suite unit: exit 1",), mismatches)
    digest = sha256(FILES["build_receipt.json"])
    record = SealRecord(verdict, "c" * 40, "build_receipt.json", digest, "cleanup", AT, (SuiteRun("unit", 0),))
    draft = Draft(
        "flow.sealed", turn_work(number, "cleanup.2").subject, {"attempt": 1, "flow": "build"} | record.to_json()
    )
    with EventLog.open(layout.events_db) as log:
        log.append([draft], SYSTEM, run)
    return folder


def test_nothing_was_made_yet(root: Path) -> None:
    assert "`pipeline: build`" in coord("artifacts", at=root).out
    assert "no ledger yet" in coord("ledger", at=root).out
    assert coord("artifacts", "--json", at=root).json == {"artifacts": [], "receipts": [], "problems": []}
    assert coord("ledger", "--json", at=root).json == {"acs": [], "problems": []}


def test_artifacts_are_listed_with_who_made_them_and_what_became_of_the_receipt(root: Path) -> None:
    folder = build(root)
    found = coord("artifacts", "--json", at=root).json
    assert [(one["prompt"], one["name"], one["station"], one["bytes"], one["state"]) for one in found["artifacts"]] == [
        (7, name, "cleanup.2", len(data), None) for name, data in FILES.items()
    ]
    assert (root / str(found["artifacts"][0]["path"])) == folder / "requirements.md"
    (receipt,) = found["receipts"]
    assert (receipt["status"], receipt["sealed"], receipt["sealed_by"]) == ("VERIFIED", True, "cleanup.2")
    said = coord("artifacts", at=root).out
    assert "sealed  build_receipt.json: VERIFIED, PROCEED  by cleanup.2" in said
    assert "requirements.md" in said


def test_a_receipt_that_does_not_seal_says_why(root: Path) -> None:
    build(root, sealed=False)
    assert "not sealed" in (said := coord("artifacts", at=root).out)
    assert "suite unit: exit 1" in said
    (receipt,) = coord("artifacts", "--json", at=root).json["receipts"]
    assert receipt["mismatches"] == [{"about": "AC-1", "said": "the ledger says `passed`", "ran": "suite unit: exit 1"}]


def test_a_receipt_that_was_changed_since_is_sealed_by_nobody(root: Path) -> None:
    folder = build(root)
    (folder / "build_receipt.json").write_bytes(FILES["build_receipt.json"] + b"\n")
    found = coord("artifacts", "--json", at=root).json
    assert [one["state"] for one in found["artifacts"]] == [None, None, "changed"]
    assert [one["sealed"] for one in found["receipts"]] == [False]


def test_a_seal_that_no_log_tells_is_none(root: Path) -> None:
    folder = build(root, sealed=False)
    turn = folder.parents[1] / "prompts/07/attempt-1/stages/cleanup.2"
    turn.mkdir(parents=True)
    forged = SealRecord(Verdict("VERIFIED", True), "c" * 40, "build_receipt.json", sha256(FILES["build_receipt.json"]))
    (turn / seal_record.NAME).write_bytes(seal_record.render(forged))
    assert [one["sealed"] for one in coord("artifacts", "--json", at=root).json["receipts"]] == [False]


def test_what_is_gone_or_broken_is_told(root: Path) -> None:
    folder = build(root)
    (folder / "requirements.md").unlink()
    (folder / "ac_status.json").write_bytes(b"{")
    found = coord("artifacts", "--json", at=root).json
    assert [one["state"] for one in found["artifacts"]] == ["gone", "changed", None]
    assert found["problems"][0].endswith("ac_status.json: not JSON: Expecting property name enclosed in double quotes")
    assert coord("ledger", "--json", at=root).json["acs"] == []


def test_a_link_out_of_the_project_is_not_followed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = build(root)
    other = tmp_path_factory.mktemp("other") / "ac_status.json"
    other.write_bytes(FILES["ac_status.json"])
    (folder / "ac_status.json").unlink()
    (folder / "ac_status.json").symlink_to(other)
    assert coord("ledger", "--json", at=root).json["acs"] == []


def test_the_ledger_tells_who_says_what_of_each_criterion(root: Path) -> None:
    build(root)
    first, second = coord("ledger", "--json", at=root).json["acs"]
    assert (first["id"], first["prompt"], first["description"]) == ("AC-07-1", 7, "it counts")
    assert (first["impl_status"], first["verify_status"], first["tests_written"]) == ("done", "passed", None)
    assert (first["state"], first["witnessed"], first["mismatch"]) == ("passed", None, None)
    assert (second["id"], second["state"]) == ("07/REQ-2", "failed")
    said = coord("ledger", at=root).out
    assert "1 of 2 met" in said
    assert "built: done, checked: passed" in said
    assert "\x1b[31mquick" not in said


def test_where_the_run_says_otherwise_both_sides_are_shown(root: Path) -> None:
    build(root, sealed=False)
    assert coord("ledger", "--json", at=root).json["acs"][0]["mismatch"] == "suite unit: exit 1"
    said = coord("ledger", at=root).out
    assert "the ledger says `passed`, the run says: suite unit: exit 1" in said
    assert "0 of 2 met" in said


def test_the_newest_run_that_made_something_is_shown_or_another_one_by_its_number(root: Path) -> None:
    build(root)
    new_run(Layout(root), "Rate limiting")
    for words in ((), ("1",), ("run-1",)):
        assert {one["run"] for one in coord("artifacts", *words, "--json", at=root).json["artifacts"]} == {"run-1"}
    assert coord("artifacts", "2", "--json", at=root).json["artifacts"] == []
    build(root, number=8)
    assert {one["prompt"] for one in coord("artifacts", "--json", at=root).json["artifacts"]} == {8}
    refused = coord("ledger", "9", at=root)
    assert (refused.code, refused.err.splitlines()[0]) == (3, "coord: there is no run `9`")
