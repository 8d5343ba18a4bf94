"""What a value of coord.yaml may be: a reader for each setting, which refuses all else in words. Pure.

A reader raises ValueError with what the value should have been, such as `one of auto, off`; or UsageError with what is
wrong in it, and the remedy.
"""

import os
import re
from collections.abc import Callable

from coordinator.formats.flat_yaml import Nested, Value
from coordinator.lazy.typing import TYPE_CHECKING, Any
from coordinator.model.adoption import Pattern
from coordinator.model.text import plain
from coordinator.model.work import is_flow_name

if TYPE_CHECKING:
    from coordinator.model.own_command import OwnCommand


def _text(value: Value) -> str:
    if not isinstance(value, str) or isinstance(value, Nested) or not value.strip() or value != plain(value):
        raise ValueError("a text")
    return value.strip()


def _branch(value: Value) -> str:
    name = _text(value)
    if name.startswith("-") or not re.fullmatch(r"[^\s~^:?*\[\\]+", name):
        raise ValueError("the name of a branch")
    return name


def _texts(value: Value) -> tuple[str, ...]:
    if isinstance(value, Nested):
        raise ValueError("a list such as [a, b]")
    return value if isinstance(value, tuple) else (value,) if value else ()


def _name(value: Value) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", value):
        raise ValueError("a name of letters, digits, - and _")
    return value


def _whole(low: int, high: int) -> Callable[[Value], int]:
    def read(value: Value) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return read


def _seconds(value: Value) -> float:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        raise ValueError("a number of seconds")
    return float(value)


def _limit(value: Value) -> float | None:
    if value in ("", "none", "null", "~"):
        return None
    try:
        return _seconds(value) or None
    except ValueError:
        raise ValueError("a number, or none") from None


def _count(value: Value) -> int | None:
    if value in ("", "none", "null", "~"):
        return None
    try:
        return _whole(1, 999_999_999)(value)
    except ValueError as error:
        raise ValueError(f"{error}, or none") from None


def _one_of(*choices: str) -> Callable[[Value], str]:
    def read(value: Value) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return str(value)

    return read


def _flag(value: Value) -> bool:
    if value not in ("true", "yes", "on", "false", "no", "off"):
        raise ValueError("true or false")
    return value in ("true", "yes", "on")


def folders(value: Value) -> tuple[str, ...]:
    folders = _texts(value)
    for folder in folders:
        if folder != plain(folder) or os.path.isabs(folder) or ".." in folder.split("/") or not folder.strip():
            raise ValueError("a list of folders below the project's root")
    return folders


def _place(value: Value) -> str:
    text = _text(value)
    if ".git" in text.split("/"):
        raise ValueError("a folder for worktrees, such as ../worktrees or ~/worktrees")
    return text


def _copies(value: Value) -> tuple[str, ...]:
    found = _texts(value)
    for one in found:
        if one != plain(one) or os.path.isabs(one) or ".." in one.split("/") or not one.strip("/. "):
            raise ValueError('a list of files below the root, such as [.env, "**/.env.local"]')
    return found


def _globs(value: Value) -> tuple[str, ...]:
    found = _texts(value)
    for one in found:
        if one != plain(one) or ".." in one.split("/") or not one.strip("!/. ") or "\\" in one or one[0] == "@":
            raise ValueError('a list of globs below the root, such as ["tests/", "*.test.ts"]')
    return found


def _pattern(value: Value) -> str:
    text = _text(value)
    if "/" in text:
        raise ValueError('a pattern of file names, such as "[0-9][0-9]-*.md"')
    return text


def _model(value: Value) -> str:
    if value == "":
        return ""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}", value):
        raise ValueError("the name of a model")
    return value


def _url(value: Value) -> str:
    if value == "":
        return ""
    if not isinstance(value, str) or not re.fullmatch(r"https?://[A-Za-z0-9._~:/\[\]-]{1,500}", value):
        raise ValueError("an address such as https://api.example")
    return value.rstrip("/")


def _users(value: Value) -> tuple[str, ...]:
    return () if value == "" else tuple(_name(name) for name in _texts(value))


def _patterns(value: Value) -> tuple[Pattern, ...]:
    return tuple(Pattern.of(text) for text in _texts(value))


def _flows(value: Value) -> tuple[str, ...] | None:
    names = _texts(value)
    if value == "all":
        return None
    if not all(map(is_flow_name, names)):
        raise ValueError("a list of flows, such as [security, tests], or all")
    return names


def _arguments(value: Value) -> dict[str, str]:
    if value == "":
        return {}
    if not isinstance(value, Nested) or not value.pairs:
        raise ValueError("a mapping of agents to words of their command line")
    from shlex import split

    for _, words in value.pairs:
        split(words)
    return dict(value.pairs)


def _write_back(value: Value) -> dict[str, str]:
    from coordinator.storage.task_places import read_places  # few projects have it

    return read_places(value)


def _keys(value: Value) -> dict[str, str]:
    if value == "":
        return {}
    if not isinstance(value, Nested) or not value.pairs:
        raise ValueError("a mapping of actions to keys")
    return dict(value.pairs)


def _commands(value: Value) -> "tuple[OwnCommand, ...]":
    from coordinator.storage.own_commands import read_commands  # few projects have any

    return read_commands(value)


READERS: dict[str, Callable[[Value], Any]] = {
    "project": _text,
    "runtime": _name,
    "command": _texts,
    "agent_arguments": _arguments,
    "agent_user": _users,
    "headless": _flag,
    "mcp": _one_of("auto", "off"),
    "gate": _one_of("review", "auto", "forge"),
    "isolation": _one_of("worktree", "shared"),
    "remote": _name,
    "forge": _one_of("auto", "gh", "glab", "none"),
    "max_parallel": _whole(1, 256),
    "max_attempts": _whole(1, 100),
    "retry_backoff": _seconds,
    "timeout": _limit,
    "stuck_after": _limit,
    "go_on": _flag,
    "budget_tokens": _count,
    "budget_cost": _limit,
    "budget_time": _limit,
    "run_budget_tokens": _count,
    "run_budget_cost": _limit,
    "run_budget_time": _limit,
    "require_criteria": _flag,
    "max_iterations": _whole(1, 1000),
    "planner_plans": _one_of("first", "all", "auto"),
    "on_failure": _one_of("auto", "halt", "plan"),
    "specialists": _flows,
    "max_prompts": _whole(1, 100),
    "tests": _globs,
    "worktrees": _place,
    "copy": _copies,
    "copy_limit": _whole(1, 1_000_000),
    "setup_timeout": _seconds,
    "witness_timeout": _seconds,
    "warm": _whole(0, 64),
    "base_branch": _branch,
    "prompt_folders": folders,
    "prompts_pattern": _pattern,
    "write_back": _write_back,
    "tmux_socket": _name,
    "tmux_session": _name,
    "adopt": _patterns,
    "bell": _one_of("none", "terminal", "desktop"),
    "chat": _one_of("auto", "api", "claude", "codex", "off"),
    "chat_model": _model,
    "chat_base_url": _url,
    "chat_budget_tokens": _count,
    "chat_budget_cost": _limit,
    "theme": _name,
    "keys": _keys,
    "commands": _commands,
}
