"""When a limit ends, by what CLIs say: right, or nothing."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.agents.rate_limits import reset_in_words, reset_time
from coordinator.agents.runtime import Said
from coordinator.model.snapshot import AgentState

AT = datetime(2026, 11, 28, 14, 30, 10, tzinfo=UTC).timestamp()
BERLIN = timezone(timedelta(hours=1), "CET")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("429 too many requests · retrying in 12s · attempt 3", 12),
        ("This request would exceed your account rate limit [retrying in 37s attempt #1]", 37),
        ("retrying in 1m 30s", 90),
        ("Rate limit reached. Please try again in 11.054s. Visit the page", 11.054),
        ("try again in 6m0s", 360),
        ("try again in 28ms", 0.028),
        ("or try again in 3 days 4 hours 5 minutes.", 273_900),
        ("try again in 1 hour and 2 minutes", 3720),
        ("Your limit resets in 2h", 7200),
        ("You've hit your session limit · resets 5pm (Europe/Berlin)", 5390),
        ("You've hit your limit · resets 5:04pm (UTC)", 9230),
        ("● Usage limit reached · continuing automatically at 4:44pm · esc to cancel", 4430),
        ("limit reached ∙ resets 3:45pm (Europe/Berlin)", 890),
        ("Usage limit reached for gemini-3.8-flash. Access resets at 3:04 PM UTC.", 2030),
        ("Access resets at 3:04 PM GMT. /stats model", 2030),
        ("Access resets at 4:04 PM GMT+1.", 2030),
        ("or try again at 6:30 PM.", 10_790),
        ("or try again at 18:30.", 10_790),
        ("or try again at Nov 30th, 2026 3:30 PM.", 172_790),
        ("You've hit your weekly limit · resets Dec 2, 3pm (UTC)", 347_390),
        ("resets Nov 29 at 12am (UTC)", 34_190),
    ],
)
def test_words_that_tell_when_a_limit_ends_are_understood(text: str, seconds: float) -> None:
    assert reset_in_words(text, AT, BERLIN) == pytest.approx(AT + seconds, abs=0.001)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "429 too many requests",
        "try again in a few minutes",
        "try again later",
        "limit of 50 requests in 60s",
        "retrying in 0s",
        "try again in 90 days",
        "resets 3",
        "resets at 25:00",
        "resets 13pm",
        "resets 5pm (Mars/Olympus)",
        "resets 5pm (../../etc/passwd)",
        "resets 5pm PST",
        "try again at 3:30 PM",  # just the minute that is: tomorrow, or now?
        "resets 2pm (UTC)",  # half an hour ago, more likely than in 23 hours
        "try again at Nov 20th, 2026 3:30 PM.",
        "try again at Feb 30th, 2027 3:30 PM.",
        "resets Oct 7, 3pm (UTC)",
        "attempt 3/10",
    ],
)
def test_words_that_do_not_tell_it_plainly_say_nothing(text: str) -> None:
    assert reset_in_words(text, AT, BERLIN) is None


WORDS = st.text() | st.lists(
    st.sampled_from(["retrying", "try again", "resets", "in", "at", "3", "3pm", "12s", "24:61", "Feb", "30th", "(UTC)"])
    | st.integers(0, 10**9).map(str)
).map(" ".join)


@given(WORDS, st.floats(1e6, 4e9))
def test_no_text_breaks_it_and_what_it_says_lies_ahead_and_near(text: str, at: float) -> None:
    found = reset_in_words(text, at, UTC)
    assert found is None or at < found <= at + 31 * 86_400


@given(st.integers(1, 59), st.integers(0, 59), st.integers(0, 20), st.sampled_from(["s", " seconds", " sec"]))
def test_any_wait_is_counted_from_when_it_was_said(seconds: int, minutes: int, hours: int, unit: str) -> None:
    text = f"429 · retrying in {hours}h {minutes}m {seconds}{unit} · attempt 1"
    assert reset_in_words(text, AT, UTC) == AT + hours * 3600 + minutes * 60 + seconds


@given(st.integers(60, 12 * 3600 - 60), st.integers(-11, 12), st.booleans())
def test_any_time_of_day_within_half_a_day_is_found_in_any_zone(ahead: int, hours: int, twelve: bool) -> None:
    zone = timezone(timedelta(hours=hours))
    there = datetime.fromtimestamp(AT + ahead, zone).replace(second=0)
    text = f"try again at {there.strftime('%I:%M %p' if twelve else '%H:%M')}."
    expected = there.timestamp() if there.timestamp() > AT else None
    assert reset_in_words(text, AT, zone) == expected


def test_only_a_limit_has_an_end_and_a_time_that_is_told_goes_first() -> None:
    limited = Said(AgentState.RATE_LIMITED, "429", AT + 60, "retrying in 5s")
    assert reset_time(limited, AT) == AT + 60
    assert reset_time(limited, AT + 61) is None
    assert reset_time(Said(AgentState.RATE_LIMITED, "429", when="retrying in 5s"), AT) == AT + 5
    assert reset_time(Said(AgentState.INTERRUPTED, "dropped", AT + 60, "retrying in 5s"), AT) is None
