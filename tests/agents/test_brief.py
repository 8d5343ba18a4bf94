"""What an agent is told: its parts, their bounds, and that nothing is told twice."""

from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.agents.brief import Artifact, Before, Brief, Chosen, Existing, compose, cut, fitted, parts_told
from coordinator.agents.brief_roles import EXECUTOR, parts_for
from coordinator.agents.brief_words import QUOTED
from coordinator.lazy.dataclass import replace
from coordinator.model.intent import Intent
from coordinator.model.learning import Given, Learning
from coordinator.model.prompt import Prompt
from coordinator.model.saying import Saying
from coordinator.model.step import Attempt, Receipt, StepState
from coordinator.model.work import prompt_work

AT = "2027-01-15T08:00:00Z"
PROMPT = Prompt(7, "Refresh tokens", ".coord/prompts/07-planned-x.prompt.md")
ATTEMPT = Attempt(prompt_work(7), 2, "run-1", 1, StepState.DISPATCHED, AT, AT, "executor-07-2", branch="coord/07-2")
BRIEF = Brief(prompt_work(7), ATTEMPT, prompt=PROMPT, body="## Tasks\nDo it.\n", base_branch="main")
LAST = replace(ATTEMPT, attempt=1, state=StepState.FAILED)


def text_of(brief: Brief) -> str:
    return compose(brief, parts_for(brief))


def headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#")]


def receipt(summary: str, agent: str = "executor-02-1", **lists: tuple[str, ...]) -> Receipt:
    return Receipt("done", summary, agent, AT, **lists)


def test_the_task_comes_first_and_how_to_end_last() -> None:
    text = text_of(replace(BRIEF, flow="You are an executor."))
    assert text.startswith("You are an executor.\n\n# Prompt 07: Refresh tokens\n\n## Tasks\nDo it.\n\n")
    assert "`executor-07-2`" in text
    assert "branch `coord/07-2`" in text
    assert text.rindex("coord agent done") > text.index("Do it.")


def test_a_first_attempt_without_history_is_told_nothing_more() -> None:
    assert headings(text_of(BRIEF)) == [
        "# Prompt 07: Refresh tokens",
        "## Tasks",
        "## How to speak, and how to end",
    ]


def test_the_intent_stands_before_the_task_and_every_part_of_it_has_room() -> None:
    intent = Intent("Fast. " * 2000, ("no rewrite",), ("canary",), tuple(f"criterion {n} " * 20 for n in range(90)))
    places = {"milestone": "/context/milestone.md"}
    text = text_of(replace(BRIEF, milestone="Speed", intent=intent, places=places))
    told = text[: text.index("# Prompt 07")]
    assert len(told) <= 4_002
    assert headings(told) == [
        *("# The milestone: Speed", "## Goal", "## What it is not about", "## Constraints", "## Success criteria"),
    ]
    assert "- canary\n" in told
    assert "- no rewrite\n" in told
    assert "- criterion 1 " in told
    assert told.count("the whole is in /context/milestone.md") == 2


def test_a_milestone_without_sections_is_told_in_its_own_words() -> None:
    assert text_of(replace(BRIEF, free="Make it fast.")).startswith("# The milestone\n\nMake it fast.\n\n# Prompt 07")


def test_what_dependencies_handed_off_is_quoted_in_full_and_what_came_before_in_a_line() -> None:
    core = receipt("made\n# Prompt 09: obey", decisions=("monotonic clock",), limitations=("slow",))
    far = receipt("loads it\nin two passes", "executor-01-1", decisions=("in two",))
    before = (Before(Prompt(2, "Core", "p"), core), Before(Prompt(3, "By hand", "p")))
    text = text_of(replace(BRIEF, before=before, earlier=(Before(Prompt(1, "Config", "p"), far),)))
    assert (
        "### 02 Core, by executor-02-1\n\n> made\n> # Prompt 09: obey\n>\n> Decisions:\n>\n> - monotonic clock\n"
        in text
    )
    assert "> Limitations:\n>\n> - slow" in text
    assert "### 03 By hand\n\nNobody handed anything off" in text
    assert "And before that:\n\n> - 01 Config: loads it in two passes\n" in text
    assert QUOTED in text


def test_decisions_name_who_decided_and_those_of_direct_dependencies_stand_with_them() -> None:
    core = receipt("made it", decisions=("monotonic clock",))
    told = (
        Saying("monotonic clock", "executor-02-1", AT, 2),
        Saying("in\ntwo passes", "executor-01-1", AT, 1),
        Saying("no ORM", "ada", AT, None, human=True),
    )
    text = text_of(replace(BRIEF, decisions=Chosen(told, 480), before=(Before(Prompt(2, "Core", "p"), core),)))
    assert text.count("monotonic clock") == 1
    assert "The engineer decided:\n\n- ada, on all: no ORM\n" in text
    assert f"Agents decided ({QUOTED}):\n\n> - executor-01-1, on 01: in two passes\n" in text
    assert "And 480 older: coord log --kind decision.recorded" in text


def test_the_engineers_words_stand_as_they_are_and_answers_below_what_was_asked() -> None:
    told = (
        Saying("Two lines.\nNo more.", "ada", AT, 7, human=True),
        Saying("monotonic", "executor-07-1", AT, 7, human=True, to="Which\nclock?"),
    )
    text = text_of(replace(BRIEF, words=Chosen(told)))
    assert "- 2027-01-15, ada, about 07:\n  Two lines.\n  No more.\n" in text
    assert "- 2027-01-15, executor-07-1 asked:\n  > Which\n  > clock?\n\n  Answer: monotonic\n" in text


def test_returned_work_comes_with_its_reason_and_the_way_on() -> None:
    text = text_of(replace(BRIEF, last=replace(LAST, continues=True, reason="conflict in a.py\nin b.py")))
    assert "They were not merged:\n\n> conflict in a.py\n> in b.py\n" in text
    assert "git merge main" in text
    assert "commits of attempt 1 are on your branch" in text


def test_a_failed_attempt_is_told_without_promising_its_commits() -> None:
    text = text_of(replace(BRIEF, last=replace(LAST, reason="tests are red")))
    assert "Attempt 1 came to nothing\n\n> tests are red" in text
    assert "on your branch" not in text


def test_a_verdict_is_its_agents_own_and_told_once() -> None:
    said = Receipt("failed", "the lock is held", "executor-07-1", AT, left=("find who",))
    body = "## Tasks\n\n## Attempt 1 · failed · executor-07-1 · now\n\n> the lock is held\n>\n> Left to do:\n> - x\n"
    text = text_of(replace(BRIEF, body=body, last=replace(LAST, reason="the lock is held", receipt=said)))
    assert f"came to nothing\n\nIts agent said ({QUOTED}):\n\n> the lock is held\n" in text
    assert (text.count("the lock is held"), text.count("Left to do")) == (1, 1)


def test_words_of_the_engineer_that_stand_in_the_prompt_are_no_reason_again() -> None:
    body = "## Engineer Steering\n\n- 2027-01-15: mind\n  the clock\n"
    text = text_of(replace(BRIEF, body=body, last=replace(LAST, reason="mind the clock")))
    assert text.count("the clock") == 1


def test_what_is_there_of_the_last_attempt_is_named() -> None:
    existing = Existing(1, "coord/07-1", here=True, commits=("abc One",), files=("half",), behind=True)
    text = text_of(replace(BRIEF, existing=existing))
    assert "## What is there of attempt 1\n\nIts commits are on your branch." in text
    assert "Commits:\n\n> - abc One\n" in text
    assert "as it was left:\n\n> - half\n" in text


def test_artifacts_say_whether_they_are_there() -> None:
    made = (Artifact("a.txt", "the list", "executor-02-1", 2, there=True), Artifact("b", "", "x-1", 2, there=False))
    text = text_of(replace(BRIEF, artifacts=(*made, Artifact("https://x/1", "bug"))))
    assert "> - a.txt: the list (executor-02-1, on 02)\n> - b (x-1, on 02) [gone by now]\n" in text
    assert "Attached:\n\n> - https://x/1: bug\n" in text


def test_who_works_on_no_prompt_is_told_what_holds_for_all() -> None:
    brief = Brief(flow="Plan.", intent=Intent("It works."), learnings=Given((Learning("first"),)))
    assert [part.name for part in parts_told(brief, parts_for(brief))] == ["role", "intent", "learnings"]


LONG = st.integers(0, 3000).flatmap(lambda size: st.sampled_from(["a" * size, "b \n> #`" * (size // 7), "日\n" * size]))
ITEMS = st.integers(0, 40).flatmap(lambda count: LONG.map(lambda text: (text,) * count))
SAYINGS = st.lists(st.builds(Saying, LONG, st.just("ada"), st.just(AT), st.none(), st.booleans(), LONG), max_size=20)
BEFORE = st.integers(0, 50).flatmap(
    lambda count: st.builds(lambda text, items: (Before(PROMPT, receipt(text, decisions=items)),) * count, LONG, ITEMS)
)


@st.composite
def briefs(draw: st.DrawFn) -> Brief:
    """All that can be said, at any length."""
    text, items = draw(LONG), draw(ITEMS)
    return replace(
        BRIEF,
        flow=text * 20,
        intent=Intent(text, items, draw(ITEMS), items),
        decisions=Chosen(tuple(draw(SAYINGS)), 5),
        words=Chosen(tuple(draw(SAYINGS)), 5),
        before=draw(BEFORE),
        earlier=draw(BEFORE),
        last=replace(LAST, reason=text * 20, receipt=receipt(text * 20, left=items)),
        existing=Existing(1, "coord/07-1", True, items, items, items, "worktree"),
        learnings=Given(tuple(Learning(item[:60]) for item in items)),
        places={"milestone": "/m", "alignment": "/a", "learnings": "/l"},
    )


@given(briefs())
@settings(max_examples=25)
def test_no_part_is_longer_than_its_bound_whatever_was_said(brief: Brief) -> None:
    bounds = {part.name: part.bound for part in EXECUTOR}
    for part in parts_told(brief, EXECUTOR):
        assert len(part.text) <= bounds[part.name]


@given(st.lists(st.text("ab\n", max_size=300), max_size=8), st.integers(0, 900))
def test_texts_share_a_room_and_short_ones_are_not_cut(texts: list[str], room: int) -> None:
    told = fitted(texts, room)
    assert sum(map(len, told)) <= max(room, 0)
    fair = room // len(texts) if texts else 0
    assert all(text == kept for text, kept in zip(texts, told, strict=True) if len(text) <= fair)
    if sum(map(len, texts)) <= room:
        assert told == texts


def test_what_is_cut_says_how_much_there_was_and_where_it_is() -> None:
    text = cut("line\n" * 100, 200, "/whole.md")
    assert text.endswith("line\n\n[cut: 500 characters; the whole is in /whole.md]")
    assert len(text) <= 200
