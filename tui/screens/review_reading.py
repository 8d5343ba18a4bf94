"""Reading changes under review, one after the other: what is shown of each, words at its lines, what was viewed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.content import Content
from textual.screen import Screen

from coordinator.errors import CoordError
from coordinator.lazy.dataclass import replace
from coordinator.model.change import ChangePage, Check
from coordinator.model.review_comment import Comment, with_comment
from coordinator.model.text import plain
from coordinator.views.attention import to_review
from coordinator.views.copying import Copy, of_change
from coordinator.views.diff_rows import Kind, Row, parse_diff
from coordinator.views.review_rows import digest, parts, review_rows
from tui.messages import ChangeRead, Failed, Remark
from tui.screens.review_page import size_of, tried

if TYPE_CHECKING:
    from coordinator.model.snapshot import Snapshot
    from tui.screens.host import ScreenHost
    from tui.widgets.diff import DiffView

_SPLIT_FROM = 140
"""Columns from which the two sides stand side by side unless the engineer wants otherwise."""


class ReviewReading(Screen[str]):
    """What of a review changes nothing but the reviewer's own notes."""

    diff: DiffView

    def __init__(self, host: ScreenHost, number: int) -> None:
        super().__init__()
        self.host = host
        self.source = host.source
        self.number = number
        self.page: ChangePage | None = None
        self.whole = False
        """The whole change is shown, though only a part of it is new since it was sent back."""
        self.check: Check | None = None
        self.checking = False
        self._edits: dict[str, str] = {}
        """Path → what the engineer changed in a copy of it, as a diff; goes with a rejection."""
        self._opened = False
        self._parsed: tuple[str, tuple[Row, ...]] = ("", ())

    def say(self) -> None:
        """Show what there is to read beside the diff."""
        raise NotImplementedError

    def keys(self) -> None:
        """Show which keys act now."""
        raise NotImplementedError

    def remark(self, sentence: str) -> None:
        self.app.post_message(Remark(sentence))

    # ── what arrives

    @work(thread=True, group="change", exit_on_error=False)
    def read(self) -> None:
        """Read the change again, in a thread."""
        number = self.number
        self.post_message(ChangeRead(tried(partial(self.source.change, number)), number))

    @on(ChangeRead)
    def _read(self, message: ChangeRead) -> None:
        found = message.found
        if message.number != self.number:
            return  # the engineer has gone on to another one
        if isinstance(found, CoordError):
            self.app.post_message(Failed(found.message, found.remedy))
            self.dismiss()
            return
        self.page = found
        self.query_one("#said").border_title = Content(plain(f"Review {self.number:02d} {found.title}"))
        if not self._opened and self.size.width >= _SPLIT_FROM:
            self.diff.split = True
        self._opened = True
        self.say()
        self.show_diff()
        self.keys()

    def copies(self) -> tuple[Copy, ...]:
        page, row = self.shown, self.diff.here
        if page is None:
            return ()
        file = page.change.files[row.file].path if row is not None and 0 <= row.file < len(page.change.files) else ""
        return of_change(page, file, row.text if row is not None and row.kind.code else "")

    # ── from change to change

    def open_change(self, number: int) -> None:
        """Show another change in the place of this one."""
        self.number, self.page, self.whole = number, None, False
        self.check, self.checking, self._edits = None, False, {}
        self.read()

    async def action_change(self, by: int) -> None:
        """Go to the next change that waits for a verdict."""
        snapshot = await self._look()
        number = neighbour(to_review(snapshot), self.number, by) if snapshot is not None else None
        if number is None:
            self.remark("No other change waits for a verdict.")
        else:
            self.open_change(number)

    async def _look(self) -> Snapshot | None:
        import asyncio

        found = await asyncio.to_thread(tried, self.source.look)
        if isinstance(found, CoordError):
            self.app.post_message(Failed(found.message, found.remedy))
            return None
        return found

    # ── the diff

    @property
    def shown(self) -> ChangePage | None:
        """The page, with what is new in the place of its change where only that is shown."""
        return self.page if self.page is None or self.whole else self.page.seen

    def show_diff(self, *, stay: bool = False) -> None:
        """Show the rows as they are now; `stay`: the cursor stays on its line."""
        page = self.shown
        if page is None or self.page is None:
            return
        since = self.page.since
        title = size_of(page, since.attempt if since is not None and not self.whole else 0)
        self.query_one("#changes").border_title = Content(plain(title))
        self.diff.show(review_rows(page, self._rows(page), page.viewed), page.change.files, stay=stay)

    def _rows(self, page: ChangePage) -> tuple[Row, ...]:
        if self._parsed[0] != page.diff or not self._parsed[1]:
            self._parsed = (page.diff, parse_diff(page.diff, page.change.files))
        return self._parsed[1]

    def action_since(self) -> None:
        """Show what is new since it was sent back, or all of it."""
        if self.page is None or self.page.since is None:
            self.remark("Nobody has sent this change back: all of it is new.")
            return
        self.whole = not self.whole
        self.show_diff()
        self.keys()

    def action_viewed(self) -> None:
        """Mark the file under the cursor as viewed, or not any more; then go to the next one that isn't."""
        page, index = self.shown, self.diff.file
        if page is None or self.page is None or index is None or not 0 <= index < len(page.change.files):
            self.remark("Put the cursor on a file first.")
            return
        path, mark = page.change.files[index].path, digest(parts(self._rows(page)).get(index, []))
        mark = "" if page.viewed.get(path) == mark else mark
        self.page = replace(self.page, viewed={**self.page.viewed, path: mark})
        self.show_diff(stay=True)
        if mark:
            self.diff.action_file(1)
        self._mark(path, mark)

    @work(thread=True, group="notes", exit_on_error=False)
    def _mark(self, path: str, mark: str) -> None:
        self._tell(tried(partial(self.source.mark_viewed, self.number, path, mark)))

    # ── comments

    def place(self) -> Comment | None:
        """A comment without words at the line under the cursor, or the one that is written there already."""
        page, row = self.shown, self.diff.here
        if page is None or row is None or not 0 <= row.file < len(page.change.files):
            return None
        old = row.kind is Kind.REMOVED or (row.kind is Kind.REMARK and not row.new and bool(row.old))
        line = row.old if old else row.new
        made = Comment(
            page.change.files[row.file].path,
            0 if row.kind in (Kind.FILE, Kind.NOTE) else line,
            "",
            old,
            self._text_at(row.file, line, old=old),
            page.change.tip,
            self.source.engineer(),
        )
        there = next((one for one in page.drafts if one.same_place(made)), None)
        return replace(made, text=there.text) if there is not None else made

    def _text_at(self, file: int, line: int, *, old: bool) -> str:
        rows = (row for row in self.diff.rows if row.file == file and row.kind.code)
        return next((row.text for row in rows if line and (row.old if old else row.new) == line), "")

    def keep(self, comment: Comment) -> None:
        """Keep a comment: shown at once, and written by a thread."""
        if self.page is not None:
            self.page = replace(self.page, drafts=with_comment(self.page.drafts, comment))
            self.say()
            self.show_diff(stay=True)
            self._keep(self.number, comment)

    @work(thread=True, group="notes", exit_on_error=False)
    def _keep(self, number: int, comment: Comment) -> None:
        self._tell(tried(partial(self.source.comment, number, comment)))

    def _tell(self, found: CoordError | None) -> None:
        if isinstance(found, CoordError):
            self.app.post_message(Failed(found.message, found.remedy))


def neighbour(waiting: tuple[int, ...], number: int, by: int) -> int | None:
    """The next of the changes that wait, after the last the first; None where there is no other."""
    others = [one for one in waiting if one != number]
    if not others:
        return None
    if number not in waiting:
        return others[0]
    return waiting[(waiting.index(number) + by) % len(waiting)]
