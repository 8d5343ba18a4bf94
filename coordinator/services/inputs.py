"""What a service asks for, read off its request: options, fields of forms and JSON schemas are made of it."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from functools import cache
from types import NoneType, UnionType

from coordinator.errors import UsageError
from coordinator.lazy.dataclass import MISSING, fields
from coordinator.lazy.typing import Any, Literal, NamedTuple, TypeVar
from coordinator.model.text import plain

R = TypeVar("R")


class Kind(StrEnum):
    """What may be given, in terms of JSON."""

    PROMPT = "prompt"
    """A prompt number."""
    PROMPTS = "prompts"
    """Prompt numbers."""
    TEXT = "text"
    TEXTS = "texts"
    CHOICE = "choice"
    FLAG = "flag"
    VALUES = "values"
    """Key → text."""
    NOTES = "notes"
    """Prompt number → text about it."""


class About(NamedTuple):
    """What there is to say of one field of a request."""

    help: str
    """A sentence, for the schema and for the command's help."""
    command: str | None = None
    """The same in the command's own terms, where they are others."""
    option: str | None = ""
    """How the command calls it; empty: as the field is called; None: the command does not ask for it."""
    metavar: str = ""
    file: bool = False
    """A text of many lines: the command takes a file, the screen opens an editor."""
    flags: Mapping[str, str] = {}
    """Choice → its help, where each is a flag of the command by itself."""
    label: str = ""
    """What the screen calls it; empty: as the field is called."""
    hint: str = ""
    """What the screen shows while nothing is in it."""
    choices: tuple[tuple[str, str, str], ...] = ()
    """Value, the screen's words for it, and the key that chooses it."""
    prose: bool = False
    """Some lines of text on the screen, not one."""
    argument: bool = False
    """The command takes it by its place, without a name."""


def about(help: str, **more: Any) -> dict[str, About]:
    """The metadata of a field that somebody is asked for. One without it is for the caller to fill in."""
    return {"about": About(help, **more)}


class Input(NamedTuple):
    """One field of a request that is asked for."""

    name: str
    kind: Kind
    about: About
    required: bool
    default: Any
    """None where there is none."""
    values: tuple[str, ...] = ()
    """What may be chosen."""
    made: Any = str
    """What makes a choice of a text."""


@cache
def inputs(request: type) -> tuple[Input, ...]:
    """What a request's type asks for, in its own order."""
    found = []
    for each in fields(request):
        if "about" not in each.metadata:
            continue
        required = each.default is MISSING and each.default_factory is MISSING
        default = None if each.default is MISSING else each.default
        kind, values, made = _kind(each.type)
        found.append(Input(each.name, kind, each.metadata["about"], required, default, values, made))
    return tuple(found)


def _kind(hint: Any) -> tuple[Kind, tuple[str, ...], Any]:
    """Kind, what may be chosen, and what makes a choice of a text."""
    if isinstance(hint, UnionType):
        (hint,) = (part for part in hint.__args__ if part is not NoneType)
    if getattr(hint, "__origin__", None) is Literal:
        return Kind.CHOICE, hint.__args__, str
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Kind.CHOICE, tuple(str(each.value) for each in hint), hint
    return _KINDS[hint], (), str


_KINDS: Mapping[Any, Kind] = {
    int: Kind.PROMPT,
    tuple[int, ...]: Kind.PROMPTS,
    str: Kind.TEXT,
    tuple[str, ...]: Kind.TEXTS,
    bool: Kind.FLAG,
    Mapping[str, str]: Kind.VALUES,
    Mapping[int, str]: Kind.NOTES,
}


# ── from JSON


_NUMBER = {"type": "integer", "minimum": 1}
_SCHEMAS: Mapping[Kind, Mapping[str, object]] = {
    Kind.PROMPT: _NUMBER,
    Kind.PROMPTS: {"type": "array", "items": _NUMBER},
    Kind.TEXT: {"type": "string"},
    Kind.TEXTS: {"type": "array", "items": {"type": "string"}},
    Kind.CHOICE: {"type": "string"},
    Kind.FLAG: {"type": "boolean"},
    Kind.VALUES: {"type": "object", "additionalProperties": {"type": "string"}},
    Kind.NOTES: {
        "type": "object",
        "propertyNames": {"pattern": "^[0-9]{1,9}$"},
        "additionalProperties": {"type": "string"},
    },
}


def schema(request: type) -> dict[str, object]:
    """The JSON schema of what a request asks for."""
    asked = inputs(request)
    return {
        "type": "object",
        "properties": {each.name: _property(each) for each in asked},
        "required": [each.name for each in asked if each.required],
        "additionalProperties": False,
    }


def _property(given: Input) -> dict[str, object]:
    found = {**_SCHEMAS[given.kind], "description": given.about.help}
    if given.values:
        found["enum"] = list(given.values)
    if given.default:
        found["default"] = str(given.default) if given.kind is Kind.CHOICE else given.default
    return found


def request_of(request: type[R], given: Mapping[str, object], **filled: object) -> R:
    """A request made of plain values, as JSON has them; `filled` is the caller's own, where the request has a place.

    UsageError for a key that is not asked for, one that is missing, and a value of another type.
    """
    kind: type = request
    asked = {each.name: each for each in inputs(kind)}
    wrong = [key for key in given if key not in asked]
    if wrong:
        raise UsageError(f"nobody asks for `{plain(str(wrong[0]))}`", f"what may be given: {', '.join(asked)}")
    missing = [name for name, each in asked.items() if each.required and given.get(name) is None]
    if missing:
        raise UsageError(f"`{missing[0]}` is missing", asked[missing[0]].about.help)
    values = {name: _taken(asked[name], value) for name, value in given.items() if value is not None}
    places = {each.name for each in fields(kind)}
    return request(**values, **{name: value for name, value in filled.items() if name in places})


def _taken(asked: Input, value: object) -> object:
    """A plain value as the request has it."""
    taken = _as(asked.kind, value)
    if taken is None or (asked.values and taken not in asked.values):
        wanted = f"one of {', '.join(asked.values)}" if asked.values else _WANTED[asked.kind]
        raise UsageError(f"`{asked.name}` has to be {wanted}", asked.about.help)
    return asked.made(taken) if asked.kind is Kind.CHOICE else taken


_WANTED = {
    Kind.PROMPT: "a prompt number",
    Kind.PROMPTS: "a list of prompt numbers",
    Kind.TEXT: "a text",
    Kind.TEXTS: "a list of texts",
    Kind.FLAG: "true or false",
    Kind.VALUES: "texts by their keys",
    Kind.NOTES: "texts by prompt numbers",
}


def _as(kind: Kind, value: object) -> object | None:
    """The value, lists as tuples; None when it is of another kind."""
    match kind, value:
        case Kind.FLAG, bool():
            return value
        case ((Kind.TEXT | Kind.CHOICE), str()):
            return str(value)
        case Kind.PROMPT, int() if not isinstance(value, bool):
            return value
        case Kind.PROMPTS, list() | tuple() if all(isinstance(n, int) and not isinstance(n, bool) for n in value):
            return tuple(value)
        case Kind.TEXTS, list() | tuple() if all(isinstance(text, str) for text in value):
            return tuple(value)
        case Kind.VALUES, Mapping() if all(isinstance(text, str) for pair in value.items() for text in pair):
            return dict(value)
        case Kind.NOTES, Mapping() if all(_is_note(key, text) for key, text in value.items()):
            return {int(key): text for key, text in value.items()}
    return None


def _is_note(key: object, text: object) -> bool:
    number = str(key)
    return isinstance(text, str) and number.isascii() and number.isdigit() and len(number) < 10
