"""Which answers an attempt's agent was given: so that a call that was cut off can be made again."""

from pathlib import Path

_PREFIX = "answer-"


def delivered(directory: Path) -> frozenset[int] | None:
    """Numbers of the questions whose answers the agent of this attempt got; None when there is no such attempt."""
    try:
        names = [path.name for path in directory.iterdir()]
    except OSError:
        return None
    numbers = (name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX))
    return frozenset(int(number) for number in numbers if number.isascii() and number.isdigit())


def deliver(directory: Path, question: int) -> None:
    """Note that the agent got the answer to this question."""
    (directory / f"{_PREFIX}{question}").touch()
