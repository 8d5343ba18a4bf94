"""Lets the engineer edit a prompt file in their own editor, on a copy."""

import sys
from pathlib import Path

from coordinator.client.look import look
from coordinator.client.opening import Project
from coordinator.desktop.editor import edit_copy
from coordinator.errors import UsageError
from coordinator.services.planning import known


def edited_prompt(project: Project, number: int) -> bytes | None:
    """Open a copy of the prompt in $VISUAL or $EDITOR; the edited bytes, None when nothing was changed."""
    if not sys.stdin.isatty():
        raise UsageError(
            "an editor needs a terminal", "change single values with --set key=value, the body with --body"
        )
    prompt = known(look(project), number)
    edited = edit_copy(prompt.source, Path(prompt.path).name)
    return None if edited == prompt.source else edited
