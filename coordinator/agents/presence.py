"""The agents as they are now, asked of the process table and of their own reports."""

import os
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from coordinator.agents.evidence import Terminal, brief, last_report, observe_agent
from coordinator.agents.jsonl_tail import end_of
from coordinator.agents.stall_record import STUCK, read_stuck
from coordinator.agents.usage import USAGE, read_usage
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import TYPE_CHECKING, NamedTuple
from coordinator.model.clock import timestamp
from coordinator.model.snapshot import Agent, AgentState
from coordinator.model.step import SETUP_LOG, Attempt, StepState
from coordinator.model.text import without_escapes
from coordinator.model.work import WorkId
from coordinator.safefiles.regular import read_end, read_part
from coordinator.secrets.redaction import redact

if TYPE_CHECKING:
    from coordinator.agents.runtime import Runtime

_STATUS = "status.jsonl"
_LAST_LINES = 4096
"""Bytes of what a set-up said in which its last line is looked for."""
_RENEWED = 20.0
"""Seconds after which an agent seen again in the same state counts as newly seen. Until then it is the same agent, so
that looking often at many who go on as before makes no news."""


Stopped = Callable[[int, int], bool]
"""Whether an agent's process is stopped, by its id and that of its launch script."""
_Stamp = tuple[int, int, int] | None
"""Tells whether a file is another one; None: it is not there."""


class _Known(NamedTuple):
    """An agent, and everything that was looked at to tell how it is."""

    agent: Agent
    attempt: Attempt
    alive: bool | None
    paused: bool
    files: tuple[_Stamp, _Stamp, _Stamp, _Stamp]
    until: float


class Presence:
    """Tells how agents are, and remembers it. Belongs to one thread."""

    def __init__(self, root: Path) -> None:
        """`root` is the project's, to which the directories of attempts are relative."""
        self._root = str(root)
        self._known: dict[WorkId, _Known] = {}

    def of(
        self, attempts: Iterable[Attempt], *, attended: bool = True, stopped: Stopped | None = None
    ) -> tuple[Agent, ...]:
        """The agents of these attempts, in the order of what they work on.

        `attended`: a loop looks whether they get anywhere; what an ended one thought of that may be over by now.
        `stopped` is asked whether an agent's process is; None: nobody has stopped any.
        """
        now = time.time()
        ordered = sorted(attempts, key=lambda a: a.work)
        return tuple([self._agent(attempt, now, attended, stopped) for attempt in ordered])

    def outlived(self) -> bool:
        """A process has ended that was alive at the last look."""
        return any(known.alive and not _alive(known.attempt) for known in self._known.values())

    def _agent(self, attempt: Attempt, now: float, attended: bool, stopped: Stopped | None) -> Agent:
        directory = f"{self._root}/{attempt.directory}"
        live = attempt.state.live
        alive = _alive(attempt) if live else None
        paused = bool(alive) and stopped is not None and stopped(agent_process(directory), attempt.pid)
        files = (
            _stamp(f"{directory}/{_STATUS}") if live else None,
            _stamp(f"{directory}/{USAGE}"),
            _stamp(f"{directory}/{STUCK}") if live and attended else None,
            _stamp(f"{directory}/{SETUP_LOG}") if attempt.state is StepState.DISPATCHED else None,
        )
        known = self._known.get(attempt.work)
        same = (
            known is not None
            and known.attempt is attempt
            and (known.alive, known.paused, known.files) == (alive, paused, files)
        )
        if known is not None and same and now < known.until:
            return known.agent
        terminal = Terminal(alive, now, attempt.window, attempt.pane, stopped=paused) if alive is not None else None
        begun = attempt.pid or attempt.exit is not None
        agent = _judged(attempt, terminal, directory) if live else observe_agent(attempt)
        if live and not begun and agent.evidence == "none":  # its window is there, its launcher has not written so yet
            agent = replace(
                agent, state=AgentState.STARTING, evidence="step.json", observed_at=timestamp(attempt.since)
            )
        if files[3] and agent.state is AgentState.STARTING:
            agent = replace(agent, evidence=SETUP_LOG, doing=_last_said(directory), observed_at=files[3][0] / 1e9)
        tokens, cost = read_usage(Path(directory)) if files[1] else (None, None)
        if (tokens, cost) != (None, None):
            agent = replace(agent, tokens=tokens, cost_usd=cost)
        if files[2] and agent.state.at_work:
            agent = replace(agent, stuck=read_stuck(Path(directory)))
        self._known[attempt.work] = _Known(agent, attempt, alive, paused, files, now + _RENEWED)
        return agent


def _alive(attempt: Attempt) -> bool | None:
    """Whether the attempt's launch script runs; None when that is no longer of interest, or nobody can know."""
    if attempt.exit is not None or attempt.pid <= 1:
        return None
    try:
        os.kill(attempt.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def agent_process(directory: str) -> int:
    """The agent's own process, as its launch script wrote it down; 0 while there is none."""
    try:
        return int(read_part(f"{directory}/started/agent", 20))
    except (OSError, ValueError):
        return 0


def _last_said(directory: str) -> str:
    """The last line that the set-up of its worktree said, without secrets."""
    try:
        text = read_end(f"{directory}/{SETUP_LOG}", _LAST_LINES).decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line for line in re.split(r"[\r\n]+", without_escapes(redact(text))) if line.strip()]
    return brief(lines[-1]) if lines else ""


def _stamp(path: str) -> _Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _judged(attempt: Attempt, terminal: Terminal | None, directory: str) -> Agent:
    runtime = _runtime(attempt.runtime)
    report = last_report(end_of(f"{directory}/{_STATUS}"), runtime)
    reports_itself = runtime is not None and runtime.reports_itself
    agent = observe_agent(attempt, terminal=terminal, report=report, reports_itself=reports_itself)
    return replace(agent, hears=True) if runtime is not None and runtime.has_composer else agent


def _runtime(name: str) -> "Runtime | None":
    """The packaged runtime of this name; None for those that tell nothing of themselves."""
    if name == "scripted":
        return None
    from coordinator.agents.registry import known_runtime

    return known_runtime(name)
