"""Questions and their answers, read from the log."""

from collections.abc import Iterable

from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Event
from coordinator.model.question_fold import Asking, asked
from coordinator.model.snapshot import Question

__all__ = ["KINDS", "QuestionFold", "asked", "questions"]

KINDS = ("question.asked", "question.assumed", "question.answered", "run.asked")
"""`run.asked`: the loop itself asks, about a budget."""
_PAGE = 1000


class QuestionFold:
    """What was asked and answered up to the last event fed; events that were fed already are skipped."""

    def __init__(self) -> None:
        self.seq = 0
        """Sequence number of the last event fed."""
        self._birth = ""
        self._asking = Asking()

    def feed(self, events: Iterable[Event]) -> None:
        """Take the next events, in order."""
        for event in events:
            if event.seq > self.seq:
                self.seq = event.seq
                self._asking.feed(event)

    def catch_up(self, log: EventLog) -> tuple[Question, ...]:
        """Feed what the log has gained, reading questions only, and return all of them."""
        if self._birth and log.birth() != self._birth:  # another log is at the path now
            self.seq, self._asking = 0, Asking()
        head, self._birth = log.head(), log.birth()
        while True:
            events = log.since(self.seq, _PAGE, Filter(kinds=KINDS, as_of=head))
            self.feed(events)
            if len(events) < _PAGE:
                self.seq = max(self.seq, head)
                return self.questions()

    def questions(self) -> tuple[Question, ...]:
        """All questions: open ones first, each group in the order of asking."""
        return self._asking.questions()


def questions(log: EventLog) -> tuple[Question, ...]:
    """All questions of a log: open ones first, each group in the order of asking."""
    return QuestionFold().catch_up(log)
