"""`coord flows` and `coord learnings`: what guides agents besides their task."""

import json
from pathlib import Path

import pytest
from support.command import coord

from coordinator.eventlog.store import EventLog
from coordinator.model.event import Actor, ActorKind, Draft
from coordinator.observe.told import flow_of
from coordinator.storage.flows import read_flows
from coordinator.storage.paths import Layout

SHIPPED = ["adversarial", "code-review", "performance", "security", "test-quality"]
LICENCES = "---\nrole: specialist\nagent: codex\n---\n# Licences\n\nEvery file has a header.\n"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    assert coord("init", "--title", "Rate limiting", at=tmp_path).code == 0
    return Layout(tmp_path)


def test_five_specialists_ship_and_each_is_told_the_general_part_and_its_own(layout: Layout) -> None:
    found = read_flows(layout)
    assert list(found.specialists) == SHIPPED
    assert {"planner", "executor", "verifier", "specialist"} < {flow.name for flow in found.items}
    for name in SHIPPED:
        text = flow_of(layout, "specialist", name)
        assert text.startswith("# How to review as a specialist\n")
        own = found.find(name)
        assert own is not None
        assert text.endswith(own.body.strip() + "\n")
        assert own.writes == ()
        assert own.title != name
    assert flow_of(layout, "verifier", "security") == flow_of(layout, "verifier")


def test_a_file_of_the_project_is_a_specialist_at_once(layout: Layout) -> None:
    assert "licences" not in coord("flows", at=layout.root).out
    (layout.flows / "Licences.md").write_text(LICENCES)
    shown = json.loads(coord("flows", "--json", at=layout.root).out)
    (found,) = [flow for flow in shown["flows"] if flow["own"]]
    assert (found["name"], found["role"], found["agent"], found["path"]) == (
        *("licences", "specialist", "codex"),
        ".coord/flows/Licences.md",
    )
    assert "licences" in read_flows(layout).specialists
    assert "Licences" in coord("flows", at=layout.root).out
    assert coord("flows", "licences", at=layout.root).out.startswith("# Licences\n")
    assert "no-effect" not in coord("validate", at=layout.root).out


def test_the_projects_own_file_holds_in_the_place_of_the_shipped_one(layout: Layout) -> None:
    (layout.flows / "security.md").write_text("---\nrole: specialist\n---\n# Ours\n")
    assert flow_of(layout, "specialist", "security").endswith("# Ours\n")
    assert list(read_flows(layout).specialists) == SHIPPED


def test_a_flow_that_cant_be_read_is_told_and_the_shipped_one_holds(layout: Layout) -> None:
    (layout.flows / "security.md").write_text("---\nrole: sheriff\n---\n# Ours\n")
    (layout.flows / "7.md").write_text(LICENCES)
    done = coord("validate", at=layout.root)
    assert done.code == 1
    assert ".coord/flows/security.md:2  bad-role  there is no role `sheriff`" in done.out
    assert ".coord/flows/7.md  bad-name" in done.out
    assert list(read_flows(layout).specialists) == SHIPPED
    assert "# Security" in flow_of(layout, "specialist", "security")
    assert "bad-role" in coord("flows", at=layout.root).out


def test_a_flow_that_nobody_is_told_is_named(layout: Layout) -> None:
    (layout.flows / "polish.md").write_text("---\nrole: executor\n---\n# Polish\n")
    done = coord("validate", at=layout.root)
    assert done.code == 0
    assert ".coord/flows/polish.md  no-effect (warning)" in done.out


def test_there_is_no_flow_of_another_name(layout: Layout) -> None:
    done = coord("flows", "sheriff", at=layout.root)
    assert done.code == 3
    assert "security" in done.err


def test_learnings_are_those_that_are_kept_and_those_that_were_noted_since(layout: Layout) -> None:
    assert "nothing learned yet" in coord("learnings", at=layout.root).out
    planner = Actor(ActorKind.AGENT, "planner-1-1", "planner")
    executor = Actor(ActorKind.AGENT, "executor-02-1", "executor")
    with EventLog.open(layout.events_db) as log:
        log.append([Draft("learning.noted", "prompt:1", {"text": "old"})], executor)
        log.append([Draft("learning.curated", "milestone", {"kept": 1})], planner)
        about = {"text": "the fixture is slow", "paths": ["tests/conftest.py"], "tags": ["tests"]}
        log.append([Draft("learning.noted", "prompt:2", about)], executor)
    layout.learnings.write_text("# Learnings\n\n- Use the fake clock. [paths: src/clock.py]\n")
    told = json.loads(coord("learnings", "--json", at=layout.root).out)
    assert told["learnings"] == [{"text": "Use the fake clock.", "paths": ["src/clock.py"], "tags": []}]
    assert [note["text"] for note in told["noted"]] == ["the fixture is slow"]
    shown = coord("learnings", at=layout.root).out
    assert "Use the fake clock.  src/clock.py" in shown
    assert "the fixture is slow  tests/conftest.py  #tests  executor-02-1" in shown
