"""The verbs that look: nothing here writes."""

import time

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, styled
from coordinator.client.look import look, look_around
from coordinator.errors import CoordError
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.snapshot import AgentState
from coordinator.model.text import plain

if TYPE_CHECKING:
    from coordinator.client.opening import Project
    from coordinator.model.pipeline import Position
    from coordinator.model.problem import Problem
    from coordinator.model.snapshot import Snapshot

_ENDED = {AgentState.CRASHED: "red", AgentState.LOST: "red", AgentState.KILLED: "dim"}
"""Colours of agents that came to no good end."""


@click.command()
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Where everything stands: the loop, each prompt, the agents, what needs you."""
    from coordinator.cli.status import print_status

    print_status(ctx.obj, as_json=as_json)


@click.command()
@json_option
@click.pass_context
def validate(ctx: click.Context, as_json: bool) -> int:
    """Check every prompt file and the dependency graph, and name what has no effect.

    Exit 1 when something is wrong, 0 for warnings alone.
    """
    from coordinator.client.setup import validate as find_problems

    project = project_of(ctx)
    problems = (*find_problems(project), *_taken_keys(project))
    if as_json:
        emit({"problems": [p.to_json() for p in problems]})
    elif not problems:
        styled([("✓ ", "green"), ("every prompt file and the graph are sound", "")])
    else:
        for problem in problems:
            where = f"{problem.path}:{problem.line}" if problem.line else problem.path
            code = f"  {problem.code}{' (warning)' if problem.warning else ''}  "
            styled([(where, "bold"), (code, "yellow"), (problem.message, "")])
            styled([(f"  {problem.remedy}", "dim")])
    return 1 if any(not problem.warning for problem in problems) else 0


def _taken_keys(project: "Project") -> "list[Problem]":
    """Keys of the project's own commands that something else has on the screen."""
    config = project.config
    if not any(command.key for command in config.commands):
        return []
    from coordinator.model.problem import Problem
    from tui.screens.own_keys import free_keys  # loads the screen

    path, remedy = project.layout.rel(project.layout.config), "give it another key; until then the palette alone has it"
    _, taken = free_keys(config.commands, config.keys)
    return [Problem(path, 0, "no-effect", f"commands: {said}", remedy, warning=True) for said in taken]


@click.command()
@click.option("--mermaid", "form", flag_value="mermaid", help="Print a Mermaid flowchart.")
@click.option("--dot", "form", flag_value="dot", help="Print Graphviz dot.")
@click.option("--json", "form", flag_value="json", help="Print JSON for programs.")
@click.pass_context
def graph(ctx: click.Context, form: str | None) -> None:
    """The dependency graph, one row a prompt."""
    from coordinator.views import graph_export

    snapshot = look(project_of(ctx))
    if form == "json":
        emit(graph_export.document(snapshot))
    elif form == "mermaid":
        click.echo(graph_export.mermaid(snapshot))
    elif form == "dot":
        click.echo(graph_export.dot(snapshot))
    else:
        from coordinator.cli.rails import print_rails

        print_rails(snapshot, time.time())


@click.command()
@click.argument("number", type=int)
@json_option
@click.pass_context
def why(ctx: click.Context, number: int, as_json: bool) -> None:
    """Why prompt NUMBER runs, waits, or can't run."""
    from coordinator.model.expectation import expectations
    from coordinator.views.acceptance import acceptance_of
    from coordinator.views.why import sentence
    from coordinator.views.why import why as explain

    snapshot = look(project_of(ctx))
    known = {*snapshot.prompts, *(n for problem in snapshot.problems for n in problem.numbers)}
    if number not in known:
        raise CoordError(f"there is no prompt {number}", _nearest(number, sorted(known)))
    through = _pipeline_of(project_of(ctx), snapshot, number)
    answer, takes = explain(snapshot, number, time.time(), through), expectations(snapshot).get(number)
    criteria = acceptance_of(snapshot, number)
    if as_json:
        emit(
            {
                "number": answer.number,
                "ready": answer.ready,
                "because": [{"code": b.code, "message": b.message, "subject": b.subject} for b in answer.because],
                "forecast": takes.to_json() if takes is not None else None,
                "criteria": [one.to_json() for one in criteria],
            }
        )
        return
    title = snapshot.prompts[number].title if number in snapshot.prompts else "can't be read"
    styled([(f"{number:02d} ", "bold"), (title, "")])
    say(sentence(answer))
    if takes is not None:
        styled([(takes.sentence, "dim")])
    if criteria:
        from coordinator.cli.criteria import print_criteria

        print_criteria(criteria)


@click.command()
@json_option
@click.pass_context
def agents(ctx: click.Context, as_json: bool) -> None:
    """The agents: role, prompt, state with its evidence and age, what to do."""
    from coordinator.views.prompt_row import until

    snapshot = look_around(project_of(ctx))
    now = time.time()
    if as_json:
        emit({"agents": [agent.to_json(now) for agent in snapshot.everybody]})
        return
    if not snapshot.everybody:
        say("No agent is running. `coord loop` starts what is ready.")
    for agent in snapshot.everybody:
        label = f"{agent.prompt:02d}" if agent.prompt is not None else "--"
        handle = label if agent.prompt is not None else agent.id
        waits = agent.state.needs_human or agent.state is AgentState.PAUSED
        colour = "yellow" if waits else _ENDED.get(agent.state, "blue")
        age = max(0, round(now - agent.observed_at))
        styled(
            [
                (f"{label}  ", "bold"),
                (f"{agent.at if agent.flow else agent.role:<11} {agent.runtime:<9}", ""),
                (f"{agent.words + until(agent.resets_at, now):<18} ", colour),
                (f"{agent.evidence}, {age} s ago   window {agent.window or 'none'}", "dim"),
                (f" of tmux server {agent.server}, {plain(agent.name)}" if agent.adopted else "", "dim"),
                (_used(agent.tokens, agent.cost_usd), "dim"),
            ]
        )
        if agent.doing:
            styled([(f"      {plain(agent.doing)}", "")])
        if agent.stuck is not None:
            styled([("      seems stuck: ", "yellow"), (plain(agent.stuck.words(now)), "")])
            styled([(f"      coord attach {handle} | coord restart {handle}", "dim")])
        if agent.adopted:
            styled([(f"      coord attach {agent.id}", "dim")])
        elif agent.state is AgentState.PERMISSION:
            styled([(f"      coord permit {handle} --allow | --deny", "dim")])


def _used(tokens: int | None, cost: float | None) -> str:
    used = f"   {tokens:,} tokens" if tokens is not None else ""
    return used + (f"   ${cost:.2f}" if cost is not None else "")


@click.command()
@click.argument("agent")
@click.pass_context
def attach(ctx: click.Context, agent: str) -> None:
    """Go to the window of AGENT, a prompt number or an agent id; F12 or C-b d comes back. `loop` is the loop's."""
    from coordinator.cli.attach import attach_to

    project = project_of(ctx)
    attach_to(project, look_around(project), agent)


def _nearest(number: int, numbers: list[int]) -> str:
    if not numbers:
        return "there are no prompts yet"
    nearest = min(numbers, key=lambda n: abs(n - number))
    return f"the nearest is {nearest}; `coord status` lists them"


def _pipeline_of(project: "Project", snapshot: "Snapshot", number: int) -> "Position | None":
    """Where a prompt's pipeline stands, or stood at the end; None where it has none, or that can't be told."""
    step = snapshot.steps.get(number)
    if step is None or step.attempt is None or not step.attempt.pipeline:
        return None
    from coordinator.client.pipeline_page import position_of

    return position_of(project, snapshot, number)
