"""The settings of a project: `.coord/coord.yaml`, flat and validated."""

import os
import re
from collections.abc import Callable, Mapping

from coordinator.errors import CoordError, UsageError
from coordinator.formats.flat_yaml import Entry, Nested, Value, read_flat
from coordinator.lazy.dataclass import dataclass, field, fields
from coordinator.lazy.typing import Any
from coordinator.model.adoption import Pattern
from coordinator.model.settings import BRANCH, PROMPTS, Budget, Settings
from coordinator.model.text import clip, plain
from coordinator.model.work import is_flow_name
from coordinator.storage.branch import in_branch
from coordinator.storage.files import NotAFile, TooLarge, read_limited, sha256
from coordinator.storage.paths import Layout

SIZE_LIMIT = 256 * 1024
"""Bytes of coord.yaml."""


@dataclass(frozen=True, slots=True)
class Config:
    """What the project decided. Every field is a key of coord.yaml, but for those that follow from others."""

    project: str = ""
    """Name on screen; default: the name of the root folder."""
    runtime: str = "claude"
    """Which agent executes prompts that name none."""
    command: tuple[str, ...] = ()
    """What the runtime `command` runs, word by word."""
    agent_arguments: Mapping[str, str] = field(default_factory=dict)
    """Runtime → further words for its command line, quoted as for a shell."""
    agent_user: tuple[str, ...] = ()
    """Strict mode: the gate's user, and those of agents; where there is one, they have `NAME-1`, `NAME-2`, …"""
    headless: bool = False
    """Run agents without a screen of their own, where their CLI has one: nobody can talk to them or permit anything."""
    mcp: str = "auto"
    """`auto`: agents also get coord's tools by MCP, where its package is installed; `off`: the command alone."""
    gate: str = "review"
    """`review`, `auto` or `forge`: what a change has to pass before it lands."""
    isolation: str = "worktree"
    """`worktree`, or `shared`: agents work in the project's own folder, one at a time, past every gate."""
    remote: str = "origin"
    """Where the gate `forge` pushes branches, and looks for what was merged."""
    forge: str = "auto"
    """What opens pull requests there: `gh`, `glab`, `none`, or `auto` by the remote's address."""
    max_parallel: int = 3
    max_attempts: int = 1
    """Attempts a prompt gets before its failure halts the plan; 1: no automatic retry."""
    retry_backoff: float = 10.0
    """Seconds before the second attempt; doubles with each further one, up to 300."""
    timeout: float | None = None
    """Seconds an attempt may take; None: no limit."""
    stuck_after: float | None = 900.0
    """Seconds without progress after which you are warned about an agent, which goes on; None: never."""
    go_on: bool = True
    """Agents go on by themselves when a limit of their model service ends, and after a crash or a reboot."""
    budget_tokens: int | None = None
    """Tokens that a prompt may use, over all of its attempts in a run, before a human is asked."""
    budget_cost: float | None = None
    """The same in US dollars."""
    budget_time: float | None = None
    """The same in seconds of work."""
    run_budget_tokens: int | None = None
    """Tokens that all prompts of a run may use together."""
    run_budget_cost: float | None = None
    run_budget_time: float | None = None
    require_criteria: bool = False
    """Refuse prompts without acceptance criteria."""
    max_iterations: int = 10
    """Iterations after which a milestone that iterates is stuck, until a human has it go on."""
    planner_plans: str = "first"
    """Which of the Planner's plans you confirm: `first` of a milestone, `all`, or `auto`: none."""
    on_failure: str = "auto"
    """`halt`: a failed prompt holds the plan until you come; `plan`: the Planner is told of it, where there is one;
    `auto`: `plan` in a milestone that iterates, else `halt`."""
    tests: tuple[str, ...] = ()
    """Globs of the project's tests, which one station of a pipeline writes and the next may not touch; empty: where
    they are in most projects."""
    specialists: tuple[str, ...] | None = None
    """Flows that look at the work beside the Verifier; None: all that there are, shipped and of the project's own."""
    max_prompts: int = 8
    """New prompts that one plan of a Planner may have."""
    worktrees: str = ""
    """Where the agents' worktrees lie, in a folder of the project's own; empty: below `.coord/`."""
    copy: tuple[str, ...] = ()
    """Untracked files and folders to bring along into each new worktree: paths and patterns, relative to the root."""
    copy_limit: int = 2048
    """MiB that they may have together."""
    setup_timeout: float = 900.0
    """Seconds that setup.sh, and teardown.sh, may take."""
    witness_timeout: float = 900.0
    """Seconds that a command may take which is to show that a criterion is met."""
    warm: int = 1
    """Worktrees that are made ready ahead, for the prompts that come next."""
    base_branch: str | None = None
    """Where changes land; None: the branch that is checked out. A run keeps the one that it began with."""
    prompt_folders: tuple[str, ...] = ()
    """Further folders with prompts, relative to the root, where every *.md counts; new prompts go to the first one.
    `{branch}` is replaced by the base branch of the run that has not ended, else by that of the next one."""
    prompts_pattern: str = ""
    """Which files of these folders are prompts, such as `[0-9][0-9][0-9].md`; empty: all that have a number."""
    write_back: Mapping[str, str] = field(default_factory=dict)
    """Folder or file of tasks of another tool → their format: the loop writes back there what becomes of their prompts.
    For `github:OWNER/NAME` what it does there: `comment` or `close`."""
    tmux_socket: str = ""
    """Name of the tmux server's socket; default: `coord-` and eight digits of the root path's hash."""
    tmux_session: str = "coord"
    adopt: tuple[Pattern, ...] = ()
    """Windows that coord did not open and shows as well; nothing is ever written to them."""
    bell: str = "none"
    """What tells an engineer who looks elsewhere that something waits: `none`, `terminal` or `desktop`."""
    chat: str = "auto"
    """The coordinator's voice: `api`, `claude` or `codex` (an agent CLI that is logged in), `off`, or `auto`: the
    first of these that there is."""
    chat_model: str = ""
    """Which model speaks; empty: the default of the voice."""
    chat_base_url: str = ""
    """Where the API is; empty: as the environment says. Only heeded in a project that is trusted."""
    chat_budget_tokens: int | None = None
    """Tokens that the coordinator may use for a milestone, beside those of agents."""
    chat_budget_cost: float | None = None
    """The same in US dollars."""
    theme: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Action id → key, where it differs from the default."""
    branch_folder: str = ""
    """The first of `prompt_folders` that is called after a branch, with its `{branch}`; empty: none is."""
    space: str = ""
    """The same as it is: numbers of prompts are those of this folder alone."""

    @property
    def settings(self) -> Settings:
        """The part that the rules of the loop depend on."""
        return Settings(
            runtime=self.runtime,
            gate=self.gate,
            isolation=self.isolation,
            max_attempts=self.max_attempts,
            retry_backoff=self.retry_backoff,
            timeout=self.timeout,
            stuck_after=self.stuck_after,
            go_on=self.go_on,
            headless=self.headless,
            prompt_budget=Budget(self.budget_tokens, self.budget_cost, self.budget_time),
            run_budget=Budget(self.run_budget_tokens, self.run_budget_cost, self.run_budget_time),
            require_criteria=self.require_criteria,
            max_prompts=self.max_prompts,
            warm=self.warm,
            max_iterations=self.max_iterations,
            planner_plans=self.planner_plans,
            on_failure="halt" if self.on_failure == "auto" else self.on_failure,
            specialists=self.specialists,
            tests=self.tests,
            space=self.space,
            prompts_folder=os.path.normpath(self.prompt_folders[0]) if self.prompt_folders else PROMPTS,
        )


def load_config(layout: Layout) -> Config:
    """Read coord.yaml; defaults where it is silent or missing. Raises UsageError naming file, line and remedy."""
    return config_of(layout, read_settings(layout))


def read_settings(layout: Layout) -> bytes:
    """What coord.yaml holds; nothing where there is none. Raises CoordError in words."""
    try:
        return read_limited(layout.config, SIZE_LIMIT)
    except FileNotFoundError:
        return b""
    except (TooLarge, NotAFile) as error:
        raise UsageError(error.message, error.remedy) from None
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise CoordError(f"can't read {layout.rel(layout.config)}: {reason}", "check its permissions") from error


def config_of(layout: Layout, data: bytes) -> Config:
    """The settings that a coord.yaml with this content makes. Raises like `load_config`."""
    shown = layout.rel(layout.config)
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown}: byte {error.start} is not UTF-8", "save the file as UTF-8") from None
    values: dict[str, Any] = {
        "project": layout.root.name,
        "tmux_socket": f"coord-{sha256(os.fsencode(layout.root))[:8]}",
    }
    for key, value, line in _entries(text, shown):
        read = _READERS.get(key)
        if read is None:
            raise _unknown(key, f"{shown}:{line}")
        try:
            values[key] = read(value)
        except ValueError as error:
            got = clip(plain(value if isinstance(value, str) else f"[{', '.join(value)}]"), 40)
            raise UsageError(f"{shown}:{line}: {key}: `{got}` is not {error}", f"write {error}") from None
    folders: tuple[str, ...] = values.get("prompt_folders", ())
    patterns = [folder for folder in folders if BRANCH in folder]
    if patterns:
        branch = _base_branch(layout, values.get("base_branch", ""))
        values["prompt_folders"] = tuple(in_branch(folder, layout.root, branch) for folder in folders)
        values["branch_folder"] = os.path.normpath(patterns[0])
        values["space"] = os.path.normpath(in_branch(patterns[0], layout.root, branch))
    return Config(**values)


def _base_branch(layout: Layout, configured: str) -> str:
    """The base branch of the run that has not ended, else the one that is configured; empty: what is checked out."""
    from coordinator.storage.runs import unfinished_run

    run = unfinished_run(layout)
    return run.base_branch if run is not None and run.base_branch else configured.removeprefix("refs/heads/")


def _entries(text: str, shown: str) -> list[Entry]:
    flat = read_flat(text)
    if flat is not None:
        return flat
    from coordinator.formats.yaml_reader import YamlError, read_yaml

    try:
        return [Entry(node.key, node.value, node.line) for node in read_yaml(text)]
    except YamlError as error:
        raise UsageError(f"{shown}:{error.line}: {error.message}", error.remedy) from None


def _unknown(key: str, place: str) -> UsageError:
    from difflib import get_close_matches

    close = get_close_matches(key, _READERS, 1, 0.5)
    known = f"did you mean `{close[0]}`?" if close else f"settings are {', '.join(_READERS)}"
    return UsageError(f"{place}: there is no setting `{plain(key)}`", known)


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
    return _seconds(value) or None


def _count(value: Value) -> int | None:
    if value in ("", "none", "null", "~"):
        return None
    return _whole(1, 999_999_999)(value)


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


_READERS: dict[str, Callable[[Value], Any]] = {
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
}
assert _READERS.keys() | {"branch_folder", "space"} == {f.name for f in fields(Config)}
