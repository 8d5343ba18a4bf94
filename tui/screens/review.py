"""Reviewing a change: what its agent said, its commits and checks, its diff, and the verdict."""

import asyncio
import difflib
from collections.abc import Callable
from functools import partial
from typing import ClassVar, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from coordinator.errors import CoordError, Refused
from coordinator.model.change import ChangePage, Check
from coordinator.model.clock import iso
from coordinator.model.step import StepState
from coordinator.model.text import amount, plain, plain_lines
from coordinator.services.review import ReviewRequest, plan_review
from coordinator.views.spans import Span
from tui.actions import BY_ID
from tui.messages import ActionAsked, ChangeRead, Checked, Failed, Judged, Remark
from tui.paint.ink import Spans
from tui.paint.pager import Pager
from tui.screens.host import ScreenHost
from tui.widgets.diff import DiffView
from tui.widgets.footer import Footer, Hint

T = TypeVar("T")
_SPLIT_FROM = 140
"""Columns from which the two sides stand side by side unless the engineer wants otherwise."""
_OUTPUT = 8
"""Lines of a red suite's output that stand above the diff."""
_EDIT_LIMIT = 20_000
"""Characters of an engineer's edit that go with a rejection."""


class Verdict(Vertical, can_focus=True):
    """The line for a verdict: while it has the focus, Enter gives it."""


class Review(Screen[str]):
    """One change. Nothing happens before Enter in the line at the bottom. Left with the action to do next, or none."""

    AUTO_FOCUS = "#diff"
    DEFAULT_CSS = """
    Review { background: $background; }
    Review > .panel { border: round $border-blurred; border-title-color: $text-muted; padding: 0 1; }
    Review > .panel:focus-within { border: round $border; border-title-color: $title; border-title-style: bold; }
    Review.-ascii > .panel { border: ascii $border-blurred; }
    Review > #said { height: auto; max-height: 40%; }
    Review > #said > #words { padding: 0 1; }
    Review > #changes { height: 1fr; }
    Review > #verdict { height: auto; display: none; border: round $border; padding: 0 1; }
    Review.-ascii > #verdict { border: ascii $border; }
    Review.-judging > #verdict { display: block; }
    Review > #verdict > Input { height: 1; border: none; padding: 0; background: $panel; }
    Review > #verdict > Input:focus { border: none; }
    Review.-approving > #verdict > Input { display: none; }
    Review > #verdict > #refusal { color: $error; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", "approve", show=False),
        Binding("r", "reject", "reject", show=False),
        Binding("s", "split", "side by side", show=False),
        Binding("e", "editor", "edit", show=False),
        Binding("c", "check", "try the merge", show=False),
        Binding("p", "patch", "patch", show=False),
        Binding("enter", "agree", "do it", show=False),
        Binding("escape", "back", "back", show=False),
        Binding("q", "leave", "back", show=False),
        Binding("tab", "app.focus_next", "next", show=False),
        Binding("shift+tab", "app.focus_previous", "previous", show=False),
    ]

    def __init__(self, host: ScreenHost, number: int) -> None:
        super().__init__()
        self.host = host
        self.source = host.source
        self.number = number
        self.page: ChangePage | None = None
        self.judging = ""
        """`approve` or `reject` while the line for it is open."""
        self.busy = False
        self.check: Check | None = None
        self.checking = False
        self._edits: dict[str, str] = {}
        """Path → what the engineer changed in a copy of it, as a diff; goes with a rejection."""

    def compose(self) -> ComposeResult:
        with Vertical(id="said", classes="panel") as said:
            said.border_title = Content(f"Review {self.number:02d}")
            yield Pager([[Span("The change is being read.", "quiet")]], id="words")
        with Vertical(id="changes", classes="panel") as changes:
            changes.border_title = "Changes"
            yield DiffView(self.host.marks, id="diff")
        with Verdict(id="verdict"):
            yield Static(id="effect")
            yield Static(id="refusal")
            yield Input(placeholder="what is to change; the next attempt gets it", id="feedback")
        yield Footer(id="footer")

    def on_mount(self) -> None:
        self.set_class(self.app.has_class("-ascii"), "-ascii")
        self.diff = self.query_one("#diff", DiffView)
        self.query_one("#words").styles.height = "auto"
        self.read()
        self._keys()

    # ── what arrives

    @work(thread=True, group="change", exit_on_error=False)
    def read(self) -> None:
        """Read the change again, in a thread."""
        self.post_message(ChangeRead(_tried(partial(self.source.change, self.number))))

    @on(ChangeRead)
    def _read(self, message: ChangeRead) -> None:
        found = message.found
        if isinstance(found, CoordError):
            self.app.post_message(Failed(found.message, found.remedy))
            self.dismiss()
            return
        first = self.page is None
        self.page = found
        self.query_one("#said").border_title = Content(plain(f"Review {self.number:02d} {found.title}"))
        self.query_one("#changes").border_title = Content(plain(_size(found)))
        self._say()
        if first and self.size.width >= _SPLIT_FROM:
            self.diff.split = True
        self.diff.show(found.diff, found.change.files)
        self._keys()

    def action_check(self) -> None:
        """Try the merge and its suites aside, so that the verdict needs no guess."""
        if not self.judgeable or self.checking:
            self._remark("It is being tried." if self.checking else "This change is not open: there is nothing to try.")
            return
        self.checking, self.check = True, None
        self._say()
        self._check()

    @work(thread=True, group="check", exit_on_error=False)
    def _check(self) -> None:
        self.post_message(Checked(_tried(partial(self.source.check, self.number))))

    @on(Checked)
    def _checked(self, message: Checked) -> None:
        self.checking = False
        if isinstance(message.found, CoordError):
            self.app.post_message(Failed(message.found.message, message.found.remedy))
        else:
            self.check = message.found
        self._say()

    def _remark(self, sentence: str) -> None:
        self.app.post_message(Remark(sentence))

    def _say(self) -> None:
        """Show what there is to read above the diff."""
        if self.page is not None:
            lines = page_lines(self.page, self.check, checking=self.checking)
            self.query_one("#words", Pager).show(lines)
            self.query_one("#words").styles.height = len(lines) + 1

    # ── the verdict

    @property
    def judgeable(self) -> bool:
        return self.page is not None and self.page.attempt.state is StepState.CHANGE_OPEN

    def action_approve(self) -> None:
        self._judge("approve")

    def action_reject(self) -> None:
        self._judge("reject")

    def _judge(self, verdict: str) -> None:
        """Open the line that says what a verdict does."""
        if not self.judgeable or self.busy or self.page is None:
            self._remark("This change is not open: there is nothing to decide.")
            return
        self.judging = verdict
        self.query_one("#effect", Static).update(Content(_effect(self.page, verdict, len(self._edits))))
        self.query_one("#refusal", Static).update("")
        self.set_class(True, "-judging")
        self.set_class(verdict == "approve", "-approving")
        self.query_one("#feedback" if verdict == "reject" else "#verdict").focus()
        self._keys()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_agree()

    def action_agree(self) -> None:
        """Give the verdict that is open."""
        if not self.judging or self.busy or self.page is None:
            return
        note = "\n\n".join([self.query_one("#feedback", Input).value.strip(), *self._edits.values()]).strip()
        self.busy = True
        self._give(self.judging == "approve", self.page.change.tip, "" if self.judging == "approve" else note)

    @work(thread=True, group="verdict", exit_on_error=False)
    def _give(self, approve: bool, seen: str, note: str) -> None:
        self.post_message(Judged(_tried(partial(self._apply, approve, seen, note))))

    def _apply(self, approve: bool, seen: str, note: str) -> str:
        """In a thread: plan on the project as it is now, and apply."""
        tip = self.source.change(self.number).change.tip
        at = iso(self.host.clock())
        request = ReviewRequest(self.number, approve, seen, tip, note, self.source.engineer(), at)
        plan = plan_review(self.source.look(), request)
        self.source.apply(plan)
        return plan.summary

    @on(Judged)
    def _judged(self, message: Judged) -> None:
        self.busy = False
        found = message.found
        if isinstance(found, str):
            self.app.notify(plain(found), title="Done", markup=False, timeout=8)
            self.dismiss()
            return
        text = plain(found.message) + ("\n" + plain(found.remedy) if found.remedy else "")
        self.query_one("#refusal", Static).update(Content(text))
        if isinstance(found, Refused):
            self.read()  # what is on screen may be what was refused

    def action_back(self) -> None:
        if self.judging:
            self._close_verdict()
        else:
            self.dismiss()

    def action_leave(self) -> None:
        self.dismiss()

    def _close_verdict(self) -> None:
        self.judging = ""
        self.remove_class("-judging", "-approving")
        self.diff.focus()
        self._keys()

    # ── looking, editing, patching

    def action_split(self) -> None:
        self.diff.toggle_split()
        self._keys()

    @work(group="editor")
    async def action_editor(self) -> None:
        """Open a copy of the file under the cursor; what is changed in it goes with a rejection."""
        page, index = self.page, self.diff.file
        if page is None or index is None or not 0 <= index < len(page.change.files):
            self._remark("Put the cursor on a file first.")
            return
        path = page.change.files[index].path
        before = await asyncio.to_thread(_tried, partial(self.source.file, page.change.tip, path))
        if isinstance(before, CoordError):
            self.app.post_message(Failed(before.message, before.remedy))
            return
        after = self.host.edit_text(before, path.rpartition("/")[2] or "file")
        if after is None:
            return
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{path}", f"b/{path}", lineterm="")
        self._edits[path] = f"The engineer would have it so:\n\n{chr(10).join(lines)[:_EDIT_LIMIT]}"
        self._judge("reject")

    async def action_patch(self) -> None:
        """Leave, and open the quick patch for this prompt."""
        if "patch" in BY_ID:
            self.dismiss("patch")

    # ── keys

    def hints(self) -> tuple[Hint, ...]:
        if self.judging == "approve":
            return ((self.host.marks.enter, "approve and merge", "agree"), ("esc", "not yet", "back"))
        if self.judging:
            return ((self.host.marks.enter, "send it back", "agree"), ("esc", "not yet", "back"))
        verdict: tuple[Hint, ...] = (("a", "approve", "approve"), ("r", "reject", "reject"))
        patch: tuple[Hint, ...] = (("p", "quick patch", "patch"),) if "patch" in BY_ID else ()
        split = "one column" if self.diff.split else "side by side"
        return (
            *(verdict if self.judgeable else ()),
            *((("c", "try the merge", "check"),) if self.judgeable else ()),
            ("s", split, "split"),
            ("]", "next file", "file"),
            ("e", "edit a copy", "editor"),
            *patch,
            ("esc", "back", "back"),
        )

    @on(ActionAsked)
    async def _asked(self, message: ActionAsked) -> None:
        message.stop()
        if message.action == "file":
            self.diff.action_file(1)
        else:
            await self.run_action(message.action)

    def _keys(self) -> None:
        self.query_one("#footer", Footer).show(self.hints())


def _tried(do: Callable[[], T]) -> T | CoordError:
    """What it gives, or what prevented it: a thread raises nothing."""
    try:
        return do()
    except CoordError as error:
        return error
    except Exception as error:
        return CoordError(f"{type(error).__name__}: {error}", "This is a fault of coord; the rest goes on.")


def page_lines(page: ChangePage, check: Check | None = None, *, checking: bool = False) -> list[Spans]:
    """What a reviewer reads before the diff."""
    receipt, attempt = page.attempt.receipt, page.attempt
    lines: list[Spans] = []
    if page.review is not None:
        word = "approved" if page.review.approved else "rejected"
        lines.append([Span(f"{word} by {page.review.by}", "review"), Span(f"  {page.review.note}", "quiet")])
    if attempt.reason:
        lines += [[Span(line, "need")] for line in plain_lines(attempt.reason)[:6]]
    lines += [[Span(line, "strong")] for line in plain_lines(receipt.summary)] if receipt else []
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
    for commit in page.change.commits:
        lines.append([Span(f"{commit.sha[:10]} ", "badge"), Span(commit.subject), Span(f"  {commit.author}", "quiet")])
    return lines


def _check_lines(check: Check | None, checking: bool) -> list[Spans]:
    """What trying the merge came to."""
    if checking:
        return [[Span("tried      ", "quiet"), Span("the merge and its suites are being tried…", "run")]]
    if check is None:
        return []
    head = [Span("tried      ", "quiet"), Span(check.summary, "good" if check.passed else "failed")]
    return [head, *([Span("           "), Span(line)] for line in plain_lines(check.output.strip())[-_OUTPUT:] if line)]


def _size(page: ChangePage) -> str:
    change, files = page.change, len(page.change.files)
    cut = ", the beginning" if page.cut else ""
    return f"{change.branch} into {change.base_branch}  +{change.added} -{change.removed}  {amount(files, 'file')}{cut}"


def _effect(page: ChangePage, verdict: str, edits: int) -> str:
    """What a verdict does, in a sentence."""
    branch, base = plain(page.change.branch), plain(page.change.base_branch)
    if verdict == "approve":
        suites = f" once {', '.join(map(plain, page.suites))} passed on the result" if page.suites else ""
        return f"Approve {branch} at {page.change.tip[:10]}: it is merged into {base}{suites}."
    edited = f", with your edits of {amount(edits, 'file')}" if edits else ""
    return f"Reject {branch}: attempt {page.attempt.attempt + 1} goes on from its commits, and gets your words{edited}."
