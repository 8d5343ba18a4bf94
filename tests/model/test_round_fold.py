"""What the log tells of iterations: verdicts, decisions and what became of them, failures, and what is stuck."""

from typing import Any

from support.build import event

from coordinator.lazy.dataclass import replace
from coordinator.model.event import Event
from coordinator.model.round import Claim, Decision
from coordinator.model.round_fold import RoundFold

PLANNER = "planner-1-1"


def fold(*events: Event) -> RoundFold:
    made = RoundFold()
    for seq, one in enumerate(events, 1):
        made.feed(replace(one, seq=seq))
    return made


def decided(decision: str = "CONTINUE", iteration: int = 1, **values: Any) -> Event:
    told = {"decision": decision, "reason": "because", **values}
    return event("planner.decided", f"flow:planner/{iteration}", PLANNER, **told)


def failed(subject: str = "prompt:3", reason: str = "no compiler", **values: Any) -> Event:
    return event("step.failed", subject, "loop", reason=reason, **values)


def stuck() -> Event:
    return event("milestone.status", "milestone", "loop", status="stuck", reason="no key", remedy="give one")


def test_the_newest_verdict_counts_with_what_it_claims() -> None:
    criteria = [{"id": "SC-1", "status": "met", "command": "make", "note": "n"}, "odd", {"status": "met"}]
    given = event("verdict.given", "flow:verifier/2", "verifier-2-1", met="partly", criteria=criteria, gaps=["g", 7])
    found = fold(event("verdict.given", "flow:verifier/1", "verifier-1-1", met="yes"), given)
    assert found.verdict is not None
    assert (found.verdict.met, found.verdict.iteration, found.verdict.gaps) == ("partly", 2, ("g",))
    assert found.verdict.claims == (Claim("SC-1", "met", "make", "n"),)
    assert found.spoken("run-1") == {"flow:verifier/1", "flow:verifier/2"}
    assert found.spoken("run-2") == frozenset()


def test_what_says_nothing_is_no_verdict_and_no_decision() -> None:
    found = fold(event("verdict.given", "flow:verifier/1", "verifier-1-1"), decided("MAYBE"))
    assert (found.verdict, found.decided("run-1", 1)) == (None, None)


def test_a_decision_belongs_to_its_run_and_iteration() -> None:
    found = fold(decided("STUCK", blocker="no key"))
    known = found.decided("run-1", 1)
    assert known is not None
    assert (known.decision, known.blocker, known.applied) == (Decision.STUCK, "no key", "")
    assert (found.decided("run-1", 2), found.decided("run-2", 1)) == (None, None)


def test_a_plan_that_was_applied_is_known_by_its_decision() -> None:
    applied = event("plan.applied", "milestone", PLANNER, plan="p7", decision=1)
    found = fold(decided(), applied)
    known = found.decided("run-1", 1)
    assert known is not None
    assert (known.applied, found.plans) == ("p7", 1)
    assert fold(decided(), event("plan.applied", "prompt:1", "ann", plan="p8")).plans == 0


def test_a_decision_that_was_refused_counts_as_none() -> None:
    refused = event("iteration.refused", "flow:planner/1", "loop", decision=3, reasons=["a cycle"])
    found = fold(failed(), failed("flow:planner/1", attempt=2), decided(attempt=3), refused)
    known = found.decided("run-1", 1)
    assert known is not None
    assert known.refused == ("a cycle",)


def test_reasons_against_a_plan_that_was_not_taken_are_kept_until_one_is() -> None:
    turned_away = event("iteration.refused", "flow:planner/1", "loop", reasons=["a cycle", "no prompt 7"], attempt=1)
    by_planner = event("iteration.refused", "flow:planner/1", PLANNER, reasons=["nothing"], attempt=1)
    found = fold(turned_away, by_planner)
    assert found.turned_away("run-1", 1) == ("a cycle", "no prompt 7")
    assert (found.turned_away("run-1", 2), found.turned_away("run-2", 1)) == ((), ())
    assert fold(turned_away, decided()).turned_away("run-1", 1) == ()


def test_a_human_who_does_something_about_it_has_what_is_stuck_go_on() -> None:
    before = (failed(), failed("flow:planner/1", attempt=1), stuck())
    found = fold(*before)
    assert found.stuck is not None
    assert (found.stuck.reason, found.stuck.remedy, found.resumed) == ("no key", "give one", 0)
    by_agent = fold(*before, event("plan.applied", "milestone", PLANNER, plan="p"))
    assert by_agent.stuck is not None
    resumed = fold(*before, event("intent.set", "milestone", "ann"))
    assert (resumed.stuck, resumed.resumed, resumed.failures.words(())) == (None, 1, ())


def test_findings_that_a_human_put_away_are_settled() -> None:
    waived = event("feedback.waived", "feedback:7", "ann")
    later = event("feedback.planned", "feedback:8", "ann", status="backlog")
    by_planner = event("feedback.planned", "feedback:9", PLANNER, status="backlog")
    again = event("feedback.planned", "feedback:7", "ann", status="open")
    assert fold(waived, later, by_planner).settled == {7, 8}
    assert fold(waived, again).settled == frozenset()
    begun, back = (event("milestone.created", "milestone", "ann", id=name) for name in ("M2", "M1"))
    assert fold(waived, begun, back).settled == {7}  # its number is no other finding's, whichever milestone is there


def test_another_milestone_begins_anew() -> None:
    found = fold(decided(), failed(), stuck(), event("milestone.created", "milestone", "ann"))
    assert (found.decided("run-1", 1), found.failures.words(()), found.stuck) == (None, (), None)
