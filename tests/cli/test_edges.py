"""What a command meets at its edges: outputs that fail, names that lead elsewhere, text that tricks who reads it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.project import Project

from coordinator.cli.report import json_line, json_text
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Actor, ActorKind, Draft
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.text import bare, json_plain, plain
from coordinator.storage.prompts import read_prompt

Make = Callable[..., Project]
needs_full_device = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")


def run(made: Project, arguments: list[str], **streams: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "coordinator.cli.main", "-C", str(made.layout.root), *arguments]
    wanted = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, **streams}
    return subprocess.run(command, env=made.environment(), text=True, check=False, **wanted)  # type: ignore[call-overload,no-any-return]


@needs_full_device
@pytest.mark.parametrize(
    ("arguments", "unbuffered"),
    [
        (["interject", "--title", "New", "--yes"], ""),
        (["interject", "--title", "New", "--yes", "--json"], "1"),
        (["status"], "1"),
        (["status", "--json"], ""),
        (["log", "--json"], ""),
        (["--help"], ""),
    ],
)
def test_an_output_that_cant_be_written_is_said_in_two_lines(make: Make, arguments: list[str], unbuffered: str) -> None:
    made = make({1: []})
    made.own_environment = {"PYTHONUNBUFFERED": unbuffered}
    EventLog.open(made.layout.events_db).append([Draft("decision.recorded", "milestone", {"text": "x"})], HUMAN)
    with open("/dev/full", "w") as full:
        done = run(made, arguments, stdout=full)
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first == "coord: the output can't be written: no space left on device"
    assert "coord log" in second
    assert len(made.snapshot().prompts) == (2 if "interject" in arguments else 1)  # applied, and whole


HUMAN = Actor(ActorKind.HUMAN, "someone")


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("arguments", ["status --json", "interject --title New --yes", "graph"])
def test_a_command_with_a_closed_stream_does_its_work(make: Make, arguments: str, closed: str) -> None:
    made = make({1: []})
    line = f'"{sys.executable}" -m coordinator.cli.main -C "{made.layout.root}" {arguments} {closed}'
    done = subprocess.run(["sh", "-c", line], env=made.environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(made.snapshot().prompts) == (2 if "interject" in arguments else 1)


@pytest.mark.parametrize("name", ["../../evil", "/bin/sh", "a b", "-rf", "x;y", "é", "a" * 65])
def test_an_agent_is_a_name_and_leads_nowhere(tmp_path: Path, name: str) -> None:
    path = tmp_path / "01-x.prompt.md"
    path.write_text(f"---\nnumber: 1\nstatus: pending\nagent: '{name}'\n---\n")
    problem = read_prompt(path, "01-x.prompt.md")
    assert isinstance(problem, Problem)
    assert (problem.code, problem.line) == ("bad-agent", 4)


@pytest.mark.parametrize("name", ["--yolo", "-m", "a b", "x;y", "é", "$(x)", "a" * 201])
def test_a_model_is_a_name_and_never_an_option(tmp_path: Path, name: str) -> None:
    path = tmp_path / "01-x.prompt.md"
    path.write_text(f"---\nnumber: 1\nstatus: pending\nmodel: '{name}'\n---\n")
    problem = read_prompt(path, "01-x.prompt.md")
    assert isinstance(problem, Problem)
    assert (problem.code, problem.line) == ("bad-model", 4)


def test_models_of_all_services_are_names(tmp_path: Path) -> None:
    arn = "arn:aws:bedrock:us-east-1:12:inference-profile/us.anthropic.claude-opus-4-1-20250805-v1:0"
    for name in ("opus[1m]", "claude-opus-4-1@20250805", "openrouter/qwen/qwen3-coder:free", "gpt-5.1_x+y", arn):
        path = tmp_path / "01-x.prompt.md"
        path.write_text(f"---\nnumber: 1\nstatus: pending\nmodel: '{name}'\n---\n")
        prompt = read_prompt(path, "01-x.prompt.md")
        assert isinstance(prompt, Prompt)
        assert prompt.model == name


def test_an_edit_to_an_agent_that_is_a_path_is_refused(make: Make) -> None:
    made = make({1: []})
    (path,) = made.layout.prompts.iterdir()
    before = path.read_bytes()
    done = made.coord("edit", "1", "--set", "agent=../../evil", "--yes", check=False)
    assert done.returncode == 3
    assert "no name of an agent" in done.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize("folder", [".coord/prompts", "plans", "plans/deeper"])
def test_prompts_are_not_read_through_a_link_that_leads_out_of_the_project(
    make: Make, tmp_path: Path, folder: str
) -> None:
    made = make({}, **({} if folder == ".coord/prompts" else {"prompt_folders": f"[{folder}]"}))
    elsewhere = tmp_path / "elsewhere" / Path(folder).name
    elsewhere.mkdir(parents=True)
    (elsewhere / "01-planned-x.prompt.md").write_text("---\nnumber: 1\ntitle: Not ours\nstatus: pending\n---\n")
    place = made.layout.root / Path(folder).parts[0] if folder != ".coord/prompts" else made.layout.prompts
    if place.exists():
        place.rmdir()
    place.symlink_to(elsewhere.parent if folder == "plans/deeper" else elsewhere)
    snapshot = made.snapshot()
    assert not snapshot.prompts
    (problem,) = snapshot.problems
    assert (problem.path, problem.code) == (folder, "folder-outside")
    if folder != ".coord/prompts":
        assert made.coord("interject", "--title", "New", "--yes", check=False).returncode == 3
    assert [path.name for path in elsewhere.iterdir()] == ["01-planned-x.prompt.md"]


def test_prompts_are_read_through_a_link_within_the_project(make: Make) -> None:
    made = make({}, prompt_folders="[plans]")
    (made.layout.root / "real").mkdir()
    (made.layout.root / "real" / "01-x.md").write_text("---\nnumber: 1\ntitle: Ours\nstatus: pending\n---\n")
    (made.layout.root / "plans").symlink_to("real")
    assert made.snapshot().prompts[1].title == "Ours"


INVISIBLE = "\u200b\u2060\u00ad\u3164\u115f\ufeff\U000e0041\u180e"
DIRECTION = "\u202e\u2066\u200f"


@pytest.mark.parametrize("char", INVISIBLE + DIRECTION)
def test_a_character_that_cant_be_seen_is_shown_or_taken_out(char: str) -> None:
    assert plain(f"a{char}b") == "a·b"
    assert bare(f"a{char}b") == "ab"


def test_emoji_and_scripts_that_need_joiners_stay_as_they_are() -> None:
    for text in ("👩‍💻", "می‌خواهم", "क्ष", "한국어", "日本語", "e\u0301"):
        assert bare(text) == text


def test_json_shows_no_direction_trick_raw_and_says_the_same(make: Make) -> None:
    made = make({1: []})
    text = f"approve {DIRECTION}7{INVISIBLE} \x9b31m é 日本"
    EventLog.open(made.layout.events_db).append([Draft("decision.recorded", "milestone", {"text": text})], HUMAN)
    for arguments in (["log", "--json"], ["log", "export"]):
        out = made.coord(*arguments).stdout
        assert not set(out) & set(DIRECTION + INVISIBLE + "\x9b")
        assert "é 日本" in out
        assert (
            json.loads(out.splitlines()[-1])["data"]["text"] == plain(text)
            or text in json.loads(out.splitlines()[-1])["data"].values()
        )


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_that_is_made_safe_says_the_same(value: object) -> None:
    for text in (json_line(value), json_text(value), json_plain(json.dumps(value, ensure_ascii=False, indent=2))):
        assert json.loads(text) == value
        assert all(plain(line) == line for line in text.splitlines())


@pytest.mark.parametrize("arguments", [[], ["status"], ["init"], ["-C", ".", "status", "--json"], ["loop"], ["demo"]])
def test_a_folder_that_was_deleted_is_an_error_in_two_lines(make: Make, tmp_path: Path, arguments: list[str]) -> None:
    made = make({1: []})
    command = [sys.executable, "-m", "coordinator.cli.main"]
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f'cd "{gone}" && rmdir "{gone}" && exec "$@"'
    environ = {name: value for name, value in made.environment().items() if not name.startswith("COORD_")}

    def ran(*words: str) -> "subprocess.CompletedProcess[str]":
        line = ["sh", "-c", script, "sh", *command, *words]
        return subprocess.run(line, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    done = ran(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == "coord: the folder you are in was deleted"
    assert len(done.stderr.splitlines()) == 2
    gone.mkdir()
    assert ran("-C", str(made.layout.root), "status").returncode == 0
