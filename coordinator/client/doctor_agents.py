"""What `coord doctor` says of agents: whether they would get to work, what they may do, what budgets hold them."""

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from coordinator.agents.launch import server_words
from coordinator.agents.leave import leeway_of
from coordinator.agents.readiness import all_not_ready, version
from coordinator.agents.registry import find_runtime, packaged_runtimes
from coordinator.client.look import look
from coordinator.errors import CoordError
from coordinator.loop.preflight import Unready, wanted
from coordinator.model.problem import Problem
from coordinator.observe.project import Project

_BUDGET_REMEDY = {
    "tokens": "set budget_time, which holds every agent",
    "cost": "set budget_tokens or budget_time besides",
}
_FOR_NEW = "for prompts that name no agent"


def examine_agents(project: Project | None, problems: list[Problem], notes: list[str]) -> None:
    """Each agent CLI: one that the project uses has to be ready, of the others it is only noted."""
    used = _used(project)
    clis = {name: needs.program for name in packaged_runtimes() if (needs := find_runtime(name, {}).needs) is not None}
    there = [name for name, program in clis.items() if shutil.which(program) is not None]
    asked = [*there, *sorted(used.keys() - set(there))]
    commands = {"command": project.config.command} if project and used else {}
    troubles = all_not_ready(asked, commands, project.layout.root if project else Path.cwd())
    ready = [name for name in there if name not in troubles]
    with ThreadPoolExecutor() as pool:
        versions = dict(zip(ready, pool.map(lambda name: version(clis[name]), ready), strict=True))
    for name in asked:
        trouble = troubles.get(name)
        if name in versions:
            notes.append(f"agent {name}: {versions[name]}, ready{_leeway(project, name)}")
        elif trouble is not None and name in used:
            said = Unready(name, used[name], trouble).what if used[name] else f"{trouble.message} ({_FOR_NEW})"
            problems.append(Problem(name, 0, "agent-not-ready", said, trouble.remedy))
        elif trouble is not None:
            notes.append(f"agent {name}: {trouble.message} (no prompt uses it)")
    if project is not None:
        _strict(project, problems)
        _budgets(project, [name for name in used if name in packaged_runtimes()], problems, notes)
        notes.append(_speak(project))
    if not there:
        notes.append("agents: none installed; the demo needs none")


def _used(project: Project | None) -> dict[str, tuple[int, ...]]:
    """The runtimes of prompts that wait for one, with their numbers; where none waits, that of the settings."""
    if project is None:
        return {}
    try:
        return wanted(look(project), project.config) or {project.config.runtime: ()}
    except CoordError:
        return {}  # which is told already


def _leeway(project: Project | None, name: str) -> str:
    """What it does without a question, by its arguments in the settings."""
    leeways = find_runtime(name, {}).leeways
    arguments = project.config.agent_arguments.get(name, "") if project is not None else ""
    if not leeways:
        return f", with `{arguments}`" if arguments else ""
    return f"; it {leeway_of(leeways, arguments)}{'' if arguments else ', or as its own settings say'}"


def _speak(project: Project) -> str:
    """How agents speak to coord, which their CLIs let them do without a question."""
    config = project.config
    if config.mcp == "off":
        return "agents speak by the command: `mcp: off`"
    if config.agent_user:
        return "agents speak by the command: strict mode"
    if not server_words(config.mcp):
        return "agents speak by the command; with coord's extra `mcp` installed they get tools besides"
    return "agents speak by the command, and by tools (coord mcp)"


def _strict(project: Project, problems: list[Problem]) -> None:
    """What keeps strict mode from being had: no agent starts without it where it is asked for."""
    from coordinator.client.strict_mode import examine

    if project.config.agent_user:
        problems += examine(project).problems


def _budgets(project: Project, used: Iterable[str], problems: list[Problem], notes: list[str]) -> None:
    """Budgets that hold no agent of a runtime, since its CLI doesn't tell what it uses, or only when it is too late."""
    config = project.config
    limits = {
        "tokens": [k for k in ("budget_tokens", "run_budget_tokens") if getattr(config, k) is not None],
        "cost": [k for k in ("budget_cost", "run_budget_cost") if getattr(config, k) is not None],
    }
    for name, (what, keys) in product(sorted(used), limits.items()):
        tells = find_runtime(name, {"command": config.command}).tells(headless=config.headless)
        when, unit = getattr(tells, what), "tokens" if what == "tokens" else "dollars"
        if keys and not when:
            message = f"it never tells the {unit} it uses: {' and '.join(keys)} can't hold it"
            problems.append(Problem(name, 0, "budget-unkept", message, _BUDGET_REMEDY[what]))
        elif keys and when == "end":
            late = f"headless it tells the {unit} it used only at its end: {' and '.join(keys)} can't pause it before"
            notes.append(f"agent {name}: {late}; {_BUDGET_REMEDY[what]}")
