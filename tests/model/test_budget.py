"""Budgets: when a human is asked, how often, and what the answers do."""

from dataclasses import replace

import pytest
from support.worlds import NOW, attempt, prompt, world

from coordinator.loop.effects import AskOver, Dispatch, EndOver
from coordinator.loop.orchestrator import next_due, step
from coordinator.model.budget import END_IT, GO_ON, overruns
from coordinator.model.settings import Budget, Settings
from coordinator.model.snapshot import Question, Snapshot
from coordinator.model.spent import Spent
from coordinator.model.step import StepState


def running(own: Budget, spent: Spent, run: Budget | None = None, **more: object) -> Snapshot:
    """Prompt 1 runs since 100 s and has used this; 2 could start."""
    settings = Settings(gate="auto", prompt_budget=own, run_budget=run or Budget())
    started = "2027-01-15T07:58:20Z"
    made = world([prompt(1), prompt(2)], [attempt(1, StepState.RUNNING, started=started, pid=1)], settings=settings)
    return replace(made, run="run-1", spent={1: spent}, **more)  # type: ignore[arg-type]


def asked(snapshot: Snapshot, *answers: str | None) -> Snapshot:
    """The snapshot after the loop asked, once more for each answer; None: it is still open."""
    for answer in answers:
        (over,) = overruns(snapshot, NOW)
        made = Question("q", 1, over.text, "loop", over.subject, over.options, answer=answer, about=over.about)
        snapshot = replace(snapshot, questions=(*snapshot.questions, made))
    return snapshot


@pytest.mark.parametrize(
    ("budget", "spent", "words"),
    [
        (Budget(tokens=1000), Spent(tokens=1000), "1,000 tokens"),
        (Budget(cost_usd=0.5), Spent(cost_usd=0.75), "$0.75"),
        (Budget(seconds=90), Spent(), "1m40"),
        (Budget(seconds=150), Spent(seconds=60), "2m40"),
    ],
)
def test_each_budget_asks_in_plain_words_before_anything_new_starts(budget: Budget, spent: Spent, words: str) -> None:
    actions = step(running(budget, spent), NOW)
    (question,) = [action for action in actions if isinstance(action, AskOver)]
    assert f"Prompt 01 has used {words}" in question.text
    assert question.options == (GO_ON, END_IT)
    assert not [action for action in actions if isinstance(action, Dispatch)]


@pytest.mark.parametrize("spent", [Spent(tokens=999, cost_usd=0.49), Spent()])
def test_below_the_budget_nobody_is_asked(spent: Spent) -> None:
    snapshot = running(Budget(1000, 0.5, 101), spent)
    assert list(overruns(snapshot, NOW)) == []
    assert [action for action in step(snapshot, NOW) if isinstance(action, Dispatch)]


def test_it_is_asked_once_and_again_only_after_as_much_again() -> None:
    snapshot = running(Budget(tokens=1000), Spent(tokens=1500))
    open_one = asked(snapshot, None)
    assert not [a for a in step(open_one, NOW) if isinstance(a, AskOver | EndOver | Dispatch)]
    gone_on = asked(snapshot, GO_ON)
    assert list(overruns(gone_on, NOW)) == []
    more = replace(gone_on, spent={1: Spent(tokens=2000)})
    (again,) = overruns(more, NOW)
    assert again.question is None
    assert again.about.endswith("/2")


def test_ending_it_ends_the_attempt_and_asks_no_more() -> None:
    snapshot = asked(running(Budget(tokens=10), Spent(tokens=1500)), END_IT)
    assert [a for a in step(snapshot, NOW) if isinstance(a, AskOver | EndOver)] == [EndOver(1, 1)]


def test_a_run_counts_all_its_prompts_and_can_only_go_on_or_stay_open() -> None:
    snapshot = running(Budget(), Spent(tokens=600), Budget(tokens=1000))
    assert list(overruns(snapshot, NOW)) == []
    (over,) = overruns(replace(snapshot, spent={1: Spent(tokens=600), 2: Spent(tokens=400)}), NOW)
    assert over.subject == "run:run-1"
    assert over.options == (GO_ON,)


def test_the_loop_wakes_when_time_is_used_up() -> None:
    assert next_due(running(Budget(seconds=130), Spent(seconds=10)), NOW) == pytest.approx(NOW + 20)
    assert next_due(running(Budget(), Spent(), Budget(seconds=400)), NOW) == pytest.approx(NOW + 300)
    assert next_due(running(Budget(), Spent()), NOW) is None
