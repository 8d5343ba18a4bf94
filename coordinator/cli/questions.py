"""Questions, answers and decisions: the verbs with which humans and agents speak on the log."""

import os
import sys

from coordinator.cli import declared as click
from coordinator.cli.opened import project_of
from coordinator.cli.report import emit, say, styled
from coordinator.cli.views import json_option
from coordinator.client.history import History
from coordinator.lazy.typing import Any
from coordinator.model.snapshot import Question
from coordinator.model.text import plain_lines
from coordinator.services import questions as service


@click.command()
@click.argument("text")
@click.option("--option", "options", multiple=True, help="An answer to offer; may be repeated.")
@click.option("--default", "default", default=None, help="The answer you would choose yourself.")
@click.option("--context", default="", metavar="TEXT", help="What the human should know to answer.")
@click.option("--only-dependents", is_flag=True, help="Hold back only what depends on the asking prompt.")
@click.option("--wait", is_flag=True, help="Wait for the answer and print it.")
@json_option
@click.pass_context
def ask(ctx: click.Context, /, text: str, wait: bool, as_json: bool, **given: Any) -> None:
    """Ask the human a question; new work waits until it is answered.

    A call that was cut off can be made again: the same question is not asked twice until you got its answer.
    """
    from coordinator.client.asking import ask as put
    from coordinator.client.asking import note_delivered, wait_for_answer

    project = project_of(ctx)
    found = put(project, service.ask(text, subject=own_subject(), **given))
    question, answer = found.question, found.question.answer
    if wait and answer is None:
        answer = wait_for_answer(project, question)
    if as_json:
        emit({"id": question.id, "seq": question.seq, "answer": answer, "new": found.new})
    elif wait:
        click.echo(answer)
    elif answer is not None:
        say(f"answered already, as question {question.seq}: {answer}")
    else:
        say(f"asked as question {question.seq}; new work waits for the answer")
    if answer is not None:
        sys.stdout.flush()
        note_delivered(found)


@click.command()
@click.argument("question")
@click.argument("text")
@json_option
@click.pass_context
def answer(ctx: click.Context, question: str, text: str, as_json: bool) -> None:
    """Answer QUESTION, its number on the log or its id, with TEXT, or with the number of an option."""
    from coordinator.client.steering import Steering

    event = Steering(project_of(ctx)).answer(question, text)
    if as_json:
        emit({"id": event.data["question"], "answer": event.data["answer"], "seq": event.seq})
    else:
        say(f"answered: {event.data['answer']}")


@click.command()
@json_option
@click.option("--all", "everything", is_flag=True, help="The answered ones too.")
@click.pass_context
def questions(ctx: click.Context, as_json: bool, everything: bool) -> None:
    """The open questions; with --all the answered ones too."""
    with History(project_of(ctx), required=True) as history:
        found = [q for q in history.questions() if everything or q.open]
    if as_json:
        emit({"questions": [q.to_json() for q in found]})
        return
    if not found:
        say("No open question.")
    for question in found:
        _print_question(question)


def _print_question(question: Question) -> None:
    mark, colour = ("?", "yellow") if question.open else ("✓", "green")
    styled([(f"{mark} {question.seq}  ", colour), (question.text, "bold"), (f"  {question.asker}", "dim")])
    for line in plain_lines(question.context) if question.context and question.open else ():
        styled([(f"     {line}", "dim")])
    for place, option in enumerate(question.options, 1):
        styled([(f"     {place}  {option}", "")])
    if question.answer is not None:
        styled([("     → ", "dim"), (question.answer, "")])
    else:
        styled([(f"     coord answer {question.seq} TEXT", "dim")])


@click.command()
@click.argument("text")
@json_option
@click.pass_context
def decide(ctx: click.Context, text: str, as_json: bool) -> None:
    """Record a decision, and why, on the log."""
    with History(project_of(ctx), required=True) as history:
        event = history.decide(text, own_subject())
    if as_json:
        emit({"id": event.id, "seq": event.seq})
    else:
        say(f"recorded as event {event.seq}")


def own_subject(prompt: int | None = None) -> str:
    """What somebody speaks about: the prompt that is named, else an agent's own prompt, else the milestone."""
    if prompt is not None:
        return f"prompt:{prompt}"
    number = os.environ.get("COORD_PROMPT", "")
    return f"prompt:{int(number)}" if number.isascii() and number.isdigit() else "milestone"
