"""The verbs with which people answer and talk to a running agent."""

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say
from coordinator.cli.targets import attempt_named
from coordinator.client.look import look
from coordinator.client.steering import Steering
from coordinator.errors import UsageError
from coordinator.lazy.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coordinator.client.opening import Project


@click.command()
@click.argument("agent")
@click.option("--allow/--deny", default=None, help="The answer.")
@click.option("--reason", default="", help="With --deny: what the agent is told.")
@click.option("--all-like", is_flag=True, help="The same for all that ask for the same as AGENT.")
@json_option
@click.pass_context
def permit(ctx: click.Context, agent: str, allow: bool | None, reason: str, all_like: bool, as_json: bool) -> int:
    """Allow or deny what AGENT, a prompt number or an agent id, asks to do; `coord agents` shows what that is."""
    if allow is None:
        raise UsageError("is it allowed or not", "say --allow or --deny")
    project = project_of(ctx)
    if all_like:
        return _permit_all_like(project, agent, allow, reason, as_json)
    attempt = attempt_named(look(project), agent)
    doing = Steering(project).permit(attempt, allow=allow, reason=reason)
    if as_json:
        emit({"agent": attempt.agent, "allowed": allow, "doing": doing})
    else:
        say(f"{'allowed' if allow else 'denied'}: {doing}")
    return 0


def _permit_all_like(project: "Project", agent: str, allow: bool, reason: str, as_json: bool) -> int:
    """Answer all that ask for the same, as one plan; 1 where one of them got no answer after all."""
    from coordinator.services.registry import SERVICES

    given = {"do": "permit", "where": f"like:{agent}", "answer": "allow" if allow else "deny", "text": reason}
    many = SERVICES["many"]
    plan = many.plan(look(project), many.ask(given))
    notes = Steering(project).apply(plan).notes
    if as_json:
        emit({**plan.to_json(applied=True), "notes": list(notes)})
    else:
        say("\n".join((plan.summary, *notes)))
    return 1 if notes else 0


@click.command()
@click.argument("agent")
@click.argument("text")
@json_option
@click.pass_context
def tell(ctx: click.Context, agent: str, text: str, as_json: bool) -> None:
    """Send TEXT to AGENT, a prompt number or an agent id, as a message typed into its own screen."""
    project = project_of(ctx)
    attempt = attempt_named(look(project), agent)
    arrived = Steering(project).tell(attempt, text)
    if as_json:
        emit({"agent": attempt.agent, "arrived": arrived})
    else:
        say(f"sent to {attempt.agent}" + ("" if arrived else "; its screen did not change, `coord attach` shows it"))
