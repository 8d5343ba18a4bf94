"""`coord agent …`: what agents call to hand off their work. It is about the attempt that launched them."""

from collections.abc import Callable, Mapping

from coordinator.cli import declared as click
from coordinator.cli.handed import FROM_INPUT, from_input
from coordinator.cli.report import emit, say
from coordinator.errors import UsageError
from coordinator.lazy.typing import Any
from coordinator.model.agent_verbs import VERBS, Key, described, help_of

request_option = click.option("--request", default="", metavar="NAME", help=help_of("done", "request"))
json_option = click.option("--json", "source", default="", metavar="-", help=FROM_INPUT)


@click.group()
def agent() -> None:
    """What agents call: to hand off, and to hand in what their role is for."""


@agent.command()
@click.option("--summary", default="", help=help_of("done", "summary"))
@click.option("--limitation", "limitations", multiple=True, metavar="TEXT", help=help_of("done", "limitations"))
@click.option("--decision", "decisions", multiple=True, metavar="TEXT", help=help_of("done", "decisions"))
@click.option("--validation", "validation", multiple=True, metavar="TEXT", help=help_of("done", "validation"))
@click.option("--file", "files", multiple=True, metavar="PATH", help=help_of("done", "files"))
@click.option("--learning", "learnings", multiple=True, metavar="TEXT", help=help_of("done", "learnings"))
@click.option("--answer", "answers", multiple=True, metavar="ID: TEXT", help=help_of("done", "answers"))
@click.option("--next", "next", default="", metavar="FLOW", help=help_of("done", "next"))
@click.option("--no-change", is_flag=True, help=help_of("done", "no_change"))
@request_option
@json_option
def done(source: str, **given: Any) -> None:
    """The acceptance criteria are met; the commits are on the branch."""
    _hand_in("done", source, given)


@agent.command()
@click.option("--verdict", "--reason", default="", help=help_of("fail", "verdict"))
@click.option("--left", "--left-to-do", "left", multiple=True, metavar="TEXT", help=help_of("fail", "left"))
@click.option("--learning", "learnings", multiple=True, metavar="TEXT", help=help_of("fail", "learnings"))
@request_option
@json_option
def fail(source: str, **given: Any) -> None:
    """It can't be done this way."""
    _hand_in("fail", source, given)


@agent.command()
@click.option("--reason", default="", help=help_of("blocked", "reason"))
@request_option
@json_option
def blocked(source: str, **given: Any) -> None:
    """Something outside this prompt is in the way."""
    _hand_in("blocked", source, given)


def _option(key: Key) -> Callable[[Any], Any]:
    name = f"--{key.name.removesuffix('s') if key.kind == 'texts' else key.name}"
    if key.kind == "flag":
        return click.option(name, key.name, is_flag=True, help=key.help)
    if key.kind == "choice":
        return click.option(name, key.name, type=click.Choice(list(key.choices)), help=key.help)
    if key.kind == "texts":
        return click.option(name, key.name, multiple=True, metavar="TEXT", help=key.help)
    return click.option(name, key.name, default="", metavar="TEXT", help=key.help)


def _command(verb: str) -> Any:
    """A verb as its row tells it: an option for each plain value, everything as JSON, and help that names every key."""

    def hand_in(source: str, **given: Any) -> None:
        _hand_in(verb, source, given)

    row = VERBS[verb]
    hand_in.__doc__ = row.line
    for key in (key for key in reversed(row.keys) if key.kind in _PLAIN and key.name != "request"):
        hand_in = _option(key)(hand_in)
    keys = "\b\nAs JSON, with --json -:\n" + described(row)
    short = row.line.split(". ")[0].split(": ")[0].rstrip(".") + "."
    return agent.command(verb, short_help=short, epilog=keys)(request_option(json_option(hand_in)))


_PLAIN = ("text", "texts", "choice", "flag")
learn, subtask, feedback, verdict, plan, stage = map(
    _command, ("learn", "subtask", "feedback", "verdict", "plan", "stage")
)


def _hand_in(verb: str, source: str, given: Mapping[str, Any]) -> None:
    import os

    from coordinator.client.handing_in import hand_in
    from coordinator.client.opening import project_at
    from coordinator.formats.handed_in import checked

    said = {name: value for name, value in given.items() if value not in (None, "", (), False)}
    missing = [key for key in VERBS[verb].keys if key.required and key.name not in said]
    if missing and not source:
        raise UsageError(f"--{missing[0].name} is missing", missing[0].help)
    values = from_input(verb, source, said) if source else checked(verb, said)
    answer = hand_in(project_at(os.environ.get("COORD_ROOT", ".")), verb, values)
    if source:
        emit(answer.told)
    else:
        say(answer.text)
