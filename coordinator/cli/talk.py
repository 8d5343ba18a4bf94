"""Questions, answers and decisions: the verbs with which humans and agents speak on the log."""

import os

import click

from coordinator.cli.commands import layout_of
from coordinator.cli.look import json_option
from coordinator.cli.report import emit, say, styled
from coordinator.events.identity import who
from coordinator.events.questions import questions as read_questions
from coordinator.events.store import EventLog
from coordinator.model.event import Draft, Event
from coordinator.model.snapshot import Question
from coordinator.services import questions as service


@click.command()
@click.argument("text")
@click.option("--option", "options", multiple=True, help="An answer to offer; may be repeated.")
@click.option("--default", "default", default=None, help="The answer you would choose yourself.")
@click.option("--only-dependents", is_flag=True, help="Hold back only what depends on the asking prompt.")
@click.option("--wait", is_flag=True, help="Wait for the answer and print it.")
@json_option
@click.pass_context
def ask(
    ctx: click.Context,
    text: str,
    options: tuple[str, ...],
    default: str | None,
    only_dependents: bool,
    wait: bool,
    as_json: bool,
) -> None:
    """Ask the human a question; new work waits until it is answered."""
    layout = layout_of(ctx)
    draft = service.ask(text, options=options, default=default, only_dependents=only_dependents, subject=own_subject())
    with EventLog.open(layout.events_db) as log:
        (event,) = log.append([draft], who(os.environ, os.getpid()), run=os.environ.get("COORD_RUN"))
    if wait:
        click.echo(_wait_for_answer(layout.events_db, event))
    elif as_json:
        emit({"id": event.id, "seq": event.seq})
    else:
        say(f"asked as question {event.seq}; new work waits for the answer")


def _wait_for_answer(path: object, asked: Event) -> str:
    from pathlib import Path

    from coordinator.events.follow import follow

    for batch in follow(Path(str(path)), since=asked.seq):
        for event in batch:
            if event.kind == "question.answered" and event.data.get("question") == asked.id:
                return str(event.data.get("answer", ""))
    raise AssertionError("following the log ends only with the process")


@click.command()
@click.argument("question")
@click.argument("text")
@json_option
@click.pass_context
def answer(ctx: click.Context, question: str, text: str, as_json: bool) -> None:
    """Answer QUESTION, its number on the log or its id, with TEXT, or with the number of an option."""
    layout = layout_of(ctx)
    with EventLog.open(layout.events_db) as log:
        draft = service.answer(read_questions(log), question, text)
        (event,) = log.append([draft], who(os.environ, os.getpid()))
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
    with EventLog.open(layout_of(ctx).events_db) as log:
        draft = Draft("decision.recorded", own_subject(), {"text": text})
        (event,) = log.append([draft], who(os.environ, os.getpid()), run=os.environ.get("COORD_RUN"))
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
