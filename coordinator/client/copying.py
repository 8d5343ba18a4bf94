"""What a person takes along: to the clipboard of their terminal, and into the buffer of their tmux."""

import os
from collections.abc import Mapping

from coordinator.model.text import copyable

LONGEST = 100_000
"""Characters that are copied at most: terminals take no more by an escape sequence."""


def copy(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Put a text into the buffer of the tmux that this terminal is in, if it is; what the clipboard may have of it.

    Secrets are taken out, and whatever is not to be seen.
    """
    from coordinator.secrets.redaction import redact
    from coordinator.terminals.buffer import load

    clean = copyable(redact(text))[:LONGEST]
    load(clean, environ)
    return clean
