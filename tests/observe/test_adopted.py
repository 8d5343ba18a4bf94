"""Windows that coord did not open: shown with what their screens tell, and never touched."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.foreigners import Foreigners, foreigners, listening_tmux
from support.project import NOTHING, Project, project
from support.wait import wait_until

from coordinator.errors import UsageError
from coordinator.model.adoption import Pattern, number_in_window
from coordinator.model.snapshot import Agent, AgentState
from coordinator.observe.observer import Observer
from coordinator.storage.config import Config, load_config
from coordinator.storage.paths import Layout
from coordinator.terminals.foreign_server import Elsewhere

READING = ("list-panes", "display-message -p", "capture-pane")


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Foreigners]:
    with foreigners(tmp_path / "others") as made:
        yield made


@pytest.fixture
def made(tmp_path: Path, other: Foreigners) -> Iterator[Project]:
    """A project with a prompt 7 that adopts the windows of a session `work`."""
    with project(tmp_path / "p", {7: []}, {7: NOTHING}, adopt=f'["{other.socket}/work:*"]') as made:
        yield made


def adopted(made: Project) -> tuple[Agent, ...]:
    observer = Observer(made.layout)
    try:
        observer.look_around()
        return observer.snapshot().adopted
    finally:
        observer.close()


def told(made: Project) -> list[dict[str, Any]]:
    return list(json.loads(made.coord("agents", "--json").stdout)["agents"])


def test_a_window_with_an_agents_cli_is_shown_with_the_state_that_its_screen_tells(
    made: Project, other: Foreigners
) -> None:
    window = other.agent("work", "auth-07", "claude", "claude-permission-bash")
    wait_until(lambda: told(made)[0]["state"] == "permission", message="the screen")
    (agent,) = told(made)
    assert agent["age_s"] < 10
    fixed = {key: agent[key] for key in ("id", "role", "prompt", "runtime", "state", "evidence", "window", "server")}
    assert fixed == {
        "id": f"adopted-{other.socket}-{window[1:]}",
        "role": "adopted",
        "prompt": 7,
        "runtime": "claude",
        "state": "permission",
        "evidence": "screen",
        "window": window,
        "server": other.socket,
    }
    assert agent["doing"] == "touch b.txt && sleep 3"
    assert agent["name"] == "work:auth-07"


def test_the_end_of_its_limit_is_told_and_a_countdown_is_no_news(made: Project, other: Foreigners) -> None:
    other.agent("work", "auth-07", "opencode", "opencode-retrying-429")
    wait_until(lambda: told(made)[0]["state"] == "rate-limited", message="the screen")
    observer = Observer(made.layout)
    began = time.time()
    observer.look_around()
    (first,) = observer.snapshot().adopted
    assert first.resets_at is not None
    assert began < first.resets_at < began + 60
    assert not observer.look_around()
    observer.close()


def test_any_other_program_is_unknown_with_the_age_of_its_last_output(made: Project, other: Foreigners) -> None:
    other.window("work", "logs", "exec sleep 1000")
    other.window("work", "3 things", "exec cat")
    other.window("private", "logs", "exec sleep 1000")
    wait_until(lambda: {a.runtime for a in adopted(made)} == {"sleep", "cat"}, message="the programs")
    for agent in adopted(made):
        assert (agent.state, agent.evidence, agent.prompt) == (AgentState.UNKNOWN, "output", None)
        assert 0 <= time.time() - agent.observed_at < 30
    assert {agent.name for agent in adopted(made)} == {"work:logs", "work:3 things"}


def test_of_a_split_window_the_pane_with_the_agent_is_taken(made: Project, other: Foreigners) -> None:
    window = other.agent("work", "split", "codex", "codex-permission")
    other.tmux("split-window", "-t", window, "exec sleep 1000")
    (agent,) = adopted(made)
    assert (agent.window, agent.runtime) == (window, "codex")


def test_windows_of_the_project_itself_and_ended_ones_are_left_out(made: Project, other: Foreigners) -> None:
    window = other.window("work", "ours", "exec sleep 1000")
    other.tmux("set-option", "-w", "-t", window, "@coord", json.dumps({"root": str(made.layout.root)}))
    theirs = other.window("work", "of another project", "exec sleep 1000")
    other.tmux("set-option", "-w", "-t", theirs, "@coord", json.dumps({"root": "/elsewhere", "agent": "executor-01-1"}))
    ended = other.window("work", "ended", "read line")
    other.tmux("set-option", "-w", "-t", ended, "remain-on-exit", "on", ";", "send-keys", "-t", ended, "x", "Enter")
    wait_until(lambda: [a.window for a in adopted(made)] == [theirs], message="the end of it")


def test_the_default_server_is_the_one_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="tm") as sockets:
        monkeypatch.setenv("TMUX_TMPDIR", sockets)
        with (
            foreigners(tmp_path / "others", "default") as other,
            project(tmp_path / "p", {}, adopt='["wo?k:[a-c]*"]') as made,
        ):
            other.window("work", "build", "exec sleep 1000")
            other.window("work", "Build", "exec sleep 1000")
            assert [(a.server, a.name) for a in adopted(made)] == [("default", "work:build")]


def test_a_server_that_is_not_there_is_no_error(made: Project) -> None:
    assert told(made) == []
    assert made.coord("agents").returncode == 0


def test_names_are_only_names(made: Project, other: Foreigners, tmp_path: Path) -> None:
    name = f"#(touch {tmp_path}/pwned) \x1b[31m; kill-server [@click=app.quit]x[/] ␞"
    window = other.window("work", "x", "exec sleep 1000")
    other.tmux("set-window-option", "-t", window, "automatic-rename", "off")
    other.tmux("rename-window", "-t", window, name.replace("#", "##"))
    (agent,) = told(made)
    assert "kill-server" in agent["name"]
    printed = made.coord("agents").stdout
    assert "\x1b[31m" not in printed
    assert other.tmux("list-windows", "-a")
    assert not (tmp_path / "pwned").exists()


def test_nothing_is_ever_written_to_such_a_window(
    made: Project, other: Foreigners, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.agent("work", "prompt 7", "claude", "claude-idle")
    notes = listening_tmux(tmp_path / "listening")
    monkeypatch.setenv("PATH", f"{notes.parent}:{os.environ['PATH']}")
    (agent,) = told(made)
    assert agent["prompt"] == 7
    for words in (
        ("kill", agent["id"], "--yes"),
        ("restart", agent["id"], "--yes"),
        ("tell", agent["id"], "hello"),
        ("permit", agent["id"], "--allow"),
    ):
        done = made.coord(*words, check=False)
        assert done.returncode == 3, words
        assert f"coord did not start {agent['id']}, and writes nothing to it" in done.stderr
        assert f"`coord attach {agent['id']}`" in done.stderr
    assert made.coord("tell", "7", "hello", check=False).returncode == 1, "prompt 7 has no agent of ours"
    asked = [line.split(" -f /dev/null ")[1] for line in notes.read_text().splitlines() if other.socket in line]
    assert len([line for line in asked if line.startswith("list-panes -a -F")]) == 1, "one listing a look"
    assert all(line.startswith(READING) for line in asked), asked
    assert len(asked) == 2


def test_without_the_setting_nobody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = listening_tmux(tmp_path / "listening")
    monkeypatch.setenv("PATH", f"{notes.parent}:{os.environ['PATH']}")
    with project(tmp_path / "p", {1: []}) as made:
        assert told(made) == []
        assert notes.read_text() == ""


def test_a_prompts_own_agent_comes_before_an_adopted_window(made: Project, other: Foreigners) -> None:
    theirs = other.window("work", "prompt 7", "exec sleep 1000")
    (made.layout.scripts / "07.sh").write_text(made.until() + NOTHING)
    loop = made.start_loop("--until-idle")
    made.wait_for(7, "running")
    first, second = told(made)
    assert (first["id"], first["role"], first["server"]) == ("executor-07-1", "executor", None)
    assert second["window"] == theirs
    made.coord("kill", "7", "--yes")
    assert {a.window for a in adopted(made)} == {theirs}
    loop.wait(90)


def test_attaching_finds_the_session_by_its_id(other: Foreigners) -> None:
    window = other.window("work", "a", "exec sleep 1000")
    session = other.tmux("display-message", "-p", "-t", window, "#{session_id}").strip()
    command = Elsewhere(other.socket).attach(window, {})
    assert command == ["tmux", "-L", other.socket, "attach-session", "-t", f"{session}:{window}"]


def test_from_within_their_server_tmux_switches_to_it(other: Foreigners, tmp_path: Path) -> None:
    first = other.window("work", "a", "exec sleep 1000")
    second = other.window("work", "b", "exec sleep 1000")
    within = other.tmux("display-message", "-p", "#{socket_path},1,0").strip()
    with foreigners(tmp_path / "person") as person:
        person.window("person", "x", f"exec env -u TMUX tmux -L {other.socket} attach -t work")
        at = lambda: other.tmux("list-clients", "-F", "#{window_id}").strip()  # noqa: E731
        wait_until(lambda: at() == first, message="the person")
        assert Elsewhere(other.socket).attach(second, {"TMUX": within}) is None
        wait_until(lambda: at() == second, message="the switch")


def test_a_gone_window_can_not_be_attached_to(made: Project, other: Foreigners) -> None:
    window = other.window("work", "a", "exec sleep 1000")
    other.window("work", "b", "exec sleep 1000")
    name = f"adopted-{other.socket}-{window[1:]}"
    assert "attaching needs a terminal" in made.coord("attach", name, check=False).stderr
    other.tmux("kill-window", "-t", window)
    assert f"`{name}` has no window" in made.coord("attach", name, check=False).stderr


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *(("executor-07", 7), ("07-auth", 7), ("#12 later", 12), ("prompt_3", 3), ("5", 5), ("fix 003: x", 3)),
        *(("claude", None), ("gpt4", None), ("v2.1", None), ("0", None), ("x7y", None), ("", None)),
    ],
)
def test_the_number_of_a_prompt_is_read_from_the_name_of_the_window(name: str, number: int | None) -> None:
    assert number_in_window(name) == number


@pytest.mark.parametrize("value", ['["work"]', '[":x"]', '["work:"]', '["so cket/a:b"]', "x"])
def test_a_pattern_that_is_none_is_said_with_its_line(tmp_path: Path, value: str) -> None:
    layout = Layout(tmp_path)
    layout.coord.mkdir()
    layout.config.write_text(f"runtime: scripted\nadopt: {value}\n")
    if value == '["so cket/a:b"]':  # a session may be called so
        assert load_config(layout).adopt == (Pattern("default", "so cket/a", "b"),)
        return
    with pytest.raises(UsageError, match=r"coord.yaml:2: adopt: .* is not a list of windows such as"):
        load_config(layout)


def test_nothing_is_adopted_by_default() -> None:
    assert Config().adopt == ()
