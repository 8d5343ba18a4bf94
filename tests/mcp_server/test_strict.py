"""In strict mode an agent's `coord mcp` speaks through the loop, which says whose it is."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from support.project import WRITE
from support.strict import needs_strict, strict_project
from support.thin import GREETING, end_server

pytestmark = needs_strict
SAID = [
    {"id": 1, "method": "initialize", "params": GREETING},
    {"method": "notifications/initialized"},
    {"id": 2, "method": "tools/list", "params": {}},
    {"id": 3, "method": "tools/call", "params": {"name": "decide", "arguments": {"text": "by a tool"}}},
]


@pytest.mark.slow
def test_an_agent_of_another_user_is_itself_whatever_it_says() -> None:
    out = Path(tempfile.mkdtemp(prefix="coord-out-"))
    out.chmod(0o777)
    lines = "".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in SAID)
    (out / "in").write_text(lines)
    (out / "in").chmod(0o644)
    script = f"COORD_AGENT=planner COORD_ROLE=planner coord mcp <{out}/in >{out}/answers 2>{out}/err\n"
    try:
        with strict_project({1: []}, {1: script + WRITE}) as made:
            assert made.run_loop() == 0, made.said()
            answers = {one["id"]: one for one in map(json.loads, (out / "answers").read_text().splitlines())}
            assert {"ask", "done"} <= {tool["name"] for tool in answers[2]["result"]["tools"]}, (
                out / "err"
            ).read_text()
            decided, *_ = made.events("decision.recorded")
            assert (decided.actor, decided.subject, decided.run) == ("executor-01-1", "prompt:1", "run-1")
            assert (made.layout.coord / "mcp.sock").stat().st_mode & 0o777 == 0o600
            end_server(made)
    finally:
        shutil.rmtree(out)
