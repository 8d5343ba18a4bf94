"""What a request begins with follows the selection."""

import pytest
from support import scenes

from coordinator.services.suggestions import between, to_fix


@pytest.mark.parametrize(
    ("selected", "marked", "found"),
    [
        (9, (), ((9,), (7,))),
        (4, (), ((4,), ())),
        (2, (), ((2,), (9,))),
        (11, (), ((), ())),
        (11, (9, 5), ((5, 9), ())),
        (None, (), ((), ())),
    ],
)
def test_a_new_prompt_goes_behind_the_selected_one_or_the_marked_ones(
    selected: int | None, marked: tuple[int, ...], found: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    assert between(scenes.bucket(), selected, marked) == found


def test_a_patch_corrects_what_is_marked_or_else_selected() -> None:
    assert to_fix(scenes.bucket(), 4, (9, 5)) == (5, 9)
    assert to_fix(scenes.bucket(), 4, ()) == (4,)
    assert to_fix(scenes.bucket(), None, ()) == ()
