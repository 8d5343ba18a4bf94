"""What a project states and this version does not act on: named, so that nobody waits for its effect in vain."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from coordinator.formats.frontmatter import parse
from coordinator.model.flow import FILES
from coordinator.model.pipeline import STAGED
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.text import amount, plain
from coordinator.model.work import DIRECT
from coordinator.storage.flows import Flows, read_flows
from coordinator.storage.paths import Layout
from coordinator.storage.pipelines import Pipelines, read_pipelines

OF_STAGES = "staged-"
"""What the names of the flows begin with that stages are told."""
NAMED = ("skills",)
"""Keys of a prompt that are read and named here, because nothing else comes of them."""
_MOST = 10_000
"""Files that are counted in a folder."""


def find_unused(
    layout: Layout, prompts: Collection[Prompt], agents: Collection[str], folders: Collection[str] = ()
) -> list[Problem]:
    """What of these prompts and of the project's folders has no effect, in the order of its place.

    `agents`: the names that `agent:` may have. `folders`: those of prompts of another harness.
    """
    flows = read_flows(layout)
    pipelines = read_pipelines(layout, flows)
    open_prompts = [prompt for prompt in prompts if not prompt.status.ended]
    found = [problem for prompt in open_prompts for problem in _of_prompt(prompt, agents, pipelines)]
    unread = (unread_folder(layout, folder, prompts) for folder in folders)
    found += _stages(layout, open_prompts, pipelines)
    return sorted([*found, *_flows(layout, flows, pipelines), *_agents(pipelines, agents), *filter(None, unread)])


def unread_folder(layout: Layout, folder: str, prompts: Collection[Prompt]) -> Problem | None:
    """A folder of prompts that has files, none of which is read as one; None for any other."""
    if any(prompt.path.startswith(f"{folder}/") for prompt in prompts):
        return None
    files: list[tuple[bool, str]] = []
    for _, folders, names in os.walk(layout.root / folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files += [(not name.endswith(".md"), name) for name in names if not name.startswith(".")]
        if len(files) > _MOST:
            break
    if not files:
        return None
    message = f"{amount(len(files), 'file')} in {plain(folder)}, none read as a prompt, such as {plain(min(files)[1])}"
    remedy = "a prompt is a .md right there, called 07-what-to-do.md, with frontmatter (title, status, dependencies)"
    return Problem(plain(folder), 0, "none-read", message, remedy, warning=True)


def _of_prompt(prompt: Prompt, agents: Collection[str], pipelines: Pipelines) -> Iterator[Problem]:
    if prompt.agent and prompt.agent not in agents:
        message = f"there is no agent `{plain(prompt.agent)}`: the prompt can't start"
        remedy = f"use one of {', '.join(sorted(agents))}"
        yield _at(prompt, "agent", "no-agent", message, remedy, warning=False)
    if prompt.pipeline != DIRECT and pipelines.find(prompt.pipeline) is None:
        wrong = pipelines.why_not(prompt.pipeline)
        yield _at(
            prompt, "pipeline", "no-pipeline", f"{wrong.message}: the prompt can't start", wrong.remedy, warning=False
        )
    if prompt.skills:
        message = "`skills` has no effect: agents are not told of them"
        yield _at(prompt, "skills", "no-effect", message, "name them in the tasks, or remove the line", warning=True)


def _at(prompt: Prompt, key: str, code: str, message: str, remedy: str, *, warning: bool) -> Problem:
    front = parse(prompt.source, prompt.path, mend=True)
    line = 0 if isinstance(front, Problem) else front.lines.get(key, 0)
    return Problem(prompt.path, line, code, message, remedy, (prompt.number,), warning=warning)


def _agents(pipelines: Pipelines, agents: Collection[str]) -> Iterator[Problem]:
    """Stations whose agent there is none of."""
    for pipeline in pipelines.items:
        for station in pipeline.stations:
            if station.agent and station.agent not in agents:
                message = f"{station.name}: there is no agent `{plain(station.agent)}`"
                yield Problem(pipeline.path, 0, "no-agent", message, f"use one of {', '.join(sorted(agents))}")


def _stages(layout: Layout, prompts: Collection[Prompt], pipelines: Pipelines) -> Iterator[Problem]:
    """What is wrong with the settings of stages, the project's and those of single prompts."""
    staged = {pipeline.name for pipeline in pipelines.items if pipeline.kind == STAGED}
    own = [prompt for prompt in prompts if prompt.pipeline in staged]
    files = [name for name in staged if (layout.pipelines / f"{name}.yaml").exists()]
    if own or files:
        from coordinator.storage.staged_settings import wrong_settings

        yield from wrong_settings(layout, files, own)


def _flows(layout: Layout, flows: Flows, pipelines: Pipelines) -> Iterator[Problem]:
    """What is wrong with the project's flows and pipelines, and those that nobody is told."""
    yield from (*flows.problems, *pipelines.problems)
    used = {station.flow for pipeline in pipelines.items for station in pipeline.stations}
    if any(pipeline.kind == STAGED for pipeline in pipelines.items):
        used |= {flow.name for flow in flows.items if flow.name.startswith(OF_STAGES)}
    for flow in flows.items:
        if flow.own and flow.name not in (*FILES, *used) and not flow.looks:
            remedy = f"`role: specialist` looks beside the Verifier; {', '.join(FILES.values())} hold for all of a role"
            if flow.role == "stage":
                remedy = "list it below `stations:` in a file of .coord/flows/pipelines/"
            message = f"no effect: nobody is told this flow of a{'n' if flow.role == 'executor' else ''} {flow.role}"
            yield Problem(flow.path, 0, "no-effect", message, remedy, warning=True)
    for folder, _, names in os.walk(layout.flows):
        for name in names:
            path = layout.rel(os.path.join(folder, name))
            if name.endswith(".md") and Path(folder) not in (layout.flows, layout.pipelines):
                message = "no effect: nobody is told what stands in a folder of flows"
                yield Problem(plain(path), 0, "no-effect", message, "move it up, beside the others", warning=True)
