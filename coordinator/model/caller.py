"""Who calls: the process that a command, or a tool of `coord mcp`, is carried out for. Pure."""

from collections.abc import Mapping

from coordinator.lazy.dataclass import dataclass
from coordinator.model.work import WorkId, flow_work, prompt_work, turn_work


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
        """What it speaks about, unless it says so: an agent's own work, or the milestone."""
        work = self.work
        return work.subject if work is not None else "milestone"

    @property
    def work(self) -> WorkId | None:
        """What it was launched for; None for a process that is no agent's."""
        flow, iteration, number = (self.environ.get(f"COORD_{name}", "") for name in ("FLOW", "ITERATION", "PROMPT"))
        turn = self.environ.get("COORD_TURN", "")
        try:
            if turn:
                return turn_work(_number(number), turn)
            return flow_work(_number(iteration), flow) if flow else prompt_work(_number(number))
        except ValueError:
            return None

    @property
    def attempt(self) -> int:
        """The number of the attempt that it was launched for; 0 for none."""
        try:
            return _number(self.environ.get("COORD_ATTEMPT", ""))
        except ValueError:
            return 0


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(text)
    return int(text)
