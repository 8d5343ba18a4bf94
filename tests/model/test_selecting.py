"""Filters over prompts and agents: which they mean, and what they can't mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import agent, attempt
from support.onpaper import Paper

from coordinator.errors import UsageError
from coordinator.lazy.dataclass import replace
from coordinator.model.selecting import KEYS, STATES, alike, select, wish_of, wishes
from coordinator.model.snapshot import AgentState, Snapshot
from coordinator.model.step import StepState

ASKS = AgentState.PERMISSION


def world() -> Snapshot:
    """1 landed, 2 and 7 run and ask for the same, 3 waits for 2, 4 failed, 5 is cancelled, 6 waits for 3."""
    paper = Paper().add(1, status="done", title="Bucket").add(2, 1, status="in_progress", attempts=1, title="Auth core")
    paper.add(3, 2, title="Auth pages", priority="high").add(4, status="failed", attempts=1, agent="codex")
    paper.add(5, status="cancelled").add(6, 3, type="emergent").add(7, status="in_progress", attempts=1)
    two, seven = attempt(2, StepState.RUNNING), attempt(7, StepState.RUNNING)
    paper.attempt(two).attempt(seven)
    asking = (agent(two, ASKS, doing="npm  test"), agent(seven, ASKS, doing="npm test"))
    verifier = replace(agent(9, AgentState.WORKING), id="verifier-1-1", prompt=None, flow="verifier", iteration=1)
    return replace(paper.snapshot(), agents=(*asking, verifier))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", (1, 2, 3, 4, 5, 6, 7)),
        ("status:failed", (4,)),
        ("status:failed,cancelled", (4, 5)),
        ("is:running", (2, 7)),
        ("status:waiting", (3, 6)),
        ("status:merged", (1,)),
        ("is:ready", ()),
        ("auth", (2, 3)),
        ("AUTH -priority:high", (2,)),
        ("title:auth status:pending", (3,)),
        ("07", (7,)),
        ("type:emergent", (6,)),
        ("agent:codex", (4,)),
        ("after:2", (3, 6)),
        ("before:6", (1, 2, 3)),
        ("branch:3", (3, 6)),
        ("number:2-4", (2, 3, 4)),
        ("-after:2 -status:done,failed", (2, 5, 7)),
        ("asks:npm", (2, 7)),
        ("like:7", (2, 7)),
        ("is:asking", (2, 7)),
        ("title:", (1, 2, 3, 4, 5, 6, 7)),
    ],
)
def test_a_filter_means_these_prompts(text: str, numbers: tuple[int, ...]) -> None:
    assert sorted(select(world(), text).numbers) == sorted(numbers)


def test_agents_without_a_prompt_fit_by_what_they_are() -> None:
    assert [a.id for a in select(world(), "agent:verifier").agents] == ["verifier-1-1"]
    assert "verifier-1-1" not in [a.id for a in select(world(), "status:running").agents]


def test_of_two_agents_at_one_prompt_only_the_one_that_fits_is_meant() -> None:
    there = world()
    other = replace(there.agents[0], id="02-1-critic", stage="critic", doing="rm -rf /")
    found = select(replace(there, agents=(*there.agents, other)), "like:7")
    assert [a.id for a in found.agents] == ["executor-02-1", "executor-07-1"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour:red", "no filter is called `colour:`"),
        ("status:done,odd", "no prompt is ever `odd`"),
        ("is:odd", "nothing is `is:odd`"),
        ("after:x", "`x` is no prompt number"),
        ("number:3-", "`` is no prompt number"),
        ("like:3", "`3` asks for no permission"),
    ],
)
def test_what_a_filter_can_not_mean_is_said(text: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        select(world(), text)
    assert says in refused.value.message
    assert refused.value.remedy


def test_wishes_that_are_not_known_whole_are_alike_to_none() -> None:
    two, seven, *_ = world().agents
    assert [a.id for a in alike((two, seven), seven)] == [seven.id, two.id]
    cut = replace(two, doing="npm …"), replace(seven, doing="npm …")
    assert (wish_of(cut[0]), alike(cut, cut[0])) == ("", (cut[0],))
    assert [len(group) for group in wishes(cut)] == [1, 1]
    assert [len(group) for group in wishes((two, seven))] == [2]
    unknown = replace(two, doing=""), replace(seven, doing="")
    assert [len(group) for group in wishes(unknown)] == [1, 1]


@given(st.lists(st.sampled_from([f"{k}:" for k in KEYS] + list(STATES) + ["-", ",", "7", "a", " ", "status:done"])))
def test_any_text_is_a_filter_or_says_why_it_is_none(parts: list[str]) -> None:
    there, text = world(), "".join(parts)
    try:
        found = select(there, text)
    except UsageError:
        return
    assert set(found.numbers) <= set(there.prompts)
    assert [n for n in there.graph.order if n in found.numbers] == list(found.numbers)
