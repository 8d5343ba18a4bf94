"""What a verb is handed in as JSON, on standard input."""

import sys
from collections.abc import Mapping

from coordinator.errors import UsageError
from coordinator.lazy.typing import Any

FROM_INPUT = "Read the values from standard input, as a JSON object: --json -"


def from_input(verb: str, source: str = "-", said: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The checked values on standard input. UsageError for anything else, and for what is `said` beside it."""
    from coordinator.formats.handed_in import LIMIT, read

    if source != "-":
        raise UsageError(f"`--json {source}` is no place to read from", "give the values on standard input: --json -")
    if said:
        named = ", ".join(f"`{name}`" for name in said)
        raise UsageError(f"{named} is given beside --json -", "put it into the JSON object")
    return read(verb, sys.stdin.read(LIMIT + 1))
