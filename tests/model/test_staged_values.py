"""What staged agents are sent: nothing but the fields of a value, and each no longer than it may be."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.staged import PLAN, TASK, done, position, run

from coordinator.formats.pipeline_state import read_state, state_text
from coordinator.lazy.dataclass import fields, replace
from coordinator.model.pipeline import Position, Turn
from coordinator.model.staged_config import SCHEMA, StagedConfig, merged
from coordinator.model.staged_context import (
    DependencyOutput,
    Finding,
    PhaseContext,
    Remark,
    SentBack,
    StageContext,
    TaskContext,
    at_word,
    shortened,
)
from coordinator.model.staged_phases import FIX, PHASES, REVIEW, REVIEW_TESTS, SIMPLIFY, STAGES, TASKS, Place, place_of
from coordinator.model.staged_report import coverage, findings, kept
from coordinator.model.staged_turns import Staged, fault

BACK = SentBack("r", (Remark("C1", "m"),))
ANY = st.text(max_size=400) | st.text("ab \n\t", max_size=3000)


@given(ANY, st.integers(2, 300))
def test_a_cut_is_marked_and_never_longer_than_it_may_be(text: str, most: int) -> None:
    for cut in (shortened, at_word):
        made = cut(text, most)
        assert len(made) <= most
        assert at_word(made, most) == made or cut is shortened
    assert shortened(text, most) == text if len(text) <= most else shortened(text, most).endswith("…")


def test_a_task_is_cut_at_a_word() -> None:
    words = "every word of this task is whole " * 20
    made = StageContext(words, "PLAN", {}).task
    assert 150 < len(made) <= 200
    assert made.endswith("…")
    assert words.startswith(made.removesuffix("…") + " ")
    assert len(StageContext("x" * 500, "PLAN", {}).task) == 200


@given(ANY, ANY, ANY)
def test_every_constructor_keeps_to_its_bounds(one: str, two: str, three: str) -> None:
    stage = StageContext(one, "PLAN", {}, two, three).to_json()
    assert (len(stage["task"]), len(stage["previousStageSummary"])) <= (200, 1000)
    phase = PhaseContext(one, "PLAN", "p", "1.1", {}, two, ("T1",) * 300, three, (Finding("high", one, two),) * 80)
    told = phase.to_json()
    assert len(told["task"]) <= 200
    assert len(told["previousPhaseSummary"]) <= 1000
    assert len(told["taskList"]) <= 100
    assert len(told["errors"]) <= 50
    assert "\n" not in told["task"] + told["previousPhaseSummary"]
    task = TaskContext("T1", one, ("a",), two * 9, (DependencyOutput("T0", three),)).to_json()
    assert len(task["description"]) <= 100
    assert len(task["instructions"]) <= 2000
    assert len(task["dependencyOutputs"][0]["summary"]) <= 500


def test_the_fields_of_a_value_are_all_that_is_sent() -> None:
    phase = PhaseContext("t", "PLAN", "p", "1.1", {}, errors=(Finding("low", "m"),), sent_back=BACK)
    task = TaskContext("T1", "d", ("a",), sent_back=BACK)
    others = (DependencyOutput("T1", "s"), Finding("low", "m"), BACK, BACK.comments[0])
    for value in (StageContext("t", "PLAN", {}), phase, task, *others):
        assert len(value.to_json()) == len(fields(value))
    assert set(phase.to_json()) == {
        *("task", "stageName", "phaseName", "phaseId", "phaseConfig", "previousPhaseSummary", "taskList"),
        *("planFilePath", "errors", "sentBack"),
    }
    assert set(task.to_json()) == {
        *("taskId", "description", "targetFiles", "instructions", "dependencyOutputs", "constraints", "sentBack"),
    }


def test_why_a_change_came_back_is_cut_and_goes_to_those_who_plan_and_write_alone() -> None:
    long = "word " * 900
    back = SentBack(long, (Remark("C1", long, "a.py:3"),) * 99).to_json()
    assert len(back["reason"]) <= 1000
    assert len(back["comments"][0]["message"]) <= 500
    assert len(back["comments"]) == 50
    there, _, ended = run(position())
    staged = Staged(replace(there, more={**there.more, "sentBack": back}))
    told = {path: staged.context(path).to_json().get("sentBack") for path in ended}
    assert {path.partition("/")[0] for path, said in told.items() if said is not None} == {"PLAN", "IMPLEMENT"}
    assert told["PLAN/1.1"] == told["IMPLEMENT/2.1/T1"] == back
    for garbage in ("words", [], {"comments": "no"}, {"comments": [3, {}]}):
        Staged(replace(there, more={**there.more, "sentBack": garbage})).context("PLAN/1.1").to_json()


def test_a_turn_is_told_nothing_of_other_stages_than_the_one_before_nor_of_other_tasks() -> None:
    """Canaries in every report, setting and task; each context holds those alone that are its own."""
    layer = {"stages": {"TEST": {"commands": {"test": "CANARY-TEST"}}, "IMPLEMENT": {"model": "CANARY-MODEL"}}}
    plan = tuple(replace(one, instructions=f"CANARY-{one.id}-END", description=f"NAMED-{one.id}-END") for one in PLAN)

    def agents(turn: Any, _: Any) -> Any:
        place = place_of(turn.path)
        assert place is not None
        said = f"SAID-{place.station.replace('/', '-')}-END"
        record = {place.phase.id: {"status": "completed", "note": f"RECORD-{place.phase.id}"}}
        return done(turn, plan, summary=said, phases=record, errors=[{"severity": "low", "message": f"LOW-{said}"}])

    there, _, ended = run(position(layer, {"defaults": {"blockOnSeverity": "high"}}), agents)
    staged = Staged(there)
    for path in ended:
        text = json.dumps(staged.context(path, "/plan.md").to_json())
        place = place_of(path)
        assert place is not None
        assert "RECORD-" not in text
        assert "LOW-" not in text
        assert "CANARY-MODEL" not in text
        assert ("CANARY-TEST" in text) == (place.phase.stage == "TEST")
        own = f"CANARY-{place.task}-END" if place.phase is TASKS else None
        assert [c for c in ("T1", "T2", "T3", "T4") if f"CANARY-{c}-END" in text] == ([place.task] if own else [])
        for other in ended:
            there_ = place_of(other)
            assert there_ is not None
            heard = f"SAID-{there_.station.replace('/', '-')}-END" in text
            index = STAGES.index(place.phase.stage)
            if STAGES.index(there_.phase.stage) not in (index, index - 1):
                assert not heard, (path, other)
        assert ("/plan.md" in text) == (place.phase is not TASKS)
    assert TASK in json.dumps(staged.context("PLAN/1.1").to_json())
    assert TASK not in json.dumps(staged.context("IMPLEMENT/2.1/T1").to_json())


def test_the_first_phase_of_a_stage_hears_of_the_stage_before_and_later_ones_of_the_phase_before() -> None:
    there, _, _ = run(position())
    staged = Staged(there)
    told = {path: staged.context(path).to_json()["previousPhaseSummary"] for path in ("PLAN/1.1", "PLAN/1.2")}
    assert told == {"PLAN/1.1": "", "PLAN/1.2": "did PLAN/1.1"}
    first = staged.context("TEST/3.1").to_json()["previousPhaseSummary"]
    assert "simplify: did IMPLEMENT/2.2" in first
    assert "T3 Task T3: did IMPLEMENT/2.1/T3" in first
    assert "PLAN" not in first
    assert staged.context("IMPLEMENT/2.1/T3").to_json()["dependencyOutputs"] == [
        {"taskId": "T1", "summary": "did IMPLEMENT/2.1/T1"}
    ]


# ── settings


def test_layers_are_merged_key_by_key_the_last_one_first_heard() -> None:
    user = {"defaults": {"model": "haiku"}, "stages": {"TEST": {"coverageThreshold": "70"}}}
    project = {"stages": {"TEST": {"enabled": "no", "commands": {"test": "make test"}}}}
    values, wrong = merged([user, project, {"parallelism": {"maxParallelTasks": 2}}, None, ""])
    assert wrong == ()
    config = StagedConfig(values)
    assert config.stage("TEST")["coverageThreshold"] == 70
    assert config.stage("TEST")["commands"] == {"lint": "", "test": "make test", "coverage": ""}
    assert (config.at_once, config.who(SIMPLIFY).model, config.runs("TEST")) == (2, "haiku", False)
    assert json.loads(json.dumps(values)) == values


@pytest.mark.parametrize(
    ("layer", "path", "message", "remedy"),
    [
        ({"stagse": {}}, "stagse", "there is no `stagse`", "did you mean `stages`?"),
        ({"stages": {"TEST": {"command": {}}}}, "stages.TEST.command", "there is no", "did you mean `commands`?"),
        ({"stages": "all"}, "stages", "has settings below it", "write PLAN"),
        ({"defaults": {"testStage": "perhaps"}}, "defaults.testStage", "not true or false", ""),
        ({"defaults": {"timeout": "soon"}}, "defaults.timeout", "not a time", ""),
        ({"defaults": {"model": "--yolo"}}, "defaults.model", "not a name", ""),
        ({"parallelism": {"maxParallelTasks": "11"}}, "parallelism.maxParallelTasks", "from 1 to 10", ""),
        ({"defaults": {"blockOnSeverity": "some"}}, "defaults.blockOnSeverity", "low, medium, high", ""),
        ({"zzz": 1}, "zzz", "there is no `zzz`", "there is version, defaults"),
    ],
)
def test_what_is_no_setting_is_named_with_what_was_meant(layer: Any, path: str, message: str, remedy: str) -> None:
    values, wrong = merged([{}, layer])
    assert [(number, ".".join(one.path), one.warning) for number, one in wrong] == [(1, path, False)]
    assert message in wrong[0][1].message
    assert remedy in wrong[0][1].remedy
    assert values == merged([]).values


def test_what_the_gate_decides_is_said_to_be_nothing_here() -> None:
    ((_, wrong),) = merged([{"defaults": {"gitWorkflow": "branch+PR"}}]).wrong
    assert (wrong.warning, "gate" in wrong.remedy) == (True, True)


def _trees(schema: Any) -> st.SearchStrategy[Any]:
    value = st.text(max_size=6) | st.integers() | st.booleans() | st.none() | st.lists(st.text(max_size=3), max_size=2)
    if not isinstance(schema, dict):
        return value
    known = {key: _trees(inner) for key, inner in schema.items()}
    return value | st.fixed_dictionaries({}, optional=known) | st.dictionaries(st.text(max_size=5), value, max_size=2)


@given(st.lists(_trees(SCHEMA), max_size=3))
def test_no_layer_makes_settings_that_cant_be_used(layers: list[Any]) -> None:
    config = StagedConfig(merged(layers).values)
    assert config.stages is not None
    for phase in config.phases:
        who = config.who(phase)
        assert who.timeout > 0
        assert who.retries >= 0
        assert not who.model.startswith("-")
    assert 1 <= config.at_once <= 10
    assert merged([config.values]).values == config.values


def test_how_complex_a_task_is_chooses_its_model_and_a_stage_may_have_its_own() -> None:
    scoring = {"easy": {"model": "haiku"}, "medium": {"model": "sonnet"}, "hard": {"model": "opus"}}
    config = StagedConfig(merged([{"complexityScoring": scoring}]).values)
    levels = [config.level(files, lines) for files, lines in ((1, 0), (1, 50), (1, 51), (2, 10), (3, 200), (4, 1))]
    assert levels == ["easy", "easy", "medium", "medium", "medium", "hard"]
    assert config.level(1, 201) == "hard"
    assert [config.who(TASKS, "T1", level).model for level in ("easy", "hard")] == ["haiku", "opus"]
    assert config.who(REVIEW).model == ""
    own = StagedConfig(merged([{"stages": {"IMPLEMENT": {"model": "m", "implementReview": {"bugFixer": "codex"}}}}])[0])
    assert (own.who(TASKS, "T1", "easy").model, own.who(REVIEW).model) == ("m", "m")
    assert own.who(REVIEW, FIX)[:2] == ("codex", "")


# ── names


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("task", ["", "T3", FIX])
@pytest.mark.parametrize("turn", [1, 2, 11])
def test_a_path_tells_its_place(phase: Any, task: str, turn: int) -> None:
    place = Place(phase, task, turn)
    assert place_of(place.path) == place


@pytest.mark.parametrize(
    "path", ["", "PLAN", "PLAN/2.1", "IMPLEMENT/2.1/T3.1", "IMPLEMENT/2.1/T3.02", "PLAN/1.1.1", "A/1.1", "PLAN/1.1/a/b"]
)
def test_what_is_no_path_has_no_place(path: str) -> None:
    assert place_of(path) is None


# ── positions that somebody else may have written


def test_every_position_on_the_way_is_one_and_reads_as_the_very_same() -> None:
    seen: list[Position] = []

    def agents(turn: Turn, there: Position) -> Turn:
        seen.append(there)
        return replace(turn, state="failed", why="no") if turn.path.endswith(("3.1", "T2")) else done(turn)

    there, _, _ = run(position(), agents, lambda ask: "skip" if ask.station.endswith("T2") else "retry")
    for one in (*seen, there):
        assert fault(one) == ""
        assert read_state(state_text(one)) == one


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda p: replace(p, more={}), "no settings"),
        (lambda p: replace(p, more={**p.more, "config": {"stages": {}}}), "settings of its stages are none"),
        (lambda p: replace(p, more={**p.more, "config": {**p.more["config"], "x": 1}}), "settings of its stages"),
        (lambda p: replace(p, more={**p.more, "skipped": ["NONE"]}), "leaves out stages"),
        (lambda p: replace(p, more={**p.more, "tasks": "T1"}), "don't fit together"),
        (lambda p: replace(p, more={**p.more, "tasks": [{"id": "T1"}]}), "don't fit together"),
        (lambda p: replace(p, more={**p.more, "tasks": [replace(PLAN[2]).to_json()]}), "waits for `T1`"),
        (lambda p: p.with_turn(Turn("IMPLEMENT/2.1/T9", "IMPLEMENT/2.1/T9")), "don't fit together"),
        (lambda p: p.with_turn(Turn("PLAN/9.9", "PLAN/9.9")), "don't fit together"),
        (lambda p: p.with_turn(Turn("PLAN/1.1", "PLAN/1.2")), "is no turn of"),
    ],
)
def test_a_position_that_cant_be_is_told(change: Any, why: str) -> None:
    assert why in fault(change(position()))


def test_no_more_of_a_report_is_kept_than_is_of_use() -> None:
    report = {
        "stageName": "TEST",
        "status": "completed",
        "summary": "s" * 4000,
        "phases": {"3.3": {"coverage": 81, "long": "x" * 9000, "list": ["y" * 9000] * 400}, "1.1": {}},
        "errors": [{"severity": "low", "message": "m" * 4000}] * 500,
    }
    found = kept(report, REVIEW_TESTS)
    assert len(json.dumps(found)) < 40_000
    assert (coverage(found, REVIEW_TESTS), len(findings(found))) == (81, 50)
    assert kept(found, REVIEW_TESTS) == found
