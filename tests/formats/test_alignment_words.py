"""The engineer's words in the alignment document."""

from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.alignment import ALIGNMENT_START, add_steering, add_summary, engineers_words
from coordinator.model.saying import Saying

AT, LATER = "2027-01-15T08:00:00Z", "2027-01-16T08:00:00Z"


def document() -> bytes:
    made = add_summary(ALIGNMENT_START, number=7, agent="executor-07-1", text="made it\n### Steering by ada", at=AT)
    made = add_steering(made, number=7, text="Two lines.\n\nNo more.", who="ada", at=LATER)
    return add_steering(made, number=None, text="No ORM.", who="ada", at=LATER)


def test_steering_is_told_with_who_when_and_what_about_and_summaries_are_not() -> None:
    assert engineers_words(document()) == [
        Saying("Two lines.\n\nNo more.", "ada", LATER, 7, human=True),
        Saying("No ORM.", "ada", LATER, None, human=True),
    ]


def test_what_was_written_in_by_hand_counts_where_it_stands() -> None:
    by_hand = document().replace(b"\n### Steering by ada \xc2\xb7", b"\nBy hand.\n\n### Steering by ada \xc2\xb7", 1)
    by_hand = by_hand.replace(b"Append-only.\n", b"Append-only.\n\nOn top.\n") + b"\n## Notes\n\nBelow.\n"
    found = engineers_words(by_hand)
    assert [(saying.text, saying.prompt, saying.at) for saying in found] == [
        ("On top.", None, ""),
        ("By hand.", 7, AT),
        ("Two lines.\n\nNo more.", 7, LATER),
        ("No ORM.", None, LATER),
        ("Below.", None, LATER),
    ]


def test_line_endings_of_windows_make_no_difference() -> None:
    crlf = document().replace(b"\n", b"\r\n")
    assert [saying.text.split() for saying in engineers_words(crlf)] == [
        saying.text.split() for saying in engineers_words(document())
    ]


@given(st.lists(st.tuples(st.text("ab\n#> ", max_size=20), st.sampled_from([None, 1, 2])), max_size=6))
def test_all_that_was_said_is_found_and_nothing_that_an_agent_said(said: list[tuple[str, int | None]]) -> None:
    made = ALIGNMENT_START
    for text, number in said:
        made = add_summary(made, number=1, agent="executor-01-1", text=f"agent {text}", at=AT)
        made = add_steering(made, number=number, text=f"I say {text}", who="ada", at=AT)
    found = engineers_words(made)
    assert len(found) == len(said)
    assert all(saying.text.startswith("I say") and saying.who == "ada" for saying in found)
