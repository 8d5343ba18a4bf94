"""Moments as text, and back."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.model.clock import day_and_time, iso, timestamp, utc_now, wall

ROOT = Path(__file__).parents[2]


@given(st.integers(0, 4_000_000_000))
def test_a_moment_comes_back_from_its_text(seconds: int) -> None:
    assert timestamp(iso(seconds + 0.75)) == seconds


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(["seconds", "milliseconds", "microseconds"]), st.data())
def test_a_text_is_read_as_the_standard_library_reads_it(moment: datetime, spec: str, data: st.DataObject) -> None:
    text = moment.isoformat(timespec=spec).replace("+00:00", "Z")
    place = data.draw(st.integers(0, len(text)))
    put = data.draw(st.sampled_from(["", "0", "3", "9", "-", "Z", "+", "٣"]))
    for each in (text, text[:place] + put + text[place + len(put) :], text[:place] + put + text[place:]):
        try:
            expected = datetime.fromisoformat(each)
            seconds = expected.timestamp()
        except (ValueError, OverflowError):
            assert (timestamp(each), wall(each), day_and_time(each)) == (0.0, each[11:19], each)
            continue
        assert timestamp(each) == seconds
        if 1900 < expected.year < 2200:  # from then on a float has no room for microseconds
            assert day_and_time(each) == f"{expected.astimezone():%Y-%m-%d %H:%M:%S}"
            assert wall(each) == f"{expected.astimezone():%H:%M:%S}"


def test_now_is_told_to_the_millisecond() -> None:
    before = time.time()
    assert before - 0.001 <= timestamp(utc_now()) <= time.time()
    assert len(utc_now()) == len("2027-01-15T08:00:00.123Z")


@pytest.mark.parametrize("text", ["", "soon", "2027-13-15T08:00:00Z"])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert timestamp(text) == 0.0


def test_nobody_else_makes_texts_of_moments() -> None:
    code = [path for room in ("coordinator", "tui") for path in (ROOT / room).rglob("*.py")]
    assert [path.name for path in code if "strftime(" in path.read_text()] == ["clock.py"]
