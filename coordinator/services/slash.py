"""What is typed to the coordinator: the commands behind a `/`, what an `@` refers to, and how both may go on."""

from collections.abc import Callable, Iterable, Sequence

from coordinator.lazy import regex
from coordinator.lazy.typing import NamedTuple
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import clip, plain
from coordinator.services.registry import SERVICES

_REF = regex.compile(r"(?:^|(?<=[\s(,;]))@([^\s@,;()]+)")
_TYPED = regex.compile(r"(?:^|(?<=[\s(,;]))@([^\s@,;()]*)$")
_OFFERED = 8
"""Ways to go on that are offered at once."""
FILES = Callable[[str], Sequence[str]]
"""The beginning of a path → paths of the project that begin so."""

OWN_COMMANDS = {
    "undo": "Take back what was applied last.",
    "retry": "Try the last turn again.",
    "help": "What can be typed here.",
}
"""What is no service, with a line each."""


class Way(NamedTuple):
    """One way to go on with what was typed."""

    text: str
    """What stands there then, in the place of the last word."""
    about: str


def commands() -> dict[str, str]:
    """Every `/` command with a line of help: those of the services, then our own."""
    return {name: service.line for name, service in SERVICES.items()} | OWN_COMMANDS


def command_of(text: str) -> tuple[str, str] | None:
    """The command that a text is, with what follows it; None for words, and for a `/` that names no command."""
    if not text.startswith("/"):
        return None
    name, _, rest = text[1:].strip().partition(" ")
    return (name, rest.strip()) if name in commands() else None


def first_number(text: str) -> int | None:
    """The prompt that a command's words begin with: `7`, `07`, `@7`."""
    word = text.split(" ", 1)[0].removeprefix("@")
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else None


def refs_of(text: str) -> tuple[str, ...]:
    """What a text refers to: `see @7 and @src/app.py.` → `7`, `src/app.py`."""
    return tuple(dict.fromkeys(found.rstrip(".:!?'\"") for found in _REF.findall(text)))


def ways_on(before: str, snapshot: Snapshot | None, files: FILES) -> tuple[Way, ...]:
    """How what stands before the cursor may go on: a command at the very beginning, or a reference."""
    if before.startswith("/") and " " not in before:
        given = commands().items()
        return tuple(Way(f"/{name} ", line) for name, line in given if f"/{name}".startswith(before))
    typed = _TYPED.search(before)
    if typed is None:
        return ()
    word = typed[1]
    found: list[Way] = [*_prompts(word, snapshot), *_agents(word, snapshot)] if snapshot is not None else []
    paths = [Way(f"@{path}" + ("" if path.endswith("/") else " "), "") for path in files(word)] if word else []
    return tuple([*found[: _OFFERED // 2], *paths] if paths else found)[:_OFFERED]


def replaced(before: str, way: Way) -> str:
    """What was typed before the cursor, gone on with."""
    if way.text.startswith("/"):
        return way.text
    return before[: before.rindex("@")] + way.text


def _prompts(word: str, snapshot: Snapshot) -> Iterable[Way]:
    for number, prompt in snapshot.prompts.items():
        title = plain(prompt.title)
        digits = word.isdigit() and str(number).startswith(word.lstrip("0") or "0")
        if not word or digits or (not word.isdigit() and word.casefold() in title.casefold()):
            yield Way(f"@{number} ", clip(title, 60))


def _agents(word: str, snapshot: Snapshot) -> Iterable[Way]:
    for agent in snapshot.agents:
        if agent.id.startswith(word) and " " not in agent.id:
            yield Way(f"@{agent.id} ", plain(agent.state.value))
