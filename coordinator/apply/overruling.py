"""Takes an end out of a prompt's file that was claimed there while an attempt was under way, and that did not come."""

from contextlib import suppress

from coordinator.errors import CoordError
from coordinator.formats.frontmatter import patch
from coordinator.formats.prompt_text import parse_prompt
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.step import Attempt, StepState
from coordinator.storage.files import read_limited, sha256, write_atomic
from coordinator.storage.paths import Layout
from coordinator.storage.prompts import SIZE_LIMIT

NOT_DONE = (StepState.FAILED, StepState.BLOCKED, StepState.PENDING)
"""States in which an attempt leaves it to its file what is to become of the step."""


def overrule(layout: Layout, attempt: Attempt) -> None:
    """Let the file say again that it is in progress, before the attempt ends as anything but done.

    What it says from then on was written since, and is somebody's will. A file that can't be used says nothing.
    """
    path = layout.root / attempt.prompt_file
    with suppress(CoordError, OSError):
        source = read_limited(path, SIZE_LIMIT)
        prompt = parse_prompt(source, attempt.prompt_file)
        if isinstance(prompt, Prompt) and prompt.number == attempt.prompt and prompt.status.ended:
            write_atomic(path, patch(source, {"status": PromptStatus.IN_PROGRESS.value}), expect=sha256(source))
