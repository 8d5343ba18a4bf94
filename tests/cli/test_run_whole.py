"""`coord run` to the end: a specification, roles that are scripts, DONE, a page that hands it over, what was left."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.project import Project

Make = Callable[..., Project]
SPEC = "# Primes\n\nPrint primes.\n\n## Acceptance Criteria\n\n- 2 is printed\n"
SHOWS = "sh primes.sh | grep -q 2"
PLANNER = """\
if [ -e primes.sh ]; then
  echo '{"decision": "DONE", "reason": "all is met"}' | coord agent plan --json - ||
    echo '{"decision": "CONTINUE", "reason": "a prompt is left"}' | coord agent plan --json -
else
  echo '{"decision": "CONTINUE", "reason": "nothing is there yet", "prompts": [
    {"key": "a", "title": "Print 2", "body": "## Acceptance Criteria"}]}' | coord agent plan --json -
fi
coord agent done --summary planned
"""
WORKS = 'echo "echo 2" >primes.sh\ngit add -A\ngit commit -qm "Print 2"\ncoord agent done --summary "prints 2"\n'
VERIFIER = f"""\
echo '{{"met":"yes","rationale":"ran it","criteria":[{{"id":"SC-1","status":"met","command":"{SHOWS}"}}]}}' |
  coord agent verdict --json -
coord agent done --summary looked
"""
SECURITY = """\
coord agent feedback --json - <<'JSON'
{"priority": "low", "category": "docs", "title": "README says nothing of primes", "issue": "It does not."}
JSON
coord agent done --summary looked
"""


def ready(make: Make) -> Project:
    made = make({}, gate="auto", specialists="[security]")
    for name, script in (("planner", PLANNER), ("01", WORKS), ("verifier", VERIFIER), ("security", SECURITY)):
        (made.layout.scripts / f"{name}.sh").write_text(script)
    made.layout.suites.mkdir(exist_ok=True)
    (made.layout.suites / "primes.md").write_text(f"---\ncommand: {SHOWS}\n---\n")
    (made.layout.root / "spec.md").write_text(SPEC)
    return made


def run(made: Project, *words: str) -> Any:
    spec: Path = made.layout.root / "spec.md"
    return made.coord("run", str(spec), "--yes", "--no-budget", "--until-idle", *words)


def test_a_specification_comes_to_done_and_is_handed_over_with_what_is_left(make: Make) -> None:
    made = ready(make)
    run(made)
    milestone = made.snapshot().milestone
    assert (milestone.id, milestone.status) == ("M1", "done"), made.said()
    page = (made.layout.milestones / "M1-handover.md").read_text()
    assert "1 of 1 criterion shown to be met" in page
    assert f"  `{SHOWS}` held on `" in page
    assert "- 01 Print 2 (`" in page
    assert "- Documentation, in the backlog: f1 README says nothing of primes" in page
    assert "- Iteration 1: CONTINUE, since nothing is there yet\n- Iteration 2: DONE, since all is met\n" in page
    (listed,) = json.loads(made.coord("milestone", "list", "--json").stdout)["milestones"]
    assert (listed["status"], listed["iterations"], listed["has_handover"]) == ("done", 2, True)
    told = json.loads(made.coord("milestone", "--json").stdout)
    assert (told["id"], told["handover"], told["backlog"]) == ("M1", ".coord/milestones/M1-handover.md", 1)
    assert "nothing is started" in run(made).stdout
    assert len(made.events("run.started")) == 1


def test_a_done_milestone_that_takes_something_over_says_so_and_closes_again(make: Make) -> None:
    made = ready(make)
    run(made)
    made.coord("backlog", "take", "documentation", "--yes")
    (made.layout.scripts / "02.sh").write_text(
        'echo primes >>README.md\ngit add -A\ngit commit -qm "Say it"\ncoord agent done --summary "said it"\n'
    )
    assert made.snapshot().standing == "done, 1 new prompt"
    run(made)
    assert made.snapshot().standing == "done", made.said()
    assert [event.data["status"] for event in made.events("milestone.status")] == ["done", "done"]
    assert made.events("run.started")[1].data["reason"] == "the milestone was done; it goes on with 1 new prompt"
    assert "- 02 README says nothing of primes (`" in (made.layout.milestones / "M1-handover.md").read_text()
