"""The services on the command line: each has the options of what it asks for; the plan is shown, confirmed, applied."""

import time
from collections.abc import Callable, Iterable, Mapping

from coordinator.cli import declared as click
from coordinator.cli.confirm import carry_out
from coordinator.cli.kinds import Numbers
from coordinator.cli.opened import project_of
from coordinator.cli.targets import agent_itself, number_of
from coordinator.errors import UsageError
from coordinator.lazy.typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from coordinator.model.clock import iso
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.services.inputs import Input, Kind
from coordinator.services.registry import SERVICES

if TYPE_CHECKING:
    from coordinator.client.opening import Project

_OF_AGENTS = ("kill", "restart")
"""Services whose number may be the id of an agent that works on no prompt."""
F = TypeVar("F", bound=Callable[..., Any])


def plan_options(command: F) -> F:
    """The flags that every plan has."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON."),
        click.option("--dry-run", is_flag=True, help="Show the plan; change nothing."),
        click.option("-y", "--yes", is_flag=True, help="Apply without asking."),
    ):
        command = option(command)
    return command


def flat(values: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """Repeated and comma-separated numbers as one tuple, each once, in the order given."""
    return tuple(dict.fromkeys(n for group in values for n in group))


def actor_name() -> str:
    from coordinator.client.steering import actor

    return actor().name


# ── a service as a command


def command_of(name: str) -> Any:
    """The command of a service, made of what it asks for."""
    service = SERVICES[name]
    asked = [each for each in service.inputs if each.about.option is not None]
    bare = _BARE.get(name)

    @plan_options
    @click.pass_context
    def run(ctx: click.Context, /, yes: bool, dry_run: bool, as_json: bool, **given: Any) -> int:
        more: dict[str, object] = {}
        if bare is not None and bare.page and given.pop(bare.page[0]):
            return bare.page[2](project_of(ctx), as_json)
        if name in _OF_AGENTS and (agent := agent_itself(given["number"])):
            given, more = {**given, "number": "0"}, {"agent": agent}
        values = {each.name: _plain(each, given[each.name]) for each in asked}
        if bare is not None and not any(values[each.name] for each in asked if each.name in bare.instead_of):
            found = bare.do(project_of(ctx), values, as_json)
            if isinstance(found, int):
                return found
            more = found
        request = service.ask(values, who=actor_name(), at=iso(time.time()), **more)
        planner = lambda snapshot: service.plan(snapshot, request)  # noqa: E731
        return carry_out(project_of(ctx), planner, yes=yes, dry_run=dry_run, as_json=as_json)

    params = [param for each in asked for param in _params(each)]
    if bare is not None and bare.page:
        params.append(click.option(f"--{bare.page[0]}", is_flag=True, help=bare.page[1]))
    for param in reversed(params):
        run = param(run)
    return click.command(name, help=bare.help if bare is not None else service.help)(run)


def _params(asked: Input) -> "list[Callable[[F], F]]":
    """The argument or the options for one thing that is asked for."""
    about, name = asked.about, asked.name
    if asked.kind is Kind.PROMPT:
        return [click.argument(name, metavar=about.metavar or None)]
    if about.argument:
        return [click.argument(name, metavar=about.metavar, type=click.Choice(asked.values))]
    if about.flags:
        return [
            click.option(f"--{value}", name, flag_value=value, default=asked.default, help=words)
            if value == asked.default
            else click.option(f"--{value}", name, flag_value=value, help=words)
            for value, words in about.flags.items()
        ]
    more: dict[str, Any] = {"help": about.help if about.command is None else about.command or None}
    if about.metavar or about.file:
        more["metavar"] = about.metavar or "FILE"
    match asked.kind:
        case Kind.PROMPTS | Kind.NOTES:
            more |= {"type": Numbers(), "multiple": True}
        case Kind.TEXTS | Kind.VALUES:
            more |= {"multiple": True}
        case Kind.CHOICE:
            more |= {"type": click.Choice(asked.values)}
            more |= {"default": str(asked.default), "show_default": True} if asked.default else {}
        case Kind.FLAG:
            more |= {"is_flag": True}
    more |= {"required": True} if asked.required else {}
    return [click.option(f"--{(about.option or name).replace('_', '-')}", name, **more)]


def _plain(asked: Input, given: Any) -> Any:
    """What was given, as a request takes it; None: nothing was."""
    match asked.kind:
        case Kind.PROMPT:
            return number_of(given)
        case Kind.PROMPTS:
            return flat(given)
        case Kind.NOTES:
            return dict.fromkeys(flat(given), "")
        case Kind.VALUES:
            return dict(_key_value(text) for text in given)
    if given is None or not asked.about.file:
        return given
    from coordinator.client.inputs import read_named

    return read_named(given).decode("utf-8", "replace")


def _key_value(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise UsageError(f"`{text}` is not KEY=VALUE", "for example --set priority=high")
    return key.strip(), value.strip()


# ── what two of them do when nothing is given


class _Bare(NamedTuple):
    """What a command does instead of planning, or before, when it is given none of some things."""

    instead_of: tuple[str, ...]
    do: "Callable[[Project, Mapping[str, Any], bool], int | dict[str, object]]"
    """The exit code when that was all, else what goes into the request."""
    help: str
    page: "tuple[str, str, Callable[[Project, bool], int]] | None" = None
    """A page that it shows by an option: that, what it is for, and what prints it."""


def _edit_whole(project: "Project", values: Mapping[str, Any], as_json: bool) -> int | dict[str, object]:
    from coordinator.cli.editor import edited_prompt

    source = edited_prompt(project, values["number"])
    if source is None:
        click.echo("nothing was changed")
        return 0
    return {"source": source}


def _show_emergent(project: "Project", values: Mapping[str, Any], as_json: bool) -> int:
    from coordinator.cli.cards import print_emergent

    return print_emergent(project, as_json=as_json)


def _analyse(project: "Project", as_json: bool) -> int:
    from coordinator.cli.cards import print_analysis

    return print_analysis(project, as_json=as_json)


_BARE = {
    "edit": _Bare(
        ("values", "body", "mark_user_patch"),
        _edit_whole,
        "Edit prompt NUMBER: single values, the body, or, with none of these, the whole file in $EDITOR.",
    ),
    "surgery": _Bare(
        ("keep", "improve", "eliminate"),
        _show_emergent,
        "Emergent surgery: with no verdict, shows all emergent prompts side by side.",
        ("analysis", "Hold each against its diff and the milestone; decide nothing.", _analyse),
    ),
}


@click.command()
@click.argument("plan", required=False)
@click.option("--list", "listed", is_flag=True, help="Show the plans there are, newest first; take back none.")
@plan_options
@click.pass_context
def undo(ctx: click.Context, /, plan: str | None, listed: bool, **given: Any) -> int:
    """Take back PLAN, or your own newest one, while nothing has been built on it."""
    from coordinator.client.steering import Steering

    project = project_of(ctx)
    if listed:
        from coordinator.cli.past_plans import print_past_plans

        return print_past_plans(project, as_json=given["as_json"])

    def planner(snapshot: Snapshot) -> Plan:
        return Steering(project).plan_undo(snapshot, plan)

    return carry_out(project, planner, yes=given["yes"], dry_run=given["dry_run"], as_json=given["as_json"])
