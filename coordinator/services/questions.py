"""Questions: asking pauses the work, answering lets it go on. Answers are for humans to give."""

from collections.abc import Collection, Iterable, Mapping

from coordinator.errors import CoordError, Refused, UsageError
from coordinator.model.event import Draft
from coordinator.model.graph import Graph
from coordinator.model.loop_state import subject_number
from coordinator.model.snapshot import Question
from coordinator.model.step import Step
from coordinator.model.text import plain_lines

LONGEST_CONTEXT = 64 * 1024
"""Characters; a person has to read them."""


def ask(
    text: str,
    *,
    context: str = "",
    options: tuple[str, ...] = (),
    default: str | None = None,
    only_dependents: bool = False,
    subject: str = "milestone",
) -> Draft:
    """Make the event that asks.

    UsageError for an empty question, more context than anybody reads, or a default that is not on offer.
    """
    if not text.strip():
        raise UsageError("the question is empty", "say what you need to know to go on")
    if default is not None and options and default not in options:
        raise UsageError(f"the default `{default}` is none of the options", f"options: {', '.join(options)}")
    if len(context) > LONGEST_CONTEXT:
        raise UsageError(f"the context has {len(context):,} characters", "put it into a file, and name the file")
    data: dict[str, object] = {"text": text.strip(), "options": list(options), "only_dependents": only_dependents}
    if context.strip():
        data["context"] = context.strip()
    if default is not None:
        data["default"] = default
    return Draft("question.asked", subject, data)


def assume(text: str, *, default: str, risk: str, subject: str = "milestone") -> Draft:
    """Make the event that records a question with the answer taken for now. UsageError where one of them is empty."""
    for name, said in (("question", text), ("default", default), ("risk", risk)):
        if not said.strip():
            raise UsageError(f"the {name} is empty", "say what you take for now, and what it costs if that was wrong")
    data = {"text": text.strip(), "default": default.strip(), "risk": risk.strip()}
    return Draft("question.assumed", subject, data)


def built_on(question: Question, graph: Graph, steps: Mapping[int, Step]) -> tuple[int, ...]:
    """Prompts that were worked on since a question was asked, and that may rest on the answer that was taken."""
    number = subject_number(question.subject)
    near = set(steps) if number is None else {number, *graph.descendants(number)}
    return tuple(sorted(n for n in near if n in steps and (n == number or _begun_since(steps[n], question.asked))))


def _begun_since(step: Step, moment: str) -> bool:
    return step.attempt is not None and step.attempt.started >= moment


def asked_before(
    questions: Iterable[Question], draft: Draft, delivered: Collection[int] | None = None
) -> Question | None:
    """The question that this one only repeats: nobody is to answer the same thing twice.

    An agent whose call was cut off (a tool's time limit, a kill) asks again, and so does the next attempt of its
    prompt; both get the question that is there, answered or not. Who got an answer and asks again means it anew.
    `delivered`: numbers of the answers that the asker got; None: nobody keeps a list for this asker.
    """
    text, options = draft.data.get("text"), draft.data.get("options")
    for question in questions:
        if question.assumed:
            continue
        same = (question.subject, question.text, list(question.options)) == (draft.subject, text, options)
        if same and (question.open or (delivered is not None and question.seq not in delivered)):
            return question
    return None


def steering(question: Question, given: str) -> str:
    """The engineer's answer as it stands in the alignment document, below the question."""
    asked = "\n".join(f"> {line}".rstrip() for line in plain_lines(question.text))
    return f"Answer to question {question.seq} of {question.asker}:\n\n{asked}\n\n{given}"


def answer(questions: Iterable[Question], which: str, text: str) -> Draft:
    """Make the event that answers `which` (sequence number or id); the number of an option stands for its text."""
    question = find(questions, which)
    if not (question.open or question.taken):
        raise Refused(f"question {question.seq} is answered: {question.answer}", "ask a new one to change course")
    given = text.strip()
    if not given:
        raise UsageError("the answer is empty", "an answer lets work go on: say what to do")
    given = _chosen(question, given)
    return Draft("question.answered", question.subject, {"question": question.id, "answer": given})


def _chosen(question: Question, given: str) -> str:
    """The option that a number stands for; UsageError when it stands for none, where no option is a number itself."""
    options = question.options
    if not (options and given.isascii() and given.isdigit() and len(given) < 10):
        return given
    if 1 <= int(given) <= len(options):
        return options[int(given) - 1]
    if any(option.strip().isdigit() for option in options):
        return given
    raise UsageError(
        f"question {question.seq} has no option {given}", f"choose 1 to {len(options)}, or write it in words"
    )


def find(questions: Iterable[Question], which: str) -> Question:
    """Find a question by its sequence number or id; CoordError that lists the open ones otherwise."""
    known = list(questions)
    for question in known:
        if which in (str(question.seq), question.id):
            return question
    still_open = ", ".join(str(q.seq) for q in known if q.open) or "none"
    raise CoordError(f"there is no question `{which}`", f"open questions: {still_open}; see `coord questions`")
