"""The hand-over page tells who was not there what was reached, by which witnesses, what is left, what it cost."""

from typing import Any

from support.build import AT, attempt, event, prompt, question, snapshot

from coordinator.lazy.dataclass import replace
from coordinator.model.backlog import backlog
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.intent import Intent
from coordinator.model.prompt import Priority
from coordinator.model.round import Acceptance, Claim, Criterion, Phase, Round, Verdict, Witness
from coordinator.model.run import Run, RunReport
from coordinator.model.snapshot import Milestone
from coordinator.model.step import StepState
from coordinator.model.usage import Spent
from coordinator.views.handover import Handover, handover

BASE = "a" * 40
HOSTILE = "<img src=x onerror=y> [go](javascript:1) `x` \x1b[31m\n# Head\\<b>"


def page(there: Round | None, *, status: str = "done", feedback: tuple[Feedback, ...] = (), **values: Any) -> str:
    work = attempt(1, StepState.MERGED, commits=("c" * 40,))
    other = attempt(2, StepState.MERGED, run="run-0")
    made = snapshot([prompt(1), prompt(2), prompt(3)], [work, other], questions=values.pop("questions", ()))
    made = replace(made, milestone=Milestone("Primes", status, "M1", True), round=there)
    run = RunReport(Run("run-1", "Primes", iteration=3, started=AT, milestone_id="M1"), Spent(18_200, 1.25, 600.0))
    given: dict[str, Any] = {
        "reason": "all is met",
        "remedy": "",
        "intent": Intent("Print primes.", criteria=("2 is printed", "it is nice")),
    }
    given |= values
    return handover(
        Handover(
            made,
            given["intent"],
            status,
            given["reason"],
            given["remedy"],
            AT,
            (run,),
            backlog(made, feedback),
            given.get("decisions", ()),
        )
    )


def round_of(**values: Any) -> Round:
    criteria = (Criterion("SC-1", "2 is printed"), Criterion("SC-2", "it is nice"))
    witness = Witness("SC-1", "./primes | grep 2", 0, BASE, "d" * 64, 9, AT)
    claims = (Claim("SC-1", "met", "./primes | grep 2"),)
    verdict = Verdict("yes", "", (), claims, 8, "verifier-1-1", 1, BASE)
    accepted = {"SC-2": Acceptance("SC-2", "it is nice", "ann", "looked at it", 10)}
    made = Round(3, Phase.DECIDED, criteria, BASE, verdict, {"SC-1": witness}, accepted)
    return replace(made, **values)


def section(text: str, title: str) -> str:
    return text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0].strip()


def test_each_criterion_is_told_with_what_shows_it() -> None:
    text = page(round_of())
    assert text.startswith("# M1 Primes: done\n\n2027-01-15 08:00 UTC. All is met.\n\n> Print primes.\n")
    assert section(text, "What was reached").splitlines() == [
        "2 of 2 criteria shown to be met, on commit `aaaaaaaaaa`.",
        "",
        "- **SC-1** 2 is printed (met)",
        "  `./primes | grep 2` held on `aaaaaaaaaa`, 2027-01-15 08:00",
        "- **SC-2** it is nice (met)",
        "  Accepted by ann: looked at it",
    ]
    assert section(text, "What to decide next") == "- Rests on a word alone: SC-2"


def test_what_did_not_hold_or_is_stale_is_not_told_as_met() -> None:
    failed = round_of(witnesses={"SC-1": Witness("SC-1", "./primes | grep 2", 1, BASE, "", 9, AT)}, accepted={})
    stale = round_of(witnesses={"SC-1": Witness("SC-1", "./primes | grep 2", 0, "b" * 40, "", 9, AT)})
    assert "SC-1** 2 is printed (not shown)\n  `./primes | grep 2` failed with exit status 1" in page(failed)
    assert "0 of 2 criteria shown" in page(failed)
    assert "(not shown)\n  `./primes | grep 2` held on `bbbbbbbbbb`, which is not the base any more" in page(stale)


def test_a_milestone_that_does_not_iterate_says_that_nothing_was_run() -> None:
    assert section(page(None), "What was reached").splitlines()[:2] == [
        "- **SC-1** 2 is printed (not shown)",
        "  Nothing is run for it: this milestone does not iterate.",
    ]
    assert section(page(None, intent=Intent()), "What was reached") == "No success criterion was set."


def test_it_tells_what_was_merged_in_its_own_runs_and_what_that_cost() -> None:
    text = page(round_of())
    assert section(text, "What was done") == "- 01 Prompt 1 (`cccccccccc`)"
    assert section(text, "What it cost").splitlines() == [
        "1 run, 10m00 of agents' work, 18,200 tokens, $1.25.",
        "",
        "| run | began | took | iterations | tokens | US dollars |",
        "|---|---|---|---|---|---|",
        "| run-1 | 2027-01-15 08:00 | 0s | 3 | 18,200 | 1.25 |",
    ]


def test_what_is_left_and_what_to_decide_is_told_of_a_stuck_one() -> None:
    items = (
        Feedback(1, "Crash", Priority.HIGH, milestone="M1"),
        Feedback(2, "Slow", Priority.LOW, status=FeedbackStatus.WAIVED, reason="fast enough", milestone="M1"),
        Feedback(3, "README lacks it", category="docs", status=FeedbackStatus.BACKLOG, milestone="M1"),
    )
    asked = (question(1), question(2, assumed=True, answer="sqlite"))
    text = page(round_of(feedback=items), status="stuck", feedback=items, remedy="say which port", questions=asked)
    assert section(text, "What is left").splitlines()[:3] == [
        "- Prompt 03 Prompt 3: pending",
        "- Finding 001 (high) Crash",
        "- Documentation, in the backlog: f3 README lacks it",
    ]
    assert section(text, "What to decide next").splitlines()[:4] == [
        "- Say which port.",
        "- Question 41: Which? `coord answer 41 TEXT`",
        "- Assumed: Which? Taken: sqlite",
        "- Waived: finding 002 Slow, since fast enough",
    ]


def test_decisions_of_planners_are_told_with_their_reasons() -> None:
    told = event("planner.decided", "flow:planner/1", "planner-1-1", decision="CONTINUE", reason="two gaps are left")
    assert (
        section(page(round_of(), decisions=(told,)), "How it was decided")
        == "- Iteration 1: CONTINUE, since two gaps are left"
    )


def test_words_of_agents_and_files_are_one_line_of_plain_text() -> None:
    there = round_of(criteria=(Criterion("SC-1", HOSTILE),), accepted={})
    text = page(there, reason=HOSTILE, remedy=HOSTILE, intent=Intent(HOSTILE))
    assert "\x1b" not in text
    assert "\n# Head" not in text
    assert "<img" not in text.replace("\\<img", "")
    assert "[go]" not in text.replace("\\[go\\]", "")
    assert "\\\\\\<b>" in text


def test_a_command_with_backticks_stays_code() -> None:
    there = round_of(witnesses={"SC-1": Witness("SC-1", "echo `date`", 0, BASE, "", 9, AT)})
    assert "`` echo `date` ``" in page(there)


def test_long_lists_are_counted_not_told() -> None:
    items = tuple(Feedback(n, f"Finding about thing {n}", milestone="M1") for n in range(1, 1001))
    text = page(round_of(feedback=items), status="stuck")
    assert "- and 951 more" in text
    assert len(text) < 20_000
