"""Session files are read on while they grow, and what they add up to is kept."""

import json
from pathlib import Path

from coordinator.agents.registry import find_runtime
from coordinator.agents.runtime import Place, Said, Usage
from coordinator.agents.usage import Meter, read_usage, write_usage
from coordinator.model.snapshot import AgentState

SESSION = "11111111-2222-4333-8444-555555555555"


def message(number: int, tokens: int, at: str = "2027-01-15T08:00:00Z") -> str:
    usage = {"input_tokens": tokens, "output_tokens": 1}
    return json.dumps({"timestamp": at, "message": {"id": f"msg_{number}", "usage": usage}}) + "\n"


def test_a_growing_session_is_read_on_with_its_subagents(tmp_path: Path) -> None:
    folder = tmp_path / "projects" / "-work"
    folder.mkdir(parents=True)
    own = folder / f"{SESSION}.jsonl"
    since = "2027-01-15T07:00:00Z"
    place = Place(tmp_path, tmp_path, SESSION, since, {"CLAUDE_CONFIG_DIR": str(tmp_path)})
    meter = Meter(find_runtime("claude", {}), place)
    meter.read()
    assert meter.usage == Usage(0)
    own.write_text(message(0, 500, "2027-01-15T06:00:00Z") + message(1, 10) + message(1, 10) + message(2, 20)[:-30])
    meter.read()
    assert meter.usage.tokens == 11
    with own.open("a") as stream:
        stream.write(message(2, 20)[-30:] + "{broken\n" + message(3, 30))
    meter.read()
    assert meter.usage.tokens == 11 + 21 + 31
    sub = folder / SESSION / "subagents"
    sub.mkdir(parents=True)
    (sub / "agent-1.jsonl").write_text(message(4, 40))
    for _ in range(5):
        meter.read()
    assert meter.usage.tokens == 11 + 21 + 31 + 41


def test_codex_is_known_by_the_folder_it_works_in(tmp_path: Path) -> None:
    day = tmp_path / "sessions" / "2027" / "01" / "15"
    day.mkdir(parents=True)
    for cwd, session in (("/w/07-1", SESSION), ("/w/07-10", SESSION.replace("1", "9"))):
        path = day / f"rollout-2027-01-15T08-00-00-{session}.jsonl"
        path.write_text(json.dumps({"type": "session_meta", "payload": {"cwd": cwd}}) + "\n")
    place = Place(tmp_path, Path("/w/07-1"), since="2027-01-15T07:00:00Z", environ={"CODEX_HOME": str(tmp_path)})
    meter = Meter(find_runtime("codex", {}), place)
    meter.read()
    assert meter.session == SESSION


def test_gemini_is_known_by_the_folder_it_works_in_and_since_when(tmp_path: Path) -> None:
    since = "2027-01-15T07:00:00Z"
    for name, root, start in (
        ("01-1", "/w/07-1", "2027-01-15T06:59:59.900Z"),
        ("01-1", "/w/07-1", "2027-01-15T07:00:00.100Z"),
        ("01-10", "/w/07-10", "2027-01-15T07:00:01.000Z"),
    ):
        chats = tmp_path / ".gemini" / "tmp" / name / "chats"
        chats.mkdir(parents=True, exist_ok=True)
        (chats.parent / ".project_root").write_text(root)
        records = [
            {"sessionId": "x", "startTime": start},
            {"id": "1", "timestamp": start, "type": "gemini", "tokens": {"total": 7}},
        ]
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (chats / f"session-{start[:13]}-{start[17:19]}aabbcc.jsonl").write_text(lines)
    gemini, place = find_runtime("gemini", {}), Place(tmp_path, Path("/w/07-1"), "", since, {"HOME": str(tmp_path)})
    assert [path.name for path in gemini.sessions(place)] == ["output.jsonl", "session-2027-01-15T07-00aabbcc.jsonl"]
    meter = Meter(gemini, place)
    meter.read()
    assert (meter.session, meter.usage.tokens) == ("00aabbcc", 7)


def test_opencode_tells_the_time_in_milliseconds(tmp_path: Path) -> None:
    step = {"type": "step-finish", "id": "p1", "tokens": {"input": 10, "output": 2, "cache": {"read": 3}}, "cost": 0.5}
    records = [
        {"type": "step_finish", "timestamp": 1_799_999_999_000, "part": step | {"id": "before"}},
        {"type": "step_start", "timestamp": 1_800_000_001_000},
        {"type": "step_finish", "timestamp": 1_800_000_002_000, "part": step},
    ]
    meter = Meter(find_runtime("opencode", {}), Place(tmp_path, tmp_path, since="2027-01-15T08:00:00Z"))
    meter.feed(records)
    assert meter.usage == Usage(15, 0.5)
    assert meter.said == (1_800_000_001.0, Said(AgentState.WORKING))


def test_what_was_used_is_read_as_it_was_kept(tmp_path: Path) -> None:
    assert read_usage(tmp_path) == (None, None)
    write_usage(tmp_path, Usage(1_234, 0.5))
    assert read_usage(tmp_path) == (1_234, 0.5)
    (tmp_path / "usage.json").write_text('{"tokens": true, "cost_usd": "much"}')
    assert read_usage(tmp_path) == (None, None)
