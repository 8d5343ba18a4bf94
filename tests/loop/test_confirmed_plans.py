"""A Planner's plan that a human confirms: asked once, applied on the word, and what is refused goes to the next one."""

from collections.abc import Callable

from support.three_iterations import Make, course, iterating

from coordinator.model.snapshot import LoopState, Snapshot


def test_the_first_plan_waits_for_a_word_and_a_no_is_told_to_the_next_planner(make: Make) -> None:
    made = iterating(make, planner_plans="first")
    keep = 'cat >>"$COORD_ROOT/../told"\n'
    script = made.layout.scripts / "planner.sh"
    script.write_text(keep + script.read_text())
    made.start_loop()

    def asked(count: int) -> Callable[[Snapshot], int | None]:
        def is_open(snapshot: Snapshot) -> int | None:
            found = [one for one in snapshot.questions if one.about.startswith("plan:")]
            return found[0].seq if len(found) == count and found[0].open else None

        return is_open

    first = made.sees(asked(1), timeout=60, message="the plan to be asked about")
    assert made.snapshot().loop.state is LoopState.WAITING
    assert not made.snapshot().prompts
    made.coord("answer", str(first), "too many words, be brief")
    second = made.sees(asked(2), timeout=60, message="the next plan to be asked about")
    assert "too many words, be brief" in (made.layout.root.parent / "told").read_text()
    made.coord("answer", str(second), "apply")
    made.sees(lambda snapshot: snapshot.milestone.status == "done", timeout=120, message="it to be done")
    assert course(made)[-1] == "3 DONE"
    assert len([one for one in made.snapshot().questions if one.about.startswith("plan:")]) == 2
