"""The registry of services: each is there once, with what it asks for, as schema and as request."""

import pkgutil
import re
from collections.abc import Mapping
from importlib import import_module

import pytest
from support.build import attempt
from support.onpaper import Paper

import coordinator.services
from coordinator.errors import Refused, UsageError
from coordinator.model.prompt import Priority
from coordinator.model.step import StepState
from coordinator.services.interjection import Interjection
from coordinator.services.offers import Offered
from coordinator.services.registry import SERVICES, Service

EACH = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())


OF_THEIR_OWN = {
    *("plan_initiative", "plan_subtask"),  # agents hand them in
    *("plan_run", "plan_take"),  # about a specification, and about what earlier ones left
    *("plan_import", "plan_online", "plan_write_back"),  # they ask for files, which a form does not
    *("plan_judgement", "plan_prompt_for"),  # they are about a finding
    *("plan_several", "plan_proposal"),  # requests of those that are registered, as one
    "plan_compounding",  # it is about what the log tells
    *("plan_piped", "plan_plot"),  # they may bring a file, and set a loop going
}
"""Planners with a command of their own, which is no service of the registry."""


def test_every_planner_is_registered() -> None:
    names = [module.name for module in pkgutil.iter_modules(coordinator.services.__path__)]
    modules = [import_module(f"coordinator.services.{name}") for name in names]
    planners = {f"{m.__name__.rpartition('.')[2]}.{p}" for m in modules for p in vars(m) if p.startswith("plan_")}
    own = {service.planner for service in SERVICES.values()}
    assert own <= planners
    assert {name.rpartition(".")[2] for name in planners} == {name.rpartition(".")[2] for name in own} | OF_THEIR_OWN


@EACH
def test_a_schema_describes_every_value_and_says_which_are_needed(service: Service) -> None:
    schema = service.schema
    assert schema["description"]
    properties = schema["properties"]
    assert isinstance(properties, Mapping)
    for name, value in properties.items():
        assert value["type"] in ("integer", "string", "boolean", "array", "object"), name
        assert re.fullmatch(r"[A-Z].*\.", value["description"]), name
        assert "--" not in value["description"], f"{name}: an option of the command"
    assert {"who", "at"}.isdisjoint(properties)


def test_the_schema_of_an_interjection() -> None:
    schema = SERVICES["interject"].schema
    assert schema["required"] == ["title"]
    assert schema["additionalProperties"] is False
    properties = schema["properties"]
    assert isinstance(properties, Mapping)
    numbers = {"type": "array", "items": {"type": "integer", "minimum": 1}}
    assert properties["after"] == {**numbers, "description": "Run after these prompts."}
    assert (properties["priority"]["enum"], properties["priority"]["default"]) == (["high", "medium", "low"], "medium")
    assert properties["running"]["enum"] == ["finish", "kill"]


def test_plain_values_become_a_request_of_the_types_that_the_service_wants() -> None:
    given = {"title": "New", "after": [2, 1], "priority": "high", "body": None}
    asked = SERVICES["interject"].ask(given, who="ada", at="2026-03-01T10:00:00Z")
    expected = Interjection("New", after=(2, 1), priority=Priority.HIGH, who="ada", at="2026-03-01T10:00:00Z")
    assert asked == expected
    assert SERVICES["surgery"].ask({"improve": {"3": "less copying"}}).improve == {3: "less copying"}
    assert SERVICES["edit"].ask({"number": 1, "values": {"priority": "low"}}).values == {"priority": "low"}
    assert SERVICES["intent"].ask({"goal": "Be fast"}, who="ada").goal == "Be fast"


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("interject", {}, "`title` is missing"),
        ("interject", {"title": "x", "who": "loop"}, "nobody asks for `who`"),
        ("interject", {"title": "x", "after": 2}, "`after` has to be a list of prompt numbers"),
        ("interject", {"title": "x", "after": [True]}, "`after` has to be a list of prompt numbers"),
        ("interject", {"title": "x", "after": ["2"]}, "`after` has to be a list of prompt numbers"),
        ("interject", {"title": ["x"]}, "`title` has to be a text"),
        ("interject", {"title": "x", "priority": "soon"}, "`priority` has to be one of high, medium, low"),
        ("interject", {"title": "x", "running": "restart"}, "`running` has to be one of finish, kill"),
        ("patch", {"title": "x"}, "`fixes` is missing"),
        ("patch", {"title": "x", "fixes": [1], "issues": "one"}, "`issues` has to be a list of texts"),
        ("kill", {"number": "1"}, "`number` has to be a prompt number"),
        ("restart", {"number": 1, "fresh": "yes"}, "`fresh` has to be true or false"),
        ("edit", {"number": 1, "values": {"priority": 1}}, "`values` has to be texts by their keys"),
        ("surgery", {"improve": {"x": "y"}}, "`improve` has to be texts by prompt numbers"),
    ],
)
def test_values_that_nobody_asked_for_are_refused_by_name(name: str, given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        SERVICES[name].ask(given)
    assert refused.value.message == message
    assert refused.value.remedy


# ── when each is offered


def world() -> Paper:
    """1 landed, 2 runs, 3 waits, 4 failed, 5 is cancelled, 6 waits for its review."""
    paper = Paper().add(1, status="done").add(2, status="in_progress", attempts=1).add(3, 2)
    paper.add(4, status="failed", attempts=1).add(5, status="cancelled").add(6, status="in_progress", attempts=1)
    return paper.attempt(attempt(2, StepState.RUNNING)).attempt(attempt(6, StepState.CHANGE_OPEN))


SELECT = Offered(why_not="Select a prompt first.")
WAITS = "03 has not started yet; it starts by itself when it is its turn."


@pytest.mark.parametrize(
    ("name", "selected", "offered"),
    [
        ("interject", None, Offered()),
        ("patch", None, SELECT),
        ("patch", 99, SELECT),
        ("patch", 1, Offered(1)),
        ("edit", None, SELECT),
        ("edit", 3, Offered(3)),
        ("edit", 1, Offered(1, better="patch")),
        ("surgery", 1, Offered(why_not="There is no emergent prompt: no agent came upon work of its own so far.")),
        ("cancel", 3, Offered(3)),
        ("cancel", 1, Offered(1, better="patch")),
        ("cancel", 5, Offered(5, "05 is cancelled already.")),
        ("kill", None, Offered(why_not="Select a prompt that an agent works on.")),
        ("kill", 2, Offered(2)),
        ("kill", 3, Offered(3, "Nobody works on 03; there is nobody to end.")),
        ("restart", None, Offered(why_not="Select a prompt that failed, is held, or runs.")),
        ("restart", 2, Offered(2)),
        ("restart", 3, Offered(3, WAITS)),
        ("restart", 4, Offered(4)),
        ("restart", 1, Offered(1, better="patch")),
        ("review", 6, Offered(6)),
        ("review", 3, Offered(6)),
        ("review", None, Offered(6)),
    ],
)
def test_each_service_says_what_it_is_offered_for(name: str, selected: int | None, offered: Offered) -> None:
    assert SERVICES[name].offers(world().snapshot(), selected) == offered


def test_without_an_open_change_there_is_nothing_to_review() -> None:
    offered = SERVICES["review"].offers(Paper().add(1).snapshot(), 1)
    assert offered == Offered(why_not="No change is open, and the selected prompt has none.")


@pytest.mark.parametrize("selected", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("name", ["edit", "cancel", "kill", "restart"])
def test_what_is_not_offered_would_be_refused(name: str, selected: int) -> None:
    snapshot = world().snapshot()
    offered = SERVICES[name].offers(snapshot, selected)
    more = {"values": {"title": "New"}} if name == "edit" else {}
    if offered.why_not or offered.better:
        with pytest.raises(Refused):
            SERVICES[name].plan(snapshot, SERVICES[name].ask({"number": selected, **more}))
