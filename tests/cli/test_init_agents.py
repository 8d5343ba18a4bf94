"""How much agents may do by themselves: what `coord init` asks, what it writes, and what is left alone."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import coord
from support.project import COORD

from coordinator.agents.leave import LEVELS, leeway_of, leeways_of
from coordinator.agents.registry import find_runtime, packaged_runtimes
from coordinator.agents.runtime import Leeway
from coordinator.errors import UsageError
from coordinator.storage.config import load_config
from coordinator.storage.config_sample import sample
from coordinator.storage.paths import Layout
from coordinator.storage.settings_text import with_arguments

EDIT = {
    "claude": "--permission-mode acceptEdits",
    "codex": "-c sandbox_mode=workspace-write -c approval_policy=on-request",
    "gemini": "--approval-mode auto_edit",
}


def arguments(root: Path) -> dict[str, str]:
    return dict(load_config(Layout(root)).agent_arguments)


@pytest.mark.parametrize(
    ("level", "written"),
    [("ask", {}), ("edit", EDIT), ("sandbox", EDIT | {"codex": EDIT["codex"].replace("on-request", "never")})],
)
def test_init_writes_the_arguments_of_each_cli_for_it(tmp_path: Path, level: str, written: dict[str, str]) -> None:
    done = coord("init", "--agents-may", level, at=tmp_path)
    assert (done.code, arguments(tmp_path)) == (0, written)
    assert ("\n# agent_arguments:" in (tmp_path / ".coord/coord.yaml").read_text()) is (not written)
    again = coord("init", "--agents-may", level, at=tmp_path)
    assert again.out == "everything is in place already\n"


def test_without_a_terminal_or_with_yes_nothing_is_asked_and_agents_ask(tmp_path: Path) -> None:
    for more in ((), ("--yes",), ("--json",)):
        folder = tmp_path / f"p{len(more)}{''.join(more)}"
        folder.mkdir()
        done = coord("init", *more, at=folder, stdin="2\n")
        assert (done.code, arguments(folder)) == (0, {})
        assert "How much" not in done.out


def test_settings_that_are_there_are_added_to_or_left_alone(tmp_path: Path) -> None:
    coord("init", at=tmp_path)
    config = tmp_path / ".coord/coord.yaml"
    config.write_text("gate: auto\n")
    assert coord("init", "--agents-may", "edit", at=tmp_path).out.startswith("+ .coord/coord.yaml\n")
    assert arguments(tmp_path) == EDIT
    assert config.read_text().startswith("gate: auto\nagent_arguments:\n")
    config.write_text("agent_arguments:\n  claude: --model opus\n")
    refused = coord("init", "--agents-may", "edit", at=tmp_path)
    assert (refused.code, "give agents arguments already" in refused.err) == (2, True)
    assert config.read_text() == "agent_arguments:\n  claude: --model opus\n"
    assert coord("init", "--agents-may", "all", at=tmp_path).code == 2


@pytest.mark.parametrize(("typed", "written"), [("2\n", EDIT), ("\n", {}), ("9\nedit\n", EDIT)])
def test_a_person_is_asked_once(tmp_path: Path, typed: str, written: dict[str, str]) -> None:
    first = talk(tmp_path, typed)
    assert "How much may agents do by themselves?" in first
    assert all(words in first for words in LEVELS.values())
    assert arguments(tmp_path) == written
    assert "How much" not in talk(tmp_path, "")


def talk(folder: Path, typed: str) -> str:
    """What `coord init` says in a terminal in which this is typed."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    words = [*COORD, "-C", str(folder), "init"]
    process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=os.environ | PATHS)
    os.close(theirs)
    said = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    assert process.wait(90) == 0, said
    return said.decode().replace("\r\n", "\n")


PATHS = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_no_level_switches_checks_off() -> None:
    for name in packaged_runtimes():
        for leeway in find_runtime(name, {}).leeways.values():
            for word in ("dangerous", "bypass", "yolo", "danger-full-access", "--auto "):
                assert word not in f"{leeway.arguments} "
    assert all(set(find_runtime(name, {}).leeways) == set(LEVELS) for name in ("claude", "codex", "gemini", "opencode"))


def test_arguments_are_told_in_words_as_far_as_they_are_known() -> None:
    known = leeways_of("--mode edits")
    assert leeway_of(known, "") == known["ask"].words
    assert leeway_of(known, "--mode  edits") == known["edit"].words
    assert leeway_of(known, "--model opus --mode edits") == (
        f"{known['edit'].words}, as far as `--model opus --mode edits` leaves it"
    )
    assert leeway_of(known, "--mode") == "`--mode`"
    assert leeway_of({"ask": Leeway("asks")}, "") == "asks"


def test_nothing_else_of_the_settings_changes() -> None:
    changed = with_arguments(sample(), {"claude": "--a 'b: c' # d"})
    before, after = sample().splitlines(), changed.splitlines()
    assert [line for line in before if line not in after] == [
        line for line in before if "agent_arguments" in line or "acceptEdits" in line
    ]
    assert with_arguments(changed, {"claude": "--a 'b: c' # d"}) == changed
    with pytest.raises(UsageError):
        with_arguments(changed, {"claude": "--other"})
    assert with_arguments("", {"a": "b"}) == "agent_arguments:\n  a: b\n"
    assert with_arguments("x: 1", {}) == "x: 1"
