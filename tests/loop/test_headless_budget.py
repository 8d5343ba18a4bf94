"""Budgets hold agents without a screen too, by what they print."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import Project
from support.wait import wait_until

from coordinator.model.clock import timestamp

Make = Callable[..., Project]
CAPTURES = Path(__file__).parents[1] / "agents" / "captures" / "headless"
OPENCODE = """\
#!/bin/sh
case "$1" in --version) echo 1.18.33; exit 0;; esac
step() {
  part="{\\"type\\":\\"step-finish\\",\\"id\\":\\"$1\\",\\"cost\\":$2,\\"tokens\\":{\\"input\\":9}}"
  echo "{\\"type\\":\\"step_finish\\",\\"timestamp\\":$(date +%s%3N),\\"part\\":$part}"
}
step one 0.4
step two 0.8
"""
DONE = 'coord agent done --no-change --summary "nothing to do"\n'
CLAUDE = f"""\
#!/bin/sh
case "$*" in *--version*) echo "2.1.329 (Claude Code)"; exit 0;; "auth status"*) exit 0;; esac
cat "{CAPTURES / "claude-stream-json-denied.jsonl"}"
[ "$COORD_ATTEMPT" = 1 ] && exit 1
"""


def headless(made: Project, name: str, script: str) -> None:
    folder = made.layout.root.parent / "clis"
    folder.mkdir()
    (folder / name).write_text(script)
    (folder / name).chmod(0o755)
    known = {str(made.layout.root): {"hasTrustDialogAccepted": True}}
    (folder / ".claude.json").write_text(json.dumps({"hasCompletedOnboarding": True, "projects": known}))
    made.own_environment |= {"PATH": f"{folder}:{made.environment()['PATH']}", "HOME": str(folder)}


def asked(made: Project) -> list[str]:
    return [question.text for question in made.snapshot().open_questions]


def test_one_that_tells_its_cost_as_it_goes_is_paused_at_its_budget(make: Make) -> None:
    made = make({}, runtime="opencode", headless="true", budget_cost=1)
    headless(made, "opencode", OPENCODE + made.until() + DONE)
    made.add(1)
    loop = made.start_loop("--until-idle")
    wait_until(lambda: asked(made), message="the question")
    assert asked(made) == ["Prompt 01 has used $1.20, and its budget of cost is reached. Go on?"]
    wait_until(lambda: "paused: budget" in made.coord("agents").stdout, message="the pause")
    made.release()
    assert made.answer_until_over(loop) == 0
    (agent,) = made.events("agent.exited")
    assert (agent.data["tokens"], agent.data["cost_usd"]) == (18, 1.2)


def test_one_that_tells_its_cost_at_its_end_is_asked_about_before_it_starts_again(make: Make) -> None:
    made = make({}, runtime="claude", headless="true", budget_cost="0.15", max_attempts=3, retry_backoff=0)
    headless(made, "claude", CLAUDE + DONE)
    made.add(1)
    loop = made.start_loop("--until-idle")
    wait_until(lambda: asked(made), message="the question")
    assert asked(made) == ["Prompt 01 has used $0.18, and its budget of cost is reached. Go on?"]
    assert len(made.attempts(1)) == 1
    (question,) = made.snapshot().open_questions
    assert made.answer_until_over(loop) == 0
    answer = made.events("question.answered")[0]
    assert timestamp(made.attempts(1)[1]["started"]) >= timestamp(answer.ts) > timestamp(question.asked)


@pytest.mark.parametrize(
    ("runtime", "told"),
    [
        ("claude", ["agent claude: headless it tells the dollars it used only at its end"]),
        ("scripted", ["scripted: it never tells the dollars it uses: budget_cost can't hold it"]),
    ],
)
def test_doctor_tells_where_a_budget_cannot_be_kept(make: Make, runtime: str, told: list[str]) -> None:
    made = make({1: []}, runtime=runtime, headless="true", budget_cost=1)
    headless(made, "claude", CLAUDE)
    document = json.loads(made.coord("doctor", "--json", check=False).stdout)
    said = [f"{p['path']}: {p['message']}" for p in document["problems"] if p["code"] == "budget-unkept"]
    said += [note for note in document.get("notes", ()) if "dollars" in note]
    assert [one for words in told for one in said if one.startswith(words)] == said
    assert len(said) == 1
