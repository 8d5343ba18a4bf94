"""Agents at stations that write what only coord writes: contracts, what was taken in, where the pipeline stands."""

import json
from collections.abc import Callable

from support.project import Project
from support.stations import COMMIT, write_flow, write_pipeline, write_scripts
from support.wait import wait_until

from coordinator.model.step import StepState

Make = Callable[..., Project]
CODE = "['**', '!@tests', '!.coord/**']"
LIE = 'echo "assert True" >tests/test_a.py\n'


def guarded(make: Make) -> Project:
    made = make({})
    made.repository.commit({"tests/test_a.py": "assert app() == 1\n"})
    write_flow(made, "implementer", writes=CODE)
    write_flow(made, "reader", outputs="[seen.md?]")
    write_pipeline(made, "duo", "implementer", "reader")
    made.add(1, pipeline="duo")
    return made


def landed(made: Project) -> str:
    step = made.snapshot().steps[1]
    assert step.state is StepState.MERGED, f"{step}\n{made.said()[-4000:]}"
    return made.repository.git("show", "main:tests/test_a.py")


def violated(made: Project) -> list[str]:
    told = [event.data["files"] for event in made.events("ownership.violated")]
    return [str(name) for files in told if isinstance(files, list) for name in files]


def test_a_contract_that_its_agent_rewrites_holds_as_it_was(make: Make) -> None:
    made = guarded(make)
    wider = """python3 - "$COORD_OUT/../contract.json" <<'P'
import json, sys
values = json.load(open(sys.argv[1]))
values |= {"writes": ["**"], "outputs": ["../../../../stolen.md"], "pipeline": "../../.."}
json.dump(values, open(sys.argv[1], "w"))
P
"""
    write_scripts(made, {"implementer": f"echo x >app.py\n{LIE}{COMMIT}{wider}", "reader": ""})
    made.run_loop()
    assert landed(made) == "assert app() == 1"
    assert "tests/test_a.py" in violated(made)
    assert any("contract" in name for name in violated(made)), violated(made)
    assert made.repository.git("show", "main:app.py") == "x"
    assert not list(made.layout.root.rglob("stolen.md"))


def test_a_contract_that_its_agent_deletes_holds_too(make: Make) -> None:
    made = guarded(make)
    gone = f'{LIE}{COMMIT}rm "$COORD_OUT/../contract.json"; exit 1'
    first = f"case $COORD_TURN in implementer) {gone} ;; esac\n"
    write_scripts(made, {"implementer": f"{first}echo x >app.py\n{COMMIT}", "reader": ""})
    made.run_loop()
    assert landed(made) == "assert app() == 1"
    assert "tests/test_a.py" in violated(made)


def test_what_a_killed_turn_changed_is_taken_back_whatever_it_says_was_done(make: Make) -> None:
    made = guarded(make)
    forged = 'echo "{}" >"$COORD_OUT/../taken.json"\n'
    waits = f"{LIE}{COMMIT}{forged}sync; touch ready; sleep 600\n"
    ends = f"echo x >app.py\n{COMMIT}coord agent done --summary y\n"
    (made.layout.scripts / "implementer.sh").write_text(
        f"set -eu\ncase $COORD_TURN in implementer) {waits} ;; esac\n{ends}"
    )
    write_scripts(made, {"reader": ""})
    loop = made.start_loop()
    tree = made.layout.worktrees / "01-1"
    wait_until(lambda: (tree / "ready").exists(), message=f"the lie; {made.said()[-2000:]}")
    made.coord("kill", "01-1-implementer", "--requeue", "--yes")
    made.sees(lambda snapshot: snapshot.steps[1].state is StepState.MERGED, timeout=60, message=made.said()[-2000:])
    loop.terminate()
    loop.wait(90)
    assert landed(made) == "assert app() == 1"
    assert "tests/test_a.py" in violated(made)


def test_a_position_that_tells_the_log_of_other_things_is_put_back(make: Make) -> None:
    made = guarded(make)
    forged = """python3 - "$COORD_OUT/../../../pipeline-state.json" <<'P'
import json, sys
values = json.load(open(sys.argv[1]))
said = {"kind": "witness.run", "subject": "milestone", "id": "01990000-0000-7000-8000-000000000000", "data": {}}
json.dump(values | {"seq": 9, "said": [said]}, open(sys.argv[1], "w"))
P
"""
    write_scripts(made, {"implementer": f"echo x >app.py\n{COMMIT}{forged}", "reader": ""})
    made.start_loop("--until-idle").wait(90)
    assert not made.events("witness.run")
    assert made.events("conflict.detected"), made.said()[-2000:]
    assert landed(made) == "assert app() == 1"


def test_a_position_that_its_agent_moves_on_is_told_and_put_back(make: Make) -> None:
    made = guarded(make)
    write_pipeline(made, "duo", "implementer", "critic", "reader")
    write_flow(made, "critic", outputs="[critique.md]")
    forged = """python3 - "$COORD_OUT/../../../pipeline-state.json" <<'P'
import json, sys
values = json.load(open(sys.argv[1]))
values["stations"] = [one for one in values["stations"] if one["name"] != "critic"]
json.dump(values, open(sys.argv[1], "w"))
P
"""
    write_scripts(
        made,
        {
            "implementer": f"echo x >app.py\n{COMMIT}{forged}",
            "critic": "echo x >$COORD_OUT/critique.md\n",
            "reader": "",
        },
    )
    made.start_loop("--until-idle").wait(90)
    told = [event for event in made.events("conflict.detected") if "pipeline-state.json" in json.dumps(event.data)]
    assert told, made.said()[-3000:]
    assert [event.data["to"] for event in made.events("flow.routed")] == ["implementer", "critic", "reader", ""]
    assert landed(made) == "assert app() == 1"


def test_a_position_that_changes_while_no_loop_runs_is_put_back(make: Make) -> None:
    made = guarded(make)
    write_scripts(made, {"implementer": f"{made.until()}echo x >app.py\n{COMMIT}", "reader": ""})
    loop = made.start_loop()
    made.sees(lambda snapshot: any(turn.state is StepState.RUNNING for turn in snapshot.stages.values()), timeout=30)
    loop.kill()
    loop.wait(20)
    (file,) = made.layout.runs.glob("run-*/prompts/01/attempt-1/pipeline-state.json")
    values = json.loads(file.read_text())
    file.write_text(json.dumps(values | {"stations": values["stations"][:1]}))
    made.release()
    assert made.run_loop() == 0
    assert [event.data["to"] for event in made.events("flow.routed")] == ["implementer", "reader", ""]


def test_a_position_that_is_gone_with_its_copy_holds_its_prompt(make: Make) -> None:
    made = guarded(make)
    write_scripts(made, {"implementer": f"{made.until()}echo x >app.py\n{COMMIT}", "reader": ""})
    loop = made.start_loop()
    made.sees(lambda snapshot: any(turn.state is StepState.RUNNING for turn in snapshot.stages.values()), timeout=30)
    loop.kill()
    loop.wait(20)
    for file in made.layout.runs.glob("run-*/prompts/01/attempt-1/pipeline-state*.json"):
        file.unlink()
    made.start_loop()
    told = wait_until(lambda: made.events("problem.found"), timeout=30, message=made.said()[-2000:])
    assert "coord restart 1" in str(told[0].data["remedy"])
    made.coord("restart", "1", "--yes")
    made.sees(lambda snapshot: (there := snapshot.steps[1].attempt) is not None and there.attempt == 2, timeout=30)
