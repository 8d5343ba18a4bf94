"""How agents end their attempts, and who may."""

from collections.abc import Callable

import pytest
from support.project import NOTHING, Project

from coordinator.errors import Refused, UsageError
from coordinator.loop.handoff import hand_off

Make = Callable[..., Project]


def test_the_receipt_says_what_was_done(make: Make) -> None:
    script = (
        "echo 1 >one.txt; git add -A; git commit -qm One\n"
        "coord agent done --summary 'made one' --decision 'kept it small' --validation 'make check' --limitation none\n"
    )
    made = make({1: [], 2: [1]}, {1: script, 2: NOTHING})
    assert made.run_loop() == 0
    receipt = made.snapshot().steps[1].attempt.receipt  # type: ignore[union-attr]
    assert receipt is not None
    assert (receipt.outcome, receipt.summary, receipt.agent) == ("done", "made one", "executor-01-1")
    assert (receipt.files, receipt.decisions, receipt.validation) == (("one.txt",), ("kept it small",), ("make check",))
    assert len(receipt.commits) == 1
    event = made.events("handoff.given")[0]
    assert (event.actor, event.actor_kind, event.subject) == ("executor-01-1", "agent", "prompt:1")
    told = (made.layout.attempt("run-1", 2, 1) / "prompt.txt").read_text()
    assert "- 01 Prompt 1: made one\n  - decided: kept it small\n" in told


@pytest.mark.parametrize("environ", [{}, {"COORD_ROOT": "/tmp", "COORD_PROMPT": "1", "COORD_ATTEMPT": "1"}])
def test_people_do_not_hand_off(environ: dict[str, str]) -> None:
    with pytest.raises(Refused, match="only an agent"):
        hand_off(environ, 1, outcome="done", summary="x")


def test_an_agent_hands_off_for_its_own_attempt_only_and_only_while_it_lives(make: Make) -> None:
    made = make({1: [], 2: []}, {2: NOTHING})
    assert made.run_loop() == 0
    mine = {
        "COORD_ROOT": str(made.layout.root),
        "COORD_RUN": "run-1",
        "COORD_PROMPT": "1",
        "COORD_ATTEMPT": "1",
        "COORD_AGENT": "executor-01-1",
        "COORD_ROLE": "executor",
    }
    with pytest.raises(Refused, match="has ended: merged"):
        hand_off(mine, 1, outcome="done", summary="again")
    with pytest.raises(Refused, match="has no attempt"):
        hand_off(mine | {"COORD_PROMPT": "2"}, 1, outcome="done", summary="for another")
    with pytest.raises(Refused, match="has no attempt"):
        hand_off(mine | {"COORD_PROMPT": "9"}, 1, outcome="done", summary="for nobody")


@pytest.mark.parametrize(("outcome", "summary"), [("great", "x"), ("done", " \n")])
def test_a_malformed_hand_off_is_refused(outcome: str, summary: str) -> None:
    with pytest.raises(UsageError):
        hand_off({}, 1, outcome=outcome, summary=summary)
