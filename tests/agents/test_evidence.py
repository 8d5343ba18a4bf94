"""What an agent's state rests on."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.agents.evidence import (
    HOOK_AGE_LIMIT,
    Report,
    Terminal,
    Trail,
    brief,
    last_report,
    observe_agent,
    read_trail,
)
from coordinator.agents.registry import find_runtime, known_runtime, packaged_runtimes
from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import AgentState
from coordinator.model.step import Attempt, Exit, Receipt, StepState
from coordinator.model.work import prompt_work

NOW = 1_800_000_000.0
AT = "2027-01-15T08:00:00Z"
ATTEMPT = Attempt(prompt_work(7), 1, "run-1", 1, StepState.RUNNING, AT, AT, "executor-07-1", window="@3", pane="%5")
LIMITED = AgentState.RATE_LIMITED
ALIVE = Terminal(True, NOW, "@3", "%5")
GONE = Terminal(False, NOW)
LIMIT = "You've hit your session limit · resets 11am (UTC)"
RECEIPT = Receipt("done", "did it", "executor-07-1", AT)


def ended(status: int, receipt: Receipt | None = None) -> Attempt:
    return replace(ATTEMPT, exit=Exit(status, AT), receipt=receipt)


@pytest.mark.parametrize(
    ("attempt", "terminal", "report", "state", "evidence"),
    [
        (ended(0, RECEIPT), GONE, None, AgentState.FINISHED, "receipt"),
        (ended(0), GONE, None, AgentState.FINISHED, "exit.json"),
        (ended(1), ALIVE, None, AgentState.CRASHED, "exit.json"),
        (replace(ended(143), kill="hold"), GONE, None, AgentState.KILLED, "step.json"),
        (replace(ATTEMPT, state=StepState.BLOCKED, killed=True), GONE, None, AgentState.KILLED, "step.json"),
        (replace(ended(143, RECEIPT), killed=True), GONE, None, AgentState.FINISHED, "receipt"),
        (ended(143, RECEIPT), GONE, None, AgentState.FINISHED, "receipt"),
        (ended(1, replace(RECEIPT, outcome="failed")), GONE, None, AgentState.FINISHED, "receipt"),
        (ATTEMPT, GONE, Report(AgentState.WORKING, NOW), AgentState.LOST, "window"),
        (ATTEMPT, ALIVE, None, AgentState.WORKING, "window"),
        (ATTEMPT, None, None, AgentState.UNKNOWN, "none"),
        (ATTEMPT, ALIVE, Report(AgentState.PERMISSION, NOW - 5), AgentState.PERMISSION, "hook"),
        (ATTEMPT, ALIVE, Report(AgentState.WORKING, NOW - HOOK_AGE_LIMIT - 1), AgentState.UNKNOWN, "hook"),
        (ATTEMPT, ALIVE, Report(AgentState.PERMISSION, NOW - 86_400), AgentState.PERMISSION, "hook"),
        (ATTEMPT, ALIVE, Report(LIMITED, NOW - 18_000, resets_at=NOW + 60), LIMITED, "hook"),
        (ATTEMPT, ALIVE, Report(LIMITED, NOW - 18_000, resets_at=NOW - 901), AgentState.UNKNOWN, "hook"),
        (replace(ATTEMPT, receipt=RECEIPT), ALIVE, None, AgentState.FINISHED, "receipt"),
        (replace(ATTEMPT, state=StepState.DISPATCHED), None, None, AgentState.STARTING, "step.json"),
        (replace(ATTEMPT, state=StepState.DISPATCHED), GONE, None, AgentState.STARTING, "step.json"),
        (replace(ATTEMPT, state=StepState.FAILED), GONE, None, AgentState.LOST, "step.json"),
    ],
)
def test_an_agents_state_rests_on_the_best_evidence(
    attempt: Attempt, terminal: Terminal | None, report: Report | None, state: AgentState, evidence: str
) -> None:
    agent = observe_agent(attempt, terminal=terminal, report=report)
    assert (agent.state, agent.evidence) == (state, evidence)


def test_a_running_process_of_a_cli_with_hooks_is_unknown_until_it_reports() -> None:
    assert observe_agent(ATTEMPT, terminal=ALIVE, reports_itself=True).state is AgentState.UNKNOWN


def test_evidence_carries_its_own_time() -> None:
    agent = observe_agent(ATTEMPT, terminal=ALIVE, report=Report(AgentState.WORKING, NOW - 30))
    assert agent.to_json(NOW)["age_s"] == 30.0


def test_the_newest_usable_status_line_counts() -> None:
    lines = [
        {"at": NOW - 9, "state": "working", "doing": "reads", "tokens": 12, "cost_usd": 0.5},
        {"at": AT, "state": "permission"},
        {"at": NOW, "state": "crashed"},
        {"at": NOW, "state": "no such state"},
    ]
    data = b"\n".join(json.dumps(line).encode() for line in lines) + b'\n{"at": 18'
    assert last_report(data) == Report(AgentState.PERMISSION, 1_800_000_000.0)
    assert last_report(json.dumps(lines[0]).encode()) == Report(AgentState.WORKING, NOW - 9, "reads", 12, 0.5)


def test_a_limit_carries_its_end_from_the_line_to_the_json() -> None:
    line = {"at": NOW - 5, "state": "rate-limited", "doing": "429", "source": "screen", "resets_at": NOW + 60}
    report = last_report(json.dumps(line).encode())
    told = observe_agent(ATTEMPT, terminal=ALIVE, report=report)
    assert told.resets_at == NOW + 60
    assert told.to_json(NOW)["resets_at"] == "2027-01-15T08:01:00Z"
    for wrong in (True, "soon", -1, {}, 1e300):
        assert last_report(json.dumps(line | {"resets_at": wrong}).encode()) == replace(report, resets_at=None)
    working = last_report(json.dumps(line | {"state": "working"}).encode())
    assert observe_agent(ATTEMPT, terminal=ALIVE, report=working).resets_at is None
    assert observe_agent(ATTEMPT, terminal=GONE, report=report).to_json(NOW)["resets_at"] is None


def test_who_told_when_a_limit_ends_is_not_forgotten_for_what_the_screen_shows_after_that() -> None:
    def line(ago: float, state: str = "rate-limited", **values: object) -> bytes:
        return json.dumps({"at": NOW - ago, "state": state, **values}).encode() + b"\n"

    told, shown = line(60, resets_at=NOW + 600), line(50, source="screen", doing="429", retries=True)
    report = last_report(told + shown)
    assert report is not None
    assert (report.source, report.resets_at, report.retries) == ("screen", NOW + 600, True)
    for data in (told + line(55, "working") + shown, line(60, resets_at=NOW - 55) + shown):
        report = last_report(data)
        assert report is not None
        assert (report.state, report.resets_at) == (LIMITED, None)


def test_a_hook_that_tells_when_its_limit_ends_is_understood() -> None:
    payload = {"hook_event_name": "StopFailure", "error": "rate_limit", "last_assistant_message": LIMIT}
    line = b'{"at":"%s","ask":"","hook":%s}\n' % (AT.encode(), json.dumps(payload).encode())
    report = last_report(line, find_runtime("claude", {}))
    assert report is not None
    assert (report.state, report.resets_at) == (AgentState.RATE_LIMITED, NOW + 3 * 3600)


@given(st.binary(max_size=300))
def test_no_status_file_of_an_agent_breaks_the_reader(data: bytes) -> None:
    assert last_report(data) is None
    assert last_report(b'{"at": 1.5e9, "state": "idle"}\n' + data) in (Report(AgentState.IDLE, 1.5e9), None)


@pytest.mark.parametrize("runtime", [name for name in packaged_runtimes() if name != "scripted"])
@pytest.mark.parametrize(
    "value", [["x"], {"x": 1}, 10**400, None, True, "\ud800"], ids=["list", "dict", "huge", "null", "true", "half"]
)
def test_no_payload_of_a_hook_breaks_the_loop_that_reads_it(runtime: str, value: object) -> None:
    known = known_runtime(runtime)
    for kind in ("PreToolUse", "Notification", "retry", "permission", value):
        names = ("next", "message", "tool_name", "tool_input", "details", "error", "last_assistant_message")
        payload = {"hook_event_name": kind, "type": kind, **dict.fromkeys(names, value)}
        line = b'{"at":"%s","ask":"","hook":%s}\n' % (AT.encode(), json.dumps(payload).encode())
        last_report(line, known)
        read_trail(line, known)


def told(*lines: tuple[float, dict[str, object]]) -> bytes:
    return b"".join(json.dumps({"at": at, **line}).encode() + b"\n" for at, line in lines)


def test_a_trail_tells_since_when_an_agent_works_without_a_stop() -> None:
    work, ask = {"state": "working"}, {"state": "permission"}
    assert read_trail(told((10, work), (20, ask), (30, work), (40, work))).resumed == 30
    assert read_trail(told((10, work), (20, work))).resumed == 0.0
    assert read_trail(told((10, work), (20, ask))).resumed == 0.0
    assert read_trail(b"\xff{broken\n") == Trail()


def test_a_trail_tells_when_the_tokens_it_reports_came_to_what_they_are() -> None:
    def at(tokens: int) -> dict[str, object]:
        return {"state": "working", "tokens": tokens}

    assert read_trail(told((10, at(5)), (20, at(7)), (30, {"state": "working"}), (40, at(7)))).grown == 20
    assert read_trail(told((10, {"state": "working"}))).grown == 0.0


def hooked(second: int, event: str, **payload: object) -> bytes:
    hook = json.dumps({"hook_event_name": event, "tool_name": "Bash", **payload})
    return f'{{"at":"2027-01-15T08:00:{second:02d}Z","ask":"","hook":{hook}}}\n'.encode()


def test_a_trail_tells_a_call_that_comes_again_and_again_and_never_guesses() -> None:
    claude = find_runtime("claude", {})

    def call(second: int, command: str) -> bytes:
        return hooked(second, "PreToolUse", tool_input={"command": command})

    same = b"".join(call(n, "make test") + hooked(n, "PostToolUse") for n in range(3, 8))
    trail = read_trail(call(1, "ls") + same, claude)
    assert (trail.call, trail.calls, trail.calling) == ("Bash: make test", 5, NOW + 3)
    assert read_trail(same + call(9, "ls"), claude).calls == 1
    cut = hooked(8, "PreToolUse", tool_input="cut off")
    assert read_trail(same + cut, claude).calls == 0
    assert read_trail(same + cut + call(9, "make test"), claude).calls == 1
    assert read_trail(same, None).calls == 0


def test_what_is_left_out_of_a_long_wish_is_told_by_an_ellipsis() -> None:
    wish = "touch a; " * 40 + "rm -rf b"
    line = json.dumps({"at": NOW, "state": "permission", "doing": wish, "source": "hook"}).encode()
    report = last_report(line)
    assert report is not None
    assert report.doing == brief(wish)
    assert (brief(wish)[:200], brief(wish)[-1]) == (brief(brief(wish)), "…")
    assert brief("rm -rf\n  b") == "rm -rf b"
