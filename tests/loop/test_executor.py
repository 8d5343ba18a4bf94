"""The table of how actions are carried out."""

from typing import cast, get_args

from coordinator.loop.actions import Action, Dispatch, RunWitness, Settle, Tidy
from coordinator.loop.context import Context
from coordinator.loop.executor import LITTER, WAYS
from coordinator.model.work import prompt_work


def test_there_is_a_way_to_carry_out_every_action_and_no_other() -> None:
    assert set(WAYS) == set(get_args(Action))


def test_only_what_a_worker_does_has_something_to_record_afterwards() -> None:
    assert [kind for kind, way in WAYS.items() if way.by is None and (way.record or way.failed)] == []


def test_a_command_that_runs_with_leave_is_not_begun_again_without_it() -> None:
    with_leave = RunWitness("make test", "b" * 40, ("SC-1",), True)
    without = RunWitness("make test", "b" * 40, ("SC-1",), False)
    context = cast(Context, None)
    waits = WAYS[RunWitness].waits
    assert any(wait(context, {with_leave}, without) for wait in waits)
    assert not any(wait(context, {with_leave}, RunWitness("true", "b" * 40, ("SC-2",), False)) for wait in waits)


def test_nothing_starts_while_much_is_being_cleared_up() -> None:
    context, start = cast(Context, None), Dispatch(prompt_work(99), 1)
    some = [(Settle, Tidy)[n % 2](prompt_work(n), 1) for n in range(1, LITTER)]
    waits = WAYS[Dispatch].waits
    assert not any(wait(context, some, start) for wait in waits)
    assert any(wait(context, [*some, Settle(prompt_work(LITTER), 1)], start) for wait in waits)
