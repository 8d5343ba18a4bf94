"""What a reviewer reads beside the diff, as lines; and what a verdict does, in a sentence."""

from collections.abc import Callable
from typing import TypeVar

from coordinator.errors import CoordError
from coordinator.model.change import ChangePage, Check
from coordinator.model.review_comment import head_of
from coordinator.model.text import amount, clip, plain, plain_lines
from coordinator.views.spans import Span
from tui.paint.ink import Spans

T = TypeVar("T")
_OUTPUT = 8
"""Lines of a red suite's output that stand above the diff."""
_WORDS = 200
"""Columns of a comment that stand above the diff: the whole stands at its line."""


def tried(do: Callable[[], T]) -> T | CoordError:
    """What it gives, or what prevented it: a thread raises nothing."""
    try:
        return do()
    except CoordError as error:
        return error
    except Exception as error:
        return CoordError(f"{type(error).__name__}: {error}", "This is a fault of coord; the rest goes on.")


def page_lines(page: ChangePage, check: Check | None = None, *, checking: bool, criteria: bool) -> list[Spans]:
    """What a reviewer reads before the diff; `criteria`: those of the prompt too."""
    receipt, attempt = page.attempt.receipt, page.attempt
    lines: list[Spans] = []
    if page.review is not None:
        word = "approved" if page.review.approved else "rejected"
        lines.append([Span(f"{word} by {page.review.by}", "review"), Span(f"  {page.review.note}", "quiet")])
    if attempt.reason:
        lines += [[Span(line, "need")] for line in plain_lines(attempt.reason)[:6]]
    lines += [[Span(line, "strong")] for line in plain_lines(receipt.summary)] if receipt else []
    lines += _said_lines(page)
    groups = [
        ("decided", receipt.decisions if receipt else ()),
        ("limitation", receipt.limitations if receipt else ()),
        ("checked", receipt.validation if receipt else ()),
        ("suite", tuple(f"{name}: runs on the merge result" for name in page.suites)),
        ("left", (*page.change.modified, *page.change.untracked)),
    ]
    for name, texts in groups:
        lines += [[Span(f"{name:<11}", "quiet"), Span(" ".join(text.split()))] for text in texts]
    lines += _check_lines(check, checking)
    lines += criteria_lines(page) if criteria else []
    for commit in page.change.commits:
        lines.append([Span(f"{commit.sha[:10]} ", "badge"), Span(commit.subject), Span(f"  {commit.author}", "quiet")])
    return lines


def _said_lines(page: ChangePage) -> list[Spans]:
    """How many comments wait, and those that nobody answered."""
    lines: list[Spans] = []
    answered = sum(not said.open for said in page.comments)
    if page.comments:
        word = f"{answered} of {amount(len(page.comments), 'comment')} answered"
        lines.append([Span("comments   ", "quiet"), Span(word, "good" if answered == len(page.comments) else "need")])
    for said in page.comments:
        if said.open:
            words = clip(plain(" ".join(said.comment.text.split())), _WORDS)
            lines.append([Span("           "), Span(f"{head_of(said.comment)} ", "need"), Span(words)])
    if page.drafts:
        lines.append([Span("not sent   ", "quiet"), Span(f"{amount(len(page.drafts), 'comment')} at lines", "badge")])
    return lines


def criteria_lines(page: ChangePage) -> list[Spans]:
    """The acceptance criteria, each with the commands that its agent names to show it."""
    lines: list[Spans] = []
    for one in page.criteria:
        lines.append([Span(f"{one.criterion.id}  ", "quiet"), Span(one.criterion.text)])
        if not one.commands:
            lines.append([Span("  "), Span("no evidence", "need")])
        lines += [[Span("  "), Span(command, "good")] for command in one.commands]
    return lines


def _check_lines(check: Check | None, checking: bool) -> list[Spans]:
    """What trying the merge came to."""
    if checking:
        return [[Span("tried      ", "quiet"), Span("the merge and its suites are being tried…", "run")]]
    if check is None:
        return []
    head = [Span("tried      ", "quiet"), Span(check.summary, "good" if check.passed else "failed")]
    return [head, *([Span("           "), Span(line)] for line in plain_lines(check.output.strip())[-_OUTPUT:] if line)]


def size_of(page: ChangePage, since: int = 0) -> str:
    """What is shown; `since`: the attempt that was sent back, where it is what changed since that."""
    change, files = page.change, len(page.change.files)
    cut = ", the beginning" if page.cut else ""
    if since:
        return f"{change.branch} since attempt {since}  +{change.added} -{change.removed}  {amount(files, 'file')}{cut}"
    return f"{change.branch} into {change.base_branch}  +{change.added} -{change.removed}  {amount(files, 'file')}{cut}"


def effect_of(page: ChangePage, verdict: str, edits: int) -> str:
    """What a verdict does, in a sentence."""
    branch, base = plain(page.change.branch), plain(page.change.base_branch)
    if verdict == "approve":
        suites = f" once {', '.join(map(plain, page.suites))} passed on the result" if page.suites else ""
        return f"Approve {branch} at {page.change.tip[:10]}: it is merged into {base}{suites}."
    edited = f", with your edits of {amount(edits, 'file')}" if edits else ""
    said = f"{amount(len(page.drafts), 'comment')} at lines" if page.drafts else ""
    words = f"{said}, and your words if you write some" if said else "your words"
    return f"Reject {branch}: attempt {page.attempt.attempt + 1} goes on from its commits, and gets {words}{edited}."
