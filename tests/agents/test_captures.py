"""Real screens, hook payloads and session files of real agent CLIs: what coord takes them for."""

import json
import time
from datetime import UTC
from pathlib import Path

import pytest

from coordinator.agents.jsonl_tail import Tail
from coordinator.agents.rate_limits import reset_time
from coordinator.agents.registry import find_runtime
from coordinator.agents.runtime import Place, Runtime, Usage
from coordinator.agents.usage import Meter
from coordinator.model.clock import timestamp
from coordinator.model.snapshot import AgentState
from coordinator.terminals.screen import parse

CAPTURES = Path(__file__).parent / "captures"
W, P, I, A, X, L = (  # noqa: E741
    AgentState.WORKING,
    AgentState.PERMISSION,
    AgentState.IDLE,
    AgentState.WAITING,
    AgentState.INTERRUPTED,
    AgentState.RATE_LIMITED,
)
CODEX_URL = "url: http://127.0.0.1:39791/v1/responses"

SCREENS: dict[str, tuple[AgentState | None, str]] = {
    "claude-401": (X, "401 invalid x-api-key"),
    "claude-ask-answered": (I, ""),
    "claude-ask-question": (A, "Which database should I use?"),
    "claude-bypass-idle": (I, ""),
    "claude-denied": (X, ""),
    "claude-error-400": (X, "400 messages: something invalid"),
    "claude-exited": (None, ""),
    "claude-finished": (I, ""),
    "claude-first-1": (None, ""),
    "claude-first-2": (A, "Quick safety check: Is this a project you created or one you trust?"),
    "claude-first-3": (A, "Do you want to use this API key?"),
    "claude-idle": (I, ""),
    "claude-idle-first": (I, ""),
    "claude-interrupted": (X, ""),
    "claude-perm-hook-done": (I, ""),
    "claude-permission-bash": (P, "touch b.txt && sleep 3"),
    "claude-retrying-401-200x50": (X, "401 invalid x-api-key"),
    "claude-retrying-429-200x50": (L, "429 too many requests"),
    "claude-retrying-529-200x50": (L, "529 Overloaded"),
    "claude-retrying-dropped-200x50": (X, "Connection dropped (ECONNRESET)"),
    "claude-permission-beside-panel-200x50": (
        P,
        'coord ask "Which colour?" --option red --option blue --wait >colour.txt',
    ),
    "claude-permission-write": (P, "Do you want to create a.txt?"),
    "claude-ratelimited": (L, "429 This request would exceed your account rate limit"),
    "claude-resumed": (I, ""),
    "claude-retrying-529": (L, "529 Overloaded"),
    "claude-typed": (I, ""),
    "claude-unreachable": (X, "Connection refused — a firewall or proxy may be blocking it (ECONNREFUSED)"),
    "claude-unreachable-retrying": (X, "Connection refused — a firewall or proxy may be blocking it (ECONNREFUSED)"),
    "claude-usage-limit": (L, "Usage limit reached"),
    "claude-usage-limit-cancelled": (X, ""),
    "claude-working": (W, ""),
    "claude-working-bash": (W, ""),
    "codex-429": (L, "exceeded retry limit, last status: 429 Too Many Requests"),
    "codex-error": (X, "We’re currently experiencing high demand, which may cause temporary errors."),
    "codex-exited": (None, ""),
    "codex-finished": (I, ""),
    "codex-first-1": (None, ""),
    "codex-first-2": (A, "Hooks need review"),
    "codex-nodaemon-working": (None, ""),
    "codex-permission": (P, "touch /home/users/outside.txt"),
    "codex-resume-cwd": (A, ""),
    "codex-retrying-401": (X, f"Unexpected status 401 Unauthorized: Incorrect API key provided: dummy., {CODEX_URL}"),
    "codex-retrying-503": (L, f"Unexpected status 503 Service Unavailable: Overloaded, {CODEX_URL}"),
    "codex-retrying-529": (L, f"Unexpected status 529 <unknown status code>: Overloaded, {CODEX_URL}"),
    "codex-trust": (I, ""),
    "codex-trust-c": (I, ""),
    "codex-usage-limit": (
        L,
        "You’ve hit your usage limit. Upgrade to Pro (https://chatgpt.com/explore/pro), visit "
        "https://chatgpt.com/settings/ usage to purchase more credits or try again…",
    ),
    "codex-working": (W, ""),
    "codex-working-dropped": (W, ""),
    "gemini-401": (X, "API key not valid. Please pass a valid API key."),
    "gemini-auth": (A, "How would you like to authenticate for this project?"),
    "gemini-denied": (X, ""),
    "gemini-finished": (I, ""),
    "gemini-interrupted": (X, ""),
    "gemini-permission": (P, "Shell ls; sleep 4"),
    "gemini-quota": (L, "Usage limit reached for gemini-3.8-flash."),
    "gemini-quota-resets": (L, "Usage limit reached for gemini-3.8-flash."),
    "gemini-retrying-429": (W, ""),
    "gemini-trust": (A, "Do you trust the files in this folder?"),
    "gemini-trust-over-permission": (A, "Do you trust the files in this folder?"),
    "gemini-typed": (I, ""),
    "gemini-working": (W, ""),
    "gemini-working-shell": (W, ""),
    "opencode-401": (None, ""),
    "opencode-denied": (None, ""),
    "opencode-finished": (I, ""),
    "opencode-finished-200x50": (I, ""),
    "opencode-interrupted": (X, ""),
    "opencode-permission-200x50": (P, "pwd; sleep 1"),
    "opencode-permission-bash": (P, "ls; sleep 2"),
    "opencode-permission-write": (P, "Edit made.txt"),
    "opencode-question": (A, "Which colour do you like?"),
    "opencode-retrying-429": (L, "This request would exceed your account rate limit"),
    "opencode-retrying-429-after": (L, "This request would exceed your account rate limit"),
    "opencode-retrying-529": (L, "Provider is overloaded"),
    "opencode-retrying-dropped": (
        X,
        "Cannot connect to API: The socket connection was closed unexpectedly. For more i… (click to expand)",
    ),
    "opencode-stopped-retrying": (None, ""),
    "opencode-subagent-permission": (P, "sleep 3"),
    "opencode-typed": (None, ""),
    "opencode-working": (W, ""),
}
"""None: the screen alone can't tell."""
HOOKS: dict[str, tuple[AgentState | None, str]] = {
    "claude-MessageDisplay": (W, ""),
    "claude-Notification-idle_prompt": (I, ""),
    "claude-Notification-permission_prompt": (P, ""),
    "claude-PermissionRequest": (P, "Write: /home/users/work/t3/a.txt"),
    "claude-PermissionRequest-AskUserQuestion": (A, "Which database should I use?"),
    "claude-PostToolBatch": (W, ""),
    "claude-PostToolUse": (W, "Write: /home/users/work/t3/a.txt"),
    "claude-PostToolUseFailure": (W, "Bash: touch b.txt && ls; exit 3"),
    "claude-PreToolUse": (W, "Write: /home/users/work/t3/a.txt"),
    "claude-SessionEnd-other": (None, ""),
    "claude-SessionEnd-prompt_input_exit": (None, ""),
    "claude-SessionStart-resume": (I, ""),
    "claude-SessionStart-startup": (I, ""),
    "claude-Stop": (I, ""),
    "claude-Stop-with-background-tasks": (W, ""),
    "claude-StopFailure-rate_limit": (L, "API Error: Request rejected (429) · rate limited"),
    "claude-StopFailure-server_error": (
        X,
        "API Error: Connection refused — a firewall or proxy may be blocking it (ECONNREFUSED)",
    ),
    "claude-StopFailure-unknown": (X, "API Error: 400 messages: something invalid"),
    "claude-SubagentStart": (W, ""),
    "claude-SubagentStop": (W, ""),
    "claude-UserPromptSubmit": (W, ""),
    "claude-statusLine": (None, ""),
    "codex-PermissionRequest": (P, "touch /home/users/outside.txt"),
    "codex-PostToolUse": (W, ""),
    "codex-PreToolUse": (W, ""),
    "codex-SessionEnd-other": (None, ""),
    "codex-SessionStart": (I, ""),
    "codex-Stop": (I, ""),
    "codex-UserPromptSubmit": (W, ""),
    "codex-notify": (None, ""),
    "codex-notify-title-thread-noise": (None, ""),
    "gemini-AfterAgent": (I, ""),
    "gemini-AfterTool": (W, ""),
    "gemini-BeforeAgent": (W, ""),
    "gemini-BeforeTool": (W, ""),
    "gemini-Notification-ToolPermission": (P, "touch gmt.txt"),
    "gemini-SessionEnd-exit": (None, ""),
    "gemini-SessionStart": (I, ""),
}


def runtime_of(name: str) -> Runtime:
    return find_runtime(name.partition("-")[0], {})


def screen(name: str) -> str:
    """The capture as coord sees it: with its colours, through its own parser."""
    capture = (CAPTURES / "screens" / f"{name}.ansi.txt").read_bytes()
    return parse(capture, *((200, 50) if "200x50" in name else (120, 40))).plain()


def test_every_capture_is_judged() -> None:
    assert {path.name.removesuffix(".ansi.txt") for path in (CAPTURES / "screens").glob("*.ansi.txt")} == set(SCREENS)
    assert {path.stem for path in (CAPTURES / "hooks").glob("*.json")} == set(HOOKS)


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_shows_its_state_or_nothing(name: str) -> None:
    said = runtime_of(name).seen(screen(name))
    assert (said.state if said else None, said.doing if said else "") == SCREENS[name]


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_tells_its_state_or_nothing(name: str) -> None:
    said = runtime_of(name).heard(json.loads((CAPTURES / "hooks" / f"{name}.json").read_text()))
    assert (said.state if said else None, said.doing if said else "") == HOOKS[name]


@pytest.mark.parametrize("name", SCREENS)
def test_text_may_be_pasted_only_where_a_composer_is_empty(name: str) -> None:
    empty = {n for n in SCREENS if SCREENS[n][0] in (I, X, L, W)} - {"claude-typed", "gemini-typed"}
    empty -= {"gemini-quota", "gemini-quota-resets"}  # a dialog that asks how to go on
    empty |= {"codex-first-1", "codex-nodaemon-working"}
    empty |= {"opencode-401", "opencode-denied", "opencode-stopped-retrying"}
    assert runtime_of(name).composer_is_empty(screen(name)) == (name in empty)


RESETS = {
    "claude-ratelimited": 1,
    "claude-retrying-529": 1,
    "claude-usage-limit": 5640,
    "opencode-retrying-429": 4,
    "opencode-retrying-429-after": 37,
    "opencode-retrying-529": 1,
    "codex-usage-limit": 5340,
    "gemini-quota-resets": 3780,
}
"""Seconds from 08:10 UTC until the limit ends, where the screen says that."""


@pytest.mark.parametrize("name", [name for name in SCREENS if "200x50" not in name])
def test_a_screen_tells_when_a_limit_ends_or_nothing(name: str) -> None:
    at = timestamp("2026-11-28T08:10:00Z")
    said = runtime_of(name).seen(screen(name))
    resets = reset_time(said, at, UTC) if said else None
    assert resets == (at + RESETS[name] if name in RESETS else None)


@pytest.mark.parametrize(
    "name",
    [
        "claude-permission-bash",
        "codex-permission",
        "gemini-permission",
        "opencode-permission-bash",
        "opencode-question",
    ],
)
def test_a_question_that_an_agent_only_prints_is_none(name: str) -> None:
    above = "\n".join(line for line in screen(name).splitlines() if line.strip())
    idle = screen(f"{name.partition('-')[0]}-finished")
    said = runtime_of(name).seen(above + "\n" + idle)
    assert said is not None
    assert said.state is I


def spent(name: str, *files: str, since: str = "", directory: Path = Path("/nowhere")) -> Usage:
    meter = Meter(find_runtime(name, {}), Place(directory, Path("/nowhere"), since=since))
    for file in files:
        meter.feed(Tail(CAPTURES / "sessions" / f"{file}.jsonl").read())
    return meter.usage


def test_claude_counts_each_message_once_and_its_subagents_too() -> None:
    records = [
        r for f in ("claude-t3", "claude-t3-subagent") for r in Tail(CAPTURES / "sessions" / f"{f}.jsonl").read()
    ]
    usages = {r["message"]["id"]: r["message"]["usage"] for r in records if "usage" in r.get("message", {})}
    expected = sum(u["input_tokens"] + u["output_tokens"] for u in usages.values())
    assert spent("claude", "claude-t3", "claude-t3-subagent").tokens == expected
    assert 0 < spent("claude", "claude-t3").tokens < expected
    assert spent("claude", "claude-t3", since="2099-01-01T00:00:00Z").tokens == 0


def test_claude_tells_its_cost_in_its_status_line(tmp_path: Path) -> None:
    payload = json.loads((CAPTURES / "hooks" / "claude-statusLine.json").read_text())
    payload["cost"]["total_cost_usd"] = 0.25
    (tmp_path / "statusline.json").write_text(json.dumps(payload))
    assert spent("claude", directory=tmp_path) == Usage(0, 0.25)


def test_codex_counts_each_response_of_its_own_time() -> None:
    assert spent("codex", "codex-rollout").tokens == 27_346  # what it printed itself, in codex-exited
    assert spent("codex", "codex-rollout", "codex-rollout").tokens == 27_346
    assert spent("codex", "codex-rollout", since="2026-11-20T21:44:50Z").tokens == 13_724


def test_codex_tells_its_turns_in_its_session_file() -> None:
    codex = find_runtime("codex", {})
    records = Tail(CAPTURES / "sessions" / "codex-rollout.jsonl").read()
    said = [s for record in records if (s := codex.recorded(record))]
    assert [s.state for s in said] == [W, I, W, X]
    assert "high demand" in said[-1].doing


def test_gemini_counts_the_messages_of_a_chat() -> None:
    assert spent("gemini", "gemini-chat") == Usage(7_918)


def headless(name: str, file: str, directory: Path, **environ: str) -> Meter:
    """What a headless run that printed this comes to."""
    (directory / "output.jsonl").write_bytes((CAPTURES / "headless" / file).read_bytes())
    meter = Meter(find_runtime(name, {}), Place(directory, Path("/nowhere"), environ=environ))
    meter.read()
    return meter


def test_claude_without_a_screen_tells_its_tokens_as_it_goes_and_its_cost_at_the_end(tmp_path: Path) -> None:
    meter = headless("claude", "claude-stream-json-denied.jsonl", tmp_path)
    assert meter.usage == Usage(22_290 + 22_439 + 22_573 + 22_680, 0.18124600000000002)
    lines = (tmp_path / "output.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "output.jsonl").write_text("".join(lines[:-1]))
    half = Meter(find_runtime("claude", {}), Place(tmp_path, Path("/nowhere")))
    half.read()
    assert half.usage == Usage(meter.usage.tokens, None)
    assert half.said is not None
    assert half.said[1].state is W


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        ("claude", "claude-429.jsonl", "API Error: Request rejected (429) · rate limited"),
        ("codex", "codex-exec-429.jsonl", "exceeded retry limit, last status: 429 Too Many Requests"),
    ],
)
def test_a_headless_run_that_ends_at_a_limit_says_so_last(name: str, file: str, words: str, tmp_path: Path) -> None:
    said = headless(name, file, tmp_path).said
    assert said is not None
    assert (said[1].state, said[1].doing, said[1].retries) == (L, words, False)


def test_the_limit_of_an_account_is_told_with_its_end_by_a_line_of_its_own(tmp_path: Path) -> None:
    """Written by hand: no account was at its limit when the captures were made."""
    claude = find_runtime("claude", {})
    line = {"type": "rate_limit_event", "session_id": "x", "rate_limit_info": {"status": "allowed_warning"}}
    assert claude.recorded(line) is None
    now = time.time()
    line["rate_limit_info"] = {"status": "rejected", "resetsAt": now + 60, "rateLimitType": "five_hour"}
    last = {"type": "result", "session_id": "x", "is_error": True, "result": "You've hit your session limit"}
    meter = Meter(claude, Place(tmp_path, tmp_path))
    meter.feed([line, last], now)
    assert meter.said is not None
    assert (meter.said[1].state, meter.said[1].resets_at) == (L, now + 60)


def test_codex_without_a_session_file_is_counted_by_what_it_prints(tmp_path: Path) -> None:
    assert headless("codex", "codex-exec-ok.jsonl", tmp_path, CODEX_HOME=str(tmp_path)).usage == Usage(20_847)


def test_gemini_sums_up_at_the_end_what_no_chat_file_told() -> None:
    gemini = find_runtime("gemini", {})
    assert gemini.summed({"type": "result", "stats": {"total_tokens": 12}}) == Usage(12)
    assert gemini.summed({"type": "message", "stats": {"total_tokens": 12}}) is None
