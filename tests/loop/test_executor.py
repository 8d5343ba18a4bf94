"""The table of how actions are carried out."""

from typing import get_args

from coordinator.loop.actions import Action
from coordinator.loop.executor import WAYS


def test_there_is_a_way_to_carry_out_every_action_and_no_other() -> None:
    assert set(WAYS) == set(get_args(Action))


def test_only_what_a_worker_does_has_something_to_record_afterwards() -> None:
    assert [kind for kind, way in WAYS.items() if way.by is None and (way.record or way.failed)] == []
