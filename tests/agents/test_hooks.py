"""The hook that agent CLIs call, run by a real shell; and which word on an agent's state counts."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.wait import wait_until

from coordinator.agents.evidence import last_report
from coordinator.agents.hooks import LINE_LIMIT, hook_command, hook_line, write_hook
from coordinator.agents.registry import find_runtime
from coordinator.apply.permissions import waiting_hook
from coordinator.model.snapshot import AgentState

CLAUDE = find_runtime("claude", {})
WRITE = {"hook_event_name": "PermissionRequest", "tool_name": "Write", "tool_input": {"file_path": "a.txt"}}


def tell(directory: Path, payload: object, way: str = "note") -> None:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    subprocess.run(hook_command(directory / "hook.sh", way), shell=True, input=text.encode(), check=True)


def lines(directory: Path) -> list[bytes]:
    return (directory / "status.jsonl").read_bytes().splitlines()


@pytest.mark.parametrize("name", ["plain", "a b'c\"d$(touch pwned)", "日本"])
def test_the_hook_notes_what_it_is_told_wherever_it_is(tmp_path: Path, name: str) -> None:
    directory = tmp_path / name
    directory.mkdir()
    write_hook(directory)
    payload = {"hook_event_name": "Stop", "text": "日本\n%s \\n $(touch pwned) `x`", "background_tasks": []}
    tell(directory, json.dumps(payload, indent=1))
    (line,) = map(hook_line, lines(directory))
    assert line is not None
    assert line.payload == payload
    assert not list(tmp_path.rglob("pwned"))


def test_a_long_payload_keeps_what_tells_the_state(tmp_path: Path) -> None:
    write_hook(tmp_path)
    text = '"background_tasks":[{"id":1}]' * 10_000
    tell(tmp_path, {"hook_event_name": "Stop", "last_assistant_message": text, "background_tasks": []})
    busy = [{"id": "a", "type": "subagent"}]
    tell(tmp_path, {"hook_event_name": "Stop", "last_assistant_message": text, "background_tasks": busy})
    tell(tmp_path, {"hook_event_name": "PostToolUse", "tool_name": "Write", "tool_input": {"content": text}})
    assert all(len(line) < LINE_LIMIT + 200 for line in lines(tmp_path))
    told = [CLAUDE.heard(line.payload) for raw in lines(tmp_path) if (line := hook_line(raw))]
    assert [said.state for said in told if said] == [AgentState.IDLE, AgentState.WORKING, AgentState.WORKING]


def test_many_hooks_at_once_leave_whole_lines(tmp_path: Path) -> None:
    write_hook(tmp_path)
    payload = {"hook_event_name": "PreToolUse", "text": "x" * 3_000}
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: tell(tmp_path, payload), range(64)))
    assert [line.payload for raw in lines(tmp_path) if (line := hook_line(raw))] == [payload] * 64
    assert [path.name for path in tmp_path.glob(".hook*")] == []


def test_a_question_waits_at_its_pipe_and_prints_the_answer(tmp_path: Path) -> None:
    write_hook(tmp_path)
    asking = subprocess.Popen(
        hook_command(tmp_path / "hook.sh", "ask"), shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert asking.stdin is not None
    asking.stdin.write(json.dumps(WRITE).encode())
    asking.stdin.close()
    pipe, doing = wait_until(lambda: waiting_hook(tmp_path, CLAUDE), message="the question")
    assert doing == "Write: a.txt"
    assert asking.poll() is None
    fd = wait_until(lambda: try_open(pipe), message="its reader")
    os.write(fd, b'{"answer": "yes"}\n')
    os.close(fd)
    assert asking.stdout is not None
    assert asking.stdout.read() == b'{"answer": "yes"}\n'
    assert asking.wait(90) == 0
    assert waiting_hook(tmp_path, CLAUDE) is None


def try_open(pipe: Path) -> int | None:
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def test_the_status_line_is_kept_beside_not_among_the_states(tmp_path: Path) -> None:
    write_hook(tmp_path)
    tell(tmp_path, {"cost": {"total_cost_usd": 1.5}}, "line")
    assert json.loads((tmp_path / "statusline.json").read_text())["cost"]["total_cost_usd"] == 1.5
    assert not (tmp_path / "status.jsonl").exists()


def hook(second: int, payload: object) -> bytes:
    return b'{"at":"2027-01-15T08:00:%02dZ","ask":"","hook":%s}\n' % (second, json.dumps(payload).encode())


def noted(second: float, state: str, source: str) -> bytes:
    at = 1_800_000_000 + second  # 2027-01-15T08:00:00Z
    return json.dumps({"at": at, "state": state, "source": source}).encode() + b"\n"


def test_of_two_words_the_fresher_counts() -> None:
    asks, stops = hook(10, WRITE), hook(20, {"hook_event_name": "Stop", "background_tasks": []})
    for data, state, source in (
        (asks + noted(15, "interrupted", "screen"), "interrupted", "screen"),
        (asks + noted(5, "working", "session"), "permission", "hook"),
        (noted(12, "working", "screen") + asks + stops, "idle", "hook"),
        (noted(20.9, "permission", "screen") + stops, "idle", "hook"),  # a hook tells whole seconds: order decides
        (stops + b"{broken\n" + b'{"at":"x","ask":"","hook":{}}\n', "idle", "hook"),
    ):
        report = last_report(data, CLAUDE)
        assert report is not None
        assert (report.state.value, report.source) == (state, source)


def test_nothing_known_is_nothing_said() -> None:
    assert last_report(b"", CLAUDE) is None
    assert last_report(hook(10, {"hook_event_name": "SessionEnd"}), CLAUDE) is None
    assert last_report(hook(10, WRITE), None) is None
