"""Writes into a prompt's file what its step has come to, and what its agents handed off."""

from collections import Counter
from collections.abc import Iterable

from coordinator.apply.steps import agent_event
from coordinator.errors import CoordError, StalePlan
from coordinator.failpoint import failpoint
from coordinator.formats.frontmatter import patch
from coordinator.formats.prompt_body import with_hand_off
from coordinator.loop.actions import Mark
from coordinator.loop.context import Context
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.storage.files import read_limited, sha256, write_atomic
from coordinator.storage.prompts import SIZE_LIMIT

_TRIES = 20
"""Versions of a prompt's file that may come while something is appended to it."""

_LOST = {"another": "the file is another prompt's by now", "unusable": "the file can't be used"}


def mark(context: Context, snapshot: Snapshot, action: Mark) -> None:
    """Write status, attempts and commits into the frontmatter; a version that came since is looked at again first."""
    prompt = snapshot.prompts[action.number]
    if prompt.lost:
        return
    word = word_for(action.status, prompt, snapshot.prompts.values())
    path = context.layout.root / prompt.path
    changes: dict[str, str | int | tuple[str, ...]] = {"status": word, "attempts": action.attempts}
    if action.status is PromptStatus.DONE:
        changes["commits"] = action.commits
    context.touched.append(path)
    try:
        write_atomic(path, patch(prompt.source, changes), expect=prompt.digest)
    except StalePlan:
        return
    failpoint("mark-written")


def word_for(status: PromptStatus, prompt: Prompt, prompts: Iterable[Prompt]) -> str:
    """How a status is written in a prompt's file: as most of the others in its folder write it."""
    folder = prompt.path.rpartition("/")[0]
    if prompt.status is status and prompt.status_word:
        return prompt.status_word
    words = Counter(
        other.status_word
        for other in prompts
        if other.status is status and other.status_word and other.path.rpartition("/")[0] == folder
    )
    (word, times), *_ = words.most_common(1) or [("", 0)]
    return word if times * 2 > words.total() else status.value


def note_hand_off(context: Context, prompt: Prompt, attempt: Attempt) -> None:
    """Append what an agent handed off to its prompt's file. What prevents that is logged and prevents nothing else."""
    if attempt.receipt is None:
        return
    try:
        _append_hand_off(context, prompt, attempt)
    except (CoordError, OSError) as error:
        said = error.message if isinstance(error, CoordError) else str(error)
        reason = f"what it handed off is not in {prompt.path}: {said}; it is in {attempt.directory}/handoff.md"
        context.log_about(attempt, agent_event(attempt, "problem.handoff_apart", reason=reason))
    failpoint("handoff-noted")


def _append_hand_off(context: Context, prompt: Prompt, attempt: Attempt) -> None:
    if prompt.lost:
        raise CoordError(_LOST.get(prompt.lost, "the file is gone"))
    path = context.layout.root / prompt.path
    assert attempt.receipt is not None
    for turn in range(_TRIES):
        before = read_limited(path, SIZE_LIMIT)
        after = with_hand_off(before, attempt, attempt.receipt)
        if after == before:
            return
        if len(after) > SIZE_LIMIT:
            raise CoordError("the file would become too long to be read")
        context.touched.append(path)
        try:
            write_atomic(path, after, expect=sha256(before))
        except StalePlan:
            if turn == _TRIES - 1:
                raise
        else:
            return
