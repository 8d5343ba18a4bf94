"""A milestone that iterates, at one moment: what is shown of its criteria, what was found, what was decided."""

from support import build, scenes

from coordinator.lazy.dataclass import replace
from coordinator.model.checks import Checks, Handed
from coordinator.model.decisions import APPLY, REFUSE
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.intent import intent
from coordinator.model.learning import Learning, Noted
from coordinator.model.plan import Plan
from coordinator.model.prompt import Priority
from coordinator.model.round import Acceptance, Claim, Criterion, Phase, Round, Verdict, Witness
from coordinator.model.run import Run, RunReport, Worked
from coordinator.model.snapshot import AgentState, Loop, LoopState, Snapshot
from coordinator.model.step import Attempt, Exit, StepState
from coordinator.model.usage import Spent
from coordinator.model.witnesses import about_command
from coordinator.model.work import flow_work
from coordinator.services.initiative import Initiative, plan_initiative
from coordinator.views.handover import Handover, handover
from coordinator.views.milestone_page import MilestonePage
from coordinator.views.round_page import RoundPage
from coordinator.views.status_json import counts

BASE = "c0ffee12" * 5
OLD = "0ddba11e" * 5
"""Commits of the base, now and before."""


def iterating() -> Snapshot:
    """The feedback of a second iteration: some criteria are shown, some not, and there are findings."""
    bucket_now = scenes.bucket()
    prompts = [made for made in bucket_now.prompts.values() if made.number in (1, 2, 3, 9)]
    steps = [scenes.step(number, StepState.MERGED, 9000 - 900 * number, 240) for number in (1, 2, 3, 9)]
    flows = {
        flow_work(2, "security"): flow_attempt("security", StepState.MERGED, 200, 90),
        flow_work(2, "test-quality"): flow_attempt("test-quality", StepState.RUNNING, 190),
        flow_work(2, "verifier"): flow_attempt("verifier", StepState.RUNNING, 200),
    }
    agents = tuple(
        replace(
            scenes.agent(None, AgentState.WORKING, 200, tokens=8_000, cost_usd=0.05),
            id=f"{name}-2-1",
            role=role,
            flow=name,
            iteration=2,
        )
        for name, role in (("verifier", "verifier"), ("test-quality", "specialist"))
    )
    there = Round(
        2,
        Phase.FEEDBACK,
        tuple(
            Criterion(f"SC-{place}", text)
            for place, text in enumerate(
                (
                    "the benchmark passes with 10,000 clients",
                    "limits survive a restart",
                    "every response tells what is left",
                    "the limits can be changed without a restart",
                    "an operator understands the log at a glance",
                ),
                1,
            )
        ),
        BASE,
        Verdict(
            *("partly", "Limits are lost at a restart.", ("nothing reloads the limits",)),
            (
                Claim("SC-1", "met", "make bench"),
                Claim("SC-2", "met", "pytest -q tests/test_restart.py"),
                Claim("SC-3", "met", "pytest -q tests/test_headers.py"),
                Claim("SC-4", "not_met", "", "nothing reloads the limits"),
            ),
            *(12, "verifier-1-1", 1, BASE),
        ),
        {
            "SC-1": Witness("SC-1", "make bench", 0, BASE, "d" * 64, 13, scenes.iso(90)),
            "SC-2": Witness("SC-2", "pytest -q tests/test_restart.py", 1, BASE, "e" * 64, 14, scenes.iso(80)),
            "SC-3": Witness(
                "SC-3", "pytest -q tests/test_headers.py", 0, "0ddba11" * 5, "f" * 64, 11, scenes.iso(4_000)
            ),
        },
        {"SC-5": Acceptance("SC-5", "an operator understands the log at a glance", "ada", "read it with Jo", 15)},
        feedback=findings(),
        flows=flows,
    )
    loop = Loop(LoopState.RUNNING, "Verifier and specialists are at work", 3, alive=True)
    return scenes.snapshot(
        prompts,
        steps,
        agents=agents,
        round=there,
        flows=flows,
        loop=loop,
        head=len(scenes.bucket_events()),
        checks=checks(),
    )


def deciding() -> Snapshot:
    """The Planner of the second iteration has decided, and a human is asked."""
    asked = replace(
        build.question(
            None, "The Planner of iteration 2 has a plan. Apply it?", about="plan:77", options=(APPLY, REFUSE)
        ),
        asker="loop",
        subject="flow:planner/2",
        context="two criteria are open; one prompt each brings them",
    )
    return replace(scenes.bucket(), questions=(asked,))


def decided(snapshot: Snapshot) -> Plan:
    """What the Planner decided there."""
    prompts = [
        {
            "key": "reload",
            "title": "Reload limits without a restart",
            "body": "## Tasks\n\n- watch the file\n",
            "dependencies": [2],
            "priority": "high",
        },
        {"title": "Restart in a test", "body": "## Tasks\n\n- two processes\n", "dependencies": ["reload"]},
    ]
    given = {
        "decision": "CONTINUE",
        "reason": "two criteria are open; one prompt each brings them",
        "intent": "limits that outlive the process",
        "prompts": prompts,
        "edits": [{"number": 7, "set": {"priority": "low"}}],
    }
    return plan_initiative(snapshot, Initiative(given, who="planner-2-1"))


def checks() -> Checks:
    """What the hand-offs of two merged prompts name, and what came of it."""
    texts = {
        ("AC-02-1", "a bucket refills at its rate"): "pytest -q tests/test_refill.py",
        ("AC-02-2", "an empty bucket refuses"): "pytest -q tests/test_empty.py",
        ("AC-02-3", "the interface is documented"): "",
        ("AC-09-1", "buckets that nobody uses are dropped"): "pytest -q tests/test_drop.py",
    }
    handed = [Handed(Criterion(*one), (command,) if command else (), 3) for one, command in texts.items()]
    ran = (("AC-02-1", 0, BASE), ("AC-02-2", 0, OLD), ("AC-09-1", 2, BASE))
    command_of = {one.criterion.id: one.commands[0] for one in handed if one.commands}
    runs = {
        (name, about_command(command_of[name])): Witness(
            name, command_of[name], exit_, commit, "a" * 64, 10, scenes.iso(600)
        )
        for name, exit_, commit in ran
    }
    return Checks(BASE, tuple(handed), runs)


def flow_attempt(name: str, state: StepState, began: float, took: float = 0) -> Attempt:
    """An attempt at a flow of iteration 2."""
    role = "verifier" if name == "verifier" else "specialist"
    ended = Exit(0, scenes.iso(began - took)) if took else None
    return Attempt(
        flow_work(2, name),
        1,
        "run-3",
        1,
        state,
        scenes.iso(began - took),
        scenes.iso(began),
        f"{name}-2-1",
        role,
        exit=ended,
    )


def handed_over() -> str:
    """The page that was written when it was stuck last."""
    snapshot, shown = iterating(), page()
    runs = shown.rounds.runs if shown.rounds is not None else ()
    why, remedy = "2 iterations have not come to an end", "see what they came to, then `coord resume`"
    planned = shown.rounds.planned if shown.rounds is not None else ()
    given = Handover(snapshot, shown.intent, "stuck", why, remedy, scenes.iso(60), runs[::-1], {}, planned)
    return handover(given)


def worked() -> tuple[Worked, ...]:
    """What was worked on in the newest run."""
    snapshot = iterating()
    prompts = [step.attempt for step in snapshot.steps.values() if step.attempt is not None]
    return tuple(
        Worked(attempt, Spent(4_000 + 500 * place, 0.08, 240 + 10 * place))
        for place, attempt in enumerate((*prompts, *snapshot.flows.values()))
    )


def findings() -> tuple[Feedback, ...]:
    """What specialists found in the scene of an iteration."""
    return (
        Feedback(
            1,
            "A client can reset its own bucket",
            Priority.HIGH,
            "security",
            source="security-2-1",
            location="src/limit/middleware.py:31",
            issue="Its name comes from a header that it sends itself.\n`curl -H 'X-Client: new'` is never refused.",
            impact="Whoever reads the source has no limit.",
            suggestion="Take the name from the connection, and trust the header only of known proxies.",
            iteration=2,
        ),
        Feedback(
            2,
            "The restart test never restarts",
            Priority.MEDIUM,
            "tests",
            source="test-quality-1-1",
            location="tests/test_restart.py:12",
            issue="It asks the same object again.",
            iteration=1,
        ),
        Feedback(3, "The log has no units", Priority.LOW, "docs", iteration=1),
        Feedback(
            4,
            "Buckets grow without end",
            Priority.HIGH,
            "performance",
            FeedbackStatus.PLANNED,
            prompts=(9,),
            iteration=1,
        ),
        Feedback(
            5,
            "Names of metrics are long",
            Priority.LOW,
            status=FeedbackStatus.WAIVED,
            reason="we like them so",
            iteration=1,
        ),
    )


def page() -> MilestonePage:
    """The milestone of `iterating`."""
    snapshot = iterating()
    there = snapshot.round
    assert there is not None
    wanted = intent(
        "No client can take down the service by asking too often.",
        ("billing by use",),
        ("no new service to run",),
        [one.text for one in there.criteria],
    )
    verdict = {"met": "partly", "rationale": "Limits are lost at a restart.", "gaps": ["nothing reloads the limits"]}
    decision = {"decision": "CONTINUE", "reason": "two criteria are open; one prompt each brings them"}
    runs = (
        RunReport(
            Run("run-3", "Rate limiting v1", iteration=2, started=scenes.iso(9_000)), Spent(18_200, 0.36), alive=True
        ),
        RunReport(
            Run(
                "run-2", "Limits", state="ended", outcome="stuck", started=scenes.iso(90_000), ended=scenes.iso(88_000)
            ),
            Spent(4_000, 0.08),
        ),
    )
    return MilestonePage(
        milestone=snapshot.milestone,
        intent=wanted,
        version=2,
        recorded=True,
        set_by="ada",
        set_at=scenes.iso(5_000),
        counts=counts(snapshot),
        rounds=RoundPage(
            there,
            there.feedback,
            tuple((snapshot.prompts[number], snapshot.steps[number]) for number in sorted(snapshot.prompts)),
            (
                replace(
                    scenes.event(12, 4_000, "verifier-1-1", "verdict.given", "flow:verifier/1", **verdict), iteration=1
                ),
            ),
            (replace(scenes.event(13, 3_900, "planner-2-1", "planner.decided", "flow:planner/2", **decision)),),
            (Learning("Tests use the fake clock", ("src/clock.py",)),),
            (Noted("the fixture of the store is slow", "executor-09-1", scenes.iso(300), 14),),
            runs,
            handover=".coord/milestones/M1-handover.md",
        ),
        now=scenes.NOW,
    )
