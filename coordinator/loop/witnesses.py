"""Has the commands run that are to show criteria, and takes down what came of it; or asks whether they may run."""

from coordinator.changes.witness import Ran, Unasked, WitnessRequest, run_witness
from coordinator.eventlog.filters import Filter
from coordinator.loop.actions import NumberCriteria, RunWitness
from coordinator.loop.context import Context
from coordinator.loop.ledger_findings import file_contradicted
from coordinator.loop.worker import Task
from coordinator.model.clock import timestamp
from coordinator.model.criterion_numbers import KIND, told
from coordinator.model.event import Draft
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain_lines, without_escapes
from coordinator.model.witness_fold import BEGUN, LEFT, RUN
from coordinator.model.witnesses import Leave, Want, about_command, allowed_always, question_text, ran
from coordinator.observe.setup import wanted_setup
from coordinator.secrets.redaction import redact
from coordinator.storage import ports

_TAIL = 2000
"""Characters of the output that go onto the log."""


def number(context: Context, snapshot: Snapshot, action: NumberCriteria) -> None:
    """Have the log say which criterion has which number."""
    context.say(Draft(KIND, "milestone", told(action.criteria, redact)))


def run(context: Context, snapshot: Snapshot, action: RunWitness) -> Task:
    """What a worker has to do to run a command, and to tell the log.

    That it begins is told before it does, so that leave for one run is used even where a kill hides its end.
    """
    about = about_command(action.command)
    begun = Draft(BEGUN, action.subject, {"command": action.command, "about": about, "commit": action.commit})
    there = (snapshot.round, snapshot.checks)
    leave = action.allowed and not any(one is not None and action.command in one.allowed for one in there)
    start = _before(context, snapshot)
    request = WitnessRequest(
        action.command,
        action.commit,
        mark=f"witness-{action.criteria[0]}",
        seconds=context.config.witness_timeout,
        allowed=action.allowed,
        start=start,
        looks_before=action.asks and (not leave or allowed_always(action.command, snapshot.questions)),
        known_before=_known_before(snapshot, action, start),
        run=snapshot.run or "",
        guest=context.gate_guest,
        setup=wanted_setup(context.config),
        ports=lambda: ports.borrowed(context.layout.root),
        begins=lambda: context.say(begun) if leave else None,
    )
    return lambda: _tell(context, snapshot, action, start, run_witness(context.layout, request))


def _tell(context: Context, snapshot: Snapshot, action: RunWitness, start: str, found: Ran | Unasked) -> None:
    match found:
        case Unasked() if not action.asks:
            about = about_command(action.command)
            told = {"command": action.command, "about": about, "commit": action.commit, "why": found.why}
            context.say(*(Draft(LEFT, f"criterion:{criterion}", told) for criterion in action.criteria))
        case Unasked():
            want = Want(action.command, action.criteria, Leave.ASKED)
            context.say(Draft("run.asked", action.subject, question_text(want, found.why)))
        case Ran():
            data = {
                "command": action.command,
                "about": about_command(action.command),
                "commit": action.commit,
                "exit": found.exit,
                "digest": found.digest,
                "seconds": found.seconds,
                "sandboxed": found.sandboxed,
                "doubts": list(found.doubts),
                "start": start if found.held_before is not None else "",
                "held_before": found.held_before is True,
                "output": "\n".join(plain_lines(redact(without_escapes(found.output)).strip()[-_TAIL:])),
            }
            file_contradicted(context, snapshot, action.criteria, action.command, action.commit, found)
            context.say(*(Draft(RUN, f"criterion:{criterion}", data) for criterion in action.criteria))


def _before(context: Context, snapshot: Snapshot) -> str:
    """The commit that the first prompt since the milestone began started from, else any; empty where none has."""
    attempts = [step.attempt for step in snapshot.steps.values() if step.attempt is not None and step.attempt.base]
    began = context.log.tail(1, Filter(kinds=("milestone.created",)))
    since = timestamp(began[0].ts) if began else 0.0
    own = [attempt for attempt in attempts if timestamp(attempt.started) >= since] or attempts
    first = min(own, key=lambda attempt: (attempt.started, attempt.prompt), default=None)
    return first.base if first is not None else ""


def _known_before(snapshot: Snapshot, action: RunWitness, start: str) -> bool | None:
    """Whether a command held before the work, as an earlier run of its kind found; None where none has tried."""
    known = snapshot.round.witnesses.values() if snapshot.round is not None and start else ()
    alike = (one for one in known if one.start == start and ran(one, action.command))
    return next((one.held_before for one in alike if one.sandboxed is not action.allowed), None)
