"""Answering: which text an answer of the engineer stands for."""

import pytest
from support.build import question

from coordinator.errors import UsageError
from coordinator.services.questions import answer


def given(text: str, *options: str) -> object:
    asked = question(1, "How?", options=options)
    return answer([asked], str(asked.seq), text).data["answer"]


def test_the_number_of_an_option_stands_for_its_text() -> None:
    assert given("2", "left", "right") == "right"
    assert given("left", "left", "right") == "left"
    assert given("neither, go back", "left", "right") == "neither, go back"


@pytest.mark.parametrize("number", ["0", "3", "99"])
def test_the_number_of_no_option_is_a_slip_and_not_an_answer(number: str) -> None:
    with pytest.raises(UsageError, match=f"has no option {number}"):
        given(number, "left", "right")


def test_a_number_is_an_answer_where_numbers_are_asked_for() -> None:
    assert given("9", "3", "5") == "9"
    assert given("9") == "9"


@pytest.mark.parametrize("text", ["²", "٣", "9" * 5000])
def test_digits_that_number_nothing_are_taken_as_words(text: str) -> None:
    assert given(text, "left", "right") == text
