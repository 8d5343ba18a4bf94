"""Questions of agents: asked once, however often the call is made, and waited for."""

import os
from collections.abc import Mapping
from pathlib import Path

from coordinator.apply.records import recorder
from coordinator.apply.requests import check_same, request_id
from coordinator.eventlog.questions import asked, questions
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import TYPE_CHECKING, NamedTuple
from coordinator.model.caller import Caller
from coordinator.model.event import Draft
from coordinator.model.snapshot import Question
from coordinator.model.work import prompt_work
from coordinator.observe.project import Project
from coordinator.services.questions import asked_before
from coordinator.storage.answer_delivery import deliver, delivered
from coordinator.storage.locks import Lock

if TYPE_CHECKING:
    from coordinator.filewatch.stop import Stop


class Asked(NamedTuple):
    """A question on the log."""

    question: Question
    new: bool
    attempt: Path | None
    """The directory of the attempt that asks; None where nobody keeps who got the answer."""


def ask(project: Project, draft: Draft, *, caller: Caller | None = None, request: str = "") -> Asked:
    """Put a question on the log, or find it there, where its asker has made the same call before.

    Refused when the same `request` has asked something else.
    """
    environ = os.environ if caller is None else caller.environ
    directory = _own_attempt(project, environ)
    known = delivered(directory) if directory is not None else None
    with recorder(project.layout, caller) as (log, actor), Lock(project.layout.question_lock):
        run = environ.get("COORD_RUN")
        draft = replace(draft, id=request_id(actor, run, "ask", request))
        question, new = _again(log, draft), True
        if question is None:
            question = asked_before(questions(log), draft, known)
            new = question is None
        if question is None:
            (event,) = log.append([draft], actor, run=run)
            question = asked(event)
    return Asked(question, new, directory if known is not None else None)


def _again(log: EventLog, draft: Draft) -> Question | None:
    """The question that this very request has asked."""
    event = log.get(draft.id) if draft.id else None
    if event is None:
        return None
    check_same(event, draft, ("text", "options"))
    return next(question for question in questions(log) if question.id == event.id)


def wait_for_answer(project: Project, question: Question, stop: "Stop | None" = None) -> str | None:
    """The answer as soon as it is there; until then this waits, whatever becomes of loop, screen and terminal.

    None when `stop` was set before.
    """
    from coordinator.eventlog.filters import Filter
    from coordinator.eventlog.follow import follow

    where = Filter(kinds=("question.answered",))
    for batch in follow(project.layout.events_db, since=question.seq, stop=stop, where=where):
        for event in batch:
            if event.data.get("question") == question.id:
                return str(event.data.get("answer", ""))
    return None


def note_delivered(found: Asked) -> None:
    """Note that the asker got the answer: the same call asks anew from now on."""
    if found.attempt is not None:
        deliver(found.attempt, found.question.seq)


def _own_attempt(project: Project, environ: Mapping[str, str]) -> Path | None:
    """The directory of the attempt that a process with this environment belongs to."""
    values = [environ.get(f"COORD_{name}", "") for name in ("RUN", "PROMPT", "ATTEMPT")]
    run, number, count = values
    if not (run and run == os.path.basename(run) and number.isdecimal() and count.isdecimal() and int(number)):
        return None
    return project.layout.attempt(run, prompt_work(int(number)), int(count))
