"""The review gate from end to end: real git, a real loop, the command that engineers use."""

import json
from collections.abc import Callable

import pytest
from support.project import NOTHING, WRITE, Project
from support.wait import wait_until

from coordinator.apply.undo import plan_undo
from coordinator.errors import Refused
from coordinator.model.work import prompt_work
from coordinator.views.prompt_row import Facts

Make = Callable[..., Project]
TRY = 'echo "$COORD_ATTEMPT" >>f; git add f; git commit -qm "Try $COORD_ATTEMPT"\n'
DONE = "coord agent done --summary 'Tried it.' --decision 'one file' --limitation 'no tests' --validation 'by eye'\n"


def opened(make: Make, *arguments: str, **settings: object) -> Project:
    made = make({1: []}, {1: TRY + DONE}, gate="review", **settings)
    made.start_loop(*arguments)
    made.wait_for(1, "change-open")
    return made


def page(made: Project, *arguments: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(made.coord("review", *arguments, "--json").stdout)
    return found


def test_an_open_change_shows_what_was_said_committed_and_changed(make: Make) -> None:
    made = opened(make)
    text = made.coord("review").stdout
    for said in ("Tried it.", "one file", "no tests", "by eye", "Try 1", "+1 -0", "coord review 1 --approve --commit"):
        assert said in text
    assert "+1\n" not in text
    assert "@@ -0,0 +1 @@\n+1\n" in made.coord("review", "1", "--diff").stdout
    found = page(made, "1")
    assert found["commit"] == made.repository.head("coord/01-1")
    assert [file["path"] for file in found["files"]] == ["f"]  # type: ignore[attr-defined]
    assert "diff" not in found
    assert "+1" in str(page(made, "1", "--diff")["diff"])


def test_the_size_of_a_change_stands_in_its_row(make: Make) -> None:
    made = opened(make)
    assert Facts(made.snapshot()).of(1, 0.0).text == "review +1 -0"
    assert made.events("step.change_open")[0].data["added"] == 1


def test_an_approved_change_lands_and_nothing_lands_before(make: Make) -> None:
    made = opened(make, "--until-idle")
    before = made.repository.head()
    seen = str(page(made)["commit"])
    assert made.repository.head() == before
    made.coord("review", "1", "--approve", "--commit", seen[:10], "--note", "good")
    made.wait_for(1, "merged")
    assert made.repository.git("show", "main:f") == "1"
    (approval,) = made.events("change.approved")
    assert (approval.actor_kind, approval.data["commit"], approval.data["note"]) == ("human", seen, "good")
    landed = made.coord("review", "1", "--diff").stdout
    assert "Try 1" in landed
    assert "+1" in landed
    with pytest.raises(Refused, match="acts on a verdict at once"):
        plan_undo(made.layout, made.snapshot())


def test_a_rejected_change_comes_back_to_a_new_attempt_on_its_commits_with_the_words(make: Make) -> None:
    made = opened(make)
    made.coord("review", "1", "--reject", "Two lines, please.")
    wait_until(lambda: len(made.attempts(1)) == 2, message="the second attempt")
    made.wait_for(1, "change-open")
    told = (made.layout.attempt("run-1", prompt_work(1), 2) / "prompt.txt").read_text()
    assert "Your work came back" in told
    assert "Two lines, please." in told
    assert "Two lines, please." in made.layout.alignment.read_text()
    assert [c["subject"] for c in page(made)["commits"]] == ["Try 1", "Try 2"]  # type: ignore[attr-defined]
    made.coord("review", "1", "--approve")
    made.wait_for(1, "merged")
    assert made.repository.git("show", "main:f") == "1\n2"


ANSWERS = """\
if [ "$COORD_ATTEMPT" = 2 ]; then
    coord agent done --summary 'Tried again.' --answer 'C1: two lines now' --answer 'C2: left: it is short'
fi
"""


def test_comments_at_lines_reach_the_next_prompt_and_come_back_answered_at_their_lines(make: Make) -> None:
    made = make({1: []}, {1: TRY + ANSWERS + DONE}, gate="review")
    made.start_loop()
    made.wait_for(1, "change-open")
    made.coord("review", "1", "--comment", "f:1", "One line?\nMake it two.", "--comment", "f", "a better name")
    made.coord("review", "1", "--comment", "f:7", "wrong", "--comment", "f:7", "")
    assert [one["text"] for one in page(made, "1")["drafts"]] == ["One line?\nMake it two.", "a better name"]  # type: ignore[attr-defined]
    refused = made.coord("review", "1", "--comment", "g:1", "x", check=False)
    assert refused.returncode == 3
    assert "it changes f" in refused.stderr
    said = made.coord("review", "1", "--send").stdout
    assert "with 2 comments at lines" in said
    wait_until(lambda: len(made.attempts(1)) == 2, message="the second attempt")
    made.wait_for(1, "change-open")
    told = (made.layout.attempt("run-1", prompt_work(1), 2) / "prompt.txt").read_text()
    assert "C1 f:1 `1`" in told
    assert "> One line?\n> Make it two." in told
    assert "C2 f (" in told
    found = page(made, "1")
    assert found["drafts"] == []
    answers = [(one["id"], one["status"], one["answer"], one["line"]) for one in found["comments"]]  # type: ignore[attr-defined]
    assert answers == [("C1", "RESOLVED", "two lines now", 1), ("C2", "SKIPPED", "it is short", 0)]
    assert found["since"]["attempt"] == 1  # type: ignore[index]
    text = made.coord("review", "1").stdout
    assert "[x] C1 f:1 `1`" in text
    assert "two lines now" in text
    made.coord("review", "1", "--reject", "once more")
    wait_until(lambda: len(made.attempts(1)) == 3, message="the third attempt")
    made.wait_for(1, "change-open")
    told = (made.layout.attempt("run-1", prompt_work(1), 3) / "prompt.txt").read_text()
    assert "Worklist of the review" not in told
    as_agent = {"COORD_AGENT": "executor-01-3", "COORD_ROLE": "executor"}
    assert made.coord("review", "1", "--comment", "f:1", "x", check=False, **as_agent).returncode == 3


def test_a_rejection_waits_for_a_merge_that_is_under_way(make: Make) -> None:
    made = make({})
    made.repository.suite("unit", "touch $COORD_ROOT/../suite-runs; " + made.until().strip())
    made.add(1, script=WRITE, validation_suites="[unit]")
    made.layout.config.write_text(made.layout.config.read_text().replace("gate: auto", "gate: review"))
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "change-open")
    made.coord("review", "1", "--approve")
    wait_until((made.repository.root.parent / "suite-runs").exists, message="the suite to run")
    made.coord("review", "1", "--reject", "No, wait.")
    made.release()
    assert loop.wait(90) == 0, made.said()
    assert made.states() == {1: "merged"}
    assert len(made.attempts(1)) == 1


def test_a_change_is_tried_before_the_verdict(make: Make) -> None:
    made = make({}, gate="review")
    made.repository.suite("unit", "test ! -e red || { echo the light is red; exit 7; }")
    made.add(1, script=WRITE, validation_suites="[unit]")
    made.start_loop()
    made.wait_for(1, "change-open")
    passed = made.coord("review", "1", "--check")
    assert "✓ merges into main; unit passed on the result" in passed.stdout
    made.repository.commit({"red": "x\n"})
    failed = made.coord("review", "1", "--check", "--json", check=False)
    assert failed.returncode == 1
    check = json.loads(failed.stdout)["check"]
    assert (check["passed"], check["output"]) == (False, "the light is red")
    assert "`unit` failed with exit status 7" in check["summary"]
    assert made.states() == {1: "change-open"}
    assert made.events("step.merged") == []


def test_a_branch_that_moved_is_refused_at_the_verdict(make: Make) -> None:
    made = opened(make)
    seen = str(page(made)["commit"])
    made.repository.commit({"f": "more\n"}, "More", cwd=made.layout.worktree(prompt_work(1), 1))
    refused = made.coord("review", "1", "--approve", "--commit", seen, check=False)
    assert refused.returncode == 3
    assert "has moved since it was reviewed" in refused.stderr
    assert made.events("change.approved") == []


def test_an_agent_may_look_but_not_judge_and_the_try_is_on_the_log(make: Make) -> None:
    made = opened(make)
    as_agent = {"COORD_AGENT": "executor-01-1", "COORD_ROLE": "executor"}
    assert "Try 1" in made.coord("review", "1", **as_agent).stdout
    for verdict in (["--approve"], ["--reject", "no"]):
        refused = made.coord("review", "1", *verdict, check=False, **as_agent)
        assert refused.returncode == 3, refused.stderr
    assert made.events("change.approved", "change.rejected") == []
    assert len(made.events("access.denied")) == 2
    assert made.states() == {1: "change-open"}


@pytest.mark.slow
def test_several_open_changes_are_listed_and_a_verdict_names_one(make: Make) -> None:
    made = make({1: [], 2: []}, gate="review", max_parallel=2)
    assert "No change is open" in made.coord("review").stdout
    made.start_loop()
    for number in (1, 2):
        made.wait_for(number, "change-open")
    assert "coord review 1" in made.coord("review").stdout
    assert len(page(made)["changes"]) == 2  # type: ignore[arg-type]
    refused = made.coord("review", "--approve", check=False)
    assert refused.returncode == 3
    assert "name one of 01, 02" in refused.stderr
    assert made.coord("review", "9", check=False).returncode == 3


def test_a_prompt_without_commits_needs_no_review(make: Make) -> None:
    made = make({1: []}, {1: NOTHING}, gate="review")
    assert made.run_loop() == 0
    assert made.states() == {1: "merged"}
    assert made.events("step.merged")[0].data["no_change"] is True


@pytest.mark.slow
def test_a_conflict_found_at_the_merge_of_an_approved_change_goes_back_and_is_reviewed_again(make: Make) -> None:
    clash = 'echo "$COORD_PROMPT" >shared.txt; git add -A; git commit -qm "Write $COORD_PROMPT"\n'
    solve = "git merge -q main -m Merge || { git checkout -q --ours shared.txt; git add -A; git commit -qm Both; }\n"
    script = f'if [ "$COORD_ATTEMPT" = 1 ]; then\n{clash}else\n{solve}fi\n' + NOTHING
    made = make({1: [], 2: []}, {1: script, 2: script}, gate="review", max_parallel=2)
    loop = made.start_loop("--until-idle")
    for number in (1, 2):
        made.wait_for(number, "change-open")
    made.coord("review", "1", "--approve")
    made.wait_for(1, "merged")
    made.coord("review", "2", "--approve")
    wait_until(lambda: len(made.attempts(2)) == 2, message="the second attempt")
    made.wait_for(2, "change-open")
    assert made.repository.git("show", "main:shared.txt") == "1"
    made.coord("review", "2", "--approve")
    assert loop.wait(90) == 0
    assert made.repository.git("show", "main:shared.txt") == "2"
