"""The intent reads back from the milestone's file as it was set, and whatever else stands there stays."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coordinator.errors import UsageError
from coordinator.formats.intent_text import read_intent, with_document, with_intent
from coordinator.model.intent import (
    LONGEST_GOAL,
    LONGEST_ITEM,
    MOST_ITEMS,
    PLACEHOLDER,
    Intent,
    checked,
    differences,
    from_data,
    intent,
    summary,
)

BODY = """\
Some words first.

## Goal

Limits that operations can edit.
Four workers share them.

## Non-goals

- A distributed limiter. One machine,
  several processes.
* Async

## Notes of the engineer

- not part of the intent

```
## Goal
not a heading
```

## Success Criteria

1. Limits load from TOML.
- [ ] State survives a restart.

A refused client is told when to come back.
"""
WORDS = st.text(alphabet=st.sampled_from("ab #>-*\n\r\t`~\\日[]x1.)<!\x1b\u202e\u2028"), max_size=30)
LISTS = st.lists(WORDS, max_size=3).map(tuple)
INTENTS = st.builds(intent, WORDS, LISTS, LISTS, LISTS)
BODIES = st.lists(
    st.sampled_from(
        ["## Goal", "# Notes", "### Sub", "## Success Criteria", "## Constraints ##", "- a", "b", "```", ""]
    ),
    max_size=12,
).flatmap(lambda lines: st.sampled_from(["\n", "\r\n"]).map(lambda newline: newline.join(lines)))


def test_a_body_is_read_with_all_the_ways_to_write_a_list() -> None:
    assert read_intent(BODY) == Intent(
        goal="Limits that operations can edit.\nFour workers share them.",
        non_goals=("A distributed limiter. One machine, several processes.", "Async"),
        criteria=(
            "Limits load from TOML.",
            "State survives a restart.",
            "A refused client is told when to come back.",
        ),
    )


def test_setting_one_part_leaves_every_other_byte() -> None:
    before = read_intent(BODY)
    after = with_intent(BODY, intent(before.goal, ("Async",), before.constraints, before.criteria))
    start, end = BODY.index("- A distributed"), BODY.index("* Async")
    assert after == BODY[:start] + BODY[end:].replace("* Async", "- Async")


def test_a_missing_section_is_added_where_it_belongs() -> None:
    after = with_intent(BODY, intent(read_intent(BODY).goal, (), ("stdlib only",), ()))
    headings = [line for line in after.splitlines() if line.startswith("## ")]
    assert headings == [
        "## Goal",
        "## Non-goals",
        "## Constraints",
        "## Notes of the engineer",
        "## Goal",
        "## Success Criteria",
    ]
    assert read_intent(after).constraints == ("stdlib only",)


@given(BODIES, INTENTS)
def test_what_is_set_reads_back(body: str, wanted: Intent) -> None:
    after = with_intent(body, wanted)
    assert read_intent(after) == wanted
    assert with_intent(after, wanted) == after


@given(BODIES)
def test_setting_what_is_there_changes_nothing(body: str) -> None:
    assert with_intent(body, read_intent(body)) == body


def _lines_beside(body: str) -> list[str]:
    """Lines of a body that belong to no part of an intent, by a reading of its own: a heading ends what is above it."""
    kept, inside, level = [], False, 0
    for line in body.splitlines():
        if line.startswith("#"):
            depth, title = len(line) - len(line.lstrip("#")), line.strip("# ").casefold()
            if not inside or depth <= level:
                inside, level = title in ("goal", "success criteria", "constraints"), depth
        if not inside and line.strip():
            kept.append(line)
    return kept


FENCELESS = BODIES.map(lambda body: body.replace("```", "code"))


@given(FENCELESS, BODIES)
@example("### Sub", "b")
@example("a\nb", "## Goal\n\nab")
def test_a_document_drops_nothing_of_its_own_nor_of_what_stood_beside_the_intent(body: str, document: str) -> None:
    after = with_document(body, document)
    assert read_intent(after) == read_intent(document)
    lines = iter(after.splitlines())
    assert all(line in lines for line in document.strip().splitlines())  # in this order
    assert set(_lines_beside(body)) <= set(after.splitlines())
    again = with_document(after, document)
    assert read_intent(again) == read_intent(document)
    assert sorted(filter(None, again.splitlines())) == sorted(filter(None, after.splitlines()))


def test_a_document_keeps_words_before_its_headings_and_code_and_sections_of_other_names() -> None:
    document = "First words.\n\n## Goal\n\nFaster.\n\n```\ncode\n```\n\n## Risks\n\n- none\n"
    after = with_document(BODY, document)
    assert after.startswith("Some words first.\n\n" + document)
    assert "## Notes of the engineer\n\n- not part of the intent\n\n```\n## Goal\nnot a heading\n```\n" in after
    assert "distributed limiter" not in after


@given(INTENTS)
def test_the_event_carries_the_whole_intent(wanted: Intent) -> None:
    assert from_data(wanted.to_json()) == wanted


def test_a_strange_event_gives_what_can_be_told() -> None:
    assert from_data({"goal": 7, "non_goals": "x", "constraints": [1, None], "more": {}}) == intent(
        constraints=("1", "None")
    )


def test_the_goal_that_init_writes_counts_as_none() -> None:
    assert read_intent(f"## Goal\n\n{PLACEHOLDER}\n").goal == ""


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        (intent(""), "no goal"),
        (intent("x" * (LONGEST_GOAL + 1)), "characters"),
        (intent("x", constraints=("y" * (LONGEST_ITEM + 1),)), "constraint has"),
        (intent("x", criteria=tuple(f"c{n}" for n in range(MOST_ITEMS + 1))), "101 success criteria"),
        (intent("x", criteria=("Green", "green")), "twice"),
        (intent("x", non_goals=("async",), criteria=("Async",)), "ruled out"),
    ],
)
def test_an_intent_that_nobody_can_go_by_is_refused(wanted: Intent, word: str) -> None:
    with pytest.raises(UsageError, match=word) as refusal:
        checked(wanted)
    assert refusal.value.remedy


def test_differences_name_what_came_and_went() -> None:
    before = intent("one\ntwo", ("a",), ("x", "y"), ("green",))
    after = intent("one\nthree", ("a",), ("y", "z"), ("green",))
    goal, constraints = differences(before, after)
    assert (goal.part, goal.added, goal.removed) == ("goal", ("three",), ("two",))
    assert (constraints.part, constraints.added, constraints.removed) == ("constraint", ("z",), ("x",))
    assert summary((goal, constraints)) == "goal changed; constraints: 1 added, 1 removed"
    assert differences(after, after) == ()


def test_another_order_is_a_difference() -> None:
    (change,) = differences(intent("g", criteria=("a", "b")), intent("g", criteria=("b", "a")))
    assert (change.added, change.removed) == ((), ())
    assert summary((change,)) == "success criteria: another order"
