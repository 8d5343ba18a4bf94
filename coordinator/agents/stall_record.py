"""What the loop thinks of an agent that gets nowhere: `stuck.json` of the attempt, there as long as it thinks so."""

import json
from pathlib import Path

from coordinator.agents.jsonl_tail import read_json_file
from coordinator.model.stuck import Cause, Stuck
from coordinator.safefiles.regular import replace_file

STUCK = "stuck.json"
_CAUSES = {cause.value: cause for cause in Cause}


def read_stuck(directory: Path) -> Stuck | None:
    """Why the attempt's agent is thought to be stuck; None when it is not, or the file can't be used."""
    values = read_json_file(directory / STUCK)
    cause, since, call = _CAUSES.get(str(values.get("cause"))), values.get("since"), values.get("call")
    if cause is None or not isinstance(since, int | float) or isinstance(since, bool) or not 0 <= since < 1e11:
        return None
    return Stuck(cause, float(since), call if isinstance(call, str) else "")


def write_stuck(directory: Path, stuck: Stuck | None) -> None:
    """Keep that verdict, or take it back; a reader sees the old or the new."""
    if stuck is None:
        (directory / STUCK).unlink(missing_ok=True)
        return
    values = {"cause": stuck.cause.value, "since": stuck.since, "call": stuck.call}
    replace_file(directory / STUCK, json.dumps(values).encode())
