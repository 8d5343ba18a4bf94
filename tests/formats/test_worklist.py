"""Worklists of critics are read whatever their counts say, and written back as they came."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.worklist import read, render
from coordinator.lazy.dataclass import replace
from coordinator.model.problem import Problem
from coordinator.model.worklist import Fate, WorkItem, Worklist

LIST = b"""{
  "schema_version": "review_worklist_v1",
  "summary": {"total": 9, "pending": 0, "resolved": 9, "skipped": 0},

  "items": [
    {
      "id": "RW-001",
      "source_id": "FB-001",
      "category": "CORRECTNESS",
      "severity": "CRITICAL",
      "location": {"file": "limits.py", "line": 40},
      "summary": "a limit of 0 is taken for none",
      "route_to": "implementer",
      "status": "PENDING",
      "evidence": "read()",
      "seen": [1, 2]
    },
    {"id": "RW-002", "severity": "MINOR", "location": {"file": "docs/*.md", "line": null}, "status": "RESOLVED"},
    {"id": "RW-003", "location": "README.md", "status": "maybe", "route_to": "test-author"},
    {"summary": "no name", "status": "skipped"}
  ]
}
"""


def worklist(data: bytes) -> Worklist:
    found = read(data, "code_worklist.json")
    assert isinstance(found, Worklist), found
    return found


def test_items_count_and_not_the_counts() -> None:
    found = worklist(LIST)
    assert [item.fate for item in found.items] == [Fate.PENDING, Fate.RESOLVED, Fate.PENDING, Fate.SKIPPED]
    assert found.pending == 2
    assert found.further_round_helps
    assert [item.place for item in found.items] == ["limits.py:40", "docs/*.md", "README.md", ""]
    assert found.items[3].id == "RW-004"


def test_items_are_routed_to_whom_they_name_or_to_anybody() -> None:
    found = worklist(b'{"items": [{"route_to": "Implementer"}, {"route_to": "test-author"}, {}, {"status": "DONE"}]}')
    assert [item.id for item in found.routed_to("implementer")] == ["RW-001", "RW-003"]


def test_a_critic_may_say_that_no_further_round_helps() -> None:
    assert not worklist(b'{"items": [{}], "further_round_helps": false}').further_round_helps
    assert worklist(b'{"items": [{}], "further_round_helps": "no"}').further_round_helps


def test_what_did_not_change_is_written_back_byte_for_byte() -> None:
    assert render(worklist(LIST)) == LIST


def test_an_item_that_changes_keeps_all_that_nobody_understands() -> None:
    found = worklist(LIST)
    done = replace(found.items[0], fate=Fate.RESOLVED, resolution="0 refuses")
    written = json.loads(render(replace(found, items=(done, *found.items[1:]))))
    before = json.loads(LIST)
    assert written["items"][0] == before["items"][0] | {"status": "RESOLVED", "resolution": "0 refuses"}
    assert written["items"][1:3] == before["items"][1:3]
    assert written["summary"] == {"total": 4, "pending": 1, "resolved": 2, "skipped": 1}
    assert list(written) == list(before)


@pytest.mark.parametrize(
    ("data", "code"), [(b"{}", "no-items"), (b'{"items": [1]}', "no-items"), (b'"x"', "bad-json"), (b"", "bad-json")]
)
def test_what_is_no_worklist_is_a_problem(data: bytes, code: str) -> None:
    found = read(data, "code_worklist.json")
    assert isinstance(found, Problem)
    assert found.code == code


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
_items = st.builds(
    lambda n, **said: WorkItem(f"RW-{n:03d}", **said),
    st.integers(1, 999),
    summary=_texts,
    severity=st.sampled_from(["CRITICAL", "MAJOR", "MINOR", ""]),
    fate=st.sampled_from(Fate),
    file=_texts.map(str.strip),
    line=st.integers(0, 99),
    route_to=_texts,
    resolution=_texts,
)


@given(st.lists(_items, unique_by=lambda item: item.id), st.booleans())
def test_any_worklist_comes_back(items: list[Any], helps: bool) -> None:
    again = worklist(render(Worklist(tuple(items), helps)))
    assert (again.items, again.further_round_helps) == (tuple(items), helps)
