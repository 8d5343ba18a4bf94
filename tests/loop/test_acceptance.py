"""Commands that hand-offs name for acceptance criteria run once their prompts are merged, and nobody is asked."""

import json
from collections.abc import Callable

from support.project import Project
from support.wait import wait_until

FIRST = """\
set -eu
echo one >one.txt
git add -A && git commit -qm 'Write one'
coord agent done --json - <<'END'
{"summary": "wrote one", "validation": ["AC-2: test -f one.txt: it is there", "all of it was read",
  {"command": "AC-01-1: grep -q one one.txt", "note": "found"}]}
END
"""
CRITERIA = "\n- It says one.\n- It is there.\n- It reads well.\n"


def statuses(made: Project, *words: str) -> dict[str, str]:
    return {
        one["id"]: one["status"] for one in json.loads(made.coord("witnesses", "--json", *words).stdout)["criteria"]
    }


def test_what_a_merged_prompt_names_runs_unasked_where_it_may_and_else_when_a_human_says_so(
    make: Callable[..., Project],
) -> None:
    made = make({1: (), 2: (1,)}, {1: FIRST})
    path = next(made.layout.prompts.glob("01-*"))
    path.write_text(path.read_text().replace("\n- It is done.\n", CRITERIA))
    (made.layout.suites / "there.md").write_text("---\ncommand: test -f one.txt\n---\n")
    hold = made.layout.scripts / "02.sh"
    hold.write_text(made.until() + hold.read_text())
    made.own_environment["PATH"] = str(made.command.parent) + ":/usr/bin:/bin"
    loop = made.start_loop("--until-idle")
    ran = wait_until(lambda: made.events("witness.run"), timeout=60, message="a command to run")
    assert [(event.subject, event.data["command"], event.data["exit"]) for event in ran] == [
        ("criterion:AC-01-2", "test -f one.txt", 0)
    ]
    assert statuses(made)["AC-01-2"] == "witnessed"
    made.coord("witnesses", "--run", "AC-01-1")
    assert statuses(made, "--prompt", "1") == {"AC-01-1": "witnessed", "AC-01-2": "witnessed", "AC-01-3": "open"}
    made.release()
    assert loop.wait(90) == 0, made.said()
    # another merge: it is shown, and not run again
    assert statuses(made) == {"AC-01-1": "stale", "AC-01-2": "stale", "AC-01-3": "open"}
    made.coord("accept", "AC-01-3", "--reason", "I read it")
    assert statuses(made)["AC-01-3"] == "accepted"
    assert statuses(made, "--prompt", "2") == {"AC-02-1": "open"}
    assert len(made.events("witness.run")) == 2
    assert not made.snapshot().questions
    assert "AC-01-1" in made.coord("witnesses").stdout
    why = made.coord("why", "1").stdout
    assert [line.split()[1:3] for line in why.splitlines() if "AC-01" in line] == [
        *(["AC-01-1", "stale"], ["AC-01-2", "stale"], ["AC-01-3", "accepted"])
    ]
    assert "1 of 3 shown to be met" in why
    told = json.loads(made.coord("why", "1", "--json").stdout)["criteria"]
    assert [(one["id"], one["status"]) for one in told][2:] == [("AC-01-3", "accepted")]
    assert json.loads(made.coord("why", "2", "--json").stdout)["criteria"] == []
    refused = made.coord("accept", "AC-01-9", "--reason", "R", check=False)
    assert (refused.returncode, "AC-01-1, AC-01-2, AC-01-3" in refused.stderr) == (3, True)
