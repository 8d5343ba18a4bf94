"""Windows on a real tmux server: marked atomically, whatever the text."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.wait import wait_until

from coordinator.terminals.errors import ServerLost, TerminalError
from coordinator.terminals.listing import Window
from coordinator.terminals.server import Terminals, literal

HOSTILE = [
    "#(touch pwned)",
    "#{E:#(touch pwned)}",
    "$(touch pwned)",
    "`touch pwned`",
    "; kill-server",
    "kill-server;",
    ";",
    "\\;",
    "a \\;",
    "two\nlines; kill-server\n",
    "'\"",
    "日本語 ␞ \t|",
    "-t",
    "#{pane_id}",
]


def show(terminals: Terminals, window: Window) -> str:
    return terminals.capture(window.pane)


def found(terminals: Terminals, window: Window) -> Window:
    return next(w for w in terminals.windows() if w.id == window.id)


def sleeper(terminals: Terminals, name: str = "07-1", **mark: str) -> Window:
    return terminals.open_window(["sleep", "1000"], cwd="/", name=name, env={}, mark=mark)


def test_a_window_is_listed_with_its_mark_and_size(terminals: Terminals) -> None:
    window = sleeper(terminals, agent="executor-07-1", prompt="7")
    listed = found(terminals, window)
    assert listed.mark == {"agent": "executor-07-1", "prompt": "7"}
    assert (listed.name, listed.pane, listed.pid) == ("07-1", window.pane, window.pid)
    assert (listed.width, listed.height, listed.dead) == (200, 50, False)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_data_everywhere(terminals: Terminals, tmp_path: Path, text: str) -> None:
    folder = tmp_path / ("d" + text.replace("/", "_"))
    folder.mkdir()
    script = 'printf "%s\\n" "$1" > out; printf "%s\\n" "$WORD" >> out; pwd > where; touch finished; exec sleep 1000'
    window = terminals.open_window(
        ["sh", "-c", script, "sh", text], cwd=folder, name="01-1", env={"WORD": text}, mark={"title": text, text: "v"}
    )
    wait_until((folder / "finished").exists, message="the program")
    assert (folder / "out").read_text() == f"{text}\n{text}\n"
    assert (folder / "where").read_text() == f"{folder}\n"
    assert found(terminals, window).mark == {"title": text, text: "v"}
    assert not list(tmp_path.rglob("pwned"))
    assert not Path("pwned").exists()


@pytest.mark.parametrize("name", ["", "#(touch pwned)", "a b", "x;", "é", "-n", "a" * 65])
def test_a_window_name_that_tmux_could_read_as_a_format_is_refused(terminals: Terminals, name: str) -> None:
    with pytest.raises(TerminalError):
        sleeper(terminals, name)


def ended(terminals: Terminals, window: Window) -> Window:
    return wait_until(
        lambda: next((w for w in terminals.windows() if w.id == window.id and w.dead), None), message="end"
    )


def test_a_program_that_ended_leaves_its_last_screen(terminals: Terminals) -> None:
    script = "echo first row; seq 2 47; echo last words; read key; exit 3"
    window = terminals.open_window(["sh", "-c", script], cwd="/", name="02-1", env={}, mark={})
    wait_until(lambda: "last words" in show(terminals, window), message="the output")
    terminals.send_key(window.pane, "Enter")
    wait_until(lambda: found(terminals, window).dead_status == 3, message="the status")
    rows = show(terminals, window).splitlines()
    assert (rows[0], rows[47]) == ("first row", "last words")


def test_a_program_that_ends_at_once_is_no_error(terminals: Terminals) -> None:
    window = terminals.open_window(["true"], cwd="/", name="02-1", env={}, mark={"agent": "a"})
    assert ended(terminals, window).mark == {"agent": "a"}


def test_the_status_of_every_ended_program_becomes_known(terminals: Terminals) -> None:
    for n in range(1, 16):
        script = f"read key; exit {n}"
        window = terminals.open_window(["sh", "-c", script], cwd="/", name=f"n-{n}", env={}, mark={})
        terminals.send_key(window.pane, "Enter")
        wait_until(lambda w=window, n=n: found(terminals, w).dead_status == n, message=f"status {n}")


def test_a_program_ended_by_a_signal_has_the_status_a_shell_would_give(terminals: Terminals) -> None:
    window = terminals.open_window(["sh", "-c", "kill -TERM $$"], cwd="/", name="02-1", env={}, mark={})
    wait_until(lambda: found(terminals, window).dead_status == 143, message="the status")


def test_a_missing_folder_ends_the_window_and_runs_nothing_elsewhere(terminals: Terminals, tmp_path: Path) -> None:
    window = terminals.open_window(
        ["touch", str(tmp_path / "ran")], cwd=tmp_path / "absent", name="02-1", env={}, mark={"agent": "a"}
    )
    wait_until(lambda: ended(terminals, window).dead_status == 126, message="the status")
    assert not (tmp_path / "ran").exists()


def test_a_mark_belongs_to_the_window_opened_with_it_when_many_open_at_once(terminals: Terminals) -> None:
    opened: dict[str, Window] = {}

    def open_some(worker: int) -> None:
        for k in range(8):
            name = f"{worker}-{k}"
            opened[name] = sleeper(terminals, name, agent=name)

    threads = [threading.Thread(target=open_some, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    listed = {w.id: w for w in terminals.windows()}
    assert len(opened) == 32
    assert all(listed[w.id].mark == {"agent": name} and listed[w.id].name == name for name, w in opened.items())


def test_a_caller_killed_while_opening_leaves_marked_windows_or_none(terminals: Terminals, tmp_path: Path) -> None:
    code = (
        "import sys; from coordinator.terminals.server import Terminals\n"
        f"t = Terminals({terminals.socket_name!r}, 'coord')\n"
        "for n in range(1000):\n"
        "    t.open_window(['sleep', '1000'], cwd='/', name=f'n-{n}', env={}, mark={'agent': f'n-{n}'})\n"
    )
    for round_ in range(3):
        seen = len(terminals.windows())
        with subprocess.Popen([sys.executable, "-c", code]) as caller:
            wait_until(lambda seen=seen, r=round_: len(terminals.windows()) > seen + r, message="windows")
            caller.send_signal(signal.SIGKILL)
    windows = [w for w in terminals.windows() if w.name != "home"]
    assert len(windows) > 3
    assert all(w.mark == {"agent": w.name} for w in windows)


def test_ids_of_closed_windows_are_gone_and_closing_again_is_no_error(terminals: Terminals) -> None:
    window, other = sleeper(terminals, "executor-10"), sleeper(terminals, "executor-100")
    assert terminals.kill_window(window.id) is True
    assert terminals.kill_window(window.id) is False
    assert [w.id for w in terminals.windows() if w.name != "home"] == [other.id]


def test_the_session_outlives_its_last_agent(terminals: Terminals) -> None:
    terminals.kill_window(sleeper(terminals).id)
    assert terminals.alive()


def test_opening_a_window_does_not_move_the_current_one(terminals: Terminals) -> None:
    sleeper(terminals)
    assert [w.name for w in terminals.windows() if w.active] == ["home"]


def test_a_pinned_size_is_kept(terminals: Terminals) -> None:
    window = terminals.open_window(["sleep", "1000"], cwd="/", name="03-1", env={}, mark={}, size=(120, 40))
    listed = found(terminals, window)
    assert (listed.width, listed.height) == (120, 40)


def test_a_split_by_a_person_does_not_hide_the_agents_pane(terminals: Terminals) -> None:
    window = sleeper(terminals)
    for side in ("-b", "-d"):
        terminals.run("split-window", "-d", side, "-t", window.pane, "sleep 1000")
    assert found(terminals, window).pane == window.pane


def test_a_message_that_tmux_cannot_take_is_refused_whole(terminals: Terminals) -> None:
    before = terminals.windows()
    with pytest.raises(TerminalError):
        terminals.open_window(["sleep", "1000"], cwd="/", name="01-1", env={"BIG": "x" * 20_000}, mark={})
    assert terminals.windows() == before


def test_a_nul_is_refused(terminals: Terminals) -> None:
    with pytest.raises(TerminalError):
        terminals.open_window(["echo", "a\0b"], cwd="/", name="01-1", env={}, mark={})


def test_listing_without_a_server_is_empty() -> None:
    assert Terminals("coord-test-nobody", "coord").windows() == []
    assert not Terminals("coord-test-nobody", "coord").alive()


def test_without_tmux_the_error_says_what_to_install() -> None:
    with pytest.raises(TerminalError) as refused:
        Terminals("coord-test-nobody", "coord", tmux_bin="no-such-tmux").ensure_session()
    assert "install tmux" in refused.value.remedy


def test_a_server_comes_back_right_after_its_end(terminals: Terminals) -> None:
    for _ in range(10):
        terminals.run("kill-server")
        terminals.ensure_session()
        assert terminals.alive()


def test_opening_a_window_revives_a_server_that_died(terminals: Terminals) -> None:
    terminals.run("kill-server")
    window = sleeper(terminals, agent="a")
    assert found(terminals, window).mark == {"agent": "a"}


def test_a_program_that_is_to_start_once_is_not_started_again_when_the_server_went_down_on_it(
    terminals: Terminals, tmp_path: Path
) -> None:
    tmux, asked = tmp_path / "tmux", tmp_path / "asked"
    kills = f'echo "$$" >>{asked}; tmux "$@"; kill -9 {terminals.process()}; echo "server exited" >&2; exit 1'
    tmux.write_text(f'#!/bin/sh\ncase "$*" in *new-window*) {kills};; esac\nexec tmux "$@"\n')
    tmux.chmod(0o755)
    with pytest.raises(ServerLost):
        Terminals(terminals.socket_name, terminals.session, str(tmux)).open_window(
            ["sleep", "1000"], cwd="/", name="07-1", env={}, mark={}, once=True
        )
    assert len(asked.read_text().split()) == 1
    assert sleeper(terminals).id in {window.id for window in terminals.windows()}


def test_the_session_is_made_once_by_many_at_a_time(terminals: Terminals) -> None:
    terminals.run("kill-server")
    failures: list[Exception] = []

    def ensure() -> None:
        try:
            terminals.ensure_session()
        except TerminalError as error:
            failures.append(error)

    threads = [threading.Thread(target=ensure) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [w.name for w in terminals.windows()] == ["home"]


@pytest.fixture
def as_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COORD_AGENT", "planner-1")


def test_a_server_started_by_an_agent_does_not_carry_its_identity(as_agent: None, terminals: Terminals) -> None:
    pid = int(terminals.run("display-message", "-p", "#{pid}"))
    assert b"COORD_AGENT" not in Path(f"/proc/{pid}/environ").read_bytes()
    window = terminals.open_window(["env"], cwd="/", name="01-1", env={}, mark={})
    wait_until(lambda: found(terminals, window).dead, message="env")
    assert "planner-1" not in show(terminals, window)


def test_the_users_own_tmux_configuration_is_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, terminals: Terminals
) -> None:
    (tmp_path / ".tmux.conf").write_text(f"run-shell 'touch {tmp_path}/ran'\nset -g history-limit 7\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    terminals.run("kill-server")
    terminals.ensure_session()
    assert terminals.run("show-options", "-gv", "history-limit") == b"5000\n"
    assert not (tmp_path / "ran").exists()


def test_the_attach_command_names_window_by_id_and_inside_is_told_by_socket(terminals: Terminals) -> None:
    window = sleeper(terminals)
    assert terminals.attach_command(window.id)[-1] == f"=coord:{window.id}"
    inside = wait_until(
        lambda: terminals.run("display-message", "-p", "-t", window.pane, "#{socket_path},#{pid},0").decode().strip()
    )
    assert terminals.inside_same_server({"TMUX": inside})
    assert not terminals.inside_same_server({"TMUX": "/tmp/tmux-0/default,1,0"})
    assert not terminals.inside_same_server({})
    assert os.path.exists(terminals.socket_path)


def test_libtmux_sees_the_same_windows(terminals: Terminals) -> None:
    window = sleeper(terminals)
    assert window.id in {w.window_id for w in terminals.server.windows}


def test_scrollback_is_captured_on_request(terminals: Terminals) -> None:
    window = terminals.open_window(["sh", "-c", "seq 1 80; sleep 1000"], cwd="/", name="01-1", env={}, mark={})
    wait_until(lambda: "80" in show(terminals, window), message="the output")
    assert show(terminals, window).splitlines()[0] != "1"
    assert terminals.capture(window.pane, history=1000).splitlines()[:2] == ["1", "2"]


@pytest.mark.parametrize("target", ["07-1", "coord:0", "@1", "%1;kill-server", "-a"])
def test_only_ids_are_targets(terminals: Terminals, target: str) -> None:
    with pytest.raises(TerminalError):
        terminals.capture(target)
    with pytest.raises(TerminalError):
        terminals.send_key(target, "Enter")


@pytest.mark.parametrize(
    ("word", "quoted"), [("a", "a"), (";", "\\;"), ("a;", "a\\;"), ("a;b", "a;b"), ("\\;", "\\\\;")]
)
def test_a_trailing_semicolon_is_quoted(word: str, quoted: str) -> None:
    assert literal(word) == quoted
