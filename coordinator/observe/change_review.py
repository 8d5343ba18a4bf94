"""What a reviewer looks at: an attempt's change with what its agent said, read from git and the attempt's records."""

from coordinator.changes.diff import change_of, commits_between, diff_text, files_between
from coordinator.changes.gate import MergeRequest, rehearse_merge
from coordinator.changes.git import Git
from coordinator.changes.outcome import Conflict, Passes, Red, Refused, Rehearsal, Waiting
from coordinator.errors import CoordError
from coordinator.errors import Refused as Denied
from coordinator.formats.frontmatter import split
from coordinator.formats.prompt_body import CRITERIA, listed
from coordinator.lazy.dataclass import replace
from coordinator.model.acceptance import handed
from coordinator.model.change import Change, ChangePage, Check
from coordinator.model.problem import Problem
from coordinator.model.review_comment import unsent
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import plain
from coordinator.observe.agent_user import gate_guest
from coordinator.observe.project import Project
from coordinator.observe.review_lines import placed, since_review
from coordinator.observe.setup import wanted_setup
from coordinator.observe.trust import require_trust
from coordinator.secrets.redaction import redact
from coordinator.services.planning import known
from coordinator.storage import ports
from coordinator.storage.paths import Layout
from coordinator.storage.review_notes import read_notes
from coordinator.views.diff_rows import parse_diff

_FILE_LIMIT = 4 * 1024 * 1024
"""Bytes of a file that is opened for a look."""
_SEEN = (StepState.CHANGE_OPEN, StepState.MERGED, StepState.FAILED, StepState.BLOCKED, StepState.PENDING)
"""States in which an attempt may hold commits that are worth a look; a live one is watched in its window."""


def read_change(layout: Layout, snapshot: Snapshot, number: int, *, diff: bool = True) -> ChangePage:
    """The change of a prompt's last attempt: one that waits, came back, or is merged; `diff`: with its text.

    Raises Refused when the prompt has none, CoordError when the repository can't be read.
    """
    prompt = known(snapshot, number)
    attempt = snapshot.steps[number].attempt
    if attempt is None or attempt.state not in _SEEN or not attempt.branch:
        in_place = attempt is not None and not attempt.branch
        why = "worked in the project's own folder" if in_place else "has no change to review"
        raise Denied(f"prompt {prompt.label} {why}", _what_is_open(snapshot))
    change, start = _change(layout, attempt)
    text, cut = diff_text(layout, start, change.tip) if diff and start and change.tip else ("", False)
    review = snapshot.reviews.get(number)
    notes = read_notes(layout, number)
    front = split(prompt.source, prompt.path)
    texts = () if isinstance(front, Problem) else listed(front.text[front.body :], CRITERIA)
    said = placed(layout, change, parse_diff(text, change.files), number)
    return ChangePage(
        number=number,
        title=prompt.title,
        attempt=attempt,
        change=change,
        suites=prompt.validation_suites,
        review=review if review is not None and review.attempt == attempt.attempt else None,
        diff=text,
        cut=cut,
        since=since_review(layout, attempt, change, review),
        comments=said,
        drafts=unsent(notes.comments, said),
        viewed=notes.viewed,
        criteria=handed(number, texts, attempt.receipt),
    )


def check_change(layout: Layout, snapshot: Snapshot, number: int) -> Check:
    """Merge an open change aside and run its suites on the result: what approving it would come to. Lands nothing.

    Takes as long as the suites do. Raises Refused when no change of the prompt is open, CoordError when a suite can't
    be found or the repository can't be read.
    """
    require_trust(layout)
    prompt = known(snapshot, number)
    attempt = snapshot.steps[number].attempt
    if attempt is None or attempt.state is not StepState.CHANGE_OPEN:
        raise Denied(f"no change of prompt {prompt.label} is open", _what_is_open(snapshot))
    config = Project(layout).config
    request = MergeRequest(
        work=attempt.work,
        attempt=attempt.attempt,
        title=prompt.title,
        run=attempt.run,
        branch=attempt.branch,
        base=attempt.base_branch,
        start=attempt.base,
        suites=prompt.validation_suites,
        owned=config.prompt_folders,
        guest=gate_guest(config),
        setup=wanted_setup(config),
        ports=lambda: ports.borrowed(layout.root),
    )
    return _told(rehearse_merge(layout, request), attempt.base_branch)


def _told(found: Rehearsal, base: str) -> Check:
    match found:
        case Passes():
            suites = f"; {', '.join(found.suites)} passed on the result" if found.suites else "; it names no suite"
            return Check(True, f"merges into {plain(base)}{plain(suites)}")
        case Conflict():
            return Check(False, f"conflicts with {plain(base)}", found.message)
        case Red():
            return Check(False, plain(found.words), redact(found.output.strip()))
        case Refused():
            return Check(False, found.reason, found.remedy)
        case Waiting():
            return Check(False, f"can't be checked now: {found.reason}")


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
    change = change_of(layout, attempt)
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
    waiting = ", ".join(f"{number:02d}" for number in snapshot.open_changes)
    return f"open changes: {waiting}" if waiting else "no change is open; `coord status` tells what runs"
