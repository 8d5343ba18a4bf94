"""The prompt as an attempt was given it: kept beside the attempt's records, so that it is known without its file."""

from pathlib import Path

from coordinator.errors import CoordError
from coordinator.formats.prompt_text import parse_prompt
from coordinator.model.prompt import Prompt
from coordinator.model.step import Attempt
from coordinator.secrets.redaction import redact
from coordinator.storage.files import put, read_limited
from coordinator.storage.paths import Layout

COPY = "prompt.md"
_LIMIT = 4 * 1024 * 1024


def keep_given(directory: Path, prompt: Prompt) -> None:
    """Keep the prompt's file, without secrets."""
    text = redact(prompt.source.decode("utf-8", "replace"))
    put(str(directory / COPY), text.encode("utf-8", "replace"))


def read_given(layout: Layout, attempt: Attempt) -> Prompt:
    """The prompt of an attempt; as much as its records tell where there is no readable copy."""
    try:
        path = layout.attempt(attempt.run, attempt.work, attempt.attempt) / COPY
        read = parse_prompt(read_limited(path, _LIMIT), attempt.prompt_file or COPY)
        if isinstance(read, Prompt) and read.number == attempt.prompt:
            return read
    except (CoordError, OSError):
        pass
    title = attempt.title or f"Prompt {attempt.prompt}"
    return Prompt(attempt.prompt, title, attempt.prompt_file, isolation="worktree" if attempt.branch else "shared")
