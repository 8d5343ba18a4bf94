"""What the log is told when a phase of an iteration begins. Pure: the same words and ids whenever it is told again."""

from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.clock import timestamp
from coordinator.model.event import Draft
from coordinator.model.ids import named_uuid7
from coordinator.model.iteration import Move
from coordinator.model.round import Decision, Phase, phase_of
from coordinator.model.run import Run
from coordinator.storage.files import sha256


class Telling(NamedTuple):
    """Events of one iteration."""

    iteration: int
    drafts: tuple[Draft, ...]


def began(run: Run) -> Draft:
    """The first iteration of a run begins."""
    return _draft(run, "iteration.started", {"iteration": run.iteration, "phase": phase_of(run.phase).value})


def after(run: Run, move: Move) -> Run:
    """The run as it goes on, or as it is decided."""
    outcome = "stuck" if move.decision is Decision.STUCK else ""
    return replace(run, iteration=move.iteration, phase=move.phase.value, moves=run.moves + 1, outcome=outcome)


def told(run: Run, move: Move) -> tuple[Telling, ...]:
    """What is to be on the log before the run's record says it; of DONE all but the milestone's end."""
    said: dict[str, object] = {"reason": move.reason, "phase": move.phase.value}
    if move.iteration != run.iteration:
        ended = (
            (_draft(run, "iteration.ended", {"reason": move.reason}),)
            if phase_of(run.phase) is not Phase.DECIDED
            else ()
        )
        started = _draft(run, "iteration.started", {"iteration": move.iteration, **said})
        return (Telling(run.iteration, ended), Telling(move.iteration, (started,)))
    if move.decision is None:
        return (Telling(run.iteration, (_draft(run, "iteration.phase", said),)),)
    remedy: dict[str, object] = {"remedy": move.remedy} if move.remedy else {}
    drafts = [_draft(run, "iteration.ended", {"decision": move.decision.value, "reason": move.reason, **remedy})]
    if move.decision is Decision.STUCK:
        data: dict[str, object] = {"status": "stuck", "reason": move.reason, **remedy}
        drafts.append(_draft(run, "milestone.status", data, "milestone"))
    return (Telling(run.iteration, tuple(drafts)),)


def _draft(run: Run, kind: str, data: dict[str, object], subject: str = "") -> Draft:
    name = f"{run.id}/{run.started}/{run.moves}/{kind}"
    moment = int(timestamp(run.started) * 1000) if run.started else 0
    return Draft(kind, subject or f"run:{run.id}", data, named_uuid7(sha256(name.encode()), moment))
