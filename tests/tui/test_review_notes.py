"""A reviewer's notes on the screen: words at lines, what was viewed, a second look, and from change to change."""

from pathlib import Path
from typing import Any

import pytest
from support import pages, scenes
from support.onscreen import line_with, screen_text, shown, until
from support.project import Project, project
from support.still import StillSource
from support.wait import wait_until
from textual.pilot import Pilot

from coordinator.client.project import ProjectSource
from coordinator.lazy.dataclass import replace
from coordinator.model.plan import Plan, Record
from coordinator.model.work import prompt_work
from coordinator.views.diff_rows import Kind
from tui.app import CoordApp
from tui.screens.review import Review
from tui.screens.review_reading import neighbour


def source(second: bool = False) -> StillSource:
    still = StillSource(scenes.bucket())
    still.changes[5] = pages.second_look() if second else pages.change()
    return still


async def opened(app: CoordApp, pilot: Pilot[Any], number: int = 5) -> Review:
    app.main.select(number)
    await pilot.press("v")
    await until(lambda: isinstance(app.screen, Review) and app.screen.page is not None, "the review")
    screen = app.screen
    assert isinstance(screen, Review)
    return screen


def rejection(still: StillSource) -> Record:
    (plan,) = [asked[1] for asked in still.asked if isinstance(asked, tuple) and asked[0] == "apply"]
    assert isinstance(plan, Plan)
    record = plan.effects[0]
    assert isinstance(record, Record)
    return record


async def test_words_at_lines_are_kept_and_sent_with_a_rejection_that_needs_no_others() -> None:
    still = source()
    async with shown(still, size=(80, 24)) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("n", "down", "m", *"why", "enter")
        assert "not sent  why" in screen_text(app)
        await until(lambda: [one.text for one in still.changes[5].drafts] == ["why"], "what is kept")
        await pilot.press("r", "enter")
        await until(lambda: any(asked[0] == "sent" for asked in still.asked if isinstance(asked, tuple)), "the end")
        (comment,) = rejection(still).data["comments"]  # type: ignore[misc]
        text = '"""The headers that tell a client what is left of its limit."""'
        told = {"id": "C1", "path": "src/limit/headers.py", "line": 1, "text": "why", "quote": text}
        assert told.items() <= comment.items()
        assert rejection(still).data["note"] == "1 comment at lines"


async def test_a_comment_is_changed_where_it_stands_and_no_words_take_it_away() -> None:
    still = source()
    async with shown(still) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("n", "down", "m", *"one", "enter", "m", *"s", "enter")
        assert "not sent  ones" in screen_text(app)
        await pilot.press("m", "backspace", "backspace", "backspace", "backspace", "enter")
        assert "not sent" not in screen_text(app)
        await until(lambda: still.changes[5].drafts == (), "what is kept")
        await pilot.press("m", *"never", "escape")
        assert isinstance(app.screen, Review)
        assert screen.page is not None
        assert screen.page.drafts == ()


async def test_a_longer_comment_is_written_in_the_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    still = source()
    async with shown(still) as (app, pilot):
        screen = await opened(app, pilot)
        monkeypatch.setattr(app, "edit_text", lambda text, name: f"{text} first\n[b]second[/b]\x1b[31m\n")
        await pilot.press("n", "down", "m", *"say", "ctrl+e")
        await until(lambda: "not sent  say first" in screen_text(app), "the comment")
        assert "[b]second[/b]·[31m" in screen_text(app)
        assert not screen.judging


async def test_a_removed_line_is_told_from_the_one_that_came_for_it() -> None:
    still = source()
    async with shown(still) as (app, pilot):
        screen = await opened(app, pilot)
        screen.diff.split = False
        screen.show_diff()
        removed = next(at for at, row in enumerate(screen.diff.rows) if row.kind is Kind.REMOVED)
        screen.diff.go(removed)
        await pilot.press("m", *"keep", "enter")
        await until(lambda: bool(still.changes[5].drafts), "the comment")
        assert still.changes[5].drafts[0].place == "src/limit/middleware.py:-23"


async def test_a_viewed_file_is_folded_and_opened_again() -> None:
    still = source()
    async with shown(still) as (app, pilot):
        screen = await opened(app, pilot)
        assert "def headers" in screen_text(app)
        await pilot.press("v")
        assert "def headers" not in screen_text(app)
        assert "viewed" in line_with(app, "src/limit/headers.py")
        here = screen.diff.here
        assert here is not None
        assert here.text == "src/limit/middleware.py"
        await until(lambda: bool(still.changes[5].viewed.get("src/limit/headers.py")), "the mark")
        await pilot.press("home", "v")
        assert "def headers" in screen_text(app)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_a_second_look_shows_what_is_new_with_answers_at_their_lines(size: tuple[int, int]) -> None:
    async with shown(source(second=True), size=size) as (app, pilot):
        await opened(app, pilot)
        text = screen_text(app)
        assert "since attempt 1" in text
        assert "2 of 3 comments answered" in text
        rows = text.splitlines()
        at = next(place for place, row in enumerate(rows) if "[x] C1 ada  name the unit" in row)
        assert 'unit="seconds"' in rows[at - 1]
        assert "answered by attempt 2  the unit is an argument now" in rows[at + 1]
        assert any("[ ] C2 ada  Why only a refused one?" in row for row in rows)
        await pilot.press("d")
        assert "coord/05-1 into main" in screen_text(app)
        await pilot.press("d")
        assert "since attempt 1" in screen_text(app)


async def test_what_was_never_sent_back_is_new_as_a_whole() -> None:
    async with shown(source()) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("d")
        await until(lambda: "all of it is new" in screen_text(app), "the remark")


async def test_criteria_stand_beside_with_what_shows_them() -> None:
    async with shown(source()) as (app, pilot):
        await opened(app, pilot)
        assert "pytest tests/test_headers.py" in screen_text(app)
        assert "no evidence" in screen_text(app)


def test_from_change_to_change_in_a_circle() -> None:
    assert neighbour((1, 2, 5), 2, 1) == 5
    assert neighbour((1, 2, 5), 5, 1) == 1
    assert neighbour((1, 2, 5), 1, -1) == 5
    assert neighbour((1, 5), 2, 1) == 1
    assert neighbour((2,), 2, 1) is None
    assert neighbour((), 2, 1) is None


async def test_the_next_change_stands_in_the_place_of_this_one() -> None:
    snapshot = scenes.bucket()
    step, attempt = snapshot.steps[7], snapshot.steps[5].attempt
    assert attempt is not None
    second = replace(attempt, work=prompt_work(7), branch="coord/07-1")
    steps = {**snapshot.steps, 7: replace(step, state=attempt.state, attempt=second)}
    still = StillSource(replace(snapshot, steps=steps))
    still.changes = {5: pages.change(), 7: replace(pages.change(), number=7, title="Another one", attempt=second)}
    async with shown(still) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("greater_than_sign")
        await until(lambda: screen.number == 7 and screen.page is not None, "the other change")
        assert "Another one" in screen_text(app)
        await pilot.press("a", "enter")
        await until(lambda: screen.number == 5 and screen.page is not None, "the next one")
        assert app.screen is screen


SCRIPT = """\
if [ "$COORD_ATTEMPT" = 1 ]; then
    printf 'one\\ntwo\\nthree\\n' >"file-$COORD_PROMPT.txt"
    git add -A && git commit -qm "Write file $COORD_PROMPT" && coord agent done --summary "wrote it"
else
    printf 'one\\n2\\nthree\\nfour\\n' >"file-$COORD_PROMPT.txt"
    git add -A && git commit -qm "Mend file $COORD_PROMPT"
    coord agent done --summary "mended it" --answer "C1: mended the first" --answer "C2: left: it is fine"
fi
"""
SENT_BACK = {4: ("n", ("why?",), ("unit",)), 11: ("n", ("dot.",), ("safe",)), 17: ("n", ("name",))}


class Keys:
    """Presses, and counts."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        self.pilot, self.count = pilot, 0

    async def press(self, *keys: str) -> None:
        self.count += len(keys)
        await self.pilot.press(*keys)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_twenty_changes_are_judged_and_three_sent_back_over_five_lines_in_ninety_keys(tmp_path: Path) -> None:
    numbers = range(1, 21)
    scripts = dict.fromkeys(numbers, SCRIPT)
    with project(tmp_path, {n: [] for n in numbers}, scripts, gate="review", max_parallel=8) as made:
        made.start_loop()
        wait_until(lambda: set(made.states().values()) == {"change-open"}, timeout=240, message="twenty changes")
        async with shown(ProjectSource(made.layout)) as (app, pilot):
            keys = Keys(pilot)
            await until(lambda: app.main.snapshot is not None and len(app.main.snapshot.open_changes) == 20, "all", 60)
            await keys.press("v")
            await until(lambda: isinstance(app.screen, Review), "the review", 60)
            screen = app.screen
            assert isinstance(screen, Review)
            for _ in numbers:
                await until(lambda: screen.page is not None, "the next change", 60)
                number = screen.number
                await _judge(keys, SENT_BACK.get(number))
                await until(lambda now=number: screen.number != now or app.screen is not screen, "a verdict", 60)
        assert keys.count <= 90, keys.count
        await _comes_back(made)


async def _judge(keys: Keys, back: tuple[Any, ...] | None) -> None:
    if back is None:
        await keys.press("a", "enter")
        return
    await keys.press(back[0])
    for at, (words,) in enumerate(back[1:]):
        await keys.press(*(["down"] * 3 if at else []), "m", *_typed(words), "enter")
    await keys.press("r", "enter")


def _typed(words: str) -> list[str]:
    return [{"?": "question_mark", ".": "full_stop"}.get(letter, letter) for letter in words]


async def _comes_back(made: Project) -> None:
    """Each comment is in the next prompt, and its answer at its line."""
    wait_until(lambda: sum(state == "merged" for state in made.states().values()) == 17, timeout=240, message="merges")
    for number, (_, *comments) in SENT_BACK.items():
        made.wait_for(number, "change-open", timeout=120)
        wait_until(lambda n=number: len(made.attempts(n)) == 2, timeout=120, message="the second attempt")
        told = (made.layout.attempt("run-1", prompt_work(number), 2) / "prompt.txt").read_text()
        for place, (words,) in enumerate(comments, 1):
            assert f"> {words}" in told
            assert f"C{place} file-{number}.txt:" in told
    async with shown(ProjectSource(made.layout)) as (app, pilot):
        for number, (_, *comments) in SENT_BACK.items():
            screen = await opened(app, pilot, number)
            assert screen.page is not None
            said = {one.comment.text: one for one in screen.page.comments}
            assert said.keys() == {words for (words,) in comments}
            rows = screen_text(app).splitlines()
            at = next(place for place, row in enumerate(rows) if f"C1 {screen.source.engineer()}" in row)
            assert comments[0][0] in rows[at]
            assert "answered by attempt 2  mended the first" in rows[at + 1]
            await pilot.press("escape")
            await until(lambda s=screen: app.screen is not s, "the main screen", 60)
