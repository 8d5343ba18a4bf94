"""`coord review`: look at an open change, approve it, or send it back with words."""

import time
from collections.abc import Sequence

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, style, styled
from coordinator.cli.services import actor_name
from coordinator.cli.targets import number_of
from coordinator.client.look import look
from coordinator.client.reviewing import Reviewing
from coordinator.errors import Refused, UsageError
from coordinator.lazy.typing import Any
from coordinator.model.change import ChangePage, Check, FileChange
from coordinator.model.clock import iso
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import amount, plain, plain_lines

_FATES = {"PENDING": "  [ ] ", "RESOLVED": "  [x] ", "SKIPPED": "  [-] "}
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command()
@click.argument("number", required=False)
@click.option("--approve", is_flag=True, help="Let it be merged.")
@click.option("--reject", metavar="TEXT", help="Send it back: a new attempt goes on from it, and gets TEXT.")
@click.option("--note", default="", help="With --approve: a remark for the log.")
@click.option("--commit", default="", metavar="SHA", help="What was looked at: a branch that has moved is refused.")
@click.option(
    "--landed", metavar="COMMIT", help="It was merged elsewhere, edited on the way, as COMMIT of the base branch."
)
@click.option("--check", is_flag=True, help="Try the merge and its suites aside first; exit 1 if they fail.")
@click.option(
    "--comment",
    "comments",
    nargs=2,
    multiple=True,
    metavar="PATH:LINE TEXT",
    help="Write at a line, -LINE for a removed one; kept until it is sent with a rejection. Empty text takes it away.",
)
@click.option("--send", is_flag=True, help="Send it back with the comments that wait, and no words besides.")
@click.option("--diff", is_flag=True, help="Show the diff too.")
@json_option
@click.pass_context
def review(ctx: click.Context, /, number: str | None, as_json: bool, **given: Any) -> int:
    """Look at the change of prompt NUMBER: what its agent said, commits, files; approve or reject it.

    Without NUMBER: the open change if there is one, else a list.
    """
    project = project_of(ctx)
    reviewing = Reviewing(project)
    approve, words, landed = given["approve"], "" if given["send"] else given["reject"], given["landed"]
    if [approve, words is not None, landed is not None].count(True) > 1:
        raise UsageError("a change gets one verdict", "give one of --approve, --reject and --landed")
    snapshot = look(project)
    waiting = reviewing.waiting(snapshot)
    chosen = number_of(number) if number is not None else waiting[0] if len(waiting) == 1 else None
    if given["comments"]:
        _comment(reviewing, snapshot, _named(chosen, waiting), given["comments"])
    if landed is not None:
        which, note = _named(chosen, waiting), given["note"]
        return _tell(reviewing.acknowledge(which, landed, note=note, by=actor_name(), at=iso(time.time())), as_json)
    if approve or words is not None:
        which, note, commit = _named(chosen, waiting), words or given["note"], given["commit"]
        plan = reviewing.decide(which, approve=approve, note=note, commit=commit, by=actor_name(), at=iso(time.time()))
        return _tell(plan, as_json)
    if chosen is None:
        return _list(reviewing, snapshot, waiting, as_json)
    page = reviewing.change(snapshot, chosen, diff=given["diff"])
    check = reviewing.check(snapshot, chosen) if given["check"] else None
    if as_json:
        emit(page.to_json(diff=given["diff"]) | ({"check": check.to_json()} if check else {}))
    else:
        _print(page, check, diff=given["diff"])
    return 0 if check is None or check.passed else 1


def _named(chosen: int | None, waiting: tuple[int, ...]) -> int:
    if chosen is None:
        some = ", ".join(f"{number:02d}" for number in waiting)
        remedy = f"name one of {some}" if waiting else "`coord status` tells what runs"
        raise Refused("several changes are open" if waiting else "no change is open", remedy)
    return chosen


def _comment(reviewing: Reviewing, snapshot: Snapshot, number: int, comments: Sequence[tuple[str, str]]) -> None:
    from coordinator.model.review_comment import Comment, place_of
    from coordinator.views.diff_rows import parse_diff

    page = reviewing.change(snapshot, number)
    rows, files = parse_diff(page.diff, page.change.files), page.change.files
    for place, text in comments:
        path, line, old = place_of(place)
        index = next((at for at, file in enumerate(files) if file.path == path), None)
        if path and index is None:
            raise Refused(f"the change has no {plain(path)}", f"it changes {', '.join(plain(f.path) for f in files)}")
        at = (row for row in rows if row.file == index and (row.old if old else row.new) == line and row.kind.code)
        quote = next((row.text for row in at), "") if line else ""
        reviewing.comment(number, Comment(path, line, text, old, quote, page.change.tip, actor_name()))


def _tell(plan: Plan, as_json: bool) -> int:
    if as_json:
        emit(plan.to_json(applied=True))
    else:
        styled([("✓ ", "green"), (plan.summary, "")])
    return 0


def _list(reviewing: Reviewing, snapshot: Snapshot, waiting: tuple[int, ...], as_json: bool) -> int:
    pages = [reviewing.change(snapshot, number, diff=False) for number in waiting]
    if as_json:
        emit({"changes": [page.to_json(diff=False) for page in pages]})
        return 0
    if not pages:
        say("No change is open.")
    for page in pages:
        _print_head(page)
        styled([(f"   coord review {page.number}", "dim")])
    return 0


def _print_head(page: ChangePage) -> None:
    change = page.change
    styled(
        [
            (f"{page.number:02d} ", "bold"),
            (page.title, "bold"),
            (f"  {change.branch} → {change.base_branch}  ", "dim"),
            (f"+{change.added}", "green"),
            (f" -{change.removed}", "red"),
        ]
    )


def _print(page: ChangePage, check: Check | None, *, diff: bool) -> None:
    """What a reviewer needs, in the order of reading: said, committed, changed, checked, how to go on."""
    _print_head(page)
    receipt, attempt = page.attempt.receipt, page.attempt
    if attempt.reason:
        styled([("! ", "yellow"), (attempt.reason.split("\n", 1)[0], "")])
    for line in plain_lines(receipt.summary) if receipt else ():
        say(f"  {line}")
    for title, lines in _said(page):
        styled([(f"\n{title}", "dim")])
        for line in lines:
            styled([("  · ", "dim"), (" ".join(line.split()), "")])
    styled([(f"\n{amount(len(page.change.commits), 'commit')}", "dim")])
    for commit in page.change.commits:
        styled([(f"  {commit.sha[:10]}  ", "yellow"), (commit.subject, ""), (f"  {commit.author}", "dim")])
    _print_criteria(page)
    _print_comments(page)
    _print_files(page)
    if diff:
        _print_diff(page)
    if check is not None:
        _print_check(check)
    _print_way_on(page)


def _print_files(page: ChangePage) -> None:
    from coordinator.views.review_rows import risks

    styled([(f"\n{amount(len(page.change.files), 'file')}, by risk", "dim")])
    for risk, file in sorted(zip(risks(page), page.change.files, strict=True), key=lambda pair: pair[0].rank):
        was = f"  was {file.old_path}" if file.old_path else ""
        styled([*_counts(file), (file.path, ""), (was, "dim"), ("  " + ", ".join(risk.reasons), "yellow")])


def _print_criteria(page: ChangePage) -> None:
    if page.criteria:
        styled([("\nacceptance criteria, and what its agent names to show each", "dim")])
    for one in page.criteria:
        styled([(f"  {one.criterion.id}  ", "dim"), (plain(one.criterion.text), "")])
        shown = [(plain(command), "dim") for command in one.commands] or [("no evidence", "yellow")]
        for words in shown:
            styled([("       ", ""), words])


def _print_comments(page: ChangePage) -> None:
    """Comments at lines with their answers, and those that wait to be sent."""
    from coordinator.model.review_comment import head_of

    if page.comments or page.drafts:
        styled([("\ncomments at lines", "dim")])
    for said in page.comments:
        styled([(_FATES[said.fate.value], "yellow" if said.open else "green"), (head_of(said.comment), "bold")])
        for line in plain_lines(said.comment.text):
            say(f"      {line}")
        if not said.open:
            styled([("      → ", "green"), (plain(said.answer) or "done", ""), (f"  {plain(said.answered_by)}", "dim")])
    for draft in page.drafts:
        styled([("  not sent  ", "yellow"), (plain(draft.place), "bold"), (f"  {' '.join(draft.text.split())}", "")])


def _print_check(check: Check) -> None:
    mark = ("\n✓ ", "green") if check.passed else ("\n✗ ", "red")
    styled([mark, (check.summary, "")])
    for line in plain_lines(check.output.strip()) if check.output.strip() else ():
        say(f"  {line}")


def _said(page: ChangePage) -> list[tuple[str, tuple[str, ...]]]:
    receipt = page.attempt.receipt
    found = [
        ("decided", receipt.decisions if receipt else ()),
        ("limitations", receipt.limitations if receipt else ()),
        ("checked by the agent", receipt.validation if receipt else ()),
        ("suites that run on the merge result", page.suites),
        ("left uncommitted", (*page.change.modified, *page.change.untracked)),
    ]
    return [(title, lines) for title, lines in found if lines]


def _counts(file: FileChange) -> list[tuple[str, str]]:
    if file.added is None:
        return [("   binary    ", "dim")]
    return [(f"  {'+' + str(file.added):>5}", "green"), (f" {'-' + str(file.removed or 0):<5} ", "red")]


def _print_diff(page: ChangePage) -> None:
    say()
    for line in page.diff.splitlines():
        colour = "" if line.startswith(("+++", "---")) else _COLOURS.get(line[:1], "")
        print(style(plain(line), colour))
    if page.cut:
        commits = f"{page.change.fork[:10]}..{page.change.tip[:10]}"
        styled([(f"… the rest is long; git diff {commits} shows it", "dim")])


def _print_way_on(page: ChangePage) -> None:
    if page.review is not None:
        word = "approved" if page.review.approved else "rejected"
        styled(
            [(f"\n{word} by {page.review.by}", "magenta"), (f": {page.review.note}" if page.review.note else "", "")]
        )
    elif page.attempt.state.value == "change-open":
        number, commit = page.number, page.change.tip[:10]
        styled([(f"\ncoord review {number} --approve --commit {commit}   |   --reject TEXT", "dim")])
