"""Answering questions and confirming: in the place of the events, by keys alone."""

from support import build, scenes
from support.onscreen import place_of, screen_text, shown, until
from support.still import StillSource
from textual.widgets import Input

from coordinator.client.ports import Wish
from coordinator.errors import Refused
from coordinator.lazy.dataclass import replace
from coordinator.model.snapshot import Snapshot
from tui.forms.answer import AnswerForm
from tui.forms.confirm import Confirm
from tui.forms.text_form import Choices
from tui.screens.reader_pages import stop_effects


def source_with(**question: object) -> StillSource:
    changed = replace(scenes.bucket().questions[0], **question)  # type: ignore[arg-type]
    return StillSource(replace(scenes.bucket(), questions=(changed,)), scenes.bucket_events())


QUESTION = build.event_id(9)


def answers(source: StillSource) -> list[str]:
    """What the question was answered with."""
    return [str(asked[2]) for asked in source.asked if isinstance(asked, tuple) and asked[:2] == ("answer", QUESTION)]


async def test_a_number_chooses_an_option_and_enter_answers() -> None:
    source = source_with()
    async with shown(source) as (app, pilot):
        await pilot.press("n")
        await until(lambda: isinstance(app.main.form, AnswerForm), "the form")
        await pilot.pause()
        assert "Question · executor 06 asks about 06" in screen_text(app)
        assert "Redis backend" in screen_text(app)
        assert "Events" not in screen_text(app)
        await pilot.press("3", "2", "9")
        await pilot.pause()
        assert not answers(source)
        assert app.main.query_one(Choices).cursor == 1
        await pilot.press("enter")
        await until(lambda: app.main.form is None and "Events" in screen_text(app), "the events")
        assert answers(source) == ["6.2 and 7"]


async def test_an_empty_line_answers_nothing_whatever_the_cursor_is_on() -> None:
    source = source_with()
    async with shown(source) as (app, pilot):
        await pilot.press("n")
        await until(lambda: isinstance(app.main.form, AnswerForm) and app.focused.id == "choices", "the options")
        await pilot.press("tab", "enter")
        await until(lambda: app.focused.id == "choices", "the options again")
        assert not answers(source)


async def test_an_answer_that_is_refused_or_left_stays_typed() -> None:
    source = source_with(options=())
    source.refusal = Refused("that question is answered", "`coord questions` shows them")
    async with shown(source, size=(80, 24)) as (app, pilot):
        await pilot.press("n")
        await until(lambda: isinstance(app.focused, Input), "the line")
        await pilot.press(*"only 7.2", "enter")
        await until(lambda: "that question is answered. `coord questions` shows" in screen_text(app), "the refusal")
        source.refusal = Refused("still refused", "look again")
        await pilot.press("enter")
        await until(lambda: "still refused" in screen_text(app), "the second refusal")
        await pilot.press("escape")
        await until(lambda: app.main.form is None, "the events")
        await pilot.press("q")
        await until(lambda: "What you typed is lost with the screen: answer to" in screen_text(app), "a word")
        await pilot.press("escape")
        await until(lambda: app.main.form is None, "the events")
        source.refusal = None
        await pilot.press("n")
        await until(lambda: isinstance(app.focused, Input) and app.focused.value == "only 7.2", "what was typed")
        await pilot.press("enter")
        await until(lambda: app.main.form is None, "the end of the form")
        assert answers(source) == ["only 7.2"]
        assert not app.main.unsent


async def test_moving_and_enter_choose_an_option() -> None:
    source = source_with()
    async with shown(source) as (app, pilot):
        await pilot.press("n")
        await until(lambda: isinstance(app.main.form, AnswerForm) and app.focused.id == "choices", "the options")
        await pilot.press("down", "down", "enter")
        await until(lambda: ("answer", QUESTION, "everything since 5") in source.asked, "the answer")


async def test_tab_leads_to_an_answer_of_ones_own() -> None:
    source = source_with()
    async with shown(source) as (app, pilot):
        await pilot.press("n")
        await until(lambda: isinstance(app.main.form, AnswerForm) and app.focused.id == "choices", "the options")
        await pilot.press("tab")
        await until(lambda: isinstance(app.focused, Input), "the line")
        await pilot.press(*"only 7.2", "enter")
        await until(lambda: ("answer", QUESTION, "only 7.2") in source.asked, "the answer")


async def test_numbers_typed_into_the_line_are_text() -> None:
    source = source_with()
    async with shown(source) as (app, pilot):
        await pilot.press("n")
        await until(lambda: isinstance(app.main.form, AnswerForm) and app.focused.id == "choices", "the options")
        await pilot.press("tab")
        await until(lambda: isinstance(app.focused, Input), "the line")
        await pilot.press("1", "2")
        await pilot.pause()
        assert app.main.form is not None
        assert app.focused.value == "12"


async def test_without_options_the_line_has_the_focus_and_empty_is_no_answer() -> None:
    source = source_with(options=())
    async with shown(source) as (app, pilot):
        await pilot.press("n")
        await until(lambda: isinstance(app.focused, Input), "the line")
        await pilot.press("enter")
        await pilot.pause()
        assert app.main.form is not None
        await pilot.press(*"yes", "enter")
        await until(lambda: ("answer", QUESTION, "yes") in source.asked, "the answer")


async def test_escape_leaves_without_an_answer() -> None:
    source = source_with()
    async with shown(source) as (app, pilot):
        await pilot.press("n")
        await until(lambda: isinstance(app.main.form, AnswerForm), "the form")
        await pilot.press("escape")
        await until(lambda: app.main.form is None and app.main.graph.has_focus, "the prompts")
        assert not [asked for asked in source.asked if asked[0] == "answer"]


async def test_a_click_on_an_option_then_on_the_key_answers() -> None:
    source = source_with()
    async with shown(source) as (app, pilot):
        await pilot.press("n")
        await until(lambda: "6.2 and 7" in screen_text(app), "the options")
        await pilot.click(offset=place_of(app, "6.2 and 7"))
        await pilot.click(offset=place_of(app, "↵ answer"))
        await until(lambda: ("answer", QUESTION, "6.2 and 7") in source.asked, "the answer")


async def test_a_question_says_what_it_holds() -> None:
    async with shown(source_with(only_dependents=True)) as (app, pilot):
        await pilot.press("n")
        await until(lambda: "what depends on it waits" in screen_text(app), "the effect")


async def test_questions_and_options_are_text() -> None:
    source = source_with(text="[@click=app.quit]Why?[/]\nSecond \x1b[31mline", options=("[b]x[/b]", "y\u202e"))
    async with shown(source) as (app, pilot):
        await pilot.press("n")
        await until(lambda: "[@click=app.quit]Why?[/]" in screen_text(app), "the text")
        assert "Second ·[31mline" in screen_text(app)
        assert "[b]x[/b]" in screen_text(app)


async def test_the_inbox_lists_answered_questions_too_and_opens_open_ones() -> None:
    asked = scenes.bucket().questions[0]
    done = replace(asked, id=build.event_id(5), seq=5, text="Tabs or spaces?", answer="spaces")
    source = StillSource(replace(scenes.bucket(), questions=(asked, done)))
    async with shown(source) as (app, pilot):
        await pilot.press("Q")
        await until(
            lambda: "Tabs or spaces?" in screen_text(app) and "everything since 5" in screen_text(app), "the list"
        )
        await pilot.press("down")
        await until(lambda: "Answer: spaces" in screen_text(app), "the answer")
        await pilot.press("up", "enter")
        await until(lambda: isinstance(app.main.form, AnswerForm), "the form")


async def test_stopping_says_what_will_happen_and_waits_for_a_yes() -> None:
    source = StillSource(scenes.bucket())
    async with shown(source) as (app, pilot):
        await pilot.press("L")
        await until(lambda: isinstance(app.main.form, Confirm), "the form")
        await pilot.pause()
        assert "2 agents (04, 06) go on in their windows; nothing is interrupted." in screen_text(app)
        assert "Open changes wait: 05." in screen_text(app)
        await pilot.press("n")
        await until(lambda: app.main.form is None, "the form to close")
        assert ("loop", Wish.STOP) not in source.asked
        await pilot.press("L")
        await until(lambda: isinstance(app.main.form, Confirm) and app.main.form.has_focus, "the form again")
        await pilot.press("y")
        await until(lambda: ("loop", Wish.STOP) in source.asked, "the wish")
        await until(lambda: "asked to stop" in screen_text(app), "the result")


def test_stopping_an_idle_loop_is_said_as_it_is() -> None:
    idle: Snapshot = scenes.stopped()
    assert stop_effects(idle)[0] == "No agent is running."


async def test_one_key_starts_pauses_and_resumes_as_the_loop_is() -> None:
    running = scenes.bucket()
    for snapshot, label, wish in (
        (scenes.stopped(), "start loop", Wish.START),
        (running, "pause loop", Wish.PAUSE),
        (replace(running, loop=replace(running.loop, asked="paused")), "resume loop", Wish.RESUME),
    ):
        source = StillSource(snapshot)
        async with shown(source) as (app, pilot):
            assert f"l {label}" in screen_text(app)
            await pilot.press("l")
            await until(lambda wish=wish, source=source: ("loop", wish) in source.asked, label)


async def test_a_refused_wish_says_why_and_how_to_go_on() -> None:
    source = StillSource(scenes.stopped())
    source.refusal = Refused("a loop of this project runs already", "`coord attach loop` goes to its window")
    async with shown(source) as (app, pilot):
        await pilot.press("l")
        await until(lambda: "runs already" in screen_text(app) and "coord attach loop" in screen_text(app), "the toast")


async def test_what_the_asker_wants_known_stands_below_the_question_without_its_controls() -> None:
    source = source_with(context="Debian ships 7.0.\n\x1b[31mRed\x1b]0;x\x07 Hat 6.2 [b]")
    async with shown(source) as (app, pilot):
        await pilot.press("n")
        await until(lambda: isinstance(app.main.form, AnswerForm) and app.focused.id == "choices", "the options")
        await pilot.pause()
        lines = [line.strip("│ ") for line in screen_text(app).splitlines()]
        place = lines.index("Debian ships 7.0.")
        assert lines[place + 1] == "·[31mRed·]0;x· Hat 6.2 [b]"
        assert place > lines.index("Which Redis versions must be supported?")
        await pilot.press("escape")
        await until(lambda: app.main.form is None, "the events")
        await pilot.press("Q")
        await until(lambda: "asked, " in screen_text(app), "the questions")
        assert "Debian ships 7.0." in screen_text(app)
