"""Runs as other tools leave them in a project: small ones, of every kind and shape."""

import json
from pathlib import Path

PLOT, SWARM, PLANNED = "plot-1a2b3c4d", "gh-12", "release-1-2"
STATE = ".agents/subagents-state.json"


def write(root: Path, files: dict[str, object]) -> Path:
    """Files below a root: texts as they are, all else as JSON."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2) + "\n")
    return root


def receipt(flow: str, status: str, action: str, at: str, **more: object) -> dict[str, object]:
    return {
        "run_id": SWARM,
        "flow": flow,
        "status": status,
        "recommended_action": action,
        "route_to_flow": None,
        "route_to_agent": None,
        "missing_required": [],
        "blockers": [],
        "counts": {"tests_written": 12, "mutation_score": None},
        "completed_at": at,
        **more,
    }


def swarm(root: Path) -> Path:
    """A run that its gate sent back to the build, and an older one of the other shape that is through."""
    acs = {
        "AC-1": {"impl_status": "done", "tests_written": "done", "verify_status": "passed", "description": "a bucket"},
        "AC-2": {"impl_status": "done", "description": "a wait"},
    }
    point = {"category": "CORRECTNESS", "route_to": "code-implementer", "location": {"file": "src/a.py", "line": 4}}
    return write(
        root,
        {
            ".runs/index.json": {
                "version": 1,
                "runs": [
                    {"run_id": SWARM, "task_title": "Rate limits", "status": "VERIFIED", "last_flow": "build"},
                    {"run_id": "old", "task_title": "Older", "status": "VERIFIED", "last_flow": "gate"},
                ],
            },
            f".runs/{SWARM}/run_meta.json": {
                "run_id": SWARM,
                "task_title": "Rate limits",
                "issue_number": 12,
                "iterations": 2,
                "created_at": "2026-05-01T08:00:00Z",
                "updated_at": "2026-05-02T08:00:00Z",
                "flows_started": ["signal", "plan", "build", "gate"],
                "base_ref": "main",
            },
            f".runs/{SWARM}/signal/requirements.md": "# Requirements\n",
            f".runs/{SWARM}/plan/subtasks.yaml": (
                "subtasks:\n"
                '  - {id: ST-001, title: "Keep a bucket", status: DONE, depends_on: []}\n'
                '  - id: ST-002\n    title: "Answer 429"\n    status: TODO\n    depends_on: ["ST-001"]\n'
            ),
            f".runs/{SWARM}/build/build_receipt.json": receipt(
                "build", "VERIFIED", "PROCEED", "2026-05-02T07:00:00Z", tests={"passed": 12, "failed": 1}
            ),
            f".runs/{SWARM}/gate/gate_receipt.json": receipt(
                "gate", "UNVERIFIED", "BOUNCE", "2026-05-02T08:00:00Z", route_to_flow=3, blockers=["a test fails"]
            ),
            f".runs/{SWARM}/build/ac_status.json": {"acs": acs},
            f".runs/{SWARM}/review/review_worklist.json": {
                "summary": {"total": 2, "pending": 0, "resolved": 1, "skipped": 0},
                "items": [
                    {"id": "RW-001", "severity": "MAJOR", "summary": "Round up", "status": "PENDING", **point},
                    {"id": "RW-002", "severity": "MINOR", "summary": "Name the unit", "status": "RESOLVED"},
                ],
            },
            ".runs/old/build/ac_status.json": {
                "schema_version": "ac_status_v1",
                "run_id": "old",
                "summary": {"total": 1, "passed": 1, "failed": 0, "deferred": 0, "not_applicable": 0},
                "acceptance_criteria": {"AC-001-001": {"status": "PASSED", "description": "it is", "evidence": "L1"}},
            },
            ".runs/old/gate/gate_receipt.json": receipt("gate", "VERIFIED", "PROCEED", "2026-04-01T08:00:00Z"),
        },
    )


def subagents(root: Path) -> Path:
    plan = (
        "---\ntasks:\n"
        "  - id: task-1\n    description: Keep users\n    targetFiles: [src/user.ts]\n    instructions: all of them\n"
        "  - id: task-2\n    description: Log in\n    targetFiles: [src/login.ts]\n    dependencies: [task-1]\n"
        "---\n## Details\n"
    )
    state = {
        "task": "Users can log in",
        "status": "stopped",
        "startedAt": "2026-05-03T08:00:00Z",
        "stoppedAt": "2026-05-03T09:00:00Z",
        "currentStage": "IMPLEMENT",
        "currentPhase": "2.1",
        "planFilePath": "docs/plans/login-plan.md",
        "stages": {
            "PLAN": {"status": "completed", "summary": "two tasks"},
            "IMPLEMENT": {
                "status": "in_progress",
                "phases": {"2.1": {"status": "in_progress", "tasks": [{"id": "task-1", "status": "completed"}]}},
            },
        },
    }
    return write(root, {STATE: state, "docs/plans/login-plan.md": plan})


def plot(root: Path) -> Path:
    intent = {
        "goal": "Phones are first-class",
        "non_goals": ["another look"],
        "constraints": ["no new dependency"],
        "success_criteria": ["all pages fit 360 px"],
    }
    events = [
        {"type": "plot_created", "actor": "user:ada", "at": "2026-05-04T08:00:00Z", "data": {"name": "Phones"}},
        {
            "type": "intent_edited",
            "actor": "user:ada",
            "at": "2026-05-04T08:01:00Z",
            "data": {"field": "goal", "value": intent["goal"]},
        },
        {
            "type": "attachment_added",
            "actor": "agent:planner:r1",
            "at": "2026-05-04T08:02:00Z",
            "data": {"id": "att-1", "type": "seeds_issue", "ref": "x-1", "role": "step"},
        },
        {
            "type": "status_changed",
            "actor": "user:ada",
            "at": "2026-05-04T08:03:00Z",
            "data": {"from": "drafting", "to": "ready"},
        },
    ]
    return write(
        root,
        {
            f".plot/{PLOT}.json": {
                "attachments": [],
                "created_at": "2026-05-04T08:00:00Z",
                "id": PLOT,
                "intent": intent,
                "name": "Phones",
                "schema_version": 1,
                "status": "ready",
                "updated_at": "2026-05-04T08:03:00Z",
            },
            f".plot/{PLOT}.events.jsonl": "".join(f"{json.dumps(one, separators=(',', ':'))}\n" for one in events),
        },
    )


def planning(root: Path) -> Path:
    status = (
        f"name: {PLANNED}\nbranch: release/1.2\nspec: specs/limits.spec.md\nstage: executing\n"
        "loop:\n  parallel: true\n  iteration: 7\ncompound_run: false\n"
        "created: 2026-05-05T08:00:00Z\nupdated: 2026-05-06T08:00:00Z\n"
        "pr:\n  url: https://forge.example/7\n  number: 7\n"
    )
    words = {"01": "done", "02": "pending", "03": "deleted", "04": "blocked"}
    prompts = {
        f".planning/{PLANNED}/prompts/{n}-x.md": (
            f"---\nnumber: {int(n)}\ntitle: Prompt {n}\nstatus: {word}\ndependencies: []\n---\n## Tasks\n\nDo it.\n"
        )
        for n, word in words.items()
    }
    aligned = "---\nname: x\nvalidation_gaps_accepted: [none]\ncore_consolidation: pending\n---\n# Overview\n"
    files = {f".planning/{PLANNED}/status.yaml": status, f".planning/{PLANNED}/alignment.md": aligned, **prompts}
    return write(root, dict(files))


def everything(root: Path) -> Path:
    for make in (swarm, subagents, plot, planning):
        make(root)
    return root
