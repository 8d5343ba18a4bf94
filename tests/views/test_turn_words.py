"""A turn of a pipeline in the words of people."""

import pytest

from coordinator.lazy.dataclass import replace
from coordinator.model.pipeline import Asked, Position, Turn
from coordinator.views.event_text import actor_name
from coordinator.views.turn_words import how_it_went, turn_subject, where_it_stands


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("07-1-critic.2", "07 critic.2"),
        ("107-2-IMPLEMENT+2.1+T3", "107 IMPLEMENT/2.1/T3"),
        ("executor-07-1", "executor 07"),
        ("7", "7"),
    ],
)
def test_agents_are_called_by_their_prompt_and_station(agent: str, said: str) -> None:
    assert actor_name(agent) == said


def test_so_are_the_subjects_of_their_events() -> None:
    assert turn_subject("7/critic.2") == "07 critic.2"
    assert turn_subject("x/y") == "x/y"


def done(path: str, **more: object) -> Turn:
    return replace(Turn(path, path.partition(".")[0], state="done"), **more)


def test_how_it_went_and_where_it_stands() -> None:
    turns = (done("author"), done("critic"), done("author.2", state="failed"), done("author.3"))
    there = Position("pair", turns=turns, ended="done")
    assert how_it_went(there) == "pair in 4 turns: author 3 times, critic; 1 turn came to nothing"
    assert where_it_stands(there) == "pair is through"
    under_way = replace(there, ended="", turns=(*turns, Turn("critic.2", "critic", 2)))
    assert where_it_stands(under_way) == "pair, at critic.2, round 2"
    asks = replace(there, ended="", asked=Asked("id", "critic", "critic", "critic came to\nnothing"))
    assert where_it_stands(asks).startswith("pair waits for your answer: critic came to")
    assert "\n" not in where_it_stands(asks)
    assert where_it_stands(replace(there, broken="it is no JSON")).endswith("can't be read: it is no JSON")
