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

    `environ`: the environment of who asks, if that is not this process. Without a prompt it is what holds for the
    milestone as a whole. UsageError for a prompt or a role that there is not.
    """
    from coordinator.client.look import look
    from coordinator.observe.told import FLOWS, About, existing_of, gather, told

    if role is not None and role not in FLOWS:
        raise UsageError(f"there is no role `{role}`", f"one of {', '.join(FLOWS)}")
    environ = os.environ if environ is None else environ
    own = environ.get("COORD_PROMPT", "")
    if number is None and own.isascii() and own.isdigit():
        number = int(own)
    snapshot = look(project)
    if number is not None and number not in snapshot.prompts:
        raise UsageError(f"there is no prompt {number}", "`coord graph` shows those that there are")
    prompt = None if number is None else snapshot.prompts[number]
    attempt, last = (None, None) if number is None else _attempts(project, snapshot, number)
    role = role or (attempt.role if attempt is not None else environ.get("COORD_ROLE") or "executor")
    existing = existing_of(project.layout, attempt) if attempt is not None else None
    with project.log() as log:
        brief = gather(project.layout, log, snapshot, About(prompt, role, attempt, last, existing))
    return ContextRecord(
        number,
        attempt.attempt if attempt is not None else None,
        attempt.agent if attempt is not None else "",
        role,
        told(brief),
    )


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
