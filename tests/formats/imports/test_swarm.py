"""What a swarm's runs say is left, and what is written back to them: also in the odd spellings of people."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.formats.imports.registry import form
from coordinator.formats.imports.text import patched
from coordinator.model.imported import Item, TaskStatus, Tree

SUBTASKS, POINTS = ".runs/r/plan/subtasks.yaml", ".runs/r/review/review_worklist.json"


def read(files: dict[str, str]) -> tuple[Tree, dict[str, Item]]:
    tree = Tree({path: text.encode() for path, text in files.items()})
    return tree, {item.key: item for item in form("swarm").read(tree).items}


def back(tree: Tree, *changes: tuple[Item, TaskStatus]) -> Tree:
    """The files with all of the changes, settled."""
    swarm, files = form("swarm"), dict(tree.files)
    for path in files:
        made = [swarm.write_back(tree, item, status) for item, status in changes if item.path == path]
        assert all(isinstance(one, tuple) for one in made)
        patches = tuple(patch for one in made if isinstance(one, tuple) for patch in one)
        files[path] = swarm.settle(path, patched(files[path], patches)) if patches else files[path]
    return Tree(files)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("subtasks:\n  - id: A\n    title: x\n", "subtasks:\n  - id: A\n    status: DONE\n    title: x\n"),
        ("subtasks:\r\n- id: A # a\r\n  title: x\r\n", "subtasks:\r\n- id: A # a\r\n  status: DONE\r\n  title: x\r\n"),
        ("subtasks: [{title: x, id: A}]", "subtasks: [{title: x, id: A, status: DONE}]"),
        ("\ufeffsubtasks:\n- id: A\n  status: 'TODO' # é\n", "\ufeffsubtasks:\n- id: A\n  status: 'DONE' # é\n"),
        ("subtasks:\n- title: é漢🃏\n  id: A\n  status: TODO", "subtasks:\n- title: é漢🃏\n  id: A\n  status: DONE"),
    ],
)
def test_a_subtask_gets_its_status_whether_it_had_one_or_not(before: str, after: str) -> None:
    tree, items = read({SUBTASKS: before})
    assert back(tree, (items["r/A"], TaskStatus.DONE)).files[SUBTASKS].decode() == after


@pytest.mark.parametrize(
    ("receipts", "left"),
    [
        ({"gate": {"status": "VERIFIED"}}, False),
        ({"build": {"status": "VERIFIED"}}, False),
        ({"gate": {"status": "UNVERIFIED"}, "build": {"status": "VERIFIED"}}, True),
        ({"build": {"status": "UNVERIFIED"}}, True),
        ({"gate": {"status": "UNVERIFIED", "merge_verdict": "MERGE"}}, False),
        ({"wisdom": {"status": "VERIFIED", "run_complete": True}, "gate": {"status": "UNVERIFIED"}}, False),
        ({"wisdom": {"status": "VERIFIED"}, "gate": {"status": "UNVERIFIED"}}, True),
        ({}, True),
    ],
)
def test_what_a_run_has_left_is_for_its_last_seal_to_say(receipts: dict[str, dict[str, object]], left: bool) -> None:
    files = {SUBTASKS: "subtasks:\n- {id: A, title: a, status: TODO}\n"}
    sealed = {f".runs/r/{name}/{name}_receipt.json": json.dumps(values) for name, values in receipts.items()}
    _, items = read(files | sealed)
    assert (items["r/A"].status is TaskStatus.TODO) == left


LEDGER = ".runs/r/build/ac_status.json"
ACS = {
    "AC-1": {"impl_status": "done", "description": "one"},
    "AC-2": {"impl_status": "open", "description": "two"},
    "AC-3": {"impl_status": "done", "verify_status": "failed", "description": "three"},
    "AC-4": {"verify_status": "deferred"},
    "AC-5": {"description": "five"},
}


def test_criteria_are_what_a_run_without_subtasks_has_left() -> None:
    tree, items = read({LEDGER: json.dumps({"acs": ACS}, indent=2)})
    assert {key: item.status.value for key, item in items.items()} == {
        "r/AC-1": "done",
        "r/AC-2": "to do",
        "r/AC-3": "to do",
        "r/AC-4": "cancelled",
        "r/AC-5": "to do",
    }
    assert (items["r/AC-2"].title, items["r/AC-2"].criteria, items["r/AC-2"].line) == ("two", ("two",), 7)
    after = back(tree, *((items[f"r/AC-{n}"], TaskStatus.DONE) for n in range(1, 6)))
    built = {**ACS, "AC-2": {"impl_status": "done", "description": "two"}}
    assert json.loads(after.files[LEDGER]) == {"acs": built}
    _, items = read({LEDGER: json.dumps({"acs": ACS}), SUBTASKS: "subtasks: []"})
    assert items == {}


statuses = st.sampled_from(["PENDING", "RESOLVED", "SKIPPED"])
others = st.dictionaries(st.sampled_from(["status ", "note", "x"]), st.one_of(st.text(), st.integers(), st.none()))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(statuses, others), min_size=1, max_size=6),
    st.sampled_from([None, 1, 2, "\t"]),
    st.booleans(),
    st.data(),
)
def test_resolved_points_are_counted_and_nothing_else_of_the_file_changes(
    points: list[tuple[str, dict[str, object]]], indent: int | str | None, ascii_only: bool, data: st.DataObject
) -> None:
    items = [
        {**more, "id": f"RW-{n}", "summary": 'a "status": "PENDING"', "status": word}
        for n, (word, more) in enumerate(points)
    ]
    counts = {key: sum(one["status"] == key.upper() for one in items) for key in ("pending", "resolved", "skipped")}
    document = {"more": [1.50, {"status": 1}], "summary": {"total": len(items), **counts}, "items": items, "last": None}
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    tree, found = read({POINTS: text})
    assert back(tree).files == tree.files
    pending = [n for n, (word, _) in enumerate(points) if word == "PENDING"]
    chosen = data.draw(st.lists(st.sampled_from(pending), unique=True)) if pending else []
    after = back(tree, *((found[f"r/RW-{n}"], TaskStatus.DONE) for n in chosen))
    for n in chosen:
        items[n]["status"] = "RESOLVED"
        counts["pending"] -= 1
        counts["resolved"] += 1
    document["summary"] = {"total": len(items), **counts}
    assert after.files[POINTS].decode() == json.dumps(document, indent=indent, ensure_ascii=ascii_only)


@given(st.binary(max_size=200), st.sampled_from([SUBTASKS, POINTS, "docs/plans/a-plan.md"]))
def test_whatever_the_bytes_are_reading_goes_on(junk: bytes, path: str) -> None:
    for name in ("swarm", "subagents"):
        tree = Tree({path: b"tasks:\nsubtasks: targetFiles\n" + junk})
        form(name).detect(tree)
        form(name).read(tree)
