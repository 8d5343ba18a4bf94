"""Comments at lines: where they stand, what ids they get, and what the log says of them and their answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import event

from coordinator.model.event import Event
from coordinator.model.review_comment import (
    Comment,
    Said,
    answers,
    fold,
    numbered,
    place_of,
    record_of,
    unresolved_first,
    unsent,
    with_comment,
)
from coordinator.model.worklist import Fate

NOTE = Comment("src/a.py", 3, "name the unit", quote="NOW = 3", commit="a" * 40, by="ada")


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("src/a.py:12", ("src/a.py", 12, False)),
        ("src/a.py:-12", ("src/a.py", 12, True)),
        ("src/a.py", ("src/a.py", 0, False)),
        ("odd:name:7", ("odd:name", 7, False)),
        ("a.py:0", ("a.py:0", 0, False)),
    ],
)
def test_a_place_is_read_as_it_is_written(typed: str, place: tuple[str, int, bool]) -> None:
    assert place_of(typed) == place
    if place[1]:
        assert Comment(place[0], place[1], "x", place[2]).place == typed


def test_a_comment_at_the_same_place_stands_in_the_others_stead_and_no_words_take_it_away() -> None:
    other = Comment("src/a.py", 3, "of a removed line", old=True)
    both = with_comment(with_comment((), NOTE), other)
    assert len(both) == 2
    again = with_comment(both, Comment("src/a.py", 3, " better "))
    assert [one.text for one in again] == ["of a removed line", "better"]
    assert with_comment(again, Comment("src/a.py", 3, "  ")) == (other,)


def test_ids_go_on_where_those_of_the_prompt_end() -> None:
    said = (Said(Comment("a", 1, "x", id="C2"), 1),)
    assert [one.id for one in numbered((NOTE, NOTE), said)] == ["C3", "C4"]


def sent(attempt: int, *comments: Comment) -> Event:
    return event("change.rejected", "prompt:7", "ada", 1, attempt=attempt, comments=record_of(comments))


def test_the_log_tells_what_was_sent_and_answered() -> None:
    one, two, three = numbered((NOTE, NOTE, NOTE), ())
    said = ("C1: renamed to seconds", "C2: left: the name is public", "C9: nobody asked", "no id")
    told = {"attempt": 2, "outcome": "done", "summary": "done", "answers": list(said)}
    handed = event("handoff.given", "prompt:7", "executor-07-2", 2, **told)
    found = fold([sent(1, one, two, three), handed])
    assert [(one.comment.id, one.fate, one.answer) for one in found] == [
        ("C1", Fate.RESOLVED, "renamed to seconds"),
        ("C2", Fate.SKIPPED, "the name is public"),
        ("C3", Fate.PENDING, ""),
    ]
    assert found[0].answered_in == 2
    assert [one.comment.id for one in unresolved_first(found)] == ["C3", "C1", "C2"]
    assert unsent((NOTE, Comment("b", 1, "new")), found) == (Comment("b", 1, "new"),)


@pytest.mark.parametrize(
    ("text", "fate", "words"),
    [
        ("C1: done", Fate.RESOLVED, "done"),
        ("[C1] - done", Fate.RESOLVED, "done"),
        ("C1. Skipped: later", Fate.SKIPPED, "later"),
        ("C1: leftovers are gone", Fate.RESOLVED, "leftovers are gone"),
    ],
)
def test_answers_are_read_forgivingly(text: str, fate: Fate, words: str) -> None:
    assert list(answers([text])) == [("C1", fate, words)]


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["path", "line", "text", "old", "id", "quote"]),
            st.text(max_size=8) | st.integers(-3, 3) | st.none() | st.lists(st.integers(), max_size=1),
        )
        | st.integers()
    )
    | st.text(max_size=4)
)
def test_whatever_an_event_holds_is_read_or_passed_over(comments: object) -> None:
    found = fold([event("change.rejected", "prompt:7", "ada", attempt="x", comments=comments)])
    assert all(one.comment.id and one.comment.line >= 0 for one in found)
