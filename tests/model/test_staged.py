"""Staged prompts: phases in order, tasks in waves, reviews that send work back, and that it always comes to an end."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.staged import PLAN, done, position, run, taken, task, tasks_of

from coordinator.lazy.dataclass import replace
from coordinator.model.pipeline import ABORT, OPTIONS, Ask, Asked, End, Position, Start, Turn
from coordinator.model.staged import next_move
from coordinator.model.staged_config import merged
from coordinator.model.staged_phases import PHASES, place_of
from coordinator.model.staged_plan import waves
from coordinator.model.staged_turns import Staged

WHOLE = [
    *("PLAN/1.1", "PLAN/1.2", "PLAN/1.3"),
    *("IMPLEMENT/2.1/T1", "IMPLEMENT/2.1/T2", "IMPLEMENT/2.1/T3", "IMPLEMENT/2.1/T4"),
    *("IMPLEMENT/2.2", "IMPLEMENT/2.3", "TEST/3.1", "TEST/3.2", "TEST/3.3"),
    *("FINAL/4.0", "FINAL/4.1", "FINAL/4.2", "FINAL/4.3"),
]
WRONG = [{"severity": "high", "message": "it is wrong", "location": "a.py:3"}]


def without(stage: str) -> dict[str, Any]:
    return {"stages": {stage: {"enabled": "no"}}}


def errors_at(*paths: str, **report: Any) -> Any:
    """Agents whose turns of these paths report an error."""
    told = report or {"errors": WRONG}
    return lambda turn, _: done(turn, **(told if turn.path in paths else {}))


def test_all_phases_run_in_order_and_tasks_in_waves() -> None:
    there, end, ended = run(position())
    assert (ended, end.outcome) == (WHOLE, "done")
    assert {turn.state for turn in there.turns} == {"done"}


@pytest.mark.parametrize(
    ("layer", "gone"),
    [
        (without("PLAN") | {}, "PLAN"),
        (without("TEST"), "TEST"),
        ({"defaults": {"testStage": "false"}}, "TEST"),
        (without("FINAL"), "FINAL"),
    ],
)
def test_a_stage_that_is_off_is_left_out_and_told(layer: Mapping[str, Any], gone: str) -> None:
    there, end, ended = run(position(layer, plan=PLAN))
    assert ended == [path for path in WHOLE if not path.startswith(gone)]
    assert end.outcome == "done"
    assert [turn.path for turn in there.turns if turn.state == "skipped"] == [gone]
    assert Staged(there).state(over=True)["stages"][gone] == {"status": "skipped"}


def test_a_phase_that_is_off_is_left_out() -> None:
    off = {"IMPLEMENT": {"simplify": {"enabled": "no"}}, "PLAN": {"planReview": {"enabled": "off"}}}
    assert run(position({"stages": off}))[2] == [path for path in WHOLE if path not in ("PLAN/1.3", "IMPLEMENT/2.2")]


def test_a_stage_to_begin_at_leaves_out_what_is_before() -> None:
    there, _, ended = run(position(plan=PLAN, skipped=("PLAN", "IMPLEMENT")))
    assert ended == [path for path in WHOLE if path.startswith(("TEST", "FINAL"))]
    assert [turn.path for turn in there.turns if turn.state == "skipped"] == ["PLAN", "IMPLEMENT"]


def test_tasks_without_a_plan_are_a_question_without_retry() -> None:
    there = position(without("PLAN"))
    move = next_move(there)
    assert isinstance(move, Ask)
    assert (move.station, move.options, move.default) == ("IMPLEMENT/2.1", ("skip", "abort"), ABORT)
    assert "plan is missing" in move.text
    assert run(there)[1].outcome == "failed"
    assert run(there, answer=lambda _: "skip")[2][0] == "IMPLEMENT/2.2"


# ── tasks


def test_no_more_tasks_run_at_once_than_may() -> None:
    many = tuple(task(f"T{n}") for n in range(7))
    there = position({"parallelism": {"maxParallelTasks": "3"}}, plan=many, skipped=("PLAN",))
    move = next_move(there)
    assert isinstance(move, Start)
    assert [turn.path for turn in move.turns] == [f"IMPLEMENT/2.1/T{n}" for n in range(3)]
    assert {turn.why for turn in move.turns} == {"wave 1 of the tasks"}
    there = taken(there, move)
    assert next_move(there) is None
    move = next_move(there.with_turn(done(there.turns[1])))
    assert isinstance(move, Start)
    assert [turn.path for turn in move.turns] == ["IMPLEMENT/2.1/T3"]


def test_a_failed_task_is_asked_about_once_its_wave_is_through_and_a_retry_is_another_turn() -> None:
    def agents(turn: Turn, _: Position) -> Turn:
        return replace(turn, state="failed", why="no way") if turn.path == "IMPLEMENT/2.1/T1" else done(turn)

    asked: list[Ask] = []

    def answer(ask: Ask) -> str:
        asked.append(ask)
        return "retry"

    _, end, ended = run(position(), agents, answer)
    assert end.outcome == "done"
    assert tasks_of(ended) == ["T1", "T2", "T1", "T3", "T4"]
    assert ended[5] == "IMPLEMENT/2.1/T1.2"
    assert [(ask.station, ask.turn, ask.text) for ask in asked] == [
        ("IMPLEMENT/2.1/T1", "IMPLEMENT/2.1/T1", "IMPLEMENT/2.1/T1 came to nothing: no way")
    ]


def test_a_task_that_was_left_out_is_told_to_those_that_wait_for_it() -> None:
    def agents(turn: Turn, _: Position) -> Turn:
        return replace(turn, state="failed", why="no way") if turn.station == "IMPLEMENT/2.1/T1" else done(turn)

    there, end, _ = run(position(), agents, lambda _: "skip")
    assert end.outcome == "done"
    told = Staged(there).context("IMPLEMENT/2.1/T3").to_json()
    assert told["dependencyOutputs"] == [{"taskId": "T1", "summary": "it was left out"}]


# ── turns that come to nothing


@pytest.mark.parametrize("path", WHOLE)
def test_whatever_fails_is_asked_about_and_abort_ends_it(path: str) -> None:
    def agents(turn: Turn, _: Position) -> Turn:
        return replace(turn, state="failed", why="no way") if turn.path == path else done(turn)

    _, end, ended = run(position(), agents, lambda _: "abort")
    assert (end.outcome, path in ended) == ("failed", True)
    assert path.rpartition("/")[0] in end.reason
    assert all(WHOLE.index(other) <= WHOLE.index(path) + 1 for other in ended)
    for word in ("retry", "skip"):
        again = run(position(), agents, lambda _, word=word: word)  # type: ignore[misc]
        assert again[1].outcome == "done"
        assert {place.station for p in again[2] if (place := place_of(p))} == set(WHOLE) or path == "PLAN/1.2"


def test_a_retry_that_the_settings_allow_asks_nobody() -> None:
    def agents(turn: Turn, _: Position) -> Turn:
        return replace(turn, state="failed", why="no way") if turn.path == "TEST/3.1" else done(turn)

    def nobody(ask: Ask) -> str:
        raise AssertionError(ask)

    assert "TEST/3.1.2" in run(position({"defaults": {"retries": "1"}}), agents, nobody)[2]


@pytest.mark.parametrize("path", WHOLE)
def test_what_was_interrupted_goes_on_there(path: str) -> None:
    def agents(turn: Turn, _: Position) -> Turn:
        return replace(turn, state="interrupted", why="the machine went down") if turn.path == path else done(turn)

    _, end, ended = run(position(), agents)
    again = f"{path}.2"
    assert end.outcome == "done"
    assert [one for one in ended if one != again] == WHOLE
    assert again in ended


# ── reviews


def test_a_plan_that_its_review_rejects_is_written_again_with_what_was_found() -> None:
    there, end, ended = run(position(), errors_at("PLAN/1.3"))
    assert ended[:6] == ["PLAN/1.1", "PLAN/1.2", "PLAN/1.3", "PLAN/1.2.2", "PLAN/1.3.2", "IMPLEMENT/2.1/T1"]
    assert end.outcome == "done"
    cut = replace(there, turns=there.turns[:3])
    told = Staged(cut).context("PLAN/1.2.2").to_json()
    assert told["errors"] == WRONG
    assert told["previousPhaseSummary"] == "did PLAN/1.3"


@pytest.mark.parametrize("review", ["IMPLEMENT/2.3", "TEST/3.2", "FINAL/4.1"])
def test_what_a_review_finds_is_mended_and_looked_at_again(review: str) -> None:
    there, end, ended = run(position(), errors_at(review, f"{review}.2"))
    at = ended.index(review)
    assert ended[at : at + 5] == [review, f"{review}/fix", f"{review}.2", f"{review}/fix.2", f"{review}.3"]
    assert end.outcome == "done"
    spec = Staged(there).spec(f"{review}/fix.2")
    assert spec.flow == "staged-fix"


@pytest.mark.parametrize(("review", "back"), [("IMPLEMENT/2.3", "IMPLEMENT/2.3/fix"), ("TEST/3.3", "TEST/3.2")])
def test_a_review_that_never_ends_is_bounded_and_then_a_human_is_asked(review: str, back: str) -> None:
    def agents(turn: Turn, _: Position) -> Turn:
        return done(turn, errors=WRONG) if turn.station == review else done(turn)

    asked: list[Ask] = []

    def answer(ask: Ask) -> str:
        asked.append(ask)
        return "retry" if len(asked) == 1 else "skip"

    there, end, _ = run(position(), agents, answer)
    assert end.outcome == "done"
    assert [ask.options for ask in asked] == [OPTIONS, OPTIONS]
    assert "still finds after 4 rounds" in asked[0].text
    reviews = [turn.state for turn in there.turns_at(review)]
    assert reviews == ["done"] * 5 + ["skipped"]
    more = 1 if back == "TEST/3.2" else 0
    assert len(there.turns_at(back)) == 4 + more


def test_coverage_below_the_threshold_asks_for_more_tests_and_what_is_above_does_not() -> None:
    def covered(per_cent: object) -> Any:
        return errors_at("TEST/3.3", phases={"3.3": {"status": "completed", "coverage": per_cent}})

    assert "TEST/3.2.2" in run(position(), covered("79.9 %"))[2]
    for fine in (80, "100%", "a lot", None, -3):
        assert run(position(), covered(fine))[2] == WHOLE


def test_what_is_less_severe_than_what_blocks_sends_nothing_back() -> None:
    mild = [{"severity": "medium", "message": "a name"}]
    config = {"defaults": {"blockOnSeverity": "high"}}
    assert run(position(config), errors_at("IMPLEMENT/2.3", errors=mild))[2] == WHOLE
    assert "IMPLEMENT/2.3/fix" in run(position(config), errors_at("IMPLEMENT/2.3"))[2]


# ── whatever agents and humans do


STATES = st.sampled_from(["done"] * 6 + ["failed", "blocked", "interrupted"])
ANSWERS = st.sampled_from(["retry", "skip", "abort"])
FOUND = st.sampled_from([[], [], WRONG])


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_it_comes_to_an_end_keeps_the_order_and_no_two_agents_have_a_file_at_once(data: st.DataObject) -> None:
    names = [f"T{n}" for n in range(data.draw(st.integers(1, 5)))]
    plan = tuple(
        task(
            name,
            *data.draw(st.lists(st.sampled_from(["a", "B", "b", "c"]), min_size=1, max_size=2, unique=True)),
            after=tuple(data.draw(st.sets(st.sampled_from(names[:n])))) if n else (),
        )
        for n, name in enumerate(names)
    )
    there = position({"parallelism": {"maxParallelTasks": str(data.draw(st.integers(1, 3)))}})
    at_once = Staged(there).config.at_once
    troubles = 25  # what goes wrong before all goes well: otherwise they may go on for ever
    for _ in range(500):
        move = next_move(there)
        if isinstance(move, End):
            break
        if isinstance(move, Ask):
            assert not there.due or place_of(move.station)
            assert move.options in (OPTIONS, OPTIONS[1:])
            word = data.draw(ANSWERS) if troubles > 0 else move.options[-2]
            word = word if word in move.options else "skip"
            there = replace(there, asked=Asked("q", move.turn, move.station, move.text, move.options, word))
            continue
        if isinstance(move, Start):
            for turn in move.turns:
                assert there.turn(turn.path) is None, "no turn is begun twice"
                assert place_of(turn.path) is not None
            there = taken(there, move)
            _hold(there, at_once)
            if not there.due:
                continue
        assert there.due, "nobody works, and nothing comes next"
        turn = data.draw(st.sampled_from(there.due))
        state = data.draw(STATES) if troubles > 0 else "done"
        found = data.draw(FOUND) if troubles > 0 else []
        troubles -= state != "done" or bool(found)
        ended = done(turn, plan, errors=found) if state == "done" else replace(turn, state=state, why="so")
        there = there.with_turn(ended)
    else:
        raise AssertionError("no end")
    assert isinstance(move, End)
    if move.outcome == "done":
        stages = [place.phase.id for turn in there.turns if (place := place_of(turn.path)) and not place.task]
        firsts = list(dict.fromkeys(stages))
        assert firsts == sorted(firsts)
        assert set(firsts) | {"2.0", "2.1"} == {phase.id for phase in PHASES}


def _hold(there: Position, at_once: int) -> None:
    staged = Staged(there)
    working = [place for turn in there.due if (place := place_of(turn.path)) is not None]
    tasks = [staged.own(place) for place in working if place.task and place.task != "fix"]
    assert len(tasks) <= at_once
    assert len(working) == len(tasks) or len(working) == 1, "a phase works alone"
    files = [file for one in tasks for file in {name.casefold() for name in one.files}]
    assert len(files) == len(set(files))
    over = {turn.station.rpartition("/")[2] for turn in there.turns if turn.state in ("done", "skipped")}
    assert all(over.issuperset(one.dependencies) for one in tasks)


@given(data=st.data())
def test_waves_hold_every_task_once_behind_what_it_waits_for(data: st.DataObject) -> None:
    names = [f"T{n}" for n in range(data.draw(st.integers(0, 8)))]
    plan = [
        task(
            name,
            *data.draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True)),
            after=tuple(data.draw(st.sets(st.sampled_from(names[:n])))) if n else (),
        )
        for n, name in enumerate(names)
    ]
    made = waves(data.draw(st.permutations(plan)))
    assert sorted(one.id for wave in made for one in wave) == sorted(names)
    seen: set[str] = set()
    for wave in made:
        assert all(seen.issuperset(one.dependencies) for one in wave)
        seen |= {one.id for one in wave}
        files = [file for one in wave for file in one.files]
        assert len(files) == len(set(files))


def test_the_state_tells_stage_phase_and_what_became_of_them() -> None:
    there = position(without("TEST"))
    move = next_move(there)
    assert isinstance(move, Start)
    assert move.more is not None
    assert (move.more["currentStage"], move.more["currentPhase"]) == ("PLAN", "1.1")
    there, end, _ = run(there)
    assert end.more is not None
    stages: Any = end.more["stages"]
    assert {stage: told["status"] for stage, told in stages.items()} == {
        "PLAN": "completed",
        "IMPLEMENT": "completed",
        "TEST": "skipped",
        "FINAL": "completed",
    }
    assert stages["IMPLEMENT"]["phases"]["2.1"] == {"status": "completed"}
    assert "did IMPLEMENT/2.3" in stages["IMPLEMENT"]["summary"]
    assert end.more["config"] == merged([without("TEST")]).values
