"""What goes into an attempt's `prompt.txt`: gathers what the agent has to be told, from the project and its history."""

from pathlib import Path

from coordinator.agents.brief import Brief, Existing, compose
from coordinator.errors import CoordError
from coordinator.formats.frontmatter import split
from coordinator.loop.context import Context
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.storage.files import read_limited
from coordinator.storage.packaged import packaged

FLOW = "EXECUTION.md"
_TEXT_LIMIT = 256 * 1024
"""Bytes of flows and learnings that go into a prompt."""


def prompt_text(
    context: Context,
    snapshot: Snapshot,
    prompt: Prompt,
    attempt: Attempt,
    last: Attempt | None,
    existing: Existing | None,
) -> str:
    own = f"prompt:{prompt.number}"
    before = []
    for number in snapshot.graph.dependencies.get(prompt.number, ()):
        done = snapshot.steps[number].attempt
        if done is not None and done.receipt is not None:
            before.append((snapshot.prompts[number], done.receipt))
    brief = Brief(
        attempt,
        prompt,
        body_of(prompt),
        flow=_flow(context),
        base_branch=attempt.base_branch,
        before=before,
        last=last,
        existing=existing,
        answered=[q for q in snapshot.questions if q.subject == own and not q.open],
        learnings=_text(context.layout.learnings),
    )
    return compose(brief)


def body_of(prompt: Prompt) -> str:
    """The prompt file below its frontmatter."""
    sections = split(prompt.source, prompt.path)
    return "" if isinstance(sections, Problem) else sections.text[sections.body :]


def _flow(context: Context) -> str:
    """The executor's instructions, the project's own before the packaged ones, without their frontmatter."""
    text = _text(context.layout.flows / FLOW)
    try:
        text = text or _text(packaged("flows") / FLOW)
    except CoordError:
        return ""
    sections = split(text.encode(), FLOW)
    return text if isinstance(sections, Problem) else sections.text[sections.body :]


def _text(path: Path) -> str:
    try:
        return read_limited(path, _TEXT_LIMIT).decode("utf-8", "replace")
    except (OSError, CoordError):
        return ""
