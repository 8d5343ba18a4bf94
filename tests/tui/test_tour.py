"""The line that leads through the demo: it follows what the project shows, and each of its keys does what it says."""

import pytest
from support import scenes
from support.onscreen import UTF8, screen_text, shown, until
from support.still import StillSource

from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import Loop, LoopState, Snapshot
from coordinator.model.step import StepState
from tui.actions import BY_ID
from tui.paint.theme import UNICODE
from tui.widgets.tour import TOUR, tip


def words(snapshot: Snapshot) -> str:
    return "".join(span.text for span in tip(snapshot, lambda name: f"<{BY_ID[name].id}>", UNICODE))


def with_states(state: StepState, count: int) -> Snapshot:
    """Nothing waits for the reader; `count` prompts are in a state, the others run."""
    shot = replace(scenes.bucket(), questions=(), loop=Loop(LoopState.RUNNING, "", 3, alive=True))
    numbers = list(shot.steps)
    states = {n: state if place < count else StepState.RUNNING for place, n in enumerate(numbers)}
    return replace(shot, steps={n: replace(step, state=states[n]) for n, step in shot.steps.items()})


def test_before_anything_runs_it_says_so_and_how_to_begin() -> None:
    shot = with_states(StepState.PENDING, 99)
    held = replace(shot, loop=Loop(LoopState.PAUSED, "paused", 3, alive=True, asked="paused"))
    assert words(held).startswith("nothing runs yet: <loop.toggle> starts")
    rests = replace(with_states(StepState.MERGED, 2), loop=held.loop)
    assert words(rests).startswith("the loop rests: <loop.toggle>")


def test_a_question_comes_before_what_can_be_tried() -> None:
    asked = scenes.bucket()
    assert words(asked).startswith("an agent asks you: <need>")
    plan = replace(asked.questions[0], about="plan:7")
    assert "Planner wants your yes" in words(replace(asked, questions=(plan,)))


def test_while_they_work_the_tip_goes_on_and_at_the_end_says_how_to_leave() -> None:
    seen = [words(with_states(StepState.MERGED, count)) for count in range(len(scenes.bucket().steps) + 1)]
    assert len(set(seen)) >= 3
    assert seen[-1].startswith("a Verifier looks")
    done = replace(scenes.bucket(), loop=Loop(LoopState.FINISHED, "", 3))
    assert words(done) == "done: <replay> goes through it again, <quit> leaves and sums it up"


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_it_stands_above_the_keys_in_the_demo_and_nowhere_else(size: tuple[int, int]) -> None:
    async with shown(StillSource(scenes.bucket()), size, {**UTF8, TOUR: "demo"}) as (app, _):
        await until(lambda: "Tour an agent asks you: n opens it" in screen_text(app), "the tip")
        assert "Tour" in screen_text(app).splitlines()[-2]
    async with shown(StillSource(scenes.bucket()), size) as (app, _):
        assert "Tour" not in screen_text(app)
