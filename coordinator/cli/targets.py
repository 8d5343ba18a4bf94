"""What a command is about: a prompt number, or the agent of one."""

from coordinator.errors import UsageError
from coordinator.model.adoption import ADOPTED, hands_off


def number_of(text: str) -> int:
    """A prompt number given as `7`, `07` or `executor-07-1`; UsageError for anything else.

    Refused for an adopted window, to which nothing is ever done.
    """
    if text.startswith(f"{ADOPTED}-"):
        raise hands_off(text)
    digits = text if text.isascii() and text.isdigit() else (text.split("-")[1] if text.count("-") >= 2 else "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise UsageError(f"`{text}` is no prompt number or agent id", "try `coord agents` for the ids")
    return int(digits)
