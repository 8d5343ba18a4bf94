"""Three iterations of a milestone, hit at random, come to the end of an undisturbed run, and nothing happens twice."""

import os
import random
import secrets
import signal
from collections import Counter
from pathlib import Path

import pytest
from support.project import Project, project
from support.proof import trial
from support.three_iterations import COURSE, course, iterating
from support.wait import wait_until
from support.whole import check_whole

from coordinator.loop.control import start_loop
from coordinator.model.event import Event
from coordinator.storage.runs import current_run, loop_is_alive, loop_process

KILLS = int(os.environ.get("COORD_TEST_KILLS", "60"))
LIVES = 5
"""Milestones: each is through after some forty kills."""
PATIENCE = 240.0 + 5 * KILLS


def _through(made: Project) -> bool:
    run = current_run(made.layout)
    return run is not None and run.state == "ended" and not made.agents()


def _wait_for_more(made: Project, seen: int, where: str) -> None:
    """Until the log grows, the run is over or the loop is gone."""

    def more() -> bool:
        return len(made.events()) > seen or _through(made) or not loop_is_alive(made.layout)

    try:
        wait_until(more, timeout=60, message="anything to happen")
    except AssertionError as error:
        told = [f"{event.seq} {event.kind} {event.subject} {event.data}"[:260] for event in made.events()]
        snapshot = made.snapshot()
        raise AssertionError("\n".join([f"{where}: {error}", f"{snapshot.loop}", f"{snapshot.flows}", *told])) from None


def _kill(pid: int | None) -> None:
    if pid is not None:
        os.kill(pid, signal.SIGKILL)


def _twice(made: Project) -> list[object]:
    """What was said or done twice, of what happens once."""

    def key(event: Event) -> object:
        match event.kind:
            case "verdict.given" | "planner.decided" | "handoff.given":
                return event.kind, event.subject, event.data.get("attempt")
            case "plan.applied":
                return event.kind, event.data.get("decision") or event.data.get("plan")
            case "witness.run":
                return event.kind, event.subject, event.data.get("command"), event.data.get("commit")
            case "iteration.started" | "iteration.ended" | "feedback.filed" | "prompt.created" | "milestone.status":
                return event.kind, event.subject, event.iteration
        return event.id

    return [what for what, times in Counter(map(key, made.events())).items() if times > 1]


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("_life", range(LIVES))
def test_three_iterations_hit_at_random_come_to_the_same_end(tmp_path: Path, _life: int) -> None:
    seed = os.environ.get("COORD_TEST_SEED") or secrets.token_hex(4)
    chance = random.Random(seed)
    with project(tmp_path, {}) as bare:
        made = iterating(lambda *_, **values: _configured(bare, values))
        start, kills, next_ = made.repository.git("rev-parse", "main").strip(), 0, 1
        while not _through(made):
            if not loop_is_alive(made.layout):
                start_loop(made.layout)
            seen = len(made.events())
            if kills < KILLS and seen >= next_:
                _kill(loop_process(made.layout))
                wait_until(lambda: not loop_is_alive(made.layout), message="the end of the loop")
                kills, next_ = kills + 1, seen + chance.randint(0, 4)
            _wait_for_more(made, seen, f"seed {seed}, {kills} kills")
        where = f"seed {seed}, {kills} kills"
        print(where)
        with trial("iterations, their loop", at="random"):
            assert course(made) == COURSE, where
            assert _twice(made) == [], where
            check_whole(made, start, where, known=[])


def _configured(made: Project, values: dict[str, object]) -> Project:
    with made.layout.config.open("a") as file:
        file.writelines(f"{key}: {value}\n" for key, value in values.items())
    return made
