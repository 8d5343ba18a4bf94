"""What coord needs of its agents' own CLIs, whatever their settings: the words for its verbs and its server.

Each CLI is told at launch, in its own form, to run these without a question. Nothing else is allowed by that, and
nothing is written into the settings of a user or a project.
"""

from collections.abc import Mapping

from coordinator.agents.runtime import Leeway

VERBS = ("agent", "ask", "assume", "decide", "artifact", "context")
"""Verbs of `coord` by which agents speak; those of the engineer, such as `answer` or `kill`, are not among them."""
COMMANDS = tuple([f"coord {verb}" for verb in VERBS])
SERVER = "coord"
"""What coord's MCP server is called: its tools are `mcp__coord__ask` and the like."""
A_DAY = 86_400
"""Seconds that a call may take: a question waits for its human."""
PASSED_ON = (
    *("COORD_ROOT", "COORD_RUN", "COORD_PROMPT", "COORD_ATTEMPT", "COORD_AGENT", "COORD_ROLE", "COORD_DOOR"),
    *("COORD_FLOW", "COORD_ITERATION"),
    *("PATH", "HOME", "USER", "LOGNAME", "XDG_STATE_HOME", "TMUX", "TMUX_PANE", "TMUX_TMPDIR"),
)
"""What the server needs of its environment, for a CLI that passes on only what it is told to."""


def leeways_of(edits: str) -> dict[str, Leeway]:
    """Of a CLI that has an argument for edits, and none for a sandbox in which `coord` could be reached."""
    free = Leeway("edits files of its worktree by itself, asks before it runs commands", edits)
    return {"ask": Leeway("asks before it edits files or runs commands"), "edit": free, "sandbox": free}


LEVELS = {
    "ask": "ask before they edit files or run commands",
    "edit": "edit files of their worktree; ask before they run commands",
    "sandbox": "work in their CLI's sandbox without asking; where it has none, as with edit",
}
"""What `coord init` asks."""


def leeway_of(leeways: Mapping[str, Leeway], arguments: str) -> str:
    """What the arguments in the settings mean, in words; none of those known: the arguments themselves."""
    from shlex import split

    given = split(arguments)
    fitting = [one for one in leeways.values() if _within(split(one.arguments), given)]
    named = max(fitting, key=lambda one: len(one.arguments), default=None)
    if named is not None and split(named.arguments) == given:
        return named.words
    return f"{named.words}, as far as `{arguments}` leaves it" if named and named.arguments else f"`{arguments}`"


def _within(words: list[str], given: list[str]) -> bool:
    return any(given[place : place + len(words)] == words for place in range(len(given) - len(words) + 1))
