"""Reviewing on the screen: what is shown, what a verdict does, and what stays fast."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import scenes
from support.build import change
from support.onscreen import contrast, screen_text, shown, until
from support.project import Project, project
from support.still import StillSource
from textual.color import Color
from textual.widgets import Input

from coordinator.client.project import ProjectSource
from coordinator.errors import StalePlan
from coordinator.lazy.dataclass import replace
from coordinator.model.change import ChangePage, Check, Commit, FileChange
from coordinator.model.plan import Plan, Record
from coordinator.model.step import Receipt
from tui.app import CoordApp
from tui.forms.patch import PatchForm
from tui.paint.theme import DARK, LIGHT
from tui.screens.review import Review
from tui.widgets.diff import DiffView

DIFF = """\
diff --git a/src/limit.py b/src/limit.py
--- a/src/limit.py
+++ b/src/limit.py
@@ -1,3 +1,3 @@
 import time
-NOW = time.time()
+NOW = time.monotonic()
 # end
diff --git a/README.md b/README.md
new file mode 100644
--- /dev/null
+++ b/README.md
@@ -0,0 +1 @@
+\x1b]0;title\x07[red]hello[/]
"""
FILES = (FileChange("src/limit.py", 1, 1), FileChange("README.md", 1, 0))


def page(diff: str = DIFF, files: tuple[FileChange, ...] = FILES, tip: str = "b" * 40) -> ChangePage:
    """The open change of prompt 5 in the scene."""
    attempt = scenes.bucket().steps[5].attempt
    assert attempt is not None
    receipt = Receipt("done", "Headers are sent.", "executor-05-1", scenes.iso(60), decisions=("RFC 9239",))
    branch = change(5, Commit(tip, "Send headers", "E", 1), files=files)
    return ChangePage(5, "HTTP middleware headers", replace(attempt, receipt=receipt), branch, ("unit",), diff=diff)


def source(made: ChangePage | None = None) -> StillSource:
    still = StillSource(scenes.bucket())
    still.changes[5] = made or page()
    return still


def applied(still: StillSource) -> list[Plan]:
    return [asked[1] for asked in still.asked if isinstance(asked, tuple) and asked[0] == "apply"]


async def opened(app: CoordApp, press: Callable[..., object]) -> Review:
    """The review screen of prompt 5, with its diff."""
    app.main.select(5)
    await press("v")  # type: ignore[misc]
    await until(lambda: isinstance(app.screen, Review) and app.screen.page is not None, "the review")
    screen = app.screen
    assert isinstance(screen, Review)
    await until(lambda: screen.diff.rows or "Nothing to show" in screen_text(app), "the diff")
    return screen


async def test_the_merge_is_tried_on_a_key_and_its_outcome_is_read_before_the_verdict() -> None:
    still = source()
    async with shown(still) as (app, pilot):
        screen = await opened(app, pilot.press)
        await pilot.press("c")
        await until(lambda: "unit passed on the result" in screen_text(app), "the outcome")
        still.checked = Check(False, "the suite unit failed", "first\n[b]last[/b]\x1b[31m")
        await pilot.press("c")
        await until(lambda: "the suite unit failed" in screen_text(app), "the other outcome")
        assert "[b]last[/b]·[31m" in screen_text(app)
        assert "unit passed on the result" not in screen_text(app)
        assert not applied(still)
        assert screen.judgeable


@pytest.mark.parametrize("size", [(80, 24), (120, 35), (200, 50)])
async def test_words_commits_checks_and_diff_are_in_sight(size: tuple[int, int]) -> None:
    async with shown(source(), size=size) as (app, pilot):
        await opened(app, pilot.press)
        await pilot.pause()
        text = screen_text(app)
        for part in ("Headers are sent.", "RFC 9239", "Send headers", "unit", "+2 -1", "NOW = time.monotonic()"):
            assert part in text, part
        assert "a approve" in text
        assert "\x1b" not in text
        assert "[red]hello[/]" in text


async def test_one_column_and_two_show_the_same_lines_at_the_same_place() -> None:
    async with shown(source(), size=(200, 50)) as (app, pilot):
        screen = await opened(app, pilot.press)
        assert screen.diff.split
        line = next(row for row in screen_text(app).splitlines() if "time.time()" in row)
        assert "time.monotonic()" in line
        screen.diff.go(3)
        await pilot.press("s")
        assert not screen.diff.split
        here = screen.diff.rows[screen.diff.cursor]
        assert here.text == "# end" or "monotonic" in here.text
        assert not any("time.time()" in row and "monotonic" in row for row in screen_text(app).splitlines())


async def test_approve_says_what_happens_and_enter_does_it() -> None:
    still = source()
    async with shown(still) as (app, pilot):
        await opened(app, pilot.press)
        await pilot.press("a")
        assert "Approve coord/05-1 at bbbbbbbbbb: it is merged into main once unit passed" in screen_text(app)
        assert applied(still) == []
        await pilot.press("enter")
        await until(lambda: not isinstance(app.screen, Review), "the review to close")
        (plan,) = applied(still)
        attempt = scenes.bucket().steps[5].attempt
        assert attempt is not None
        told = {"attempt": 1, "commit": "b" * 40, "note": "", "opened": attempt.since}
        assert plan.effects == (Record("change.approved", "prompt:5", told),)


async def test_escape_takes_a_verdict_back_and_then_leaves() -> None:
    still = source()
    async with shown(still) as (app, pilot):
        await opened(app, pilot.press)
        await pilot.press("a", "escape", "enter")
        assert isinstance(app.screen, Review)
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, Review), "the review to close")
        assert applied(still) == []


async def test_reject_needs_words_and_sends_them() -> None:
    still = source()
    async with shown(still) as (app, pilot):
        await opened(app, pilot.press)
        await pilot.press("r", "enter")
        await until(lambda: "says what is to change" in screen_text(app), "the refusal")
        await pilot.press(*"shorter")
        await pilot.press("enter")
        await until(lambda: bool(applied(still)), "the verdict")
        record = applied(still)[0].effects[0]
        assert isinstance(record, Record)
        assert (record.kind, record.data["note"]) == ("change.rejected", "shorter")


async def test_a_branch_that_moved_meanwhile_is_shown_anew_and_not_approved() -> None:
    still = source()
    async with shown(still) as (app, pilot):
        screen = await opened(app, pilot.press)
        await pilot.press("a")
        still.changes[5] = page(DIFF.replace("monotonic", "perf_counter"), tip="c" * 40)
        await pilot.press("enter")
        await until(lambda: "has moved since it was reviewed" in screen_text(app), "the refusal")
        await until(lambda: "perf_counter" in screen_text(app), "what the branch holds now")
        assert applied(still) == []
        await pilot.press("escape", "a", "enter")
        await until(lambda: bool(applied(still)), "the verdict")
        assert screen.page is not None


async def test_a_stale_plan_leaves_the_screen_open_and_says_so() -> None:
    still = source()
    still.refusal = StalePlan("changed since the plan was made: x", "plan again")
    async with shown(still) as (app, pilot):
        await opened(app, pilot.press)
        await pilot.press("a", "enter")
        await until(lambda: "changed since the plan was made" in screen_text(app), "the refusal")
        assert isinstance(app.screen, Review)


async def test_an_edit_of_a_copy_goes_with_the_rejection(monkeypatch: pytest.MonkeyPatch) -> None:
    still = source()
    async with shown(still) as (app, pilot):
        screen = await opened(app, pilot.press)
        monkeypatch.setattr(app, "edit_text", lambda text, name: text + f"edited {name}\n")
        screen.diff.go(3)
        await pilot.press("e")
        await until(lambda: screen.judging == "reject", "the line for the rejection")
        await until(lambda: "your edits of 1 file" in screen_text(app), "what goes with it")
        screen.query_one(Input).value = "like this"
        await pilot.press("enter")
        await until(lambda: bool(applied(still)), "the verdict")
        record = applied(still)[0].effects[0]
        assert isinstance(record, Record)
        note = str(record.data["note"])
        assert note.startswith("like this\n\n")
        assert "+edited limit.py" in note


async def test_a_quick_patch_of_what_is_under_review_is_made_from_here() -> None:
    still = source()
    async with shown(still) as (app, pilot):
        await opened(app, pilot.press)
        await pilot.press("p")
        await until(lambda: isinstance(app.main.plan_form, PatchForm), "the form")
        await until(lambda: "fixes" in app.main.plan_form.fields, "its fields")  # type: ignore[union-attr]
        assert app.main.plan_form.field("fixes").value == (5,)  # type: ignore[union-attr]


async def test_files_are_walked_and_long_lines_panned() -> None:
    long = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-" + "o" * 300 + "\n+" + "n" * 299 + "THE-END\n"
    files = (FileChange("x", 1, 1),)
    async with shown(source(page(DIFF + long, (*FILES, *files))), size=(100, 30)) as (app, pilot):
        screen = await opened(app, pilot.press)
        for name in ("x", "README.md"):  # code without evidence comes before words
            await pilot.press("right_square_bracket")
            assert screen.diff.rows[screen.diff.cursor].text == name
        await pilot.press("left_square_bracket")
        assert "THE-END" not in screen_text(app)
        assert "nnn…" in screen_text(app)
        assert "←→" in screen_text(app).splitlines()[-1]
        await pilot.press(*["right"] * 60)
        await pilot.press(*["left"] * 5)  # as far as there is something to see, and no farther
        assert "THE-END" in screen_text(app)
        await pilot.press("left_square_bracket")
        assert screen.diff.rows[screen.diff.cursor].text == "src/limit.py"


async def test_nothing_to_review_says_so() -> None:
    async with shown(StillSource(scenes.stopped())) as (app, pilot):
        await pilot.press("v")
        await until(lambda: "No change is open" in screen_text(app), "the reason")
        assert not isinstance(app.screen, Review)


async def test_five_thousand_changed_lines_open_and_scroll_fast() -> None:
    body = "".join(f"-old_{n} = call({n}, 'text')\n+new_{n} = call({n}, \"text\")  # why\n" for n in range(2500))
    diff = f"diff --git a/big.py b/big.py\n--- a/big.py\n+++ b/big.py\n@@ -1,2500 +1,2500 @@\n{body}"
    clock = time.process_time  # what it costs, whatever else the machine is busy with
    async with shown(source(page(diff, (FileChange("big.py", 2500, 2500),))), size=(200, 50)) as (app, pilot):
        began = clock()
        screen = await opened(app, pilot.press)
        await pilot.pause()
        first = clock() - began
        began = clock()
        for _ in range(20):
            await pilot.press("pagedown")
        page_took = (clock() - began) / 20
        began = clock()
        await pilot.press("end")
        await pilot.pause()
        end = clock() - began
        assert "new_2499" in screen_text(app)
        began = clock()
        await pilot.press("s")
        toggled = clock() - began
        print(f"first {first * 1000:.0f} ms, page {page_took * 1000:.0f}, end {end * 1000:.0f}, {toggled * 1000:.0f}")
        assert (first < 2.0, page_took < 0.3, end < 0.5, toggled < 0.5) == (True,) * 4
        assert isinstance(screen.diff, DiffView)


async def test_a_real_change_is_approved_on_the_screen_and_lands(tmp_path: Path) -> None:
    with project(tmp_path, {1: []}, gate="review") as made:
        await _approve_on_screen(made)


async def _approve_on_screen(made: Project) -> None:
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "change-open")
    async with shown(ProjectSource(made.layout)) as (app, pilot):
        await pilot.press("v")
        await until(lambda: "by attempt 1" in screen_text(app), "the diff")
        await pilot.press("a", "enter")
        await until(lambda: not isinstance(app.screen, Review), "the review to close")
        await until(lambda: loop.poll() is not None, "the merge", timeout=30)
    assert loop.returncode == 0
    assert made.repository.git("show", "main:file-1.txt") == "by attempt 1"


CODE = """\
diff --git a/src/limit.py b/src/limit.py
--- a/src/limit.py
+++ b/src/limit.py
@@ -1,7 +1,8 @@ class Limit:
 import time
-# the old way
-def now(self) -> float:
-    return "never" if 3.5 else time.time()
+# the new way
+@cached
+def now(self) -> float:
+    return "always" if 42 else time.monotonic()
+
 class Bucket:
     pass  # as it was
"""


@pytest.mark.parametrize("split", [False, True], ids=["one-column", "two-columns"])
async def test_every_word_of_a_diff_can_be_read_in_every_theme(split: bool) -> None:
    files = (FileChange("src/limit.py", 5, 3),)
    async with shown(source(page(CODE, files))) as (app, pilot):
        screen = await opened(app, pilot.press)
        diff = screen.diff
        if diff.split is not split:
            diff.toggle_split()
        hard = []
        coloured = [name for name, theme in app.available_themes.items() if not theme.ansi]
        assert len(coloured) > 10
        for name in coloured:
            app.theme = name
            await pilot.pause()
            segments = [segment for y in range(diff.row_count()) for segment in diff.render_line(y)]
            for cursor in range(diff.row_count()):  # and each of the rows under the cursor
                diff.go(cursor)
                segments += diff.render_line(cursor)
            for text, style, _ in segments:
                assert style is not None
                colours = [Color.from_rich_color(colour) for colour in (style.color, style.bgcolor)]
                if text.strip() and contrast(*colours) < 4.5:
                    hard.append((name, text, round(contrast(*colours), 1)))
        assert hard == []


async def test_the_sides_of_a_diff_are_tinted_and_not_filled() -> None:
    async with shown(source(page(CODE))) as (app, pilot):
        screen = await opened(app, pilot.press)
        for name in (DARK, LIGHT):
            app.theme = name
            await pilot.pause()
            ground = Color.parse(app.theme_variables["background"])
            for side in ("added", "removed"):
                tint = screen.diff.ink(side).bgcolor
                assert tint is not None
                assert 1.02 < contrast(Color.from_rich_color(tint), ground) < 1.6, (name, side)
