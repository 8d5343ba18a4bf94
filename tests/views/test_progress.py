"""How far a run is: the same words on the screen, in `coord status` and on the milestone's page."""

import pytest
from support import build, scenes
from support.build import attempt, prompt, question, snapshot

from coordinator.lazy.dataclass import replace
from coordinator.model.forecast import Forecast
from coordinator.model.prompt import PromptStatus
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Loop, LoopState, Snapshot
from coordinator.model.step import StepState
from coordinator.views.progress import counts_of, far_of, left_words, loop_word
from coordinator.views.status_json import counts
from tui.paint.theme import UNICODE
from tui.widgets.header import header_spans

RUNNING = Loop(LoopState.RUNNING, "a change is open", 2, alive=True)
AHEAD = Forecast((), 1, 0, 60.0, 1)


def cancelled() -> Snapshot:
    ended = [prompt(1, status=PromptStatus.DONE), prompt(2, status=PromptStatus.CANCELLED), prompt(3)]
    return snapshot(ended)


def in_review() -> Snapshot:
    """Two prompts: one waits for a review, the other for that one."""
    shot = snapshot([prompt(1), prompt(2, 1)], attempts=[attempt(1, StepState.CHANGE_OPEN)])
    return replace(shot, loop=RUNNING, settings=Settings(gate="review"))


def test_cancelled_prompts_count_nowhere() -> None:
    shot = cancelled()
    assert counts_of(shot).words == far_of(counts(shot)) == "1/2 merged"
    assert "1/2 merged" in "".join(span.text for span in header_spans(shot, 120, UNICODE))
    assert counts_of(scenes.empty()).words == "no prompts"


@pytest.mark.parametrize("what", ["review", "question"])
def test_where_nobody_works_before_a_human_has_done_something_it_waits_for_them(what: str) -> None:
    shot = in_review()
    if what == "question":
        shot = replace(shot, settings=Settings(gate="auto"), questions=(question(1, "Which?"),))
    assert loop_word(shot, counts_of(shot).live) == "waits for you"
    assert left_words(shot, AHEAD) == "about 1 min of work left"
    line = "".join(span.text for span in header_spans(shot, 160, UNICODE))
    assert "waits for you" in line
    assert "0/2 " not in line.replace("0/2 merged", "")


def test_while_somebody_works_or_nothing_is_asked_it_runs() -> None:
    shot = in_review()
    assert loop_word(shot, 1) == "running"
    alone = replace(shot, settings=Settings(gate="auto"))
    assert loop_word(alone, 0) == "running"
    assert left_words(alone, AHEAD) == "about 1 min left"
    assert loop_word(build.snapshot([prompt(1)], asked="paused"), 0) == "paused"
