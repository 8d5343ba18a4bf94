"""What `coord init` makes."""

from collections.abc import Mapping
from pathlib import Path

from coordinator.errors import UsageError
from coordinator.formats.scalars import scalar
from coordinator.model.intent import PLACEHOLDER
from coordinator.model.text import plain
from coordinator.storage.branch import in_branch
from coordinator.storage.config import SIZE_LIMIT
from coordinator.storage.config_sample import sample
from coordinator.storage.files import read_limited, sha256, write_atomic
from coordinator.storage.paths import Layout
from coordinator.storage.settings_text import with_arguments, with_prompts

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
mcp.sock
*.lock
highest-number
write-back.json
identity
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


def create_project(
    directory: Path, *, title: str, prompts: str = "", arguments: Mapping[str, str] | None = None
) -> list[str]:
    """Make what is missing of `.coord/` in `directory`; returns the paths made or changed, relative to it.

    What is there stays as it is. `prompts` is the folder of another harness, relative to the directory, whose prompts
    are worked on where they are; `arguments` are what agents get on their command lines. Raises UsageError when a
    folder is not there, the title is empty, or the settings say something else.
    """
    if not directory.is_dir():
        raise UsageError(f"there is no folder {directory}", "make it first, or leave -C out")
    title = " ".join(title.split())
    if not title:
        raise UsageError("the title of the milestone is empty", "--title 'What this is about'")
    layout = Layout(directory)
    if prompts and not (layout.root / in_branch(prompts, layout.root)).is_dir():
        raise UsageError(f"there is no folder {plain(in_branch(prompts, layout.root))}", "name one that has prompts")

    def chosen(text: str) -> str:
        return with_arguments(with_prompts(text, prompts) if prompts else text, arguments or {})

    made = []
    for folder in (layout.coord, layout.prompts, layout.feedback, layout.flows, layout.suites):
        if not folder.is_dir():
            folder.mkdir(parents=True)
            made.append(layout.rel(folder) + "/")
    contents = {
        layout.coord / ".gitignore": IGNORED,
        layout.config: chosen(sample()),
        layout.milestone: _MILESTONE.format(title=scalar(title), goal=PLACEHOLDER),
        layout.alignment: _ALIGNMENT,
    }
    for path, text in contents.items():
        if not path.exists():
            write_atomic(path, text.encode(), expect=None)
            made.append(layout.rel(path))
    if (prompts or arguments) and layout.rel(layout.config) not in made:
        before = read_limited(layout.config, SIZE_LIMIT)
        after = chosen(before.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        if after != before:
            write_atomic(layout.config, after, expect=sha256(before))
            made.append(layout.rel(layout.config))
    return made
