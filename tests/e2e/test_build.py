"""`build` through the real loop: scripted agents write tests and code, criticise, and seal what is so."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from support.building import ARTIFACTS, QUICK, STATIONS, TURNS, building
from support.project import Project
from support.wait import wait_until

from coordinator.model.event import Event
from coordinator.model.snapshot import Question, Snapshot

pytestmark = pytest.mark.timeout(180)

HONEST = STATIONS["cleanup"]


def turns(made: Project) -> list[str]:
    """The turns in the order in which they were routed to."""
    return [str(event.data["to"]) for event in made.events("flow.routed") if event.data["to"]]


def sealed(made: Project) -> list[Event]:
    return made.events("flow.sealed")


def shown(made: Project, verb: str) -> Any:
    return json.loads(made.coord(verb, "--json").stdout)


def until_asked(made: Project) -> Question:
    """Start the loop, and wait for its question."""
    made.start_loop()

    def asked(snapshot: Snapshot) -> Question | None:
        return next(iter(snapshot.open_questions), None)

    try:
        found = made.sees(asked, timeout=90, message="a question")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{made.coord('log').stdout[-5000:]}\n{made.said()[-2000:]}") from None
    assert found is not None
    return found


def run_out(made: Project) -> None:
    """Have the loop run until all is merged; fail as soon as it asks."""
    process = made.start_loop("--until-idle")

    def over(snapshot: Snapshot) -> bool:
        assert not snapshot.open_questions, f"{snapshot.open_questions[0].text}\n{made.said()[-6000:]}"
        return process.poll() is not None

    made.sees(over, timeout=90, message="the loop's end")
    assert (process.poll(), made.states()) == (0, {2: "merged"}), made.said()[-6000:]


def test_requirements_tests_code_and_critics_lead_to_what_is_sealed_and_merged(make: Any) -> None:
    made = building(make, quick=False)
    run_out(made)
    assert turns(made) == list(TURNS)

    bucket = made.repository.git("show", "main:tokenbucket/bucket.py")
    assert "retry_after" in bucket
    assert "capacity <= 0" in bucket, "what the critic of the code found is mended"
    assert "waits_for_ever" in made.repository.git("show", "main:tests/test_waiting.py"), "and that of the tests too"

    found = shown(made, "artifacts")
    assert {one["name"]: one["station"] for one in found["artifacts"]} == ARTIFACTS
    assert all(one["state"] is None and one["bytes"] for one in found["artifacts"])
    (receipt,) = found["receipts"]
    assert (receipt["status"], receipt["sealed"], receipt["sealed_by"]) == ("VERIFIED", True, "cleanup")
    (event,) = sealed(made)
    assert (event.data["sealed"], event.data["reasons"]) == (True, [])
    assert [(run["name"], run["exit"]) for run in event.data["suites"]] == [("unit", 0)]

    rows = {row["id"]: row for row in shown(made, "ledger")["acs"]}
    assert sorted(rows) == ["AC-02-1", "AC-02-2", "AC-02-3"]
    assert rows["AC-02-2"]["tests_written"] == "waits_for_ever"
    assert {(row["impl_status"], row["verify_status"], row["mismatch"]) for row in rows.values()} == {
        ("done", "passed", None)
    }
    assert made.snapshot().open_questions == ()


@pytest.mark.slow
def test_each_station_is_given_what_it_declares_and_nothing_of_the_others(make: Any) -> None:
    made = building(make, quick=False)
    run_out(made)
    told = {path.parent.name: path.read_text() for path in made.layout.runs.glob("*/prompts/02/*/stages/*/prompt.txt")}
    assert sorted(told) == sorted(TURNS)
    assert "A bucket that tells how long to wait" in told["test-author"]
    assert "nothing tests a cost above the capacity" in told["test-author.2"]
    assert "nothing tests a cost above the capacity" not in told["code-critic"], "which reads no list of tests"
    assert "a capacity of 0 and a negative cost are taken" in told["implementer.2"]
    for artifact in (
        "# A bucket that tells",
        "AC-3: RESOLVED",
        "AC-2: RESOLVED",
        "CW-001",
        "TW-001",
        "retry_after, and",
    ):
        assert artifact in told["cleanup"], artifact
    assert "A bucket that tells how long" not in told["requirements-author"]


FORGED = HONEST.replace('"run_id": "$COORD_RUN"', '"run_id": "run-99"').replace('"ac_passed": 3', '"ac_passed": 4')
BOUNCE = '"UNVERIFIED", "recommended_action": "BOUNCE", "route_to_agent": "implementer"'
ONE_LESS = 'rm "$COORD_ROOT/.coord/runs/$COORD_RUN/build/02-1/code_critique.md"\n' + HONEST
OPEN_ENDED = HONEST.replace('"AC-2": {"verify_status": "passed"', '"AC-2": {"verify_status": "pending"').replace(
    "coord agent done", """printf '{"sealed": true, "reasons": []}' >"$COORD_OUT/../seal.json"\ncoord agent done"""
)
OWN_WORK = HONEST.replace("set -eu", "set -eu\necho '# mine' >>tokenbucket/bucket.py; git commit -qam 'Mend it'", 1)


@pytest.mark.parametrize(
    ("cleanup", "reasons"),
    [
        (FORGED, ("it is of run `run-99`, and this is run-1", "counts.ac_passed is 4, and counted are 3")),
        pytest.param(ONE_LESS, ("1 artifact missing: code_critique.md",), marks=pytest.mark.slow),
        (OPEN_ENDED, ("counts.ac_passed is 3, and counted are 2", "open in the ledger: AC-2 (open)")),
    ],
    ids=["forged", "without-an-artifact", "with-an-open-criterion-and-its-own-seal"],
)
def test_a_receipt_that_says_more_than_is_so_does_not_seal(make: Any, cleanup: str, reasons: tuple[str, ...]) -> None:
    made = building(make, {"cleanup": cleanup})
    question = until_asked(made)
    (event,) = sealed(made)
    assert event.data["sealed"] is False
    for reason in reasons:
        assert reason in event.data["reasons"]
        assert reason in question.text
    assert not made.repository.git("log", "--format=%s", "main", "--", "tokenbucket").startswith("Tell"), (
        "nothing landed"
    )
    assert [one["sealed"] for one in shown(made, "artifacts")["receipts"]] == [False]

    (made.layout.scripts / "cleanup.sh").write_text(HONEST)
    if cleanup == ONE_LESS:  # it stays away
        made.coord("answer", str(question.seq), "abort")
        made.wait_for(2, "failed")
        return
    if cleanup == OPEN_ENDED:  # a human takes it as it is
        made.coord("answer", str(question.seq), "skip")
        made.wait_for(2, "merged", timeout=60)
        assert [event.data["sealed"] for event in sealed(made)] == [False]
        given = next(event for event in made.events("handoff.given") if event.subject == "prompt:2")
        assert given.data["limitations"][0].startswith("Not sealed by cleanup, and let go on: counts.ac_passed is 3")
        return
    made.coord("answer", str(question.seq), "retry")
    made.wait_for(2, "merged", timeout=60)
    assert [event.data["sealed"] for event in sealed(made)] == [False, True]
    assert turns(made)[-1] == "cleanup.2"


def test_a_ledger_that_says_passed_where_the_suite_fails_is_a_finding_with_both_sides(make: Any) -> None:
    made = building(make)
    (made.layout.suites / "unit.md").write_text("---\ncommand: python3 -m unittest && echo but && exit 3\n---\n")
    question = until_asked(made)
    (event,) = sealed(made)
    assert event.data["sealed"] is False
    assert {one["about"] for one in event.data["mismatches"]} == {"AC-1", "AC-2", "AC-3"}
    assert "the ledger says `passed`, but suite unit: exit 3" in question.text
    (finding,) = json.loads(made.coord("feedback", "--json").stdout)["feedback"]
    assert (finding["priority"], finding["category"], finding["status"]) == ("high", "ledger", "open")
    (path,) = made.layout.feedback.glob("*.md")
    assert "- AC-1: the ledger says `passed`, and suite unit: exit 3" in path.read_text()
    rows = shown(made, "ledger")["acs"]
    assert made.layout.runs.glob("*/prompts/02/*/stages/cleanup/seal.json")
    made.coord("answer", str(question.seq), "abort")
    made.wait_for(2, "failed")
    assert rows == [] or all(row["mismatch"] for row in rows)
    assert "retry_after" not in made.repository.git("show", "main:tokenbucket/bucket.py")


def test_such_a_finding_is_its_prompts_own_once_ledger_and_run_agree(make: Any) -> None:
    made = building(make)
    suite = made.layout.suites / "unit.md"
    suite.write_text("---\ncommand: 'false'\n---\n")
    made.coord("feedback", "file", "--title", "Prompt 02, attempt 1: not said by the harness", "--category", "ledger")
    question = until_asked(made)
    suite.write_text("---\ncommand: 'true'\n---\n")
    made.coord("answer", str(question.seq), "retry")
    made.wait_for(2, "merged", timeout=60)
    assert [event.data["sealed"] for event in sealed(made)] == [False, True]
    found = {one["source"]: (one["status"], one["prompts"]) for one in shown(made, "feedback")["feedback"]}
    (other,) = found.keys() - {"coord"}
    assert found == {"coord": ("planned", [2]), other: ("open", [])}
    (noted,) = made.events("feedback.planned")
    assert (noted.actor_kind, noted.data["prompts"]) == ("system", [2])


@pytest.mark.slow
def test_who_changes_code_does_not_seal_it(make: Any) -> None:
    made = building(make, {"cleanup": OWN_WORK})
    run_out(made)
    assert [event.data["files"] for event in made.events("ownership.violated")] == [["tokenbucket/bucket.py"]]
    assert not made.repository.git("show", "main:tokenbucket/bucket.py").endswith("# mine")


def test_what_is_not_met_goes_back_to_whom_the_last_one_names(make: Any) -> None:
    back = HONEST.replace('"VERIFIED"', '"UNVERIFIED"').replace(
        '"PROCEED"', '"BOUNCE", "route_to_agent": "implementer"'
    )
    back = back.replace("coord agent done", "coord agent done --next implementer")
    by_turn = (
        'case $COORD_TURN in cleanup) name=back ;; *) name=honest ;; esac; . "$COORD_ROOT/.coord/scripts/$name.sh"\n'
    )
    made = building(make, {"cleanup": by_turn, "back": back, "honest": HONEST})
    run_out(made)
    assert turns(made) == [*QUICK, "implementer.2", "code-critic.2", "cleanup.2"]
    assert [event.data["sealed"] for event in sealed(made)] == [False, True]
    assert sealed(made)[0].data["reasons"] == ["it says UNVERIFIED; it recommends BOUNCE to implementer"]


def test_a_loop_that_is_killed_once_the_suites_have_run_does_not_run_them_again(make: Any) -> None:
    made = building(make)
    ran = made.layout.root.parent / "ran"
    (made.layout.suites / "unit.md").write_text(f"---\ncommand: echo $COORD_AGENT >>{ran}; python3 -m unittest\n---\n")
    killed = made.start_loop(failpoint="seal-told")
    made.sees(lambda snapshot: killed.poll() is not None, timeout=90, message="the loop to be killed")
    run_out(made)
    assert [event.data["sealed"] for event in sealed(made)] == [True]
    assert ran.read_text().split() == ["seal-02-1", "suite-02-1"], "once for the seal, once at the gate"
    whole = json.loads(next(made.layout.runs.glob("*/build/ac_status.json")).read_text())
    assert {name: one["verify_status"] for name, one in whole["acs"].items()} == {
        f"AC-02-{n}": "passed" for n in (1, 2, 3)
    }


def test_what_its_command_shows_not_to_be_so_after_the_merge_is_a_finding_too(make: Any) -> None:
    command = "test -e nowhere"
    wrong = HONEST.replace("AC-02-2: python3 -m unittest -q tests.test_waiting", f"AC-02-2: {command}")
    made = building(make, {"cleanup": wrong})
    (made.layout.suites / "late.md").write_text(f"---\ncommand: {command}\n---\n")
    made.start_loop()
    made.wait_for(2, "merged", timeout=90)
    made.sees(lambda _: made.events("witness.run"), timeout=60, message="the command to be run")
    (finding,) = shown(made, "feedback")["feedback"]
    assert (finding["priority"], finding["category"], finding["source"]) == ("high", "ledger", "coord")
    (path,) = made.layout.feedback.glob("*.md")
    assert f"- AC-2: the ledger says `passed`, and `{command}` ended with 1" in path.read_text()
    rows = {row["id"]: (row["witnessed"], row["mismatch"]) for row in shown(made, "ledger")["acs"]}
    assert rows == {"AC-02-1": (None, None), "AC-02-2": (False, "its command fails"), "AC-02-3": (None, None)}


@pytest.mark.slow
@pytest.mark.parametrize("point", ["ledger-noted", "artifact-published:2", "ledger-noted:3", "artifact-published:9"])
def test_a_loop_that_is_killed_while_it_publishes_adds_to_the_ledger_once(make: Any, point: str) -> None:
    made = building(make)
    killed = made.start_loop(failpoint=point)
    made.sees(lambda _: killed.poll() is not None, timeout=90, message="the loop to be killed")
    run_out(made)
    assert turns(made) == list(QUICK)
    written = [event.subject for event in made.events("stage.published")]
    assert written == [f"stage:2/{name}" for name in ("requirements-author", "test-author", "implementer", "cleanup")]
    rows = {row["id"]: (row["impl_status"], row["verify_status"]) for row in shown(made, "ledger")["acs"]}
    assert rows == dict.fromkeys(("AC-02-1", "AC-02-2", "AC-02-3"), ("done", "passed"))
    assert [one["state"] for one in shown(made, "artifacts")["artifacts"]] == [None] * len(ARTIFACTS)


@pytest.mark.slow
def test_a_criterion_that_somebody_takes_out_of_the_published_ledger_is_missed(make: Any) -> None:
    place = "$COORD_ROOT/.coord/runs/$COORD_RUN/build/02-1/ac_status.json"
    takes = f"""sed -i '/"AC-2"/d' {place}; ! grep -q AC-2 {place}\n"""
    made = building(make, {"implementer": STATIONS["implementer"].replace("set -eu\n", f"set -eu\n{takes}", 1)})
    question = until_asked(made)
    assert "ac_status.json" in question.text
    said = [str(event.data.get("reason")) for event in made.events("stage.failed")]
    assert (
        "it handed off without ac_status.json (what stations before handed in of it was changed past coord" in said[0]
    )
    made.coord("answer", str(question.seq), "abort")
    made.wait_for(2, "failed")


@pytest.mark.slow
def test_a_loop_that_is_killed_while_suites_run_leaves_nothing_of_them(make: Any) -> None:
    made = building(make)
    gate = made.until().rstrip()
    began = made.layout.root.parent / "began"
    (made.layout.scripts / "suite.sh").write_text(f"echo >{began}\n{gate}\npython3 -m unittest\n")
    (made.layout.suites / "unit.md").write_text("---\ncommand: sh $COORD_ROOT/.coord/scripts/suite.sh\n---\n")
    killed = made.start_loop()
    made.sees(lambda _: began.exists(), timeout=90, message="the suite to begin")
    killed.kill()
    killed.wait()
    wait_until(lambda: not suites_of(made), message="the suite to end with the loop")
    made.release()
    run_out(made)
    assert [event.data["sealed"] for event in sealed(made)] == [True]
    assert [path.name for path in made.layout.worktrees.glob("seal-*")] == []
    assert "seal-" not in made.repository.git("worktree", "list")


def suites_of(made: Project) -> list[str]:
    """Processes of suites of this project."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            environ = (folder / "environ").read_bytes().split(b"\0") if folder.name.isdigit() else []
            if f"COORD_ROOT={made.layout.root}".encode() in environ and b"COORD_ROLE=suite" in environ:
                found.append(folder.name)
    return found
