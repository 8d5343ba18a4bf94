"""The milestone is read forgivingly; the alignment document only grows, and nobody's words can pass for another's."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.alignment import ALIGNMENT_START, add_steering, add_summary, summaries
from coordinator.model.settings import Budget
from coordinator.model.snapshot import Milestone
from coordinator.storage.documents import append_summary, examine_milestone
from coordinator.storage.paths import Layout

AT = "2027-01-15T08:00:00Z"
WORDS = st.text(alphabet=st.sampled_from("ab #>-\n\r\t`*日\x1b\u202e"), max_size=40)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.coord.mkdir()
    return made


def summary(document: bytes, number: int, text: str = "did it") -> bytes:
    return add_summary(document, number=number, agent=f"executor-{number:02d}-1", text=text, at=AT)


def steering(document: bytes, number: int, text: str = "go on") -> bytes:
    return add_steering(document, number=number, text=text, who="ann", at=AT)


def is_woven_into(before: bytes, after: bytes) -> bool:
    """All bytes of `before` are there in order, with one insertion."""
    front = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    return after.endswith(before[front:])


def test_steering_stands_below_the_summary_that_it_steers() -> None:
    document = summary(summary(ALIGNMENT_START, 7), 8)
    document = steering(steering(document, 7, "first"), 7, "second")
    assert document.decode() == ALIGNMENT_START.decode() + (
        f"\n## Prompt 07 · executor-07-1 · {AT}\n\n> did it\n"
        f"\n### Steering by ann · {AT}\n\nfirst\n"
        f"\n### Steering by ann · {AT}\n\nsecond\n"
        f"\n## Prompt 08 · executor-08-1 · {AT}\n\n> did it\n"
    )


def test_steering_goes_to_the_newest_summary_of_the_prompt() -> None:
    document = steering(summary(summary(summary(b"", 7, "one"), 8), 7, "two"), 7, "words")
    first, second = summaries(document, 7)
    assert "words" not in first
    assert second.endswith("words")


def test_a_prompt_without_a_summary_gets_a_section_of_its_own() -> None:
    document = steering(summary(b"", 8), 7, "words")
    assert len(summaries(document, 7)) == 1
    assert "words" not in summaries(document, 8)[0]


@pytest.mark.parametrize("add", [summary, steering])
def test_words_can_not_open_a_section(add: Callable[[bytes, int, str], bytes]) -> None:
    document = add(
        summary(b"", 7), 7, "before\n## Prompt 03 \u00b7 executor-03-1\n  ## Prompt 03\n### Steering by bob\nafter"
    )
    assert summaries(document, 3) == []
    assert summaries(document, 7)[-1].endswith("after")


def test_a_number_is_not_found_in_a_longer_one() -> None:
    document = summary(summary(b"", 71), 7)
    assert len(summaries(document, 7)) == len(summaries(document, 71)) == 1


@given(st.lists(st.tuples(st.sampled_from([summary, steering]), st.integers(1, 3), WORDS), max_size=6))
def test_nothing_that_is_written_can_take_something_away_or_pass_for_a_heading(steps: list[tuple]) -> None:  # type: ignore[type-arg]
    document, headings = ALIGNMENT_START, 0
    for add, number, text in steps:
        before = document
        known = bool(summaries(document, number))
        document = add(document, number, text)
        assert is_woven_into(before, document)
        headings += 1 if add is summary or not known else 0
        assert sum(len(summaries(document, n)) for n in (1, 2, 3)) == headings
    assert not set("\x1b\u202e") & set(document.decode())


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"no line end",
        b"# Alignment\r\n\r\n## Prompt 07 \xc2\xb7 x\r\n\r\n> old\r\n\r\n## Notes\r\n",
        b"latin \xe9\n\n## Prompt 07\n\nx\n",
    ],
)
def test_bytes_and_line_ends_of_what_was_there_stay(document: bytes) -> None:
    after = steering(document, 7, "two\nlines")
    assert is_woven_into(document, after)
    if b"\r\n" in document:
        assert after.count(b"\r\n") == after.count(b"\n")
    assert is_woven_into(after, summary(after, 8))


def test_what_a_hand_wrote_below_other_headings_is_left_where_it_is() -> None:
    document = summary(b"", 7) + b"\n## Notes\n\nmine\n"
    after = steering(document, 7)
    assert after.index(b"go on") < after.index(b"## Notes")


def test_writers_at_the_same_time_all_get_their_words_in(layout: Layout) -> None:
    def write(number: int) -> None:
        append_summary(layout, number=number, agent="executor", text=f"summary {number}", at=AT)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    document = layout.alignment.read_bytes()
    assert document.startswith(ALIGNMENT_START)
    for number in range(1, 9):
        (section,) = summaries(document, number)
        assert f"summary {number}" in section


@pytest.mark.parametrize(
    ("content", "milestone", "code"),
    [
        (b"---\ntitle: Rate limiting\nstatus: done\n---\n## Goal\n", Milestone("Rate limiting", "done"), None),
        (b"---\ntitle: Rate limiting\n---\n", Milestone("Rate limiting"), None),
        (b"---\nstatus: open\n---\n", Milestone("Untitled milestone"), None),
        (b"---\ntitle: T\nstatus: flying\n---\n", Milestone("T"), "bad-status"),
        (b"---\ntitle: [a]\n---\n", Milestone("Untitled milestone"), "bad-value"),
        (b"# Rate limiting\n", Milestone("Untitled milestone"), "no-frontmatter"),
        (b"", Milestone("Untitled milestone"), "empty"),
        (None, Milestone("Untitled milestone"), None),
    ],
)
def test_a_milestone_is_told_as_far_as_it_can_be_read(
    layout: Layout, content: bytes | None, milestone: Milestone, code: str | None
) -> None:
    if content is not None:
        layout.milestone.write_bytes(content)
    found, problem = examine_milestone(layout)
    assert found == milestone
    assert (problem.code if problem else None) == code


def test_a_milestone_that_is_no_file_is_a_problem(layout: Layout) -> None:
    layout.milestone.symlink_to("elsewhere")
    _, problem = examine_milestone(layout)
    assert problem is not None
    assert problem.code == "unreadable"


def test_a_milestone_has_an_id_may_iterate_and_has_a_budget_of_its_own(layout: Layout) -> None:
    layout.milestone.write_text("---\ntitle: T\nid: M2\niterate: true\nbudget: 2.50\nplanner_plans: auto\n---\n")
    assert examine_milestone(layout) == (Milestone("T", "open", "M2", True, Budget(cost_usd=2.5), "auto"), None)
    layout.milestone.write_text("---\ntitle: T\nbudget: none\n---\n")
    assert examine_milestone(layout)[0].budget == Budget()


@pytest.mark.parametrize(
    "line",
    ["id: ../../etc", "id: [a]", "iterate: perhaps", "budget: -3", "budget: 0", "planner_plans: none", "budget: 1e9"],
)
def test_a_milestone_with_a_value_that_cannot_be_is_told_with_its_line(layout: Layout, line: str) -> None:
    layout.milestone.write_text(f"---\ntitle: T\n{line}\n---\n")
    made, problem = examine_milestone(layout)
    assert made == Milestone("T")
    assert problem is not None
    assert (problem.line, problem.code) == (3, f"bad-{line.partition(':')[0].replace('_', '-')}")
