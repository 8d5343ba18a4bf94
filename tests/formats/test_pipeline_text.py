"""The file of a pipeline: its stations, and what is said of one that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.pipeline_text import PipelineFile, read
from coordinator.model.pipeline import Pipeline, Station

TEXT = b"""---
stations:
  - implementer

  - code-critic name=second model=opus agent=claude loop=implementer rounds=2 timeout=10m retries=2
  # the last
  - cleanup enabled=no
---
# Implement, and let another model review

For people.
"""


def file(*stations: str, more: str = "") -> PipelineFile:
    lines = "".join(f"  - {station}\n" for station in stations)
    return read(f"---\nstations:\n{lines}{more}---\nWords.\n".encode(), "p.md", "mine")


def pipeline(data: bytes) -> Pipeline:
    found = read(data, "p.md", "mine")
    assert found.pipeline is not None, found.problems
    assert found.problems == ()
    return found.pipeline


def test_a_pipeline_lists_its_stations_in_order_each_with_what_is_special_about_it() -> None:
    found = pipeline(TEXT)
    assert found.stations == (
        Station("implementer", "implementer"),
        Station("second", "code-critic", "claude", "opus", True, 600.0, 2, "implementer", 2),
        Station("cleanup", "cleanup", enabled=False),
    )
    assert (found.name, found.kind, found.title) == ("mine", "stations", "Implement, and let another model review")
    assert found.station("second") == found.stations[1]


def test_the_staged_kind_has_stages_of_its_own() -> None:
    found = pipeline(b"---\nkind: staged\n---\n# Four stages\n")
    assert (found.kind, found.stations) == ("staged", ())
    (problem,) = file("implementer", more="kind: staged\n").problems
    assert "stages of its own" in problem.message


@pytest.mark.parametrize(
    ("station", "message", "remedy"),
    [
        ("critic modle=opus", "`modle=opus` says nothing", "did you mean `model`?"),
        ("critic loop=first looop", "`looop`", "did you mean `loop`?"),
        ("critic loop=frist", "no station `frist` before it", "did you mean `first`?"),
        ("critic rounds=2", "goes back to nobody", "loop=STATION"),
        ("critic loop=first rounds=0", "no number from 1 to 20", "rounds=1"),
        ("critic loop=first rounds=99", "no number from 1 to 20", "rounds=1"),
        ("critic retries=6", "no number from 0 to 5", "retries=0"),
        ("critic enabled=maybe", "not yes or no", "enabled=no"),
        ("critic timeout=soon", "not a duration", "15m"),
        ("critic timeout=", "no duration", "15m"),
        ("critic model=--yolo", "no name of a model", "as the agent's CLI calls it"),
        ("critic agent=../x", "no name of an agent", "claude"),
        ("critic name=critic.2", "no station can be called", "name=review"),
        ("critic name=", "nothing is named", "leave it out"),
        ("critic model=a model=b", "stands twice", "leave one"),
        ("first", "a station `first` before it already", "name="),
        ("FIRST", "before it already", "name="),
        ("../up", "can be no flow", "write `FLOW`"),
    ],
)
def test_a_station_that_can_not_be_is_named_at_its_line(station: str, message: str, remedy: str) -> None:
    found = file("first", station)
    assert found.pipeline is None
    (problem,) = found.problems
    assert (problem.code, problem.line, problem.warning) == ("bad-station", 4, False)
    assert message in problem.message
    assert remedy in problem.remedy


def test_a_pipeline_without_a_station_that_works_is_none() -> None:
    for found in (
        read(b"---\n---\n", "p.md", "x"),
        read(b"---\nstations: []\n---\n", "p.md", "x"),
        file("a enabled=no"),
    ):
        assert found.pipeline is None
        assert [problem.code for problem in found.problems] == ["no-stations"]
    assert [problem.code for problem in file(*(f"a{n}" for n in range(41))).problems] == ["no-stations"]


def test_an_unknown_key_is_named_with_its_nearest_and_the_pipeline_holds() -> None:
    found = file("a", more="station: b\n")
    assert found.pipeline is not None
    assert [(p.code, p.line, p.remedy, p.warning) for p in found.problems] == [
        ("unknown-key", 4, "did you mean `stations`?", True)
    ]


@given(st.binary(max_size=200), st.text(max_size=60))
def test_nothing_that_stands_in_a_file_raises(data: bytes, station: str) -> None:
    for text in (data, b"---\n" + data, b"---\nstations:\n  - " + station.encode("utf-8", "replace") + b"\n---\n"):
        found = read(text, "p.md", "x")
        assert found.pipeline is not None or found.problems
