"""A specification is read as people write one, and kept whole below the intent that is found in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.errors import UsageError
from coordinator.formats.intent_text import intent_of, read_intent, with_document, with_intent
from coordinator.formats.spec_text import has_spec, read_spec, spec_of, with_spec
from coordinator.lazy.dataclass import replace
from coordinator.model.intent import Intent

PRD = """\
# Rate limiting v1

Callers that ask too often are told to wait.

## Background

We were down twice.

## Out of Scope

- Billing
- Per-user dashboards

## Technical constraints

1. No new service
2. Python 3.11 only

## Requirements

- Some words on how it is to look.

## Acceptance Criteria

Each of these must hold:

- [ ] A burst of 10 is let through
- [x] The 11th call gets 429
  with a `Retry-After` header
- Limits are kept:
  - over restarts
  - over deploys

```
- not a criterion
## Goal
```

## Definition of Done

- Docs are written
"""


def spec(text: str, **more: str) -> "tuple[str, Intent]":
    found = read_spec(text.encode(), "spec.md", **more)
    return found.title, found.intent


def test_title_goal_and_lists_are_found_below_headings_that_people_use() -> None:
    title, found = spec(PRD)
    assert title == "Rate limiting v1"
    assert found.goal == "Callers that ask too often are told to wait."
    assert found.non_goals == ("Billing", "Per-user dashboards")
    assert found.constraints == ("No new service", "Python 3.11 only")
    assert found.criteria == (
        "A burst of 10 is let through",
        "The 11th call gets 429 with a `Retry-After` header",
        "Limits are kept:; over restarts; over deploys",
    )


@pytest.mark.parametrize(
    ("text", "title", "goal"),
    [
        ("Print primes.\n", "Print primes", "Print primes."),
        ("Print primes.\n\nUp to a number.\n", "Print primes", "Print primes."),
        ("# T\n\nLead.\n\n## Details\n\nx\n", "T", "Lead."),
        ("# T\n\nLead.\n\n## Goal\n\nWin.\n", "T", "Win."),
        ("# T\n\n## Problem\n\nWe lose.\n", "T", "We lose."),
        ("## Goal\n\nWin **big**.\n", "Win big", "Win **big**."),
        ("T\n=\n\nObjective\n---------\n\nWin.\n", "T", "Win."),
        ("# `coord` [link](https://x.y) *now*\n\n**Goal:**\nWin.\n", "coord link now", "Win."),
        ("---\ntitle: Own\nowner: ann\n---\n# Other\n\nLead.\n", "Own", "Lead."),
        ("# 1. Goals\n\nWin.\n\n# 2. More\n", "2. More", "Win."),
        ("# T\n\n## Details\n\nx\n", "T", ""),
        ("\ufeff# T\r\n\r\nLead.\r\n", "T", "Lead."),
    ],
)
def test_a_title_and_a_goal_are_found_in_other_forms(text: str, title: str, goal: str) -> None:
    found, intent = spec(text)
    assert (found, intent.goal) == (title, goal)


@pytest.mark.parametrize(
    ("text", "criteria"),
    [
        ("# T\n\nDefinition of done:\n- a\n- b\n", ("a", "b")),
        ("# T\n\n## Done when\n\nAll is well.\n\nAll is green.\n", ("All is well.", "All is green.")),
        ("# T\n\n## Requirements\n\n### Must\n\n- a\n\n### Should\n\n- b\n", ("a", "b")),
        ("# T\n\n## Requirements\n\n- a\n\n### Out of scope\n\n- b\n\n## More\n\n- c\n", ("a",)),
        (
            "# S\n\n## One\n\n### Acceptance criteria\n\n- a\n\n## Two\n\n### Acceptance criteria\n\n- b\n- A\n",
            ("a", "b"),
        ),
        (
            "# T\n\n## Requirements\n\n| id | text |\n|----|---|\n| FR-1 | it runs |\n| FR-2 | it ends |\n",
            ("FR-1: it runs", "FR-2: it ends"),
        ),
        ("# T\n\n## Success Criteria\n\n## Acceptance Criteria\n\n- a\n", ("a",)),
        ("# T\n\nNothing is said.\n", ()),
    ],
)
def test_criteria_are_found_in_other_forms(text: str, criteria: tuple[str, ...]) -> None:
    assert spec(text)[1].criteria == criteria


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "spec.md is empty"),
        (b" \n\t\r\n\xef\xbb\xbf", "spec.md is empty"),
        (b"\xef\xbb\xbf\n", "spec.md is empty"),
        (b"\x7fELF\x02\x01\x01\0\0", "spec.md is no text"),
        (b"fine\n\xff\xfe", "spec.md is no UTF-8 text: byte 5, in line 2"),
    ],
)
def test_what_is_no_text_is_refused_with_a_reason(data: bytes, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_spec(data, "spec.md")
    assert caught.value.message == says
    assert caught.value.remedy


def test_the_specification_is_kept_whole_and_no_part_of_the_intent() -> None:
    found = read_spec(PRD.encode(), "spec.md")
    body = with_spec(with_intent("", found.intent), found)
    assert body.endswith("\n\n" + PRD)
    assert read_intent(body) == found.intent
    document = b"---\ntitle: Rate limiting v1\n---\n" + body.encode()
    assert has_spec(document)
    assert spec_of(document, "Rate limiting v1") == replace(found, title="Rate limiting v1")
    edited = with_intent(body, replace(found.intent, goal="Another", constraints=()))
    assert edited.endswith("\n\n" + PRD)
    assert read_intent(edited) == replace(found.intent, goal="Another", constraints=())


def test_a_document_in_the_place_of_the_intent_leaves_the_specification_alone() -> None:
    found = read_spec(PRD.encode(), "spec.md")
    body = with_spec(with_intent("", found.intent), found)
    after = with_document(body, "## Goal\n\nAnother\n")
    assert after.endswith("\n\n" + PRD)
    assert read_intent(after) == Intent("Another")
    assert with_document(after, after) == after


def test_another_specification_takes_the_place_of_the_one_before() -> None:
    first, second = (read_spec(f"# T\n\n{word}\n".encode(), "spec.md") for word in ("one", "two"))
    body = with_spec(with_spec("## Goal\n\nKept\n", first), second)
    assert "one" not in body
    assert read_intent(body).goal == "Kept"
    assert spec_of(f"---\ntitle: T\n---\n{body}".encode(), "T") == second


def test_where_no_specification_was_handed_in_the_body_is_one() -> None:
    document = b"---\ntitle: By hand\n---\n## Goal\n\nWin.\n"
    assert not has_spec(document)
    assert spec_of(document, "By hand").text == "## Goal\n\nWin.\n"
    assert spec_of(b"---\ntitle: T\n---\n", "T").text == ""


LINES = st.lists(
    st.sampled_from(
        [
            "# Goal",
            "## Done",
            "- a",
            "  - b",
            "text",
            "",
            "```",
            "~~~~",
            "| x |",
            "|--|",
            "---",
            "===",
            "Rules:",
            "**What**",
            "日本",
            "\x1b[31m",
        ]
    ),
    max_size=14,
)


@given(LINES)
def test_anything_reads_and_is_kept_byte_for_byte(lines: list[str]) -> None:
    text = "\n".join(lines)
    try:
        found = read_spec(text.encode(), "spec.md")
    except UsageError:
        return
    assert found.title
    assert found.text.strip("\n") == text.strip("\n")
    body = with_spec(with_intent("", found.intent), found)
    assert body.endswith(found.text)
    document = b"---\ntitle: T\n---\n" + body.encode()
    assert spec_of(document, found.title).text == found.text
    assert intent_of(document) == found.intent
