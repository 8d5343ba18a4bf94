"""What hand-offs of merged prompts claim, which of it runs, and what counts as shown."""

from typing import Any

import pytest

from coordinator.lazy.dataclass import replace
from coordinator.model.acceptance import handed, prompt_of, standings, wanted
from coordinator.model.checks import Check, Checks, Handed
from coordinator.model.event import Event
from coordinator.model.round import Acceptance, Asked, Criterion, Witness
from coordinator.model.snapshot import Question
from coordinator.model.step import Receipt
from coordinator.model.witness_fold import WitnessFold
from coordinator.model.witnesses import ALWAYS, NO, ONCE, Leave, Shown, about_command

BASE, OLD = "b" * 40, "a" * 40
TEXTS = ("it counts", "it is quick")


def receipt(*checks: str, outcome: str = "done", log_seq: int = 10) -> Receipt:
    return Receipt(outcome, "did it", "executor-07-1", "2027-01-15T08:00:00Z", checks=checks, log_seq=log_seq)


def ran(command: str = "make test", exit: int = 0, commit: str = BASE, seq: int = 20) -> Witness:
    return Witness("AC-07-1", command, exit, commit, "d" * 64, seq, "2027-01-15T08:00:00Z")


def checks(*commands: str, **known: Any) -> Checks:
    return replace(Checks(BASE, (Handed(Criterion("AC-07-1", "it counts"), commands, 10),)), **known)


def asked(answer: str | None, seq: int = 15) -> Question:
    return Question("q", seq, "may it?", "loop", "milestone", answer=answer, about=about_command("make test"))


def claimed(*said: str, **more: Any) -> dict[str, tuple[str, ...]]:
    return {one.criterion.id: one.commands for one in handed(7, TEXTS, receipt(*said, **more))}


@pytest.mark.parametrize(
    ("said", "first", "second"),
    [
        (("make test",), ("make test",), ("make test",)),
        (("AC-07-2: make bench",), (), ("make bench",)),
        (("AC-7-2: make bench",), (), ("make bench",)),
        (("AC-2: make bench", "make test"), ("make test",), ("make bench", "make test")),
        (("make test", "AC-1: make test"), ("make test",), ("make test",)),
        (("AC-08-1: make test", "AC-9: make test", "AC-1: "), (), ()),
        ((), (), ()),
    ],
)
def test_a_command_is_claimed_for_the_criterion_that_it_is_named_for_else_for_all(
    said: tuple[str, ...], first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    assert claimed(*said) == {"AC-07-1": first, "AC-07-2": second}


def test_only_a_hand_off_of_what_is_done_claims_and_no_more_than_can_be_looked_at() -> None:
    assert claimed("make test", outcome="failed") == {"AC-07-1": (), "AC-07-2": ()}
    assert len(claimed(*(f"make t{n}" for n in range(100)))["AC-07-1"]) == 20
    assert [one.commands for one in handed(7, TEXTS, None)] == [(), ()]


def test_names_of_criteria_tell_their_prompts() -> None:
    assert [prompt_of(name) for name in ("AC-07-1", "ac-123-2", "SC-1", "AC-7", "AC-07-0")] == [
        7,
        123,
        None,
        None,
        None,
    ]


CHECK: Check = ("AC-07-1", about_command("make test"))
LINT: Check = ("AC-07-1", about_command("lint"))


@pytest.mark.parametrize(
    ("known", "leave"),
    [
        ({}, Leave.SANDBOX),
        ({"allowed": frozenset({"make test"})}, Leave.GIVEN),
        ({"base": ""}, None),
        ({"runs": {CHECK: ran()}}, None),
        ({"runs": {CHECK: ran(commit=OLD)}}, None),  # stale is shown, not run again
        ({"runs": {CHECK: ran(seq=9)}}, Leave.SANDBOX),  # for an earlier hand-off
        ({"left": {CHECK: 12}}, None),  # nobody is asked
        ({"left": {CHECK: 9}}, Leave.SANDBOX),
        ({"left": {CHECK: 12}, "allowed": frozenset({"make test"})}, Leave.GIVEN),
        ({"left": {CHECK: 12}, "asked": {CHECK: Asked("AC-07-1", "make test", "ada", 13)}}, Leave.GIVEN),
        ({"asked": {CHECK: Asked("AC-07-1", "make test", "ada", 13)}, "began": {CHECK[1]: 14}}, Leave.SANDBOX),
        ({"runs": {CHECK: ran()}, "asked": {CHECK: Asked("AC-07-1", "make test", "ada", 21)}}, Leave.GIVEN),
        ({"runs": {CHECK: ran()}, "asked": {CHECK: Asked("AC-07-1", "make test", "ada", 19)}}, None),
    ],
)
def test_what_is_named_runs_once_and_again_only_when_a_human_asks(known: dict[str, Any], leave: Leave | None) -> None:
    assert [want.leave for want in wanted(checks("make test", **known), ())] == ([] if leave is None else [leave])


@pytest.mark.parametrize(
    ("answer", "leave"), [(None, None), (NO, None), (ALWAYS, Leave.GIVEN), (ONCE, Leave.SANDBOX), ("eh", None)]
)
def test_words_that_a_human_spoke_of_before_hold_here_too(answer: str | None, leave: Leave | None) -> None:
    found = [want.leave for want in wanted(checks("make test"), (asked(answer),))]
    assert found == ([] if leave is None else [leave])


def test_one_run_is_for_all_that_it_is_named_for_and_what_nobody_can_read_never_runs() -> None:
    both = Checks(BASE, handed(7, TEXTS, receipt("make test")))
    assert [want.criteria for want in wanted(both, ())] == [("AC-07-1", "AC-07-2")]
    hidden = "make test\x1b[2K"
    spoken = {("AC-07-1", about_command(hidden)): Asked("AC-07-1", hidden, "ada", 30)}
    assert wanted(checks(hidden, asked=spoken, allowed=frozenset({hidden})), ()) == ()


@pytest.mark.parametrize(
    ("runs", "status"),
    [
        ({}, Shown.CLAIMED),
        ({CHECK: ran()}, Shown.CLAIMED),  # the other one has not run
        ({CHECK: ran(), LINT: ran("lint")}, Shown.WITNESSED),
        ({CHECK: ran(commit=OLD), LINT: ran("lint")}, Shown.STALE),
        ({CHECK: ran(), LINT: ran("lint", 1)}, Shown.FAILED),
        ({CHECK: ran(), LINT: ran("lint", 1, OLD)}, Shown.FAILED),
        ({CHECK: ran(seq=9), LINT: ran("lint")}, Shown.CLAIMED),
    ],
)
def test_the_worst_of_several_commands_tells(runs: dict[Check, Witness], status: Shown) -> None:
    (found,) = standings(checks("make test", "lint", runs=runs))
    assert found.shown is status


def test_without_a_command_it_is_open_and_a_human_accepts_it_as_it_is_worded() -> None:
    assert [one.shown for one in standings(checks())] == [Shown.OPEN]
    for text, status in (("it counts", Shown.ACCEPTED), ("it counted", Shown.OPEN)):
        said = {"AC-07-1": Acceptance("AC-07-1", text, "ada", "I looked", 9)}
        assert [one.shown for one in standings(checks(accepted=said))] == [status]


def event(seq: int, kind: str, actor_kind: str, subject: str = "criterion:AC-07-1", **data: object) -> Event:
    return Event(seq, f"id-{seq}", "2027-01-15T08:00:00Z", "run-1", 1, actor_kind, "ada", kind, subject, data, "", "")


def test_the_log_tells_what_ran_and_another_milestone_takes_nothing_of_it_away() -> None:
    fold = WitnessFold()
    fold.feed(event(1, "witness.run", "agent", command="make test", exit=0, commit=BASE))
    fold.feed(event(2, "witness.left", "agent", command="make test"))
    assert (fold.runs, fold.left) == ({}, {})
    fold.feed(event(3, "witness.run", "system", command="make test", exit=0, commit=BASE))
    fold.feed(event(4, "witness.left", "system", command="[gone]", about=LINT[1]))
    fold.feed(event(5, "witness.asked", "human", command="lint"))
    fold.feed(event(6, "criterion.accepted", "human", text="it counts", reason="I looked"))
    fold.feed(event(7, "criterion.accepted", "human", "criterion:SC-1", text="all", reason="I looked"))
    fold.feed(event(8, "milestone.created", "human", "milestone"))
    assert {check: one.exit for check, one in fold.runs.items()} == {CHECK: 0}
    assert (fold.left, list(fold.asked_runs)) == ({LINT: 4}, [LINT])
    assert (list(fold.accepted), fold.witnesses, fold.numbers.known) == (["AC-07-1"], {}, {})
