"""Questions and their answers, folded from events one by one. Pure."""

from coordinator.lazy.dataclass import replace
from coordinator.model.event import Event
from coordinator.model.snapshot import Question


class Asking:
    """What was asked and answered up to the last event fed. Other kinds of events pass through without effect."""

    def __init__(self) -> None:
        self._questions: dict[str, Question] = {}
        self._sorted: tuple[Question, ...] | None = ()

    def feed(self, event: Event) -> None:
        """Take the next event."""
        if event.kind in ("question.asked", "question.assumed", "run.asked"):
            self._questions[event.id] = asked(event)
            self._sorted = None
        elif event.kind == "question.answered":
            self._answer(str(event.data.get("question", "")), _text(event.data.get("answer")), event.ts)

    def questions(self) -> tuple[Question, ...]:
        """All questions: open ones first, each group in the order of asking."""
        if self._sorted is None:
            self._sorted = tuple(sorted(self._questions.values(), key=lambda q: (not q.open, q.seq)))
        return self._sorted

    def copy(self) -> "Asking":
        """The same, to be fed on its own."""
        made = Asking()
        made._questions, made._sorted = dict(self._questions), self._sorted
        return made

    def _answer(self, id_: str, answer: str, at: str) -> None:
        """The first answer of a human counts: the asker has gone on with it."""
        question = self._questions.get(id_)
        if question is not None and (question.open or question.taken):
            self._questions[id_] = replace(question, answer=answer, answered=at)
            self._sorted = None


def asked(event: Event) -> Question:
    """The open question that a `question.asked` event asks, or the one that a `question.assumed` has taken."""
    options = event.data.get("options")
    default = event.data.get("default")
    assumed = event.kind == "question.assumed"
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
        answer=_text(default) if assumed else None,
        assumed=assumed,
        risk=_text(event.data.get("risk")) if assumed else "",
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)
