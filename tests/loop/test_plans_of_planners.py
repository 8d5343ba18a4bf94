"""Plans of Planners in a real loop: confirmed by a human where that is wanted, carried out once, whatever is killed."""

import json
from collections.abc import Callable

from support.project import Project
from support.wait import wait_until

Make = Callable[..., Project]
BODY = "## Tasks\n\n- do it\n\n## Acceptance Criteria\n\n- it is done\n"
WORD = """\
set -eu
echo word >word.txt
git add -A && git commit -qm "Write the word"
coord agent done --summary "wrote it"
"""
CHECK = "---\nname: check\ncommand: test -e word.txt\n---\n"
VERIFIER = """\
set -eu
if [ -e word.txt ]; then met=yes status=met; else met=no status=not_met; fi
coord agent verdict --json - <<END
{"met": "$met", "rationale": "looked", "criteria": [{"id": "SC-1", "status": "$status", "command": "test -e word.txt"}]}
END
coord agent done --summary "looked"
"""


def planner(*plans: object) -> str:
    """A Planner that hands in these, one an attempt, and DONE after them."""
    cases = "".join(f"{at}) cat >plan.json <<'END'\n{json.dumps(plan)}\nEND\n;;\n" for at, plan in enumerate(plans, 1))
    done = json.dumps({"decision": "DONE", "reason": "all of it is shown"})
    rest = f"*) cat >plan.json <<'END'\n{done}\nEND\n;;\n"
    hand_in = 'coord agent plan --json - <plan.json || coord agent fail --verdict "refused"\n'
    return f'cd "$COORD_OUT"\ncase $COORD_ATTEMPT in\n{cases}{rest}esac\n{hand_in}coord agent done --summary planned\n'


def plan(**more: object) -> dict[str, object]:
    prompts = [{"title": "Write the word", "body": BODY}]
    return {
        "decision": "CONTINUE",
        "reason": "there is no word",
        "intent": "The word is there.",
        "prompts": prompts,
        **more,
    }


def iterating(make: Make, script: str, **settings: object) -> Project:
    made = make({}, retry_backoff=0, specialists="[]", **settings)
    front = "---\ntitle: Words\nstatus: open\niterate: true\n---\n"
    made.layout.milestone.write_text(f"{front}## Goal\n\nWords.\n\n## Success Criteria\n\n- The word is there\n")
    for name, content in {"planner": script, "verifier": VERIFIER, "01": WORD, "02": WORD}.items():
        (made.layout.scripts / f"{name}.sh").write_text(content)
    (made.layout.suites / "check.md").write_text(CHECK)
    return made


def test_the_first_plan_waits_for_a_human_and_what_they_refuse_it_for_reaches_the_next_planner(make: Make) -> None:
    made = iterating(make, planner(plan(intent="Too much."), plan()))
    loop = made.start_loop("--until-idle")
    wait_until(lambda: len(made.snapshot().open_questions) == 1, timeout=60, message="the question")
    (question,) = made.snapshot().open_questions
    assert question.text == "The Planner of iteration 1 has a plan: Too much. Apply it?"
    assert question.context.splitlines() == ["there is no word", "", "+ Write the word"]
    assert made.snapshot().prompts == {}
    made.coord("answer", str(question.seq), "only the word, please")
    wait_until(lambda: len(made.snapshot().open_questions) == 1, timeout=60, message="the second question")
    (refused,) = made.events("iteration.refused")
    assert refused.data["reasons"] == ["the engineer refuses it: only the word, please"]
    (question,) = made.snapshot().open_questions
    made.coord("answer", str(question.seq), "1")
    assert loop.wait(90) == 0, made.said()
    (applied,) = made.events("plan.applied")
    assert (applied.actor, applied.data["decision"]) == ("planner-1-2", made.events("planner.decided")[1].seq)
    snapshot = made.snapshot()
    assert (snapshot.milestone.status, list(snapshot.prompts)) == ("done", [1])
    assert snapshot.prompts[1].created_by == "planner-1-2"
