"""Commands declared as with click, and run without it where what was typed leaves no doubt.

Loading click takes as long as all that a short command does. So a command line of known options, whole numbers and
plain words is taken apart here; everything else (help, mistakes, other kinds of values) is click's, which is given the
same declarations. To a type checker the names are click's.
"""

import sys

from coordinator.cli import kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PLAIN = {"is_flag", "flag_value", "multiple", "default", "required", "help", "metavar", "show_default", "type"}
"""Settings of an option or argument that are understood here."""


class _Context:
    """What a function is told of the call."""

    def __init__(self, directory: str, invoked_subcommand: str | None = None) -> None:
        self.obj = directory
        self.invoked_subcommand = invoked_subcommand


class _Declared:
    """A command, or a group of commands."""

    def __init__(self, function: "Any", kind: str, name: str | None, settings: dict[str, object]) -> None:
        self.function = function
        self.name = name or function.__name__.replace("_", "-")
        self._kind, self._settings = kind, settings
        self._steps: list[tuple[str, tuple[str, ...], dict[str, Any]]] = function.__dict__.pop("declared", [])
        self._commands: dict[str, _Declared] = {}

    def command(self, name: str | None = None, **settings: object) -> "Callable[[Any], _Declared]":
        return self._adder("command", name, settings)

    def group(self, name: str | None = None, **settings: object) -> "Callable[[Any], _Declared]":
        return self._adder("group", name, settings)

    def _adder(self, kind: str, name: str | None, settings: dict[str, object]) -> "Callable[[Any], _Declared]":
        def add(function: "Any") -> _Declared:
            made = _Declared(function, kind, name, settings)
            self._commands[made.name] = made
            return made

        return add

    def with_click(self) -> "Any":
        """The command as click has it."""
        import click

        function = self.function
        for step, names, settings in self._steps:
            function = (
                click.pass_context(function)
                if step == "context"
                else getattr(click, step)(*names, **_with_click(settings))(function)
            )
        command = getattr(click, self._kind)(self.name, **self._settings)(function)
        for each in self._commands.values():
            command.add_command(each.with_click())
        return command

    def run(self, directory: str, words: list[str]) -> int | None:
        """Run it; its exit code, or None when this is for click to do."""
        call = self._call(directory, words)
        return None if call is None else call()

    def _call(self, directory: str, words: list[str]) -> "Callable[[], int] | None":
        """What runs it; None in doubt, before anything has run."""
        below = self._commands.get(words[0]) if words else None
        if below is None and self._commands and not self._settings.get("invoke_without_command"):
            return None
        values = self._values([] if below else words)
        then = below._call(directory, words[1:]) if below else None
        if values is None or (below and then is None):
            return None
        wanted = [_Context(directory, below.name if below else None)] if self._wants_context else []

        def call() -> int:
            code = self.function(*wanted, **values)
            return then() if then else code if isinstance(code, int) else 0

        return call

    @property
    def _wants_context(self) -> bool:
        return any(step == "context" for step, _, _ in self._steps)

    def _values(self, words: list[str]) -> "dict[str, Any] | None":
        options: dict[str, tuple[str, dict[str, Any]]] = {}
        arguments: list[tuple[str, dict[str, Any]]] = []
        values: dict[str, Any] = {}
        for step, names, settings in reversed(self._steps):
            if step == "context":
                continue
            if "nargs" in settings and step == "option":  # where one is given, this is for click to do
                values[_name(names)] = ()
                continue
            if not settings.keys() <= _PLAIN:
                return None
            name = _name(names)
            yes, _, no = names[0].partition("/")
            if no:
                options |= {yes: (name, {"flag_value": True}), no: (name, {"flag_value": False})}
                values[name] = settings.get("default", False)
            elif step == "argument":
                if settings.keys() - {"type", "metavar", "required"}:
                    return None
                arguments.append((name, settings))
                values[name] = None
            else:
                options.update(dict.fromkeys((each for each in names if each.startswith("-")), (name, settings)))
                missing = () if settings.get("multiple") else False if settings.get("is_flag") else None
                values[name] = settings.get("default", values.get(name, missing))
        return values if self._read(words, options, arguments, values) else None

    def _read(
        self, words: list[str], options: "dict[str, Any]", arguments: "list[Any]", values: "dict[str, Any]"
    ) -> bool:
        """Put what was typed among the values; whether all of it was understood."""
        rest, left = iter(words), list(arguments)
        seen: set[str] = set()
        for word in rest:
            if word == "-" or not word.startswith("-"):
                if not left or self._commands:
                    return False
                name, settings = left.pop(0)
                text = word
            elif word in options:
                name, settings = options[word]
                if settings.get("multiple") and name not in seen:
                    values[name] = ()  # what is given stands in the place of the default
                seen.add(name)
                if settings.get("is_flag") or "flag_value" in settings:
                    values[name] = settings.get("flag_value", True)
                    continue
                text = next(rest, "")
            else:
                return False
            value = _value(text, settings.get("type"))
            if value is None:
                return False
            values[name] = (*values[name], value) if settings.get("multiple") else value
        required = {name for name, settings in options.values() if settings.get("required")}
        return required <= seen and not any(settings.get("required", True) for _, settings in left)


def _with_click(settings: "dict[str, Any]") -> "dict[str, Any]":
    return {name: value.with_click() if isinstance(value, kinds.Kind) else value for name, value in settings.items()}


def _name(names: tuple[str, ...]) -> str:
    """The parameter that an option sets: the name without dashes, or the first long one."""
    given = [name for name in names if not name.startswith("-")]
    dashed = (name.partition("/")[0] for name in names)
    chosen = given[0] if given else max(dashed, key=lambda name: len(name) - len(name.lstrip("-")))
    return chosen.lstrip("-").replace("-", "_").lower()


def _value(text: str, kind: "type | kinds.Kind | None") -> object:
    """What a word stands for; None in doubt."""
    if not text or (text.startswith("-") and text != "-"):
        return None
    if isinstance(kind, kinds.Kind):
        return kind.read(text)
    return kinds.whole(text) if kind is int else text if kind in (None, str) else None


def _step(kind: str, names: tuple[str, ...], settings: "dict[str, Any]") -> "Callable[[Any], Any]":
    def declare(function: "Any") -> "Any":
        function.__dict__.setdefault("declared", []).append((kind, names, settings))
        return function

    return declare


def _option(*names: str, **settings: object) -> "Callable[[Any], Any]":
    return _step("option", names, settings)


def _argument(*names: str, **settings: object) -> "Callable[[Any], Any]":
    return _step("argument", names, settings)


def _pass_context(function: "Any") -> "Any":
    return _step("context", (), {})(function)


def _command(name: str | None = None, **settings: object) -> "Callable[[Any], _Declared]":
    return lambda function: _Declared(function, "command", name, settings)


def _group(name: str | None = None, **settings: object) -> "Callable[[Any], _Declared]":
    return lambda function: _Declared(function, "group", name, settings)


def _echo(text: object) -> None:
    sys.stdout.write(f"{text}\n")


def _confirm(*given: "Any", **settings: "Any") -> bool:
    import click

    return click.confirm(*given, **settings)


def run_plain(directory: str, words: list[str]) -> int | None:
    """Run a command without click; its exit code, or None when this is for click to do."""
    from coordinator.cli.verbs import find

    found = find(words[0])
    return found.run(directory, words[1:]) if isinstance(found, _Declared) else None


def for_click(found: object) -> "Any":
    """A command of any module as click has it."""
    return found.with_click() if isinstance(found, _Declared) else found


if TYPE_CHECKING:
    from click import Choice as Choice
    from click import Context as Context
    from click import IntRange as IntRange
    from click import Path as Path
    from click import argument as argument
    from click import command as command
    from click import confirm as confirm
    from click import echo as echo
    from click import group as group
    from click import option as option
    from click import pass_context as pass_context
else:
    Choice, IntRange, Path = kinds.Choice, kinds.IntRange, kinds.Path
    Context, confirm, echo = _Context, _confirm, _echo
    argument, command, group, option, pass_context = _argument, _command, _group, _option, _pass_context
