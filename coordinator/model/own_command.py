"""Commands of one's own on the screen: words for a shell, filled in with what is selected. Pure.

Values are put in quoted, so that they stay what they are, whatever an agent or a file calls itself. That holds only
where the shell takes quotes for quotes: `odd_words` refuses placeholders at every place where it is not so.
"""

from collections.abc import Mapping
from shlex import quote

from coordinator.lazy import regex
from coordinator.lazy.typing import NamedTuple
from coordinator.model.snapshot import Agent, Snapshot
from coordinator.model.text import plain

PLACEHOLDERS = ("number", "path", "branch", "worktree", "agent", "title")
ON = ("prompt", "agent", "any")
_PLACEHOLDER = regex.compile(r"(?<!\$)\{([A-Za-z_]+)\}")
_BESIDE = ("`", "<<", "$'", "((", "$[", "[[", "eval ")
"""Where these stand, quotes may mean something else than quoting, or what they hold is looked at once more."""
_NESTS = regex.compile(r"\$(?:\(|\{(?![A-Za-z0-9_]+\}))")
"""In double quotes: what has quotes of its own."""


class OwnCommand(NamedTuple):
    """One entry of the setting `commands`."""

    name: str
    run: str
    """Words for `sh -c`, with placeholders."""
    on: str = "any"
    """What it is about: one of `ON`."""
    key: str = ""
    confirm: bool = False
    """Asks each time, not only the first."""

    def __str__(self) -> str:
        return f"{self.name}: {self.run}"


class Subject(NamedTuple):
    """What a command is run about: nothing, or what was selected."""

    number: int | None = None
    """Of the prompt."""
    agent: Agent | None = None


class Ready(NamedTuple):
    """A command with its values, for somebody to look at and to run."""

    name: str
    words: str
    """Exactly what `sh -c` is given."""
    folder: str
    """Where it runs: absolute."""
    asks: bool
    """A human has to say yes to these words first."""
    template: str
    """The words with their placeholders, as the settings have them."""


class OwnWindow(NamedTuple):
    """A window in which a command of one's own runs, or waits to be read."""

    id: str
    name: str
    """Of the command; untrusted text."""


def values_of(command: OwnCommand, snapshot: Snapshot, subject: Subject) -> dict[str, str]:
    """What its placeholders stand for; those without a value are left out. Paths are relative to the project's root."""
    agent = subject.agent if command.on == "agent" else None
    number = agent.prompt if agent is not None else subject.number
    prompt = snapshot.prompts.get(number) if number is not None else None
    step = snapshot.steps.get(number) if prompt is not None and number is not None else None
    attempt = snapshot.of_agent(agent) if agent is not None else step.attempt if step is not None else None
    found = {
        "number": str(prompt.number) if prompt is not None else "",
        "title": plain(prompt.title).strip() if prompt is not None else "",
        "path": prompt.path if prompt is not None else "",
        "branch": attempt.branch if attempt is not None else "",
        "worktree": attempt.worktree if attempt is not None else "",
        "agent": agent.id if agent is not None else attempt.agent if attempt is not None else "",
    }
    return {name: value for name, value in found.items() if value and value == plain(value)}


def why_not(command: OwnCommand, snapshot: Snapshot | None, subject: Subject) -> str:
    """Why it can't be run about this, as a sentence; empty when it can."""
    if snapshot is None:
        return "The project is still being read."
    if command.on == "prompt" and subject.number not in snapshot.prompts:
        return f"{command.name} is about a prompt: select one."
    if command.on == "agent" and subject.agent is None:
        return f"{command.name} is about an agent: none is shown."
    values = values_of(command, snapshot, subject)
    missing = [name for name in placeholders(command.run) if name not in values]
    return f"{command.name} needs {{{missing[0]}}}, and there is none here." if missing else ""


def placeholders(run: str) -> tuple[str, ...]:
    """Names of the values that the words ask for, each once."""
    return tuple(dict.fromkeys(name for _, _, name in _scan(run)[0]))


def fill(run: str, values: Mapping[str, str]) -> str:
    """The words with their values, each quoted for the shell. KeyError for one that is missing."""
    words, done = "", 0
    for start, end, name in _scan(run)[0]:
        words += run[done:start] + quote(values[name])
        done = end
    return words + run[done:]


def odd_words(run: str) -> tuple[str, str] | None:
    """What is wrong with words of the settings, and the remedy; None where they can be filled in."""
    found, wrong = _scan(run)
    unknown = [name for _, _, name in found if name not in PLACEHOLDERS]
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        return (
            f"there is no placeholder {{{plain(unknown[0])}}}",
            f"there are {known}; what is not one goes into quotes",
        )
    if wrong:
        return wrong
    beside = next((sign for sign in _BESIDE if sign in run), "") if found else ""
    if beside:
        return f"a placeholder can't stand beside {beside.strip()}", "there quotes would not hold: use a script"
    return None


def _scan(run: str) -> tuple[list[tuple[int, int, str]], tuple[str, str] | None]:
    """Placeholders with their places, and what keeps them from being quoted. In quotes only known ones are any."""
    found: list[tuple[int, int, str]] = []
    wrong: tuple[str, str] | None = None
    mark, place, nests = "", 0, False
    while place < len(run):
        char, match = run[place], _PLACEHOLDER.match(run, place)
        if char == "\\" and mark not in ("'", "#"):
            place += 2
            continue
        if match is not None and (not mark or match[1] in PLACEHOLDERS):
            if mark:
                where = "in a comment" if mark == "#" else "in quotes"
                wrong = wrong or (f"{{{match[1]}}} stands {where}", "take it out of there: it is quoted by itself")
            found.append((place, match.end(), match[1]))
            place = match.end()
            continue
        nests = nests or (mark == '"' and _NESTS.match(run, place) is not None)
        mark = _mark_after(mark, char, run[place - 1 : place])
        place += 1
    if found and mark in ("'", '"'):
        wrong = wrong or ("a quote is not closed", "close it")
    if nests and found:
        wrong = wrong or ('a placeholder can\'t stand beside "$(…)"', "there quotes would not hold: use a script")
    return found, wrong


def _mark_after(mark: str, char: str, before: str) -> str:
    """What the next character stands in: a kind of quotes, a comment (`#`), or nothing."""
    if mark == "#":
        return "" if char == "\n" else mark
    if mark:
        return "" if char == mark else mark
    if char == "#" and before in ("", *" \t\n;&|()"):
        return char
    return char if char in "'\"" else ""
