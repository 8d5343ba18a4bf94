"""What keeps a milestone from being DONE: everything is said at once, and nobody's words are enough."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import attempt, prompt, snapshot

from coordinator.lazy.dataclass import replace
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.may_be_done import refusals_of_done
from coordinator.model.prompt import Priority, PromptStatus
from coordinator.model.round import Acceptance, Claim, Criterion, Phase, Round, Verdict, Witness
from coordinator.model.step import StepState

BASE, OLD = "b" * 40, "a" * 40
COMMAND = "make test"
VERDICT = Verdict("yes", "all of it", (), (Claim("SC-1", "met", COMMAND),), 9, "verifier-1-1", 1, BASE)
WITNESS = Witness("SC-1", COMMAND, 0, BASE, "f" * 64, 10, "2027-01-15T08:00:00Z")
ACCEPTED = Acceptance("SC-1", "It is fast", "ann", "I measured it", 11)
GOOD = Round(
    1,
    Phase.FEEDBACK,
    (Criterion("SC-1", "It is fast"),),
    BASE,
    verdict=VERDICT,
    witnesses={"SC-1": WITNESS},
)


def refused(there: Round, *prompts: Any, **more: Any) -> str:
    return " | ".join(refusals_of_done(snapshot(prompts, round=there, **more)))


def claiming(**values: Any) -> Verdict:
    return replace(VERDICT, claims=(replace(VERDICT.claims[0], **values),))


def test_what_is_witnessed_on_the_present_base_may_be_done() -> None:
    done = prompt(1, status=PromptStatus.DONE)
    low = Feedback(1, "A typo", Priority.LOW)
    assert refused(replace(GOOD, feedback=(low,)), done) == ""


@pytest.mark.parametrize(
    ("there", "says"),
    [
        (replace(GOOD, verdict=None), "no Verifier has given a verdict yet"),
        (replace(GOOD, verdict=replace(VERDICT, met="partly", gaps=("no docs",))), "says `partly`: no docs"),
        (replace(GOOD, verdict=replace(VERDICT, met="unverifiable")), "says `unverifiable`"),
        (replace(GOOD, verdict=replace(VERDICT, commit=OLD)), "the newest verdict is on aaaaaaa"),
        (replace(GOOD, verdict=replace(VERDICT, commit="")), "the newest verdict is on no commit"),
        (replace(GOOD, base=""), "there is no commit that anything could be shown on"),
        (replace(GOOD, criteria=()), "no success criteria"),
        (
            replace(GOOD, criteria=(*GOOD.criteria, Criterion("SC-2", "x"))),
            "SC-2: the newest verdict says nothing of it",
        ),
        (replace(GOOD, verdict=claiming(status="not_met")), "SC-1: the newest verdict says that it is not met"),
        (replace(GOOD, verdict=claiming(command="")), "SC-1: it is claimed without a command"),
        (replace(GOOD, witnesses={}), "SC-1: it is claimed, and its command has not run"),
        (replace(GOOD, verdict=claiming(command="true")), "SC-1: it is claimed, and its command has not run"),
        (replace(GOOD, witnesses={"SC-1": replace(WITNESS, commit=OLD)}), "SC-1: its command held on aaaaaaa"),
        (replace(GOOD, witnesses={"SC-1": replace(WITNESS, exit=1)}), "SC-1: its command failed with exit status 1"),
        (replace(GOOD, feedback=(Feedback(7, "Leaks", Priority.HIGH),)), "feedback 007 (high) is open: Leaks"),
        (replace(GOOD, feedback=(Feedback(7, "Slow", Priority.MEDIUM),)), "feedback 007 (medium) is open: Slow"),
        (
            replace(GOOD, feedback=(Feedback(7, "Leaks", Priority.HIGH, status=FeedbackStatus.BACKLOG),)),
            "feedback 007 (high) is backlog, and nothing of it landed",
        ),
        (
            replace(GOOD, feedback=(Feedback(7, "Leaks", Priority.HIGH, status=FeedbackStatus.WAIVED),)),
            "feedback 007 (high) is waived, and nothing of it landed",
        ),
        (
            replace(GOOD, feedback=(Feedback(7, "X", Priority.HIGH, status=FeedbackStatus.PLANNED, prompts=(3,)),)),
            "feedback 007 (high) is planned, and nothing of it landed",
        ),
    ],
)
def test_what_is_missing_is_said(there: Round, says: str) -> None:
    assert says in refused(there, prompt(3, status=PromptStatus.CANCELLED))


def test_nothing_is_done_by_what_an_agent_may_have_changed_past_coord() -> None:
    assert ".coord/milestone.md: changed past coord" in refused(GOOD, direct={".coord/milestone.md": "f" * 64})


def test_prompts_that_are_left_and_files_that_cannot_be_used_are_said() -> None:
    assert "2 prompts are left: 01, 02" in refused(GOOD, prompt(1), prompt(2))
    assert "1 prompt file can't be used" in refused(GOOD, unreadable=1)


def test_a_finding_that_cannot_be_read_may_be_an_urgent_one() -> None:
    there = replace(GOOD, unread=(".coord/feedback/007-leaks.md",))
    assert refused(there) == "1 finding can't be read: .coord/feedback/007-leaks.md; coord validate tells why"


def test_a_finding_that_went_astray_is_said() -> None:
    there = replace(GOOD, astray={7: "feedback 007 (high) is low in its file"})
    assert refused(there) == "feedback 007 (high) is low in its file"


def test_everything_is_said_at_once() -> None:
    there = replace(GOOD, verdict=None, witnesses={}, feedback=(Feedback(7, "Leaks", Priority.HIGH),))
    assert len(refusals_of_done(snapshot([prompt(1)], round=there))) == 4


def test_a_human_may_accept_what_no_command_can_show() -> None:
    unsure = replace(VERDICT, met="unverifiable", claims=(Claim("SC-1", "unverifiable"),))
    there = replace(GOOD, verdict=unsure, accepted={"SC-1": ACCEPTED}, witnesses={})
    assert refused(there) == ""
    assert "says `unverifiable`" in refused(replace(there, verdict=replace(unsure, gaps=("the rest",))))
    assert "SC-1" in refused(replace(there, criteria=(Criterion("SC-1", "It is very fast"),)))


def test_a_human_may_put_a_finding_away() -> None:
    item = Feedback(7, "Leaks", Priority.HIGH, status=FeedbackStatus.WAIVED)
    assert refused(replace(GOOD, feedback=(item,), settled=frozenset({7}))) == ""


def test_a_finding_whose_prompt_landed_is_dealt_with() -> None:
    item = Feedback(7, "Leaks", Priority.HIGH, status=FeedbackStatus.PLANNED, prompts=(3,))
    merged = attempt(3, StepState.MERGED)
    found = snapshot([prompt(3)], [merged], round=replace(GOOD, feedback=(item,)))
    assert refusals_of_done(found) == ()


@pytest.mark.parametrize("second", [PromptStatus.CANCELLED, None])
def test_a_finding_is_not_dealt_with_where_a_first_mend_landed_and_the_second_did_not(
    second: PromptStatus | None,
) -> None:
    item = Feedback(7, "Leaks", Priority.HIGH, status=FeedbackStatus.PLANNED, prompts=(3, 4))
    prompts = [prompt(3), *([prompt(4, status=second)] if second is not None else [])]
    found = snapshot(prompts, [attempt(3, StepState.MERGED)], round=replace(GOOD, feedback=(item,)))
    (reason,) = refusals_of_done(found)
    assert "feedback 007 (high) is planned, and the newest of its prompts did not land: Leaks" in reason


def test_a_finding_whose_second_mend_landed_is_dealt_with() -> None:
    item = Feedback(7, "Leaks", Priority.HIGH, status=FeedbackStatus.PLANNED, prompts=(3, 4))
    prompts = [prompt(3, status=PromptStatus.CANCELLED), prompt(4)]
    found = snapshot(prompts, [attempt(4, StepState.MERGED)], round=replace(GOOD, feedback=(item,)))
    assert refusals_of_done(found) == ()


def test_a_milestone_that_does_not_iterate_is_asked_for_prompts_alone() -> None:
    assert refusals_of_done(snapshot([prompt(1, status=PromptStatus.DONE)])) == ()
    assert len(refusals_of_done(snapshot([prompt(1)]))) == 1


_ITEMS = st.lists(
    st.builds(
        Feedback,
        st.integers(1, 5),
        st.just("Leaks"),
        st.sampled_from(Priority),
        status=st.sampled_from(FeedbackStatus),
    ),
    unique_by=lambda item: item.number,
)


@given(_ITEMS, st.frozensets(st.integers(1, 5)))
def test_it_is_never_done_with_an_open_high(items: list[Feedback], settled: frozenset[int]) -> None:
    there = replace(GOOD, feedback=tuple(items), settled=settled)
    reasons = refusals_of_done(snapshot(round=there))
    blocking = [
        item for item in items if item.priority is not Priority.LOW and (item.open or item.number not in settled)
    ]
    assert len(reasons) == len(blocking)
