"""Findings: which two are one, which come first, and which keep a milestone from being done."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.lazy.dataclass import replace
from coordinator.model.feedback import Feedback, FeedbackStatus, alike, blocking, by_urgency, covers, same
from coordinator.model.prompt import Priority

ITEMS = st.builds(
    Feedback,
    st.integers(1, 999),
    st.text("ab cd", min_size=1, max_size=12).filter(str.strip),
    st.sampled_from(Priority),
    status=st.sampled_from(FeedbackStatus),
    location=st.sampled_from(["", "a.py", "./a.py:3", "b.py"]),
)


@pytest.mark.parametrize(
    ("known", "found", "one"),
    [
        (("Refill is off by one", ""), ("refill is off by one!", "src/b.py"), True),
        (("Refill is off by one", "src/b.py:3"), ("The refill is off by one at midnight", "./src/b.py"), True),
        (("Refill is off by one", "src/b.py"), ("Refill is off by one", "src/c.py"), False),
        (("No tests", ""), ("No tests for negative costs", ""), False),  # two words are in too many titles
        (("Refill is off by one", ""), ("Refill is off by two", ""), False),
        (("予算を超える", ""), ("予算を超える", ""), True),
    ],
)
def test_two_findings_are_one_where_a_title_says_what_the_other_does_of_the_same_file(
    known: tuple[str, str], found: tuple[str, str], one: bool
) -> None:
    first, second = Feedback(1, known[0], location=known[1]), Feedback(2, found[0], location=found[1])
    assert same(first, second) is one
    assert same(second, first) is one


@given(ITEMS)
def test_a_finding_is_the_same_as_itself(item: Feedback) -> None:
    assert same(item, replace(item, number=item.number + 1))


@given(st.lists(ITEMS, max_size=8), ITEMS)
def test_what_says_the_same_is_told_by_number(items: list[Feedback], item: Feedback) -> None:
    assert [known.number for known in alike(items, item)] == sorted(o.number for o in items if same(o, item))


@pytest.mark.parametrize(
    ("known", "priority", "filed_as", "mended", "enough"),
    [
        ("open", "low", "low", False, True),
        ("open", "low", "low", True, True),
        ("open", "medium", "medium", False, False),  # found as high: it says more
        ("open", "low", "high", False, True),  # a human has made it less urgent
        ("waived", "high", "high", True, True),
        ("waived", "low", "low", False, False),
        ("backlog", "high", "high", False, True),
        ("planned", "high", "high", False, True),
        ("planned", "high", "high", True, False),
        ("planned", "low", "low", False, False),
    ],
)
def test_a_finding_need_not_be_filed_again_while_one_as_urgent_is_not_over(
    known: str, priority: str, filed_as: str, mended: bool, enough: bool
) -> None:
    found = Feedback(
        2, "It leaks keys", Priority.LOW if (known, priority, filed_as) == ("open", "low", "low") else Priority.HIGH
    )
    item = Feedback(1, "It leaks keys", Priority(priority), status=FeedbackStatus(known))
    assert covers(item, found, Priority(filed_as), mended=mended) is enough


@given(st.lists(ITEMS, max_size=12))
def test_open_ones_come_first_by_priority_and_those_that_block_are_open_and_not_low(items: list[Feedback]) -> None:
    ordered = by_urgency(items)
    assert sorted(map(repr, ordered)) == sorted(map(repr, items))
    keys = [(not item.open, item.priority.rank) for item in ordered]
    assert keys == sorted(keys)
    assert blocking(items) == tuple(
        i for i in ordered if i.status is FeedbackStatus.OPEN and i.priority != Priority.LOW
    )
