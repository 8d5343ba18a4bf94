"""An open question holds the work, whatever is killed; its answer lets the work go on and reaches who asked."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.project import WRITE, Project
from support.terminal import Terminal
from support.wait import wait_until

from coordinator.formats.alignment import summaries
from coordinator.loop.exits import has_ended
from coordinator.model.event import Event
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.work import prompt_work
from coordinator.storage.prompts import read_prompt

Make = Callable[..., Project]
ASK = 'answer=$(coord ask "Which?" --option a --option b --wait)\necho "$answer" >answer.txt\n'


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


def one(made: Project, kind: str, prompt: int | None = None) -> Event:
    """The event of that kind, once it is there."""

    def found() -> list[Event]:
        return [event for event in made.events(kind) if prompt in (None, event.prompt)]

    return wait_until(found, message=f"{kind} of {prompt}")[0]


def is_marked_done(made: Project, number: int) -> bool:
    """The loop has settled a prompt, and whatever was ready by then was started before: house-keeping comes last."""
    path: Path = next(made.layout.prompts.glob(f"{number:02d}-*"))
    prompt = read_prompt(path, made.layout.rel(path))
    return isinstance(prompt, Prompt) and prompt.status is PromptStatus.DONE


def dispatched(made: Project) -> list[int | None]:
    return [event.prompt for event in made.events("step.dispatched")]


def test_an_open_question_holds_later_steps_also_when_loop_and_screen_are_killed(
    make: Make, terminal: Terminal
) -> None:
    made = make({1: [], 2: [], 3: [2], 4: []}, {1: ASK + WRITE}, max_parallel=2)
    (made.layout.scripts / "02.sh").write_text(made.until() + WRITE)
    loop = made.start_loop()
    asked = one(made, "question.asked")
    terminal.open(made)
    terminal.wait_for(" asks")

    screen = terminal.pid()
    os.kill(screen, signal.SIGKILL)
    wait_until(lambda: has_ended(screen), message="the end of the screen")
    loop.kill()
    loop.wait()
    made.start_loop()
    made.release()
    wait_until(lambda: is_marked_done(made, 2), message="2 to be settled")
    assert sorted(dispatched(made)) == [1, 2]  # both began at the same time
    assert made.snapshot().loop.reason == "waits for an answer to: Which?"

    made.coord("answer", str(asked.seq), "b")
    wait_until(lambda: all(is_marked_done(made, number) for number in (1, 3, 4)), message="the end")
    answered = one(made, "question.answered")
    assert {number: one(made, "step.dispatched", number).seq > answered.seq for number in (1, 2, 3, 4)} == {
        1: False,
        2: False,
        3: True,
        4: True,
    }
    assert made.repository.git("show", "main:answer.txt") == "b"
    assert len(made.attempts(1)) == 1, "the agent that asked was not started again"


@pytest.mark.slow
def test_a_narrow_question_holds_just_what_depends_on_the_asker(make: Make) -> None:
    made = make({1: [], 2: [1], 3: [2], 4: []}, max_parallel=1)
    # 1 asks and ends without waiting, so that only the question holds 2 and 3
    (made.layout.scripts / "01.sh").write_text("coord ask 'Which?' --only-dependents\n" + WRITE)
    made.start_loop()
    asked = one(made, "question.asked")
    wait_until(lambda: is_marked_done(made, 4), message="4 to be merged")
    assert dispatched(made) == [1, 4]
    assert made.states() == {1: "merged", 2: "pending", 3: "pending", 4: "merged"}
    made.coord("answer", str(asked.seq), "a")
    wait_until(lambda: is_marked_done(made, 3), message="3 to be merged")
    assert dispatched(made) == [1, 4, 2, 3]


@pytest.mark.slow
def test_an_asker_that_has_gone_gets_the_answer_in_its_next_attempt(make: Make) -> None:
    script = 'if [ "$COORD_ATTEMPT" = 1 ]; then coord ask "Which store?"; exit 1; fi\n' + WRITE
    made = make({1: []}, {1: script})
    assert made.run_loop() == 1
    asked = one(made, "question.asked")
    made.coord("answer", str(asked.seq), "SQLite, in WAL mode")
    made.coord("restart", "1", "--yes")
    assert made.run_loop() == 0
    told = (made.layout.attempt(made.attempts(1)[-1]["run"], prompt_work(1), 2) / "prompt.txt").read_text()
    assert "executor-01-1 asked:\n  > Which store?\n\n  Answer: SQLite, in WAL mode\n" in told
    assert told.count("Which store?") == told.count("SQLite, in WAL mode") == 1
    first = (made.layout.attempt("run-1", prompt_work(1), 1) / "prompt.txt").read_text()
    assert "Which store?" not in first
    words = "\n".join(summaries(made.layout.alignment.read_bytes(), 1))
    assert "> Which store?\n\nSQLite, in WAL mode" in words


@pytest.mark.slow
def test_a_question_holds_automatic_retries_too(make: Make) -> None:
    script = 'if [ "$COORD_ATTEMPT" = 1 ]; then coord ask "Which?"; exit 1; fi\n' + WRITE
    made = make({1: [], 2: []}, {1: script}, max_parallel=2, max_attempts=2, retry_backoff=0.01)
    (made.layout.scripts / "02.sh").write_text(made.until() + WRITE)
    made.start_loop()
    asked = one(made, "question.asked")
    one(made, "step.failed", 1)
    made.release()
    wait_until(lambda: is_marked_done(made, 2), message="2 to be settled")
    assert dispatched(made).count(1) == 1
    made.coord("answer", str(asked.seq), "a")
    wait_until(lambda: is_marked_done(made, 1), message="the second attempt")
    assert dispatched(made).count(1) == 2
