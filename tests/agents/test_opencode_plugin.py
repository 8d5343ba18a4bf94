"""The plugin that OpenCode loads, run by a JavaScript engine: what it notes, and how an answer comes to it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.wait import wait_until

from coordinator.agents.evidence import last_report
from coordinator.agents.opencode_plugin import with_plugin
from coordinator.agents.registry import find_runtime
from coordinator.agents.runtime import Place, Usage
from coordinator.agents.usage import Meter
from coordinator.apply.permissions import waiting_hook

OPENCODE = find_runtime("opencode", {})
DRIVER = """
import { createInterface } from "node:readline"
const { Coord } = await import(process.argv[1])
const client = {
  postSessionIdPermissionsPermissionId: async (call) => console.log(JSON.stringify(call)),
}
const hooks = await Coord({ client })
for await (const line of createInterface({ input: process.stdin })) {
  await hooks.event({ event: JSON.parse(line) })
  console.log("taken")
}
await hooks.dispose()
"""


class Plugin:
    """The plugin of an attempt, in a process of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        config = json.loads(with_plugin(directory, {})["OPENCODE_CONFIG_CONTENT"])
        words = [str(shutil.which("node")), "--input-type=module", "-e", DRIVER, config["plugin"][0]]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, kind: str, **properties: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"type": kind, "properties": properties}) + "\n")
        self.process.stdin.flush()
        assert self.said() == "taken"

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def state(self) -> tuple[str, str]:
        report = last_report((self.directory / "status.jsonl").read_bytes().splitlines()[-1], OPENCODE)
        assert report is not None
        return report.state.value, report.doing

    def ask(self, id: str, command: str) -> None:
        metadata = {"command": command}
        self.tell("permission.asked", id=id, sessionID="s", permission="bash", patterns=[command], metadata=metadata)


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Plugin]:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    directory = tmp_path / 'it\'s "here" $(touch pwned) `x` 日本'
    directory.mkdir()
    made = Plugin(directory)
    yield made
    assert made.process.stdin is not None
    made.process.stdin.close()  # it ends what it started, and then itself
    made.process.wait(90)


def status(plugin: Plugin, session: str, kind: str, **more: Any) -> None:
    plugin.tell("session.status", sessionID=session, status={"type": kind, **more})


def test_what_happens_is_noted_as_the_state_it_means(plugin: Plugin) -> None:
    status(plugin, "s", "busy")
    assert plugin.state() == ("working", "")
    status(plugin, "s", "retry", message="Provider is overloaded", attempt=1, next=4_000_000_000_000)
    assert plugin.state() == ("rate-limited", "Provider is overloaded")
    status(plugin, "s", "busy")
    plugin.tell("session.created", info={"id": "child", "parentID": "s"})
    status(plugin, "child", "idle")
    assert plugin.state() == ("working", "")
    plugin.tell("question.asked", id="q", sessionID="s", questions=[{"question": "Which one?"}])
    assert plugin.state() == ("waiting-for-input", "Which one?")
    plugin.tell("question.replied", requestID="q")
    plugin.tell("session.error", sessionID="s", error={"name": "APIError", "data": {"message": "invalid x-api-key"}})
    status(plugin, "s", "idle")
    assert plugin.state() == ("interrupted", "invalid x-api-key")
    status(plugin, "s", "busy")
    status(plugin, "s", "idle")
    assert plugin.state() == ("idle", "")
    plugin.tell("session.error", sessionID="s", error={"name": "MessageAbortedError", "data": {"message": "Aborted"}})
    assert plugin.state() == ("interrupted", "")
    plugin.tell("no.such.event", x=1)


def test_what_each_message_used_is_counted_once(plugin: Plugin) -> None:
    tokens = {"input": 10, "output": 2, "reasoning": 0, "cache": {"read": 3, "write": 0}}
    for name, done in (("m1", False), ("m1", True), ("m1", True), ("m2", True)):
        time = {"created": 1_800_000_001_000} | ({"completed": 1_800_000_002_000} if done else {})
        info = {"id": name, "role": "assistant", "tokens": tokens, "cost": 0.25, "time": time}
        plugin.tell("message.updated", info=info)
    plugin.tell("message.updated", info={"id": "u", "role": "user", "time": {"completed": 1}})
    meter = Meter(OPENCODE, Place(plugin.directory, plugin.directory))
    meter.read()
    assert meter.usage == Usage(30, 0.5)


def test_an_answer_goes_to_the_permission_it_was_given_for_one_after_the_other(plugin: Plugin) -> None:
    plugin.ask("p1", "touch one $(touch pwned)")
    plugin.ask("p2", "touch two")
    for name, wish, allow in (("p1", "touch one $(touch pwned)", True), ("p2", "touch two", False)):
        pipe, doing = wait_until(lambda: waiting_hook(plugin.directory, OPENCODE), message="the question")
        assert doing == wish
        decision = {"behavior": "allow" if allow else "deny"}
        fd = wait_until(lambda pipe=pipe: try_open(pipe), message="its reader")  # type: ignore[misc]
        os.write(fd, json.dumps({"hookSpecificOutput": {"decision": decision}}).encode() + b"\n")
        os.close(fd)
        answer = json.loads(plugin.said())
        assert answer == {
            "path": {"id": "s", "permissionID": name},
            "body": {"response": "once" if allow else "reject"},
        }
        plugin.tell("permission.replied", sessionID="s", requestID=name, reply="once")
    assert plugin.state() == ("working", "")
    assert not list(plugin.directory.glob("ask-*"))
    assert not list(plugin.directory.parent.rglob("pwned"))


def test_a_permission_that_is_answered_in_the_window_leaves_nothing_that_waits(plugin: Plugin) -> None:
    plugin.ask("p1", "touch one")
    pipe, _ = wait_until(lambda: waiting_hook(plugin.directory, OPENCODE), message="the question")
    plugin.tell("permission.replied", sessionID="s", requestID="p1", reply="once")
    assert not pipe.exists()
    assert waiting_hook(plugin.directory, OPENCODE) is None


def try_open(pipe: Path) -> int | None:
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def test_a_configuration_that_is_there_is_added_to_or_left_alone(tmp_path: Path) -> None:
    given = {"OPENCODE_CONFIG_CONTENT": '{"permission": "ask", "plugin": ["own"]}'}
    values = json.loads(with_plugin(tmp_path, given)["OPENCODE_CONFIG_CONTENT"])
    assert (values["permission"], values["plugin"][0]) == ("ask", "own")
    assert values["plugin"][1].startswith("file:///")
    for broken in ("{// comments", "[]", '{"plugin": 1}', '{"plugin": "own"}'):
        assert with_plugin(tmp_path, {"OPENCODE_CONFIG_CONTENT": broken}) == {}


@pytest.mark.parametrize(
    "options",
    ['{"apiKey": "s3cr3t"}', '{"headers": {"Authorization": "x"}}', '{"name": "sk-ant-api03-0123456789abcdef"}'],
)
def test_a_configuration_with_a_secret_is_not_written_down(tmp_path: Path, options: str) -> None:
    given = f'{{"provider": {{"own": {{"options": {options}}}}}}}'
    assert with_plugin(tmp_path, {"OPENCODE_CONFIG_CONTENT": given}) == {}
    named = {"OPENCODE_CONFIG_CONTENT": '{"provider": {"own": {"options": {"apiKey": "{env:OWN_KEY}"}}}}'}
    assert "{env:OWN_KEY}" in with_plugin(tmp_path, named)["OPENCODE_CONFIG_CONTENT"]
