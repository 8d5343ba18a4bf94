"""`coord context`: what an agent is told, as it is by now."""

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit
from coordinator.model.text import plain


@click.command()
@click.argument("number", type=int, required=False, metavar="[PROMPT]")
@click.option("--role", default=None, metavar="ROLE", help="executor, planner, verifier, specialist, or one by name.")
@json_option
@click.pass_context
def context(ctx: click.Context, number: int | None, role: str | None, as_json: bool) -> None:
    """What an agent is told: intent, task, decisions, the engineer's words, what it builds on, learnings.

    An agent is told of its own prompt, people of PROMPT, and without one of the milestone as a whole.
    """
    from coordinator.client.told import context_record

    record = context_record(project_of(ctx), number, role)
    if as_json:
        emit(record.to_json())
    else:
        for line in record.text.splitlines():
            print("\t".join(map(plain, line.split("\t"))))  # the task's own tabs stay
