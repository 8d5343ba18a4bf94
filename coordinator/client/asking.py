"""Questions of agents: asked once, however often the call is made, and waited for."""

import os
from pathlib import Path

from coordinator.apply.records import recorder
from coordinator.eventlog.questions import asked, questions
from coordinator.lazy.typing import NamedTuple
from coordinator.model.event import Draft
from coordinator.model.snapshot import Question
from coordinator.model.work import prompt_work
from coordinator.observe.project import Project
from coordinator.services.questions import asked_before
from coordinator.storage.answer_delivery import deliver, delivered


class Asked(NamedTuple):
    """A question on the log."""

    question: Question
    new: bool
    attempt: Path | None
    """The directory of the attempt that asks; None where nobody keeps who got the answer."""


def ask(project: Project, draft: Draft) -> Asked:
    """Put a question on the log, or find it there, where its asker has made the same call before."""
    directory = _own_attempt(project)
    known = delivered(directory) if directory is not None else None
    with recorder(project.layout) as (log, actor):
        question = asked_before(questions(log), draft, known)
        new = question is None
        if question is None:
            (event,) = log.append([draft], actor, run=os.environ.get("COORD_RUN"))
            question = asked(event)
    return Asked(question, new, directory if known is not None else None)


def wait_for_answer(project: Project, question: Question) -> str:
    """The answer as soon as it is there; until then this waits, whatever becomes of loop, screen and terminal."""
    from coordinator.eventlog.filters import Filter
    from coordinator.eventlog.follow import follow

    where = Filter(kinds=("question.answered",))
    for batch in follow(project.layout.events_db, since=question.seq, where=where):
        for event in batch:
            if event.data.get("question") == question.id:
                return str(event.data.get("answer", ""))
    raise AssertionError("following the log ends only with the process")


def note_delivered(found: Asked) -> None:
    """Note that the asker got the answer: the same call asks anew from now on."""
    if found.attempt is not None:
        deliver(found.attempt, found.question.seq)


def _own_attempt(project: Project) -> Path | None:
    """The directory of the attempt that this process belongs to."""
    values = [os.environ.get(f"COORD_{name}", "") for name in ("RUN", "PROMPT", "ATTEMPT")]
    run, number, count = values
    if not (run and run == os.path.basename(run) and number.isdecimal() and count.isdecimal() and int(number)):
        return None
    return project.layout.attempt(run, prompt_work(int(number)), int(count))
