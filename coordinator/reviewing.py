"""What a reviewer looks at: an attempt's change with what its agent said, read from git and the attempt's records."""

from dataclasses import replace

from coordinator.artifacts.paths import Layout
from coordinator.changes.diff import attempt_change, commits_between, diff_text, files_between
from coordinator.changes.git import Git
from coordinator.errors import CoordError, Refused
from coordinator.model.change import Change, ChangePage
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import plain
from coordinator.services.planning import known

_FILE_LIMIT = 4 * 1024 * 1024
"""Bytes of a file that is opened for a look."""
_SEEN = (StepState.CHANGE_OPEN, StepState.MERGED, StepState.FAILED, StepState.BLOCKED, StepState.PENDING)
"""States in which an attempt may hold commits that are worth a look; a live one is watched in its window."""


def open_changes(snapshot: Snapshot) -> tuple[int, ...]:
    """Prompts whose change waits at the gate, in the order of the plan."""
    return tuple(n for n in snapshot.graph.order if snapshot.steps[n].state is StepState.CHANGE_OPEN)


def read_change(layout: Layout, snapshot: Snapshot, number: int, *, diff: bool = True) -> ChangePage:
    """The change of a prompt's last attempt: one that waits, came back, or is merged; `diff`: with its text.

    Raises Refused when the prompt has none, CoordError when the repository can't be read.
    """
    prompt = known(snapshot, number)
    attempt = snapshot.steps[number].attempt
    if attempt is None or attempt.state not in _SEEN or not attempt.branch:
        in_place = attempt is not None and not attempt.branch
        why = "worked in the project's own folder" if in_place else "has no change to review"
        raise Refused(f"prompt {prompt.label} {why}", _what_is_open(snapshot))
    change, start = _change(layout, attempt)
    text, cut = diff_text(layout, start, change.tip) if diff and start and change.tip else ("", False)
    review = snapshot.reviews.get(number)
    return ChangePage(
        number=number,
        title=prompt.title,
        attempt=attempt,
        change=change,
        suites=prompt.validation_suites,
        review=review if review is not None and review.attempt == attempt.attempt else None,
        diff=text,
        cut=cut,
    )


def work_of(layout: Layout, attempt: Attempt) -> Change:
    """What an attempt has made, live ones too. Raises CoordError when the repository can't tell."""
    return _change(layout, attempt)[0]


def read_file(layout: Layout, commit: str, path: str) -> str:
    """A text file as a commit has it. Raises CoordError when it isn't there, is too large, or is no text."""
    git = Git(layout.root)
    done = git.run("cat-file", "blob", f"{commit}:{path}", ok=(0, 128), cwd=git.main.root, limit=_FILE_LIMIT)
    if done.cut:
        raise CoordError(f"{plain(path)} is too large to open here", "look at it in the attempt's worktree")
    if done.status:
        raise CoordError(f"{plain(path)} is not in the change any more: it was deleted", "choose another file")
    try:
        return done.out.decode()
    except UnicodeDecodeError:
        raise CoordError(f"{plain(path)} is no UTF-8 text", "look at it in the attempt's worktree") from None


def _change(layout: Layout, attempt: Attempt) -> tuple[Change, str]:
    """The change, and the commit that its diff begins at."""
    change = attempt_change(layout, attempt.prompt, attempt.attempt, attempt.base_branch, start=attempt.base)
    if change.tip:
        merged = change.fork == change.tip
        return change, attempt.base if merged else change.fork
    if not attempt.merged_as:
        raise CoordError(f"the branch {change.branch} is gone", "restore it under its name, or restart the prompt")
    git = Git(layout.root)
    before = git.run("rev-parse", "--verify", "--quiet", f"{attempt.merged_as}^1").text
    tip = attempt.commits[-1] if attempt.commits else attempt.merged_as
    landed = replace(
        change,
        tip=attempt.merged_as,
        fork=before,
        commits=tuple(commits_between(git, before, tip)),
        files=tuple(files_between(git, before, attempt.merged_as)),
    )
    return landed, before


def _what_is_open(snapshot: Snapshot) -> str:
    waiting = ", ".join(f"{number:02d}" for number in open_changes(snapshot))
    return f"open changes: {waiting}" if waiting else "no change is open; `coord status` tells what runs"
