"""Strict mode: the agents of flows run as users of their own, on a checkout that leads nowhere else."""

import json
from collections.abc import Iterator

import pytest
from support.flow_loop import DONE, flow, loop
from support.strict import StrictProject, needs_strict, strict_project
from support.wait import wait_until

from coordinator.model.step import Attempt, StepState
from coordinator.model.work import flow_work

pytestmark = needs_strict
VANDAL = """\
set -eu
echo changed >README.md; echo new >new.txt; git add -A; git commit -qm mine
git branch own-branch; echo left >left.txt
"""


@pytest.fixture
def made() -> Iterator[StrictProject]:
    with strict_project({}) as made:
        yield made


def over(made: StrictProject, name: str) -> Attempt:
    def found() -> Attempt | None:
        attempt = made.snapshot().flows.get(flow_work(1, name))
        done = attempt is not None and attempt.state is StepState.MERGED and not attempt.untidy and not attempt.user
        return attempt if done else None

    try:
        return wait_until(found, timeout=60, message=f"{name} to be over")
    except AssertionError as error:
        raise AssertionError(f"{error}: {made.snapshot().flows}\n{made.said()[-3000:]}") from None


def test_it_looks_hands_off_and_leaves_nothing(made: StrictProject) -> None:
    head = made.repository.git("rev-parse", "main").strip()
    flow(made, "rot", 'test "$(git rev-parse HEAD)" = "$(git rev-parse main)" && test -f README.md || exit 7\n' + DONE)
    with loop(made, "rot"):
        attempt = over(made, "rot")
    assert attempt.base == head
    assert made.events("ownership.violated") == []
    assert [path.name for path in made.layout.worktrees.iterdir() if path.name[0] != "."] == []


def test_what_it_changes_and_commits_is_told_and_thrown_away(made: StrictProject) -> None:
    flow(made, "vandal", VANDAL + DONE)
    head = made.repository.git("rev-parse", "main").strip()
    with loop(made, "vandal"):
        over(made, "vandal")
    (event,) = made.events("ownership.violated")
    files = event.data["files"]
    assert isinstance(files, list)
    assert "left.txt" in files
    assert any("1 commit made there" in name for name in files), files
    assert made.repository.git("rev-parse", "main").strip() == head
    assert made.repository.git("branch", "--list") == "* main"
    assert made.repository.git("for-each-ref", "refs/coord") == ""
    assert [path.name for path in made.layout.worktrees.iterdir() if path.name[0] != "."] == []


WITNESS = "grep -qx red colour.txt"
PROMPT = {"key": "a", "title": "Write the colour", "type": "planned", "body": "## Tasks\n\nWrite it.\n"}
ROUNDS = {
    "1": {"decision": "CONTINUE", "reason": "it is missing", "intent": "get it", "prompts": [PROMPT]},
    "2": {"decision": "DONE", "reason": "it is red, and that is witnessed"},
}
VERDICT = {
    "met": "yes",
    "rationale": "I have run it",
    "criteria": [{"id": "SC-1", "status": "met", "command": WITNESS}],
}


def says(verb: str, values: object) -> str:
    return f"coord agent {verb} --json - <<'END'\n{json.dumps(values)}\nEND\n"


def test_a_milestone_comes_to_done_with_each_agent_under_a_user_of_its_own() -> None:
    settings = {"planner_plans": "auto", "specialists": "[rot]", "max_parallel": 2}
    with strict_project({}, **settings) as made:
        text = (
            "---\ntitle: Colours\nstatus: open\niterate: true\n---\n## Goal\n\nRed.\n\n## Success Criteria\n\n- Red\n"
        )
        made.layout.milestone.write_text(text)
        (made.layout.suites / "colour.md").write_text(f"---\ncommand: {WITNESS}\n---\n")
        who = 'printf "%s %s\\n" "$COORD_AGENT" "$(id -un)" >who.txt\n'
        plans = "".join(f"{number}) {says('plan', values)};;\n" for number, values in ROUNDS.items())
        done = "coord agent done --no-change --summary 'said it'\n"
        scripts = {
            "planner": f'set -e\ncase "$COORD_ITERATION" in\n{plans}esac\n{done}',
            "verifier": "set -e\n" + who + says("verdict", VERDICT) + done,
            "default": "set -e\necho red >colour.txt; git add -A; git commit -qm red; coord agent done --summary red\n",
        }
        for name, script in scripts.items():
            (made.layout.scripts / f"{name}.sh").write_text(script.replace(")coord", ")\ncoord"))
        flow(made, "rot")
        assert made.run_loop(timeout=200) == 0, made.said()
        snapshot = made.snapshot()
        assert snapshot.milestone.status == "done"
        started = [event.subject.removeprefix("agent:") for event in made.events("agent.started")]
        assert sorted(started) == ["executor-01-1", "planner-1-1", "planner-2-2", "rot-1-1", "verifier-1-1"]
        (violated,) = made.events("ownership.violated")
        assert (violated.data["agent"], violated.data["files"]) == ("verifier-1-1", ["who.txt"])
        assert [path.name for path in made.layout.worktrees.iterdir() if path.name[0] != "."] == []
        assert made.agents() == []
