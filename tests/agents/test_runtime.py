"""Which agents there are, and how they are run."""

from pathlib import Path

import pytest

from coordinator.agents.registry import find_runtime, packaged_runtimes
from coordinator.agents.runtime import Job
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import replace
from coordinator.loop.launch_files import session_to_go_on_with
from coordinator.model.prompt import Prompt
from coordinator.model.step import Attempt, Exit, Receipt, StepState
from coordinator.model.work import prompt_work

ATTEMPT = Attempt(prompt_work(7), 1, "run-1", 1, StepState.DISPATCHED, "2027-01-15T08:00:00Z", agent="executor-07-1")


def job(tmp_path: Path, model: str | None = None) -> Job:
    prompt = Prompt(7, "Title", ".coord/prompts/07-planned-title.prompt.md")
    return Job(ATTEMPT, prompt, tmp_path, tmp_path / "attempt-1", tmp_path, tmp_path / "prompt.txt", model=model)


def test_a_module_with_a_runtime_is_an_agent() -> None:
    assert "scripted" in packaged_runtimes()
    assert not {"launch", "evidence", "brief", "runtime"} & set(packaged_runtimes())
    for name in packaged_runtimes():
        assert find_runtime(name, {}).name == name


@pytest.mark.parametrize("name", ["nobody", "launch", "../../etc", "os", "scripted.RUNTIME", "", "日本"])
def test_an_unknown_agent_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(CoordError) as caught:
        find_runtime(name, {"own": ["true"]})
    assert "own" in caught.value.remedy
    assert "scripted" in caught.value.remedy


def test_a_scripted_agent_runs_the_script_of_its_prompt(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "07.sh"
    with pytest.raises(CoordError, match="has no script"):
        find_runtime("scripted", {}).command(job(tmp_path))
    script.write_text("true\n")
    (tmp_path / "scripts" / "default.sh").write_text("false\n")
    command = find_runtime("scripted", {}).command(job(tmp_path))
    assert command.argv == ("sh", str(script))
    assert command.stdin == tmp_path / "prompt.txt"


def test_a_prompt_without_a_script_of_its_own_gets_the_default_one(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    default = tmp_path / "scripts" / "default.sh"
    default.write_text("true\n")
    assert find_runtime("scripted", {}).command(job(tmp_path)).argv == ("sh", str(default))


def test_any_program_can_be_an_agent(tmp_path: Path) -> None:
    runtime = find_runtime("command", {"command": ["sh", "-c", "echo $1", "{model}", "a{model}"]})
    assert runtime.command(job(tmp_path, "big")).argv == ("sh", "-c", "echo $1", "big", "a{model}")
    assert runtime.command(job(tmp_path)).argv[3] == ""


@pytest.mark.parametrize("headless", [True, False])
@pytest.mark.parametrize("name", ["claude", "codex", "gemini", "opencode"])
def test_a_model_is_never_a_word_of_its_own_which_a_cli_could_take_for_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, headless: bool
) -> None:
    program = tmp_path / name
    program.write_text("#!/bin/sh\necho 99.0.0\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("HOME", str(tmp_path))
    asked = replace(job(tmp_path, "--yolo"), headless=headless)
    asked.directory.mkdir()
    asked.prompt_file.write_text("do it\n")
    argv = find_runtime(name, {}).command(asked).argv
    assert "--model=--yolo" in argv
    assert "--yolo" not in argv


@pytest.mark.parametrize("session", ["--yolo", "-c", "a b", "$(x)"])
def test_a_session_of_a_record_is_never_an_option_either(session: str) -> None:
    last = replace(ATTEMPT, runtime="claude", session="0b5e0d5a-7c61-4d4e-9a1c-3f1f2b0f9f00")
    assert session_to_go_on_with(replace(last, attempt=2), last) == last.session
    assert session_to_go_on_with(replace(last, attempt=2), replace(last, session=session)) == ""
    assert session_to_go_on_with(replace(last, attempt=2), replace(last, session=session), always=True) == ""


def test_a_session_that_ended_well_is_gone_on_with_only_where_a_flow_says_so() -> None:
    last = replace(
        ATTEMPT, runtime="claude", session="0b5e0d5a", exit=Exit(0, ""), receipt=Receipt("done", "x", "a", "")
    )
    assert session_to_go_on_with(replace(last, attempt=2), last) == ""
    assert session_to_go_on_with(replace(last, attempt=2), last, always=True) == "0b5e0d5a"
    assert session_to_go_on_with(replace(last, attempt=2, runtime="codex"), last, always=True) == ""


@pytest.mark.parametrize(("words", "message"), [([], "empty command"), (["no-such-program-here"], "not installed")])
def test_a_program_that_can_not_be_run_is_said_before_anything_starts(
    tmp_path: Path, words: list[str], message: str
) -> None:
    with pytest.raises(CoordError, match=message):
        find_runtime("command", {"command": words}).command(job(tmp_path))
