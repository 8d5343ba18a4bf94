"""Which agents are paused because a budget is used up, and how long they were. Pure.

Everything follows from the questions about budgets: an agent is paused from the moment such a question is asked until
it is answered, and that time counts neither for a budget nor for a time limit.
"""

from collections.abc import Iterable

from coordinator.lazy.dataclass import dataclass
from coordinator.model.clock import timestamp
from coordinator.model.loop_state import subject_number
from coordinator.model.snapshot import Question, Snapshot
from coordinator.model.step import Attempt

BUDGET = "budget/"
"""How `about` of a question begins that the loop asks because a budget is used up."""
END_IT = "end it"
"""The answer after which nothing goes on."""


def about_budgets(questions: Iterable[Question]) -> tuple[Question, ...]:
    """The questions that pause agents, answered ones too. Without any no process was ever stopped."""
    return tuple(question for question in questions if question.about.startswith(BUDGET))


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the agent of a live attempt has to be."""

    attempt: Attempt
    by: Question | None
    """The question that pauses it, or that did so last; None when none ever did."""

    @property
    def paused(self) -> bool:
        return self.by is not None and self.by.open

    @property
    def to_end(self) -> bool:
        """It is not to go on: the loop ends it."""
        return self.by is not None and to_end(self.by, timestamp(self.attempt.started))

    @property
    def about(self) -> str:
        return self.by.about if self.by is not None else ""


def wanted(asked: Iterable[Question], attempt: Attempt) -> Wanted:
    """How a live attempt's agent has to be, by the questions `about_budgets`."""
    own = [question for question in asked if _covers(question, attempt.prompt)]
    return Wanted(attempt, paused_by(own, attempt.prompt) or max(own, key=lambda q: q.answered, default=None))


def all_wanted(snapshot: Snapshot) -> tuple[Wanted, ...]:
    """How all agents at work have to be, for whoever does not know how their processes are."""
    asked = about_budgets(snapshot.questions)
    live = (attempt for attempt in snapshot.last_attempts if attempt.state.live and not attempt.pipeline)
    found = (wanted(asked, attempt) for attempt in live if asked and not attempt.exit and not attempt.kill)
    return tuple(one for one in found if not one.to_end)


def to_end(question: Question, started: float) -> bool:
    """What was started before this answer, in Unix seconds, is to end; whoever starts it again lets it go on.

    Only where that was on offer: a run as a whole can't be ended, and words that nothing follows would lift its budget.
    """
    said = (question.answer or "").strip().rstrip(".!").casefold()
    return END_IT in question.options and said == END_IT and timestamp(question.answered) > started


def paused_by(questions: Iterable[Question], number: int) -> Question | None:
    """The open question that the agent of a prompt is paused by."""
    return next((q for q in questions if q.open and _covers(q, number)), None)


def paused_seconds(questions: Iterable[Question], number: int, since: float, until: float) -> float:
    """How much of the time between two moments, in Unix seconds, the agent of a prompt was paused."""
    total, end = 0.0, since
    for question in sorted((q for q in questions if _covers(q, number)), key=lambda q: q.asked):
        stop = until if question.open else min(until, timestamp(question.answered))
        start = max(end, timestamp(question.asked))
        total += max(0.0, stop - start)
        end = max(end, stop)
    return total


def _covers(question: Question, number: int) -> bool:
    """A budget of the prompt, or of the whole run."""
    if not question.about.startswith(BUDGET):
        return False
    return question.subject.startswith("run:") or subject_number(question.subject) == number
