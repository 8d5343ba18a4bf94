"""What guides agents besides their task: `coord flows`, `coord pipelines`, `coord learnings`."""

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, styled
from coordinator.client.guidance import flows as read_flows
from coordinator.client.guidance import learnings as read_learnings
from coordinator.client.guidance import pipelines as read_pipelines
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.text import amount, clip, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coordinator.model.flow import Flow
    from coordinator.model.pipeline import Pipeline, Station
    from coordinator.model.problem import Problem

_SHOWN = 30
"""Notes of agents that people are shown; with --json they get all."""


@click.command()
@click.argument("name", required=False, metavar="[NAME]")
@json_option
@click.pass_context
def flows(ctx: click.Context, name: str | None, as_json: bool) -> int:
    """What the roles are told: flows that ship with coord, and the project's own; with NAME the words of one.

    A file .coord/flows/NAME.md with `role: specialist` in its frontmatter is one more specialist.
    """
    from coordinator.errors import Refused

    found = read_flows(project_of(ctx))
    if name is not None:
        flow = found.find(name.casefold())
        if flow is None:
            raise Refused(f"there is no flow {plain(name)}", f"one of {', '.join(f.name for f in found.items)}")
        if as_json:
            emit(flow.to_json() | {"body": flow.body})
        else:
            say(flow.body.strip())
        return 0
    if as_json:
        problems = [problem.to_json() for problem in found.problems]
        emit({"flows": [flow.to_json() for flow in found.items], "problems": problems})
        return 0
    column = max((len(flow.name) for flow in found.items), default=0)
    for flow in found.items:
        who = " ".join(filter(None, (flow.agent, flow.model)))
        styled(
            [
                (f"{flow.name:<{column}}  ", "bold"),
                (f"{flow.role:<10}  ", ""),
                (flow.title, ""),
                (f"  {plain(who)}" if who else "", "blue"),
                (f"  {flow.path}" if flow.own else "", "dim"),
            ]
        )
        _contract(flow, column)
    _problems(found.problems)
    return 0


@click.command()
@click.argument("name", required=False, metavar="[NAME]")
@json_option
@click.pass_context
def pipelines(ctx: click.Context, name: str | None, as_json: bool) -> int:
    """How several agents work on one prompt: pipelines that ship with coord, and the project's own; with NAME one.

    A prompt with `pipeline: NAME` goes through it. A file .coord/flows/pipelines/NAME.md is one more pipeline.
    """
    found = read_pipelines(project_of(ctx))
    shown = found.items
    if name is not None:
        one = found.find(name.casefold())
        if one is None:
            from coordinator.errors import Refused

            wrong = found.why_not(name.casefold())
            raise Refused(wrong.message, wrong.remedy)
        shown = (one,)
    if as_json:
        problems = [problem.to_json() for problem in found.problems]
        emit({"pipelines": [pipeline.to_json() for pipeline in shown], "problems": problems})
        return 0
    for pipeline in shown:
        _pipeline(pipeline)
        if name is not None and pipeline.text.strip():
            say("")
            say(pipeline.text.strip())
    if name is None:
        _problems(found.problems)
    if not shown and not found.problems:
        say("there are none: a file .coord/flows/pipelines/NAME.md with `stations:` is one")
    return 0


def _contract(flow: "Flow", column: int) -> None:
    """What a stage may read, hand in and change, a line each."""
    if flow.role == "stage":
        for key, values in (("reads", flow.reads), ("outputs", flow.outputs), ("writes", flow.writes)):
            if values or key == "writes":
                shown = ", ".join(map(plain, values)) or "no file of the project"
                styled([(f"{'':<{column}}  {key:<10}  ", "dim"), (clip(shown, 120), "")])


def _pipeline(pipeline: "Pipeline") -> None:
    path = f"  {pipeline.path}" if pipeline.own else ""
    styled(
        [(pipeline.name, "bold"), (f"  {pipeline.title}" if pipeline.title != pipeline.name else "", ""), (path, "dim")]
    )
    if pipeline.kind == "staged":
        styled([("  PLAN, IMPLEMENT, TEST, FINAL", ""), ("  stages, each with its phases", "dim")])
    for place, station in enumerate(pipeline.stations, 1):
        styled([(f"  {place:>2}  ", "dim"), (f"{station.name}", ""), (_station(station), "dim")])


def _station(station: "Station") -> str:
    """What is special about it, in words."""
    said = [
        f"flow {station.flow}" if station.flow != station.name else "",
        " ".join(filter(None, (station.agent, station.model))),
        f"back to {station.loop}, {amount(station.rounds, 'round')} at most" if station.loop else "",
        f"{station.timeout / 60:g} min a turn" if station.timeout else "",
        f"tried {amount(station.retries + 1, 'time')} a round" if station.retries != 1 else "",
        "" if station.enabled else "not enabled",
    ]
    return plain("".join(f"  {word}" for word in said if word))


def _problems(problems: "Sequence[Problem]") -> None:
    for problem in problems:
        at = f":{problem.line}" if problem.line else ""
        styled([(f"{problem.path}{at}", "bold"), (f"  {problem.code}  ", "yellow"), (problem.message, "")])
        styled([(f"  {problem.remedy}", "dim")])


@click.command()
@json_option
@click.pass_context
def learnings(ctx: click.Context, as_json: bool) -> None:
    """What was learned: what is kept for later agents, and what agents noted since that was put in order."""
    found = read_learnings(project_of(ctx))
    if as_json:
        emit(found.to_json())
        return
    if not found.kept and not found.noted:
        say("nothing learned yet: agents note what would have helped when they hand off")
    if found.kept:
        styled([("Kept", "bold"), (f"  in {plain(found.path)}", "dim")])
    for one in found.kept:
        styled([("  - ", "dim"), (clip(one.text, 200), ""), (_about(one.paths, one.tags), "dim")])
    if found.noted:
        styled([("Noted since", "bold"), ("  the Planner puts them in order", "dim")])
    for note in found.noted[-_SHOWN:]:
        text = clip(plain(note.text), 200)
        styled([("  - ", "dim"), (text, ""), (f"{_about(note.paths, note.tags)}  {plain(note.by)}", "dim")])
    if len(found.noted) > _SHOWN:
        say(f"and {amount(len(found.noted) - _SHOWN, 'older note')}: `coord learnings --json` has all")


def _about(paths: "Sequence[str]", tags: "Sequence[str]") -> str:
    """Where and when it matters."""
    return clip(plain("".join(f"  {word}" for word in (*paths, *(f"#{tag}" for tag in tags)))), 80)
