"""What is left to do about attempts that ended: tell their prompts' files, clear up, close the milestone. Pure."""

from collections.abc import Iterator

from coordinator.loop.actions import CloseMilestone, Mark, Tidy
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.snapshot import LoopState, Snapshot
from coordinator.model.step import Attempt, Step, StepState

_STATUS = {
    StepState.DISPATCHED: PromptStatus.IN_PROGRESS,
    StepState.RUNNING: PromptStatus.IN_PROGRESS,
    StepState.CHANGE_OPEN: PromptStatus.IN_PROGRESS,
    StepState.MERGED: PromptStatus.DONE,
    StepState.FAILED: PromptStatus.FAILED,
    StepState.BLOCKED: PromptStatus.BLOCKED,
    StepState.PENDING: PromptStatus.PENDING,
}


def keep_house(snapshot: Snapshot, now: float) -> Iterator[Mark | Tidy | CloseMilestone]:
    """Files that lag behind, windows and worktrees of what is through, and at last the milestone."""
    for number, current in snapshot.steps.items():
        attempt, prompt = current.attempt, snapshot.prompts[number]
        if attempt is not None and not _over(prompt, attempt):
            yield from _about(prompt, current, attempt)
    finished = snapshot.loop.state is LoopState.FINISHED and not snapshot.unfinished
    if finished and snapshot.milestone.status == "open" and snapshot.round is None:
        yield CloseMilestone()


def _about(prompt: Prompt, current: Step, attempt: Attempt) -> Iterator[Mark | Tidy]:
    if _lags(prompt, current, attempt):
        yield Mark(
            prompt.number,
            _STATUS[current.state],
            max(prompt.attempts, attempt.attempt),
            attempt.commits if current.state is StepState.MERGED else (),
        )
    ended = attempt.state is StepState.MERGED or (current.state is StepState.SKIPPED and not attempt.state.live)
    if ended and attempt.untidy:
        yield Tidy(attempt.work, attempt.attempt)


def _over(prompt: Prompt, attempt: Attempt) -> bool:
    """Merged, marked and tidied: nothing is ever to be done about it again. Most attempts of a long run are."""
    return attempt.state is StepState.MERGED and not attempt.untidy and prompt.status is PromptStatus.DONE


def _lags(prompt: Prompt, current: Step, attempt: Attempt) -> bool:
    """The file does not tell yet what the attempt tells. Once it does, what people write into it is their will."""
    if current.state is not attempt.state or current.state not in _STATUS or attempt.kill or prompt.lost:
        return False
    if current.state is StepState.MERGED:
        return prompt.status is not PromptStatus.DONE
    if prompt.attempts < attempt.attempt:
        return True
    return prompt.status is PromptStatus.IN_PROGRESS and _STATUS[current.state] is not PromptStatus.IN_PROGRESS
