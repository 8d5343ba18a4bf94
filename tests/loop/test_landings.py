"""Which changes are looked for as merged by hand when their base moves."""

from pathlib import Path

from support.build import attempt, prompt, world

from coordinator.loop.landings import Landings
from coordinator.model.step import Attempt, StepState


def test_one_that_is_being_merged_is_looked_for_only_when_that_came_to_nothing(tmp_path: Path) -> None:
    """Its own merge is what moves the base."""
    made = world([prompt(1)], [attempt(1, StepState.CHANGE_OPEN, base_branch="main", opened_on="0" * 40)])
    landings = Landings(tmp_path)
    landings._tips["main"] = tip = "1" * 40
    landings._moved = False
    merging: list[Attempt] = [step.attempt for step in made.steps.values() if step.attempt is not None]
    assert list(landings.due(made, lambda attempt: attempt in merging)) == []
    landings._tips["main"] = tip
    merging.clear()
    (due,) = landings.due(made, lambda attempt: attempt in merging)
    assert (due.number, due.base_tip) == (1, tip)
