"""Where a receipt does not seal, work goes back to whom its writer names, and to nobody further on."""

import pytest

from coordinator.model.pipeline import Ask, End, Position, Start, Station, Turn
from coordinator.model.stations import next_move

STATIONS = (Station("implementer", "implementer"), Station("cleanup", "cleanup"), Station("release", "release"))


def after(next_: str = "", *, unsealed: str = "suite unit: exit 1", stations: int = 2) -> Position:
    turns = (Turn("implementer", "implementer", state="done"),)
    last = Turn("cleanup", "cleanup", state="done", next=next_, unsealed=unsealed)
    return Position("build", stations=STATIONS[:stations], turns=(*turns, last))


def test_what_seals_goes_on() -> None:
    assert isinstance(next_move(after(unsealed="")), End)


def test_what_does_not_seal_is_asked_about_with_the_reason() -> None:
    move = next_move(after())
    assert isinstance(move, Ask)
    assert (move.station, move.turn) == ("cleanup", "cleanup")
    assert move.text == "cleanup did not seal: suite unit: exit 1"


def test_it_goes_back_to_whom_its_writer_names() -> None:
    move = next_move(after("implementer"))
    assert isinstance(move, Start)
    assert [turn.path for turn in move.turns] == ["implementer.2"]


@pytest.mark.parametrize(
    ("named", "why"), [("release", ""), ("nobody", "; nobody, which cleanup recommended, is no station of it")]
)
def test_it_does_not_go_on_to_whom_comes_after(named: str, why: str) -> None:
    move = next_move(after(named, stations=3))
    assert isinstance(move, Ask)
    assert move.text == f"cleanup did not seal: suite unit: exit 1{why}"
