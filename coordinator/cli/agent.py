"""`coord agent …`: what agents call to hand off their work. It is about the attempt that launched them."""

from collections.abc import Mapping

from coordinator.cli import declared as click
from coordinator.cli.handed import FROM_INPUT, from_input
from coordinator.cli.report import emit, say
from coordinator.errors import UsageError
from coordinator.lazy.typing import Any
from coordinator.model.agent_verbs import VERBS, help_of

request_option = click.option("--request", default="", metavar="NAME", help=help_of("done", "request"))
json_option = click.option("--json", "source", default="", metavar="-", help=FROM_INPUT)


@click.group()
def agent() -> None:
    """What agents call to hand off: done, fail, blocked."""


@agent.command()
@click.option("--summary", default="", help=help_of("done", "summary"))
@click.option("--limitation", "limitations", multiple=True, metavar="TEXT", help=help_of("done", "limitations"))
@click.option("--decision", "decisions", multiple=True, metavar="TEXT", help=help_of("done", "decisions"))
@click.option("--validation", "validation", multiple=True, metavar="TEXT", help=help_of("done", "validation"))
@click.option("--file", "files", multiple=True, metavar="PATH", help=help_of("done", "files"))
@click.option("--learning", "learnings", multiple=True, metavar="TEXT", help=help_of("done", "learnings"))
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


def _hand_in(verb: str, source: str, given: Mapping[str, Any]) -> None:
    import os

    from coordinator.client.handing_in import hand_in
    from coordinator.client.opening import project_at
    from coordinator.formats.handed_in import checked

    said = {name: value for name, value in given.items() if value not in ("", (), False)}
    missing = [key for key in VERBS[verb].keys if key.required and key.name not in said]
    if missing and not source:
        raise UsageError(f"--{missing[0].name} is missing", missing[0].help)
    values = from_input(verb, source, said) if source else checked(verb, said)
    answer = hand_in(project_at(os.environ.get("COORD_ROOT", ".")), verb, values)
    if source:
        emit(answer.told)
    else:
        say(answer.text)
