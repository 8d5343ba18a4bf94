"""Who calls: the process that a command, or a tool of `coord mcp`, is carried out for. Pure."""

from collections.abc import Mapping

from coordinator.lazy.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """A process, as it says of itself; `coordinator.eventlog.identity` decides who it is."""

    environ: Mapping[str, str]
    pid: int
    folder: str
    """Where it works: what its relative paths are relative to."""

    @property
    def run(self) -> str | None:
        """The run that it belongs to, as an agent does."""
        return self.environ.get("COORD_RUN")

    @property
    def subject(self) -> str:
        """What it speaks about, unless it says so: an agent's own prompt, or the milestone."""
        number = self.environ.get("COORD_PROMPT", "")
        return f"prompt:{int(number)}" if number.isascii() and number.isdigit() else "milestone"
