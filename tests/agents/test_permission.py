"""Answering and talking to an agent from outside, with a program in a real window that looks like a real CLI."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.onscreen import screen_text, shown, until
from support.project import Project, project
from support.wait import wait_until

from coordinator.agents.opencode import OpenCode
from coordinator.agents.registry import find_runtime
from coordinator.agents.runtime import Runtime, Said
from coordinator.apply.messages import Reached, check, tell
from coordinator.apply.permissions import wish_of
from coordinator.apply.plans import apply
from coordinator.client.project import ProjectSource
from coordinator.errors import Refused
from coordinator.lazy.dataclass import replace
from coordinator.model.clock import iso
from coordinator.model.event import Actor, ActorKind
from coordinator.model.ids import uuid7
from coordinator.model.plan import Plan, Steer
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import prompt_work
from coordinator.terminals.server import Terminals
from tui.context import asks_permission
from tui.forms.permit import PermitForm

CAPTURES = Path(__file__).parent / "captures" / "screens"
LOOKS_LIKE_CODEX = """\
#!/bin/sh
case "$1" in --version) echo "codex-cli 0.169.0"; exit 0;; login) exit 0;; esac
stty raw -echo
show() {{ printf '\\033[2J\\033[H'; tr '\\n' '|' <"$1" | sed 's/|/\\r\\n/g'; }}
show "{captures}/codex-permission.txt"
dd bs=1 count=1 2>/dev/null >"$COORD_ROOT/key"
show "{captures}/codex-finished.txt"
stty sane -echo
IFS= read -r said; printf '%s' "$said" >"$COORD_ROOT/said"
coord agent done --no-change --summary "nothing to do"
exit 0
"""


@pytest.fixture
def asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project whose agent shows the permission question of a captured screen."""
    bin_, home = tmp_path / "clis", tmp_path / "home"
    bin_.mkdir()
    (home / ".codex").mkdir(parents=True)
    (bin_ / "codex").write_text(LOOKS_LIKE_CODEX.format(captures=CAPTURES))
    (bin_ / "codex").chmod(0o755)
    with project(tmp_path / "p", {}) as made:
        made.add(1, agent="codex")
        trusted = f"[projects.{json.dumps(str(made.layout.root))}]\ntrust_level = 'trusted'\n"
        (home / ".codex" / "config.toml").write_text(trusted)
        made.own_environment |= {"PATH": f"{bin_}:{made.environment()['PATH']}", "HOME": str(home)}
        made.start_loop()
        wait_until(lambda: state(made) == "permission", message="the question to be seen")
        yield made


LIKE_A_COMPOSER = f"tr '\\n' '|' <{CAPTURES}/codex-finished.txt | sed 's/|/\\r\\n/g'"
ADA = Actor(ActorKind.HUMAN, "ada")


def can_be_told(made: Project) -> bool:
    """The agent's window shows an empty composer."""
    attempt = made.snapshot().steps[1].attempt
    assert attempt is not None
    try:
        check(made.layout, attempt)
    except Refused:
        return False
    return True


def state(made: Project) -> str:
    found = json.loads(made.coord("agents", "--json").stdout)["agents"]
    return str(found[0]["state"]) if found else ""


@pytest.mark.slow
def test_a_question_is_answered_by_the_right_key_and_a_message_arrives_afterwards(asking: Project) -> None:
    refused = asking.coord("tell", "1", "hello", check=False)
    assert (refused.returncode, "can't take a message now" in refused.stderr) == (3, True)
    assert "touch /home/users/outside.txt" in asking.coord("agents").stdout
    assert asking.coord("permit", "1", "--allow").stdout == "allowed: touch /home/users/outside.txt\n"
    key = asking.layout.root / "key"
    wait_until(lambda: key.exists() and key.read_text(), message="the key")
    assert key.read_text() == "y"
    again = asking.coord("permit", "1", "--allow", check=False)
    assert (again.returncode, "asks for no permission now" in again.stderr) == (3, True)
    asking.coord("tell", "1", "please finish $(touch pwned) with sk-ant-api03-0123456789abcdef")
    asking.wait_for(1, "merged")
    assert (asking.layout.root / "said").read_text() == "please finish $(touch pwned) with [redacted:anthropic_key]"
    (answered,) = asking.events("permission.answered")
    assert answered.data["doing"] == "touch /home/users/outside.txt"
    (told,) = asking.events("agent.told")
    assert told.data["text"] == "please finish $(touch pwned) with [redacted:anthropic_key]"


def test_leave_is_given_only_for_what_was_seen(asking: Project) -> None:
    source = ProjectSource(asking.layout)
    (agent,) = source.look().agents
    with pytest.raises(Refused, match="asks for something else by now: touch"):
        source.permit(replace(agent, doing="ls"), True, "")
    assert (asking.events("permission.answered"), os.path.getsize(asking.layout.root / "key")) == ([], 0)
    assert source.permit(agent, True, "") == "Allowed: touch /home/users/outside.txt"
    source.close()


@pytest.mark.slow
def test_all_that_ask_for_the_same_are_answered_at_once_with_an_event_each(asking: Project) -> None:
    for number in (2, 3):
        asking.add(number, agent="codex")
    wait_until(
        lambda: (
            [a["state"] for a in json.loads(asking.coord("agents", "--json").stdout)["agents"]] == ["permission"] * 3
        ),
        timeout=60,
        message="three questions",
    )
    answered = asking.coord("permit", "3", "--allow", "--all-like")
    assert answered.stdout == "allow 3 agents: touch /home/users/outside.txt\n"
    events = asking.events("permission.answered")
    assert sorted(event.data["prompt"] for event in events) == [1, 2, 3]
    (plan,) = asking.events("plan.applied")
    assert {event.data["plan"] for event in events} == {plan.data["plan"]}


def test_an_edit_is_not_typed_into_a_dialog(asking: Project) -> None:
    steer = Plan(uuid7(), "edit", "tell it", effects=(Steer(1, 1, "y and more"),))
    with pytest.raises(Refused, match="its input is not empty, or it shows a question"):
        apply(asking.layout, steer, ADA)
    assert asking.events("plan.applied", "agent.told") == []
    assert state(asking) == "permission"
    assert os.path.getsize(asking.layout.root / "key") == 0


def test_an_edit_reaches_the_composer_of_a_running_agent_and_is_logged_once(asking: Project) -> None:
    asking.coord("permit", "1", "--allow")
    wait_until(lambda: can_be_told(asking), message="the composer")
    words = "use $(touch pwned); a clock"
    steer = Plan(uuid7(), "edit", "tell it", effects=(Steer(1, 1, words),))
    assert apply(asking.layout, steer, ADA).notes == ()
    asking.wait_for(1, "merged")
    assert (asking.layout.root / "said").read_text() == words
    (told,) = asking.events("agent.told")
    assert (told.data["plan"], told.data["text"], told.actor) == (steer.id, words, "ada")


def test_after_a_reboot_nothing_is_typed_into_the_window_that_has_the_number_by_now(asking: Project) -> None:
    asking.coord("permit", "1", "--allow")
    wait_until(lambda: can_be_told(asking), message="the composer")
    attempt = asking.snapshot().steps[1].attempt
    assert attempt is not None
    asking.stop_loops()
    os.kill(asking.terminals.process(), signal.SIGKILL)
    for pid in asking.agents():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not asking.agents(), message="the agents to be gone")
    asking.terminals.ensure_session()
    typed = asking.layout.root / "typed"
    shell = f"{LIKE_A_COMPOSER}; cat >{typed}"
    window = asking.terminals.open_window(["sh", "-c", shell], cwd="/", name="mine", env={}, mark={}, size=(120, 40))
    assert window.pane == attempt.pane
    before = (asking.layout.root / asking.snapshot().prompts[1].path).read_bytes()
    done = asking.coord("edit", "1", "--set", "title=rm -rf", "--running", "steer", "--yes", check=False)
    assert (done.returncode, "the window of executor-01-1 is gone" in done.stderr) == (1, True), done.stderr
    assert asking.coord("tell", "1", "hello", check=False).returncode == 1
    assert "is gone" in asking.coord("attach", "1", check=False).stderr
    assert (asking.layout.root / asking.snapshot().prompts[1].path).read_bytes() == before
    assert asking.events("plan.applied", "agent.told") == []
    assert typed.read_bytes() == b""


def test_nothing_is_typed_to_another_program_in_the_agents_window(asking: Project) -> None:
    asking.coord("permit", "1", "--allow")
    wait_until(lambda: can_be_told(asking), message="the composer")
    typed = asking.layout.root / "typed"
    attempt = asking.snapshot().steps[1].attempt
    assert attempt is not None
    asking.stop_loops()
    asking.terminals.run("respawn-pane", "-k", "-t", attempt.pane, "sh", "-c", f"{LIKE_A_COMPOSER}; cat >{typed}")
    wait_until(typed.exists, message="the other program")
    with pytest.raises(Refused, match="what runs in the window of executor-01-1 is not that agent"):
        tell(asking.layout, replace(attempt, exit=None), ADA, "hello")
    assert typed.read_bytes() == b""


@pytest.mark.parametrize("agent", ["scripted", "command"])
def test_an_agent_without_a_composer_is_refused_before_anything_is_applied(tmp_path: Path, agent: str) -> None:
    wait = "while [ ! -e {} ]; do sleep 0.02; done; coord agent done --no-change --summary x".format(tmp_path / "go")
    (tmp_path / "wait.sh").write_text(wait)
    with project(tmp_path / "p", {}, command=f"[sh, {tmp_path / 'wait.sh'}]") as made:
        made.add(1, agent=agent, script=wait)
        made.start_loop()
        made.wait_for(1, "running")
        path = made.layout.root / made.snapshot().prompts[1].path
        before = path.read_bytes()
        for verb in (["edit", "1", "--set", "title=New", "--running", "steer", "--yes"], ["tell", "1", "hello"]):
            done = made.coord(*verb, check=False)
            assert done.returncode == 3, done.stderr
            assert f"`{agent}` takes no messages" in done.stderr
            assert "coord restart 1" in done.stderr
        assert path.read_bytes() == before
        assert made.events("plan.applied", "agent.told") == []
        (tmp_path / "go").touch()


async def test_a_question_is_answered_on_the_screen(asking: Project) -> None:
    async with shown(ProjectSource(asking.layout), size=(120, 40), clock=time.time) as (app, pilot):
        await until(lambda: asks_permission(app.main.context()) is not None, "the question")
        await pilot.press("y")
        await until(lambda: isinstance(app.main.form, PermitForm) and app.main.form.has_focus_within, "the form")
        assert "touch /home/users/outside.txt" in screen_text(app)
        await pilot.press("down", "enter")
        await until(lambda: app.main.form is None, "the end of the form")
    assert (asking.layout.root / "key").read_bytes() == b"\x1b"
    assert asking.events("permission.answered")[0].data["allowed"] is False


DIALOG_OPENS = """\
#!/bin/sh
stty raw -echo
show() {{ printf '\\033[2J\\033[H'; tr '\\n' '|' <"{captures}/$1.txt" | sed 's/|/\\r\\n/g'; }}
show $2-finished
dd bs=1 count=1 2>/dev/null >/dev/null
show $3
dd bs=1 2>/dev/null >"$1"
"""


@contextlib.contextmanager
def dialog_at_the_first_key(folder: Path, runtime: Runtime, dialog: str) -> Iterator[tuple[Reached, str, Path]]:
    """An agent whose window shows its composer, and a dialog from the first key on; its pane, what is typed then."""
    program, keys = folder / "program", folder / "keys"
    program.write_text(DIALOG_OPENS.format(captures=CAPTURES))
    terminals = Terminals(f"coord-test-{os.getpid()}-dialog", "coord")
    mark = {"root": str(folder), "agent": "executor-01-1", "run": "run-1", "attempt": "1"}
    env = {"COORD_AGENT": "executor-01-1", "COORD_ROOT": str(folder)}
    terminals.ensure_session()
    try:
        argv = ["sh", str(program), str(keys), runtime.name, dialog]
        window = terminals.open_window(argv, cwd="/", name="01-1", env=env, mark=mark, size=(120, 40))
        at = "2027-01-15T08:00:00Z"
        attempt = Attempt(prompt_work(1), 1, "run-1", 1, StepState.RUNNING, at, at, "executor-01-1", pid=window.pid)
        wait_until(lambda: runtime.composer_is_empty(terminals.capture(window.pane)), message="the composer")
        reached = Reached(replace(attempt, directory="attempt"), runtime, terminals, folder)
        (folder / "attempt").mkdir()
        yield reached, window.pane, keys
    finally:
        terminals.run("kill-server")
        Path(terminals.socket_path).unlink(missing_ok=True)


def test_a_message_is_not_entered_into_a_dialog_that_opens_meanwhile(tmp_path: Path) -> None:
    with dialog_at_the_first_key(tmp_path, find_runtime("codex", {}), "codex-permission") as (agent, _, keys):
        with pytest.raises(Refused, match="shows a question since the message was pasted: it was not sent"):
            agent.enter("hello")
        assert b"\r" not in keys.read_bytes()


class LookedAt(OpenCode):
    """OpenCode, with something that happens just after each look at its composer."""

    def __init__(self) -> None:
        self.after: list[Callable[[], object]] = []
        self.looks = 0

    def composer_is_empty(self, screen: str) -> bool:
        empty = super().composer_is_empty(screen)
        self.looks += 1
        if self.after:
            self.after.pop(0)()
        return empty


def hook_says(agent: Reached, kind: str, ago: float = 0.0) -> None:
    """Append what OpenCode's plugin notes."""
    at = iso(time.time() - ago)
    line = {"at": at, "ask": "", "hook": {"type": kind, "wish": "made.txt"}}
    with (agent.root / agent.attempt.directory / "status.jsonl").open("a") as file:
        file.write(json.dumps(line, separators=(",", ":")) + "\n")


def test_a_message_is_refused_before_the_dialog_is_painted_that_the_hook_told_of(tmp_path: Path) -> None:
    runtime = LookedAt()
    with dialog_at_the_first_key(tmp_path, runtime, "opencode-permission-write") as (agent, pane, keys):
        hook_says(agent, "permission")
        runtime.after = [lambda: agent.terminals.send_key(pane, "x")]
        with pytest.raises(Refused, match="can't take a message now"):
            agent.check_composer()
        assert keys.read_bytes() == b""


class Glanced(OpenCode):
    """OpenCode, with something that happens just after the first look at what its screen says."""

    def __init__(self) -> None:
        self.then: Callable[[], object] | None = None

    def seen(self, screen: str) -> Said | None:
        said = super().seen(screen)
        if self.then is not None:
            then, self.then = self.then, None
            then()
        return said


def test_leave_waits_for_the_dialog_that_the_hook_told_of(tmp_path: Path) -> None:
    runtime = Glanced()
    with dialog_at_the_first_key(tmp_path, runtime, "opencode-permission-write") as (agent, pane, _):
        with pytest.raises(Refused, match="asks for no permission now"):
            wish_of(agent)
        hook_says(agent, "permission")
        runtime.then = lambda: agent.terminals.send_key(pane, "x")
        assert "made.txt" in wish_of(agent)


def test_a_question_that_was_answered_keeps_no_message_back(tmp_path: Path) -> None:
    runtime = LookedAt()
    with dialog_at_the_first_key(tmp_path, runtime, "opencode-permission-write") as (agent, _, _):
        runtime.looks = 0
        hook_says(agent, "permission", ago=60)  # no hook told of the answer
        agent.check_composer()
        assert runtime.looks == 1
        hook_says(agent, "permission")
        runtime.after = [lambda: hook_says(agent, "idle")]
        agent.check_composer()
        assert runtime.looks == 3


def test_no_is_the_key_that_denies(asking: Project) -> None:
    asking.coord("permit", "1", "--deny", "--reason", "not out there")
    key = asking.layout.root / "key"
    wait_until(lambda: key.exists() and key.read_bytes(), message="the key")
    assert key.read_bytes() == b"\x1b"
    assert asking.events("permission.answered")[0].data["reason"] == "not out there"


def test_an_agent_may_not_permit_anything_itself(asking: Project) -> None:
    own = {"COORD_AGENT": "executor-01-1", "COORD_ROLE": "executor", "COORD_ROOT": str(asking.layout.root)}
    done = asking.coord("permit", "1", "--allow", check=False, **own)
    assert done.returncode == 3
    assert asking.events("permission.answered") == []
    assert state(asking) == "permission"
    assert os.path.getsize(asking.layout.root / "key") == 0


def test_a_plain_program_is_asked_nothing(tmp_path: Path) -> None:
    with project(tmp_path, {1: ()}) as made:
        assert made.run_loop() == 0
        for verb in (("permit", "1", "--allow"), ("tell", "1", "hello")):
            done = made.coord(*verb, check=False)
            assert (done.returncode, "is not at work" in done.stderr) == (3, True)
