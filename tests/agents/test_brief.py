"""What an agent is told."""

from coordinator.agents.brief import Brief, compose
from coordinator.lazy.dataclass import replace
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Question
from coordinator.model.step import Attempt, Receipt, StepState
from coordinator.model.work import prompt_work

AT = "2027-01-15T08:00:00Z"
PROMPT = Prompt(7, "Refresh tokens", ".coord/prompts/07-planned-x.prompt.md")
ATTEMPT = Attempt(prompt_work(7), 2, "run-1", 1, StepState.DISPATCHED, AT, AT, "executor-07-2", branch="coord/07-2")
BRIEF = Brief(ATTEMPT, PROMPT, "## Tasks\nDo it.\n", base_branch="main")


def test_the_task_comes_first_and_how_to_end_last() -> None:
    text = compose(replace(BRIEF, flow="You are an executor."))
    assert text.startswith("You are an executor.\n\n# Prompt 07: Refresh tokens\n\n## Tasks\nDo it.\n\n")
    assert "`executor-07-2`" in text
    assert "branch `coord/07-2`" in text
    assert text.rindex("coord agent done") > text.index("Do it.")


def test_a_first_attempt_without_history_is_told_nothing_more() -> None:
    text = compose(BRIEF)
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# Prompt 07: Refresh tokens",
        "## Tasks",
        "## How to work and how to end",
    ]


def test_what_dependencies_handed_off_is_told() -> None:
    receipt = Receipt("done", "made\nit", "executor-02-1", AT, decisions=("monotonic clock",), limitations=("slow",))
    text = compose(replace(BRIEF, before=[(Prompt(2, "Core", "p"), receipt)]))
    assert "- 02 Core: made it\n  - decided: monotonic clock\n  - limitation: slow\n" in text


def test_returned_work_comes_with_its_reason_and_the_way_on() -> None:
    last = replace(ATTEMPT, attempt=1, continues=True, reason="conflict in a.py")
    text = compose(replace(BRIEF, last=last))
    assert "conflict in a.py" in text
    assert "git merge main" in text
    assert "commits of attempt 1 are on your branch" in text


def test_a_failed_attempt_is_told_without_promising_its_commits() -> None:
    text = compose(replace(BRIEF, last=replace(ATTEMPT, attempt=1, reason="tests are red")))
    assert "Attempt 1 came to nothing\n\ntests are red" in text
    assert "on your branch" not in text


def test_answers_reach_an_agent_that_was_gone_when_they_came() -> None:
    asked = Question("id", 3, "Which clock?", "executor-07-1", "prompt:7", answer="monotonic")
    text = compose(replace(BRIEF, answered=[asked, replace(asked, text="Open?", answer=None)]))
    assert "- Which clock?\n  Answer: monotonic" in text
    assert "Open?" not in text
