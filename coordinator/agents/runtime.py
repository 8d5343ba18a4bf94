"""What an agent CLI is to the loop: a name, a command for a job, and what is known of its state.

A new one is one new module of this package that holds a `RUNTIME`; its file name is the name people write.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Any
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import AgentState
from coordinator.model.step import Attempt
from coordinator.model.text import clip

_WORDS = 160
"""Characters of a failure that are told."""


@dataclass(frozen=True, slots=True)
class Job:
    """What an agent is started for. All paths are absolute."""

    attempt: Attempt
    prompt: Prompt | None
    """None: its work is a flow of an iteration."""
    coord: Path
    """The `.coord` folder of the main checkout."""
    directory: Path
    """The attempt's own directory."""
    worktree: Path
    prompt_file: Path
    """`prompt.txt`: all that the agent is told."""
    model: str | None = None
    resume: str = ""
    """Session of an earlier attempt that the agent goes on with; empty: it starts afresh."""
    arguments: tuple[str, ...] = ()
    """Further words for the CLI, from the project's settings."""
    headless: bool = False
    """Run it to its end without a person; else, where the CLI can, in its own screen, where people can talk to it."""
    server: tuple[str, ...] = ()
    """Words that start coord's MCP server on standard input and output; empty: the agent has the command line alone."""

    @property
    def model_words(self) -> tuple[str, ...]:
        """The model as every CLI takes it: in one word, so that nothing in its place can be an option of its own."""
        return (f"--model={self.model}",) if self.model else ()


@dataclass(frozen=True, slots=True)
class Command:
    """How an agent is run: always as a list of words, never as text for a shell."""

    argv: tuple[str, ...]
    stdin: Path | None = None
    """File that is its standard input; None: the terminal."""
    argument: Path | None = None
    """File whose text is the last word, for what is told to a CLI that keeps the terminal."""
    output: Path | None = None
    """File that gets a copy of what it prints."""
    env: Mapping[str, str] = field(default_factory=dict)
    session: str = ""
    """The session id that the CLI was told to use, for resuming."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an agent's hook, session file or screen says of its state."""

    state: AgentState
    doing: str = ""
    """A few words: what it wants to do, asks or complains about; untrusted."""
    resets_at: float | None = None
    """Unix seconds when its service lets it go on, where the CLI tells just that."""
    when: str = ""
    """Words that tell it, such as `retrying in 12s`, among others or none."""
    retries: bool = False
    """At a limit: its CLI goes on by itself as soon as that ends."""

    @classmethod
    def failed(
        cls, words: str, *, limited: bool, resets_at: float | None = None, when: str = "", retries: bool = False
    ) -> "Said":
        """A call to the model failed, for these words: by a limit of its service, or by anything else."""
        text = " ".join(words.split())
        state = AgentState.RATE_LIMITED if limited else AgentState.INTERRUPTED
        return cls(state, clip(text, _WORDS), resets_at, when or text, retries and limited)


@dataclass(frozen=True, slots=True)
class Usage:
    """What an agent has used so far."""

    tokens: int = 0
    """Read, written and cached ones, as its service counts them."""
    cost_usd: float | None = None
    """None: its CLI doesn't tell."""


@dataclass(frozen=True, slots=True)
class Count:
    """One message or response of a session, with what it used."""

    id: str
    tokens: int
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Tells:
    """When a CLI tells what it has used: `running`, `end` (of an attempt), or never, which is empty."""

    tokens: str = ""
    cost: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """What to press at a permission question of a CLI."""

    allow: str
    deny: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the traces of a running agent are."""

    directory: Path
    """The attempt's own directory."""
    worktree: Path
    session: str = ""
    since: str = ""
    """UTC, ISO 8601: a resumed session tells also of what came before, which doesn't count."""
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Needs:
    """What has to be there before a CLI is started, for `coord doctor` and for the loop."""

    program: str
    minimum: tuple[int, ...]
    """Oldest version that does what the runtime asks of it."""
    install: str
    """A command, for people."""
    login: tuple[str, ...] = ()
    """Words that make the CLI tell, by its exit status, whether it is logged in."""
    log_in: str = ""
    """How people log in."""


@dataclass(frozen=True, slots=True)
class Leeway:
    """How much a CLI's agents do without a question."""

    words: str
    """For people, after the name of the CLI."""
    arguments: str = ""
    """Of its command line; never such as switch its checks off."""


class Runtime:
    """One kind of agent. A new one says how it is run; whatever else it can tell makes its state better known."""

    name: str = ""
    needs: Needs | None = None
    """None: nothing but what is on every machine."""
    keys: Keys | None = None
    """None: a permission question can't be answered by keys."""
    leeways: Mapping[str, Leeway] = {}
    """Level, of `leave.LEVELS` → how to have it; none for what has no permissions of its own."""

    speaks_mcp: bool = False
    """It is given coord's tools, where they can be had."""

    @property
    def reports_itself(self) -> bool:
        """Its own traces tell what it does: a process without them says nothing."""
        return False

    def command(self, job: Job) -> Command:
        """The command for a job; may write helper files into its directory. CoordError when it can't be run."""
        raise NotImplementedError

    def absent(self, root: Path) -> CoordError | None:
        """What is missing to run it for the project at `root`, where `needs` does not say; None when nothing is."""
        return None

    def heard(self, payload: Mapping[str, Any]) -> Said | None:
        """What the payload of a hook of this CLI means; None: nothing about its state."""
        return None

    def called(self, payload: Mapping[str, Any]) -> str | None:
        """What it is about to run, whole, by the payload of a hook.

        Empty where it runs something that is not told whole; None when the hook is about something else.
        """
        return None

    def seen(self, screen: str) -> Said | None:
        """What its screen shows, the last resort: plain text, a line a row. None where the screen can't tell."""
        return None

    has_composer: bool = False
    """It has a line where people type to it, and `composer_is_empty` knows that line."""

    def composer_is_empty(self, screen: str) -> bool:
        """Text that is pasted now would be taken as a new message, and as nothing else."""
        return False

    def sessions(self, place: Place) -> Iterable[Path]:
        """Files with the agent's own record of what it did: JSON lines, which only grow."""
        return ()

    def recorded(self, record: Mapping[str, Any]) -> Said | None:
        """What a line of a session file means for its state."""
        return None

    def counted(self, record: Mapping[str, Any]) -> Count | None:
        """What a line of a session file adds to what was used; the last line of an id counts."""
        return None

    def summed(self, record: Mapping[str, Any]) -> Usage | None:
        """What a line at the end of a headless run says of the whole of it; the last one counts."""
        return None

    def tells(self, *, headless: bool) -> "Tells":
        """When it tells what it has used."""
        return Tells()

    def told_cost(self, place: Place) -> float | None:
        """US dollars so far, where the CLI tells besides its session files."""
        return None

    def session_of(self, path: Path) -> str:
        """The session that a session file belongs to; empty when its name doesn't tell."""
        return ""

    def distrust(self, root: Path, environ: Mapping[str, str]) -> str:
        """What a first-run dialog would ask about the project; empty when it would ask nothing."""
        return ""
