"""What a verb is handed in as JSON, on standard input or as a word of its command."""

import sys
from collections.abc import Mapping

from coordinator.errors import UsageError
from coordinator.lazy.typing import Any

FROM_INPUT = "Read the values from standard input, as a JSON object: --json -; or give the object itself: --json '{…}'"


def from_input(verb: str, source: str = "-", said: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The checked values on standard input, or in the place of `-`: agent CLIs that ask leave for a here-document run
    a command of words alone. UsageError for anything else, and for what is `said` beside it.
    """
    from coordinator.formats.handed_in import LIMIT, read

    itself = source.lstrip().startswith("{")
    if source != "-" and not itself:
        raise UsageError(f"`--json {source}` is no place to read from", "give the values on standard input: --json -")
    if said:
        named = ", ".join(f"`{name}`" for name in said)
        raise UsageError(f"{named} is given beside --json -", "put it into the JSON object")
    return read(verb, source if itself else sys.stdin.read(LIMIT + 1))
