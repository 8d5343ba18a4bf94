"""Claude Code in every role of an iteration: to DONE, and to STUCK and on once a human gave what is missing."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

import pytest
from support.fake_api import FakeApi, Step, shell
from support.project import Project
from support.real_agents import agent_of, real_project
from support.wait import wait_until

from coordinator.model.round import Phase

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SETTINGS = {
    "runtime": "claude",
    "max_parallel": 3,
    "planner_plans": "auto",
    "specialists": "[security]",
    "retry_backoff": 0,
}
WITNESS = "grep -qx red colour.txt"
CLAIM = {"id": "SC-1", "status": "met", "command": WITNESS, "note": "I have seen it"}
MILESTONE = (
    "---\ntitle: Colours\nstatus: open\niterate: true\n---\n"
    "## Goal\n\nA colour.\n\n## Success Criteria\n\n- canary-criterion: colour.txt says red\n"
)


def tool(verb: str, **values: object) -> Step:
    return Step("", f"mcp__coord__{verb}", values)


def by_command(step: Step) -> Step:
    """The same call as a command of the shell."""
    if not step.tool.startswith("mcp__coord__"):
        return step
    verb = step.tool.removeprefix("mcp__coord__")
    return shell(f"coord agent {verb} --json {quote(json.dumps(dict(step.input)))}")


def ends(summary: str) -> list[Step]:
    return [tool("done", summary=summary, no_change=True), Step("Done.")]


def plans(title: str, key: str, **more: object) -> list[Step]:
    prompt = {"key": key, "title": title, "type": "planned", "body": f"## Tasks\n\n{title}\n", **more}
    plan = tool("plan", decision="CONTINUE", reason="a colour is missing", intent="get it", prompts=[prompt])
    return [plan, *ends("planned it")]


def works(colour: str) -> list[Step]:
    done = f"coord agent done --summary 'wrote {colour}'"
    return [shell(f"echo {colour} >colour.txt && git add -A && git commit -qm 'Add {colour}' && {done}"), Step("Done.")]


FINDING = tool(
    "feedback",
    priority="high",
    category="correctness",
    title="The colour is blue",
    location="colour.txt:1",
    issue="it says blue",
    impact="nobody sees red",
    suggestion="write red",
)
SCRIPTS = {
    "planner-1-1": plans("Write the colour", "a"),
    "executor-01-1": works("blue"),
    "verifier-1-1": [tool("verdict", met="yes", rationale="it is there", criteria=[CLAIM]), *ends("it is met")],
    "security-1-1": [FINDING, *ends("one finding")],
    "planner-2-2": plans("Make it red", "b", type="review-fix", resolves=[1]),
    "executor-02-1": works("red"),
    "verifier-2-2": [tool("verdict", met="yes", rationale="it is red", criteria=[CLAIM]), *ends("it is met")],
    "security-2-2": ends("nothing left"),
    "planner-3-3": [tool("plan", decision="DONE", reason="it is red, and that is witnessed"), *ends("it is done")],
}


Scripts = Mapping[str, Sequence[Step]]


def as_tools(scripts: Scripts) -> Scripts:
    return scripts


def as_commands(scripts: Scripts) -> Scripts:
    return {agent: [by_command(step) for step in steps] for agent, steps in scripts.items()}


@contextmanager
def colours(folder: Path, scripts: Scripts) -> Iterator[tuple[Project, FakeApi]]:
    """A project whose milestone wants a colour."""
    with real_project(folder, scripts, {}, settings=SETTINGS) as (made, api):
        made.layout.milestone.write_text(MILESTONE)
        (made.layout.suites / "colour.md").write_text(f"---\ncommand: {WITNESS}\n---\n")
        yield made, api


def until_over(made: Project, status: str = "done") -> None:
    """Allow what executors ask for, until the milestone has come to its end."""

    def over() -> bool:
        for number in made.snapshot().prompts:
            if agent_of(made, number)["state"] == "permission":
                made.coord("permit", str(number), "--allow", check=False)
        snapshot = made.snapshot()
        there = snapshot.round
        return there is not None and there.phase is Phase.DECIDED and snapshot.milestone.status == status

    try:
        wait_until(over, timeout=200, message=f"the milestone to be {status}")
    except AssertionError as error:
        log = made.coord("log").stdout[-6000:]
        raise AssertionError(f"{error}\n{made.snapshot().round}\n{log}\n{made.said()[-3000:]}") from None


@pytest.mark.parametrize("speaks", [as_tools, as_commands])
def test_a_milestone_goes_over_two_rounds_to_done_with_claude_in_every_role(
    tmp_path: Path, speaks: Callable[[Scripts], Scripts]
) -> None:
    with colours(tmp_path, speaks(SCRIPTS)) as (made, api):
        made.start_loop("--max-parallel", "3")
        until_over(made)
        snapshot = made.snapshot()
        assert made.repository.git("show", "main:colour.txt") == "red"
        ran = [(event.data["exit"], event.data["command"]) for event in made.events("witness.run")]
        assert ran == [(1, WITNESS), (0, WITNESS)]
        started = [e.subject.removeprefix("agent:") for e in made.events("agent.started")]
        assert sorted(started) == sorted(SCRIPTS)
        for agent in ("planner-1-1", "verifier-1-1", "security-1-1", "planner-3-3"):
            assert "canary-criterion" in api.told[agent]
        asked = {event.subject for event in made.events("agent.status") if event.data["state"] == "permission"}
        assert not {subject for subject in asked if "executor" not in subject}, "those who look are never asked"
        assert made.events("ownership.violated") == []
        used = {work.flow: spent.tokens for work, spent in snapshot.flows_spent.items()}
        assert all(used.values()), used


STUCK = tool(
    "plan", decision="STUCK", reason="nobody can choose for them", blocker="nobody said which colour it is to be"
)
WORD = "it is to be red, says the owner"
WAITS = {
    "planner-1-1": [STUCK, *ends("stuck")],
    "planner-2-2": plans("Write the colour", "a"),
    "executor-01-1": works("red"),
    "verifier-2-1": [tool("verdict", met="yes", rationale="it is red", criteria=[CLAIM]), *ends("it is met")],
    "security-2-1": ends("nothing to find"),
    "planner-3-3": [tool("plan", decision="DONE", reason="it is red, and that is witnessed"), *ends("it is done")],
}


@pytest.mark.parametrize("speaks", [as_tools, as_commands])
def test_what_is_stuck_for_want_of_a_word_goes_on_to_done_when_it_is_given_with_claude_in_every_role(
    tmp_path: Path, speaks: Callable[[Scripts], Scripts]
) -> None:
    with colours(tmp_path, speaks(WAITS)) as (made, api):
        made.start_loop("--max-parallel", "3")
        until_over(made, "stuck")
        there = made.snapshot().round
        assert there is not None
        assert there.ending.startswith("the Planner says: nobody said which colour it is to be")
        assert sorted(api.told) == ["planner-1-1"]
        made.coord("intent", "set", "--goal", f"A colour: {WORD}")
        until_over(made)
        assert (WORD in api.told["planner-1-1"], WORD in api.told["planner-2-2"]) == (False, True)
        assert made.repository.git("show", "main:colour.txt") == "red"
        assert [event.data["exit"] for event in made.events("witness.run")] == [0]
        assert sorted(e.subject.removeprefix("agent:") for e in made.events("agent.started")) == sorted(WAITS)
        statuses = [event.data["status"] for event in made.events("milestone.status")]
        assert statuses == ["stuck", "done"]


def fails() -> list[Step]:
    return [shell("coord agent fail --verdict 'nobody says which paint to take'"), Step("Failed.")]


def again(**more: object) -> Step:
    """A plan that tries the first prompt once more."""
    values = {"status": "pending", **({"dependencies": ["why"]} if more else {})}
    edits = [{"number": 1, "set": values}]
    return tool("plan", decision="CONTINUE", reason="it is to be tried", intent="get it", edits=edits, **more)


WHY = {"key": "why", "title": "Find out which paint", "type": "emergent", "body": "## Tasks\n\nWhich paint?\n"}
FAILS = {
    "planner-1-1": plans("Write the colour", "a"),
    "executor-01-1": fails(),
    "planner-2-2": [again(), *ends("once more")],
    "executor-01-2": fails(),
    "planner-3-3": [again(), again(prompts=[WHY]), *ends("why is that")],
    "executor-02-1": [shell("coord agent done --no-change --summary 'the owner has to say it'"), Step("Done.")],
    "executor-01-3": fails(),
    "planner-4-4": [again(), *ends("now it can be done")],
    "executor-01-4": works("red"),
    "verifier-4-1": [tool("verdict", met="yes", rationale="it is red", criteria=[CLAIM]), *ends("it is met")],
    "security-4-1": ends("nothing to find"),
    "planner-5-5": [tool("plan", decision="DONE", reason="it is red, and that is witnessed"), *ends("it is done")],
}


def test_what_fails_three_times_alike_is_looked_into_then_stuck_and_goes_on_with_claude_in_every_role(
    tmp_path: Path,
) -> None:
    with colours(tmp_path, FAILS) as (made, api):
        made.start_loop("--max-parallel", "3")
        until_over(made, "stuck")
        there = made.snapshot().round
        assert there is not None
        assert there.ending.startswith("the same failure for the 3rd time: nobody says which paint to take")
        (refused,) = made.events("iteration.refused")
        assert (refused.iteration, refused.data["reasons"][0][:35]) == (3, "01 failed twice in the same way (no")
        assert "plan one prompt of `type: emergent`" in api.requests["planner-3-3"]
        made.coord("intent", "set", "--constraint", WORD)
        until_over(made)
        assert WORD in api.told["executor-01-4"]
        assert made.repository.git("show", "main:colour.txt") == "red"
        started = [e.subject.removeprefix("agent:") for e in made.events("agent.started")]
        assert sorted(started) == sorted(FAILS)
