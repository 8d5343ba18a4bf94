"""What agents hand in, verb by verb: the one table behind `--json -`, the tools of `coord mcp` and their help. Pure."""

from collections.abc import Iterator, Sequence

from coordinator.lazy.dataclass import dataclass

LONG = 64 * 1024
"""Characters of a text that people read whole."""
SHORT = 4_000
"""Characters of an item of a list, or of a name."""
MOST = 500
"""Items of a list."""
WORKERS = frozenset({"executor", "planner", "specialist", "stage", "verifier"})
"""Roles that the loop launches: each of them hands off."""
DECISIONS = ("CONTINUE", "DONE", "STUCK")
MET = ("yes", "no", "partly", "unverifiable")
CRITERION_STATES = ("met", "not_met", "unverifiable")
FORMS = {
    "text": "a text",
    "flag": "true or false",
    "texts": "a list of texts",
    "items": "a list",
    "number": "a whole number from 1 on",
    "numbers": "a list of whole numbers from 1 on",
    "names": "a list of numbers and texts",
    "values": "an object",
    "records": "an object of objects",
}
"""Kind of a value → how people call it."""
_PRIORITIES = ("high", "medium", "low")
_STAGES = ("PLAN", "IMPLEMENT", "TEST", "FINAL")
_STAGE_STATES = ("completed", "failed", "blocked")
_SEVERITIES = ("low", "medium", "high")
_TYPES = ("planned", "emergent", "user-patch", "review-fix")


@dataclass(frozen=True, slots=True)
class Key:
    """One value of a verb."""

    name: str
    help: str
    kind: str = "text"
    """`text`, `texts`, `flag`, `choice`, `items`, `number`, `numbers`, `names`, `values` or `records`.

    Numbers are whole and at least 1; a name is a number or a text; values are texts, numbers, or lists of them, by key;
    records are objects by key, with texts, numbers of any kind, flags, and lists of texts by key.
    """
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
                        Key(
                            "command", "What was run. `AC-2: ` before it: it shows that criterion alone.", longest=SHORT
                        ),
                        Key("note", "What it showed.", longest=SHORT),
                    ),
                ),
                Key("decisions", "What was decided, and why.", "texts", longest=SHORT),
                Key("limitations", "What it can't do.", "texts", longest=SHORT),
                Key("files", "A file worth looking at.", "texts", longest=SHORT),
                Key("learnings", "What would have helped, for whoever works here next.", "texts", longest=SHORT),
                Key("answers", "What became of a comment of a reviewer: `C3: what was done`.", "texts", longest=SHORT),
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
        Verb(
            "learn",
            "Note what would have helped you, for whoever works here next: worth it if it saves two calls of a tool.",
            (
                Key("text", "The learning, in a sentence or two.", required=True, longest=SHORT),
                Key("tags", "Words for when it matters.", "texts", longest=200),
                Key("paths", "Files, folders or patterns that it is about.", "texts", longest=SHORT),
                _REQUEST,
            ),
            WORKERS,
        ),
        Verb(
            "subtask",
            "Leave a part of your prompt to an agent of its own: a new prompt, which is your prompt's child.",
            (
                Key("title", "What is to be done, in a few words.", required=True, longest=200),
                Key("body", "The prompt in Markdown: tasks and acceptance criteria; made of the title without one."),
                Key("priority", "How urgent it is.", "choice", choices=_PRIORITIES),
                Key("waits", "Your own prompt waits for it: hand off as blocked. Otherwise it comes after.", "flag"),
                _REQUEST,
            ),
            frozenset({"executor"}),
        ),
        Verb(
            "feedback",
            "File a finding: something that is not as it should be. The same one twice is filed once.",
            (
                Key("title", "What is not as it should be, in a few words.", required=True, longest=200),
                Key("priority", "High and medium ones keep the milestone open.", "choice", choices=_PRIORITIES),
                Key("category", "security, tests, performance, …", longest=200),
                Key("location", "Where it is: PATH or PATH:LINE.", longest=SHORT),
                Key("issue", "What is wrong, and how that shows.", longest=20_000),
                Key("impact", "What comes of it.", longest=20_000),
                Key("suggestion", "What would mend it.", longest=20_000),
                _REQUEST,
            ),
            frozenset({"specialist"}),
        ),
        Verb(
            "verdict",
            "Say whether the milestone's criteria are met, and by which commands that shows. Once an attempt. The "
            "harness runs each command itself: what it can't reproduce is not met.",
            (
                Key("met", "Of the milestone as a whole.", "choice", True, choices=MET),
                Key("rationale", "Why.", required=True),
                Key("gaps", "What is missing.", "texts", longest=SHORT),
                Key(
                    "criteria",
                    "Each criterion.",
                    "items",
                    of=(
                        Key("id", "As the milestone has it: SC-3.", required=True, longest=64),
                        Key("status", "Whether it is met.", "choice", True, choices=CRITERION_STATES),
                        Key("command", "Shows it by its exit status, in a checkout of the base.", longest=SHORT),
                        Key("note", "What you saw.", longest=SHORT),
                    ),
                ),
                _REQUEST,
            ),
            frozenset({"verifier"}),
        ),
        Verb(
            "plan",
            "Decide what comes next, once an iteration, with all that it takes as one plan. It is checked as a whole: "
            "a refusal names every reason, and nothing of it is kept.",
            (
                Key("decision", "CONTINUE with work, DONE, or STUCK.", "choice", True, choices=DECISIONS),
                Key("reason", "Why.", required=True),
                Key("blocker", "With STUCK: what is in the way, and who could take it away.", longest=SHORT),
                Key("intent", "What this iteration is to reach, in a sentence or two.", longest=SHORT),
                Key(
                    "prompts",
                    "New prompts.",
                    "items",
                    of=(
                        Key("key", "Any name, by which other prompts of this plan depend on it.", longest=64),
                        Key("title", "What is to be done, in a few words.", required=True, longest=200),
                        Key("type", "planned unless you say otherwise.", "choice", choices=_TYPES),
                        Key("priority", "medium unless you say otherwise.", "choice", choices=_PRIORITIES),
                        Key("dependencies", "Numbers of prompts, or keys of this plan.", "names", longest=64),
                        Key("body", "The prompt in Markdown: tasks and acceptance criteria.", required=True),
                        Key("parent", "The number of the prompt that it is a part of.", "number"),
                        Key("resolves", "Numbers of the findings that it deals with.", "numbers"),
                        Key("pipeline", "The pipeline that works on it.", longest=64),
                        Key("agent", "The agent that works on it.", longest=64),
                        Key("model", "That agent's model.", longest=200),
                    ),
                ),
                Key(
                    "edits",
                    "Changes to prompts that have not begun.",
                    "items",
                    of=(
                        Key("number", "The prompt.", "number", True),
                        Key(
                            "set",
                            "New values by key: title, body, priority, dependencies, pipeline, agent, model, skills; "
                            "status: pending runs a failed one again.",
                            "values",
                            True,
                        ),
                    ),
                ),
                Key("cancel", "Numbers of prompts that are not to be run.", "numbers"),
                Key(
                    "feedback",
                    "What becomes of findings, beside those that a prompt resolves.",
                    "items",
                    of=(
                        Key("number", "The finding.", "number", True),
                        Key("status", "backlog leaves it for later.", "choice", True, choices=("planned", "backlog")),
                        Key("reason", "Why.", longest=SHORT),
                    ),
                ),
                Key("learnings", "The whole new text of learnings.md; leave it out to keep the present one."),
                _REQUEST,
            ),
            frozenset({"planner"}),
        ),
        Verb(
            "stage",
            "Report what your phase of a stage has come to, once a turn; then hand off.",
            (
                Key("stageName", "The stage that your context names.", "choice", True, choices=_STAGES),
                Key("status", "What your phase has come to.", "choice", True, choices=_STAGE_STATES),
                Key("summary", "All that the next phase hears of yours: one paragraph.", required=True, longest=SHORT),
                Key("planFilePath", "The plan file, where your phase wrote it.", longest=SHORT),
                Key("phases", "Your phase by its id, with its status, and what was counted or measured.", "records"),
                Key(
                    "errors",
                    "What has to be mended, or went wrong.",
                    "items",
                    of=(
                        Key("severity", "high unless you say otherwise.", "choice", choices=_SEVERITIES),
                        Key("location", "Where it is: PATH or PATH:LINE.", longest=SHORT),
                        Key("message", "What is wrong, and how that shows.", required=True, longest=SHORT),
                    ),
                ),
                _REQUEST,
            ),
            frozenset({"stage"}),
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


def described(verb: Verb) -> str:
    """What a verb takes as JSON, a line a key, for people and agents who ask for help."""
    return "\n".join(_lines(verb.keys, ""))


def _lines(keys: Sequence[Key], indent: str) -> Iterator[str]:
    for key in keys:
        form = "|".join(key.choices) if key.kind == "choice" else FORMS[key.kind]
        yield f"{indent}{key.name}: {form}{' (needed)' if key.required else ''}. {key.help}"
        yield from _lines(key.of, f"{indent}  ")
