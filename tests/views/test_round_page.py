"""The page of an iteration: what it sums up, and that words of agents are plain in it."""

from support import iterating

from coordinator.lazy.dataclass import replace
from coordinator.model.round import Decided, Decision
from coordinator.views.round_page import RoundPage, sections, summary


def page() -> RoundPage:
    found = iterating.page().rounds
    assert found is not None
    return found


def text(found: RoundPage) -> str:
    return "\n".join("".join(span.text for span in row) for _, rows in sections(found, 0.0) for row in rows)


def test_criteria_and_findings_are_summed_up_in_a_line() -> None:
    assert summary(page()) == "2 of 5 criteria shown · 3 findings open, 1 high"
    assert summary(replace(page(), findings=page().findings[2:])) == "2 of 5 criteria shown · 1 finding open"
    assert summary(replace(page(), findings=())) == "2 of 5 criteria shown"
    assert summary(RoundPage()) == ""


def test_why_plans_came_to_nothing_is_told_in_plain_words() -> None:
    there = page().round
    assert there is not None
    decided = Decided(Decision.DONE, "it is", 50, "planner-2-1", 2, refused=("SC-2 \x1b[31mfailed",))
    shown = text(replace(page(), round=replace(there, decided=decided, turned_away=("a cycle\x07", "no prompt 7"))))
    assert "A plan was not taken: a cycle·; no prompt 7" in shown
    assert "DONE came to nothing: SC-2 ·[31mfailed" in shown
    assert "not taken" not in text(page())
