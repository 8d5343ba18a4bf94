"""What is said before an agent is started that would not get to work."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import project

from coordinator.agents import readiness
from coordinator.agents.readiness import all_not_ready, not_ready
from coordinator.agents.registry import find_runtime

Fake = Callable[..., Path]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Puts a program on PATH that tells a version and whether it is logged in."""
    bin_ = tmp_path / "clis"
    bin_.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(home))
    for name in ("ANTHROPIC_API_KEY", "CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)

    def make(name: str, version: str, login: int = 0) -> Path:
        program = bin_ / name
        program.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && {{ echo "{version} ({name})"; exit 0; }}\nexit {login}\n'
        )
        program.chmod(0o755)
        return home

    return make


def said(name: str, root: Path) -> tuple[str, str]:
    trouble = not_ready(find_runtime(name, {}), root)
    return (trouble.message, trouble.remedy) if trouble else ("", "")


def test_a_cli_that_is_not_there_is_said_with_how_to_get_it(cli: Fake, tmp_path: Path) -> None:
    for name in ("claude", "codex", "gemini", "opencode"):
        message, remedy = said(name, tmp_path)
        assert message == f"the agent CLI `{name}` is not installed"
        assert "npm install -g " in remedy


def test_a_cli_that_is_too_old_is_said(cli: Fake, tmp_path: Path) -> None:
    cli("claude", "2.0.9")
    assert said("claude", tmp_path)[0] == "claude 2.0.9 is too old: coord needs 2.1"
    cli("codex", "codex-cli 0.99.1")
    assert said("codex", tmp_path)[0] == "codex 0.99.1 is too old: coord needs 0.169"


def test_a_cli_that_does_not_answer_is_told_from_one_that_fails(
    cli: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("gemini", "0.61.0")
    program = tmp_path / "clis" / "gemini"
    program.write_text("#!/bin/sh\nexit 3\n")
    assert said("gemini", tmp_path)[0] == f"`{program} --version` fails"
    program.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    monkeypatch.setattr(readiness, "_PATIENCE", 0.3)
    assert said("gemini", tmp_path)[0] == "`gemini --version` gives no answer within 0.3 s"


def test_a_cli_that_is_not_logged_in_is_said(cli: Fake, tmp_path: Path) -> None:
    cli("claude", "2.1.329", login=1)
    assert said("claude", tmp_path) == ("claude is not logged in", "run `claude` and log in, or set ANTHROPIC_API_KEY")


def test_each_first_run_dialog_of_claude_is_said_until_it_was_answered(
    cli: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = cli("claude", "2.1.329")
    settings = home / ".claude.json"
    assert "never started here" in said("claude", tmp_path)[0]
    settings.write_text(json.dumps({"hasCompletedOnboarding": True}))
    assert "does not trust this folder" in said("claude", tmp_path)[0]
    known = {"hasCompletedOnboarding": True, "projects": {str(tmp_path): {"hasTrustDialogAccepted": True}}}
    settings.write_text(json.dumps(known))
    assert said("claude", tmp_path / "below") == ("", "")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-a-key")
    assert "whether to use ANTHROPIC_API_KEY" in said("claude", tmp_path)[0]
    settings.write_text(json.dumps(known | {"customApiKeyResponses": {"approved": ["sk-ant-a-key"]}}))
    assert said("claude", tmp_path) == ("", "")


@pytest.mark.parametrize("text", ["", "not toml [", '[projects."/elsewhere"]\ntrust_level = "trusted"\n'])
def test_a_folder_that_codex_would_ask_about_is_said(cli: Fake, tmp_path: Path, text: str) -> None:
    home = cli("codex", "codex-cli 0.169.0")
    (home / ".codex").mkdir()
    config = home / ".codex" / "config.toml"
    config.write_text(text)
    message, remedy = said("codex", tmp_path)
    assert "would ask whether to trust it" in message
    assert f"run `codex` once in {tmp_path}" in remedy
    config.write_text(f'[projects."{tmp_path}"]\ntrust_level = "trusted"\n')
    assert said("codex", tmp_path) == ("", "")


def test_a_command_of_the_project_that_is_not_there_is_said(tmp_path: Path) -> None:
    absent = not_ready(find_runtime("command", {"command": ("no-such-agent", "run")}), tmp_path)
    assert absent is not None
    assert absent.message == "the agent `command` can't be run: no-such-agent is not installed"
    (tmp_path / "no-such-agent").touch()
    assert not_ready(find_runtime("command", {"command": ("no-such-agent", "run")}), tmp_path) is None
    assert not_ready(find_runtime("command", {"command": ()}), tmp_path) is not None


def test_all_clis_are_asked_at_once(cli: Fake, tmp_path: Path) -> None:
    for name, other in (("gemini", "opencode"), ("opencode", "gemini")):
        cli(name, "1.99.0")
        program = tmp_path / "clis" / name
        wait = f"touch {program}.asked; n=0\nuntil [ -e {program.with_name(other)}.asked ]; do\n"
        wait += "n=$((n + 1)); [ $n -lt 200 ] || exit 1; sleep 0.05\ndone\n"
        program.write_text(program.read_text().replace("#!/bin/sh\n", "#!/bin/sh\n" + wait))
    unready = all_not_ready(("gemini", "opencode", "scripted"), {}, tmp_path)
    assert {name: why.message for name, why in unready.items()} == {
        "gemini": "gemini was never told how to log in: it would ask"  # its version was told, then
    }
    assert {*all_not_ready(("scripted", "codex", "nobody"), {}, tmp_path)} == {"codex", "nobody"}


def test_each_first_run_dialog_of_gemini_is_said_until_it_was_answered(
    cli: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = cli("gemini", "0.61.0")
    (home / ".gemini").mkdir()
    settings, trusted = home / ".gemini" / "settings.json", home / ".gemini" / "trustedFolders.json"
    root = tmp_path / "work" / "project"
    assert "how to log in" in said("gemini", root)[0]
    settings.write_text(json.dumps({"security": {"auth": {"selectedType": "gemini-api-key"}}}))
    assert "does not trust this folder" in said("gemini", root)[0]
    for folders, asks in (
        ({str(root): "TRUST_FOLDER"}, False),
        ({str(tmp_path): "TRUST_FOLDER"}, False),
        ({str(root): "TRUST_PARENT"}, False),
        ({str(tmp_path): "TRUST_FOLDER", str(root.parent): "DO_NOT_TRUST"}, True),
        ({str(root.parent): "DO_NOT_TRUST", str(tmp_path): "TRUST_FOLDER"}, True),
        ({str(root.parent / "pro"): "TRUST_FOLDER"}, True),
    ):
        trusted.write_text(json.dumps(folders))
        assert bool(said("gemini", root)[0]) is asks, folders
    monkeypatch.setenv("GEMINI_CLI_TRUST_WORKSPACE", "true")
    assert said("gemini", root) == ("", "")
    monkeypatch.delenv("GEMINI_CLI_TRUST_WORKSPACE")
    settings.write_text("// with comments\n{}")
    assert said("gemini", root) == ("", "")


def test_doctor_tells_of_agents_that_the_project_uses(cli: Fake, tmp_path: Path) -> None:
    cli("claude", "2.0.9")
    cli("codex", "codex-cli 0.99.1")
    with project(tmp_path / "p", {}) as made:
        made.add(1, agent="claude")
        done = made.coord("doctor", check=False)
        assert done.returncode == 1
        assert "claude: claude 2.0.9 is too old: coord needs 2.1 (01)" in done.stdout
        assert "agent codex: codex 0.99.1 is too old: coord needs 0.169 (no prompt uses it)" in done.stdout
        assert "gemini" not in done.stdout


def test_doctor_tells_of_agents_that_do_not_exist_and_commands_that_can_not_be_run(cli: Fake, tmp_path: Path) -> None:
    with project(tmp_path / "p", {}, command="[no-such-agent]") as made:
        made.add(1, agent="clod")
        made.add(2, agent="command")
        done = made.coord("doctor", check=False)
        assert done.returncode == 1
        assert "clod: there is no agent `clod` (01)" in done.stdout
        assert "no-such-agent is not installed (02)" in done.stdout


def test_doctor_is_not_green_where_the_agent_of_the_settings_is_not_installed(cli: Fake, tmp_path: Path) -> None:
    with project(tmp_path / "p", {}, runtime="gemini") as made:
        for _ in range(2):
            done = made.coord("doctor", check=False)
            assert done.returncode == 1
            assert "gemini: the agent CLI `gemini` is not installed (for prompts that name no agent)" in done.stdout
            made.add(1, status="done")  # nor where nothing waits
        made.add(2, agent="scripted")
        assert made.coord("doctor").returncode == 0  # nobody needs it


def test_doctor_tells_what_each_agent_does_by_itself(cli: Fake, tmp_path: Path) -> None:
    home = cli("claude", "2.1.329")
    root = tmp_path / "p" / "project"
    trusted = {"hasCompletedOnboarding": True, "projects": {str(root): {"hasTrustDialogAccepted": True}}}
    (home / ".claude.json").write_text(json.dumps(trusted))
    with project(tmp_path / "p", {}, mcp="off") as made:
        made.add(1, agent="claude")
        plain = made.coord("doctor").stdout
        assert "ready; it asks before it edits files or runs commands, or as its own settings say" in plain
        assert "agents speak by the command: `mcp: off`" in plain
        made.layout.config.write_text(
            made.layout.config.read_text().replace(
                "mcp: off", "agent_arguments:\n  claude: --permission-mode acceptEdits"
            )
        )
        edits = made.coord("doctor").stdout
        assert "ready; it edits files of its worktree by itself, asks before it runs commands\n" in edits
        assert "and by tools (coord mcp)" in edits


def test_doctor_is_not_green_where_strict_mode_has_no_users(tmp_path: Path) -> None:
    with project(tmp_path / "p", {}, agent_user="nobody-by-this-name") as made:
        made.add(1)
        done = made.coord("doctor", check=False)
        assert (done.returncode, "nobody-by-this-name" in done.stdout) == (1, True)
