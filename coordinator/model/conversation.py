"""What the voice of the coordinator and whoever shows it say to each other: a JSON object a line, both ways.

The voice only ever speaks. What it proposes is planned, shown, confirmed and applied by the side that shows it.
"""

import json

from coordinator.errors import UsageError
from coordinator.lazy.dataclass import dataclass, field, fields
from coordinator.lazy.typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Outcome = Literal["applied", "rejected", "edited", "stale", "failed"]
OUTCOMES: tuple[str, ...] = ("applied", "rejected", "edited", "stale", "failed")
TROUBLES: tuple[str, ...] = (
    "no_key",
    "wrong_key",
    "rate_limit",
    "overloaded",
    "dropped",
    "too_long",
    "budget",
    "no_network",
    "other",
)
VOICES: tuple[str, ...] = ("api", "claude", "codex", "none")
STOPS: tuple[str, ...] = ("end", "cancelled", "error")
MOST = 4 * 1024 * 1024
"""Characters of a line."""


@dataclass(frozen=True, slots=True)
class ProposedStep:
    """One request to a service, in plain values as the service's schema has them."""

    service: str
    values: "Mapping[str, Any]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Option:
    """One answer on offer, and what speaks for and against it."""

    label: str
    tradeoff: str = ""


# ── from the one who shows it to the voice


@dataclass(frozen=True, slots=True)
class Say:
    """The engineer's words: a turn begins. An answer to a question is one, too."""

    text: str
    selected: str = ""
    """Number of the prompt that is selected on the screen; empty: none is."""
    refs: tuple[str, ...] = ()
    """What the words refer to, without the `@`: `7`, `executor-07-1`, `src/app.py`."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the turn here. What was said so far stays."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What the engineer made of a proposal. A turn begins in which the voice is told."""

    proposal: str
    outcome: str
    """One of `OUTCOMES`; `edited`: applied, with other values than proposed."""
    detail: str = ""
    """A sentence: what was applied, why it was refused, the engineer's reason."""
    plan: str = ""
    """Id of the applied plan."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try the last turn again, which ended in trouble."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Write the text of one field of a form. It is answered with `drafted`, and is no part of the conversation."""

    id: str
    service: str
    input: str
    """Name of the field, as the service's schema has it."""
    selected: str = ""
    values: "Mapping[str, Any]" = field(default_factory=dict)
    """What the form holds by now, by field."""


@dataclass(frozen=True, slots=True)
class Close:
    """The process ends."""


# ── from the voice to the one who shows it


@dataclass(frozen=True, slots=True)
class Earlier:
    """A turn of an earlier session, before `ready`; the oldest first."""

    who: str
    """`engineer` or `coordinator`."""
    text: str
    at: str = ""
    """UTC, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The voice listens."""

    voice: str
    """One of `VOICES`."""
    model: str = ""
    missing: str = ""
    """One line: what is missing for a voice, or for a better one. Empty: nothing."""


@dataclass(frozen=True, slots=True)
class Text:
    """More of what it says: markdown, untrusted."""

    delta: str


@dataclass(frozen=True, slots=True)
class Tool:
    """What it looks at now."""

    name: str
    about: str = ""
    """One line for people, such as `the log of prompt 7`; untrusted."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something to confirm, edit or reject as a whole; nothing of it has happened."""

    id: str
    title: str
    why: str = ""
    steps: tuple[ProposedStep, ...] = ()
    read: tuple[str, ...] = ()
    """What of others' words it had read in this turn, a source each: untrusted words may have led to it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to the engineer; what is said next answers it."""

    id: str
    question: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a request used: tokens, US dollars."""

    input: int = 0
    """Without those that were cached."""
    output: int = 0
    cached: int = 0
    cost: float | None = None
    """None: nobody knows what the model costs."""


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """The turn is over: the engineer's turn."""

    stopped: str = "end"
    """One of `STOPS`."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the turn can't go on, in words for people; `retry` tries again."""

    kind: str
    """One of `TROUBLES`."""
    message: str
    retry_at: str = ""
    """UTC, ISO 8601: when it makes sense to retry; empty: at any time, or unknown."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """The draft for a field, in parts."""

    id: str
    delta: str = ""
    done: bool = False
    """Nothing comes after it."""


Message = (
    Say
    | Cancel
    | Decided
    | Retry
    | Draft
    | Close
    | Earlier
    | Ready
    | Text
    | Tool
    | Proposal
    | Ask
    | Usage
    | TurnEnd
    | Trouble
    | Drafted
)

_TO_VOICE: dict[str, type] = {
    "say": Say,
    "cancel": Cancel,
    "decided": Decided,
    "retry": Retry,
    "draft": Draft,
    "close": Close,
}
_FROM_VOICE: dict[str, type] = {
    "earlier": Earlier,
    "ready": Ready,
    "text": Text,
    "tool": Tool,
    "proposal": Proposal,
    "ask": Ask,
    "usage": Usage,
    "turn_end": TurnEnd,
    "trouble": Trouble,
    "drafted": Drafted,
}
_KINDS = _TO_VOICE | _FROM_VOICE
_NAMES = {kind: name for name, kind in _KINDS.items()}
_CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("decided", "outcome"): OUTCOMES,
    ("ready", "voice"): VOICES,
    ("turn_end", "stopped"): STOPS,
    ("trouble", "kind"): TROUBLES,
}


def to_json(message: Message) -> dict[str, object]:
    """The message as JSON has it, with its name as `type`."""
    return {"type": _NAMES[type(message)], **_plain(message)}


def line_of(message: Message) -> str:
    """The message as it goes over the wire, with its line feed."""
    return json.dumps(to_json(message), ensure_ascii=False, separators=(",", ":")) + "\n"


def to_voice(line: str) -> Message:
    """What the engineer's side said. UsageError for what is no such message."""
    return _read(line, _TO_VOICE)


def from_voice(line: str) -> Message:
    """What the voice said. UsageError for what is no such message."""
    return _read(line, _FROM_VOICE)


def _plain(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in fields(type(value)):
        held = getattr(value, each.name)
        if each.name in ("steps", "options"):
            held = [_plain(one) for one in held]
        found[each.name] = list(held) if isinstance(held, tuple) else held
    return found


def _read(line: str, kinds: dict[str, type]) -> Message:
    if len(line) > MOST:
        raise _wrong("a line that is too long")
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        raise _wrong("a line that is no JSON") from None
    name = given.get("type") if isinstance(given, dict) else None
    if not isinstance(name, str) or name not in kinds:
        raise _wrong("an unknown message")
    message: Message = _made(name, kinds[name], {key: value for key, value in given.items() if key != "type"})
    return message


def _made(name: str, kind: type, given: "dict[str, Any]") -> Any:
    """The value that was meant; what a later version says besides is left out."""
    values = {}
    for each in fields(kind):
        if each.name not in given:
            continue
        held = given[each.name]
        chosen = _CHOICES.get((name, each.name))
        if not _fits(each.name, each.type, held) or (chosen is not None and held not in chosen):
            raise _wrong(f"`{name}` with a wrong `{each.name}`")
        values[each.name] = _taken(name, each.name, held)
    try:
        return kind(**values)
    except TypeError:
        raise _wrong(f"`{name}` without all that it needs") from None


def _taken(name: str, key: str, held: Any) -> Any:
    if key == "steps":
        return tuple(_made(name, ProposedStep, one) for one in held)
    if key == "options":
        return tuple(_made(name, Option, one) for one in held)
    return tuple(held) if isinstance(held, list) else held


def _fits(key: str, kind: Any, held: object) -> bool:
    if key in ("steps", "options"):
        return isinstance(held, list) and all(isinstance(one, dict) for one in held)
    if key in ("refs", "read"):
        return isinstance(held, list) and all(isinstance(one, str) for one in held)
    if key == "values":
        return isinstance(held, dict)
    if key == "cost":
        return held is None or (isinstance(held, int | float) and not isinstance(held, bool))
    if kind is bool:
        return isinstance(held, bool)
    if kind is int:
        return isinstance(held, int) and not isinstance(held, bool)
    return isinstance(held, str)


def _wrong(what: str) -> UsageError:
    return UsageError(f"the coordinator's voice and its screen don't understand each other: {what}", "start it again")
