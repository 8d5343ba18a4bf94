"""What the voice and its screen say to each other survives the wire, and nonsense is refused in words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.errors import UsageError
from coordinator.model import conversation as c

TEXT = st.text(max_size=40)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT, lambda x: st.lists(x) | st.dictionaries(TEXT, x)
)
VALUES = st.dictionaries(TEXT, PLAIN, max_size=3)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
STEPS = st.lists(st.builds(c.ProposedStep, TEXT, VALUES), max_size=3).map(tuple)
OPTIONS = st.lists(st.builds(c.Option, TEXT, TEXT), max_size=3).map(tuple)
NUMBERS = st.integers(0, 10**9)
TO_VOICE = st.one_of(
    st.builds(c.Say, TEXT, TEXT, TEXTS),
    st.builds(c.Cancel),
    st.builds(c.Decided, TEXT, st.sampled_from(c.OUTCOMES), TEXT, TEXT),
    st.builds(c.Retry),
    st.builds(c.Draft, TEXT, TEXT, TEXT, TEXT, VALUES),
    st.builds(c.Close),
)
FROM_VOICE = st.one_of(
    st.builds(c.Earlier, TEXT, TEXT, TEXT),
    st.builds(c.Ready, st.sampled_from(c.VOICES), TEXT, TEXT),
    st.builds(c.Text, TEXT),
    st.builds(c.Tool, TEXT, TEXT),
    st.builds(c.Proposal, TEXT, TEXT, TEXT, STEPS, TEXTS),
    st.builds(c.Ask, TEXT, TEXT, OPTIONS),
    st.builds(c.Usage, NUMBERS, NUMBERS, NUMBERS, st.none() | st.floats(0, 100)),
    st.builds(c.TurnEnd, st.sampled_from(c.STOPS)),
    st.builds(c.Trouble, st.sampled_from(c.TROUBLES), TEXT, TEXT),
    st.builds(c.Drafted, TEXT, TEXT, st.booleans()),
)


@given(TO_VOICE)
def test_what_is_said_to_the_voice_survives_the_wire(message: c.Message) -> None:
    line = c.line_of(message)
    assert line.count("\n") == 1
    assert c.to_voice(line) == message


@given(FROM_VOICE)
def test_what_the_voice_says_survives_the_wire(message: c.Message) -> None:
    assert c.from_voice(c.line_of(message)) == message


@given(FROM_VOICE)
def test_nobody_speaks_with_the_others_words(message: c.Message) -> None:
    with pytest.raises(UsageError):
        c.to_voice(c.line_of(message))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "7",
        '{"type": 7}',
        '{"type": "say"}',
        '{"type": "say", "text": 7}',
        '{"type": "say", "text": "x", "refs": "7"}',
        '{"type": "decided", "proposal": "p", "outcome": "loved"}',
        "[" * 100_000,
        json.dumps({"type": "say", "text": "x" * c.MOST}),
    ],
)
def test_nonsense_is_refused_in_words(line: str) -> None:
    with pytest.raises(UsageError) as refused:
        c.to_voice(line)
    assert refused.value.remedy


@given(st.dictionaries(st.sampled_from(["type", "id", "steps", "options", "title", "cost", "voice"]), PLAIN))
def test_whatever_a_voice_sends_is_a_message_or_is_refused(value: dict[str, object]) -> None:
    for kind in ("proposal", "ask", "usage", "ready"):
        try:
            c.from_voice(json.dumps(value | {"type": kind}))
        except UsageError:
            continue


def test_what_a_later_version_says_besides_is_left_out() -> None:
    assert c.from_voice('{"type": "text", "delta": "x", "mood": "good"}') == c.Text("x")
