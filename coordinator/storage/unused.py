"""What a project states and this version does not act on: named, so that nobody waits for its effect in vain."""

import os
from collections.abc import Collection, Iterator

from coordinator.formats.frontmatter import parse
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.text import amount, plain
from coordinator.storage.paths import Layout

FLOWS = ("EXECUTION.md",)
"""Flows that are used."""
NAMED = ("skills", "pipeline")
"""Keys of a prompt that are read and named here, because nothing else comes of them."""
_MOST = 10_000
"""Files that are counted in a folder."""


def find_unused(
    layout: Layout, prompts: Collection[Prompt], agents: Collection[str], folders: Collection[str] = ()
) -> list[Problem]:
    """What of these prompts and of the project's folders has no effect, in the order of its place.

    `agents`: the names that `agent:` may have. `folders`: those of prompts of another harness.
    """
    found = [problem for prompt in prompts if not prompt.status.ended for problem in _of_prompt(prompt, agents)]
    unread = (unread_folder(layout, folder, prompts) for folder in folders)
    return sorted([*found, *_flows(layout), *filter(None, unread)])


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


def _of_prompt(prompt: Prompt, agents: Collection[str]) -> Iterator[Problem]:
    if prompt.agent and prompt.agent not in agents:
        message = f"there is no agent `{plain(prompt.agent)}`: the prompt can't start"
        remedy = f"use one of {', '.join(sorted(agents))}"
        yield _at(prompt, "agent", "no-agent", message, remedy, warning=False)
    if prompt.pipeline != "direct":
        message = f"`pipeline: {plain(prompt.pipeline)}` is not run by this version: the prompt would fail at its start"
        yield _at(prompt, "pipeline", "no-pipeline", message, "remove the line: one agent works on it", warning=False)
    if prompt.skills:
        message = "`skills` has no effect: agents are not told of them"
        yield _at(prompt, "skills", "no-effect", message, "name them in the tasks, or remove the line", warning=True)


def _at(prompt: Prompt, key: str, code: str, message: str, remedy: str, *, warning: bool) -> Problem:
    front = parse(prompt.source, prompt.path, mend=True)
    line = 0 if isinstance(front, Problem) else front.lines.get(key, 0)
    return Problem(prompt.path, line, code, message, remedy, (prompt.number,), warning=warning)


def _flows(layout: Layout) -> Iterator[Problem]:
    for folder, _, names in os.walk(layout.flows):
        for name in names:
            path = layout.rel(os.path.join(folder, name))
            if name.endswith(".md") and path not in {layout.rel(layout.flows / flow) for flow in FLOWS}:
                message = "no effect: this version is told nothing by this flow"
                yield Problem(plain(path), 0, "no-effect", message, f"it uses {', '.join(FLOWS)}", warning=True)
