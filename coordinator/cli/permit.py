"""The verbs with which people answer and talk to a running agent."""

import os
from typing import TYPE_CHECKING

import click

from coordinator.cli.commands import layout_of
from coordinator.cli.report import emit, say
from coordinator.cli.targets import number_of
from coordinator.cli.views import json_option
from coordinator.errors import CoordError, UsageError
from coordinator.observe.observer import Observer

if TYPE_CHECKING:
    from coordinator.model.step import Attempt


@click.command()
@click.argument("agent")
@click.option("--allow/--deny", default=None, help="The answer.")
@click.option("--reason", default="", help="With --deny: what the agent is told.")
@json_option
@click.pass_context
def permit(ctx: click.Context, agent: str, allow: bool | None, reason: str, as_json: bool) -> None:
    """Allow or deny what AGENT, a prompt number or an agent id, asks to do; `coord agents` shows what that is."""
    from coordinator.apply.permissions import permit as answer
    from coordinator.eventlog.identity import who

    if allow is None:
        raise UsageError("is it allowed or not", "say --allow or --deny")
    attempt = _attempt(ctx, agent)
    doing = answer(layout_of(ctx), attempt, who(os.environ, os.getpid()), allow=allow, reason=reason)
    if as_json:
        emit({"agent": attempt.agent, "allowed": allow, "doing": doing})
    else:
        say(f"{'allowed' if allow else 'denied'}: {doing}")


@click.command()
@click.argument("agent")
@click.argument("text")
@json_option
@click.pass_context
def tell(ctx: click.Context, agent: str, text: str, as_json: bool) -> None:
    """Send TEXT to AGENT, a prompt number or an agent id, as a message typed into its own screen."""
    from coordinator.apply.messages import tell as send
    from coordinator.eventlog.identity import who

    attempt = _attempt(ctx, agent)
    arrived = send(layout_of(ctx), attempt, who(os.environ, os.getpid()), text)
    if as_json:
        emit({"agent": attempt.agent, "arrived": arrived})
    else:
        say(f"sent to {attempt.agent}" + ("" if arrived else "; its screen did not change, `coord attach` shows it"))


def _attempt(ctx: click.Context, agent: str) -> "Attempt":
    number = number_of(agent)
    step = Observer(layout_of(ctx)).snapshot().steps.get(number)
    if step is None or step.attempt is None:
        raise CoordError(f"prompt {number} has no agent", "`coord agents` lists them")
    return step.attempt
