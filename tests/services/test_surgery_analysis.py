"""What is said of emergent work before the verdict: diff against hand-off, its words against the intent."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.build import attempt, change, prompt, snapshot

from coordinator.lazy.dataclass import replace
from coordinator.model.change import Change, Commit, FileChange
from coordinator.model.emergent import Analysis
from coordinator.model.intent import Intent, intent
from coordinator.model.prompt import PromptType
from coordinator.model.snapshot import Review
from coordinator.model.step import Receipt, StepState
from coordinator.model.text import plain, width
from coordinator.services.surgery import emergent
from coordinator.services.surgery_analysis import analyse, fits
from coordinator.views.surgery_page import analysis_json, sections, side_by_side

WANTED = intent(
    "Limit requests for each client.",
    non_goals=("Distribute buckets over several machines",),
    criteria=("A burst of requests is refused with its wait", "The clock may step back"),
)
MILESTONE = b"""---
title: Limits
status: open
---
## Goal

Limit requests for each client.

## Success Criteria

- A burst of requests is refused with its wait

## Non-goals

- Distribute buckets over several machines
"""
A_COMMIT = Commit("a" * 40, "Count \x1b[31mbursts", "ada", 0)


def analysed(made: Change | None, hypothesis: str = "", *others: Any, **receipt: Any) -> Analysis:
    own = prompt(3, type=PromptType.EMERGENT, hypothesis=hypothesis)
    said = Receipt("done", "did it", "executor-03-1", "", **receipt)
    work = attempt(3, StepState.CHANGE_OPEN, 2, receipt=said)
    there = snapshot([own, *others], [work], documents={".coord/milestone.md": MILESTONE})
    return analyse(there, emergent(there)[0], made)


def with_files(*paths: str) -> Change:
    return change(3, A_COMMIT, files=tuple(FileChange(path, 3, 1) for path in paths))


def test_what_its_agent_did_not_say_and_what_it_said_and_did_not_do_is_remarked() -> None:
    found = analysed(with_files("src/a.py", "tests/a.py"), files=("tests/a.py", "src/b.py"))
    assert found.remarks == (
        "its agent did not say that it changed src/a.py",
        "its agent says that it changed src/b.py, and it did not",
    )
    assert (found.added, found.removed, found.attempts) == (6, 2, 2)


def test_work_without_a_test_without_a_file_and_without_a_commit_says_so() -> None:
    assert analysed(with_files("src/latest.py")).remarks == ("no test is among its files",)
    assert analysed(change(3, A_COMMIT)).remarks == ("its commits change no file",)
    assert analysed(change(3)).remarks == ("it has no commit",)
    assert analysed(with_files("src/a_test.go"), no_change=True).remarks == (
        "its agent says that nothing had to be changed",
    )


def test_of_what_git_can_not_tell_nothing_is_said() -> None:
    found = analysed(None)
    assert (found.known, found.remarks) == (False, ())
    assert analysis_json(found)["files"] is None


def test_it_is_held_against_criteria_goal_and_non_goals_by_the_words_that_they_share() -> None:
    found = analysed(None, "Buckets on several machines would refuse a burst of requests")
    assert [(fit.part, fit.words) for fit in found.fits] == [
        ("success criterion", ("burst", "request")),
        ("non-goal", ("bucket", "machine", "several")),
    ]
    words = [span.text for _, rows in sections(found) for row in rows for span in row]
    assert "shares no words with what the milestone wants" not in words
    alone = [span.text for _, rows in sections(analysed(None, "Faster")) for row in rows for span in row]
    assert "shares no words with what the milestone wants" in alone


def test_patches_of_it_and_words_of_a_review_stand_beside_it() -> None:
    fix = prompt(4, type=PromptType.USER_PATCH, patches_prompts=(3,))
    found = analysed(None, "", fix)
    assert found.patched_by == (4,)
    own = prompt(3, type=PromptType.EMERGENT)
    there = snapshot([own], reviews={3: Review(3, 1, False, "a" * 40, "ada", "not with floats")})
    assert analyse(there, emergent(there)[0], None).rejected == "not with floats"


def test_a_milestone_that_wants_nothing_blames_nobody() -> None:
    there = snapshot([prompt(3, type=PromptType.EMERGENT, hypothesis="Faster")])
    found = analyse(there, emergent(there)[0], None)
    assert not found.has_intent
    assert "Milestone" not in dict(sections(found))
    broken = replace(there, documents={".coord/milestone.md": b"---\ntitle: [\n"})
    assert analyse(broken, emergent(broken)[0], None).fits == ()


@given(st.text(max_size=200), st.lists(st.text(max_size=60), max_size=5))
def test_items_that_fit_share_these_very_words_and_none_is_invented(told: str, items: list[str]) -> None:
    wanted = Intent("goal", tuple(items), (), tuple(items))
    for fit in fits(wanted, told):
        assert fit.words
        for word in fit.words:
            assert word in fit.text.casefold()
            assert word in told.casefold()


@given(
    st.lists(st.tuples(st.text(max_size=80), st.text(max_size=200), st.text(max_size=40)), min_size=1, max_size=5),
    st.integers(20, 220),
)
def test_whatever_stands_in_them_the_columns_stay_in_their_places(
    told: list[tuple[str, str, str]], columns: int
) -> None:
    prompts = [
        prompt(number, title=title, type=PromptType.EMERGENT, hypothesis=words)
        for number, (title, words, _) in enumerate(told, 1)
    ]
    there = snapshot(prompts, documents={".coord/milestone.md": MILESTONE})
    found = [
        analyse(there, card, change(card.number, A_COMMIT, files=(FileChange(told[place][2], 1, 0),)))
        for place, card in enumerate(emergent(there))
    ]
    for row in side_by_side(found, columns):
        text = "".join(span.text for span in row)
        assert width(text) <= max(columns, 36)
        assert plain(text) == text
