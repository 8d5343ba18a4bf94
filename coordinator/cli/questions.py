"""Questions, answers and decisions: the verbs with which humans and agents speak on the log."""

import os
import sys

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, styled
from coordinator.client.history import History
from coordinator.lazy.typing import TYPE_CHECKING, Any
from coordinator.model.agent_verbs import help_of
from coordinator.model.text import plain_lines

if TYPE_CHECKING:
    from coordinator.model.snapshot import Question

request_option = click.option("--request", default="", metavar="NAME", help=help_of("ask", "request"))


@click.command()
@click.argument("text")
@click.option("--option", "options", multiple=True, help="An answer to offer; may be repeated.")
@click.option("--default", "default", default=None, help="The answer you would choose yourself.")
@click.option("--context", default="", metavar="TEXT", help="What the human should know to answer.")
@click.option("--only-dependents", is_flag=True, help="Hold back only what depends on the asking prompt.")
@click.option("--wait", is_flag=True, help="Wait for the answer and print it.")
@request_option
@json_option
@click.pass_context
def ask(ctx: click.Context, /, text: str, as_json: bool, **given: Any) -> None:
    """Ask the human a question; new work waits until it is answered.

    A call that was cut off can be made again: the same question is not asked twice until you got its answer.
    With `--json -` the values are a JSON object on standard input.
    """
    from coordinator.client.handing_in import hand_in

    values = _values("ask", text, as_json, given)
    answer = hand_in(project_of(ctx), "ask", values)
    given_answer, seq = answer.told["answer"], answer.told["seq"]
    if as_json:
        emit(answer.told)
    elif values["wait"]:
        click.echo(given_answer)
    elif given_answer is not None:
        say(f"answered already, as question {seq}: {given_answer}")
    else:
        say(f"asked as question {seq}; new work waits for the answer")
    if given_answer is not None:
        sys.stdout.flush()
        answer.delivered()


def _values(verb: str, text: str, as_json: bool, given: dict[str, Any]) -> dict[str, Any]:
    """What a verb is told: by words and options or, with `--json -`, as JSON on standard input."""
    from coordinator.formats.handed_in import checked

    if as_json and text == "-":
        from coordinator.cli.handed import from_input

        return from_input(verb, said={name: value for name, value in given.items() if value})
    return checked(verb, {"text": text, **given})


@click.command()
@click.argument("text")
@click.option("--default", "default", default="", metavar="TEXT", help=help_of("assume", "default"))
@click.option("--risk", default="", metavar="TEXT", help=help_of("assume", "risk"))
@request_option
@json_option
@click.pass_context
def assume(ctx: click.Context, /, text: str, as_json: bool, **given: Any) -> None:
    """Record the question TEXT with the answer that you take for now; nothing waits, a human may overrule it.

    With `--json -` the values are a JSON object on standard input.
    """
    _hand_in(ctx, "assume", text, as_json, given)


@click.command()
@click.argument("question")
@click.argument("text")
@json_option
@click.pass_context
def answer(ctx: click.Context, question: str, text: str, as_json: bool) -> None:
    """Answer QUESTION, its number on the log or its id, with TEXT, or with the number of an option.

    An answer that an agent took for now is overruled by it.
    """
    from coordinator.client.steering import Steering

    steering = Steering(project_of(ctx))
    rests = steering.built_on(question)
    event = steering.answer(question, text)
    if as_json:
        built = {"built_on": list(rests)} if rests is not None else {}
        emit({"id": event.data["question"], "answer": event.data["answer"], "seq": event.seq, **built})
        return
    say(f"{'answered' if rests is None else 'overruled'}: {event.data['answer']}")
    if rests:
        say(f"worked on since it was assumed: {', '.join(f'{n:02d}' for n in rests)}")


@click.command()
@json_option
@click.option("--all", "everything", is_flag=True, help="The answered ones too.")
@click.pass_context
def questions(ctx: click.Context, as_json: bool, everything: bool) -> None:
    """The open questions, and what agents assumed; with --all the answered ones too."""
    with History(project_of(ctx), required=True) as history:
        found = [q for q in history.questions() if everything or q.open or q.taken]
    if as_json:
        emit({"questions": [q.to_json() for q in found]})
        return
    if not found:
        say("No open question.")
    for question in found:
        _print_question(question)


def _print_question(question: "Question") -> None:
    mark, colour = ("?", "yellow") if question.open else ("≈", "blue") if question.taken else ("✓", "green")
    styled([(f"{mark} {question.seq}  ", colour), (question.text, "bold"), (f"  {question.asker}", "dim")])
    for line in plain_lines(question.context) if question.context and question.open else ():
        styled([(f"     {line}", "dim")])
    for place, option in enumerate(question.options, 1):
        styled([(f"     {place}  {option}", "")])
    if question.taken:
        styled([("     → ", "dim"), (question.answer or "", ""), (f"  assumed; risk: {question.risk}", "dim")])
        styled([(f"     coord answer {question.seq} TEXT   overrules it", "dim")])
    elif question.answer is not None:
        styled([("     → ", "dim"), (question.answer, "")])
    else:
        styled([(f"     coord answer {question.seq} TEXT", "dim")])


@click.command()
@click.argument("text")
@request_option
@json_option
@click.pass_context
def decide(ctx: click.Context, /, text: str, as_json: bool, **given: Any) -> None:
    """Record a decision, and why, on the log. With `--json -` the values are a JSON object on standard input."""
    _hand_in(ctx, "decide", text, as_json, given)


def _hand_in(ctx: click.Context, verb: str, text: str, as_json: bool, given: dict[str, Any]) -> None:
    from coordinator.client.handing_in import hand_in

    answer = hand_in(project_of(ctx), verb, _values(verb, text, as_json, given))
    if as_json:
        emit(answer.told)
    else:
        say(answer.text)


def own_subject(prompt: int | None = None) -> str:
    """What somebody speaks about: the prompt that is named, else an agent's own prompt, else the milestone."""
    if prompt is not None:
        return f"prompt:{prompt}"
    number = os.environ.get("COORD_PROMPT", "")
    return f"prompt:{int(number)}" if number.isascii() and number.isdigit() else "milestone"
