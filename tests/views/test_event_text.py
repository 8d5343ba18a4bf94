"""Events in words: short, safe, and never failing, whatever is in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import build

from coordinator.model.event import ALL_KINDS, Event
from coordinator.model.text import plain
from coordinator.views.event_text import actor_name, describe, sentence

HOSTILE = "\x1b]0;owned\x07 [@click=app.quit]x[/] \u202egnp\r\nsecond line"


def event(kind: str, subject: str = "prompt:7", actor: str = "executor-07-1", **data: object) -> Event:
    return build.event(kind, subject, actor, **data)


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (event("decision.recorded", "milestone", text="use WAL"), "executor 07  decision  use WAL"),
        (event("decision.recorded", text="use WAL", actor="ada"), "ada  decision  07 use WAL"),
        (event("decision.recorded", text="use WAL"), "executor 07  decision  use WAL"),
        (event("question.asked", text="Which Redis?"), "executor 07  question  Which Redis?"),
        (event("question.asked", text="Which?", options=["6", "7"]), "executor 07  question  Which?  (6 / 7)"),
        (event("question.answered", question="x", answer="7", actor="ada"), "ada  answer  07 → 7"),
        (
            event("intent.set", "milestone", goal="fast", constraints=["a", "b"]),
            "executor 07  intent  goal: fast · constraints: a, b",
        ),
        (
            event("agent.status", "agent:executor-07-1", "loop", state="working", stuck="mute", cause="no output"),
            "loop  agent  executor 07 seems stuck: no output",
        ),
        (
            event("agent.status", "agent:executor-07-1", "loop", state="working", stuck="", reason="it gets on again"),
            "loop  agent  executor 07 working: it gets on again",
        ),
        (
            event("trust.given", "milestone", actor="ada", first=False, contents={".coord/setup.sh": "1"}),
            "ada  trusted  what came with a commit: .coord/setup.sh",
        ),
        (event("milestone.status", "milestone", status="done"), "executor 07  milestone  done"),
        (event("change.approved", attempt=1, actor="ada"), "ada  approved  07"),
        (event("change.rejected", attempt=2, note="no tests"), "executor 07  rejected  attempt 2: no tests"),
        (event("artifact.produced", path="a.md"), "executor 07  artifact  a.md"),
        (event("attachment.added", "milestone", ref="#12"), "executor 07  attached  #12"),
        (
            event("prompt.created", "prompt:12", title="Limit", type="planned"),
            "executor 07  created  12 Limit (planned)",
        ),
        (event("prompt.edited", changed=["title", "body"]), "executor 07  edited  title, body"),
        (event("prompt.edited", changed="dependencies"), "executor 07  edited  dependencies"),
        (event("prompt.cancelled", reason="not needed"), "executor 07  cancelled  not needed"),
        (
            event("plan.applied", plan="x", summary="interjection 09 after 02, before 07", reason="clock stepped back"),
            "executor 07  applied  interjection 09 after 02, before 07 · because: clock stepped back",
        ),
        (
            event(
                "plan.applied", actor="ada", plan="x", summary="cancel 09", proposer="coordinator (m)", reason="late"
            ),
            "ada  applied  cancel 09 · proposed by coordinator (m) · because: late",
        ),
        (event("plan.undone", "milestone", plan="x", summary="undo of 09"), "executor 07  undone  undo of 09"),
        (
            event("feedback.filed", "milestone", priority="High", category="security", title="open port"),
            "executor 07  feedback  High security: open port",
        ),
        (
            event("flow.routed", actor="loop", to="implementer", reason="the pipeline begins", pipeline="build"),
            "loop  routed  07 implementer: the pipeline begins",
        ),
        (
            event(
                "flow.routed",
                actor="loop",
                **{"from": "code-critic", "to": "implementer.2", "round": 2, "reason": "3 open items"},
                recommended="cleanup",
            ),
            "loop  routed  07 code-critic → implementer.2, round 2: 3 open items; code-critic recommended cleanup",
        ),
        (
            event("flow.routed", actor="loop", **{"from": "cleanup", "to": "", "outcome": "done"}, pipeline="build"),
            "loop  routed  07 build through",
        ),
        (
            event(
                *("flow.sealed", "stage:7/cleanup"),
                actor="loop",
                sealed=True,
                status="VERIFIED",
                commit="0123456789abcdef",
                suites=[{"name": "unit", "exit": 0}, {"name": "slow", "exit": 0, "timed_out": True}, 3],
            ),
            "loop  sealed  07 cleanup sealed: VERIFIED on 0123456789, 1 of 2 suites green",
        ),
        (
            event(
                "flow.sealed", "stage:7/cleanup", actor="loop", sealed=False, reasons=["AC-1 is open", "unit: exit 1"]
            ),
            "loop  sealed  07 cleanup not sealed: AC-1 is open; unit: exit 1",
        ),
        (
            event("ownership.violated", "stage:7/implementer", actor="loop", files=["t/a.py", "t/b.py"], more=3),
            "loop  violated  07 implementer changed what is not its own: t/a.py, t/b.py and 3 more",
        ),
        (
            event("stage.published", "stage:7/implementer", actor="loop", name="ac_status.json", digest="ab"),
            "loop  stage  07 implementer published ac_status.json",
        ),
        (event("flow.other", "milestone", actor="loop", text="what?"), "loop  flow  what?"),
        (event("verdict.given", "milestone", met=False, text="no retry"), "executor 07  verdict  not met: no retry"),
        (event("learning.noted", "milestone", text="run make"), "executor 07  learned  run make"),
        (
            event("planner.decided", "milestone", decision="CONTINUE", reason="2 left"),
            "executor 07  planned  CONTINUE: 2 left",
        ),
        (event("handoff.given", outcome="done", summary="stored"), "executor 07  handoff  done: stored"),
        (event("step.dispatched", actor="loop", attempt=1, agent="executor-07-1"), "loop  step  07 dispatched"),
        (event("step.running", actor="loop", attempt=2), "loop  step  07 running  attempt 2"),
        (
            event("step.change_open", actor="loop", attempt=1, commits=["a", "b", "c"], added=184, removed=12),
            "loop  step  07 change-open  3 commits  +184 -12",
        ),
        (
            event("step.change_open", **{"from": "running"}, commits=1),
            "executor 07  step  running → change-open  1 commit",
        ),
        (event("step.merged", actor="loop", commit="0123456789abcdef"), "loop  merged  07  as 0123456789"),
        (event("step.merged", actor="loop", no_change=True), "loop  merged  07  no change"),
        (
            event("step.failed", actor="loop", attempt=2, reason="exit 1, no receipt"),
            "loop  failed  07 attempt 2: exit 1, no receipt",
        ),
        (event("step.blocked", actor="loop", attempt=1, reason="no network"), "loop  step  07 blocked: no network"),
        (event("step.skipped", actor="loop", reason="cancelled"), "loop  step  07 skipped  cancelled"),
        (
            event("agent.started", "agent:executor-07-1", actor="loop", prompt=7, runtime="claude"),
            "loop  agent  executor 07 started (claude)",
        ),
        (
            event("agent.exited", "agent:executor-07-1", actor="loop", status=1),
            "loop  agent  executor 07 exited with 1",
        ),
        (
            event("agent.exited", "agent:executor-07-1", actor="loop", status=0),
            "loop  agent  executor 07 exited with 0",
        ),
        (
            event("agent.status", "agent:executor-07-1", actor="loop", state="permission"),
            "loop  agent  executor 07 permission",
        ),
        (
            event("agent.killed", "agent:executor-07-1", actor="loop", reason="restart"),
            "loop  agent  executor 07 killed: restart",
        ),
        (
            event("step.failed", actor="loop", reason="the suite `unit` failed:\n...\n\nE   1 == 2\n2 failed\n"),
            "loop  failed  07: the suite `unit` failed: … 2 failed",
        ),
        (event("agent.lost", "agent:executor-07-1", actor="loop"), "loop  agent  executor 07 lost"),
        (event("run.started", "milestone", actor="loop"), "loop  run  started"),
        (event("run.halted", "run:run-3", actor="loop", reason="07 failed"), "loop  run  halted: 07 failed"),
        (event("iteration.ended", "milestone", actor="loop", outcome="CONTINUE"), "loop  iteration  ended: CONTINUE"),
        (event("stage.test_failed", actor="loop", reason="red"), "loop  stage  07 test failed: red"),
        (
            event("problem.found", "milestone", path="a.md", line=3, message="no title"),
            "executor 07  problem  a.md:3: no title",
        ),
        (
            event("problem.worktree_kept", "agent:executor-07-1", reason="unmerged"),
            "executor 07  problem  executor 07: unmerged",
        ),
        (event("conflict.detected", actor="loop", files=["a.py", "b.py"]), "loop  conflict  07 in a.py, b.py"),
    ],
    ids=lambda value: value.kind if isinstance(value, Event) else "",
)
def test_an_event_reads_as(made: Event, line: str) -> None:
    assert sentence(made) == line
    assert line == "  ".join((describe(made).actor, describe(made).word, describe(made).text))


def test_a_refusal_names_who_was_refused() -> None:
    data = {"actor": "executor-07-1", "kind": "question.answered", "reason": "only a human may"}
    made = Event(1, "i", "", None, None, "system", "loop", "access.denied", "prompt:7", data, "", "")
    assert describe(made).text == "executor 07 may not write question.answered: only a human may"


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_kind_says_something_that_fits_its_columns(kind: str) -> None:
    line = describe(event(kind, text="some text", title="a title", reason="a reason", path="a.md", status="done"))
    assert line.actor
    assert 0 < len(line.word) <= 10
    assert line.text


@given(
    kind=st.sampled_from(ALL_KINDS) | st.text(max_size=12),
    subject=st.text(max_size=20) | st.sampled_from(["prompt:7", "prompt:", "prompt:x", "agent:", "milestone"]),
    actor=st.text(max_size=20),
    data=st.dictionaries(
        st.sampled_from(
            ["text", "reason", "options", "files", "commits", "attempt", "met", "line", "status", "changed"]
        )
        | st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(HOSTILE),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=6,
        ),
    ),
)
def test_whatever_is_in_an_event_it_becomes_one_safe_line(
    kind: str, subject: str, actor: str, data: dict[str, object]
) -> None:
    line = describe(Event(1, "i", "", None, None, "agent", actor, kind, subject, data, "", ""))
    for part in (line.actor, line.word, line.text):
        assert part == plain(part)
        assert "\n" not in part
        assert "\x1b" not in part


def test_a_megabyte_is_cut() -> None:
    assert len(describe(event("decision.recorded", text="x" * 1_000_000)).text) < 2000


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("executor-07-1", "executor 07"),
        ("security-review-12-3", "security-review 12"),
        ("planner-1", "planner-1"),
        ("ada", "ada"),
        ("loop", "loop"),
        ("", ""),
    ],
)
def test_agents_are_called_by_role_and_prompt(name: str, shown: str) -> None:
    assert actor_name(name) == shown
