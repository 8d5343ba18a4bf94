"""At the reset of a limit agents go on by themselves: told so in their windows, or started again in their sessions."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.model.clock import timestamp
from coordinator.model.work import prompt_work

Make = Callable[..., Project]
SCREENS = Path(__file__).parents[1] / "agents" / "captures" / "screens"
WHERE = 'where="$COORD_ROOT/.coord/runs/$COORD_RUN/prompts/$(printf %02d "$COORD_PROMPT")/attempt-$COORD_ATTEMPT"\n'
MEETS = (
    WHERE
    + 'echo "{{\\"at\\": $(date +%s), \\"state\\": \\"rate-limited\\", \\"resets_at\\": $(cat "$COORD_ROOT/end")}}"'
    + ' >>"$where/status.jsonl"\n'
)
"""A line as hooks write them: its service lets it do nothing before the time in the file `end`."""
LOOKS_LIKE_CODEX = (
    """\
#!/bin/sh
case "$1" in --version) echo "codex-cli 0.169.0"; exit 0;; login) exit 0;; esac
stty raw -echo
printf '\\033[2J\\033[H'; tr '\\n' '|' <"{screen}" | sed 's/|/\\r\\n/g'
stty sane -echo
"""
    + MEETS
    + """\
IFS= read -r said; printf '%s %s' "$(date +%s.%N)" "$said" >"$COORD_ROOT/said-$COORD_PROMPT"
{then}
coord agent done --no-change --summary "nothing to do"
"""
)
ENDS = 'if [ "$COORD_ATTEMPT" = 1 ]; then echo half >half.txt\n' + MEETS.format() + "exit 1; fi\n" + WRITE
"""Stops at its limit in the first attempt."""


def windows(made: Project, screen: str, *numbers: int, then: str = "") -> None:
    """Prompts whose agents look like a real CLI at its limit, in a window; `then` is done once they were told."""
    folder = made.layout.root.parent
    clis, home = folder / "clis", folder / "home"
    clis.mkdir()
    (home / ".codex").mkdir(parents=True)
    (clis / "codex").write_text(LOOKS_LIKE_CODEX.format(screen=SCREENS / f"{screen}.txt", then=then))
    (clis / "codex").chmod(0o755)
    trusted = f"[projects.{json.dumps(str(made.layout.root))}]\ntrust_level = 'trusted'\n"
    (home / ".codex" / "config.toml").write_text(trusted)
    for number in numbers:
        made.add(number, agent="codex")
    made.own_environment |= {"PATH": f"{clis}:{made.environment()['PATH']}", "HOME": str(home)}


def limit_ends(made: Project, seconds: float) -> float:
    """The moment, in Unix seconds, until which the service lets nobody work."""
    end = time.time() + seconds
    (made.layout.root / "end").write_text(f"{end:.3f}")
    return end


def said(made: Project, number: int) -> tuple[float, str]:
    """When an agent in a window was told something, and what."""
    at, _, words = (made.layout.root / f"said-{number}").read_text().partition(" ")
    return float(at), words


def began(made: Project, number: int, attempt: int) -> float:
    return timestamp(made.attempts(number)[attempt - 1]["started"])


def test_an_agent_in_its_window_is_told_to_go_on_and_one_that_ended_starts_again(make: Make) -> None:
    made = make({1: []}, {1: ENDS}, max_parallel=2)
    windows(made, "codex-429", 2)
    end = limit_ends(made, 3.0)
    loop = made.start_loop("--until-idle")
    assert loop.wait(90) == 0, made.said()
    at, words = said(made, 2)
    assert (words, end <= at) == ("Go on.", True)
    assert end <= began(made, 1, 2)
    (told,) = made.events("agent.told")
    assert (told.actor_kind, told.actor, told.subject) == ("system", "loop", "agent:executor-02-1")
    assert made.repository.git("show", "main:half.txt") == "half"
    assert made.events("step.failed", "run.halted") == []
    first, second = made.attempts(1)
    assert (first["interrupted"], first["limits"], second["interruptions"]) == (True, 1, 1)
    prompt = (made.layout.attempt("run-1", prompt_work(1), 2) / "prompt.txt").read_text()
    assert "## Attempt 1 was interrupted: the limit of scripted was reached\n" in prompt
    assert "- half.txt" in prompt


def test_switched_off_it_waits_for_a_human_and_says_how(make: Make) -> None:
    made = make({1: []}, {1: ENDS}, go_on="false")
    limit_ends(made, 0.5)
    assert made.run_loop() == 1
    reason = made.snapshot().steps[1].reason
    assert "it reached the limit of scripted" in reason
    assert "coord restart 1" in reason
    made.coord("restart", "1", "--yes")
    assert made.run_loop() == 0


@pytest.mark.slow
def test_a_dialog_and_a_draft_are_left_alone_until_they_are_gone(make: Make) -> None:
    made = make({})
    windows(made, "codex-permission", 1)
    limit_ends(made, 0.5)
    loop = made.start_loop("--until-idle")
    wait_until(lambda: made.events("problem.found"), message="it to say why it tells nothing")
    (problem,) = made.events("problem.found")
    assert "its input is not empty, or it shows a question" in str(problem.data)
    assert (made.events("agent.told"), (made.layout.root / "said-1").exists()) == ([], False)
    loop.kill()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_agents_go_on_within_five_seconds_after_their_limit_ends_and_none_before(make: Make) -> None:
    ending = range(1, 11)
    made = make({n: [] for n in ending}, max_parallel=20)
    for number in ending:
        (made.layout.scripts / f"{number:02d}.sh").write_text(
            ENDS.replace("exit 1; fi\n", f"exit 1; fi\n{made.until()}")
        )
    windows(made, "codex-429", *range(11, 21), then=made.until())
    end = limit_ends(made, 90.0)
    loop = made.start_loop("--until-idle")

    def all_stand() -> bool:
        states = [agent.state.value for agent in made.snapshot().agents]
        return len(made.events("step.pending")) == 10 and states.count("rate-limited") == 10

    wait_until(all_stand, timeout=80, message="all twenty to stand at the limit")
    assert time.time() < end, "too slow to see them wait"

    def all_went_on() -> bool:
        told = sum((made.layout.root / f"said-{n}").exists() for n in range(11, 21))
        return told == 10 and len(made.events("agent.started")) == 30

    wait_until(all_went_on, timeout=120, message="all to go on")  # and to do no more, which would slow down the others
    made.release()
    assert loop.wait(200) == 0, made.said()
    went = [said(made, n)[0] for n in range(11, 21)]
    started = {event.subject: timestamp(event.ts) for event in made.events("agent.started")}
    went += [started[f"agent:executor-{n:02d}-2"] for n in ending]
    begun = min(timestamp(event.ts) for event in made.events("step.dispatched"))
    floor = max(at for agent, at in started.items() if agent.endswith("-1")) - begun
    print(f"after the limit's end: first {min(went) - end:.2f} s, last {max(went) - end:.2f} s; to start {floor:.2f} s")
    assert min(went) >= end
    assert max(went) <= end + max(5.0, floor)  # where starting twenty takes longer, so does starting them again
    assert made.events("step.failed", "run.halted", "problem.found") == []
