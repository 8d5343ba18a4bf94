"""Who may write what: the table of the design, cell by cell."""

import pytest
from support.rights import ROLES, TABLE

from coordinator.model.event import ALL_KINDS, SYSTEM, Actor, ActorKind, is_kind, may_write, who_may

HUMAN = Actor(ActorKind.HUMAN, "ada")


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_each_kind_is_written_by_those_the_table_names_and_nobody_else(kind: str) -> None:
    allowed = TABLE.get(kind, {"system"})
    agents = {role for role in ROLES if may_write(Actor(ActorKind.AGENT, "x-01-1", role), kind)}
    others = {actor.kind.value for actor in (HUMAN, SYSTEM) if may_write(actor, kind)}
    assert agents | others == allowed


@pytest.mark.parametrize("kind", ["run.started", "iteration.ended", "stage.test_failed", "problem.worktree_kept"])
def test_the_families_of_the_system_are_open_to_the_system_alone(kind: str) -> None:
    assert may_write(SYSTEM, kind)
    assert not may_write(HUMAN, kind)
    assert not any(may_write(Actor(ActorKind.AGENT, "x", role), kind) for role in ROLES)


def test_an_agent_whose_role_is_called_like_a_kind_of_actor_gains_nothing() -> None:
    for role in ("human", "system"):
        agent = Actor(ActorKind.AGENT, "x", role)
        assert not may_write(agent, "question.answered")
        assert not may_write(agent, "step.merged")


def test_the_system_closes_the_milestone_and_only_a_human_does_anything_else_with_it() -> None:
    assert may_write(SYSTEM, "milestone.status", {"status": "done"})
    assert not may_write(SYSTEM, "milestone.status", {"status": "open"})
    assert not may_write(SYSTEM, "milestone.status")
    assert may_write(HUMAN, "milestone.status", {"status": "open"})


@pytest.mark.parametrize(
    "kind", ["", "step", "step.", "step.flying", "run.", "run.a b", "run.é", "nonsense.made", "Run.x"]
)
def test_what_is_no_kind_is_written_by_nobody(kind: str) -> None:
    assert not is_kind(kind)
    assert not any(may_write(actor, kind) for actor in (HUMAN, SYSTEM, Actor(ActorKind.AGENT, "x", "planner")))


def test_the_rule_can_be_told_in_words() -> None:
    assert who_may("question.answered") == "only a human"
    assert who_may("step.merged") == who_may("run.anything") == "only the system"
    assert who_may("prompt.created") == "a human or a planner"
    assert who_may("decision.recorded") == "a human or an agent"
