"""What the log tells of prompts: enough to draw the graph of any time, whoever wrote the files with what editor."""

from collections.abc import Iterable, Mapping

from coordinator.lazy.typing import TypeVar
from coordinator.model.prompt import Priority, Prompt, PromptStatus, PromptType
from coordinator.model.step import Step, StepState

ROWS = 2000
"""Prompts that one event describes at most."""
KIND = "run.prompts"
"""Written by the loop when it begins and whenever prompts changed; `prompt.created` tells the same of one prompt."""

Row = list[object]
Choice = TypeVar("Choice", PromptType, Priority, PromptStatus)


def row_of(prompt: Prompt, step: Step) -> Row:
    """A prompt as JSON: number, title, type, priority, dependencies, and how it ended if no attempt ended it."""
    ended = ""
    by_attempt = step.attempt is not None and step.attempt.state is step.state
    if step.state is StepState.SKIPPED or (step.state is StepState.MERGED and not by_attempt):
        ended = prompt.status.value
    title, kind, priority = prompt.title, prompt.type.value, prompt.priority.value
    return [prompt.number, title, kind, priority, list(prompt.dependencies), ended]


def described(row: object) -> Prompt | None:
    """The prompt of a row, `status` being how it ended, else pending; None for what is no row."""
    if not isinstance(row, list | tuple) or len(row) < 6 or not _is_number(row[0]):
        return None
    number, title, kind, priority, dependencies, ended = row[:6]
    return Prompt(
        number=number,
        title=str(title),
        path="",
        type=_one_of(PromptType, kind, PromptType.PLANNED),
        priority=_one_of(Priority, priority, Priority.MEDIUM),
        dependencies=_numbers(dependencies),
        status=_one_of(PromptStatus, ended, PromptStatus.PENDING),
    )


def created(number: int, data: Mapping[str, object]) -> Prompt | None:
    """The prompt of a `prompt.created` event; None when the number is none."""
    return described([number, data.get("title") or "", *map(data.get, ("type", "priority", "dependencies")), ""])


def with_values(prompt: Prompt, values: Mapping[str, object]) -> Prompt:
    """A prompt with other values of the keys that a row has; of these, whatever makes no sense stays as it was."""
    present: Row = [prompt.title, prompt.type.value, prompt.priority.value, list(prompt.dependencies)]
    keys = ("title", "type", "priority", "dependencies")
    edited = described([prompt.number, *map(values.get, keys, present), prompt.status.value])
    return edited or prompt


def changes(before: Mapping[int, Row], now: Mapping[int, Row]) -> list[dict[str, object]]:
    """The data of the events that tell what became of the prompts; none if nothing did. Each of a size to be logged."""
    rows = [row for number, row in now.items() if before.get(number) != row]
    gone = [number for number in before if number not in now]
    found: list[dict[str, object]] = []
    for start in range(0, max(len(rows), 1), ROWS):
        part: dict[str, object] = {"prompts": rows[start : start + ROWS]}
        if not before:
            part["first"] = True
        if gone and not start:
            part["gone"] = gone
        if rows or gone:
            found.append(part)
    return found


def skipped(before: Mapping[int, Row], now: Mapping[int, Row]) -> list[int]:
    """Prompts that were cancelled since, by whatever means."""
    ended = PromptStatus.CANCELLED.value
    return [number for number, row in now.items() if row[5] == ended and before.get(number, row)[5] != ended]


def rows_after(before: Mapping[int, Row], data: Mapping[str, object]) -> dict[int, Row]:
    """The rows once an event of `KIND` was taken in."""
    after = dict(before)
    rows, gone = data.get("prompts"), data.get("gone")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, list) and row and _is_number(row[0]):
            after[row[0]] = row
    for number in gone if isinstance(gone, list) else ():
        if isinstance(number, int):
            after.pop(number, None)
    return after


def _numbers(values: object) -> tuple[int, ...]:
    found: Iterable[object] = values if isinstance(values, list | tuple) else ()
    return tuple(value for value in found if _is_number(value) and isinstance(value, int))


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _one_of(kind: type[Choice], value: object, default: Choice) -> Choice:
    return kind(value) if isinstance(value, str) and value in [member.value for member in kind] else default
