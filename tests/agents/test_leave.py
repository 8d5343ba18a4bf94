"""What each CLI gets at launch: leave for coord's own verbs, and coord's server; nothing of the engineer's changes."""

import json
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.build import attempt, prompt

from coordinator.agents.launch import server_words
from coordinator.agents.leave import COMMANDS, PASSED_ON
from coordinator.agents.opencode_plugin import with_plugin
from coordinator.agents.registry import find_runtime
from coordinator.agents.runtime import Command, Job
from coordinator.model.step import StepState

SERVER = ("/opt/coord dir/bin/coord", "mcp")
NAMES = ("claude", "codex", "gemini", "opencode")
Launch = Callable[..., tuple[Command, Job]]


@pytest.fixture
def launch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Launch:
    """Have a CLI's command line made for an attempt, in a home of the test's own."""
    for name in ("bin", "home", "project/.coord", "tree", "attempt"):
        (tmp_path / name).mkdir(parents=True)
    for name in NAMES:
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "attempt" / "prompt.txt").write_text("do it")

    def made(name: str, **values: Any) -> tuple[Command, Job]:
        places = (tmp_path / "project/.coord", tmp_path / "attempt", tmp_path / "tree", tmp_path / "attempt/prompt.txt")
        job = Job(attempt(1, StepState.DISPATCHED), prompt(1), *places, **({"server": SERVER} | values))
        return find_runtime(name, {}).command(job), job

    return made


@pytest.mark.parametrize("headless", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_no_check_of_a_cli_is_switched_off_and_without_a_server_none_is_named(
    launch: Launch, name: str, headless: bool
) -> None:
    command, job = launch(name, server=(), headless=headless)
    given = " ".join([*command.argv, *command.env.values()])
    written = "".join(path.read_text() for path in job.directory.iterdir() if path.suffix in (".json", ".toml", ".js"))
    for word in ("dangerously", "bypass", "yolo", "--auto", "danger-full-access"):
        assert word not in given + written
    assert "mcp_servers" not in given
    assert "/opt/coord" not in given + written


def claude_settings(job: Job) -> dict[str, Any]:
    return dict(json.loads((job.directory / "claude.json").read_text()))


def test_claude_may_run_the_verbs_and_tools_and_gets_the_server(launch: Launch) -> None:
    command, job = launch("claude")
    allowed = [f"Bash({verb}:*)" for verb in COMMANDS]
    assert claude_settings(job)["permissions"] == {"allow": [*allowed, "mcp__coord"]}
    path = command.argv[command.argv.index("--mcp-config") + 1]
    server = json.loads(Path(path).read_text())["mcpServers"]["coord"]
    assert (server["command"], server["args"]) == (SERVER[0], ["mcp"])
    assert "--strict-mcp-config" not in command.argv
    assert claude_settings(launch("claude", server=())[1])["permissions"] == {"allow": allowed}


def test_claude_has_no_hook_that_waits_for_an_answer_where_nobody_can_give_one(launch: Launch) -> None:
    assert "PermissionRequest" in claude_settings(launch("claude")[1])["hooks"]
    assert "PermissionRequest" not in claude_settings(launch("claude", headless=True)[1])["hooks"]


DEFAULT = ("--permission-mode", "default")


@pytest.mark.parametrize(
    "arguments",
    [("--permission-mode", "plan"), ("--permission-mode=plan",), ("--dangerously-skip-permissions",)],
)
def test_claude_begins_in_the_mode_that_the_arguments_name(launch: Launch, arguments: tuple[str, ...]) -> None:
    assert " ".join(DEFAULT) in " ".join(launch("claude")[0].argv)
    assert "default" not in launch("claude", arguments=arguments)[0].argv


@pytest.mark.parametrize(
    "place", ["home/.claude/settings.json", "tree/.claude/settings.json", "project/.claude/settings.local.json"]
)
def test_claude_begins_in_the_mode_that_settings_name(launch: Launch, tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir()
    (tmp_path / place).write_text('{"permissions": {"allow": []}}')
    assert "default" in launch("claude")[0].argv
    (tmp_path / place).write_text('{"permissions": {"defaultMode": "auto"}}')
    assert "default" not in launch("claude")[0].argv


def test_codex_gets_the_server_with_what_it_needs_to_know(launch: Launch) -> None:
    argv = launch("codex")[0].argv
    given = [argv[place + 1] for place, word in enumerate(argv) if word == "-c"]
    (server,) = tomllib.loads("\n".join(word for word in given if word.startswith("mcp_servers")))[
        "mcp_servers"
    ].values()
    assert (server["command"], server["args"], server["env_vars"]) == (SERVER[0], ["mcp"], list(PASSED_ON))
    assert server["default_tools_approval_mode"] == "approve"


def gemini_policies(command: Command) -> list[str]:
    return [word.removeprefix("--policy=") for word in command.argv if word.startswith("--policy=")]


def test_gemini_gets_rules_beside_those_of_the_user(launch: Launch, tmp_path: Path) -> None:
    own = tmp_path / "home/.gemini/policies"
    own.mkdir(parents=True)
    command, _ = launch("gemini")
    first, second = gemini_policies(command)
    shells, tools = tomllib.loads(Path(first).read_text())["rule"]
    assert (shells["toolName"], shells["commandPrefix"]) == ("run_shell_command", list(COMMANDS))
    assert (tools["mcpName"], shells["decision"], tools["decision"]) == ("coord", "allow", "allow")
    assert second == str(own)
    (tmp_path / "home/.gemini/settings.json").write_text('{"policyPaths": ["/own/rules.toml"]}')
    assert gemini_policies(launch("gemini")[0]) == [first, "/own/rules.toml"]
    assert gemini_policies(launch("gemini", arguments=("--policy", "x"))[0]) == [first]
    (tmp_path / "home/.gemini/settings.json").write_text('{"policyPaths": [/* which? */ "/own/rules.toml"]}')
    assert gemini_policies(launch("gemini")[0]) == []  # rather a question than a rule of the user's that is lost


def test_gemini_finds_all_of_the_users_and_one_extension_more(launch: Launch, tmp_path: Path) -> None:
    own = tmp_path / "home/.gemini"
    (own / "extensions/theirs").mkdir(parents=True)
    (own / "settings.json").write_text("{}")
    before = {path: path.stat().st_mtime_ns for path in own.rglob("*") if path.is_file()}
    command, _ = launch("gemini")
    home = Path(command.env["GEMINI_CLI_HOME"])
    assert (home / ".gemini/settings.json").resolve() == own / "settings.json"
    assert sorted(path.name for path in (home / ".gemini/extensions").iterdir()) == ["coord", "theirs"]
    extension = json.loads((home / ".gemini/extensions/coord/gemini-extension.json").read_text())
    assert extension["mcpServers"]["coord"]["command"] == SERVER[0]
    (home / ".gemini/tmp/session").write_text("kept")
    assert (own / "tmp/session").read_text() == "kept"
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert not (own / "extensions/coord").exists()
    launch("gemini")  # once more, where all of it is there
    assert "GEMINI_CLI_HOME" not in launch("gemini", server=())[0].env


HOOK = """
const { CoordLeave } = await import(process.argv[1])
const config = JSON.parse(process.argv[2])
await (await CoordLeave()).config(config)
console.log(JSON.stringify(config))
"""


def opencode_config(directory: Path, config: dict[str, Any], server: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the plugin makes of a configuration, run by a JavaScript engine."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    values = json.loads(with_plugin(directory, {}, server, reports=False)["OPENCODE_CONFIG_CONTENT"])
    words = ["node", "--input-type=module", "-e", HOOK, values["plugin"][0], json.dumps(config)]
    return dict(json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout))


def test_opencode_that_allows_the_shell_anyway_gets_no_rules_for_it(tmp_path: Path) -> None:
    assert opencode_config(tmp_path, {})["permission"] == {}
    allows = {"permission": {"*": "ask", "bash": {"*": "allow", "rm *": "ask"}}}
    assert opencode_config(tmp_path, allows) == allows
    assert opencode_config(tmp_path, {}, SERVER)["permission"] == {"coord_*": "allow"}


@pytest.mark.parametrize(
    "given",
    ["ask", {"bash": "ask"}, {"bash": {"*": "ask", "git *": "allow"}, "edit": "deny"}, {"*": "deny", "read": "allow"}],
)
def test_opencode_that_asks_keeps_its_rules_and_their_order_before_ours(tmp_path: Path, given: Any) -> None:
    rules = opencode_config(tmp_path, {"permission": given})["permission"]
    own = {"*": given} if isinstance(given, str) else given
    assert list(rules.items())[:-1] == list(own.items())
    added = rules["bash**"]
    assert {pattern for pattern, action in added.items() if action == "allow"} == {f"{verb} *" for verb in COMMANDS}
    refused = "deny" if own.get("*") == "deny" else "ask"
    assert added["coord decide *>*"] == refused  # it may not write files by that


def test_opencode_asks_no_more_for_an_agent_of_its_own_rules(tmp_path: Path) -> None:
    config = {"permission": {"bash": "ask"}, "agent": {"build": {"permission": {"edit": "ask"}}, "plan": {}}}
    agents = opencode_config(tmp_path, config, SERVER)["agent"]
    assert agents["build"]["permission"]["bash**"]["coord ask *"] == "allow"
    assert agents["build"]["permission"]["coord_*"] == "allow"
    assert agents["plan"] == {}


def test_opencodes_server_stands_beside_those_that_are_configured(tmp_path: Path) -> None:
    given = {"OPENCODE_CONFIG_CONTENT": '{"mcp": {"own": {"type": "remote"}}}'}
    servers = json.loads(with_plugin(tmp_path, given, SERVER)["OPENCODE_CONFIG_CONTENT"])["mcp"]
    assert servers["own"] == {"type": "remote"}
    assert (servers["coord"]["command"], servers["coord"]["type"]) == (list(SERVER), "local")
    assert with_plugin(tmp_path, {"OPENCODE_CONFIG_CONTENT": '{"mcp": 1}'}, SERVER) == {}


def test_there_is_a_server_where_its_package_is_unless_it_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert server_words("auto")[1:] == ("mcp",)
    assert server_words("off") == ()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert server_words("auto") == ()
