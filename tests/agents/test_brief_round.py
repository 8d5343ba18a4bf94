"""What Planner, Verifier and specialists are told of an iteration: everything that they judge by, within its bounds."""

import pytest

from coordinator.agents.brief import Brief, Child, compose, parts_told
from coordinator.agents.brief_roles import parts_for
from coordinator.lazy.dataclass import replace
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.learning import Given, Noted
from coordinator.model.prompt import Priority, Prompt
from coordinator.model.round import (
    Acceptance,
    Claim,
    Criterion,
    Decided,
    Decision,
    Phase,
    Round,
    Unexplained,
    Verdict,
    Witness,
)
from coordinator.model.step import Attempt, Receipt, StepState
from coordinator.model.work import flow_work

AT = "2027-01-15T08:00:00Z"
BASE = "c0ffee" * 6
OLD = "dead" * 10
VERDICT = Verdict(
    *("partly", "Half of it works.\n# Obey", ("no test of the limit",)),
    (
        Claim("SC-1", "met", "make check"),
        Claim("SC-2", "met", "pytest -q tests/limits"),
        Claim("SC-3", "not_met", "./run --limit", "prints nothing"),
        Claim("SC-4", "met", "./old"),
    ),
    *(40, "verifier-1-1", 1, OLD),
)
ROUND = Round(
    2,
    Phase.PLANNING,
    tuple(Criterion(f"SC-{n}", f"criterion {n}") for n in range(1, 7)),
    BASE,
    VERDICT,
    {
        "SC-1": Witness("SC-1", "make check", 0, BASE, "d", 41, AT),
        "SC-2": Witness(
            "SC-2", "pytest -q tests/limits", 1, BASE, "d", 42, AT, output="FAIL limits\nE  assert 3 == 4\n"
        ),
        "SC-4": Witness("SC-4", "./old", 0, OLD, "d", 43, AT),
    },
    {"SC-6": Acceptance("SC-6", "criterion 6", "ada", "looks right", 44)},
    feedback=(
        Feedback(1, "Slow start", Priority.LOW),
        Feedback(2, "A token is logged", Priority.HIGH, location="src/log.py:8", issue="it is printed\n## now"),
        Feedback(3, "Old one", status=FeedbackStatus.WAIVED),
    ),
    allowed=frozenset({"make check"}),
    failures=("no network", "suite red", "no network"),
)
PROMPTS = (
    Child(Prompt(1, "Core", "p"), "merged", receipt=Receipt("done", "It counts.", "executor-01-1", AT), ended=True),
    Child(Prompt(2, "Limits", "p", dependencies=(1,)), "failed", "suite red"),
)


def brief(flow: str, there: Round = ROUND, **more: object) -> Brief:
    work = flow_work(2, flow)
    attempt = Attempt(work, 1, "run-1", 1, StepState.DISPATCHED, AT, AT, f"{flow}-2-1")
    role = flow if flow in ("planner", "verifier") else "specialist"
    return replace(Brief(work, attempt, role, "You are one.", round=there, children=PROMPTS), **more)


def text_of(about: Brief) -> str:
    return compose(about, parts_for(about))


def test_a_criterion_stands_beside_what_was_claimed_and_what_the_harness_saw() -> None:
    text = text_of(brief("planner"))
    for line in (
        "- **SC-1** criterion 1\n  Witnessed on the present base: `make check`",
        f"  Claimed; the harness ran it on `{BASE[:12]}`, and it failed with exit status 1: `pytest -q tests/limits`\n"
        "  > FAIL limits\n  > E  assert 3 == 4",
        "- **SC-3** criterion 3\n  Not met, the Verifier says: `./run --limit`\n  > prints nothing",
        f"  Claimed; the harness ran it on `{OLD[:12]}`, and it held: `./old`",
        "- **SC-5** criterion 5\n  Nothing has shown it yet.",
        "- **SC-6** criterion 6\n  Accepted by ada: looks right",
        "The newest verdict: **partly**, by verifier-1-1, in iteration 1",
        "> Half of it works.\n> # Obey\n> - no test of the limit",
    ):
        assert line in text


def test_open_findings_come_the_most_urgent_first_and_quoted() -> None:
    text = text_of(brief("planner"))
    assert text.index("### 2 high: A token is logged") < text.index("### 1 low: Slow start")
    assert "> src/log.py:8\n> Issue: it is printed\n> ## now" in text
    assert "Old one" not in text
    assert "1 finding besides dealt with" in text


def test_what_failed_twice_alike_is_told_once_with_what_follows() -> None:
    wanted = replace(ROUND, unexplained=(Unexplained("no network", (2,)),))
    text = text_of(brief("planner", wanted))
    assert "> - 2 times: no network\n> - suite red" in text
    assert "plan one prompt of `type: emergent`" in text[text.index("2 times") :]
    assert "not tried a third time" not in text_of(brief("planner"))


def test_a_plan_that_was_not_taken_is_told_with_all_its_reasons() -> None:
    text = text_of(brief("planner", replace(ROUND, turned_away=("a cycle", "no prompt 7\n# Obey"))))
    assert "A plan was not taken. Plan otherwise:\n\n> - a cycle\n> - no prompt 7 # Obey" in text


def test_the_planner_sees_every_prompt_and_what_was_handed_off() -> None:
    text = text_of(brief("planner"))
    assert (
        "> - 01 [merged] Core (planned, medium)\n> - 02 [failed: suite red] Limits (planned, medium, after 01)" in text
    )
    assert "### 01 Core: done, by executor-01-1\n\n> It counts." in text


def test_a_plan_that_was_refused_is_told_with_all_its_reasons() -> None:
    decided = Decided(Decision.DONE, "it is", 50, "planner-2-1", 2, refused=("SC-2: it failed", "feedback 2 is open"))
    text = text_of(brief("planner", replace(ROUND, decided=decided)))
    assert "The plan of planner-2-1 (DONE) was not carried out. Plan otherwise:" in text
    assert "> - SC-2: it failed\n> - feedback 2 is open" in text


def test_learnings_are_told_whole_with_what_was_noted_since() -> None:
    noted = (Noted("the fixture is slow", "executor-01-1", AT, 9, ("tests",)),)
    text = text_of(brief("planner", learnings=Given(source=b"- Use the clock.\n# Obey\n"), noted=noted))
    assert "> - Use the clock.\n> # Obey" in text
    assert "> - the fixture is slow [tests] (executor-01-1)" in text


@pytest.mark.parametrize(
    ("flow", "verb", "others"),
    [
        ("planner", "coord agent plan --json -", ("coord agent verdict", "coord agent feedback")),
        ("verifier", "coord agent verdict --json -", ("coord agent plan", "coord agent feedback")),
        ("security", "coord agent feedback --json -", ("coord agent plan", "coord agent verdict")),
    ],
)
def test_each_is_told_how_it_hands_in_and_that_it_changes_nothing(
    flow: str, verb: str, others: tuple[str, ...]
) -> None:
    text = text_of(brief(flow))
    assert text.startswith("You are one.\n\n# The milestone")
    assert verb in text
    assert "coord agent done --no-change" in text
    assert "is thrown away after you" in text
    assert "is on that branch" not in text
    for other in others:
        assert other not in text


def test_a_verifier_knows_what_runs_unasked_and_a_specialist_what_is_filed() -> None:
    assert "## Commands that run unasked, word by word\n\n    make check\n" in text_of(brief("verifier"))
    told = text_of(brief("security"))
    assert "> - 3 medium: Old one [waived]" in told
    assert "> - 2 high: A token is logged (src/log.py:8)" in told
    assert "SC-1" not in told


def test_the_spec_is_told_with_what_stands_under_no_heading_of_ours() -> None:
    text = text_of(brief("planner", milestone="Limits", spec="## Background\n\nOnce upon a time.\n"))
    assert "# The milestone: Limits\n\n## Background\n\nOnce upon a time.\n" in text


def test_the_first_planner_is_told_that_nothing_is_planned() -> None:
    text = text_of(brief("planner", Round(1, Phase.PLANNING, base=BASE), children=()))
    assert "This is iteration 1 of at most 10" in text
    assert "Nothing has been planned yet." in text
    assert "The milestone names none" in text


@pytest.mark.parametrize("flow", ["planner", "verifier", "security"])
def test_every_part_keeps_its_bound_whatever_there_is(flow: str) -> None:
    long = "x" * 5_000 + "\n# y\n" * 200
    many = replace(
        ROUND,
        criteria=tuple(Criterion(f"SC-{n}", long) for n in range(1, 300)),
        feedback=tuple(Feedback(n, long, Priority.HIGH, long, issue=long, impact=long) for n in range(1, 1_001)),
        failures=(long,) * 500,
        allowed=frozenset(f"{n}{long}" for n in range(100)),
    )
    children = tuple(replace(PROMPTS[0], prompt=Prompt(n, long, "p"), reason=long) for n in range(1, 2_001))
    noted = tuple(Noted(long, "x", AT, n) for n in range(500))
    about = brief(flow, many, children=children, noted=noted, spec=long * 9, learnings=Given(source=long.encode() * 9))
    told, parts = parts_told(about, parts_for(about)), {part.name: part for part in parts_for(about)}
    for part in told:
        assert len(part.text) <= parts[part.name].bound
        assert "\n# y" not in part.text or part.name == "intent"
    assert sum(len(part.text) for part in told) < 220_000
    if flow == "planner":
        (findings,) = [part.text for part in told if part.name == "feedback"]
        shown = findings.count("### ") + findings.count("> - ")
        assert shown >= 60
        assert f"And {1_000 - shown} more that are open: `coord feedback`." in findings
