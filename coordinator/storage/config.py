"""The settings of a project: `.coord/coord.yaml`, flat and validated."""

import os
from collections.abc import Mapping

from coordinator.errors import CoordError, UsageError
from coordinator.formats.flat_yaml import Entry, read_flat
from coordinator.lazy.dataclass import dataclass, field, fields
from coordinator.lazy.typing import TYPE_CHECKING, Any
from coordinator.model.adoption import Pattern
from coordinator.model.settings import BRANCH, PROMPTS, Budget, Settings
from coordinator.model.text import clip, plain
from coordinator.storage.branch import in_branch
from coordinator.storage.files import NotAFile, TooLarge, read_limited, sha256
from coordinator.storage.paths import Layout
from coordinator.storage.setting_values import READERS

if TYPE_CHECKING:
    from coordinator.model.own_command import OwnCommand

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
    commands: "tuple[OwnCommand, ...]" = ()
    """Commands of one's own on the screen."""
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
    values: dict[str, Any] = {
        "project": layout.root.name,
        "tmux_socket": f"coord-{sha256(os.fsencode(layout.root))[:8]}",
    }
    for key, value, line in entries_of(layout, data):
        read = READERS.get(key)
        if read is None:
            raise _unknown(key, f"{shown}:{line}")
        try:
            values[key] = read(value)
        except ValueError as error:
            got = clip(plain(value if isinstance(value, str) else f"[{', '.join(value)}]"), 40)
            raise UsageError(f"{shown}:{line}: {key}: `{got}` is not {error}", f"write {error}") from None
        except UsageError as error:
            raise UsageError(f"{shown}:{line}: {key}: {error.message}", error.remedy) from None
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


def entries_of(layout: Layout, data: bytes) -> list[Entry]:
    """The keys of a coord.yaml with this content, whether there are such settings or not. Raises like `load_config`."""
    shown = layout.rel(layout.config)
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown}: byte {error.start} is not UTF-8", "save the file as UTF-8") from None
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

    close = get_close_matches(key, READERS, 1, 0.5)
    known = f"did you mean `{close[0]}`?" if close else f"settings are {', '.join(READERS)}"
    return UsageError(f"{place}: there is no setting `{plain(key)}`", known)


assert READERS.keys() | {"branch_folder", "space"} == {f.name for f in fields(Config)}
