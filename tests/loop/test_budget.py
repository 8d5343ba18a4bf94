"""Budgets in the loop: reached while an agent works, asked on the log, answered by command."""

from collections.abc import Callable

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.model.budget import END_IT, GO_ON

Make = Callable[..., Project]
USE = (
    'where="$COORD_ROOT/.coord/runs/$COORD_RUN/prompts/$(printf %02d "$COORD_PROMPT")/attempt-$COORD_ATTEMPT"\n'
    'echo \'{"tokens": 5000, "cost_usd": 1.25}\' >"$where/usage.json"\n'
)


def spender(made: Project, number: int, *, waits: bool = True) -> None:
    script = USE + (made.until() if waits else "") + WRITE
    (made.layout.scripts / f"{number:02d}.sh").write_text(script)


@pytest.mark.slow
def test_a_prompt_over_its_budget_asks_and_nothing_new_starts_until_it_may_go_on(make: Make) -> None:
    made = make({1: [], 2: [1]}, budget_cost=1)
    spender(made, 1)
    loop = made.start_loop("--until-idle")
    wait_until(lambda: made.events("run.asked"), message="the question")
    (question,) = made.snapshot().open_questions
    assert question.text == "Prompt 01 has used $1.25, and its budget of cost is reached. Go on?"
    assert question.asker == "loop"
    assert "$1.25" in made.coord("questions").stdout
    made.release()
    assert made.states() == {1: "running", 2: "pending"}
    assert made.snapshot().loop.state.value == "waiting"
    made.coord("answer", str(question.seq), "1")
    assert loop.wait(90) == 0
    assert made.states() == {1: "merged", 2: "merged"}
    assert len(made.events("run.asked")) == 1
    assert made.snapshot().questions[0].answer == GO_ON


def test_a_prompt_that_is_to_end_is_held_and_its_processes_are_gone(make: Make) -> None:
    made = make({1: []}, budget_tokens=1000)
    spender(made, 1)
    made.start_loop()
    wait_until(lambda: made.events("run.asked"), message="the question")
    made.coord("answer", str(made.snapshot().open_questions[0].seq), "2")
    made.wait_for(1, "blocked")
    assert made.snapshot().questions[0].answer == END_IT
    assert "budget is used up" in made.snapshot().steps[1].reason
    assert made.agents(1) == []


@pytest.mark.slow
def test_a_run_over_its_budget_asks_before_the_next_prompt_and_after_a_kill_not_again(make: Make) -> None:
    made = make({1: [], 2: [1], 3: [2]}, run_budget_tokens=9000, max_parallel=1)
    for number in (1, 2, 3):
        spender(made, number, waits=number == 2)
    loop = made.start_loop("--until-idle")
    wait_until(lambda: made.events("run.asked"), message="the question")
    made.release()
    assert made.states() == {1: "merged", 2: "running", 3: "pending"}
    loop.kill()
    loop.wait()
    second = made.start_loop("--until-idle")
    wait_until(lambda: made.events("run.resumed"), message="the second loop")
    assert made.states()[3] == "pending"
    made.coord("answer", str(made.snapshot().open_questions[0].seq), "all right")
    assert second.wait(90) == 0
    assert len(made.events("run.asked")) == 1


@pytest.mark.parametrize("setting", ["budget_time", "run_budget_time"])
def test_time_is_a_budget_too_and_needs_no_event_to_be_noticed(make: Make, setting: str) -> None:
    made = make({1: []}, **{setting: 1})
    (made.layout.scripts / "01.sh").write_text(made.until() + WRITE)
    loop = made.start_loop("--until-idle")
    wait_until(lambda: made.events("run.asked"), message="the question")
    assert made.states() == {1: "running"}
    made.release()
    assert made.answer_until_over(loop) == 0  # one more question for each second that it takes
    assert made.states() == {1: "merged"}
