"""The verbs with which people answer and talk to a running agent."""

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say
from coordinator.cli.targets import number_of
from coordinator.client.look import look
from coordinator.client.steering import Steering, attempt_of
from coordinator.errors import UsageError


@click.command()
@click.argument("agent")
@click.option("--allow/--deny", default=None, help="The answer.")
@click.option("--reason", default="", help="With --deny: what the agent is told.")
@json_option
@click.pass_context
def permit(ctx: click.Context, agent: str, allow: bool | None, reason: str, as_json: bool) -> None:
    """Allow or deny what AGENT, a prompt number or an agent id, asks to do; `coord agents` shows what that is."""
    if allow is None:
        raise UsageError("is it allowed or not", "say --allow or --deny")
    project = project_of(ctx)
    attempt = attempt_of(look(project), number_of(agent))
    doing = Steering(project).permit(attempt, allow=allow, reason=reason)
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
    project = project_of(ctx)
    attempt = attempt_of(look(project), number_of(agent))
    arrived = Steering(project).tell(attempt, text)
    if as_json:
        emit({"agent": attempt.agent, "arrived": arrived})
    else:
        say(f"sent to {attempt.agent}" + ("" if arrived else "; its screen did not change, `coord attach` shows it"))
