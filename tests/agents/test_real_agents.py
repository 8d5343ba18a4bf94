"""The real agent CLIs, each in its own tmux window, with a model service on the loopback: the whole way."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.agent_clis import home, installed_clis
from support.fake_api import FakeApi, Step, fake_api, shell
from support.project import Project, project
from support.wait import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
ASK = 'coord ask "Which colour?" --option red --option blue --wait >colour.txt'
FINISH = 'git add -A && git commit -qm "Add colour" && coord agent done --summary "wrote the colour"'


@contextmanager
def real_project(
    folder: Path,
    scripts: Mapping[str, Sequence[Step]],
    agents: Mapping[int, str],
    arguments: Mapping[str, str] | None = None,
    **environ: str,
) -> Iterator[tuple[Project, FakeApi]]:
    binaries = installed_clis()
    with fake_api(scripts) as api, project(folder, {}) as made:
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
    return next((agent for agent in found if agent["prompt"] == number), {"state": None})


def wait_for_agent(made: Project, number: int, state: str, timeout: float = 60) -> dict[str, Any]:
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
    return made.terminals.run("capture-pane", "-p", "-t", steps[-1]["pane"]).decode() if steps else ""


def test_a_claude_agent_edits_asks_permission_asks_a_human_hands_off_and_is_merged(tmp_path: Path) -> None:
    script = [
        Step("I write a file.", "Write", {"file_path": "made.txt", "content": "by claude\n"}),
        shell(ASK),
        shell(FINISH),
        Step("Done."),
    ]
    allowed = "--permission-mode default --allowedTools 'Bash(coord:*)' 'Bash(git:*)'"
    with real_project(tmp_path, {"executor-01-1": script}, {1: "claude"}, {"claude": allowed}) as (made, _):
        script[0] = Step(
            "", "Write", {"file_path": str(made.layout.worktree(1, 1) / "made.txt"), "content": "by claude\n"}
        )
        made.start_loop()
        agent = wait_for_agent(made, 1, "permission")
        assert agent["evidence"] == "hook"
        assert "made.txt" in agent["doing"]
        made.coord("permit", "1", "--allow")
        work_to_the_end(made, 1, "blue")
        assert made.repository.git("show", "main:made.txt") == "by claude"
        assert made.repository.git("show", "main:colour.txt") == "blue"
        exited = made.events("agent.exited")[-1].data
        assert exited["status"] == 0
        assert int(str(exited["tokens"])) >= 4 * 1050
        assert float(str(exited["cost_usd"])) > 0
        (answered, *_) = made.events("permission.answered")
        assert (answered.actor_kind, answered.data["allowed"]) == ("human", True)


def permit_until(made: Project, number: int, done: Callable[[], bool], message: str, timeout: float = 60) -> None:
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
