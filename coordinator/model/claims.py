"""Prompt files that claim an end which no attempt has come to: problems, and never ends. Pure."""

from collections.abc import Iterator, Mapping

from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.step import Attempt, Step, StepState

_QUIET = (PromptStatus.PENDING, PromptStatus.IN_PROGRESS)
"""What the file of an attempt under way may say: it is marked a moment after the attempt began."""
_ENDED = {StepState.FAILED: "failed", StepState.BLOCKED: "did not end as done", StepState.PENDING: "came back"}


def false_claims(prompts: Mapping[int, Prompt], steps: Mapping[int, Step]) -> tuple[Problem, ...]:
    """What the files say that is not so, with how to go on."""
    return tuple(_claims(prompts, steps))


def _claims(prompts: Mapping[int, Prompt], steps: Mapping[int, Step]) -> Iterator[Problem]:
    for number, step in steps.items():
        attempt, prompt = step.attempt, prompts[number]
        if attempt is None or prompt.status in _QUIET or step.state in (StepState.MERGED, StepState.SKIPPED):
            continue
        if attempt.state.under_way:
            yield _problem(prompt, _under_way(attempt), _way_on(attempt))
        elif prompt.status is PromptStatus.DONE:
            own_word = f"if you finished it yourself: coord edit {number} --set status=done"
            yield _problem(
                prompt,
                f"its attempt {attempt.attempt} {_ENDED[attempt.state]}",
                f"{own_word}; else: coord restart {number}",
            )


def _problem(prompt: Prompt, but: str, remedy: str) -> Problem:
    message = f"the file of prompt {prompt.label} says {prompt.status.value}, but {but}: that ends nothing"
    return Problem(prompt.path, 0, "ended-early", message, remedy, (prompt.number,))


def _under_way(attempt: Attempt) -> str:
    if attempt.state is StepState.CHANGE_OPEN:
        return f"the change of its attempt {attempt.attempt} is open"
    return f"{attempt.agent} is at work on it"


def _way_on(attempt: Attempt) -> str:
    """What a human may do about an attempt that is live or open."""
    number = attempt.prompt
    if attempt.state is StepState.CHANGE_OPEN:
        return f"coord review {number}, coord restart {number}, or give it up: coord cancel {number} --kill-running"
    return f"let it hand off, or end it: coord kill {number}, coord cancel {number} --kill-running"
