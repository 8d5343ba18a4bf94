"""What agents hand in, verb by verb: the one table behind `--json -`, the tools of `coord mcp` and their help. Pure."""

from coordinator.lazy.dataclass import dataclass

LONG = 64 * 1024
"""Characters of a text that people read whole."""
SHORT = 4_000
"""Characters of an item of a list, or of a name."""
MOST = 500
"""Items of a list."""
WORKERS = frozenset({"executor", "planner", "specialist", "stage", "verifier"})
"""Roles that the loop launches: each of them hands off."""


@dataclass(frozen=True, slots=True)
class Key:
    """One value of a verb."""

    name: str
    help: str
    kind: str = "text"
    """`text`, `texts`, `flag`, `choice` or `items`."""
    required: bool = False
    longest: int = LONG
    """Characters; of a list, of each of its items."""
    choices: tuple[str, ...] = ()
    of: "tuple[Key, ...]" = ()
    """Keys of each item; a text alone stands for the last of them."""


@dataclass(frozen=True, slots=True)
class Verb:
    """Something that an agent says to coord."""

    name: str
    line: str
    """What it is for, told to the agent."""
    keys: tuple[Key, ...]
    roles: frozenset[str] = frozenset()
    """Roles of the agents that have it; empty: everybody has, people too."""
    changes: bool = True
    """It writes; what is asked for with the same request is done once."""


_REQUEST = Key("request", "Any name for this call: made again with the same one, it is done once.", longest=200)

VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb(
            "context",
            "What you should know: the milestone's intent, your prompt, open questions and decisions.",
            (Key("role", "As an agent of this role is told it; default: your own.", longest=SHORT),),
            changes=False,
        ),
        Verb(
            "ask",
            "Ask the human a question that only they can answer, and wait for the answer. New work waits meanwhile. "
            "If the call is cut off, make it again: it is the same question.",
            (
                Key("text", "The question.", required=True),
                Key("options", "Answers to choose from.", "texts", longest=SHORT),
                Key("default", "The answer you would choose yourself.", longest=SHORT),
                Key("context", "What the human should know to answer."),
                Key("only_dependents", "Hold back only what depends on the asking prompt.", "flag"),
                Key("wait", "Wait for the answer; true unless you say false.", "flag"),
                _REQUEST,
            ),
        ),
        Verb(
            "assume",
            "Record a question with the answer that you take for now, where it is cheap to take back. Work goes on.",
            (
                Key("text", "The question.", required=True),
                Key("default", "The answer that you take.", required=True, longest=SHORT),
                Key("risk", "What it costs if that was wrong.", required=True, longest=SHORT),
                _REQUEST,
            ),
        ),
        Verb(
            "decide",
            "Record a decision worth knowing, and why.",
            (Key("text", "What was decided, and why.", required=True), _REQUEST),
        ),
        Verb(
            "artifact",
            "Record that a file was made, with its size and fingerprint.",
            (
                Key("path", "The file.", required=True, longest=SHORT),
                Key("title", "What it is, in a few words.", longest=SHORT),
                _REQUEST,
            ),
        ),
        Verb(
            "done",
            "Hand off: the acceptance criteria are met, the commits are on the branch. Then exit.",
            (
                Key("summary", "What was done, in a paragraph.", required=True),
                Key(
                    "validation",
                    "What was checked, with its result.",
                    "items",
                    of=(
                        Key("command", "What was run.", longest=SHORT),
                        Key("note", "What it showed.", longest=SHORT),
                    ),
                ),
                Key("decisions", "What was decided, and why.", "texts", longest=SHORT),
                Key("limitations", "What it can't do.", "texts", longest=SHORT),
                Key("files", "A file worth looking at.", "texts", longest=SHORT),
                Key("learnings", "What would have helped, for whoever works here next.", "texts", longest=SHORT),
                Key("next", "The flow that should go on, where you know better than the pipeline.", longest=200),
                Key("no_change", "Nothing had to be changed: there is no commit, and none is missing.", "flag"),
                _REQUEST,
            ),
            WORKERS,
        ),
        Verb(
            "fail",
            "Hand off: it can't be done this way. Then exit.",
            (
                Key("verdict", "What does not work, and why.", required=True),
                Key("left", "What is left to do.", "texts", longest=SHORT),
                Key("learnings", "What the next attempt should know.", "texts", longest=SHORT),
                _REQUEST,
            ),
            WORKERS,
        ),
        Verb(
            "blocked",
            "Hand off: something outside this task is in the way. Then exit.",
            (Key("reason", "What it waits for.", required=True), _REQUEST),
            WORKERS,
        ),
    )
}
"""Verb → what it takes. A verb of a role is a row here, and its function in `coordinator.client.handing_in`."""


def offered(role: str, *, agent: bool) -> tuple[Verb, ...]:
    """The verbs of an agent with this role, or of a person."""
    return tuple(verb for verb in VERBS.values() if not verb.roles or (agent and role in verb.roles))


def help_of(verb: str, key: str) -> str:
    """The line of help of a value."""
    return next(one.help for one in VERBS[verb].keys if one.name == key)
