"""What a command is about: a prompt number, or the agent of one."""

from coordinator.errors import UsageError


def number_of(text: str) -> int:
    """A prompt number given as `7`, `07` or `executor-07-1`; UsageError for anything else."""
    digits = text if text.isascii() and text.isdigit() else (text.split("-")[1] if text.count("-") >= 2 else "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise UsageError(f"`{text}` is no prompt number or agent id", "try `coord agents` for the ids")
    return int(digits)
