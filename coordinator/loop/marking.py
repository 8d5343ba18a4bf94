"""Writes into a prompt's file what its step has come to."""

from coordinator.artifacts.files import write_atomic
from coordinator.artifacts.frontmatter import patch
from coordinator.errors import StalePlan
from coordinator.failpoint import failpoint
from coordinator.loop.effects import Mark
from coordinator.loop.site import Site
from coordinator.model.prompt import Prompt, PromptStatus


def mark(site: Site, prompt: Prompt, action: Mark) -> None:
    """Write status, attempts and commits into the frontmatter; a version that came since is looked at again first."""
    path = site.layout.root / prompt.path
    changes: dict[str, str | int | tuple[str, ...]] = {"status": action.status.value, "attempts": action.attempts}
    if action.status is PromptStatus.DONE:
        changes["commits"] = action.commits
    site.touched.append(path)
    try:
        write_atomic(path, patch(prompt.source, changes), expect=prompt.digest)
    except StalePlan:
        return
    failpoint("mark-written")
