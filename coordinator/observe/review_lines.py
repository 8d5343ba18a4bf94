"""Where what was said about a prompt's changes stands in the change as it is now, and what that became since."""

from collections.abc import Iterable, Mapping

from coordinator.changes.diff import diff_text, files_between
from coordinator.changes.git import Git
from coordinator.errors import CoordError
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.model.change import Change, Since
from coordinator.model.review_comment import Said, unresolved_first
from coordinator.model.snapshot import Review
from coordinator.model.step import Attempt
from coordinator.observe.review_said import said_of
from coordinator.storage.paths import Layout
from coordinator.views.diff_rows import Kind, Row, parse_diff
from coordinator.views.review_rows import moved, parts

_Moves = Mapping[str, tuple[str, list[Row]]]
"""Path then → path now, and the rows of what changed in it since."""


def placed(layout: Layout, change: Change, rows: Iterable[Row], number: int) -> tuple[Said, ...]:
    """The same, unresolved ones first, each with its line in the change as it is now; `rows`: of the change's diff."""
    with EventLog.open(layout.events_db, missing_ok=True) as log:
        said = said_of(log, number)
    removed = {(change.files[row.file].path, row.text.strip()): row.old for row in rows if row.kind is Kind.REMOVED}
    moves: dict[str, _Moves] = {}
    found = []
    for one in said:
        commit = one.comment.commit
        if commit not in moves:
            moves[commit] = _moves(layout, commit, change.tip)
        found.append(_placed(one, moves[commit], removed))
    return unresolved_first(found)


def _placed(said: Said, moves: _Moves, removed: Mapping[tuple[str, str], int]) -> Said:
    comment = said.comment
    path, rows = moves.get(comment.path, (comment.path, []))
    said = replace(said, comment=replace(comment, path=path))
    if comment.old:
        line = removed.get((path, comment.quote), 0)
        return replace(said, line=line, old=bool(line))
    return replace(said, line=moved(rows, comment.line) if comment.line else 0)


def _moves(layout: Layout, then: str, now: str) -> _Moves:
    """What changed between two heads of a branch; nothing where that can't be told any more."""
    if not then or then == now:
        return {}
    git = Git(layout.root)
    try:
        files = files_between(git, then, now)
        text, _ = diff_text(layout, then, now, context=0)
    except CoordError:
        return {}
    rows = parts(parse_diff(text, files))
    return {file.old_path or file.path: (file.path, rows.get(index, [])) for index, file in enumerate(files)}


def since_review(layout: Layout, attempt: Attempt, change: Change, review: Review | None) -> Since | None:
    """What a change has become since its prompt's last attempt was sent back; None where nobody sent one back."""
    if review is None or review.approved or review.attempt >= attempt.attempt or not review.commit or not change.tip:
        return None
    git, then = Git(layout.root), review.commit
    try:
        fork = git.merge_base(change.base_tip, then)
        start, only = (then, None) if fork == change.fork else _on_new_base(git, change, then)
        files = files_between(git, start, change.tip)
        text, cut = diff_text(layout, start, change.tip)
    except CoordError:
        return None
    if only is not None:
        keep = [index for index, file in enumerate(files) if file.path in only]
        text, files = _of_files(text, keep), [files[index] for index in keep]
    return Since(review.attempt, then, tuple(files), text, cut)


def _on_new_base(git: Git, change: Change, then: str) -> tuple[str, set[str] | None]:
    """The tree that the old change makes of the new base; where both clash the old head, and the files to look at."""
    done = git.run("merge-tree", "--write-tree", change.fork, then, ok=None, writes=True)
    if done.status == 0:
        return done.text.split("\n", 1)[0], None
    before = files_between(git, git.merge_base(change.base_tip, then), then)
    return then, {file.path for file in (*before, *change.files)}


def _of_files(text: str, keep: list[int]) -> str:
    """The parts of a diff, by their places in it."""
    parts = ("\n" + text).split("\ndiff --git ")[1:]
    return "".join(f"diff --git {parts[at].rstrip(chr(10))}\n" for at in keep if at < len(parts))
