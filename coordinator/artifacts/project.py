"""What `coord init` makes."""

from pathlib import Path

from coordinator.artifacts.files import write_atomic
from coordinator.artifacts.paths import Layout
from coordinator.artifacts.scalars import scalar
from coordinator.config import sample
from coordinator.errors import UsageError
from coordinator.model.intent import PLACEHOLDER

IGNORED = """\
# State of this machine's loop: never committed.
events.db*
runs/
worktrees/
journal/
plans/
loop.json
loop.lock
log.sock
*.lock
highest-number
.coord-status.json*
.coord-tmp-*
"""
_MILESTONE = """\
---
title: {title}
status: open
---
## Goal

{goal}

## Non-Goals

## Constraints

## Success Criteria

"""
_ALIGNMENT = """\
# Alignment

What agents report, each report followed by what the engineer says to it. Append-only.
"""


def create_project(directory: Path, *, title: str) -> list[str]:
    """Make what is missing of `.coord/` in `directory`; returns the paths made, relative to it.

    What is there stays as it is. Raises UsageError when there is no such directory or the title is empty.
    """
    if not directory.is_dir():
        raise UsageError(f"there is no folder {directory}", "make it first, or leave -C out")
    title = " ".join(title.split())
    if not title:
        raise UsageError("the title of the milestone is empty", "--title 'What this is about'")
    layout = Layout(directory)
    made = []
    for folder in (layout.coord, layout.prompts, layout.feedback, layout.flows, layout.suites):
        if not folder.is_dir():
            folder.mkdir(parents=True)
            made.append(layout.rel(folder) + "/")
    contents = {
        layout.coord / ".gitignore": IGNORED,
        layout.config: sample(),
        layout.milestone: _MILESTONE.format(title=scalar(title), goal=PLACEHOLDER),
        layout.alignment: _ALIGNMENT,
    }
    for path, text in contents.items():
        if not path.exists():
            write_atomic(path, text.encode(), expect=None)
            made.append(layout.rel(path))
    return made
