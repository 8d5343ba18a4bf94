"""What coord needs of its agents' own CLIs, whatever their settings: the words for its verbs and its server.

Each CLI is told at launch, in its own form, to run these without a question. Nothing else is allowed by that, and
nothing is written into the settings of a user or a project.
"""

VERBS = ("agent", "ask", "assume", "decide", "artifact", "context")
"""Verbs of `coord` by which agents speak; those of the engineer, such as `answer` or `kill`, are not among them."""
COMMANDS = tuple([f"coord {verb}" for verb in VERBS])
SERVER = "coord"
"""What coord's MCP server is called: its tools are `mcp__coord__ask` and the like."""
A_DAY = 86_400
"""Seconds that a call may take: a question waits for its human."""
PASSED_ON = (
    *("COORD_ROOT", "COORD_RUN", "COORD_PROMPT", "COORD_ATTEMPT", "COORD_AGENT", "COORD_ROLE", "COORD_DOOR"),
    *("PATH", "HOME", "USER", "LOGNAME", "XDG_STATE_HOME", "TMUX", "TMUX_PANE", "TMUX_TMPDIR"),
)
"""What the server needs of its environment, for a CLI that passes on only what it is told to."""
