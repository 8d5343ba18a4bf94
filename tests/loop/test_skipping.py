"""Prompts that are cancelled, by command or with an editor: told once, and nothing of their work is cleaned away."""

from collections.abc import Callable

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.model.work import prompt_work

Make = Callable[..., Project]
FAILS = WRITE.replace("coord agent done --summary", "coord agent fail --reason")


def cancel_by_hand(made: Project, number: int, status: str) -> None:
    (path,) = made.layout.prompts.glob(f"{number:02d}-*")
    text = path.read_text()
    assert f"status: {status}\n" in text
    path.write_text(text.replace(f"status: {status}\n", "status: cancelled\n"))


def told(made: Project) -> list[int | None]:
    return [event.prompt for event in made.events("step.skipped")]


@pytest.mark.slow
def test_a_cancelled_prompt_is_told_once_whoever_cancelled_it_and_its_work_stays(make: Make) -> None:
    made = make({1: [], 2: [1], 3: [1]}, {1: FAILS})
    loop = made.start_loop()
    made.wait_for(1, "failed")
    tip = made.repository.head("coord/01-1")
    wait_until(lambda: "status: failed" in next(made.layout.prompts.glob("01-*")).read_text(), message="the file")
    cancel_by_hand(made, 2, "pending")
    wait_until(lambda: told(made) == [2], message="02 to be told")
    made.coord("cancel", "3", "--yes")
    wait_until(lambda: told(made) == [2, 3], message="03 to be told")
    cancel_by_hand(made, 1, "failed")
    wait_until(lambda: told(made) == [2, 3, 1], message="01 to be told")
    made.sees(lambda snapshot: snapshot.milestone.status == "done", message="the milestone's end")
    made.sees(lambda snapshot: not snapshot.steps[1].attempt.window, message="its window to be tidied")  # type: ignore[union-attr]
    assert made.repository.head("coord/01-1") == tip
    assert (made.layout.worktree(prompt_work(1), 1) / "file-1.txt").exists()
    loop.kill()
    loop.wait()
    made.add(4)
    assert made.run_loop() == 0
    assert told(made) == [2, 3, 1]
    assert made.repository.head("coord/01-1") == tip
    assert (made.layout.worktree(prompt_work(1), 1) / "file-1.txt").exists()
