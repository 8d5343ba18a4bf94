"""What fails while a milestone iterates: the Planner sees it, and it does not go on for ever."""

from support.three_iterations import Make, course, iterating

from coordinator.storage.runs import current_run

AGAIN = """\
set -u
say() { printf '%s' "$1" | coord agent plan --json - && coord agent done --no-change --summary 'decided' && exit 0; }
cat >told
[ "$COORD_ITERATION" = 1 ] && say '{"decision": "CONTINUE", "reason": "nothing is there",
  "prompts": [{"key": "a", "title": "Say hello", "body": "## Tasks\\n\\n- hello\\n"}]}'
if grep -q 'A plan was not taken' told; then
  cp told "$COORD_ROOT/../told"
  say '{"decision": "CONTINUE", "reason": "why is that", "prompts": [{"key": "why", "title": "Find out why",
    "type": "emergent", "body": "## Tasks\\n\\n- why\\n"}],
    "edits": [{"number": 1, "set": {"status": "pending", "dependencies": ["why"]}}]}'
fi
say '{"decision": "CONTINUE", "reason": "once more", "edits": [{"number": 1, "set": {"status": "pending"}}]}'
coord agent fail --verdict 'no plan was taken'
"""
"""A Planner that tries what failed again, until it is told that it may not."""
FAILS = "coord agent fail --verdict 'no compiler is installed'\n"


def test_what_failed_twice_is_looked_into_before_the_third_time_which_is_stuck(make: Make) -> None:
    made = iterating(make, planner=AGAIN)
    (made.layout.scripts / "01.sh").write_text(FAILS)
    (made.layout.scripts / "02.sh").write_text("coord agent done --no-change --summary 'there is none'\n")
    assert made.run_loop(timeout=120) == 1, made.said()
    assert course(made) == [
        *("1 planning", "1 executing", "1 over"),
        *("2 planning", "2 executing", "2 over"),
        *("3 planning", "3 executing", "3 STUCK"),
    ]
    snapshot = made.snapshot()
    assert snapshot.round is not None
    assert "the same failure for the 3rd time: no compiler is installed" in snapshot.round.ending
    told = (made.layout.root.parent / "told").read_text()
    assert (
        "A plan was not taken. Plan otherwise:\n\n> - 01 failed twice in the same way (no compiler is installed)"
        in told
    )
    ended = [(e.subject, e.data.get("attempt")) for e in made.events("step.failed", "step.merged")]
    assert [one for one in ended if one[0].startswith("prompt:")] == [
        *(("prompt:1", 1), ("prompt:1", 2), ("prompt:2", 1), ("prompt:1", 3))
    ]
    assert ("flow:planner/3", 3) in ended


def test_what_fails_halts_the_plan_where_the_settings_say_so(make: Make) -> None:
    made = iterating(make, planner=AGAIN, on_failure="halt")
    (made.layout.scripts / "01.sh").write_text(FAILS)
    assert made.run_loop(timeout=120) == 1, made.said()
    assert course(made) == ["1 planning", "1 executing"]
    assert made.events("run.stopped")[-1].data["outcome"] == "halted"


def test_a_milestone_that_was_done_goes_on_with_new_work_and_is_done_again(make: Make) -> None:
    made = iterating(make)
    assert made.run_loop(timeout=240) == 0, made.said()
    made.add(4, script="echo more >more.txt; git add -A; git commit -qm More; coord agent done --summary more\n")
    assert made.run_loop(timeout=240) == 0, made.said()
    run = current_run(made.layout)
    assert run is not None
    assert (run.id, run.state, run.outcome) == ("run-2", "ended", "done")
    assert made.snapshot().milestone.status == "done"
    assert made.states()[4] == "merged"
