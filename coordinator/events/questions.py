"""Questions and their answers, folded from the log."""

from collections.abc import Iterable
from dataclasses import replace

from coordinator.events.filters import Filter
from coordinator.events.store import EventLog
from coordinator.model.event import Event
from coordinator.model.snapshot import Question

KINDS = ("question.asked", "question.answered", "run.asked")
"""`run.asked`: the loop itself asks, about a budget."""
_PAGE = 1000


class QuestionFold:
    """What was asked and answered up to the last event fed. Other kinds of events pass through without effect."""

    def __init__(self) -> None:
        self.seq = 0
        """Sequence number of the last event fed."""
        self._birth = ""
        self._questions: dict[str, Question] = {}
        self._sorted: tuple[Question, ...] | None = ()

    def feed(self, events: Iterable[Event]) -> None:
        """Take the next events, in order. Events already fed are skipped."""
        for event in events:
            if event.seq <= self.seq:
                continue
            self.seq = event.seq
            if event.kind in ("question.asked", "run.asked"):
                self._questions[event.id] = asked(event)
                self._sorted = None
            elif event.kind == "question.answered":
                self._answer(str(event.data.get("question", "")), _text(event.data.get("answer")))

    def catch_up(self, log: EventLog) -> tuple[Question, ...]:
        """Feed what the log has gained, reading questions only, and return all of them."""
        if self._birth and log.birth() != self._birth:  # another log is at the path now
            self.seq, self._questions, self._sorted = 0, {}, ()
        head, self._birth = log.head(), log.birth()
        while True:
            events = log.since(self.seq, _PAGE, Filter(kinds=KINDS, as_of=head))
            self.feed(events)
            if len(events) < _PAGE:
                self.seq = max(self.seq, head)
                return self.questions()

    def questions(self) -> tuple[Question, ...]:
        """All questions: open ones first, each group in the order of asking."""
        if self._sorted is None:
            self._sorted = tuple(sorted(self._questions.values(), key=lambda q: (not q.open, q.seq)))
        return self._sorted

    def _answer(self, id_: str, answer: str) -> None:
        """The first answer counts: the asker has gone on with it."""
        question = self._questions.get(id_)
        if question is not None and question.open:
            self._questions[id_] = replace(question, answer=answer)
            self._sorted = None


def questions(log: EventLog) -> tuple[Question, ...]:
    """All questions of a log: open ones first, each group in the order of asking."""
    return QuestionFold().catch_up(log)


def asked(event: Event) -> Question:
    """The open question that a `question.asked` event asks."""
    options = event.data.get("options")
    default = event.data.get("default")
    return Question(
        id=event.id,
        seq=event.seq,
        text=_text(event.data.get("text")),
        asker=event.actor,
        subject=event.subject,
        options=tuple(_text(option) for option in options) if isinstance(options, list) else (),
        asked=event.ts,
        default=None if default is None else _text(default),
        only_dependents=event.data.get("only_dependents") is True,
        context=_text(event.data.get("context")),
        about=_text(event.data.get("about")) if event.kind == "run.asked" else "",
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)
