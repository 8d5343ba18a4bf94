"""What agents use: per agent, per prompt over all attempts, and per run; what nobody told is null."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from support.project import NOTHING, WRITE, Project
from support.wait import wait_until

from coordinator.model.work import prompt_work
from coordinator.observe.observer import Observer

Make = Callable[..., Project]
HERE = 'where="$COORD_ROOT/.coord/runs/$COORD_RUN/prompts/$(printf %02d "$COORD_PROMPT")/attempt-$COORD_ATTEMPT"\n'


def use(tokens: int, cost: float | None) -> str:
    """A line of a script by which an agent tells what it used."""
    told = json.dumps({"tokens": tokens, "cost_usd": cost})
    return HERE + f"echo '{told}' >\"$where/usage.json\"\n"


def status(made: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made.coord("status", "--json").stdout)
    return found


def told(document: dict[str, Any]) -> dict[int, tuple[int | None, float | None]]:
    return {prompt["number"]: (prompt["tokens"], prompt["cost_usd"]) for prompt in document["prompts"]}


@pytest.mark.slow
def test_prompts_and_the_run_tell_what_all_attempts_used_and_nothing_where_nobody_told(make: Make) -> None:
    failing = f'if [ "$COORD_ATTEMPT" = 1 ]; then\n{use(1000, 0.5)}coord agent fail --reason no; exit 1; fi\n'
    made = make({1: [], 2: [1], 3: [1]}, {1: failing + use(200, None) + WRITE, 2: use(30, 0.25) + NOTHING, 3: NOTHING})
    made.layout.config.write_text(made.layout.config.read_text() + "max_attempts: 2\nretry_backoff: 0\n")
    before = status(made)
    assert before["usage"] == {"tokens": None, "cost_usd": None, "seconds": None}
    assert made.run_loop() == 0
    after = status(made)
    assert told(after) == {1: (1200, 0.5), 2: (30, 0.25), 3: (None, None)}
    assert (after["usage"]["tokens"], after["usage"]["cost_usd"]) == (1230, 0.75)
    worked = sum(_seconds(made, number) for number in (1, 2, 3))
    assert after["usage"]["seconds"] == round(worked, 1)
    shown = made.coord("status").stdout
    assert "3/3 merged" in shown
    assert "1,230 tokens, $0.75" in shown
    assert "1,200 tokens, $0.50" in shown
    (finished,) = made.events("run.finished")
    assert finished.data["tokens"] == 1230
    assert finished.data["cost_usd"] == 0.75
    assert "(1,230 tokens, $0.75)" in made.coord("log", "--kind", "run.finished").stdout
    exits = [event.data.get("tokens") for event in made.events("agent.exited")]
    assert sorted(exits, key=str) == [1000, 200, 30, None]


def _seconds(made: Project, number: int) -> float:
    from coordinator.model.clock import timestamp
    from coordinator.storage.attempts import all_attempts

    found = 0.0
    for attempt in all_attempts(made.layout):
        if attempt.prompt == number:
            assert attempt.exit is not None
            found += max(0.0, timestamp(attempt.exit.at) - timestamp(attempt.started))
    return found


def test_what_an_agent_uses_is_told_while_it_works_and_its_time_goes_on(make: Make) -> None:
    made = make({1: []}, {})
    (made.layout.scripts / "01.sh").write_text(use(500, 0.1) + made.until() + use(900, 0.2) + made.until("end") + WRITE)
    made.start_loop()
    wait_until(lambda: told(status(made))[1] == (500, 0.1), message="the first usage")
    seen = status(made)["usage"]
    wait_until(lambda: status(made)["usage"]["seconds"] > seen["seconds"], message="time to go on")
    made.release()
    wait_until(lambda: told(status(made))[1] == (900, 0.2), message="the next usage")


@pytest.mark.slow
def test_a_new_run_begins_with_nothing_and_a_prompt_keeps_all_that_it_used(make: Make) -> None:
    made = make({1: []}, {1: use(100, None) + "coord agent fail --reason no\n"})
    assert made.run_loop() == 1
    made.coord("cancel", "1", "--yes")
    made.add(2, script=use(7, None) + NOTHING)
    assert made.run_loop() == 0
    made.add(3, script=NOTHING)
    made.coord("milestone", "reopen", "--reason", "more to do")
    assert made.run_loop() == 0
    found = status(made)
    assert found["run"] == "run-2"
    assert told(found) == {1: (100, None), 2: (7, None), 3: (None, None)}
    assert found["usage"]["tokens"] is None


def test_an_observer_reads_ended_attempts_once_and_survives_what_agents_put_there(make: Make) -> None:
    made = make({1: [], 2: [1]}, {1: use(5, None) + NOTHING, 2: HERE + 'mkfifo "$where/usage.json"\n' + NOTHING})
    assert made.run_loop() == 0
    observer = Observer(made.layout)
    first = observer.snapshot()
    usage = made.layout.attempt("run-1", prompt_work(1), 1) / "usage.json"
    usage.write_text("never read again")
    os.utime(usage.parent, ns=(usage.parent.stat().st_atime_ns, usage.parent.stat().st_mtime_ns))
    again = observer.refresh(())
    observer.close()
    assert first.used[1].tokens == 5
    assert again.used is first.used
    assert first.used[2].tokens is None
