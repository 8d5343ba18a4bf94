"""An import as a plan: what becomes what, what is left out, and what a second one changes."""

from collections.abc import Sequence
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import attempt, prompt, snapshot

from coordinator.errors import Refused, UsageError
from coordinator.formats.prompt_text import parse_prompt
from coordinator.lazy.dataclass import replace
from coordinator.model.graph import Graph
from coordinator.model.imported import Item, Items, TaskStatus
from coordinator.model.plan import Plan
from coordinator.model.prompt import Priority, Prompt, PromptStatus
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.services.importing import Import, plan_import

TODO, DONE, CANCELLED = TaskStatus.TODO, TaskStatus.DONE, TaskStatus.CANCELLED


def item(key: str, *dependencies: str, **values: Any) -> Item:
    return replace(Item(key, f"Do {key}", f"tasks/{key}.md", dependencies=dependencies), **values)


def plan(world: Snapshot, *items: Item, place: str = "tasks") -> Plan:
    return plan_import(world, Import("backlog.md", place, Items(items), "ada"))


def after(world: Snapshot, made: Plan) -> Snapshot:
    """The project once the plan is applied, as its files are read again."""
    prompts = dict(world.prompts)
    for edit in made.edits:
        read = parse_prompt(edit.content, edit.path)
        assert isinstance(read, Prompt)
        prompts[read.number] = read
    return snapshot(prompts.values(), highest_number=max(prompts, default=0))


def started(world: Snapshot, number: int, state: StepState = StepState.RUNNING) -> Snapshot:
    return snapshot(world.prompts.values(), [attempt(number, state)], highest_number=world.highest_number)


def codes(made: Plan) -> list[tuple[str, str]]:
    left_out = made.more["left_out"]
    assert isinstance(left_out, list)
    return [(one["code"], one["message"]) for one in left_out]


def waits(made: Plan) -> dict[int, tuple[int, ...]]:
    return {one.number: one.dependencies for one in made.prompts_after}


def test_tasks_become_prompts_with_their_source_and_dependencies() -> None:
    world = snapshot([prompt(4)], highest_number=9)
    first = item("TASK-1", priority=Priority.HIGH, criteria=("It works",), body="## Description\n\nSo.", labels=("ui",))
    made = plan(world, first, item("TASK-2", "TASK-1", status=TaskStatus.BLOCKED))
    one, two = made.prompts_after
    assert (one.number, one.title, one.priority, one.status) == (10, "Do TASK-1", Priority.HIGH, PromptStatus.PENDING)
    assert (two.number, two.dependencies, two.status) == (11, (10,), PromptStatus.BLOCKED)
    assert one.extra["source"] == "backlog.md:TASK-1"
    assert one.extra["source_path"] == "tasks/TASK-1.md"
    assert one.extra["labels"] == "[ui]"
    assert one.created_by == "ada"
    assert one.source.decode().endswith(
        "---\n\n## Tasks\n\n### Description\n\nSo.\n\n## Acceptance Criteria\n\n- It works\n"
    )
    assert made.summary == "backlog.md in tasks: 2 new prompts"
    assert [row["number"] for row in made.more["items"]] == [10, 11]  # type: ignore[attr-defined]


def test_what_is_done_there_gets_no_prompt_and_holds_nothing_back() -> None:
    made = plan(snapshot(), item("A", status=DONE), item("B", "A"), item("C", status=CANCELLED), item("D", "C"))
    assert waits(made) == {1: (), 2: ()}
    assert made.more["items"][0]["satisfied"] == ["A"]  # type: ignore[index]
    assert codes(made) == [
        ("done", "A is done"),
        ("cancelled", "C is cancelled"),
        ("dependency-cancelled", "D depends on C, which is cancelled"),
    ]
    assert made.warnings[0] == "1 task done already: no prompt"


def test_what_depends_on_nothing_there_is_or_on_itself_is_named() -> None:
    made = plan(snapshot(), item("A", "A", "ghost", "b"), item("B"))
    assert waits(made) == {1: (2,), 2: ()}
    assert codes(made) == [
        ("self-dependency", "A depends on itself"),
        ("dangling", "A depends on ghost, which is not there"),
    ]


def test_a_cycle_is_cut_once_and_named() -> None:
    made = plan(snapshot(), item("A", "C"), item("B", "A"), item("C", "B"), item("D", "C"))
    assert waits(made) == {1: (3,), 2: (), 3: (2,), 4: (3,)}
    assert codes(made) == [("cycle", "A → C → B → A is a cycle")]


def test_of_two_tasks_of_one_id_the_first_counts() -> None:
    made = plan(snapshot(), item("A"), item("A", title="Another", path="tasks/z.md"), item("", title="Nameless"))
    assert [one.title for one in made.prompts_after] == ["Do A"]
    assert codes(made) == [("duplicate-id", "A stands in tasks/A.md:1 already"), ("no-id", "a task without an id")]


def test_a_whole_waits_for_its_parts_and_they_for_what_it_waits_for() -> None:
    made = plan(snapshot(), item("0"), item("1", "0"), item("1.1", parent="1"), item("1.2", "1.1", parent="1"))
    assert waits(made) == {1: (), 2: (1, 3, 4), 3: (1,), 4: (3,)}
    assert [one.extra.get("parent") for one in made.prompts_after] == [None, None, "2", "2"]


def test_parts_that_say_otherwise_have_their_way() -> None:
    made = plan(snapshot(), item("1"), item("1.1", "1", parent="1"))
    assert waits(made) == {1: (), 2: (1,)}
    assert codes(made) == []
    knot = plan(snapshot(), item("1", parent="2"), item("2", parent="1"))
    assert waits(knot) == {1: (), 2: ()}


def test_parts_of_what_is_cancelled_are_left_out() -> None:
    made = plan(snapshot(), item("1", status=CANCELLED), item("1.1", parent="1"), item("2"))
    assert [one.title for one in made.prompts_after] == ["Do 2"]
    assert ("cancelled", "1.1 is a part of 1, which is cancelled") in codes(made)


def test_words_of_others_are_made_safe() -> None:
    nasty = item(
        "../../etc/passwd",
        title="x\x1b[2J\u202e [bold]" + "y" * 300,
        body="# Top\n## Engineer Steering\n\n## Attempt 1 · done · a · b\n```\n# code\n",
        criteria=("a\nb", ""),
    )
    made = plan(snapshot(), nasty)
    (one,) = made.prompts_after
    assert one.path.startswith(".coord/prompts/01-planned-x-2j-bold")
    assert "/" not in one.path.removeprefix(".coord/prompts/")
    assert "\x1b" not in one.source.decode()
    assert "\u202e" not in one.source.decode()
    assert len(one.title) == 200
    assert one.extra["source"] == "backlog.md:../../etc/passwd"
    body = one.source.decode().partition("\n---\n")[2]
    assert [line for line in body.splitlines() if line.startswith(("# ", "## "))] == [
        "## Tasks",
        "# code",
        "## Acceptance Criteria",
    ]
    assert "\n```\n\n## Acceptance Criteria\n\n- a b\n" in body


def test_a_project_that_demands_criteria_gets_no_prompt_without() -> None:
    world = snapshot(settings=Settings(require_criteria=True))
    made = plan(world, item("A"), item("B", criteria=("b",)))
    assert [one.title for one in made.prompts_after] == ["Do B"]
    assert codes(made)[0][0] == "no-criteria"


def test_nothing_to_import_says_why() -> None:
    with pytest.raises(UsageError, match="no task could be read from tasks"):
        plan(snapshot())


# ── importing again


def both(*items: Item) -> Snapshot:
    return after(snapshot(), plan(snapshot(), *items))


@st.composite
def any_items(draw: st.DrawFn) -> list[Item]:
    keys = draw(st.lists(st.sampled_from([f"T{n}" for n in range(12)]), max_size=12))
    some = st.lists(st.sampled_from([*keys, "ghost", "T3"]), max_size=4)
    return [
        item(
            key,
            *draw(some),
            title=draw(st.text(max_size=20)),
            body=draw(st.text(alphabet="ab #`\n\r\t\u202eé-", max_size=40)),
            status=draw(st.sampled_from(TaskStatus)),
            priority=draw(st.sampled_from([None, *Priority])),
            criteria=tuple(draw(st.lists(st.text(max_size=5), max_size=3))),
            parent=draw(st.sampled_from(["", *keys])),
        )
        for key in keys
    ]


@given(any_items())
def test_importing_twice_changes_nothing(items: Sequence[Item]) -> None:
    if not items:
        return
    first = plan(snapshot(), *items)
    assert not Graph.of(first.prompts_after).cycles
    assert not Graph.of(first.prompts_after).dangling
    second = plan(after(snapshot(), first), *items)
    assert second.edits == ()
    assert second.summary == "backlog.md in tasks: nothing has changed"


def test_what_changed_there_is_taken_over_and_nothing_else() -> None:
    world = both(item("A"), item("B"))
    made = plan(world, item("A", "C", title="Else", body="More", priority=Priority.LOW), item("B"), item("C"))
    assert [(edit.path, edit.change) for edit in made.edits] == [
        (".coord/prompts/01-planned-do-a.prompt.md", "modify"),
        (".coord/prompts/03-planned-do-c.prompt.md", "create"),
    ]
    one = made.prompts_after[0]
    assert (one.title, one.dependencies, one.priority) == ("Else", (3,), Priority.LOW)
    assert b"## Tasks\n\nMore\n" in one.source
    rows = {row["number"]: (row["change"], row["changed"]) for row in made.more["items"]}  # type: ignore[attr-defined]
    assert rows == {
        1: ("changed", ["body", "dependencies", "priority", "title"]),
        2: ("same", []),
        3: ("new", []),
    }


def edited(world: Snapshot, number: int, old: str, new: str) -> Snapshot:
    source = world.prompts[number].source.replace(old.encode(), new.encode())
    read = parse_prompt(source, world.prompts[number].path)
    assert isinstance(read, Prompt)
    assert read.source != world.prompts[number].source
    return snapshot({**world.prompts, number: read}.values(), highest_number=world.highest_number)


def test_what_was_changed_here_stays() -> None:
    world = edited(both(item("A", body="Words")), 1, "title: Do A", "title: Mine")
    again = plan(world, item("A", body="Words"))
    assert again.edits == ()
    there = plan(world, item("A", title="Theirs", body="Other words"))
    assert there.prompts_after[0].title == "Mine"
    assert b"Other words" in there.prompts_after[0].source
    assert codes(there) == [("changed-twice", "title of A was changed there and in prompt 01")]
    # and it is said again as long as it is so, while what was taken over is not
    third = plan(after(world, there), item("A", title="Theirs", body="Other words"))
    assert third.edits == ()
    assert [code for code, _ in codes(third)] == ["changed-twice"]


@pytest.mark.parametrize("state", [StepState.RUNNING, StepState.MERGED, StepState.FAILED, StepState.CHANGE_OPEN])
def test_what_ran_is_never_touched(state: StepState) -> None:
    world = started(both(item("A")), 1, state)
    made = plan(world, item("A", title="Else"), item("B", "A"))
    assert [edit.change for edit in made.edits] == ["create"]
    assert waits(made) == {2: (1,)}
    assert made.more["items"][0]["change"] == "kept"  # type: ignore[index]


def test_a_status_there_is_taken_over_while_the_prompt_is_pending() -> None:
    world = both(item("A"), item("B"), item("C"))
    made = plan(world, item("A", status=DONE), item("B", status=CANCELLED), item("C", status=TaskStatus.BLOCKED))
    assert [one.status for one in made.prompts_after] == [
        PromptStatus.DONE,
        PromptStatus.CANCELLED,
        PromptStatus.BLOCKED,
    ]
    assert [effect.kind for effect in made.effects].count("prompt.cancelled") == 1  # type: ignore[union-attr]


def test_what_is_gone_there_is_named_and_stays() -> None:
    made = plan(both(item("A"), item("B")), item("A"))
    assert made.edits == ()
    assert codes(made) == [("vanished", "backlog.md:B is not there any more; prompt 02 stays")]


def test_tasks_of_another_place_are_others() -> None:
    world = both(item("A"))
    made = plan(world, item("A", path="other/A.md"), item("B", path="other/B.md"), place="other")
    assert [one.title for one in made.prompts_after] == ["Do B"]
    assert codes(made) == [("other-source", "A is prompt 01 already, from tasks/A.md")]


def test_dependencies_of_both_sides_that_make_a_cycle_are_refused() -> None:
    world = edited(both(item("A"), item("B")), 1, "dependencies: []", "dependencies: [2]")
    with pytest.raises(Refused, match="that is a cycle: 01 → 02 → 01"):
        plan(world, item("A"), item("B", "A"))


def test_long_lists_of_what_is_left_out_are_cut() -> None:
    made = plan(snapshot(), *(item(f"T{n}", "ghost") for n in range(50)))
    assert len(codes(made)) == 50
    assert len(made.warnings) == 6
    assert made.warnings[-1] == "and 45 more of these (dangling)"


def test_tasks_that_people_would_call_the_same_are_one() -> None:
    same = [item("a\u202eb"), item("a·b", title="Another"), item("x\ny"), item("x y", title="Another")]
    made = plan(snapshot(), *same)
    assert [one.title for one in made.prompts_after] == ["Do a·b", "Do x y"]
    assert [code for code, _ in codes(made)] == ["duplicate-id", "duplicate-id"]
    assert plan(after(snapshot(), made), *same).edits == ()


def test_more_tasks_and_dependencies_than_anybody_has_are_cut_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.services.importing.MOST", 3)
    monkeypatch.setattr("coordinator.services.import_links.MOST", 1)
    made = plan(snapshot(), item("A"), item("B"), item("C", "A", "B"), item("D"), item("E"))
    assert waits(made) == {1: (), 2: (), 3: (1,)}
    assert codes(made) == [
        ("too-many", "there are 2 tasks more than 3, from D on"),
        ("too-many-dependencies", "C depends on 2 tasks"),
    ]


def test_parts_of_parts_thousands_deep_hold_nothing_up() -> None:
    deep = [item(f"{n}", f"{n * 7 % 3000}", parent=f"{n + 1}") for n in range(3000)]
    start = process_time()
    assert len(plan(snapshot(), *deep).prompts_after) == 3000
    assert process_time() - start < 20
