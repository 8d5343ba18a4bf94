"""The flows of the pipeline `build`: they fit together, each may write its own alone, and their examples are read."""

import re
from pathlib import Path

import pytest

from coordinator.formats import flow_receipt, ledger, worklist
from coordinator.lazy.dataclass import replace
from coordinator.model.contract import contract_of
from coordinator.model.flow import Flow
from coordinator.model.flow_receipt import FlowReceipt
from coordinator.model.globs import matches
from coordinator.model.ledger import SECTIONS, Ledger, merge
from coordinator.model.pipeline import Pipeline
from coordinator.model.project_tests import expanded
from coordinator.model.seal import Facts, derived, judge
from coordinator.model.worklist import Worklist
from coordinator.storage.flows import read_flows
from coordinator.storage.paths import Layout
from coordinator.storage.pipelines import find_pipeline

TESTS = ("tests/test_limits.py", "pkg/tests/data/limits.toml", "src/limits.test.ts", "limits_test.go", "conftest.py")
CODE = ("limits.py", "src/limits.ts", "docs/limits.md", "contest.py", "latest.txt", "pkg/attests.py")
BLOCK = re.compile(r"^(?: {4}.*\n)+", re.MULTILINE)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


@pytest.fixture
def build(layout: Layout) -> Pipeline:
    return find_pipeline(layout, "build")


def flow(layout: Layout, name: str) -> Flow:
    found = read_flows(layout).find(name)
    assert found is not None
    return found


def examples(layout: Layout, name: str) -> list[bytes]:
    return [block.encode() for block in BLOCK.findall(flow(layout, name).body) if block.lstrip().startswith("{")]


def test_each_critic_sends_its_author_back_and_the_last_one_seals(build: Pipeline) -> None:
    assert [(one.name, one.loop) for one in build.stations] == [
        ("requirements-author", ""),
        ("test-author", ""),
        ("test-critic", "test-author"),
        ("implementer", ""),
        ("code-critic", "implementer"),
        ("cleanup", ""),
    ]
    assert [one.name for one in build.stations if any(a.file.endswith("_receipt.json") for a in one.outputs)] == [
        "cleanup"
    ]


def test_every_section_of_the_ledger_has_one_owner(build: Pipeline) -> None:
    fields = [a.field for one in build.stations for a in one.outputs if a.file == "ac_status.json"]
    assert fields == ["description", *SECTIONS]


@pytest.mark.parametrize(
    ("name", "tests", "code"),
    [
        ("test-author", True, False),
        ("implementer", False, True),
        *((other, False, False) for other in ("requirements-author", "test-critic", "code-critic", "cleanup")),
    ],
)
def test_one_writes_tests_another_code_and_the_others_nothing(
    layout: Layout, name: str, tests: bool, code: bool
) -> None:
    writes = expanded(contract_of(flow(layout, name)).writes)
    assert [matches(writes, path) for path in TESTS] == [tests] * len(TESTS)
    assert [matches(writes, path) for path in CODE] == [code] * len(CODE)
    assert not matches(writes, ".coord/coord.yaml")


@pytest.mark.parametrize("name", ["requirements-author", "test-author", "implementer", "cleanup"])
def test_the_ledger_that_a_flow_shows_is_one_of_its_own_fields(layout: Layout, name: str) -> None:
    shown = next(block for block in examples(layout, name) if b'"acs"' in block)
    found = ledger.read(shown, "ac_status.json")
    assert isinstance(found, Ledger)
    fields = contract_of(flow(layout, name)).fields("ac_status.json")
    described = Ledger(tuple(replace(one, **dict.fromkeys(SECTIONS, ""), evidence="") for one in found.entries))
    assert merge(described, found, fields).foreign == ()


@pytest.mark.parametrize("name", ["test-critic", "code-critic"])
def test_the_worklist_that_a_critic_shows_is_read(layout: Layout, build: Pipeline, name: str) -> None:
    found = worklist.read(examples(layout, name)[0], "worklist.json")
    assert isinstance(found, Worklist)
    station = next(one for one in build.stations if one.name == name)
    assert [(item.route_to, item.place != "", item.evidence != "") for item in found.items] == [
        (station.loop, True, True)
    ]
    assert found.further_round_helps


def test_the_receipt_that_is_shown_seals_where_all_of_it_is_so(layout: Layout) -> None:
    shown = next(block for block in examples(layout, "cleanup") if b'"run_id"' in block)
    receipt = flow_receipt.read(shown, "build_receipt.json")
    assert isinstance(receipt, FlowReceipt)
    assert judge(replace(receipt, counts={}), Facts("cleanup", "build", receipt.run_id)).sealed


def test_every_count_that_a_receipt_may_have_is_named(layout: Layout) -> None:
    body = flow(layout, "cleanup").body
    named = re.findall(r"`([a-z_]+)`", body[body.index("- `counts`") :])
    assert sorted(set(named) - {"counts", "null"}) == sorted(derived(Facts("cleanup")))


def test_what_a_flow_hands_in_is_named_in_its_words(layout: Layout, build: Pipeline) -> None:
    for station in build.stations:
        body = flow(layout, station.flow).body
        for artifact in station.outputs:
            if artifact.file == "ac_status.json":
                assert "ledger" in body
            else:
                assert f"`{artifact.file}`" in body
