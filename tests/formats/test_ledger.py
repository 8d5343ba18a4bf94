"""Ledgers in the shapes that they have in the wild are read, merged, and written back as they came."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.ledger import MOST, read, render
from coordinator.lazy.dataclass import replace
from coordinator.model.ledger import SECTIONS, Entry, Ledger, State, counts, merge
from coordinator.model.problem import Problem

SECTIONED = b"""{
  "acs": {
    "AC-1": { "impl_status": "done", "updated_at": "2027-01-15T08:00:00Z", "description": "limits are read", "by": 7 },
    "AC-2": { "tests_written": 3, "impl_status": "pending", "verify_status": null }
  }
}
"""
SUMMED = b"""{
    "schema_version": "ac_status_v1",
    "run_id": "limits-a1",
    "summary": {"total": 2, "passed": 1, "failed": 0, "deferred": 1, "not_applicable": 0},
    "acceptance_criteria": {
        "AC-001-001": {"status": "PASSED", "description": "limits are read", "evidence": "suite unit"},
        "AC-NFR-1": {"status": "DEFERRED"}
    },
    "subtask_status": {"ST-001": "DONE"}
}
"""
ONE_STATUS = b'{"ac_count": 2, "completed": 1, "acs": {"A": {"status": "passed"}, "B": "pending"}}'


def ledger(data: bytes) -> Ledger:
    found = read(data, "ac_status.json")
    assert isinstance(found, Ledger), found
    return found


def test_sections_are_read_word_by_word() -> None:
    assert ledger(SECTIONED).entries == (
        Entry("AC-1", "limits are read", impl_status="done", updated_at="2027-01-15T08:00:00Z"),
        Entry("AC-2", tests_written="3", impl_status="pending"),
    )


def test_one_status_is_what_was_found_by_checking() -> None:
    first, second = ledger(SUMMED).entries
    assert (first.verify_status, first.state, first.evidence) == ("PASSED", State.PASSED, "suite unit")
    assert second.state is State.DEFERRED
    assert [entry.state for entry in ledger(ONE_STATUS).entries] == [State.PASSED, State.OPEN]


@pytest.mark.parametrize(
    "data", [SECTIONED, SUMMED, ONE_STATUS, b"\xef\xbb\xbf" + SUMMED, SUMMED.replace(b"\n", b"\r\n")]
)
def test_what_did_not_change_is_written_back_byte_for_byte(data: bytes) -> None:
    assert render(ledger(data)) == data
    assert render(merge(None, ledger(data), (*SECTIONS, "description")).ledger) == data


def test_a_change_keeps_the_shape_and_all_that_nobody_understands() -> None:
    said = Ledger((Entry("AC-NFR-1", verify_status="passed", evidence="suite slow"),))
    written = json.loads(render(merge(ledger(SUMMED), said, ["verify_status"]).ledger))
    before = json.loads(SUMMED)
    assert written["acceptance_criteria"]["AC-NFR-1"] == {"status": "passed", "evidence": "suite slow"}
    assert written["acceptance_criteria"]["AC-001-001"] == before["acceptance_criteria"]["AC-001-001"]
    assert written["summary"] == {"total": 2, "passed": 2, "failed": 0, "deferred": 0, "not_applicable": 0}
    assert (written["subtask_status"], written["run_id"]) == (before["subtask_status"], "limits-a1")
    assert list(written) == list(before)


def test_a_change_keeps_line_ends_and_indentation() -> None:
    said = Ledger((Entry("AC-NFR-1", verify_status="passed"),))
    data = render(merge(ledger(SUMMED.replace(b"\n", b"\r\n")), said, ["verify_status"]).ledger)
    assert data.startswith(b'{\r\n    "schema_version"')
    assert data.endswith(b"}\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")


def test_values_that_are_no_text_stay_what_they_are() -> None:
    said = Ledger((Entry("AC-2", impl_status="done"),))
    written = json.loads(render(merge(ledger(SECTIONED), said, ["impl_status"]).ledger))
    assert written["acs"]["AC-2"] == {"tests_written": 3, "impl_status": "done", "verify_status": None}
    assert written["acs"]["AC-1"]["by"] == 7


def test_what_somebody_may_not_say_is_not_in_the_first_version_either() -> None:
    merged = merge(None, ledger(SECTIONED), ["tests_written"])
    assert merged.foreign == ("AC-1.impl_status", "AC-2.impl_status")
    assert "impl_status" not in json.loads(render(merged.ledger))["acs"]["AC-1"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "bad-json"),
        (b"[]", "bad-json"),
        (b"{}", "no-criteria"),
        (b'{"acs": []}', "no-criteria"),
        (b'{"acs": {"": {}}}', "bad-name"),
        (b'{"acs": {"' + b"x" * 300 + b'": {}}}', "bad-name"),
        (b"[" * 100_000, "bad-json"),
        (b'{"acs": \xff}', "not-utf8"),
        (json.dumps({"acs": {str(n): {} for n in range(MOST + 1)}}).encode(), "too-many"),
    ],
)
def test_what_is_no_ledger_is_a_problem(data: bytes, code: str) -> None:
    found = read(data, "ac_status.json")
    assert isinstance(found, Problem)
    assert found.code == code
    assert found.remedy


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(["description", *SECTIONS, "status", "evidence", "updated_at", "other"])
criteria = st.dictionaries(
    st.text(min_size=1, max_size=6).filter(str.strip), values | st.dictionaries(keys, values, max_size=5), max_size=4
)
documents = st.builds(
    lambda form, listed, more: more | {form: listed},
    st.sampled_from(["acs", "acceptance_criteria"]),
    criteria,
    st.dictionaries(st.sampled_from(["summary", "ac_count", "run_id"]), values, max_size=3),
)


@given(documents)
def test_any_ledger_is_read_and_written_back(document: dict[str, Any]) -> None:
    data = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    found = read(data, "ac_status.json")
    if isinstance(found, Ledger):
        assert render(found) == data


@given(documents, st.sampled_from(SECTIONS), st.sampled_from(["passed", "failed"]))
def test_a_section_that_changes_changes_nothing_else(document: dict[str, Any], section: str, word: str) -> None:
    found = read(json.dumps(document).encode(), "ac_status.json")
    if not isinstance(found, Ledger):
        return
    said = Ledger(tuple(Entry(entry.id, **{section: word}) for entry in found.entries))
    merged = merge(found, said, [section]).ledger
    again = ledger(render(merged))
    assert again.entries == merged.entries
    assert [replace(e, **{section: ""}) for e in again.entries] == [replace(e, **{section: ""}) for e in found.entries]
    assert counts(again)["total"] == len(found.entries)
