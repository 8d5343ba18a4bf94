"""A receipt seals only what is so: each lie, gap and contradiction is refused, and told with both sides."""

import json
from typing import Any

import pytest

from coordinator.formats.flow_receipt import read
from coordinator.lazy.dataclass import replace
from coordinator.model.flow_receipt import FlowReceipt
from coordinator.model.ledger import Entry, Ledger
from coordinator.model.problem import Problem
from coordinator.model.seal import Facts, SuiteRun, derived, judge
from coordinator.model.worklist import Fate, WorkItem, Worklist

GREEN, RED = SuiteRun("unit", 0), SuiteRun("unit", 1)
MET = Entry("AC-1", "it counts", "done", "done", "passed", "suite unit")
FACTS = Facts(
    "cleanup",
    "build",
    "r-1",
    ("test-author", "implementer"),
    ("requirements.md", "ac_status.json"),
    ("requirements.md", "ac_status.json", "build_receipt.json"),
    Ledger((MET,)),
    worklists={"code_worklist.json": Worklist((WorkItem("RW-001", fate=Fate.RESOLVED),))},
    suites=(GREEN,),
    commits=2,
    files_changed=3,
)
RECEIPT = FlowReceipt(
    "build", "r-1", "VERIFIED", "PROCEED", counts={"ac_total": 1, "ac_passed": 1, "files_changed": 3, "mutants": None}
)


def refused(receipt: FlowReceipt = RECEIPT, facts: Facts = FACTS) -> str:
    verdict = judge(receipt, facts)
    assert not verdict.sealed
    assert verdict.reasons
    return "; ".join(verdict.reasons)


def test_what_is_so_is_sealed() -> None:
    assert judge(RECEIPT, FACTS).reasons == ()
    assert judge(RECEIPT, FACTS).sealed


def test_a_missing_artifact_keeps_it_unsealed() -> None:
    facts = replace(FACTS, published=("ac_status.json", "build_receipt.json"))
    assert refused(facts=facts) == "1 artifact missing: requirements.md"


def test_nobody_seals_work_of_their_own() -> None:
    assert "nobody seals work of their own" in refused(facts=replace(FACTS, authors=("implementer", "cleanup")))


def test_a_ledger_that_says_passed_where_the_suite_failed_shows_both_sides() -> None:
    verdict = judge(RECEIPT, replace(FACTS, suites=(RED,)))
    assert not verdict.sealed
    assert [(m.about, m.said, m.ran) for m in verdict.mismatches] == [
        ("AC-1", "the ledger says `passed`", "suite unit: exit 1")
    ]


def test_a_failed_suite_is_held_against_the_criteria_that_name_it() -> None:
    other = Entry("AC-2", "it is quick", verify_status="passed", evidence="suite speed: 3 ms")
    facts = replace(FACTS, ledger=Ledger((MET, other)), suites=(GREEN, SuiteRun("speed", -9, timed_out=True)))
    verdict = judge(replace(RECEIPT, counts={}), facts)
    assert [m.about for m in verdict.mismatches] == ["AC-2"]
    assert verdict.mismatches[0].ran == "suite speed: timed out"


def test_a_failed_suite_that_nobody_names_refuses_all_the_same() -> None:
    facts = replace(FACTS, suites=(GREEN, SuiteRun("speed", 1)))
    assert refused(facts=facts) == "suite speed: exit 1"


def test_a_receipt_without_a_ledger_is_held_against_the_suites() -> None:
    verdict = judge(replace(RECEIPT, counts={}), replace(FACTS, ledger=None, suites=(RED,)))
    assert [m.about for m in verdict.mismatches] == ["the receipt"]


def test_tests_that_it_says_failed_contradict_it() -> None:
    assert "it says too that 2 tests failed" in refused(replace(RECEIPT, tests={"passed": 5, "failed": 2}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "PERFECT"}, "status `PERFECT` is not one of"),
        ({"status": "", "recommended_action": ""}, "status `` is not one of"),
        ({"recommended_action": "SHIP"}, "recommended_action `SHIP` is not one of"),
        ({"recommended_action": "RERUN"}, "VERIFIED goes with PROCEED"),
        ({"run_id": "r-2"}, "it is of run `r-2`, and this is r-1"),
        ({"flow": "review"}, "it is of flow `review`, and this is build"),
        ({"missing_required": ("x.md",)}, "misses x.md"),
        ({"blockers": ("no tool",)}, "names what blocks it: no tool"),
        ({"counts": {"ac_passed": 2}}, "counts.ac_passed is 2, and counted are 1"),
        ({"counts": {"ac_passed": True}}, "counts.ac_passed is True"),
        ({"counts": {"mutants": 9}}, "counts.mutants is 9, and nothing here tells it: write null"),
        ({"status": "CANNOT_PROCEED", "recommended_action": "FIX_ENV"}, "needs missing_required"),
        ({"status": "UNVERIFIED", "recommended_action": "BOUNCE", "route_to_agent": "implementer"},
         "it says UNVERIFIED; it recommends BOUNCE to implementer"),
    ],
)  # fmt: skip
def test_a_forged_or_wrong_receipt_is_refused(changes: dict[str, Any], words: str) -> None:
    assert words in refused(replace(RECEIPT, **changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ledger": Ledger((Entry("AC-1", verify_status="deferred"),))}, "open in the ledger: AC-1 (deferred)"),
        ({"ledger": Ledger()}, "no acceptance criteria"),
        ({"ledger": Ledger((replace(MET, impl_status="pending"),))}, "it was not implemented"),
        ({"ledger": Ledger((replace(MET, verify_status="n/a", evidence=""),))}, "without a word why: AC-1"),
        ({"worklists": {"code_worklist.json": Worklist((WorkItem("RW-9", severity="MAJOR"),))}},
         "pending in code_worklist.json: RW-9"),
        ({"broken": ("ac_status.json: not JSON",)}, "ac_status.json: not JSON"),
        ({"unrun": ("unit: it has no command",)}, "suite unit: it has no command could not be run"),
    ],
)  # fmt: skip
def test_what_is_not_finished_is_not_sealed(changes: dict[str, Any], words: str) -> None:
    assert words in refused(replace(RECEIPT, counts={}), replace(FACTS, **changes))


def test_a_minor_item_may_stay() -> None:
    facts = replace(FACTS, worklists={"x_worklist.json": Worklist((WorkItem("RW-1", severity="minor"),))})
    assert judge(RECEIPT, facts).sealed


def test_every_count_that_can_be_derived_is_one_to_write() -> None:
    assert judge(replace(RECEIPT, counts=derived(FACTS)), FACTS).sealed


def test_words_of_agents_are_made_safe() -> None:
    assert "\x1b" not in refused(replace(RECEIPT, status="\x1b[31mVERIFIED", run_id="r\x1b"))


def test_a_receipt_of_the_wild_is_read() -> None:
    document = {
        "schema_version": "build_receipt_v1",
        "run_id": "cli-version",
        "flow": "build",
        "status": "VERIFIED",
        "recommended_action": "PROCEED",
        "route_to_flow": None,
        "missing_required": [],
        "counts": {"files_changed": 3, "mutation_score": None, "checked": True, "by": {"x": 1}},
        "tests": {"passed": 14, "failed": 0, "canonical_summary": "passed=14"},
        "key_artifacts": {"plan": "plan.md"},
        "blockers": "none at all",
    }
    receipt = read(json.dumps(document).encode(), "build_receipt.json")
    assert isinstance(receipt, FlowReceipt)
    assert receipt.counts == {"files_changed": 3, "mutation_score": None, "checked": True}
    assert receipt.tests == {"passed": 14, "failed": 0}
    assert (receipt.key_artifacts, receipt.blockers) == (("plan.md",), ("none at all",))


@pytest.mark.parametrize(("data", "code"), [(b"[]", "bad-json"), (b'{"flow": "build"}', "no-status")])
def test_what_is_no_receipt_is_a_problem(data: bytes, code: str) -> None:
    found = read(data, "build_receipt.json")
    assert isinstance(found, Problem)
    assert found.code == code


def test_what_the_log_is_told_of_a_ledger_without_end_is_bounded() -> None:
    many = Ledger(tuple(Entry(f"AC-{n}", verify_status="passed") for n in range(5000)))
    verdict = judge(replace(RECEIPT, counts={}), replace(FACTS, ledger=many, suites=(RED,)))
    assert (len(verdict.mismatches), len(verdict.reasons)) == (200, 21)
    assert verdict.reasons[-1].startswith("and ")


def test_words_without_end_make_no_reason_without_end() -> None:
    long = "failed " * 100_000
    entry = Entry("A" * 200, impl_status="pending" + " " * 9, tests_written="no", verify_status="passed")
    ledger = Ledger((entry, replace(MET, verify_status=long)))
    facts = replace(FACTS, ledger=ledger, unrun=(long,), broken=(long,))
    told = judge(replace(RECEIPT, status="VERIFIED", blockers=(long,), run_id=long), facts).reasons
    assert told
    assert max(map(len, told)) <= 400


def test_a_receipt_of_the_name_of_its_file_seals_a_pipeline_of_another_name() -> None:
    facts = replace(FACTS, flow="mine", file="build_receipt.json")
    assert judge(RECEIPT, facts).sealed
    assert judge(replace(RECEIPT, flow="mine"), facts).sealed
    assert refused(replace(RECEIPT, flow="review"), facts) == "it is of flow `review`, and this is mine"
