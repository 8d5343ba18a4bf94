"""Staged prompts as work of the loop: phases and tasks as agents, in one worktree, behind one gate."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import Project
from support.staged_loop import ALL, PLAN, context_of, paths, position, staged, told
from support.wait import wait_until

from coordinator.formats.stage_plan import as_body
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState

Make = Callable[..., Project]
SHORT = "stages:\n  PLAN: {enabled: no}\n  IMPLEMENT: {enabled: no}\n  FINAL: {enabled: no}\n"
"""TEST alone: three agents."""
LAST = "stages:\n  PLAN: {enabled: no}\n  IMPLEMENT: {enabled: no}\n  TEST: {enabled: no}\n"


def with_body(path: Path, plan: str) -> None:
    path.write_text(as_body(path.read_text(), plan))


def merged(made: Project) -> None:
    step = made.snapshot().steps[1]
    assert step.state is StepState.MERGED, made.said()[-3000:]


def question(made: Project) -> str:
    """The text of the question that the pipeline asks."""

    def asked(snapshot: Snapshot) -> str:
        return snapshot.open_questions[0].text if snapshot.open_questions else ""

    return made.sees(asked, message="a question")


def answered(made: Project, word: str) -> str:
    """Run the loop, answer the first question and see it end; the question."""
    loop = made.start_loop("--until-idle")
    text = question(made)
    made.answer_until_over(loop, word)
    return text


def test_a_task_goes_through_all_stages_and_its_branch_is_merged_once(make: Make) -> None:
    made = make({})
    staged(made)
    made.run_loop(timeout=100)
    merged(made)
    assert paths(made) == list(ALL)
    assert {turn.state for turn in position(made).turns} == {"done"}
    show = made.repository.git
    assert show("show", "main:three.txt") == "one\ntwo"
    assert show("show", "main:tests/test_it.sh") == "test -e three.txt"
    subjects = show("log", "--format=%s", "--no-merges", "main").splitlines()
    assert {"T1: The first file", "T2: The second file", "T3: Both of them"} <= set(subjects)
    (event,) = [event for event in made.events("phase.reported") if event.subject == "stage:1/PLAN/1.1"]
    assert event.data["summary"] == "SAID-PLAN/1.1"
    assert context_of(made, "IMPLEMENT/2.1/T3")["dependencyOutputs"] == [
        {"taskId": "T1", "summary": "IMPLEMENT/2.1/T1 is over"},
        {"taskId": "T2", "summary": "IMPLEMENT/2.1/T2 is over"},
    ]
    told_in_all = "".join(told(made, path) for path in ALL)
    assert "Do 1." not in told_in_all
    assert "A milestone" not in told_in_all
    plan = Path(context_of(made, "FINAL/4.1")["planFilePath"])
    assert "PROSE-OF-THE-PLAN" in plan.read_text()
    assert "PROSE-OF-THE-PLAN" not in told_in_all
    for number in "123":
        holds = [path for path in ALL if f"INSTRUCTED-T{number}" in told(made, path)]
        assert holds == [f"IMPLEMENT/2.1/T{number}"]


def test_a_plan_that_is_brought_leaves_planning_out_and_stages_may_be_left_out_too(make: Make) -> None:
    made = make({})
    with_body(staged(made, skip_stages="[TEST, FINAL]"), PLAN)
    made.run_loop(timeout=60)
    merged(made)
    assert paths(made, "done") == [path for path in ALL if path.startswith("IMPLEMENT")]
    assert paths(made, "skipped") == ["PLAN", "TEST", "FINAL"]
    assert "PROSE-OF-THE-PLAN" in Path(context_of(made, "IMPLEMENT/2.2")["planFilePath"]).read_text()


@pytest.mark.parametrize(
    ("special", "says"),
    [
        ("end\n", "ended with exit status 3 without handing off"),
        ("exit 4\n", "ended with exit status 4 without handing off"),
        ('report "no way" failed; end\n', "no way"),
        ('report "a wall" blocked; end\n', "a wall"),
        ('coord agent fail --verdict "it is hopeless"; exit\n', "it is hopeless"),
    ],
)
def test_a_phase_that_comes_to_nothing_is_asked_about_and_a_retry_goes_on(make: Make, special: str, says: str) -> None:
    made = make({})
    staged(made, f"case $turn in TEST/3.1) {special.strip()} ;; esac\n", SHORT)
    assert says in answered(made, "retry")
    merged(made)
    assert paths(made, "done") == ["TEST/3.1.2", "TEST/3.2", "TEST/3.3"]


def test_garbage_is_refused_by_name_and_a_turn_that_has_nothing_else_to_say_has_failed(make: Make) -> None:
    made = make({})
    wrong = """case $turn in TEST/3.1)
  for garbage in '{}' '{"stageName": "PLAN", "status": "completed", "summary": "x"}' 'PK' \\
    '{"stageName": "TEST", "status": "fine", "summary": "x"}' \\
    '{"stageName": "TEST", "status": "completed", "summary": "x", "phases": {"2.1": {}}}'; do
    coord agent stage --json "$garbage" >>"$COORD_ROOT/said" 2>&1 && exit 9
  done
  coord agent done --summary x >>"$COORD_ROOT/said" 2>&1 || exit 1 ;;
esac
"""
    staged(made, wrong, SHORT)
    assert "TEST/3.1 came to nothing" in answered(made, "abort")
    assert made.snapshot().steps[1].state is StepState.FAILED
    said = (made.layout.root / "said").read_text()
    for words in ("`stageName` is missing", "reports stage PLAN, and works on TEST", "is no place"):
        assert words in said
    assert 'status is "fine"' in said
    assert "reports phase 2.1, and works on 3.1" in said
    assert "not done yet: it handed off without a word" in said


def test_a_phase_that_never_returns_is_ended_and_asked_about(make: Make) -> None:
    made = make({})
    staged(made, f"case $turn in TEST/3.1) {made.until()} ;; esac\n", SHORT + "  TEST: {testPlan: {timeout: 2}}\n")
    assert "TEST/3.1 is blocked: took longer than the 2 s it was given" in answered(made, "skip")
    merged(made)
    assert paths(made, "skipped")[0] == "TEST/3.1.2"
    assert paths(made, "done") == ["TEST/3.2", "TEST/3.3"]


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ("# No tasks\n", "it has no block of tasks"),
        ("---\ntasks:\n- {id: T1, description: d, targetFiles: [../out]}\n---\n", "is no file that a task may change"),
        (None, "without handing off"),
    ],
)
def test_a_plan_that_is_none_fails_the_phase_that_wrote_it(make: Make, plan: str | None, says: str) -> None:
    made = make({})
    write = f"mkdir -p \"$own/out\"; printf '%s' '{plan}' >\"$own/out/plan.md\"; " if plan is not None else ""
    only = "stages:\n  PLAN: {brainstorm: {enabled: no}}\n"
    staged(made, f"case $turn in PLAN/1.2) {write}report written; end ;; esac\n", only)
    assert says in answered(made, "abort")
    assert made.snapshot().steps[1].state is StepState.FAILED


def test_a_review_that_finds_something_has_it_mended(make: Make) -> None:
    made = make({})
    special = """case $turn in
  FINAL/4.1) report "not yet" completed '"errors": [{"severity": "high", "message": "WRONG-NAME"}]'; end ;;
  FINAL/4.1/fix) echo mended >mended.txt; commit ;;
esac
"""
    staged(made, special, LAST)
    made.run_loop(timeout=60)
    merged(made)
    assert paths(made, "done") == [
        *("FINAL/4.0", "FINAL/4.1", "FINAL/4.1/fix", "FINAL/4.1.2", "FINAL/4.2", "FINAL/4.3"),
    ]
    assert context_of(made, "FINAL/4.1/fix")["errors"] == [
        {"severity": "high", "message": "WRONG-NAME", "location": ""}
    ]
    assert "WRONG-NAME" not in told(made, "FINAL/4.2")
    assert made.repository.git("show", "main:mended.txt") == "mended"


@pytest.mark.parametrize(
    ("settings", "says"),
    [("stagse: {}\n", "there is no `stagse`; did you mean `stages`?"), ("a: [\n", "not YAML")],
)
def test_settings_that_are_none_keep_it_from_beginning(make: Make, settings: str, says: str) -> None:
    made = make({})
    staged(made, settings=settings)
    made.run_loop()
    step = made.snapshot().steps[1]
    assert step.state is StepState.FAILED
    assert says in step.reason


def test_what_an_agent_asks_for_as_its_context_is_what_it_was_told(make: Make) -> None:
    made = make({})
    staged(made, 'coord context >"$COORD_ROOT/asked-${turn##*/}"\n', SHORT)
    made.run_loop()
    merged(made)
    for path in ("TEST/3.1", "TEST/3.3"):
        assert (made.layout.root / f"asked-{path[-3:]}").read_text().strip() == told(made, path).strip()


def test_a_task_is_started_again_or_killed_by_name_while_another_one_works(make: Make) -> None:
    made = make({})
    waits = f"case $turn in IMPLEMENT/2.1/T1|IMPLEMENT/2.1/T2) {made.until()} ;; esac\n"
    with_body(staged(made, waits, skip_stages="[TEST, FINAL]"), PLAN)
    loop = made.start_loop("--until-idle")
    made.sees(lambda s: sum(turn.state is StepState.RUNNING for turn in s.stages.values()) == 2)
    made.coord("restart", "01-1-IMPLEMENT+2.1+T1", "--yes")
    made.coord("kill", "01-1-IMPLEMENT+2.1+T2", "--yes")
    assert "IMPLEMENT/2.1/T2 is blocked: ended by" in question(made)
    made.release()
    made.answer_until_over(loop, "retry")
    merged(made)
    states = {turn.path: turn.state for turn in position(made).turns if "2.1" in turn.path}
    assert states == {
        "IMPLEMENT/2.1/T1": "interrupted",
        "IMPLEMENT/2.1/T2": "blocked",
        "IMPLEMENT/2.1/T1.2": "done",
        "IMPLEMENT/2.1/T2.2": "done",
        "IMPLEMENT/2.1/T3": "done",
    }, made.said()[-3000:]
    assert made.repository.git("show", "main:three.txt") == "one\ntwo"


def test_stages_that_somebody_has_rewritten_hold_their_prompt_and_nothing_else(make: Make) -> None:
    made = make({})
    staged(made, f"case $turn in TEST/3.1) {made.until()} ;; esac\n", SHORT)
    made.add(2)
    loop = made.start_loop("--until-idle")
    made.wait_for(2, "merged")
    made.sees(lambda s: any(turn.state is StepState.RUNNING for turn in s.stages.values()))
    loop.kill()
    loop.wait(90)
    (file,) = made.layout.runs.glob("run-*/prompts/01/attempt-1/pipeline-state.json")
    state = json.loads(file.read_text())
    for place in (file, file.with_name("pipeline-state.told.json")):
        place.write_text(json.dumps(state | {"config": {"stages": {"TEST": {"enabled": "perhaps"}}}}))
    made.release()
    loop = made.start_loop()
    told = made.sees(lambda s: [p for p in s.problems if "settings of its stages" in p.message])
    assert told[0].path.endswith("pipeline-state.json")
    assert made.states() == {1: "running", 2: "merged"}
    file.write_text(json.dumps(state))
    made.wait_for(1, "merged", timeout=60)


def test_a_plan_that_was_changed_after_it_was_handed_in_goes_to_nobody(make: Make) -> None:
    made = make({})
    forges = """case $turn in PLAN/1.3)
  for file in "$COORD_ROOT"/.coord/runs/run-1/staged/01-1/plan.md; do rm -f "$file"; echo forged >"$file"; done ;;
esac
"""
    staged(made, forges, "stages:\n  PLAN: {brainstorm: {enabled: no}}\n", skip_stages="[TEST, FINAL]")
    assert "plan.md is not as PLAN/1.2 handed it in" in answered(made, "abort")
    assert made.snapshot().steps[1].state is StepState.FAILED
    assert "forged" not in "".join(path.read_text() for path in made.layout.runs.rglob("in/plan.md"))


def test_why_a_change_came_back_is_told_to_those_who_plan_and_write(make: Make) -> None:
    made = make({}, gate="review")
    short = "stages:\n  PLAN: {brainstorm: {enabled: no}, planReview: {enabled: no}}\n"
    short += "  IMPLEMENT: {simplify: {enabled: no}, implementReview: {enabled: no}}\n"
    staged(made, settings=f"{short}  TEST: {{enabled: no}}\n  FINAL: {{enabled: no}}\n")
    made.start_loop()
    made.wait_for(1, "change-open")
    made.coord("review", "1", "--comment", "one.txt:1", "Say it in German, CANARY-COMMENT.")
    made.coord("review", "1", "--reject", "Not yet: CANARY-REASON.")
    wait_until(lambda: len(made.attempts(1)) == 2, message="the second attempt")
    made.wait_for(1, "change-open")
    contexts = [context_of(made, path, attempt=2) for path in ("PLAN/1.2", "IMPLEMENT/2.1/T1")]
    remark = {"id": "C1", "message": "Say it in German, CANARY-COMMENT.", "location": "one.txt:1"}
    assert [context["sentBack"] for context in contexts] == [
        {"reason": "Not yet: CANARY-REASON.", "comments": [remark]}
    ] * 2
    assert "sentBack" not in context_of(made, "PLAN/1.2")
