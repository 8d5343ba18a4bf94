"""Where a pipeline stands as text: read as the very same, and never taken for what it isn't."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.pipeline_state import BadState, read_state, read_taken, state_text, taken_values
from coordinator.lazy.dataclass import replace
from coordinator.model.pipeline import Artifact, Asked, Position, Published, Said, Station, Taken, Turn

said_kinds = ("flow.routed", "stage.skipped", "run.asked")
names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,8}", fullmatch=True)
words = st.text(max_size=20)
artifacts = st.builds(Artifact, names, words, st.booleans())
stations = st.builds(
    Station,
    names,
    names,
    words,
    words,
    st.booleans(),
    st.none() | st.floats(0, 1e9),
    st.integers(0, 9),
    words,
    st.integers(1, 9),
    st.lists(artifacts, max_size=2).map(tuple),
    st.lists(artifacts, max_size=2).map(tuple),
)
json_values = st.dictionaries(words, st.none() | st.booleans() | st.integers() | words, max_size=2)
turns = st.builds(
    Turn,
    names,
    names,
    st.integers(1, 9),
    st.sampled_from(("due", "done", "failed", "blocked", "interrupted", "skipped")),
    words,
    words,
    words,
    words,
    st.none() | st.integers(0, 9),
    st.booleans(),
    st.lists(words, max_size=2).map(tuple),
    json_values,
)
published = st.builds(Published, words, words, words, st.integers(0), words)
positions = st.builds(
    Position,
    names,
    names,
    st.lists(stations, max_size=2).map(tuple),
    st.integers(0, 99),
    st.lists(turns, max_size=3, unique_by=lambda turn: turn.path).map(tuple),
    st.lists(published, max_size=2).map(tuple),
    st.none() | st.builds(Asked, words, words, words, words, st.just(("retry",)), st.sampled_from(("", "skip"))),
    st.lists(st.builds(Said, st.sampled_from(said_kinds), words, words, json_values), max_size=2).map(tuple),
    st.sampled_from(("", "done", "failed")),
    words,
    st.dictionaries(st.just("task") | st.just("currentStage"), json_values | words),
)


@given(positions)
def test_what_was_written_is_read_as_the_very_same(position: Position) -> None:
    assert read_state(state_text(position)) == position


@given(st.builds(Taken, st.lists(published, max_size=2).map(tuple), st.just(("a",)), st.none() | st.integers(0, 9)))
def test_so_is_what_was_found_of_a_turn(taken: Taken) -> None:
    assert read_taken(json.loads(json.dumps(taken_values(taken)))) == taken


def test_values_of_another_kind_stand_beside_the_others() -> None:
    text = state_text(replace(Position("p"), more={"currentStage": "PLAN"}))
    assert json.loads(text) == {"pipeline": "p", "currentStage": "PLAN"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON"),
        ("[]", "no object"),
        ("[" * 100_000, "no JSON"),
        ('{"seq": 1}', "`pipeline` is missing"),
        ('{"pipeline": 1}', "`pipeline` can't be 1"),
        ('{"pipeline": "p", "seq": true}', "`seq` can't be true"),
        ('{"pipeline": "p", "turns": {}}', "`turns` must be a list"),
        ('{"pipeline": "p", "turns": [{"path": "../x", "station": "x"}]}', "no turn has the path"),
        ('{"pipeline": "p", "turns": [{"path": "x", "station": "x", "state": "gone"}]}', "`turns[0].state` must be"),
        ('{"pipeline": "p", "turns": [{"path": "x"}]}', "`turns[0].station` is missing"),
        ('{"pipeline": "p", "turns": [{"path": "x", "station": "x", "colour": 1}]}', "`turns[0].colour` is no key"),
        ('{"pipeline": "p", "turns": [{"path": "x", "station": "x"}, {"path": "x", "station": "y"}]}', "same path"),
    ],
)
def test_anything_else_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(BadState, match="") as refused:
        read_state(text)
    assert said in str(refused.value)
