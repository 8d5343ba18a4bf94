"""Budgets: when a human is asked, how often, and what the answers do."""

from datetime import UTC, datetime

import pytest
from support.build import AT, NOW, agent, attempt, prompt, world

from coordinator.lazy.dataclass import replace
from coordinator.loop.actions import AskOver, Dispatch, EndOver, Expire, GoOn, Pause
from coordinator.loop.rules import next_due, step
from coordinator.loop.rules.budgets import pauses
from coordinator.model.budget import END_IT, GO_ON, overruns
from coordinator.model.budget_pause import all_wanted, paused_seconds
from coordinator.model.settings import Budget, Settings
from coordinator.model.snapshot import AgentState, Question, Snapshot
from coordinator.model.step import StepState, derive_step
from coordinator.model.usage import Spent
from coordinator.model.work import prompt_work


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
        made = replace(made, asked=AT, answered=AT if answer is not None else "")
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
    assert [a for a in step(snapshot, NOW) if isinstance(a, AskOver | EndOver)] == [EndOver(prompt_work(1), 1)]


@pytest.mark.parametrize("said", ["End it", "END IT!", "end it."])
def test_whoever_types_that_it_is_to_end_need_not_type_it_to_the_letter(said: str) -> None:
    snapshot = asked(running(Budget(tokens=1000), Spent(tokens=1000)), said)
    assert EndOver(prompt_work(1), 1) in step(snapshot, NOW)


def test_going_on_means_as_much_again_however_much_was_used_at_once() -> None:
    snapshot = asked(running(Budget(tokens=1000), Spent(tokens=5200)), GO_ON)
    assert list(overruns(snapshot, NOW)) == []
    assert list(overruns(replace(snapshot, spent={1: Spent(tokens=5900)}), NOW)) == []
    (again,) = overruns(replace(snapshot, spent={1: Spent(tokens=6000)}), NOW)
    assert again.question is None


def test_what_a_human_starts_again_after_it_was_to_end_may_go_on() -> None:
    snapshot = asked(running(Budget(tokens=10), Spent(tokens=15)), END_IT)
    later = attempt(1, StepState.RUNNING, 2, started="2027-01-15T08:00:01Z", pid=1)
    again = replace(snapshot, steps={**snapshot.steps, 1: derive_step(snapshot.prompts[1], later)})
    assert [a for a in step(again, NOW) if isinstance(a, AskOver | EndOver | GoOn | Pause)] == []


def pausing(snapshot: Snapshot, *states: AgentState) -> list[Pause | GoOn]:
    """What is done to the agents of these states, of the attempts that there are."""
    attempts = [s.attempt for s in snapshot.steps.values() if s.attempt is not None]
    seen = tuple(agent(made, state) for made, state in zip(attempts, states, strict=True))
    return [a for a in step(replace(snapshot, agents=seen), NOW) if isinstance(a, Pause | GoOn)]


def test_agents_are_stopped_and_let_go_on_where_they_are_not_as_the_questions_want_them() -> None:
    snapshot = running(Budget(tokens=1000), Spent(tokens=1500))
    working, paused = AgentState.WORKING, AgentState.PAUSED
    assert pausing(snapshot, working) == pausing(snapshot, paused) == []  # nothing was asked yet
    (over,) = overruns(snapshot, NOW)
    still_open, gone_on = asked(snapshot, None), asked(snapshot, GO_ON)
    assert pausing(still_open, working) == [Pause(prompt_work(1), 1, over.about)]
    assert pausing(still_open, paused) == []
    assert pausing(gone_on, paused) == [GoOn(prompt_work(1), 1, over.about)]
    assert pausing(gone_on, working) == []
    ended = world([prompt(1)], [attempt(1, StepState.RUNNING, kill="hold", pid=1)])
    assert pausing(replace(ended, questions=still_open.questions), working) == []


def test_a_prompt_s_question_pauses_its_agent_and_a_run_s_all_of_them() -> None:
    two = [attempt(n, StepState.RUNNING, pid=n, started="2027-01-15T07:58:20Z") for n in (1, 2)]
    settings = Settings(gate="auto", prompt_budget=Budget(tokens=1000))
    made = replace(world([prompt(1), prompt(2)], two, settings=settings), run="run-1")
    own = asked(replace(made, spent={1: Spent(tokens=1500)}), None)
    assert [a.number for a in pausing(own, AgentState.WORKING, AgentState.WORKING)] == [1]
    settings = Settings(gate="auto", run_budget=Budget(tokens=1000))
    both = asked(replace(made, settings=settings, spent={1: Spent(tokens=900), 2: Spent(tokens=900)}), None)
    assert [a.number for a in pausing(both, AgentState.WORKING, AgentState.PAUSED)] == [1]
    assert [type(a) for a in pauses(own)] == [Pause, GoOn]
    assert [type(a) for a in pauses(both)] == [Pause, Pause]
    assert pauses(made) == ()


def test_time_in_which_an_agent_is_paused_counts_neither_for_budgets_nor_for_limits() -> None:
    since, asked_at, answered = "2027-01-15T07:58:20Z", "2027-01-15T07:58:30Z", "2027-01-15T07:59:50Z"
    done = Question("q", 1, "?", "loop", "prompt:1", asked=asked_at, answered=answered, answer=GO_ON, about=OWN)
    still = replace(done, answer=None, answered="")
    one = attempt(1, StepState.RUNNING, started=since, pid=1)
    for question, worked in ((done, 20), (still, 10)):
        rules = Settings(gate="auto", prompt_budget=Budget(seconds=worked + 0.5), timeout=worked + 0.5)
        made = world([prompt(1)], [one], settings=rules, questions=[question])
        made = replace(made, run="run-1", spent={1: Spent()})
        assert list(overruns(made, NOW)) == []
        assert not [a for a in step(made, NOW) if isinstance(a, Expire)]
        assert next_due(made, NOW) == (pytest.approx(NOW + 0.5) if question is done else None)
        late = [a for a in step(made, NOW + 1) if isinstance(a, Expire)]
        assert late == ([Expire(prompt_work(1), 1, worked + 0.5)] if question is done else [])


@pytest.mark.parametrize(
    ("spans", "paused"),
    [
        ([(10, 20)], 10),
        ([(10, 30), (20, 40)], 30),
        ([(10, 50), (20, 40)], 40),
        ([(-50, 5)], 5),
        ([(90, None)], 10),
        ([(-9, -5), (120, 130)], 0),
    ],
)
def test_paused_time_is_counted_once_and_within_the_attempt(spans: list[tuple[int, int | None]], paused: int) -> None:
    questions = [
        Question(
            "q", n, "?", "loop", subject, asked=iso(a), answered=iso(b), answer=None if b is None else "x", about=OWN
        )
        for n, (a, b) in enumerate(spans)
        for subject in ("run:run-1", "prompt:7")
    ]
    assert paused_seconds(questions, 1, NOW, NOW + 100) == paused
    assert paused_seconds(questions[1::2], 1, NOW, NOW + 100) == 0
    assert paused_seconds([replace(q, about="") for q in questions], 1, NOW, NOW + 100) == 0


OWN = "budget/run-1/prompt:1/cost/1"


def iso(offset: int | None) -> str:
    """NOW and so many seconds as a text; nothing for None."""
    return "" if offset is None else datetime.fromtimestamp(NOW + offset, UTC).isoformat()


def test_a_run_counts_all_its_prompts_and_can_only_go_on_or_stay_open() -> None:
    snapshot = running(Budget(), Spent(tokens=600), Budget(tokens=1000))
    assert list(overruns(snapshot, NOW)) == []
    (over,) = overruns(replace(snapshot, spent={1: Spent(tokens=600), 2: Spent(tokens=400)}), NOW)
    assert over.subject == "run:run-1"
    assert over.options == (GO_ON,)


def test_a_run_that_is_told_to_end_in_somebody_s_own_words_is_asked_about_again() -> None:
    snapshot = asked(running(Budget(), Spent(tokens=1000), Budget(tokens=1000)), END_IT)
    (again,) = overruns(replace(snapshot, spent={1: Spent(tokens=2000)}), NOW)
    assert (again.question, again.about) == (None, "budget/run-1/run:run-1/tokens/2")
    assert [wanted.to_end for wanted in all_wanted(snapshot)] == [False]


def test_the_loop_wakes_when_time_is_used_up() -> None:
    assert next_due(running(Budget(seconds=130), Spent(seconds=10)), NOW) == pytest.approx(NOW + 20)
    assert next_due(running(Budget(), Spent(), Budget(seconds=400)), NOW) == pytest.approx(NOW + 300)
    assert next_due(running(Budget(), Spent()), NOW) is None
