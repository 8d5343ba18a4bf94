"""Several at once: one plan for all that are chosen, and a word for each that is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import agent, attempt
from support.onpaper import Paper

from coordinator.errors import Refused, UsageError
from coordinator.lazy.dataclass import replace
from coordinator.model.plan import Kill, Permit, Plan, Record, Steer
from coordinator.model.prompt import Priority, PromptStatus
from coordinator.model.snapshot import AgentState, Snapshot
from coordinator.model.step import StepState
from coordinator.services.many import Many
from coordinator.services.registry import SERVICES

ACTIONS = ("permit", "tell", "kill", "restart", "pause", "priority", "cancel")


def paper() -> Paper:
    """1 landed, 2 and 3 run, 4 waits, 5 failed, 6 is cancelled, 7 waits for review, 8 waits for 4."""
    made = Paper().add(1, status="done").add(4, 1).add(5, status="failed", attempts=1).add(6, status="cancelled")
    for number, state in ((2, StepState.RUNNING), (3, StepState.RUNNING), (7, StepState.CHANGE_OPEN)):
        made.add(number, status="in_progress", attempts=1).attempt(attempt(number, state))
    return made.add(8, 4)


def world(*, asking: tuple[int, ...] = ()) -> Snapshot:
    there = paper().snapshot()
    states = {n: AgentState.PERMISSION if n in asking else AgentState.WORKING for n in (2, 3)}
    agents = (agent(n, state, doing="npm test" if n in asking else "") for n, state in states.items())
    return replace(there, agents=tuple(agents))


def plan(snapshot: Snapshot, do: str, **given: object) -> Plan:
    return SERVICES["many"].plan(
        snapshot, SERVICES["many"].ask({"do": do, **given}, who="ada", at="2026-01-01T00:00:00Z")
    )


def test_what_can_not_be_done_for_one_is_left_out_by_name() -> None:
    files = paper()
    made = plan(files.snapshot(), "cancel", numbers=[1, 4, 5, 6, 2])
    assert made.summary == "cancel 04, 05"
    assert made.warnings == (
        "08 no longer waits for those",
        "left out: 01 is done, 06 is cancelled already, 02 is in progress (executor-02-1)",
    )
    files.apply(made)
    statuses = {n: p.status for n, p in files.prompts().items()}
    assert statuses[4] is statuses[5] is statuses[6] is PromptStatus.CANCELLED
    assert statuses[2] is PromptStatus.IN_PROGRESS
    cancelled = [e.subject for e in made.effects if isinstance(e, Record) and e.kind == "prompt.cancelled"]
    assert cancelled == ["prompt:4", "prompt:5"]


def test_what_can_be_done_for_none_is_refused_as_it_is_for_one() -> None:
    with pytest.raises(Refused, match="prompt 01 is done"):
        plan(world(), "cancel", numbers=[1])
    with pytest.raises(Refused, match=r"it can be done for none of them: 01 .*, 06"):
        plan(world(), "cancel", numbers=[1, 6])


def test_running_ones_are_cancelled_where_that_was_said() -> None:
    made = plan(world(), "cancel", numbers=[2, 3], kill_running=True)
    assert [e.prompt for e in made.effects if isinstance(e, Kill)] == [2, 3]


def test_agents_that_ask_are_answered_each_for_what_it_asks() -> None:
    made = plan(world(asking=(2, 3)), "permit", where="asks:npm")
    assert made.summary == "allow 2 agents: npm test"
    permits = [e for e in made.effects if isinstance(e, Permit)]
    assert [(e.work.number, e.attempt, e.allow, e.doing) for e in permits] == [
        (2, 1, True, "npm test"),
        (3, 1, True, "npm test"),
    ]
    assert made.edits == ()
    denied = plan(world(asking=(2, 3)), "permit", numbers=[2, 4], answer="deny", text="not now")
    assert [(e.work.number, e.allow, e.reason) for e in denied.effects if isinstance(e, Permit)] == [
        (2, False, "not now")
    ]
    with pytest.raises(Refused, match="none of them asks for permission"):
        plan(world(), "permit", numbers=[2, 3])


def test_different_wishes_are_a_row_each_with_a_count() -> None:
    there = world(asking=(2, 3))
    other = replace(there.agents[1], doing="rm -rf build")
    made = plan(replace(there, agents=(there.agents[0], other)), "permit", numbers=[2, 3])
    assert made.summary == "allow 2 agents"
    assert made.warnings == ("1 × npm test", "1 × rm -rf build")


def test_all_that_can_take_them_are_told_the_same_words() -> None:
    made = plan(world(asking=(3,)), "tell", numbers=[2, 3], text="use uv")
    assert [(e.prompt, e.text, e.one_of_many) for e in made.effects if isinstance(e, Steer)] == [(2, "use uv", True)]
    assert made.warnings == ("left out: 03 asks for permission",)
    with pytest.raises(UsageError, match="nothing to send"):
        plan(world(), "tell", numbers=[2])


def test_killed_and_restarted_ones_keep_what_is_said_of_one() -> None:
    made = plan(world(), "kill", numbers=[2, 3, 4], then="requeue", text="wrong way")
    assert [(e.prompt, e.then, e.reason) for e in made.effects if isinstance(e, Kill)] == [
        (2, "requeue", "wrong way"),
        (3, "requeue", "wrong way"),
    ]
    assert made.summary == "kill, and queue again, 02, 03"
    again = plan(world(), "restart", where="status:failed,running")
    assert again.summary == "run again 02, 03, 05"


def test_paused_ones_are_held_until_restarted_and_running_ones_go_on() -> None:
    files = paper()
    made = plan(files.snapshot(), "pause", numbers=[2, 4, 8])
    assert made.summary == "hold until restarted: 04, 08"
    assert made.warnings == ("left out: 02 is in progress (executor-02-1)",)
    files.apply(made)
    assert files.snapshot().steps[4].state is StepState.BLOCKED
    files.apply(plan(files.snapshot(), "restart", numbers=[4]))
    assert files.snapshot().steps[4].state is StepState.PENDING


def test_a_priority_is_given_to_all() -> None:
    files = paper()
    files.apply(plan(files.snapshot(), "priority", where="status:waiting", priority="low", text="later"))
    assert {files.prompts()[n].priority for n in (4, 8)} == {Priority.LOW}
    assert b"later" in files.prompts()[4].source


def test_nothing_chosen_and_unknown_ones_are_said() -> None:
    with pytest.raises(UsageError, match="nothing is chosen"):
        plan(world(), "cancel")
    with pytest.raises(Refused, match="there is no prompt 99"):
        plan(world(), "cancel", numbers=[4, 99])
    with pytest.raises(Refused, match="there is no agent nobody"):
        plan(world(), "kill", agents=["nobody"])


@given(
    do=st.sampled_from(ACTIONS),
    numbers=st.lists(st.integers(1, 8), min_size=1, max_size=8),
    kill=st.booleans(),
)
def test_a_plan_of_many_does_to_each_what_the_plan_of_one_does(do: str, numbers: list[int], kill: bool) -> None:
    there, more = world(asking=(3,)), {"kill_running": kill, "text": "x"}

    def effects(chosen: list[int]) -> list[object]:
        try:
            made = plan(there, do, numbers=chosen, **more)
        except Refused:
            return []
        return [e for e in made.effects if not isinstance(e, Record)]

    each = [effect for number in dict.fromkeys(numbers) for effect in effects([number])]
    assert sorted(map(repr, effects(numbers))) == sorted(map(repr, each))


def test_a_request_is_made_of_plain_values() -> None:
    asked = SERVICES["many"].ask({"do": "cancel", "numbers": [4], "where": None})
    assert asked == Many("cancel", (4,))
