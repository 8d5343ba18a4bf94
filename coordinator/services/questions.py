"""Questions: asking pauses the work, answering lets it go on. Answers are for humans to give."""

from collections.abc import Iterable

from coordinator.errors import CoordError, Refused, UsageError
from coordinator.model.event import Draft
from coordinator.model.snapshot import Question


def ask(
    text: str,
    *,
    options: tuple[str, ...] = (),
    default: str | None = None,
    only_dependents: bool = False,
    subject: str = "milestone",
) -> Draft:
    """Make the event that asks; UsageError for an empty question or a default that is not on offer."""
    if not text.strip():
        raise UsageError("the question is empty", "say what you need to know to go on")
    if default is not None and options and default not in options:
        raise UsageError(f"the default `{default}` is none of the options", f"options: {', '.join(options)}")
    data: dict[str, object] = {"text": text.strip(), "options": list(options), "only_dependents": only_dependents}
    if default is not None:
        data["default"] = default
    return Draft("question.asked", subject, data)


def answer(questions: Iterable[Question], which: str, text: str) -> Draft:
    """Make the event that answers `which` (sequence number or id); the number of an option stands for its text."""
    question = find(questions, which)
    if not question.open:
        raise Refused(f"question {question.seq} is answered: {question.answer}", "ask a new one to change course")
    given = text.strip()
    if not given:
        raise UsageError("the answer is empty", "an answer lets work go on: say what to do")
    if question.options and given.isdigit() and 1 <= int(given) <= len(question.options):
        given = question.options[int(given) - 1]
    return Draft("question.answered", question.subject, {"question": question.id, "answer": given})


def find(questions: Iterable[Question], which: str) -> Question:
    """Find a question by its sequence number or id; CoordError that lists the open ones otherwise."""
    known = list(questions)
    for question in known:
        if which in (str(question.seq), question.id):
            return question
    still_open = ", ".join(str(q.seq) for q in known if q.open) or "none"
    raise CoordError(f"there is no question `{which}`", f"open questions: {still_open}; see `coord questions`")
