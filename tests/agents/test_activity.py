"""What is noted of an agent's screen, and what is not."""

import json
import time
from pathlib import Path
from typing import Any

from coordinator.agents.hooks import STATUS
from coordinator.agents.registry import find_runtime
from coordinator.agents.runtime import Place, Usage
from coordinator.agents.usage import Meter, read_usage, write_usage
from coordinator.loop.monitors.activity import ActivityMonitor, Watched, note_screen, watch_one
from coordinator.model.clock import timestamp
from coordinator.model.pane_screen import Screen
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import prompt_work
from coordinator.storage.config import load_config
from coordinator.storage.paths import Layout
from coordinator.terminals.screen import parse
from coordinator.terminals.server import Terminals

CAPTURES = Path(__file__).parent / "captures" / "screens"
AT = "2027-01-15T08:00:00Z"


def screen(name: str) -> Screen:
    return parse((CAPTURES / f"{name}.ansi.txt").read_bytes(), 120, 40)


def watched(directory: Path) -> Watched:
    runtime = find_runtime("opencode", {})
    attempt = Attempt(prompt_work(7), 1, "run-1", 1, StepState.RUNNING, AT, AT, "executor-07-1")
    return Watched(attempt, runtime, directory, Meter(runtime, Place(directory, directory)))


def noted(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / STATUS).read_text().splitlines()]


def test_a_screen_is_noted_once_and_again_when_its_limit_ends_another_time(tmp_path: Path) -> None:
    agent, now = watched(tmp_path), time.time() + 60
    note_screen(agent, screen("opencode-retrying-429-after"), now)
    note_screen(agent, screen("opencode-retrying-429-after"), now + 1)
    note_screen(agent, screen("opencode-retrying-429-after"), now + 20)
    assert [round(line["resets_at"] - now) for line in noted(tmp_path)] == [37, 57]
    note_screen(agent, screen("opencode-working"), now + 21)
    assert noted(tmp_path)[-1]["state"] == "working"
    assert "resets_at" not in noted(tmp_path)[-1]


def test_another_question_is_noted_though_the_agent_was_asking_before(tmp_path: Path) -> None:
    agent, now = watched(tmp_path), time.time() + 60
    for after, name in enumerate(("bash", "bash", "write", "write")):
        note_screen(agent, screen(f"opencode-permission-{name}"), now + after)
    assert [line["state"] for line in noted(tmp_path)] == ["permission", "permission"]
    first, second = (line["doing"] for line in noted(tmp_path))
    assert first != second


def test_a_screen_does_not_overrule_what_a_hook_has_just_said(tmp_path: Path) -> None:
    agent = watched(tmp_path)
    (tmp_path / STATUS).write_text('{"at":"2027-01-15T08:00:00.000Z","ask":"","hook":{"type":"idle"}}\n')
    for after in (-1.0, 0.0, 4.9):
        note_screen(agent, screen("opencode-working"), timestamp(AT) + after)
        assert len(noted(tmp_path)) == 1
    note_screen(agent, screen("opencode-working"), timestamp(AT) + 5.1)
    assert noted(tmp_path)[-1]["state"] == "working"


def test_what_was_used_is_kept_where_its_session_can_t_be_found_any_more(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    attempt = Attempt(prompt_work(7), 1, "run-1", 1, StepState.RUNNING, AT, AT, "executor-07-1", runtime="opencode")
    directory = layout.attempt("run-1", prompt_work(7), 1)
    directory.mkdir(parents=True)
    write_usage(directory, Usage(5000, 1.25))
    layout.config.write_text("")
    config = load_config(layout)
    agent = watch_one(layout, config, attempt)
    assert agent is not None
    ActivityMonitor(layout, config, Terminals("coord-test-none", "coord"))._read_session(agent)
    assert read_usage(directory) == (5000, 1.25)
