"""A finding's file is anybody's to write: what it says less than the log keeps a milestone from being done."""

from hashlib import sha256
from typing import Any

import pytest
from support.build import event

from coordinator.lazy.dataclass import replace
from coordinator.model.event import Event
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.filed import FiledFold, changed_past_coord
from coordinator.model.prompt import Priority

PLANNER, NOW = "planner-1-1", "M1"
LEAKS = Feedback(7, "Leaks", Priority.HIGH, milestone=NOW)
WAIVED, PLANNED, BACKLOG = FeedbackStatus.WAIVED, FeedbackStatus.PLANNED, FeedbackStatus.BACKLOG


def filed(number: int = 7, **values: Any) -> Event:
    told = {"title": "Leaks", "priority": "high", "milestone": NOW, **values}
    return event("feedback.filed", f"feedback:{number}", "security-1-1", **told)


def said(by: str, **values: Any) -> Event:
    return event("feedback.planned", "feedback:7", by, **values)


def words(events: list[Event], *items: Feedback, here: bool = True, name: str = NOW) -> str:
    fold = FiledFold()
    for seq, one in enumerate(events, 1):
        fold.feed(replace(one, seq=seq))
    return " | ".join(
        words.partition("; nobody")[0] for _, words in changed_past_coord(fold.of(name), items, items if here else ())
    )


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (None, "feedback 007 (high) has no file that can be read: Leaks"),
        (replace(LEAKS, priority=Priority.LOW), "feedback 007 (high) is low in its file: Leaks"),
        (replace(LEAKS, status=PLANNED, prompts=(1,)), "feedback 007 (high) is planned in its file: Leaks"),
        (replace(LEAKS, status=WAIVED), "feedback 007 (high) is waived in its file: Leaks"),
    ],
)
def test_a_file_that_says_less_than_was_filed_is_told(item: Feedback | None, says: str) -> None:
    assert words([filed()], *([item] if item is not None else [])) == says
    assert words([filed()], LEAKS) == ""
    assert words([filed(priority="low")], *([item] if item is not None else [])) == ""


def test_a_finding_that_says_it_is_of_another_milestone_is_told() -> None:
    assert "is said to be of another milestone, M9" in words([filed()], replace(LEAKS, milestone="M9"), here=False)
    assert words([filed()], replace(LEAKS, milestone="M9")) == ""


@pytest.mark.parametrize(
    ("events", "item"),
    [
        ([said("ann", priority="low")], replace(LEAKS, priority=Priority.LOW)),
        ([said("ann", status="backlog")], replace(LEAKS, status=BACKLOG, prompts=(4,))),
        ([event("feedback.waived", "feedback:7", "ann")], replace(LEAKS, status=WAIVED)),
        ([said(PLANNER, status="planned", prompts=[4])], replace(LEAKS, status=PLANNED, prompts=(4,))),
    ],
)
def test_what_a_human_or_a_planner_said_may_stand_in_the_file(events: list[Event], item: Feedback) -> None:
    assert words([filed(), *events], item) == ""
    assert words([filed()], item) != ""


def test_a_planner_makes_nothing_less_urgent_and_names_the_prompts() -> None:
    assert "is low" in words([filed(), said(PLANNER, priority="low")], replace(LEAKS, priority=Priority.LOW))
    planned = said(PLANNER, status="planned", prompts=[4])
    assert "is planned" in words([filed(), planned], replace(LEAKS, status=PLANNED, prompts=(1,)))


def test_what_was_opened_again_is_not_what_it_was_unless_a_human_takes_that_back() -> None:
    events = [filed(), said(PLANNER, status="planned", prompts=[4]), said("ann", status="open")]
    item = replace(LEAKS, status=PLANNED, prompts=(4,))
    assert "is planned" in words(events, item)
    assert words([*events, event("plan.undone", "milestone", "ann")], item) == ""


def test_each_milestone_has_its_own_also_when_it_comes_back() -> None:
    begun = event("milestone.created", "milestone", "ann", id="M2", before={"id": NOW})
    assert words([filed(), begun], name="M2") == ""
    assert "has no file" in words([filed(), begun])
    got_its_id = event("milestone.created", "milestone", "ann", id="M2", was="Words")
    assert "has no file" in words([filed(milestone="Words"), got_its_id], name="M2")


def test_a_version_that_a_human_took_is_as_good_as_a_word() -> None:
    item = replace(LEAKS, priority=Priority.LOW, document=b"low")
    for path_digest, there in ((sha256(b"low").hexdigest(), (item,)), ("", ())):
        taken = event("trust.given", "milestone", "ann", contents={".coord/feedback/007-leaks.md": path_digest})
        assert words([filed(), taken], *there) == ""
        other = event("trust.given", "milestone", "ann", contents={".coord/feedback/007-leaks.md": "f" * 64})
        assert words([filed(), other], *there) != ""
