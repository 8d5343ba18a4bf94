"""Reviewing a change: what its agent said, its commits and checks, its diff, and the verdict."""

import asyncio
import difflib
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from coordinator.errors import CoordError, Refused
from coordinator.lazy.dataclass import replace
from coordinator.model.change import ChangePage
from coordinator.model.clock import iso
from coordinator.model.review_comment import Comment, numbered
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import plain
from coordinator.services.registry import SERVICES
from coordinator.services.review import ReviewRequest
from coordinator.views.attention import to_review
from coordinator.views.spans import Span
from tui.actions import BY_ID
from tui.messages import ActionAsked, Checked, Failed, Judged
from tui.paint.pager import Pager
from tui.screens import copying
from tui.screens.host import ScreenHost
from tui.screens.page_help import HINT, KEY
from tui.screens.review_page import criteria_lines, effect_of, page_lines, tried
from tui.screens.review_reading import ReviewReading, neighbour
from tui.widgets.diff import DiffView
from tui.widgets.footer import Footer, Hint

_BESIDE_FROM = 120
"""Columns from which the criteria stand beside what the agent said."""
_EDIT_LIMIT = 20_000
"""Characters of an engineer's edit that go with a rejection."""


class Verdict(Vertical, can_focus=True):
    """The line for a verdict: while it has the focus, Enter gives it."""


class Review(ReviewReading):
    """One change. Nothing happens before Enter in the line at the bottom. Left with the action to do next, or none."""

    AUTO_FOCUS = "#diff"
    DEFAULT_CSS = """
    Review { background: $background; }
    Review > .panel { border: round $border-blurred; border-title-color: $text-muted; padding: 0 1; }
    Review > .panel:focus-within { border: round $border; border-title-color: $title; border-title-style: bold; }
    Review.-ascii > .panel { border: ascii $border-blurred; }
    Review > #about { height: auto; max-height: 40%; }
    Review > #about > .panel { border: round $border-blurred; border-title-color: $text-muted; height: auto; }
    Review > #about > .panel:focus-within {
        border: round $border; border-title-color: $title; border-title-style: bold;
    }
    Review.-ascii > #about > .panel { border: ascii $border-blurred; }
    Review > #about > #said { width: 3fr; max-height: 100%; }
    Review > #about > #criteria { width: 2fr; max-height: 100%; display: none; }
    Review.-beside > #about > #criteria { display: block; }
    Review > #about > .panel > Pager { padding: 0 1; height: auto; max-height: 100%; }
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
        KEY,
        copying.KEY,
        Binding("a", "approve", "approve", show=False),
        Binding("r", "reject", "reject", show=False),
        Binding("m", "comment", "comment", show=False),
        Binding("ctrl+e", "write", "write", show=False, priority=True),
        Binding("v", "viewed", "viewed", show=False),
        Binding("d", "since", "since", show=False),
        Binding("greater_than_sign", "change(1)", "next change", show=False),
        Binding("less_than_sign", "change(-1)", "previous change", show=False),
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
        super().__init__(host, number)
        self.judging = ""
        """`approve`, `reject` or `comment` while the line for it is open."""
        self.busy = False
        self.at: Comment | None = None
        """What is being written, while the line for it is open."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="about"):
            with Vertical(id="said", classes="panel") as said:
                said.border_title = Content(f"Review {self.number:02d}")
                yield Pager([[Span("The change is being read.", "quiet")]], id="words")
            with Vertical(id="criteria", classes="panel") as criteria:
                criteria.border_title = "Criteria, and what shows them"
                yield Pager([], id="shown")
        with Vertical(id="changes", classes="panel") as changes:
            changes.border_title = "Changes"
            yield DiffView(self.host.marks, id="diff")
        with Verdict(id="verdict"):
            yield Static(id="effect")
            yield Static(id="refusal")
            yield Input(id="feedback", select_on_focus=False)
        yield Footer(id="footer")

    def on_mount(self) -> None:
        self.set_class(self.app.has_class("-ascii"), "-ascii")
        self.diff = self.query_one("#diff", DiffView)
        self.read()
        self.keys()

    # ── what arrives

    def action_check(self) -> None:
        """Try the merge and its suites aside, so that the verdict needs no guess."""
        if not self.judgeable or self.checking:
            self.remark("It is being tried." if self.checking else "This change is not open: there is nothing to try.")
            return
        self.checking, self.check = True, None
        self.say()
        self._check()

    @work(thread=True, group="check", exit_on_error=False)
    def _check(self) -> None:
        number = self.number
        self.post_message(Checked(tried(partial(self.source.check, number)), number))

    @on(Checked)
    def _checked(self, message: Checked) -> None:
        if message.number != self.number:
            return  # the engineer has gone on to another one
        self.checking = False
        if isinstance(message.found, CoordError):
            self.app.post_message(Failed(message.found.message, message.found.remedy))
        else:
            self.check = message.found
        self.say()

    def on_resize(self) -> None:
        self.say()

    def say(self) -> None:
        """Show what there is to read beside the diff."""
        if self.page is None:
            return
        shown = criteria_lines(self.page)
        beside = bool(shown) and self.size.width >= _BESIDE_FROM
        self.set_class(beside, "-beside")
        lines = page_lines(self.page, self.check, checking=self.checking, criteria=not beside)
        for name, texts in (("#words", lines), ("#shown", shown)):
            self.query_one(name, Pager).show(texts)
            self.query_one(name).styles.height = len(texts) + 1

    # ── the verdict

    @property
    def judgeable(self) -> bool:
        return self.page is not None and self.page.attempt.state is StepState.CHANGE_OPEN

    def action_approve(self) -> None:
        self._judge("approve")

    def action_reject(self) -> None:
        self._judge("reject")

    def action_comment(self) -> None:
        """Open the line for words about the line under the cursor."""
        at = self.place()
        if at is None or not self.judgeable or self.busy:
            self.remark("Put the cursor on a line first." if self.judgeable else "This change is not open.")
            return
        self.at = at
        said = f"Comment at {plain(at.place)}; kept on disk, and sent with a rejection. No words take it away."
        self._open_line("comment", said, "what is to change here", at.text)

    @work(group="editor")
    async def action_write(self) -> None:
        """Write the comment in $EDITOR."""
        if self.judging == "comment" and self.at is not None:
            text = self.host.edit_text(self.query_one("#feedback", Input).value, "comment.md")
            if text is not None:
                self.keep(replace(self.at, text=text))
                self._close_verdict()

    def _judge(self, verdict: str) -> None:
        """Open the line that says what a verdict does."""
        if not self.judgeable or self.busy or self.page is None:
            self.remark("This change is not open: there is nothing to decide.")
            return
        effect = effect_of(self.page, verdict, len(self._edits))
        self._open_line(verdict, effect, "what is to change; the next attempt gets it", "")

    def _open_line(self, what: str, effect: str, hint: str, text: str) -> None:
        self.judging = what
        self.query_one("#effect", Static).update(Content(effect))
        self.query_one("#refusal", Static).update("")
        field = self.query_one("#feedback", Input)
        field.placeholder, field.value = hint, text
        self.set_class(True, "-judging")
        self.set_class(what == "approve", "-approving")
        self.query_one("#verdict" if what == "approve" else "#feedback").focus()
        self.keys()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_agree()

    def action_agree(self) -> None:
        """Give the verdict that is open, or keep the comment."""
        if not self.judging or self.busy or self.page is None:
            return
        if self.judging == "comment":
            if self.at is not None:
                self.keep(replace(self.at, text=self.query_one("#feedback", Input).value))
            self._close_verdict()
            return
        note = "\n\n".join([self.query_one("#feedback", Input).value.strip(), *self._edits.values()]).strip()
        self.busy = True
        approve = self.judging == "approve"
        self._give(approve, self.page, "" if approve else note)

    @work(thread=True, group="verdict", exit_on_error=False)
    def _give(self, approve: bool, page: ChangePage, note: str) -> None:
        found = tried(partial(self._apply, approve, page, note))
        self.post_message(Judged(found if isinstance(found, CoordError) else found[0], self._next(found)))

    def _apply(self, approve: bool, page: ChangePage, note: str) -> tuple[str, Snapshot]:
        """In a thread: plan on the project as it is now, and apply."""
        now, at = self.source.change(page.number), iso(self.host.clock())
        said = () if approve else numbered(page.drafts, now.comments)
        seen, tip, who = page.change.tip, now.change.tip, self.source.engineer()
        snapshot = self.source.look()
        asked = ReviewRequest(page.number, approve, seen, tip, note, who, at, comments=said)
        plan = SERVICES["review"].plan(snapshot, asked)
        self.source.apply(plan)
        if said:
            self.source.sent(page.number, said)
        return plan.summary, snapshot

    def _next(self, found: tuple[str, Snapshot] | CoordError) -> int | None:
        """The change to go on to after a verdict."""
        return None if isinstance(found, CoordError) else neighbour(to_review(found[1]), self.number, 1)

    @on(Judged)
    def _judged(self, message: Judged) -> None:
        self.busy = False
        found = message.found
        if isinstance(found, str):
            self.app.notify(plain(found), title="Done", markup=False, timeout=8)
            if message.next is None:
                self.dismiss()
            else:
                self._close_verdict()
                self.open_change(message.next)
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
        self.keys()

    # ── looking, editing, patching

    def action_split(self) -> None:
        self.diff.toggle_split()
        self.keys()

    @work(group="editor")
    async def action_editor(self) -> None:
        """Open a copy of the file under the cursor; what is changed in it goes with a rejection."""
        page, index = self.shown, self.diff.file
        if page is None or index is None or not 0 <= index < len(page.change.files):
            self.remark("Put the cursor on a file first.")
            return
        path = page.change.files[index].path
        before = await asyncio.to_thread(tried, partial(self.source.file, page.change.tip, path))
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
        if self.judging == "comment":
            return (
                (self.host.marks.enter, "keep it", "agree"),
                ("^e", "$EDITOR", "write"),
                ("esc", "as it was", "back"),
            )
        if self.judging:
            return ((self.host.marks.enter, "send it back", "agree"), ("esc", "not yet", "back"))
        verdict: tuple[Hint, ...] = (("a", "approve", "approve"), ("r", "reject", "reject"))
        patch: tuple[Hint, ...] = (("p", "quick patch", "patch"),) if "patch" in BY_ID else ()
        split = "one column" if self.diff.split else "side by side"
        notes: tuple[Hint, ...] = (("m", "comment", "comment"), ("v", "viewed", "viewed"))
        since = self.page.since if self.page is not None else None
        part: tuple[Hint, ...] = (("d", "what is new" if self.whole else "all of it", "since"),) if since else ()
        return (
            *(verdict if self.judgeable else ()),
            *(notes if self.judgeable else notes[1:]),
            ("n", "hunk", "hunk"),
            ("]", "file", "file"),
            (">", "change", "change(1)"),
            *((("\u2190\u2192", "sideways", "pan"),) if self.diff.wide else ()),
            *part,
            *((("c", "try the merge", "check"),) if self.judgeable else ()),
            ("s", split, "split"),
            ("e", "edit a copy", "editor"),
            *patch,
            copying.hint(self.host.keys),
            HINT,
            ("esc", "back", "form.leave"),
        )

    @on(ActionAsked)
    async def _asked(self, message: ActionAsked) -> None:
        message.stop()
        if message.action in ("file", "hunk"):
            await self.diff.run_action(f"{message.action}(1)")
        elif message.action == "pan":
            await self.diff.run_action("pan(8)")
        elif message.action == "form.leave":
            self.action_back()
        else:
            await self.run_action(message.action)

    def keys(self) -> None:
        self.query_one("#footer", Footer).show(self.hints())
