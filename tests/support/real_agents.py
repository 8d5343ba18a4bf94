"""A project whose agents are real CLIs that talk to a model service on the loopback, and what its tests wait for."""

import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.agent_clis import home, installed_clis
from support.fake_api import FakeApi, Step, fake_api
from support.project import Project, project
from support.wait import wait_until

from coordinator.model.work import prompt_work

ASK = 'coord ask "Which colour?" --option red --option blue --wait >colour.txt'
FINISH = 'git add -A && git commit -qm "Add colour" && coord agent done --summary "wrote the colour"'
FREE = {
    "claude": "--permission-mode acceptEdits --allowedTools Bash",
    "gemini": "-m gemini-2.5-flash --approval-mode auto_edit --allowed-tools run_shell_command",
}
"""No question is asked: what a test is about is something else."""


@contextmanager
def real_project(
    folder: Path,
    scripts: Mapping[str, Sequence[Step]],
    agents: Mapping[int, str],
    arguments: Mapping[str, str] | None = None,
    headless: bool = False,
    settings: Mapping[str, object] = {},
    **environ: str,
) -> Iterator[tuple[Project, FakeApi]]:
    binaries = installed_clis()
    with (
        fake_api(scripts) as api,
        project(folder, {}, **({"headless": "true"} if headless else {}), **settings) as made,
    ):
        words = arguments if arguments is not None else {"claude": "--permission-mode default"}
        if words:
            lines = "".join(f"  {name}: {text}\n" for name, text in words.items())
            made.layout.config.write_text(made.layout.config.read_text() + f"agent_arguments:\n{lines}")
        for number, agent in agents.items():
            made.add(number, agent=agent)
        own = home(folder / "home", made.layout.root, api.url)
        own |= {"PATH": f"{binaries}:{made.environment()['PATH']}"} | environ
        made.own_environment.update(own)
        yield made, api


def agent_of(made: Project, number: int) -> dict[str, Any]:
    found = json.loads(made.coord("agents", "--json").stdout)["agents"]
    return next((agent for agent in found if agent["prompt"] == number), {"state": None, "evidence": "", "doing": ""})


def wait_for_agent(made: Project, number: int, state: str, timeout: float = 90) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        agent = agent_of(made, number)
        return agent if agent["state"] == state else None

    try:
        return wait_until(there, timeout=timeout, message=f"{number} to be {state}")
    except AssertionError as error:
        raise AssertionError(
            f"{error}; it is {agent_of(made, number)}\n{screen(made, number)}\n{made.said()}"
        ) from None


def screen(made: Project, number: int) -> str:
    steps = made.attempts(number)
    return (
        made.terminals.run("capture-pane", "-p", "-t", steps[-1]["pane"]).decode()
        if steps and "pane" in steps[-1]
        else ""
    )


def permit_until(made: Project, number: int, done: Callable[[], bool], message: str, timeout: float = 110) -> None:
    """Allow whatever the agent asks for, until something is the case."""
    refused = []

    def step() -> bool:
        if agent_of(made, number)["state"] == "permission":
            answer = made.coord("permit", str(number), "--allow", check=False)
            if answer.returncode:
                refused.append(answer.stderr)
        return done()

    try:
        wait_until(step, timeout=timeout, message=message)
    except AssertionError as error:
        told = f"{agent_of(made, number)}\n{screen(made, number)}\n{made.said()}\n{refused[-3:]}"
        raise AssertionError(f"{error}\n{told}") from None


def questions(made: Project) -> list[dict[str, Any]]:
    return list(json.loads(made.coord("questions", "--json").stdout)["questions"])


def work_to_the_end(made: Project, number: int, answer: str) -> None:
    """Allow what it asks for, answer its question, see its change merged."""
    permit_until(made, number, lambda: bool(questions(made)), "its question")
    made.coord("answer", str(questions(made)[0]["seq"]), answer)
    permit_until(made, number, lambda: made.states().get(number) == "merged", f"{number} to be merged")


def run_in(command: str, **more: object) -> Step:
    """A shell command of Codex."""
    return Step("", "exec_command", {"cmd": command, "yield_time_ms": 30_000, **more})


@contextmanager
def killed_half_way(folder: Path, name: str, half: Step, rest: Step) -> Iterator[tuple[Project, FakeApi]]:
    """A project whose agent was killed after a commit, was started again, and whose work is merged."""
    held = threading.Event()
    scripts = {"executor-01-1": [half, Step("…", release=held)], "executor-01-2": [rest, Step("Done.")]}
    with real_project(folder, scripts, {1: name}, FREE) as (made, api):
        made.start_loop()
        wait_until(
            lambda: made.repository.head("coord/01-1") not in ("", made.repository.head("main")),
            timeout=110,
            message="a commit",
        )
        wait_until(lambda: api.holding, message="it to have been told how that went")
        wait_until(lambda: made.attempts(1)[0].get("session"), message="its session to be known")
        (first,) = made.attempts(1)
        agent = made.layout.attempt(first["run"], prompt_work(1), 1) / "started" / "agent"
        os.kill(int(agent.read_text()), signal.SIGKILL)
        made.wait_for(1, "failed")
        held.set()
        made.coord("restart", "1", "--yes")
        permit_until(made, 1, lambda: made.states().get(1) == "merged", "1 to be merged")
        assert made.events("agent.exited")[0].data["status"] == 137
        yield made, api


def in_trouble(made: Project, state: str, words: str, timeout: float = 120) -> dict[str, Any]:
    """Wait until the agent is said to be in this state for this reason."""

    def there() -> dict[str, Any] | None:
        agent = agent_of(made, 1)
        return agent if agent["state"] == state and words in agent["doing"] else None

    try:
        return wait_until(there, timeout=timeout, message=f"{state}: {words}")
    except AssertionError as error:
        raise AssertionError(f"{error}; {agent_of(made, 1)}\n{screen(made, 1)[-1500:]}\n{made.said()}") from None


def stop_trying(made: Project, sign: str, trouble: str = "") -> None:
    """Press Escape as long as the screen shows that something can be interrupted: it would try again for long.

    `sign` is the expression for that, `trouble` are words of what it is in, for a CLI whose hooks tell of it before its
    screen does.
    """
    wait_until(lambda: trouble.lower() in screen(made, 1).lower(), message=f"{trouble} on the screen")

    def stopped() -> bool:
        if not re.search(sign, screen(made, 1)):
            return True
        made.terminals.send_key(made.attempts(1)[-1]["pane"], "Escape")
        return False

    wait_until(stopped, message="it to stop trying")
