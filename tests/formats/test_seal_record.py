"""What the harness found of a receipt is kept, and comes back as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.seal_record import read, render
from coordinator.model.problem import Problem
from coordinator.model.seal import Mismatch, SealRecord, SuiteRun, Verdict

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_records = st.builds(
    SealRecord,
    st.builds(
        Verdict,
        _texts,
        st.booleans(),
        st.lists(_texts, max_size=3).map(tuple),
        st.lists(st.builds(Mismatch, _texts, _texts, _texts), max_size=3).map(tuple),
    ),
    *([_texts] * 5),
    st.lists(st.builds(SuiteRun, _texts, st.integers(-64, 255), _texts, st.booleans(), _texts), max_size=3).map(tuple),
    st.lists(_texts, max_size=3).map(tuple),
)


@given(_records)
def test_any_record_comes_back(record: SealRecord) -> None:
    assert read(render(record), "seal.json") == record


def test_the_log_is_not_told_what_suites_printed() -> None:
    record = SealRecord(
        Verdict("VERIFIED", False), "c" * 40, "x_receipt.json", suites=(SuiteRun("unit", 1, output="!"),)
    )
    assert "output" not in json.dumps(record.to_json())
    assert b'"output"' in render(record)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"sealed": "yes"}', b'{"sealed": 1}'])
def test_what_says_nothing_seals_nothing(data: bytes) -> None:
    assert isinstance(read(data, "seal.json"), Problem)


def test_what_is_of_another_kind_is_left_out() -> None:
    found = read(b'{"sealed": true, "suites": [{"exit": "0"}, 3], "reasons": "x", "mismatches": {}}', "seal.json")
    assert isinstance(found, SealRecord)
    assert found.suites == (SuiteRun("", 1),)
    assert (found.verdict.reasons, found.verdict.mismatches) == ((), ())
