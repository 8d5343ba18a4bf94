"""Which iteration a run is in, as the run's own record beside the log says."""

import json
from pathlib import Path

from coordinator.safefiles.regular import read_part

_LIMIT = 64 * 1024
FIRST = 1
"""That of a run which begins, and of what is told before it has a name."""


def iteration_of(database: Path, run: str) -> int:
    """The iteration that events of a run belong to now: the first where its record tells of none."""
    try:
        record = json.loads(read_part(database.parent / "runs" / run / "run.json", _LIMIT))
        found = record.get("iteration", FIRST)
    except (OSError, ValueError, AttributeError, RecursionError):
        return FIRST
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 1 << 31 else FIRST
