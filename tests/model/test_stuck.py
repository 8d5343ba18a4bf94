"""When an agent is thought to be stuck, and in which words."""

import pytest

from coordinator.model.stuck import OFTEN, Cause, Marks, Stuck, judge_stuck, next_doubt, span

NOW = 1_800_000_000.0
LIMIT = 900.0
OLD, NEW = NOW - 1000, NOW - 10


@pytest.mark.parametrize(
    ("marks", "cause", "words"),
    [
        (Marks(OLD, OLD, tokens=OLD), Cause.SILENT, "no new tokens for 16m"),
        (Marks(OLD, OLD, tokens=NEW), Cause.SPINNING, "tokens grow, but no file changed for 16m"),
        (Marks(OLD, OLD, tokens=OLD, output=NEW), Cause.SILENT, "no new tokens for 16m"),
        (Marks(OLD, OLD, output=OLD), Cause.MUTE, "no output at all for 16m"),
        (Marks(OLD, OLD, output=NEW), Cause.PRINTING, "it prints, but no file changed for 16m"),
        (Marks(OLD, OLD), Cause.STILL, "no file changed for 16m"),
        (
            Marks(OLD, NEW, tokens=NEW, call="Bash: make test", calls=OFTEN, calling=OLD),
            Cause.REPEATING,
            "the same command again and again for 16m: Bash: make test",
        ),
    ],
)
def test_without_progress_the_cause_is_named(marks: Marks, cause: Cause, words: str) -> None:
    found = judge_stuck(marks, NOW, LIMIT)
    assert found is not None
    assert (found.cause, found.since, found.words(NOW)) == (cause, OLD, words)


@pytest.mark.parametrize(
    "marks",
    [
        Marks(OLD, NEW),
        Marks(OLD, NEW, tokens=OLD),
        Marks(OLD, NEW, output=OLD),
        Marks(NEW, OLD, tokens=OLD),
        Marks(OLD, OLD, tokens=NOW - 500),
        Marks(OLD, OLD, output=NOW - 500),
        Marks(OLD, NEW, tokens=NEW, call="x", calls=OFTEN - 1, calling=OLD),
        Marks(OLD, NEW, tokens=NEW, call="x", calls=OFTEN, calling=NEW),
        Marks(NEW, NEW, tokens=NEW, call="x", calls=OFTEN, calling=OLD),
    ],
)
def test_with_progress_nobody_is_warned(marks: Marks) -> None:
    assert judge_stuck(marks, NOW, LIMIT) is None


def test_who_only_reads_may_leave_all_files_alone_but_not_fall_silent() -> None:
    assert judge_stuck(Marks(OLD, OLD, tokens=NEW), NOW, LIMIT, role="verifier") is None
    assert judge_stuck(Marks(OLD, OLD), NOW, LIMIT, role="verifier") is None
    silent = judge_stuck(Marks(OLD, OLD, tokens=OLD), NOW, LIMIT, role="verifier")
    assert silent is not None
    assert silent.cause is Cause.SILENT


@pytest.mark.parametrize("role", ["executor", "verifier"])
def test_before_the_next_doubt_nothing_is_found(role: str) -> None:
    for marks in (Marks(OLD, NEW, tokens=NEW), Marks(OLD, OLD, output=NEW), Marks(NEW)):
        due = next_doubt(marks, LIMIT, role)
        assert judge_stuck(marks, due - 1, LIMIT, role=role) is None


def test_the_length_of_time_grows_with_it_and_says_no_more_than_matters() -> None:
    assert Stuck(Cause.MUTE, NOW - 4000).words(NOW) == "no output at all for 1h06"
    assert [span(seconds) for seconds in (-1, 59.9, 60, 3599, 3600)] == ["0s", "59s", "1m", "59m", "1h00"]
    assert Stuck(Cause.MUTE, NOW).since_iso == "2027-01-15T08:00:00Z"
