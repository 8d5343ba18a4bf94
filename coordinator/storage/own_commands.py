"""The setting `commands`: what its entries may say."""

from coordinator.errors import UsageError
from coordinator.formats.flat_yaml import Nested, Value
from coordinator.model.own_command import ON, OwnCommand, odd_words
from coordinator.model.text import clip, plain

_TOLD = "a list of mappings with name and run"
_KEYS = ("name", "run", "on", "key", "confirm")
_LONGEST = 40
"""Characters of a name."""
_MOST = 4000
"""Characters of words: tmux takes 16 KB, with what is filled in."""
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def read_commands(value: Value) -> tuple[OwnCommand, ...]:
    """Raises ValueError for what is no list of commands, UsageError for one in it that can't be meant."""
    if value in ("", ()):
        return ()
    if not isinstance(value, Nested) or not value.rows:
        raise ValueError(_TOLD)
    found: list[OwnCommand] = []
    for place, pairs in enumerate(value.rows, 1):
        command = _command(place, pairs)
        for other in found:
            if other.name.casefold() == command.name.casefold():
                raise UsageError(f"there are two called {command.name}", "give one of them another name")
            if command.key and other.key == command.key:
                raise UsageError(f"{other.name} and {command.name} have the key {command.key}", "give one another key")
        found.append(command)
    return tuple(found)


def _command(place: int, pairs: tuple[tuple[str, str], ...]) -> OwnCommand:
    said = dict(pairs)
    name = said.get("name", "").strip()
    who = clip(plain(name), _LONGEST) or f"number {place}"
    for key, _ in pairs:
        if key not in _KEYS:
            raise UsageError(f"{who} has {clip(plain(key), 40)}, which is no part of a command", _parts())
    if len(said) < len(pairs):
        raise UsageError(f"{who} says something twice", "keep one of the two")
    if not name or name != plain(name) or len(name) > _LONGEST:
        raise UsageError(f"{who} has no name", f"write name: and up to {_LONGEST} characters")
    run, on, key, confirm = said.get("run", "").strip(), said.get("on", "any"), said.get("key", ""), said.get("confirm")
    if not run or len(run) > _MOST or "\0" in run:
        raise UsageError(f"{who} runs nothing", f"write run: and up to {_MOST} characters for a shell")
    if on not in ON:
        raise UsageError(f"{who} is on {clip(plain(on), 40)}", f"on: takes {', '.join(ON)}")
    if key != plain(key) or len(key.split()) > 1 or ("," in key and key != ","):
        raise UsageError(f"{who} has the key {clip(plain(key), 40)}", "write one key, such as ctrl+t or f5")
    if confirm is not None and confirm not in _FLAGS:
        raise UsageError(f"{who} has confirm: {clip(plain(confirm), 40)}", "write true or false")
    wrong = odd_words(run)
    if wrong is not None:
        raise UsageError(f"{who}: {wrong[0]}", wrong[1])
    return OwnCommand(name, run, on, key.strip(), _FLAGS.get(confirm or "", False))


def _parts() -> str:
    return f"a command has {', '.join(_KEYS)}"
