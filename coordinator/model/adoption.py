"""Windows that coord did not open and shows all the same: which ones, and that nothing is ever written to them."""

from fnmatch import fnmatchcase

from coordinator.errors import Refused
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass

ADOPTED = "adopted"
"""Their role, and what their ids begin with."""
DEFAULT_SERVER = "default"
"""Socket of the tmux server that people get who name none."""
_PATTERN = regex.compile(r"(?:(?P<server>[A-Za-z0-9][A-Za-z0-9_-]{0,63})/)?(?P<session>[^:]+):(?P<window>.+)")
_NUMBER = regex.compile(r"(?<![^\W_])(?<!\d\.)0*([1-9][0-9]{0,5})(?![^\W_]|\.\d)")


@dataclass(frozen=True, slots=True)
class Pattern:
    """`server/session:window`: windows of a tmux server by the names of theirs, with shell-style wildcards."""

    server: str
    """Name of the server's socket."""
    session: str
    window: str

    @classmethod
    def of(cls, text: str) -> "Pattern":
        """Read a pattern; without a server it is about the default one. ValueError for anything else."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError('a list of windows such as ["work:claude*", "server/session:*"]')
        return cls(match["server"] or DEFAULT_SERVER, match["session"], match["window"])

    def fits(self, session: str, window: str) -> bool:
        return fnmatchcase(session, self.session) and fnmatchcase(window, self.window)


def agent_id(server: str, window: str) -> str:
    """`adopted-default-3` for window `@3` of the default server."""
    return f"{ADOPTED}-{server}-{window.removeprefix('@')}"


def number_in_window(name: str) -> int | None:
    """The first number in a window's name that stands by itself: 7 for `executor-07`; none in `gpt4` or `v2.1`."""
    match = _NUMBER.search(name)
    return int(match[1]) if match else None


def hands_off(agent: str) -> Refused:
    """Why nothing is done to an adopted window."""
    return Refused(
        f"coord did not start {agent}, and writes nothing to it",
        f"go there and do it yourself: `coord attach {agent}`, or `a` on the screen",
    )
