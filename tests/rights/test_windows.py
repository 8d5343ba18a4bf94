"""Every action of every actor, on the command line in a real window: who may not is told so, and that is on the log."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import takewhile
from pathlib import Path
from shlex import quote

import pytest
from support.project import ROOT, Project, project
from support.rights import ROLES, TABLE
from support.strict import needs_strict, python, strict_project
from support.strict import users as strict_users
from support.wait import wait_until

from coordinator.agents.user import AgentUser, as_user, find_users
from coordinator.lazy.dataclass import replace
from coordinator.loop.command_server import CommandServer
from coordinator.loop.users import Users
from coordinator.model.event import ALL_KINDS, Event
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import prompt_work

DRIVER = ROOT / "tests" / "support" / "driver.py"
ACTORS = ("human", *ROLES)
FAMILIES = ("run.anything", "iteration.anything", "stage.anything", "problem.anything")
VERBS: dict[str, tuple[list[str], str]] = {
    "set the intent": (["intent", "set", "--goal", "g"], "intent.set"),
    "close the milestone": (["milestone", "close"], "milestone.status"),
    "reopen the milestone": (["milestone", "reopen"], "milestone.status"),
    "answer": (["answer", "1", "yes"], "question.answered"),
    "decide": (["decide", "use WAL"], "decision.recorded"),
    "ask": (["ask", "Another?"], "question.asked"),
    "link": (["link", "#12"], "attachment.added"),
    "artifact": (["artifact", "README.md"], "artifact.produced"),
    "undo": (["undo", "--yes"], "plan.undone"),
    "interject": (["interject", "--title", "t", "--yes"], "prompt.created"),
    "patch": (["patch", "--title", "t", "--fixes", "1", "--yes"], "prompt.created"),
    "edit": (["edit", "1", "--set", "priority=high", "--yes"], "prompt.edited"),
    "edit the order": (["interject", "--title", "t", "--before", "1", "--yes"], "prompt.edited"),
}
"""What is done → the command, and the kind of event that decides who may."""
LOOP_VERBS = {"pause": ["pause"], "resume": ["resume"], "run the loop": ["loop", "--until-idle"]}
"""For humans only, though none of them writes an event of its own."""


class Window:
    """A window of an actor: an agent's has the agent's environment, as a launch gives it; an engineer's has not."""

    def __init__(self, made: Project, actor: str, folder: Path) -> None:
        self.made, self.folder = made, folder
        self.name = "root" if actor == "human" else f"{actor or 'agent'}-01-1"
        self.kind = "human" if actor == "human" else "agent"
        self.environ = {"PYTHONPATH": str(ROOT), "USER": "root", "COORD_ROOT": str(made.layout.root)}
        if actor != "human":
            own = {"AGENT": self.name, "ROLE": actor, "RUN": "run-1", "PROMPT": "1", "ATTEMPT": "1"}
            self.environ |= {f"COORD_{key}": value for key, value in own.items()}
        self.python, self.words = sys.executable, ()
        self._count = 0

    def run(self, argv: Sequence[str], done: Path) -> None:
        """Run a program in a window of its own until it has made a file."""
        self._count += 1
        window = self.made.terminals.open_window(
            ["sh", "-c", '"$@"; true', "sh", *self.words, *argv],  # a launcher that stays, as an agent's does
            cwd=self.made.layout.root,
            name=f"w-{self._count}",
            env=self.environ,
            mark={},
        )
        wait_until(done.exists, timeout=100, message=f"{argv[0]} in its window")
        self.made.terminals.kill_window(window.id)

    def commands(self, commands: Sequence[Sequence[str]]) -> list[tuple[int, str, str]]:
        """How commands end here: exit code, stdout, stderr."""
        asked, told = self.folder / f"asked-{self._count}", self.folder / f"told-{self._count}"
        asked.write_text(json.dumps(commands))
        driver = shutil.copy(DRIVER, self.folder)
        self.run([self.python, str(driver), str(asked), str(told)], told)
        return [(code, out, err) for code, out, err in json.loads(told.read_text())]

    def shell(self, script: str) -> tuple[int, str]:
        """How a line of shell ends here: exit code, and everything it printed."""
        told = self.folder / f"shell-{self._count}"
        coord, to = f"{quote(self.python)} -m coordinator.cli.main", quote(str(told))
        text = f"( {script.replace('$COORD', coord)} ) >{to}.out 2>&1; echo $? >{to}.tmp; mv {to}.tmp {to}"
        self.run(["sh", "-c", text], told)
        return int(told.read_text()), told.with_suffix(".out").read_text()


def prepare(made: Project) -> None:
    """Something to answer, to take back, and to record."""
    made.repository.commit({"README.md": "x"})
    made.terminals.ensure_session()
    made.coord("ask", "Which?", USER="ada")
    made.coord("edit", "2", "--set", "priority=low", "--yes", USER="ada")


MODES = ["default", pytest.param("strict", marks=needs_strict)]
STRICT = [needs_strict, pytest.mark.slow]
"""In strict mode each command is a process of the loop's: a hundred of them take half a minute."""
CELLS = [("default", actor) for actor in ACTORS] + [pytest.param("strict", actor, marks=STRICT) for actor in ACTORS]
every_cell = pytest.mark.parametrize(("window", "actor"), CELLS, indirect=["window"])


@pytest.fixture(params=MODES)
def window(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Window]]:
    """Opens windows of actors; in strict mode, those of agents are another user's."""
    if request.param == "default":
        with project(tmp_path, {1: [], 2: [1]}) as made:
            prepare(made)
            yield lambda actor: Window(made, actor, tmp_path)
        return
    with strict_project({1: [], 2: [1]}) as strict, ExitStack() as held:
        prepare(strict)
        out = strict.repository.root.parent / "out"
        out.mkdir()
        out.chmod(0o777)

        def open_window(actor: str) -> Window:
            made = Window(strict, actor, out)
            if actor == "human":
                return made
            made.python, made.words = python(), as_user(held.enter_context(let_in(strict, made.name, actor)), ())
            made.environ["PYTHONPATH"] = str(strict.library)
            return made

        yield open_window


@contextmanager
def let_in(made: Project, name: str, role: str) -> Iterator[AgentUser]:
    """A user for an agent, whom the command server lets in as the loop's does."""
    users = Users(made.layout, find_users(strict_users()))
    attempt = Attempt(prompt_work(1), 1, "run-1", 1, StepState.RUNNING, since="", agent=name, role=role)
    with users.free() as user:
        assert user is not None, "no user is free"
        attempt = replace(attempt, user=user.name)
        users.hold(user, attempt)
    server = CommandServer(made.layout, users)
    try:
        yield user
    finally:
        server.close()
        users.give_back(attempt)


def since(made: Project, seq: int) -> list[Event]:
    """Events after one, but for what the loop of strict mode notes of the plan at a moment of its own."""
    return [event for event in made.events() if event.seq > seq and event.kind != "run.prompts"]


@every_cell
def test_every_kind_is_appended_by_whom_the_table_names_and_by_nobody_else(
    window: Callable[[str], Window], actor: str
) -> None:
    here = window(actor)
    head = here.made.events()[-1].seq
    kinds = (*ALL_KINDS, *FAMILIES)
    ends = here.commands([["log", "append", kind, "--subject", "prompt:2"] for kind in kinds])
    new = since(here.made, head)
    assert len(new) == len(kinds), "one event for each: the event itself, or that it was denied"
    for kind, (code, _, err), event in zip(kinds, ends, new, strict=True):
        if actor in TABLE.get(kind, {"system"}):
            assert (kind, code, err) == (kind, 0, "")
            assert (event.kind, event.actor, event.actor_kind) == (kind, here.name, here.kind)
        else:
            assert (kind, code) == (kind, 3)
            assert f"may not write {kind}" in err
            assert (event.kind, event.actor_kind, event.data["kind"]) == ("access.denied", "system", kind)
            assert event.data["actor"] == here.name


@every_cell
def test_every_verb_is_for_those_whom_its_event_is_for(window: Callable[[str], Window], actor: str) -> None:
    here = window(actor)
    commands = [command for name, (argv, _) in VERBS.items() for command in (argv, ["decide", f"end of {name}"])]
    ends = here.commands(commands)[::2]
    new = iter(since(here.made, 0))
    next(event for event in new if event.kind == "plan.applied")
    next(new)
    for (name, (_, kind)), (code, _, err) in zip(VERBS.items(), ends, strict=True):
        written = list(takewhile(lambda event, name=name: event.data.get("text") != f"end of {name}", new))
        if actor in TABLE[kind]:
            assert (name, code, err) == (name, 0, "")
            assert kind in [event.kind for event in written]
            assert {(event.actor, event.actor_kind) for event in written} == {(here.name, here.kind)}
        else:
            assert (name, code) == (name, 3)
            (denied,) = written
            assert (denied.kind, denied.data["kind"], denied.data["actor"]) == ("access.denied", kind, here.name)
            assert f"may not write {kind}" in err


@pytest.mark.parametrize("role", ["executor", "planner"])
def test_no_agent_runs_or_holds_the_loop(window: Callable[[str], Window], role: str) -> None:
    here = window(role)
    head = here.made.events()[-1].seq
    ends = here.commands(list(LOOP_VERBS.values()))
    assert [code for code, _, _ in ends] == [3] * len(LOOP_VERBS)
    denied = since(here.made, head)
    assert [event.kind for event in denied] == ["access.denied"] * len(LOOP_VERBS)
    assert {event.data["actor"] for event in denied} == {here.name}
    assert not here.made.layout.loop_json.exists()


@pytest.mark.parametrize(
    "script",
    [
        "env -u COORD_AGENT -u COORD_ROLE $COORD answer 1 yes",
        "unset COORD_AGENT COORD_ROLE; $COORD answer 1 yes",
        'env -i PYTHONPATH="$PYTHONPATH" XDG_STATE_HOME="$XDG_STATE_HOME" HOME="$HOME" USER=ada $COORD answer 1 yes',
        "COORD_AGENT= COORD_ROLE=human $COORD answer 1 yes",
        "COORD_AGENT=planner-1 COORD_ROLE=planner $COORD interject --title t --yes",
        pytest.param("env -u COORD_AGENT setsid -w $COORD answer 1 yes", marks=pytest.mark.slow),
        pytest.param("env -u COORD_AGENT -u COORD_ROLE nohup $COORD answer 1 yes & wait $!", marks=pytest.mark.slow),
    ],
)
def test_an_agent_that_forges_its_environment_is_still_itself(window: Callable[[str], Window], script: str) -> None:
    here = window("executor")
    head = here.made.events()[-1].seq
    code, said = here.shell(script)
    assert (code, "executor-01-1 (executor) may not write" in said) == (3, True), said
    (denied,) = since(here.made, head)
    assert (denied.kind, denied.data["actor"]) == ("access.denied", "executor-01-1")
