"""Questions, answers and decisions: the verbs with which humans and agents speak on the log."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from coordinator.apply.records import decide as record_decision
from coordinator.apply.records import recorder
from coordinator.cli.commands import layout_of
from coordinator.cli.report import emit, say, styled
from coordinator.cli.views import json_option
from coordinator.eventlog.identity import who
from coordinator.eventlog.questions import asked
from coordinator.eventlog.questions import questions as read_questions
from coordinator.eventlog.store import EventLog
from coordinator.model.snapshot import Question
from coordinator.model.text import plain_lines
from coordinator.services import questions as service
from coordinator.storage.answer_delivery import deliver, delivered
from coordinator.storage.paths import Layout


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
    layout = layout_of(ctx)
    draft = service.ask(text, subject=own_subject(), **given)
    directory = _own_attempt(layout)
    known = delivered(directory) if directory is not None else None
    with recorder(layout) as (log, actor):
        question = service.asked_before(read_questions(log), draft, known)
        new = question is None
        if question is None:
            (event,) = log.append([draft], actor, run=os.environ.get("COORD_RUN"))
            question = asked(event)
    answer = question.answer
    if wait and answer is None:
        answer = _wait_for_answer(layout.events_db, question)
    if as_json:
        emit({"id": question.id, "seq": question.seq, "answer": answer, "new": new})
    elif wait:
        click.echo(answer)
    elif answer is not None:
        say(f"answered already, as question {question.seq}: {answer}")
    else:
        say(f"asked as question {question.seq}; new work waits for the answer")
    if answer is not None and known is not None and directory is not None:
        sys.stdout.flush()
        deliver(directory, question.seq)


def _own_attempt(layout: Layout) -> Path | None:
    """The directory of the attempt that this process belongs to."""
    values = [os.environ.get(f"COORD_{name}", "") for name in ("RUN", "PROMPT", "ATTEMPT")]
    run, number, count = values
    if not (run and run == os.path.basename(run) and number.isdecimal() and count.isdecimal()):
        return None
    return layout.attempt(run, int(number), int(count))


def _wait_for_answer(path: Path, question: Question) -> str:
    """The answer as soon as it is there; until then this waits, whatever becomes of loop, screen and terminal."""
    from coordinator.eventlog.filters import Filter
    from coordinator.eventlog.follow import follow

    for batch in follow(path, since=question.seq, where=Filter(kinds=("question.answered",))):
        for event in batch:
            if event.data.get("question") == question.id:
                return str(event.data.get("answer", ""))
    raise AssertionError("following the log ends only with the process")


@click.command()
@click.argument("question")
@click.argument("text")
@json_option
@click.pass_context
def answer(ctx: click.Context, question: str, text: str, as_json: bool) -> None:
    """Answer QUESTION, its number on the log or its id, with TEXT, or with the number of an option."""
    from coordinator.apply.plans import answer as give

    event = give(layout_of(ctx), question, text, who(os.environ, os.getpid()))
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
    with EventLog.open(layout_of(ctx).events_db) as log:
        found = [q for q in read_questions(log) if everything or q.open]
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
    with recorder(layout_of(ctx)) as (log, actor):
        event = record_decision(log, actor, text, subject=own_subject(), run=os.environ.get("COORD_RUN"))
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
