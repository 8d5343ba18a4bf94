"""Which learnings fit a piece of work."""

from hypothesis import given
from hypothesis import strategies as st

from coordinator.model.learning import LONGEST, Learning, pick

ALL = Learning("for all")
CLOCK = Learning("the fake clock", ("src/clock.py",))
TESTS = Learning("one fixture", ("tests/**",))
TABLES = Learning("lock tables first", (), ("database",))
TWO_WORDS = Learning("rotate", (), ("refresh tokens",))
KNOWN = (ALL, CLOCK, TESTS, TABLES, TWO_WORDS)


def texts(*described: str, paths: tuple[str, ...] = ()) -> list[str]:
    return [learning.text for learning in pick(KNOWN, described, paths).learnings]


def test_what_is_about_nothing_else_is_for_all() -> None:
    assert texts("Write the docs") == ["for all"]
    assert pick(KNOWN, ["Write the docs"]).left == 4


def test_files_are_found_in_the_words_of_the_task_and_in_what_it_builds_on() -> None:
    assert texts("Look at `src/clock.py`.") == ["the fake clock", "for all"]
    assert texts("Look around in src/") == ["the fake clock", "for all"]
    assert texts("", paths=("tests/a/test_b.py",)) == ["one fixture", "for all"]
    assert texts("", paths=("src/clock.pyx",)) == ["for all"]


def test_tags_are_words_of_the_task_all_of_a_tags_words() -> None:
    assert texts("A Database, and the clock") == ["lock tables first", "for all"]
    assert texts("refresh the tokens") == ["rotate", "for all"]
    assert texts("refresh it") == ["for all"]


def test_a_long_one_leaves_room_for_shorter_ones_after_it() -> None:
    given_ = pick([Learning("x" * 1500), Learning("y" * 1500), Learning("short")], [])
    assert [len(learning.text) for learning in given_.learnings] == [1500, 5]
    assert given_.left == 1


WORDS = st.text("ab/*[.-# ", max_size=12)
LEARNINGS = st.builds(
    Learning,
    st.text(max_size=900),
    st.lists(WORDS, max_size=3).map(tuple),
    st.lists(WORDS, max_size=3).map(tuple),
)


@given(st.lists(LEARNINGS, max_size=20), st.lists(WORDS, max_size=4), st.lists(WORDS, max_size=4))
def test_never_more_than_there_is_room_for_and_nothing_twice(
    known: list[Learning], described: list[str], paths: list[str]
) -> None:
    found = pick(known, described, paths)
    assert sum(len(learning.text) + 5 for learning in found.learnings) <= LONGEST
    assert len(found.learnings) + found.left == len(known)
