"""Moments as text, and back."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.model.clock import iso, timestamp, utc_now

ROOT = Path(__file__).parents[2]


@given(st.integers(0, 4_000_000_000))
def test_a_moment_comes_back_from_its_text(seconds: int) -> None:
    assert timestamp(iso(seconds + 0.75)) == seconds


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
