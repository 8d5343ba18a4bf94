"""Snapshots to look at: one moment of a project, and what strains a layout."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from support import build

from coordinator.formats.alignment import add_summary
from coordinator.lazy.dataclass import replace
from coordinator.model.event import Event
from coordinator.model.pane_screen import Screen
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt, PromptStatus, PromptType
from coordinator.model.snapshot import Agent, AgentState, Loop, LoopState, Milestone, Question, Snapshot
from coordinator.model.step import SETUP_LOG, Exit, Receipt, Step, StepState
from coordinator.model.trust import Ask, Content
from coordinator.model.usage import Spent
from coordinator.terminals.screen import parse

NOW = datetime(2026, 3, 1, 14, 2, 14, tzinfo=UTC).timestamp()
"""The moment of all scenes, Unix seconds."""


def iso(seconds_ago: float) -> str:
    return datetime.fromtimestamp(NOW - seconds_ago, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def prompt(
    number: int, title: str, *needs: int, kind: str = "planned", status: str = "pending", **more: object
) -> Prompt:
    path = f".coord/prompts/{number:02d}-{kind}.prompt.md"
    own = {"title": title, "path": path, "type": PromptType(kind), "status": PromptStatus(status)}
    made = build.prompt(number, *needs, **own, **more)
    return made if made.source else build.written(made)


def step(number: int, state: StepState, began: float = 0, took: float = 0, **more: object) -> Step:
    """A step whose attempt began `began` seconds ago and, if it has ended, took `took` seconds."""
    if state in (StepState.PENDING, StepState.SKIPPED):
        return Step(number, state)
    attempt = build.attempt(number, state, run="run-3", started=iso(began), since=iso(began - took), window="")
    attempt = replace(attempt, exit=Exit(0, iso(began - took)) if took else None, **more)  # type: ignore[arg-type]
    return Step(number, state, attempt, attempt.reason)


def agent(number: int | None, state: AgentState, began: float, **more: object) -> Agent:
    own = {"observed_at": NOW - 2, "since": iso(began), "window": f"@{number or 99}", "pane": f"%{number or 99}"}
    if number is None:
        own |= {"id": "verifier-1", "role": "verifier", "prompt": None}
    return build.agent(number or 99, state, **{**own, **more})


def snapshot(prompts: Sequence[Prompt], steps: Sequence[Step] = (), **more: object) -> Snapshot:
    known = {p.number: Step(p.number, StepState.PENDING) for p in prompts} | {s.number: s for s in steps}
    own = {
        "project": "tokenbucket",
        "milestone": Milestone("Rate limiting v1"),
        "loop": Loop(LoopState.RUNNING, "04 running", 3, alive=True),
        "run": "run-3",
        "iteration": 2,
        "highest_number": max(known, default=0),
    }
    return replace(build.snapshot(prompts, steps=known), **{**own, **more})  # type: ignore[arg-type]


def bucket() -> Snapshot:
    """The moment that the pictures of the look show: a bit of everything."""
    prompts = [
        prompt(1, "Parse limits from TOML", status="done"),
        prompt(2, "Token bucket core", 1, status="done"),
        prompt(3, "Command line", 2, status="done"),
        prompt(4, "Persist buckets to SQLite", 2),
        prompt(5, "HTTP middleware headers", 3),
        prompt(6, "Redis backend", 3),
        prompt(9, "Survive a clock that steps back", 2, kind="user-patch", patches_prompts=(2,)),
        prompt(7, "Benchmarks against the naive limiter", 9, 5),
        prompt(8, "Sliding window variant", 6, kind="emergent"),
        prompt(10, "Publish metrics", status="failed"),
        prompt(11, "Rewrite in Rust", kind="emergent", status="cancelled"),
    ]
    steps = [
        step(1, StepState.MERGED, 9000, 242),
        step(2, StepState.MERGED, 8000, 461),
        step(3, StepState.MERGED, 7000, 190),
        step(4, StepState.RUNNING, 133),
        step(5, StepState.CHANGE_OPEN, 300, 62, added=184, removed=12),
        step(6, StepState.RUNNING, 340, runtime="codex"),
        step(10, StepState.FAILED, 600, 90, reason="exit 1, no receipt", attempt=2),
        Step(11, StepState.SKIPPED),
    ]
    agents = (
        agent(4, AgentState.WORKING, 133, tokens=18_200, cost_usd=0.12),
        agent(6, AgentState.PERMISSION, 40, runtime="codex", tokens=9_100),
        agent(5, AgentState.FINISHED, 300, tokens=31_400, cost_usd=0.21, observed_at=NOW - 238),
        agent(None, AgentState.IDLE, 727, tokens=4_000, cost_usd=0.03),
    )
    question = Question(
        build.event_id(9),
        9,
        "Which Redis versions must be supported?",
        "executor-06-1",
        "prompt:6",
        ("7 only", "6.2 and 7", "everything since 5"),
        iso(13),
    )
    return snapshot(
        prompts,
        steps,
        agents=agents,
        questions=(question,),
        spent={3: Spent(4_000, 0.03), 4: Spent(18_200, 0.12), 5: Spent(31_400, 0.21), 6: Spent(9_100)},
        head=len(bucket_events()),
        loop=Loop(LoopState.RUNNING, "04, 06 running", 3, alive=True),
    )


def event(seq: int, ago: float, who: str, kind: str, subject: str, **data: object) -> Event:
    return replace(build.event(kind, subject, who, seq, iso(ago), **data), run="run-3", iteration=2)


def bucket_events() -> list[Event]:
    return [
        event(1, 900, "loop", "step.merged", "prompt:3", attempt=1, merged_as="9f8e7d6c5b4a"),
        event(2, 600, "loop", "step.dispatched", "prompt:10", attempt=2),
        event(3, 340, "loop", "agent.started", "agent:executor-06-1", prompt=6, attempt=1, runtime="codex"),
        event(
            4, 300, "executor-05-1", "decision.recorded", "prompt:5", text="headers follow RFC 9239, draft names too"
        ),
        event(5, 224, "loop", "step.failed", "prompt:10", attempt=2, reason="exit 1, no receipt"),
        event(6, 133, "loop", "step.dispatched", "prompt:4", attempt=1),
        event(7, 72, "loop", "step.change_open", "prompt:5", attempt=1, commits=["a1", "b2", "c3"]),
        event(8, 34, "ada", "plan.applied", "prompt:9", service="interjection", summary="09 after 02, before 07"),
        event(9, 13, "executor-06-1", "question.asked", "prompt:6", text="Which Redis versions must be supported?"),
        event(
            10,
            3,
            "executor-04-1",
            "decision.recorded",
            "prompt:4",
            text="use WAL and one writer; reload reads the newest checkpoint only",
        ),
    ]


CAPTURES = Path(__file__).parent.parent / "tui" / "captures"


def screens() -> dict[str, Screen]:
    """What agents' panes show, by pane: real captures of 120x40."""
    shown = {"%4": "claude-2.1.329-working", "%5": "claude-2.1.329-working", "%6": "codex-0.169.0-permission"}
    return {pane: parse((CAPTURES / f"{name}.ansi.txt").read_text(), 120, 40, (2, 36)) for pane, name in shown.items()}


def many(count: int) -> Snapshot:
    """A long plan: layers of ten, each row waiting for two of the layer before."""
    prompts = []
    for number in range(1, count + 1):
        layer = (number - 1) // 10
        first = (layer - 1) * 10 + 1
        needs = () if layer == 0 else (first + number % 10, first + (number * 3) % 10)
        status = "done" if number <= count // 2 else "pending"
        prompts.append(
            prompt(number, f"Step {number} of the long plan, with a title to read", *sorted(set(needs)), status=status)
        )
    steps = [step(n, StepState.MERGED, 9000, 60 + n) for n in range(1, count // 2 + 1)]
    steps += [step(n, StepState.RUNNING, 100 + n) for n in range(count // 2 + 1, count // 2 + 4)]
    return snapshot(prompts, steps, loop=Loop(LoopState.RUNNING, "3 running", 3, alive=True))


def long_plan() -> Snapshot:
    return many(1000)


def crowd() -> Snapshot:
    """Twelve agents in every state there is."""
    states = list(AgentState)
    prompts = [prompt(n, f"Work package {n}") for n in range(1, 13)]
    steps = [step(n, StepState.RUNNING, 60 * n) for n in range(1, 13)]
    agents = tuple(
        agent(
            n,
            states[n % len(states)],
            60 * n,
            runtime=("claude", "codex", "gemini", "opencode")[n % 4],
            tokens=n * 9_700,
            cost_usd=n * 0.17 if n % 4 == 0 else None,
            doing="editing tests/test_store.py",
            observed_at=NOW - 30 * n,
            evidence="none" if n == 10 else "hook",
        )
        for n in range(1, 13)
    )
    return snapshot(prompts, steps, agents=agents, loop=Loop(LoopState.RUNNING, "12 running", 16, alive=True))


def asking_alike() -> Snapshot:
    """Twelve agents, of which nine ask leave for the same."""
    there, wish = crowd(), "Bash(npm run build && npm test -- --coverage)"
    asking = (replace(a, state=AgentState.PERMISSION, doing=wish, evidence="hook") for a in there.agents[:9])
    return replace(there, agents=(*asking, *there.agents[9:]))


def wide_titles() -> Snapshot:
    """Japanese, German, very long, and hostile ones."""
    prompts = [
        prompt(1, "設定ファイルの読み込みとエラーメッセージの改善、そして全角の長い題名の表示", status="done"),
        prompt(2, "再起動後のトークンバケットの永続化", 1),
        prompt(3, "Geschwindigkeitsbegrenzungseinstellungsverwaltungsoberfläche " * 3, 1),
        prompt(4, "[@click=app.quit]quit[/] [red]not red[/red]", 2),
        prompt(5, "\x1b[31mred\x1b[0m \x1b]0;title\x07 \u202eright to left\u202c", 2),
        prompt(6, "café 👩\u200d💻 family 👨\u200d👩\u200d👧 flags 🇩🇪", 3),
    ]
    return snapshot(
        prompts,
        [step(1, StepState.MERGED, 500, 60), step(2, StepState.RUNNING, 50)],
        agents=(agent(2, AgentState.WORKING, 50),),
    )


def empty() -> Snapshot:
    return snapshot(
        (), loop=Loop(LoopState.IDLE, "there are no prompts yet", 3), run=None, iteration=0, milestone=Milestone("")
    )


def stopped() -> Snapshot:
    prompts = [prompt(1, "First things first"), prompt(2, "Then the rest", 1)]
    return snapshot(prompts, loop=Loop(LoopState.STOPPED, "no loop is running", 3), run=None, iteration=0)


def laboratory() -> Snapshot:
    """Emergent prompts in every state, with much to read about each."""
    long = "The bucket's clock is read under the lock; with sixteen threads that is where the time goes. " * 3
    prompts = [
        prompt(1, "Token bucket core", status="done"),
        prompt(
            2, "Sliding window variant", 1, kind="emergent", hypothesis=long, status="done", commits=("abc1234def",)
        ),
        prompt(3, "Rewrite the hot loop in Rust", 1, kind="emergent", hypothesis="Ten times faster."),
        prompt(4, "バケットの永続化を別のスレッドに移す", 2, kind="emergent", hypothesis="書き込みを待たなくて済む。"),
        prompt(5, "[b]Bold[/b] \x1b[31mclaims", 1, kind="emergent", hypothesis="\u202eevil"),
        prompt(6, "Benchmarks", 2, 3),
        prompt(7, "Another cache", 1, kind="emergent", status="cancelled"),
    ]
    receipt = Receipt("done", "Two windows; 40 % less memory than the log of hits.", "executor-02-1", iso(900))
    steps = [
        step(1, StepState.MERGED, 9000, 242),
        step(2, StepState.MERGED, 3000, 461, commits=("abc1234def",), receipt=receipt),
        step(4, StepState.RUNNING, 133),
        Step(7, StepState.SKIPPED),
    ]
    noted = "memory was the bottleneck, not time"
    alignment = add_summary(b"", number=2, agent="executor-02-1", text=noted, at=iso(900))
    wanted = b"---\ntitle: M\n---\n## Success Criteria\n\n- Memory of a window stays below 1 MB\n"
    wanted += b"\n## Non-goals\n\n- Another cache\n"
    documents = {".coord/alignment.md": alignment, ".coord/milestone.md": wanted}
    return snapshot(prompts, steps, agents=(agent(4, AgentState.WORKING, 133),), documents=documents)


def untrusted() -> Snapshot:
    """A project that was cloned, and whose suites nobody on this machine has seen."""
    asked = Ask(True, tuple(Content(f".coord/suites/{name}.md", name) for name in ("lint", "types", "unit")))
    return replace(bucket(), untrusted=asked)


def asking() -> Snapshot:
    """One agent asks leave for something, and nothing else waits."""
    busy = bucket()
    first, *others = (agent for agent in busy.agents if not agent.state.ended)
    wants = replace(first, state=AgentState.PERMISSION, doing="rm -rf build && make release")
    return replace(busy, agents=(wants, *(replace(agent, state=AgentState.WORKING) for agent in others)), questions=())


def troubled() -> Snapshot:
    problems = (
        Problem(
            ".coord/prompts/03-bad.prompt.md",
            4,
            "bad-yaml",
            "the value of `title` has an unclosed quote",
            "Close the quote.",
            (3,),
        ),
        Problem(
            ".coord/prompts/05-x.prompt.md",
            0,
            "dangling",
            "prompt 05 depends on 03, which no readable prompt has",
            "Repair 03.",
            (5, 3),
        ),
    )
    prompts = [prompt(1, "Fine", status="done"), prompt(4, "Broke", 1, status="failed"), prompt(5, "Waits", 3)]
    loop = Loop(LoopState.HALTED, "04 failed; restart, edit, patch or cancel to go on", 3, alive=True, halted_by=(4,))
    return snapshot(
        prompts,
        [step(1, StepState.MERGED, 500, 60), step(4, StepState.FAILED, 100, 30, reason="tests are red")],
        loop=loop,
        problems=problems,
    )


def beginning() -> Snapshot:
    """Two worktrees are being set up, and an agent has taken an answer for now."""
    prompts = [
        prompt(1, "Parse limits from TOML", status="done"),
        prompt(2, "Token bucket core", 1),
        prompt(3, "Command line", 1),
        prompt(4, "Persist buckets to SQLite", 2),
    ]
    installing = "added 412 packages in 38 s"
    agents = (
        agent(2, AgentState.STARTING, 74, evidence=SETUP_LOG, doing=installing, window="", pane=""),
        agent(3, AgentState.STARTING, 9, evidence=SETUP_LOG, runtime="codex", window="", pane=""),
    )
    assumed = Question(
        build.event_id(9),
        9,
        "Are limits per address or per key?",
        "executor-01-1",
        "prompt:1",
        asked=iso(300),
        answer="per key",
        default="per key",
        assumed=True,
        risk="an hour of work on the parser",
    )
    steps = [step(1, StepState.MERGED, 900, 242), step(2, StepState.DISPATCHED, 74), step(3, StepState.DISPATCHED, 9)]
    return snapshot(prompts, steps, agents=agents, questions=(assumed,))
