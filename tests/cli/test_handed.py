"""What agents hand in as JSON on standard input, and what is done once by its request."""

import json
import subprocess
from collections.abc import Callable

import pytest
from support.project import COORD, NOTHING, Project

Make = Callable[..., Project]


def hand(made: Project, *words: str, **values: object) -> "subprocess.CompletedProcess[str]":
    """Run a command with a JSON object on its standard input."""
    command = [*COORD, "-C", str(made.layout.root), *words]
    return subprocess.run(
        command, input=json.dumps(values), env=made.environment(), capture_output=True, text=True, check=False
    )


def test_a_decision_an_assumption_and_an_artifact_are_taken_as_json_once(make: Make) -> None:
    made = make({1: []})
    (made.layout.root / "made.txt").write_text("made\n")
    calls = [
        (("decide", "--json", "-"), {"text": "use SQLite", "request": "a"}),
        (("assume", "--json", "-"), {"text": "Which DB?", "default": "SQLite", "risk": "a day", "request": "a"}),
        (("artifact", "--json", "-"), {"path": str(made.layout.root / "made.txt"), "title": "it", "request": "a"}),
    ]
    for words, values in calls:
        first, again = (json.loads(hand(made, *words, **values).stdout) for _ in range(2))
        assert first == again
    assert [event.kind for event in made.events()] == ["decision.recorded", "question.assumed", "artifact.produced"]
    assert made.events()[2].data["title"] == "it"


def test_the_object_may_stand_in_the_command_itself(make: Make) -> None:
    made = make({1: []})
    taken = made.coord("agent", "done", "--json", '{"summary": "it is there"}', check=False)
    assert (taken.returncode, "only an agent hands off its work" in taken.stderr) == (3, True)
    wrong = made.coord("agent", "done", "--json", '{"txt": "x"}', check=False)
    assert (wrong.returncode, "there is no `txt`" in wrong.stderr) == (2, True)


def test_what_is_wrong_with_it_is_said_and_nothing_is_written(make: Make) -> None:
    made = make({1: []})
    wrong = hand(made, "decide", "--json", "-", txt="x")
    assert wrong.returncode == 2
    assert wrong.stderr == "coord: decide: there is no `txt`\n  did you mean `text`?\n"
    beside = hand(made, "agent", "done", "--summary", "x", "--json", "-", summary="y")
    assert (beside.returncode, "`summary` is given beside --json -" in beside.stderr) == (2, True)
    place = hand(made, "agent", "done", "--json", "file.json")
    assert (place.returncode, "give the values on standard input: --json -" in place.stderr) == (2, True)
    assert made.events() == []


def test_a_hand_off_as_json_says_all_that_the_options_say_and_is_one_however_often_it_is_made(make: Make) -> None:
    values = {
        "summary": "all there",
        "validation": [{"command": "make check", "note": "green"}],
        "decisions": ["kept it small"],
        "limitations": ["none"],
        "learnings": ["start with the tests"],
        "next": "cleanup",
        "no_change": True,
        "request": "end",
    }
    line = f"printf %s '{json.dumps(values)}' | coord agent done --json - >>\"$COORD_ROOT/said\"\n"
    made = make({1: []}, {1: line * 2})
    assert made.run_loop() == 0
    (event,) = made.events("handoff.given")
    assert event.data["validation"] == ["make check: green"]
    assert (event.data["next"], event.data["no_change"]) == ("cleanup", True)
    first, again = map(json.loads, (made.layout.root / "said").read_text().splitlines())
    assert first == again
    assert first["outcome"] == "done"
    receipt = made.snapshot().steps[1].attempt.receipt  # type: ignore[union-attr]
    assert receipt is not None
    assert (receipt.next, receipt.learnings) == ("cleanup", ("start with the tests",))


def test_an_assumption_holds_nothing_back_until_a_human_overrules_it(make: Make) -> None:
    script = 'coord assume "Which DB?" --default SQLite --risk "a day of work"\n' + NOTHING
    made = make({1: [], 2: [1]}, {1: script, 2: NOTHING})
    assert made.run_loop() == 0
    (question,) = made.snapshot().questions
    assert (question.open, question.taken, question.answer, question.asker) == (False, True, "SQLite", "executor-01-1")
    listed = made.coord("questions").stdout
    assert "→ SQLite  assumed; risk: a day of work" in listed
    said = json.loads(made.coord("answer", str(question.seq), "Postgres", "--json").stdout)
    assert (said["answer"], said["built_on"]) == ("Postgres", [1, 2])
    (after,) = made.snapshot().questions
    assert (after.answer, after.taken) == ("Postgres", False)
    assert "Postgres" in made.layout.alignment.read_text()
    again = made.coord("answer", str(question.seq), "MySQL", check=False)
    assert (again.returncode, "is answered: Postgres" in again.stderr) == (3, True)


@pytest.mark.parametrize("verb", ["done", "fail", "blocked"])
def test_help_tells_what_each_value_is(make: Make, verb: str) -> None:
    told = " ".join(make({1: []}).coord("agent", verb, "--help").stdout.split())
    assert "Read the values from standard input, as a JSON object: --json -" in told
    assert "made again with the same one, it is done once" in told
