"""Replay: the state right after any event, from the events alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.lazy.dataclass import replace
from coordinator.model.clock import timestamp
from coordinator.model.event import Event
from coordinator.model.prompt import Priority, Prompt, PromptStatus, PromptType
from coordinator.model.prompt_rows import ROWS, Row, changes, described, row_of, rows_after
from coordinator.model.replay import Replay
from coordinator.model.snapshot import AgentState, LoopState
from coordinator.model.step import Step, StepState
from coordinator.model.usage import Spent
from coordinator.views.prompt_row import Facts

TS = "2027-01-15T08:00:00.000Z"


KINDS = (
    *("step.running", "step.x", "agent.status", "agent.exited", "run.prompts", "prompt.created", "prompt.edited"),
    *("question.asked", "question.answered", "milestone.status", "run.paused", "decision.recorded"),
)


class Story:
    """Events told one after the other."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(self, kind: str, subject: str = "milestone", actor: str = "loop", **data: Any) -> "Story":
        seq = len(self.events) + 1
        id_ = f"0195f000-0000-7000-8000-{seq:012d}"
        self.events.append(Event(seq, id_, TS, "run-1", 1, "system", actor, kind, subject, data, "", ""))
        return self

    def at(self, seq: int | None = None, *base: Prompt) -> Replay:
        replay = Replay(base, project="p", title="M", max_parallel=2)
        replay.feed(self.events if seq is None else self.events[:seq])
        return replay


def a_day() -> Story:
    """Two prompts; the first runs, asks and is merged; the second is interjected before it, and fails."""
    story = Story()
    story.tell("run.started")
    story.tell("run.prompts", prompts=[[1, "One", "planned", "medium", [], ""]], first=True)
    story.tell("prompt.created", "prompt:2", "ada", title="Two", type="user-patch", dependencies=[1])
    story.tell("step.dispatched", "prompt:1", attempt=1, agent="executor-01-1")
    story.tell("agent.started", "agent:executor-01-1", prompt=1, attempt=1, runtime="claude")
    story.tell("step.running", "prompt:1", attempt=1, agent="executor-01-1")
    story.tell("question.asked", "prompt:1", "executor-01-1", text="Which?")
    story.tell("question.answered", "prompt:1", "ada", question=story.events[-1].id, answer="this")
    story.tell("agent.exited", "agent:executor-01-1", prompt=1, attempt=1, status=0)
    story.tell("step.merged", "prompt:1", attempt=1, agent="executor-01-1", commits=["a" * 40], commit="b" * 40)
    story.tell("step.dispatched", "prompt:2", attempt=1, agent="executor-02-1")
    story.tell("step.failed", "prompt:2", attempt=1, agent="executor-02-1", reason="no")
    story.tell("run.stopped")
    return story


def test_a_state_is_that_of_its_time() -> None:
    story = a_day()
    states = [
        {number: step.state.value for number, step in story.at(seq).snapshot().steps.items()} for seq in range(14)
    ]
    assert states[0] == states[1] == {}
    assert states[2] == {1: "pending"}
    assert states[3] == {1: "pending", 2: "pending"}
    assert states[4][1] == "dispatched"
    assert states[6] == {1: "running", 2: "pending"}
    assert states[10] == {1: "merged", 2: "pending"}
    assert states[12] == {1: "merged", 2: "failed"}


def test_the_loop_waits_while_a_question_was_open() -> None:
    story = a_day()
    waiting, answered = story.at(7).snapshot(), story.at(8).snapshot()
    assert (waiting.loop.state, len(waiting.open_questions)) == (LoopState.WAITING, 1)
    assert (answered.loop.state, answered.questions[0].answer) == (LoopState.RUNNING, "this")
    assert story.at(12).snapshot().loop.state is LoopState.HALTED
    assert story.at(13).snapshot().loop.state is LoopState.STOPPED


def test_agents_are_those_of_the_time() -> None:
    story = a_day()
    (agent,) = story.at(6).snapshot().agents
    assert (agent.id, agent.role, agent.prompt, agent.runtime) == ("executor-01-1", "executor", 1, "claude")
    assert agent.state is AgentState.WORKING
    assert story.at(9).snapshot().agents[0].state is AgentState.FINISHED
    assert story.at(10).snapshot().agents == ()


@pytest.mark.parametrize("end", ["agent.killed", "agent.lost"])
def test_an_agent_that_was_ended_is_lost_and_one_that_says_so_waits(end: str) -> None:
    story = a_day()
    story.tell("agent.started", "agent:planner-1", runtime="claude")
    story.tell("agent.status", "agent:planner-1", state="permission")
    (agent,) = [a for a in story.at().snapshot().agents if a.id == "planner-1"]
    assert (agent.state, agent.prompt) == (AgentState.PERMISSION, None)
    story.tell(end, "agent:planner-1")
    assert [a for a in story.at().snapshot().agents if a.id == "planner-1"] == []


def test_prompts_look_as_their_files_did() -> None:
    prompts = a_day().at().snapshot().prompts
    assert (prompts[1].status, prompts[1].attempts, prompts[1].commits) == (PromptStatus.DONE, 1, ("a" * 40,))
    assert (prompts[2].type, prompts[2].dependencies) == (PromptType.USER_PATCH, (1,))
    assert prompts[2].status is PromptStatus.FAILED


def test_edits_change_what_the_graph_shows() -> None:
    story = a_day()
    story.tell("prompt.created", "prompt:3", title="Three", dependencies=[])
    values = {"dependencies": [3], "title": "Now two", "priority": "high"}
    story.tell("prompt.edited", "prompt:2", changed=["dependencies"], values=values)
    before, after = story.at(14).snapshot(), story.at(15).snapshot()
    assert before.graph.dependencies[2] == (1,)
    assert after.graph.dependencies[2] == (3,)
    assert (after.prompts[2].title, after.prompts[2].priority) == ("Now two", Priority.HIGH)
    story.tell("prompt.edited", "prompt:2", changed=["status"], values={"status": "cancelled"})
    assert story.at().snapshot().steps[2].state is StepState.SKIPPED
    story.tell("prompt.edited", "prompt:2", changed=["status"], values={"status": "pending"})
    assert story.at().snapshot().steps[2].state is StepState.PENDING


def test_prompts_that_came_and_went_by_hand_are_told_by_the_loop() -> None:
    story = a_day()
    story.tell(
        "run.prompts", prompts=[[4, "Four", "planned", "low", [2], ""], [5, "Old", "planned", "low", [], "done"]]
    )
    story.tell("run.prompts", prompts=[], gone=[4])
    there, gone = story.at(14).snapshot(), story.at(15).snapshot()
    assert (there.graph.dependencies[4], there.steps[5].state) == ((2,), StepState.MERGED)
    assert 4 not in gone.prompts


def test_prompts_from_before_the_log_are_there_from_its_start() -> None:
    base = Prompt(9, "Nine", "", status=PromptStatus.DONE)
    assert a_day().at(0, base).snapshot().steps[9].state is StepState.MERGED


@given(
    st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.sampled_from(["prompt:1", "prompt:0", "prompt:x", "agent:", "agent:a-b", "milestone", ""]),
            st.dictionaries(
                st.sampled_from(
                    ["attempt", "agent", "prompts", "gone", "title", "dependencies", "values", "state", "status"]
                ),
                st.recursive(
                    st.none() | st.integers(-2, 3) | st.booleans() | st.sampled_from(["", "pending", "x"]),
                    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from(["title"]), inner),
                    max_leaves=6,
                ),
            ),
        ),
        max_size=8,
    )
)
def test_strange_events_harm_nothing(told: list[tuple[str, str, dict[str, Any]]]) -> None:
    story = Story()
    for kind, subject, data in told:
        story.tell(kind, subject, **data)
    snapshot = story.at().snapshot()
    assert set(snapshot.steps) == set(snapshot.prompts)


@given(st.integers(0, 12), st.integers(0, 12))
def test_a_copy_goes_on_without_its_original(first: int, second: int) -> None:
    story = a_day()
    early, late = sorted((first, second))
    original = story.at(early)
    before = original.snapshot()
    copied = original.copy()
    copied.feed(story.events[early:late])
    assert original.snapshot() == before
    assert copied.snapshot() == story.at(late).snapshot()


def rows(*numbers: int, title: str = "t") -> dict[int, Row]:
    return {n: row_of(Prompt(n, title, ""), Step(n, StepState.PENDING)) for n in numbers}


@pytest.mark.parametrize(
    ("before", "now"), [({}, rows(1, 2)), (rows(1, 2), rows(2, 3)), (rows(1), rows(1, title="other")), (rows(1), {})]
)
def test_descriptions_add_up(before: dict[int, Row], now: dict[int, Row]) -> None:
    told = before
    for data in changes(before, now):
        told = rows_after(told, data)
    assert told == now
    assert changes(now, now) == []


def test_many_prompts_are_described_in_parts() -> None:
    told = changes({}, rows(*range(1, ROWS + 2)))
    assert [len(data["prompts"]) for data in told] == [ROWS, 1]  # type: ignore[arg-type]
    assert all(data["first"] is True for data in told)


def test_what_is_no_row_describes_nothing() -> None:
    for row in (None, [], [0, "t", "planned", "low", [], ""], [True, "t", "planned", "low", [], ""], ["1"] * 6, [1]):
        assert described(row) is None
    prompt = described([1, None, "odd", 7, ["x", 2, True, -1], {}])
    assert prompt == Prompt(1, "None", "", dependencies=(2,))


def test_what_was_thought_of_an_agent_then_is_told_and_is_over_when_it_was_over() -> None:
    story = Story()
    story.tell("step.running", "prompt:1", attempt=1, agent="executor-01-1")
    story.tell("agent.started", "agent:executor-01-1", prompt=1, attempt=1, runtime="claude")
    story.tell("agent.status", "agent:executor-01-1", state="working", stuck="spinning", since="2027-01-15T07:00:00Z")
    story.tell("agent.status", "agent:executor-01-1", state="working", stuck="", reason="it gets on again")
    story.tell("agent.status", "agent:executor-01-1", state="working", stuck={"no": 1}, since=[])
    stuck = [story.at(seq).snapshot().agents[0].stuck for seq in (2, 3, 4, 5)]
    assert [found and found.words(story.at().now) for found in stuck] == [
        None,
        "tokens grow, but no file changed for 1h00",
        None,
        None,
    ]


def test_what_a_run_had_used_by_then_is_told_and_what_nobody_told_is_not() -> None:
    story = Story().tell("run.started")
    for number, tokens in ((1, 100), (2, 20)):
        story.tell("step.running", f"prompt:{number}", attempt=1, agent=f"executor-{number:02d}-1")
        story.tell("agent.exited", f"agent:executor-{number:02d}-1", prompt=number, attempt=1, status=0, tokens=tokens)
    story.tell("agent.exited", "agent:executor-01-2", prompt=1, attempt=2, status=0, cost_usd=0.5, tokens="many")
    spent = [story.at(seq).snapshot().spent for seq in (2, 3, 5, 6)]
    assert spent == [{}, {1: Spent(100)}, {1: Spent(100), 2: Spent(20)}, {1: Spent(100, 0.5), 2: Spent(20)}]


def test_an_agent_that_was_killed_looks_as_it_did_live() -> None:
    story = a_day()
    story.tell("step.dispatched", "prompt:2", attempt=2, agent="executor-02-2")
    story.tell("agent.started", "agent:executor-02-2", prompt=2, attempt=2, runtime="claude")
    story.tell("agent.killed", "agent:executor-02-2", prompt=2, attempt=2, reason="wrong way")
    story.tell("step.blocked", "prompt:2", attempt=2, agent="executor-02-2", reason="wrong way")
    snapshot = story.at().snapshot()
    assert [agent.state for agent in snapshot.agents] == [AgentState.KILLED]
    assert Facts(snapshot).of(2, story.at().now).text == "killed, held · wrong way"


def test_what_work_took_ends_with_its_process_and_not_when_somebody_noted_it() -> None:
    story = a_day()
    story.events = [event for event in story.events if event.kind != "agent.exited"][:8]
    story.tell("agent.exited", "agent:executor-01-1", prompt=1, attempt=1, status=0, seconds=62.04)
    story.tell("step.merged", "prompt:1", attempt=1, agent="executor-01-1", commits=["a" * 40], commit="b" * 40)
    story.events = [replace(event, ts="2027-01-15T08:09:00.000Z") if event.seq > 8 else event for event in story.events]
    before, after = story.at(9).snapshot(), story.at().snapshot()
    assert [agent.observed_at - timestamp(agent.since) for agent in before.agents] == [62]
    assert Facts(after).of(1, story.at().now).text == "1m02"
