"""What an agent is told, as it is at any time: for itself, and for whoever wants to know what it would be told."""

import os
from collections.abc import Mapping

from coordinator.agents.brief import Told, joined
from coordinator.errors import CoordError, UsageError
from coordinator.lazy.dataclass import dataclass
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, attempts_before
from coordinator.observe.project import Project


@dataclass(frozen=True, slots=True)
class ContextRecord:
    """What somebody is told."""

    prompt: int | None
    """None: the milestone as a whole."""
    attempt: int | None
    """None: nobody was started for it yet, or nobody is at work on it any more."""
    agent: str
    role: str
    parts: tuple[Told, ...]

    @property
    def text(self) -> str:
        """All of it as one text."""
        return joined(self.parts)

    def to_json(self) -> dict[str, object]:
        return {
            "prompt": self.prompt,
            "attempt": self.attempt,
            "agent": self.agent or None,
            "role": self.role,
            "parts": [part.to_json() for part in self.parts],
        }


def context_record(
    project: Project, number: int | None = None, role: str | None = None, environ: Mapping[str, str] | None = None
) -> ContextRecord:
    """What the agent of a prompt is told by now, or would be if it was started; by default, the one that asks.

    `role`: a role, or the name of a flow. `environ`: the environment of who asks, if that is not this process. Without
    a prompt it is what holds for the milestone as a whole. UsageError for a prompt or a role that there is not.
    """
    from coordinator.client.look import look
    from coordinator.observe.told import About, existing_of, gather, told

    environ = os.environ if environ is None else environ
    role, flow = _role(project, role)
    own = environ.get("COORD_PROMPT", "")
    if number is None and own.isascii() and own.isdigit() and int(own):
        number = int(own)
    snapshot = look(project)
    if number is not None and number not in snapshot.prompts:
        raise UsageError(f"there is no prompt {number}", "`coord graph` shows those that there are")
    prompt = None if number is None else snapshot.prompts[number]
    turn = _own_turn(project, snapshot, environ, number) if not role else None
    if turn is not None:
        return turn
    if number is not None:
        attempt, last = _attempts(project, snapshot, number)
    else:
        attempt, last = _own_flow(snapshot, environ) if not flow else None, None
    role = role or (attempt.role if attempt is not None else environ.get("COORD_ROLE") or "executor")
    existing = existing_of(project.layout, attempt) if attempt is not None else None
    with project.log() as log:
        brief = gather(project.layout, log, snapshot, About(prompt, role, attempt, last, existing, flow))
    return ContextRecord(
        number,
        attempt.attempt if attempt is not None else None,
        attempt.agent if attempt is not None else "",
        role,
        told(brief),
    )


def _own_turn(
    project: Project, snapshot: Snapshot, environ: Mapping[str, str], number: int | None
) -> ContextRecord | None:
    """What a turn of a pipeline is told, where one asks about its own prompt; None for anybody else."""
    path = environ.get("COORD_TURN", "")
    if not path or number is None or environ.get("COORD_PROMPT") != str(number):
        return None
    from coordinator.client.turn_told import turn_told

    found = turn_told(project, snapshot, number, path)
    if found is None:
        return None
    attempt, parts = found
    return ContextRecord(number, attempt.attempt, attempt.agent, attempt.role, parts)


def _role(project: Project, name: str | None) -> tuple[str | None, str]:
    """The role that is meant, and the flow of an iteration, if it is one; UsageError for neither."""
    from coordinator.model.flow import FILES
    from coordinator.model.round import PLANNER, VERIFIER
    from coordinator.storage.flows import read_flows

    if name is None or name == "executor":
        return name, ""
    flows = read_flows(project.layout)
    flow = flows.find(name)
    if flow is not None and (flow.looks or name in (PLANNER, VERIFIER)):
        return flow.role, name
    if name in FILES:
        return name, ""
    raise UsageError(f"there is no role `{name}`", f"one of {', '.join((*FILES, *flows.specialists))}")


def _own_flow(snapshot: Snapshot, environ: Mapping[str, str]) -> Attempt | None:
    """The attempt of whoever asks, where it is one at a flow of an iteration."""
    from coordinator.model.work import flow_work

    try:
        return snapshot.attempt_of(flow_work(int(environ.get("COORD_ITERATION", "")), environ.get("COORD_FLOW", "")))
    except ValueError:
        return None


def _attempts(project: Project, snapshot: Snapshot, number: int) -> tuple[Attempt | None, Attempt | None]:
    """The attempt at work on a prompt, and the one before; without one at work, the one that the next builds on."""
    from coordinator.apply.handoff_files import sealed
    from coordinator.apply.steps import find_attempt

    newest = snapshot.steps[number].attempt
    if newest is None or not newest.state.live:
        return None, newest
    try:
        with project.log() as log:
            before = next(attempts_before(newest, lambda work, count: find_attempt(project.layout, work, count)), None)
            return newest, sealed(log, before) if before is not None else None
    except CoordError:
        return newest, None
