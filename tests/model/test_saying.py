"""Which of what was said an agent is told."""

from hypothesis import given
from hypothesis import strategies as st

from coordinator.model.saying import NEWEST, Saying, chosen, stands_in, without_told

LINE = frozenset({1, 2, 7})


def said(text: str, prompt: int | None = None, at: str = "") -> Saying:
    return Saying(text, "ada", at, prompt)


def test_what_is_about_other_prompts_is_neither_told_nor_counted() -> None:
    told, left = chosen([said("a", 1), said("b", 9), said("c")], LINE)
    assert ([saying.text for saying in told], left) == (["a", "c"], 0)


def test_a_flood_about_everything_drowns_nothing_about_the_work_itself() -> None:
    own = [said(f"own {n}", 2, "2027-01-01") for n in range(12)]
    told, left = chosen([*own, *(said(f"all {n}", None, "2027-02-01") for n in range(500))], LINE)
    texts = [saying.text for saying in told]
    assert texts == [f"own {n}" for n in range(2, 12)] + [f"all {n}" for n in range(490, 500)]
    assert left == 492


def test_what_was_said_twice_is_told_once() -> None:
    assert len(chosen([said("use a clock", 1), said("- use a\n clock", 1)], LINE)[0]) == 1


TEXTS = st.text("ab", min_size=1, max_size=3)


@given(st.lists(st.builds(said, TEXTS, st.sampled_from([None, 1, 7, 9]), st.sampled_from("0123")), max_size=60))
def test_the_newest_are_told_in_their_order_and_everything_is_accounted_for(sayings: list[Saying]) -> None:
    told, left = chosen(sayings, LINE)
    fitting = {saying.text for saying in sayings if saying.prompt in (None, *LINE)}
    assert len(told) == min(NEWEST, len(fitting))
    assert len(told) + left == len(fitting)
    assert [saying.at for saying in told] == sorted(saying.at for saying in told)
    assert {saying.text for saying in told} <= fitting


def test_words_are_found_again_however_they_are_quoted_listed_or_broken() -> None:
    assert stands_in("mind\nthe clock", "x\n- 2027: mind the\n  clock\n")
    assert stands_in("mind the clock", "> mind\n> the clock")
    assert not stands_in("mind the clock", "mind a clock")
    assert without_told([said("mind the clock"), said("other")], "> mind the clock", "") == (said("other"),)
