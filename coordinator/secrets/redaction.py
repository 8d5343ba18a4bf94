"""What this process knows to be secret, taken out of all that it writes down, logs, or has a model told."""

import os
from functools import cache
from pathlib import Path

from coordinator.lazy.typing import TYPE_CHECKING, Any
from coordinator.safefiles.regular import read_part

if TYPE_CHECKING:
    from coordinator.secrets.patterns import Redactor

_RULES_LIMIT = 1 << 20  # bytes
_RULES = Path(__file__).with_name("known.tsv")


@cache
def redactor() -> "Redactor":
    """For the environment that this process was started with."""
    from coordinator.secrets.patterns import Redactor, parse_rules, secrets_of  # looks need it for nothing

    return Redactor(secrets_of(os.environ), parse_rules(read_part(_RULES, _RULES_LIMIT).decode()))


def redact(text: str) -> str:
    """The text without secrets; see `coordinator.secrets.patterns`."""
    return redactor().text(text)


def redact_data(value: Any) -> Any:
    """A JSON value without secrets."""
    return redactor().tree(value)


def suspects(text: str) -> bool:
    """Whether there may be a secret in a text, or in the JSON of one; cheap, and never wrong in saying no."""
    return redactor().suspects(text)
